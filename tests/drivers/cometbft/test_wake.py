"""After an idle hour the first transactions stand under a fresh time; a late header is followed by one."""

from consortia.drivers.cometbft.bundle import Tick, pack
from consortia.drivers.cometbft.pool import ACCEPTED, REFUSED
from consortia.kernel.block import Block
from tests.drivers.cometbft.engine import (
    START,
    Engine,
    block,
    blocks,
    write,
)


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


def test_after_an_hour_of_silence_deadlines_hold_and_the_first_submission_has_a_time_of_its_own():
    """What ran out in the silence is in no block, though the newest block's time is an hour old."""
    engine = Engine.of(4)
    engine.submit(write(0))
    engine.step()
    engine.step()
    silent, idle = engine.now, engine.block_time + 200
    hour = 3_600_000
    engine.now += hour
    late = write(1, expires=silent + hour // 2 - START)
    assert engine.submit(late).codes == ("kernel.expired",)
    proposal = block(engine.height + 1, pack([late]), time=engine.now - 250)
    assert not any(driver.process_proposal(proposal) for driver in engine.drivers)
    asked = engine.now
    assert engine.submit(write(1)).code == ACCEPTED
    engine.step(0, time=idle)
    assert blocks(engine)[-1].transactions == (write(0),)
    engine.step(1, time=engine.now - 250)
    for node in range(4):
        newest = blocks(engine, node)[-1]
        assert newest.transactions == (write(1),)
        assert asked - 5_000 <= newest.time <= engine.now


def test_an_empty_block_that_comes_late_wakes_nobody():
    """CometBFT has an empty block follow every one that changed the root; a busy machine is late with it."""
    engine = Engine.of()
    engine.submit(write(0))
    engine.step()
    engine.step(time=engine.now - 3_000)
    idle = engine.block_time + 200
    engine.now += 3_600_000
    engine.submit(write(1))
    engine.step(time=idle)
    assert engine.decided[-1].entries == ()
    engine.step(time=engine.now - 250)
    assert blocks(engine)[-1].time == engine.block_time


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
