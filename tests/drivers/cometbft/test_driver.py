"""The application writes only at Commit, decides alike on every node, and stays in step with CometBFT."""

import dataclasses
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.base.merkle import leaf_hash, root_from_path, verify_consistency
from consortia.drivers.cometbft.bundle import Tick, pack
from consortia.drivers.cometbft.driver import (
    CometBft,
    OutOfStep,
    Retention,
    address_of,
    chain_id,
)
from consortia.drivers.cometbft.powers import updates
from consortia.drivers.cometbft.proposal import Convicted
from consortia.drivers.embedded import Embedded, Grouping
from consortia.kernel.block import Accusation
from consortia.kernel.durable import Power
from consortia.kernel.ledger import Ledger
from consortia.kernel.upgrades import Demand, Outdated
from consortia.store.lmdb import LmdbStore
from consortia.testing.plain import Admit, Member, application, genesis
from consortia.testing.simulator import Disk
from tests.drivers.cometbft.engine import (
    BIRCH,
    DUNE,
    MEMBERS,
    START,
    Engine,
    altered,
    block,
    blocks,
    committed,
    founded,
    reopened,
    write,
)


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


def test_a_network_moves_from_embedded_to_cometbft_with_its_history_provable():
    ledger = founded()
    orders = Embedded(ledger, grouping=Grouping(wait_ms=0))
    for sequence in range(3):
        orders.submit(write(sequence), START + sequence)
        orders.step(START + sequence)
    before, moved = ledger.tip, CometBft(ledger)
    assert moved.chain_id == chain_id(ledger.network, before.size) != CometBft(founded()).chain_id
    assert moved.init_chain(moved.chain_id).root == before.root
    after = committed(moved, block(1, pack([write(3)])))
    assert moved.mark.start == CometBft(reopened(ledger)).start == before.size
    assert ledger.tip.root == after.root
    path = ledger.consistency(before.size, ledger.tip.size)
    verify_consistency(before.size, before.root, ledger.tip.size, after.root, path)
    for index in range(ledger.tip.size):
        path = ledger.inclusion(index, ledger.tip.size)
        assert root_from_path(leaf_hash(ledger.leaf(index)), index, ledger.tip.size, path) == after.root


def test_a_block_older_than_its_parent_has_its_parents_time():
    driver = CometBft(founded())
    committed(driver, block(1, pack([write(0)]), time=START - 5))
    assert driver.ledger.tip.time == START


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


@pytest.mark.parametrize(("blocks", "kept"), [(0, [0, 0, 0, 0]), (2, [0, 0, 1, 2])])
def test_cometbft_keeps_the_newest_blocks_and_an_archive_all(blocks, kept):
    driver = CometBft(founded(), retention=Retention(blocks))
    found = []
    for height in range(1, 5):
        driver.finalize_block(block(height), START)
        found.append(driver.commit())
    assert found == kept


def test_a_block_that_was_worked_out_before_its_decision_is_the_same_and_another_is_worked_out_anew():
    plain, early, wrong = (CometBft(founded()) for _ in range(3))
    decided, other = block(1, pack([write(0)])), block(1, pack([write(0, BIRCH)]))
    early.foresee(decided)
    wrong.foresee(other)
    wrong.foresee(block(5, pack([write(0)])))
    roots = {committed(driver, decided).root for driver in (plain, early, wrong)}
    assert len(roots) == 1
    second = block(2, pack([write(1)]), time=START + 2_000)
    early.foresee(second)
    assert {committed(driver, second).root for driver in (plain, early)} == {early.ledger.tip.root}


def test_what_is_foreseen_is_never_written():
    driver = CometBft(founded())
    before = driver.ledger.tip
    driver.foresee(block(1, pack([write(0)])))
    assert (driver.ledger.tip, driver.mark) == (before, None)
    with pytest.raises(OutOfStep):
        driver.commit()


class Agreed:
    """The members agreed on a version of the rules that this software does not have."""

    def __init__(self, time):
        self.time = time

    def demands(self, _ctx):
        return (Demand("plain", 2, bytes(32), self.time),)


def test_old_software_stops_before_the_agreed_block_wherever_it_is_asked_and_the_others_go_on():
    engine = Engine.of(2)
    old, new = engine.drivers
    engine.submit(write(0))
    engine.step()
    at, before = engine.now, old.ledger.tip
    agreed = dataclasses.replace(application(), upgrades=Agreed(at))
    old.ledger.machine = dataclasses.replace(old.ledger.machine, app=agreed)
    entry = pack([write(1)])
    proposal = block(2, entry, time=at)
    for asked in (
        lambda: old.check_tx(entry, at),
        lambda: list(old.pool.ahead(entry, at)),
        lambda: old.prepare_proposal(proposal, 1 << 20, at),
        lambda: old.process_proposal(proposal),
        lambda: old.finalize_block(proposal, at),
    ):
        with pytest.raises(Outdated, match="demands plain 2"):
            asked()
    assert (old.ledger.tip, old.height) == (before, 1)
    assert new.process_proposal(proposal)
    committed(new, proposal, at)
    assert new.ledger.tip.height == before.height + 1
