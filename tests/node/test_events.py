"""A stream of blocks: it holds up nobody else, and ends as soon as its caller may not read it any more."""

import asyncio
from types import SimpleNamespace

import pytest
from starlette.requests import Request

from consortia.node import http_events
from consortia.node.http import Asked
from consortia.node.http_answers import HttpProblem
from consortia.node.http_events import blocks, stream
from consortia.node.waiting import Seats, Turns, Waiting
from tests.node.test_indexing import grown

BLOCKS = 50


def served(seats=None):
    """A node with `BLOCKS` blocks, at which everybody may read, in so many seats."""
    return SimpleNamespace(
        ledger=grown(*[1] * BLOCKS),
        streams=seats,
        waiting=Waiting(),
        turns=Turns(),
        headlines={},
        gate=SimpleNamespace(stands=lambda *_: True),
        now=lambda: 0,
    )


def count(passes):
    """Count the passes of the event loop from now on."""
    passes[0] += 1
    asyncio.get_running_loop().call_soon(count, passes)


def streamed(name, stands):
    """The pieces of a stream from the beginning, and at which pass of the event loop each came."""
    service = served()
    passes, pieces = [0], []

    async def run():
        count(passes)
        async for piece in blocks(service, 0, name, "west", lambda: stands(pieces)):
            pieces.append((passes[0], piece))
            if piece.startswith(b": still here"):
                break

    asyncio.run(asyncio.wait_for(run(), 60))
    return pieces


def test_others_get_a_turn_after_each_block_that_a_stream_reads(monkeypatch):
    monkeypatch.setattr("consortia.node.http_events.HEARTBEAT_SECONDS", 0.0)
    told = [at for at, piece in streamed("", lambda _: True) if b"event: block" in piece]
    assert len(told) == len(set(told)) == BLOCKS
    pieces = streamed("no.such.event", lambda _: True)
    assert [piece for _, piece in pieces] == [b"retry: 1000\n\n", b": still here\n\n"]
    assert pieces[-1][0] - pieces[0][0] >= BLOCKS


def test_a_stream_that_is_behind_ends_with_its_callers_token():
    pieces = streamed("", lambda so_far: len(so_far) < 10)
    assert len(pieces) == 10


SCOPE = {"type": "http", "method": "GET", "path": "/v1/stream", "headers": [], "query_string": b"after=0"}


def opened(seats, caller="west"):
    """The answer to a caller that asks for a stream of all blocks."""
    return stream(Asked(served(seats), SimpleNamespace(counted=caller), Request(SCOPE), b""))


def test_a_stream_of_one_who_has_most_of_them_ends_where_another_comes():
    seats, told = Seats(2), []
    seats.take("west")

    async def send(message):
        told.append(message)
        if len(told) == 10:
            assert seats.take("east") is not None

    async def run():
        answer = await opened(seats)
        await answer(SCOPE, asyncio.Event().wait, send)

    asyncio.run(asyncio.wait_for(run(), 60))
    assert seats.taken == 2
    assert len(told) == 11  # the head, nine pieces, and the end


def test_a_seat_is_taken_with_the_answer_and_given_back_by_one_who_is_gone_already():
    seats = Seats(1)

    async def gone():
        return {"type": "http.disconnect"}

    async def send(_message):
        await asyncio.sleep(0)

    async def run():
        answer = await opened(seats)
        assert seats.taken == 1
        with pytest.raises(HttpProblem, match="all 600 streams are taken"):
            await opened(seats, "east")
        await answer(SCOPE, gone, send)

    asyncio.run(asyncio.wait_for(run(), 60))
    assert seats.taken == 0


def test_others_get_a_turn_after_each_block_that_any_of_many_streams_reads():
    service, told, passes = served(), [], [0]

    async def follow():
        async for piece in blocks(service, 0, "", "west", lambda: True):
            told.append(passes[0])
            if b"id: %d\n" % BLOCKS in piece:
                return

    async def run():
        count(passes)
        await asyncio.gather(*[follow() for _ in range(20)])

    asyncio.run(asyncio.wait_for(run(), 60))
    read = [at for at in told if at > told[0]]  # but for the first pieces, for which nothing is read
    assert len(read) == len(set(read))


def test_the_newest_block_is_told_to_all_who_follow_and_made_once(monkeypatch):
    service, made = served(), []
    real = http_events._told
    monkeypatch.setattr(http_events, "_told", lambda *asked: made.append(asked[1:]) or real(*asked))
    pieces = [http_events._piece_of(service, BLOCKS, "") for _ in range(3)]
    assert len(set(pieces)) == len(made) == 1
    assert http_events._piece_of(service, BLOCKS, None) != pieces[0]
    for height in (1, 1, 2):
        http_events._piece_of(service, height, "")
    assert made == [(BLOCKS, ""), (1, ""), (1, ""), (2, "")]
