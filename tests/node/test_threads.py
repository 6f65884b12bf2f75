"""A peer that never answers takes its own threads, and nobody else's."""

import asyncio
from threading import Event

import pytest

from consortia.node.threads import Threads
from consortia.sdk.errors import Unreachable


def test_who_never_answers_takes_no_more_threads_than_one_peer_may():
    async def work() -> None:
        threads, answered = Threads(4, 2), Event()
        stuck = [asyncio.ensure_future(threads.run(answered.wait, "west")) for _ in range(3)]
        done, _ = await asyncio.wait(stuck, return_when=asyncio.FIRST_COMPLETED)
        with pytest.raises(Unreachable, match="west has 2 questions to answer"):
            done.pop().result()
        for each in stuck:  # nobody waits for them any more, and they are under way all the same
            each.cancel()
        with pytest.raises(Unreachable):
            await threads.run(answered.wait, "west")
        assert await threads.run(lambda: "east", "east") == "east"
        assert await threads.run(lambda: "mine") == "mine"
        answered.set()
        while True:
            try:
                assert await threads.run(lambda: "back", "west") == "back"
            except Unreachable:
                await asyncio.sleep(0)
            else:
                break
        threads.close()

    asyncio.run(work())


def test_what_fails_gives_its_thread_back():
    async def work() -> None:
        threads = Threads(2, 1)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await threads.run(lambda: 1 // 0, "west")
        threads.close()

    asyncio.run(work())
