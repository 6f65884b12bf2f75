"""What a bundle holds is admitted one by one, by one rule at every call; what is refused harms nobody."""

import random

import pytest

from consortia.base.keys import verify
from consortia.drivers.cometbft import readings
from consortia.drivers.cometbft.bundle import Tick, framed, pack
from consortia.drivers.cometbft.driver import CometBft
from consortia.drivers.cometbft.pool import ACCEPTED, REFUSED, REPEATED
from consortia.drivers.cometbft.readings import Signatures
from consortia.kernel.genesis import Limits
from consortia.kernel.transaction import parse_transaction
from consortia.testing.plain import QUOTA, Member, Settle
from tests.drivers.cometbft.engine import (
    AMBER,
    BIRCH,
    CEDAR,
    MEMBERS,
    START,
    Engine,
    altered,
    block,
    blocks,
    committed,
    founded,
    pending,
    write,
)


def test_a_bad_transaction_in_a_bundle_harms_no_other():
    engine = Engine.of(2)
    good, bad, far = write(0), altered(write(0, BIRCH)), write(7, CEDAR)
    verdict = engine.submit(bad, good, far)
    assert verdict.code == ACCEPTED
    assert verdict.codes == ("kernel.bad_signature", "ok", "kernel.out_of_order")
    assert engine.propose().entries == (pack([good]),)
    engine.step()
    assert [block.transactions for block in blocks(engine)] == [(good,)]
    assert engine.pools == [[], []]


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("no bundle", b"hello"),
        ("a bare transaction", write(0)),
        ("a forged transaction alone", pack([altered(write(0))])),
        ("a transaction from the future", pack([write(1)])),
        ("an expired transaction", pack([write(0, expires=-1)])),
        ("garbage in a frame", pack([b"garbage"])),
        ("an unknown member's", pack([write(0, Member("nobody"))])),
        ("a tick that is not due", Tick(1).encode()),
    ],
)
def test_what_no_block_may_hold_is_refused_everywhere(name, entry):
    driver, good = CometBft(founded()), pack([write(0, BIRCH)])
    assert driver.check_tx(entry, START).code == REFUSED
    assert driver.prepare_proposal(block(1, entry, good), 1 << 20, START) == (good,)
    assert not driver.process_proposal(block(1, entry, good))
    assert not driver.process_proposal(block(1, good, entry))
    assert driver.process_proposal(block(1, good))
    root = driver.finalize_block(block(1, good), START).root
    assert driver.finalize_block(block(1, entry, good, entry), START).root == root


@pytest.mark.parametrize(
    ("name", "entries"),
    [
        ("one bundle twice", [pack([write(0)]), pack([write(0)])]),
        ("a transaction twice in a bundle", [pack([write(0), write(0)])]),
        ("two for one sequence", [pack([write(0)]), pack([write(0, value=b"other")])]),
        ("out of order", [pack([write(1), write(0)])]),
        ("one bad among good", [pack([write(0), altered(write(1)), write(0, BIRCH)])]),
        ("a tick beside a transaction", [pack([write(0)]), Tick(0).encode()]),
        ("two ticks", [Tick(0).encode(), Tick(0).encode()]),
        ("a tick of another height", [Tick(1).encode()]),
    ],
)
def test_a_proposal_that_breaks_the_rule_is_refused_and_a_repacked_one_is_not(name, entries):
    driver = CometBft(founded())
    late = START + 10_000
    assert not driver.process_proposal(block(1, *entries, time=late))
    packed = driver.prepare_proposal(block(1, *entries, time=late), 1 << 20, late)
    assert driver.process_proposal(block(1, *packed, time=late))
    skipped = driver.finalize_block(block(1, *entries, time=late), late)
    assert driver.finalize_block(block(1, *packed, time=late), late) == skipped


def test_processing_a_proposal_changes_nothing():
    driver = CometBft(founded())
    driver.check_tx(pack([write(0)]), START)
    before = driver.ledger.tip, len(driver.pool), driver.mark
    for _ in range(3):
        assert driver.process_proposal(block(1, pack([write(0)])))
        assert not driver.process_proposal(block(1, pack([write(1)])))
    assert (driver.ledger.tip, len(driver.pool), driver.mark) == before


def test_a_bundle_with_a_transaction_that_waits_is_refused_and_rechecked_without():
    driver = CometBft(founded())
    assert driver.check_tx(pack([write(0)]), START).code == ACCEPTED
    verdict = driver.check_tx(pack([write(0), write(0, BIRCH)]), START)
    assert (verdict.code, verdict.codes) == (REFUSED, (REPEATED, REPEATED))
    waits = [parse_transaction(raw, driver.ledger.network).id in driver.pool for raw in (write(0), write(1))]
    assert waits == [True, False]
    assert driver.check_tx(pack([write(0, BIRCH), write(0, BIRCH)]), START).code == REFUSED
    again = driver.check_tx(pack([write(0), write(0, BIRCH)]), START, again=True)
    assert (again.code, again.codes) == (ACCEPTED, ("kernel.replayed", "ok"))


def test_what_waits_is_in_order_over_bundles_and_counted_again_after_each_block():
    engine = Engine.of()
    for sequence in range(4):
        assert engine.submit(write(sequence)).code == ACCEPTED
    assert engine.submit(write(5)).codes == ("kernel.out_of_order",)
    engine.decide(block(1, *engine.pools[0][:2], time=engine.now))
    assert len(engine.pools[0]) == 2
    assert engine.submit(write(4)).code == ACCEPTED
    engine.step()
    assert engine.drivers[0].ledger.tip.height == 2
    assert engine.pools[0] == []


def test_a_member_may_let_only_so_many_wait(monkeypatch):
    engine = Engine.of(quota=pending(2))
    monkeypatch.setattr("tests.drivers.cometbft.engine.NETWORKS", [engine.drivers[0].ledger.network])
    verdict = engine.submit(*[write(sequence) for sequence in range(3)])
    assert verdict.codes == ("ok", "ok", "node.pool_full")


def test_what_waited_and_is_refused_after_all_is_told_once():
    engine = Engine.of()
    engine.submit(write(0, value=b"mine"))
    engine.submit(write(0, BIRCH, expires=1_500))
    engine.submit(write(0, CEDAR))
    other = [pack([write(0, value=b"other")]), pack([write(0, CEDAR)])]
    engine.now += 1_000
    engine.decide(block(1, *other, time=engine.now))
    codes = [reason.code for _, reason in engine.drivers[0].refusals()]
    assert codes == ["kernel.replayed", "kernel.expired"]
    assert engine.drivers[0].refusals() == []
    assert engine.pools == [[]]


@pytest.mark.parametrize("seed", range(20))
def test_leftovers_never_cause_empty_proposals_for_ever(seed):
    """While anything waits, two blocks in a row are never both empty; and in the end nothing waits."""
    chance = random.Random(seed)
    limits = Limits(
        block_cost=10**6, block_transactions=chance.choice((1, 3, 1000)), epoch_milliseconds=4_000
    )
    quota = QUOTA.__class__(60, chance.choice((100, 10**6)), QUOTA.state_bytes, 50)
    engine = Engine.of(2, limits=limits, quota=quota)
    network = engine.drivers[0].ledger.network
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.drivers.cometbft.engine.NETWORKS", [network])
        sequences = dict.fromkeys(range(4), 0)
        for _ in range(30):
            raws = []
            for _ in range(chance.randrange(1, 6)):
                who = chance.randrange(4)
                sequence = max(0, sequences[who] + chance.choice((0, 0, 0, 0, 1, -1)))
                expires = chance.choice((10**9, 10**9, engine.now - START + chance.randrange(3_000)))
                raw = write(sequence, MEMBERS[who], name=str(chance.randrange(9)), expires=expires)
                sequences[who] += sequence == sequences[who]
                raws.append(altered(raw) if chance.random() < 0.1 else raw)
            engine.submit(*raws, nodes=chance.choice(([0], [1], [0, 1])))
    empty = 0
    for turn in range(400):
        if not any(engine.pools):
            break
        proposer = turn % 2
        had = bool(engine.pools[proposer])
        engine.step(proposer)
        empty = empty + 1 if had and not engine.decided[-1].entries else 0
        assert empty < 30  # an epoch of four seconds may have to pass
    assert engine.pools == [[], []]


def test_entries_are_cut_off_at_the_bytes_of_a_block():
    driver = CometBft(founded())
    entries = [pack([write(sequence)]) for sequence in range(4)]
    room = 2 * (len(entries[0]) + 3)
    assert driver.prepare_proposal(block(1, *entries), room, START) == tuple(entries[:2])
    assert driver.prepare_proposal(block(1, *entries), room - 1, START) == tuple(entries[:1])
    assert driver.prepare_proposal(block(1, *entries), 0, START) == ()


def test_only_that_a_key_signed_is_remembered():
    asked = []

    def counting(public, message, signature):
        asked.append(signature)
        return verify(public, message, signature)

    driver = CometBft(founded(), counting)
    entry = pack([write(0)])
    for _ in range(3):
        driver.check_tx(entry, START, again=True)
        driver.process_proposal(block(1, entry))
    committed(driver, block(1, entry))
    assert len(asked) == 1
    assert driver.check_tx(entry, START).codes == ("kernel.replayed",)
    forged = pack([altered(write(1))])
    for _ in range(2):
        assert driver.check_tx(forged, START).code == REFUSED
    assert len(asked) == 3


def test_the_oldest_signatures_are_forgotten_first():
    asked = []
    memory = Signatures(lambda *parts: not asked.append(parts), limit=2)
    for message in (b"a", b"b", b"c", b"c", b"b", b"d", b"a"):
        assert memory(bytes(32), message, bytes(64))
    assert [parts[1] for parts in asked] == [b"a", b"b", b"c", b"d", b"a"]


def test_signatures_of_long_transactions_are_remembered_by_their_bytes(monkeypatch):
    monkeypatch.setattr(readings, "SIGNED_BYTES_MAX", 8)
    asked = []
    memory = Signatures(lambda *parts: not asked.append(parts))
    for message in (b"long1", b"long2", b"long3", b"long4", b"long4", b"long1"):
        assert memory(bytes(32), message, bytes(64))
    assert [parts[1] for parts in asked] == [b"long1", b"long2", b"long3", b"long4", b"long1"]


def test_a_bundle_is_the_same_to_a_machine_that_has_other_bundles():
    """Framing has no meaning: the same transactions in other bundles are the same block."""
    raws = [write(0), write(0, BIRCH), write(1), write(0, CEDAR, message=Settle("y"))]
    one, other = CometBft(founded()), CometBft(founded())
    whole = committed(one, block(1, pack(raws)))
    parts = committed(other, block(1, *[pack([raw]) for raw in raws]))
    assert whole == parts
    assert one.ledger.block(1) == other.ledger.block(1)
    assert framed(raws[0]) in pack(raws)
    assert AMBER.operator.public != BIRCH.operator.public
