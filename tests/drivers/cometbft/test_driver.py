"""The application writes only at Commit, decides alike on every node, and stays in step with CometBFT."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.base.keys import verify
from consortia.drivers.cometbft.bundle import Tick, framed, pack
from consortia.drivers.cometbft.driver import (
    ACCEPTED,
    REFUSED,
    REPEATED,
    CometBft,
    OutOfStep,
    Retention,
    Signatures,
    address_of,
    chain_id,
    updates,
)
from consortia.drivers.cometbft.proposal import Convicted, Proposal
from consortia.kernel.block import Accusation, Block
from consortia.kernel.durable import Power
from consortia.kernel.genesis import Limits
from consortia.kernel.ledger import Ledger
from consortia.store.lmdb import LmdbStore
from consortia.testing.plain import QUOTA, Admit, Member, Settle, application, genesis
from consortia.testing.simulator import Disk
from tests.drivers.cometbft.engine import (
    AMBER,
    BIRCH,
    CEDAR,
    DUNE,
    MEMBERS,
    START,
    Engine,
    altered,
    founded,
    pending,
    reopened,
    write,
)


def block(height, *entries, time=START + 1_000, convicted=()):
    return Proposal(height, time, entries, convicted)


def committed(driver, proposal, now=START + 1_000):
    finalized = driver.finalize_block(proposal, now)
    driver.commit()
    return finalized


# The handshake ------------------------------------------------------------------------------


def test_before_the_first_commit_there_is_no_height_and_the_chain_may_begin_again():
    driver = CometBft(founded())
    assert driver.info() == (0, b"")
    first = driver.init_chain(driver.chain_id)
    assert first == driver.init_chain(driver.chain_id)
    assert first.root == driver.ledger.tip.root
    assert first.validators == tuple(
        sorted((Power(member.operator.public, 1) for member in MEMBERS), key=lambda one: one.public)
    )
    assert driver.info() == (0, b"")


def test_a_chain_is_named_for_its_network_and_its_start():
    driver = CometBft(founded())
    assert len(driver.chain_id) == 40
    assert driver.chain_id == chain_id(driver.ledger.network, 1) != chain_id(driver.ledger.network, 2)
    with pytest.raises(OutOfStep, match="CometBFT has chain other"):
        driver.init_chain("other")


def test_a_ledger_whose_chain_has_begun_does_not_begin_another():
    driver = CometBft(founded())
    committed(driver, block(1))
    with pytest.raises(OutOfStep, match="stands at height 1"):
        driver.init_chain(driver.chain_id)


def test_a_network_without_consensus_keys_cannot_begin(monkeypatch):
    driver = CometBft(founded())
    monkeypatch.setattr(type(driver.ledger.app.keys), "validators", lambda _self, _ctx: ())
    with pytest.raises(OutOfStep, match="no member"):
        driver.init_chain(driver.chain_id)


def test_a_crash_between_finalize_and_commit_leaves_the_block_before():
    driver = CometBft(founded())
    committed(driver, block(1, pack([write(0)])))
    decided = block(2, pack([write(1)]))
    wanted = driver.finalize_block(decided, START)
    again = CometBft(reopened(driver.ledger))
    assert again.info()[0] == 1
    assert again.ledger.tip.height == 1
    assert committed(again, decided) == wanted
    assert again.info() == (2, wanted.root)


def test_a_block_may_be_finalized_again_until_it_is_committed():
    driver = CometBft(founded())
    first = driver.finalize_block(block(1, pack([write(0)])), START)
    other = driver.finalize_block(block(1, pack([write(0, value=b"2")])), START)
    assert first.root != other.root
    driver.commit()
    assert driver.info() == (1, other.root)


def test_a_full_disk_at_commit_leaves_everything_and_the_block_can_be_replayed():
    ledger = Ledger.create(Disk(), application(), genesis(MEMBERS, time=START))
    driver = CometBft(ledger)
    wanted = driver.finalize_block(block(1, pack([write(0)])), START)
    ledger.store.fails = 1
    with pytest.raises(OSError, match="no space left"):
        driver.commit()
    assert (driver.info(), ledger.tip.height) == ((0, b""), 0)
    again = CometBft(Ledger.open(ledger.store, application()))
    assert committed(again, block(1, pack([write(0)]))) == wanted


def test_calls_out_of_step_are_refused():
    driver = CometBft(founded())
    with pytest.raises(OutOfStep, match="no block to commit"):
        driver.commit()
    committed(driver, block(1))
    with pytest.raises(OutOfStep, match="no block to commit"):
        driver.commit()
    with pytest.raises(OutOfStep, match="block 3 does not follow 1"):
        driver.finalize_block(block(3), START)


def test_block_and_height_are_one_durable_write_in_the_real_store(tmp_path):
    with LmdbStore(tmp_path) as store:
        driver = CometBft(Ledger.create(store, application(), genesis(MEMBERS, time=START)))
        committed(driver, block(1, pack([write(0)])))
        root = committed(driver, block(2)).root
    with LmdbStore(tmp_path) as store:
        ledger = Ledger.open(store, application())
        assert CometBft(ledger).info() == (2, root)
        assert ledger.tip.height == 1


# One root -----------------------------------------------------------------------------------


def test_blocks_that_append_nothing_change_no_root_and_move_the_height():
    engine = Engine.of()
    engine.submit(write(0))
    root = engine.step().root
    for _ in range(3):
        assert engine.step().root == root
    driver = engine.drivers[0]
    assert (driver.height, driver.ledger.tip.height) == (4, 1)
    assert [found.prepared is None for found in driver.drain()] == [False, True, True, True]
    assert driver.drain() == []


def busy(seed, blocks=12, nodes=3):
    """A network that had some blocks: bundles good and bad, ticks, accusations, idle hours."""
    chance = random.Random(seed)
    engine = Engine.of(nodes)
    sequences = dict.fromkeys(range(4), 0)
    for _ in range(blocks):
        for _ in range(chance.randrange(4)):
            raws = []
            for _ in range(chance.randrange(1, 5)):
                who = chance.randrange(4)
                raw = write(sequences[who], MEMBERS[who], name=str(chance.randrange(5)))
                if chance.random() < 0.3:
                    raws.append(altered(raw))
                else:
                    sequences[who] += 1
                    raws.append(raw)
            engine.submit(*raws)
        if chance.random() < 0.2:
            engine.now += 3_600_000
        if chance.random() < 0.3:
            engine.submit_entry(Tick(engine.drivers[0].ledger.tip.height).encode())
        guilty = chance.choice(MEMBERS).operator.public
        convicted = (Convicted(address_of(guilty), engine.height, chance.choice((1, 2, 3))),)
        engine.step(chance.randrange(nodes), convicted if chance.random() < 0.2 else ())
    return engine


@pytest.mark.parametrize("seed", range(6))
def test_the_blocks_decided_replayed_through_the_embedded_machine_give_the_same_roots(seed):
    engine = busy(seed)
    source = engine.drivers[0].ledger
    plain = founded()
    roots = {found.prepared.tip.height: found.root for found in engine.drivers[0].drain() if found.prepared}
    assert len(roots) == source.tip.height > 3
    for height in range(1, source.tip.height + 1):
        plain.append(source.block(height))
        assert plain.tip.root == roots[height]
    assert plain.tip == source.tip
    assert plain.violations() == []


@pytest.mark.parametrize("seed", range(6))
def test_a_node_that_replays_what_was_decided_stands_where_the_others_do(seed):
    engine = busy(seed)
    late = CometBft(founded())
    late.init_chain(late.chain_id)
    for at, proposal in enumerate(engine.decided):
        committed(late, proposal, now=engine.now)
        if at % 3 == 0:
            late = CometBft(reopened(late.ledger))
    assert late.info() == engine.drivers[0].info()
    assert late.mark == engine.drivers[0].mark
    assert late.ledger.tip == engine.drivers[0].ledger.tip


def test_a_block_older_than_its_parent_has_its_parents_time():
    driver = CometBft(founded())
    committed(driver, block(1, pack([write(0)]), time=START - 5))
    assert driver.ledger.tip.time == START


# Bundles ------------------------------------------------------------------------------------


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


def blocks(engine, node=0):
    ledger = engine.drivers[node].ledger
    return [ledger.block(height) for height in range(1, ledger.tip.height + 1)]


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


def test_the_oldest_signature_is_forgotten_first():
    asked = []
    memory = Signatures(lambda *parts: not asked.append(parts), limit=2)
    for message in (b"a", b"b", b"c", b"c", b"b", b"a"):
        assert memory(bytes(32), message, bytes(64))
    assert [parts[1] for parts in asked] == [b"a", b"b", b"c", b"a"]


# Idle and wake ------------------------------------------------------------------------------


def test_the_first_block_after_an_idle_hour_is_left_empty_and_the_next_has_a_time_of_its_own():
    engine = Engine.of(2)
    engine.submit(write(0))
    engine.step()
    engine.step()
    idle = engine.block_time + 200
    engine.now += 3_600_000
    engine.submit(write(1))
    engine.step(0, time=idle)
    assert engine.decided[-1].entries == ()
    asked = engine.now
    engine.step(1, time=engine.now - 250)
    assert blocks(engine)[-1].transactions == (write(1),)
    assert engine.drivers[0].ledger.tip.time >= asked - 300


def test_a_proposer_whose_clock_is_off_leaves_at_most_every_other_block_empty():
    engine = Engine.of()
    for sequence in range(10):
        engine.submit(write(sequence))
    for _ in range(4):
        engine.step(time=engine.now - 60_000 + engine.height)
        engine.pools[0] = engine.pools[0][:]
    assert [bool(found.entries) for found in engine.decided] == [False, True, False, False]
    assert engine.drivers[0].ledger.tip.size == 12


def test_where_every_block_is_late_two_are_left_empty_and_no_third():
    engine = Engine.of(4)
    engine.submit(write(0))
    for node in range(3):
        engine.now += 10_000
        engine.step(node, time=engine.block_time + 1)
    assert [bool(found.entries) for found in engine.decided] == [False, False, True]


def test_a_tick_appends_one_header_and_is_not_due_again_at_once():
    engine = Engine.of(2)
    engine.submit(write(0))
    engine.step()
    driver = engine.drivers[0]
    size = driver.ledger.tip.size
    assert engine.submit_entry(Tick(1).encode()).code == REFUSED
    engine.now += 3_000
    assert engine.submit_entry(Tick(2).encode()).code == REFUSED
    assert engine.submit_entry(Tick(1).encode()).code == ACCEPTED
    assert engine.submit_entry(Tick(1).encode()).text == "no tick is due"
    engine.step()
    assert driver.ledger.tip.size == size + 1
    assert driver.ledger.block(2) == Block(2, engine.block_time, ())
    assert engine.pools == [[], []]
    assert not driver.process_proposal(
        block(engine.height + 1, Tick(2).encode(), time=engine.block_time + 1_999)
    )
    assert driver.process_proposal(block(engine.height + 1, Tick(2).encode(), time=engine.block_time + 2_000))


def test_a_tick_gives_way_to_a_transaction():
    engine = Engine.of()
    engine.now += 10_000
    engine.submit_entry(Tick(0).encode())
    engine.submit(write(0))
    engine.step()
    assert engine.decided[0].entries == (pack([write(0)]),)
    assert engine.pools == [[]]


# Validators and evidence --------------------------------------------------------------------


def test_validators_follow_the_ledger_by_differences():
    engine = Engine.of()
    eve = Member("eve")
    keys = (eve.node.public, eve.recovery.public, eve.operator.public)
    engine.submit(write(0, message=Admit("eve", *keys)))
    assert engine.step().updates == (Power(eve.operator.public, 1),)
    engine.submit(write(1))
    assert engine.step().updates == ()
    assert len(engine.drivers[0].mark.validators) == 5


powers = st.dictionaries(st.integers(0, 9).map(lambda n: bytes([n]) * 32), st.integers(1, 3), max_size=6)


@given(before=powers, after=powers)
def test_updates_lead_from_one_set_to_the_other_without_duplicates_or_absent_removals(before, after):
    changes = updates(before, after)
    found = dict(before)
    for one in changes:
        assert one.power or one.public in found
        found[one.public] = one.power
    assert {key: power for key, power in found.items() if power} == after
    assert len({one.public for one in changes}) == len(changes)


def test_a_ledger_left_without_validators_leaves_cometbft_those_it_has(monkeypatch):
    engine = Engine.of()
    engine.step()
    engine.submit(write(0))
    keys = type(engine.drivers[0].ledger.app.keys)
    monkeypatch.setattr(keys, "validators", lambda _self, _ctx: ())
    assert engine.step().updates == ()
    assert len(engine.drivers[0].mark.validators) == 4
    monkeypatch.undo()
    engine.submit(write(1))
    assert engine.step().updates == ()


def test_evidence_enters_a_block_after_its_transactions_by_the_key():
    engine = Engine.of(2)
    guilty = BIRCH.operator.public
    convicted = (
        Convicted(address_of(guilty), 7, 1),
        Convicted(address_of(DUNE.operator.public), 9, 2),
        Convicted(bytes(20), 7, 1),
        Convicted(address_of(guilty), 7, 5),
    )
    engine.step(convicted=convicted)
    accusations = (
        Accusation(guilty, 7, "duplicate_vote"),
        Accusation(DUNE.operator.public, 9, "light_client_attack"),
    )
    assert [found.accusations for found in blocks(engine)] == [accusations]
    (told,) = engine.drivers[0].drain()
    assert told.accusations == accusations
    assert told.prepared.result.receipts == ()
    assert engine.step(convicted=(Convicted(bytes(20), 7, 1),)).root == told.root


# Pruning ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("blocks", "kept"), [(0, [0, 0, 0, 0]), (2, [0, 0, 1, 2])])
def test_cometbft_keeps_the_newest_blocks_and_an_archive_all(blocks, kept):
    driver = CometBft(founded(), retention=Retention(blocks))
    found = []
    for height in range(1, 5):
        driver.finalize_block(block(height), START)
        found.append(driver.commit())
    assert found == kept


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
