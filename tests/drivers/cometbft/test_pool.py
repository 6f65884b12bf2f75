"""Mempools that hold different things: nobody waits for ever, nothing let in is lost, and idle is idle."""

import random

import pytest

from consortia.drivers.cometbft.bundle import again, pack, squeezed, unpack
from consortia.drivers.cometbft.driver import CometBft
from consortia.drivers.cometbft.pool import (
    ABROAD,
    ACCEPTED,
    AGAIN_BYTES_MAX,
    AGAIN_MS,
    FULL,
    REFUSED,
    REPEATED,
    RESENT,
    SHARED_BYTES_MAX,
)
from consortia.drivers.cometbft.readings import Readings
from consortia.testing.plain import VALUE_BYTES_MAX, Stop, Write
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
    write,
)

NOW = START + 1_000


def large(sequence):
    return write(sequence, message=Write("x", bytes(VALUE_BYTES_MAX)))


def quiet(engine):
    """Blocks until none comes by itself: nothing waits that a quorum knows of."""
    while engine.goes_on:
        engine.step(engine.height % len(engine.drivers))
    return engine


def test_what_one_node_alone_holds_stops_everybody_until_it_is_sent_again():
    engine = quiet(Engine.of(4))
    engine.submit(write(0), nodes=[2])
    assert not engine.goes_on
    engine.now += AGAIN_MS - 1
    engine.look()
    assert not engine.goes_on
    engine.now += 1
    engine.look()
    assert engine.goes_on
    assert [len(pool) for pool in engine.pools] == [1, 1, 2, 1]
    quiet(engine)
    assert [one.transactions for one in blocks(engine)] == [(write(0),)]
    assert engine.pools == [[], [], [], []]
    engine.now += 10 * AGAIN_MS
    engine.look()
    assert not engine.goes_on


def test_a_later_bundle_that_others_refused_for_want_of_the_earlier_is_sent_again_with_it():
    engine = quiet(Engine.of(4))
    engine.submit(write(0), nodes=[0])
    assert engine.submit(write(1)).code == ACCEPTED
    assert [len(pool) for pool in engine.pools] == [2, 0, 0, 0]
    assert not engine.goes_on
    engine.now += AGAIN_MS
    engine.look()
    quiet(engine)
    assert [one.transactions for one in blocks(engine)] == [(write(0), write(1))]
    assert engine.pools == [[], [], [], []]


def test_what_expired_while_too_few_were_there_is_cleared_by_a_tick_and_its_lane_goes_on():
    engine = quiet(Engine.of(4))
    engine.submit(write(0, expires=60_000), nodes=[0, 1])
    engine.now += 3_600_000  # two were away, and come back with empty pools
    assert engine.submit(write(0), nodes=[0]).codes == ("kernel.replayed",)
    assert not engine.goes_on
    engine.look()
    assert [len(pool) for pool in engine.pools] == [2, 2, 1, 1]
    assert engine.goes_on
    quiet(engine)
    assert engine.pools == [[], [], [], []]
    assert engine.drivers[0].refusals()[0][1].code == "kernel.expired"
    assert engine.submit(write(0)).code == ACCEPTED
    quiet(engine)
    assert blocks(engine)[-1].transactions == (write(0),)


def test_how_long_something_waited_counts_from_when_the_first_came_and_ends_with_a_block():
    engine = quiet(Engine.of(1))
    driver = engine.drivers[0]
    assert driver.waited(engine.now + 60_000) == 0
    engine.submit(write(0))
    engine.submit(write(1))
    assert driver.waited(engine.now + 60_000) == 60_000
    quiet(engine)
    assert driver.waited(engine.now + 60_000) == 0


def test_while_no_block_comes_all_the_same_it_is_sent_again_after_twice_as_long_each_time():
    driver, sent = CometBft(founded()), []
    driver.check_tx(pack([write(0)]), NOW)
    for second in range(1, 40):
        entry = driver.waits(NOW + 1_000 * second)
        if entry is not None:
            assert driver.check_tx(entry, NOW + 1_000 * second).code == ACCEPTED
            sent.append((second, entry))
    assert [second for second, _ in sent] == [2, 4, 8, 16, 32]
    assert len({entry for _, entry in sent}) == len(sent)


def test_who_holds_all_of_what_is_sent_again_refuses_it_and_who_lacks_some_takes_it():
    driver = CometBft(founded())
    driver.check_tx(pack([write(0)]), NOW)
    assert driver.check_tx(again(NOW, [write(0)]), NOW).code == REFUSED
    more = driver.check_tx(again(NOW, [write(0), write(1)]), NOW)
    assert (more.code, more.codes) == (ACCEPTED, ("kernel.replayed", "ok"))
    assert driver.check_tx(pack([write(1), write(2)]), NOW).codes == (REPEATED, REPEATED)


def test_what_is_sent_again_stands_in_a_block_as_any_bundle_does():
    entry, driver = again(NOW, [write(0), write(0, BIRCH)]), CometBft(founded())
    assert driver.prepare_proposal(block(1, entry), 1 << 20, NOW) == (entry,)
    assert driver.process_proposal(block(1, entry))
    twice = block(1, entry, pack([write(0)]))
    assert not driver.process_proposal(twice)
    assert driver.prepare_proposal(twice, 1 << 20, NOW) == (entry,)
    mixed = again(NOW, [write(0), altered(write(1))])
    assert driver.prepare_proposal(block(1, mixed), 1 << 20, NOW) == (pack([write(0)]),)
    root = committed(driver, block(1, entry)).root
    other = CometBft(founded())
    assert committed(other, block(1, pack([write(0), write(0, BIRCH)]))).root == root


def test_only_as_much_is_sent_again_as_leaves_room():
    driver, raws = CometBft(founded()), [large(sequence) for sequence in range(400)]
    for raw in raws:
        assert driver.check_tx(pack([raw]), NOW).code == ACCEPTED
    entry = driver.waits(NOW + AGAIN_MS)
    assert AGAIN_BYTES_MAX // 2 < len(entry) <= AGAIN_BYTES_MAX + 9
    assert driver.check_tx(entry, NOW + AGAIN_MS).code == ACCEPTED


def test_a_clock_that_is_set_back_makes_nobody_wait_longer():
    driver = CometBft(founded())
    driver.check_tx(pack([write(0)]), NOW + 3_600_000)
    assert driver.waits(NOW) is None
    assert driver.waits(NOW + AGAIN_MS) is not None


def filled(driver):
    """Bundles of one member until no more is let in; what was, and the first that was not."""
    held = []
    while True:
        first = 100 * len(held)
        entry = pack([large(sequence) for sequence in range(first, first + 100)])
        if driver.check_tx(entry, NOW).code == REFUSED:
            return held, entry
        held.append(entry)


def test_of_another_member_two_shares_wait_and_it_takes_nobody_elses_room():
    driver = CometBft(founded(), member=BIRCH.name)
    held, entry = filled(driver)
    size, limit = sum(len(raw) for one in held for raw in unpack(one)), ABROAD * SHARED_BYTES_MAX // 4
    assert limit - len(entry) < size <= limit
    assert driver.check_tx(entry, NOW).codes == (FULL,) * 100
    assert driver.check_tx(pack([write(0, BIRCH)]), NOW).code == ACCEPTED
    assert driver.check_tx(pack([write(0, CEDAR), *unpack(entry)]), NOW).codes == (FULL,) * 101
    assert driver.check_tx(again(NOW, [write(0, CEDAR), *unpack(entry)]), NOW).code == ACCEPTED
    committed(driver, block(1))
    for one in held:
        assert driver.check_tx(one, NOW, again=True).code == ACCEPTED
    assert driver.check_tx(entry, NOW).codes == (FULL,) * 100


def test_who_says_that_everything_is_sent_again_has_no_more_than_twice_the_room():
    driver = CometBft(founded(), member=BIRCH.name)
    limit, waits, sequence = RESENT * SHARED_BYTES_MAX // 4, 0, 0
    while True:
        raws = [large(at) for at in range(sequence, sequence + 100)]
        verdict = driver.check_tx(again(NOW + sequence, raws), NOW)
        if verdict.code == REFUSED:
            break
        sequence, waits = sequence + 100, waits + sum(map(len, raws))
    assert verdict.codes == (FULL,) * 100
    assert limit - 100 * len(large(0)) < waits <= limit
    assert driver.check_tx(again(NOW, [write(0, BIRCH)]), NOW).code == ACCEPTED


def test_an_entry_counts_for_its_members_with_all_that_stands_in_it():
    driver, stale = CometBft(founded(), member=BIRCH.name), [large(sequence) for sequence in range(300)]
    committed(driver, block(1, pack(stale)))
    limit, waits = ABROAD * SHARED_BYTES_MAX // 4, 0
    for sequence in range(300, 400):
        entry = pack([write(sequence), *stale])
        if driver.check_tx(entry, NOW).code == REFUSED:
            break
        waits += len(entry)
    assert 0 < waits <= limit + len(entry)


def test_nobody_uses_up_the_share_of_a_member_by_bundles_that_begin_with_its_transactions():
    driver = CometBft(founded(), member=AMBER.name)
    committed(driver, block(1, pack([write(0)])))
    for sequence in range(200):
        flood = [
            write(0),
            altered(large(1)),
            write(sequence, BIRCH, message=Write("x", bytes(VALUE_BYTES_MAX))),
        ]
        assert driver.check_tx(pack(flood), NOW).codes == ("kernel.replayed", "kernel.bad_signature", "ok")
    entry = pack([large(sequence) for sequence in range(1, 400)])
    assert 2 * len(entry) > SHARED_BYTES_MAX // 4
    assert driver.check_tx(entry, NOW).code == ACCEPTED


def test_a_node_lets_a_share_of_its_own_members_transactions_wait_and_all_of_the_others():
    driver = CometBft(founded(), member=AMBER.name)
    entries = [pack([large(sequence) for sequence in range(at, at + 100)]) for at in range(0, 1_000, 100)]
    codes = [driver.check_tx(entry, NOW).code for entry in entries]
    taken = codes.index(REFUSED)
    assert SHARED_BYTES_MAX // 4 - len(entries[0]) < taken * len(entries[0]) <= SHARED_BYTES_MAX // 4
    assert driver.check_tx(entries[taken], NOW).codes == (FULL,) * 100
    assert driver.check_tx(pack([write(0, BIRCH)]), NOW).code == ACCEPTED
    driver.process_proposal(block(1, *entries[: taken - 1]))
    assert driver.check_tx(entries[taken], NOW).code == ACCEPTED
    committed(driver, block(1, *entries[:taken]))
    assert driver.check_tx(entries[taken], NOW, again=True).code == ACCEPTED
    other = CometBft(founded(), member=BIRCH.name)
    assert [other.check_tx(entry, NOW).code for entry in entries[: taken + 2]] == [ACCEPTED] * (taken + 2)


def test_a_member_whose_own_program_floods_its_share_can_still_send_what_is_urgent():
    driver, share = CometBft(founded(), member=AMBER.name), SHARED_BYTES_MAX // 4
    sizes = []
    for sequence in range(2_000):
        raw = write(sequence)
        if driver.check_tx(pack([raw]), NOW).code == REFUSED:
            break
        sizes.append(len(raw))
    assert driver.check_tx(pack([write(len(sizes))]), NOW).codes == (FULL,)
    mixed = pack([write(0, lane=1, message=Stop("x")), write(1, lane=1)])
    assert driver.check_tx(mixed, NOW).codes == (FULL, FULL)
    for sequence in range(2_000):
        raw = write(sequence, lane=1, message=Stop("x"))
        if driver.check_tx(pack([raw]), NOW).code == REFUSED:
            break
        sizes.append(len(raw))
    assert share * 6 // 5 < sum(sizes) <= share * 5 // 4


def test_a_bundle_larger_than_the_share_goes_alone():
    driver = CometBft(founded(), member=AMBER.name)
    entry = squeezed(pack([large(sequence) for sequence in range(800)]))
    assert driver.check_tx(entry, NOW).code == ACCEPTED
    assert driver.check_tx(pack([large(800)]), NOW).codes == (FULL,)


def test_what_is_squeezed_is_the_bundle_that_it_was():
    raws = [write(sequence) for sequence in range(50)]
    entry, driver, other = squeezed(pack(raws)), CometBft(founded()), CometBft(founded())
    assert len(entry) < len(pack(raws)) / 2
    assert driver.check_tx(entry, NOW).codes == ("ok",) * 50
    assert driver.prepare_proposal(block(1, entry), 1 << 20, NOW) == (entry,)
    assert committed(driver, block(1, entry)) == committed(other, block(1, pack(raws)))
    mixed = squeezed(pack([*raws, altered(write(50))]))
    assert CometBft(founded()).prepare_proposal(block(1, mixed), 1 << 20, NOW) == (pack(raws),)


def test_what_follows_the_block_that_is_being_decided_may_wait_and_what_would_leave_a_gap_may_not():
    driver = CometBft(founded())
    second, third, fifth = (pack([write(sequence)]) for sequence in (1, 2, 4))
    assert driver.check_tx(second, NOW).code == REFUSED
    deciding = block(1, pack([write(0)]))
    driver.process_proposal(deciding)
    assert driver.check_tx(pack([altered(write(1))]), NOW).code == REFUSED
    assert [driver.check_tx(one, NOW).code for one in (second, third, fifth)] == [ACCEPTED, ACCEPTED, REFUSED]
    assert driver.check_tx(second, NOW).code == REFUSED
    committed(driver, deciding)
    assert [driver.check_tx(one, NOW, again=True).code for one in (second, third)] == [ACCEPTED, ACCEPTED]


def test_what_followed_a_block_that_was_not_decided_after_all_is_let_go_after_the_next():
    driver, second = CometBft(founded()), pack([write(1)])
    driver.process_proposal(block(1, pack([write(0)])))
    assert driver.check_tx(second, NOW).code == ACCEPTED
    committed(driver, block(1, pack([write(0, BIRCH)])))
    assert driver.check_tx(second, NOW, again=True).code == REFUSED
    assert driver.check_tx(second, NOW).code == REFUSED


@pytest.mark.parametrize("seed", range(12))
def test_whatever_reaches_whom_all_that_was_let_in_is_ordered_and_then_nobody_makes_blocks(seed):
    """Entries reach some of the nodes, as where pools are full or a peer is a block behind."""
    chance = random.Random(seed)
    engine = Engine.of(4)
    sequences, let_in = dict.fromkeys(MEMBERS, 0), []
    for _ in range(20):
        member = chance.choice(MEMBERS)
        raw = write(sequences[member], member, name=str(chance.randrange(9)))
        node = chance.randrange(4)
        if engine.submit(raw, nodes=[node]).code == ACCEPTED:
            others = [other for other in range(4) if other != node and chance.random() < 0.3]
            for other in others:
                engine.submit(raw, nodes=[other])
            sequences[member] += 1
            let_in.append(raw)
        if chance.random() < 0.3 and engine.goes_on:
            engine.step(engine.height % 4)
    turns = 0
    while any(engine.pools) or engine.goes_on:
        turns += 1
        assert turns < 100
        if engine.goes_on:
            engine.step(engine.height % 4)
        else:
            engine.now += 1_000
            engine.look()
    assert sorted(raw for one in blocks(engine) for raw in one.transactions) == sorted(let_in)
    engine.now += 3_600_000
    engine.look()
    assert not engine.goes_on
    assert engine.pools == [[], [], [], []]


def test_only_well_formed_entries_are_remembered_and_the_oldest_is_forgotten_first():
    ledger = founded()
    entries = [pack([write(sequence, message=Write("x", bytes(100)))]) for sequence in range(4)]
    readings = Readings(ledger.app, ledger.network, bytes_max=4 * len(entries[0]))
    first = readings.read(entries[0])
    assert readings.read(entries[0]) is first
    readings.read(pack([write(0), b"garbage"]))
    assert len(readings) == 1
    for entry in entries[1:]:
        readings.read(entry)
    assert len(readings) == 2
    assert readings.read(entries[0]) is not first
    assert readings.read(entries[0]) == first
    readings.forget(entries)
    assert len(readings) == 0


def test_of_a_proposal_nothing_is_read_behind_what_refuses_it_and_of_a_decided_block_all_is():
    driver = CometBft(founded())
    bombs = [squeezed(pack([large(sequence)] * 800)) for sequence in range(4)]
    proposed = block(1, *bombs, pack([write(0, BIRCH)]))
    good = pack([write(0)])
    assert driver.check_tx(good, NOW).code == ACCEPTED
    assert not driver.process_proposal(proposed)
    assert len(driver._readings) == 2
    assert driver.pool.check(good, NOW).codes == (REPEATED,)
    assert committed(driver, proposed).root == committed(CometBft(founded()), proposed).root
    assert driver.ledger.tip.height == 1


def test_of_squeezed_entries_no_more_is_remembered_than_of_others():
    ledger, bytes_max = founded(), 1 << 20
    readings = Readings(ledger.app, ledger.network, bytes_max=bytes_max)
    for sequence in range(5):
        bomb = squeezed(pack([large(sequence)] * 800))
        assert len(bomb) < 8_000
        readings.read(bomb)
    assert 800 * len(large(0)) * len(readings) <= bytes_max
