"""Who waits at a node: bells that wake all, and turns that come one a pass of the event loop."""

import asyncio

from consortia.node.waiting import Bell, Seats, Turns, Waiting


def test_a_bell_wakes_all_who_wait_and_nobody_twice():
    async def go():
        bell = Bell()
        waiters = [asyncio.create_task(bell.wait(30)) for _ in range(3)]
        await asyncio.sleep(0)
        bell.ring()
        assert await asyncio.gather(*waiters) == [True] * 3
        late = asyncio.create_task(bell.wait(0.01))
        assert await late is False

    asyncio.run(go())


def test_a_final_checkpoint_alone_wakes_nobody_who_waits_for_a_block():
    async def go():
        waiting = Waiting()
        block = asyncio.create_task(waiting.block(30))
        news = asyncio.create_task(waiting.news(30))
        await asyncio.sleep(0)
        waiting.tell(block=False)
        assert await news
        assert not block.done()
        waiting.tell()
        assert await block

    asyncio.run(go())


def test_turns_come_in_the_order_of_asking_and_one_a_pass():
    async def go():
        turns, passes, served = Turns(), [0], []
        loop = asyncio.get_running_loop()

        def count():
            passes[0] += 1
            loop.call_soon(count)

        async def ask(name):
            await turns.take("north")
            served.append((name, passes[0]))

        loop.call_soon(count)
        await asyncio.gather(*(ask(name) for name in range(5)))
        return served

    served = asyncio.run(go())
    assert [name for name, _ in served] == [0, 1, 2, 3, 4]
    assert len({at for _, at in served}) == 5


def test_who_goes_away_loses_its_turn_and_holds_up_nobody():
    async def go():
        turns = Turns()
        await turns.take("north")
        gone, stays = (asyncio.create_task(turns.take("north")) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait_for(stays, 5)
        for _ in range(3):
            await asyncio.sleep(0)
        await asyncio.wait_for(turns.take("north"), 5)

    asyncio.run(go())


def test_who_asks_for_much_at_once_waits_for_itself_and_holds_up_others_by_one_piece():
    async def go():
        turns, served = Turns(), []

        async def ask(caller, number):
            await turns.take(caller)
            served.append((caller, number))

        asked = [("flood", number) for number in range(200)] + [("west", 0), ("west", 1), ("east", 0)]
        await asyncio.gather(*(ask(*one) for one in asked))
        return served

    served = asyncio.run(go())
    others = [one for one in served if one[0] != "flood"]
    assert others == [("west", 0), ("east", 0), ("west", 1)]
    assert served.index(("west", 1)) < 8
    assert [number for caller, number in served if caller == "flood"] == list(range(200))


def test_one_caller_has_all_seats_until_others_come_and_keeps_as_many_as_they_get():
    seats = Seats(6)
    held = [seats.take("flood") for _ in range(6)]
    assert seats.take("flood") is None
    got = [seats.take(caller) for caller in ("west", "east", "west", "east")]
    assert [seat.lost for seat in held] == [False, False, True, True, True, True]
    assert [seats.take(caller) for caller in ("flood", "west", "east")] == [None] * 3
    assert seats.taken == 6
    seats.leave("flood", held[5])
    assert seats.taken == 6
    seats.leave("west", got[0])
    assert (seats.taken, seats.take("flood") is None) == (5, False)
    assert seats.take("north") is not None
