"""A stream of blocks: it holds up nobody else, and ends as soon as its caller may not read it any more."""

import asyncio
from types import SimpleNamespace

from consortia.node import http_events
from consortia.node.http_events import _blocks
from consortia.node.waiting import Seats, Turns, Waiting
from tests.node.test_indexing import grown

BLOCKS = 50


def served(seats):
    ledger = grown(*[1] * BLOCKS)
    return SimpleNamespace(ledger=ledger, streams=seats, waiting=Waiting(), turns=Turns(), headlines={})


def streamed(name, stands, seats=None):
    """The pieces of a stream from the beginning, and at which pass of the event loop each came."""
    service = served(seats or Seats(2))
    passes, pieces = [0], []

    async def run():
        loop = asyncio.get_running_loop()

        def count():
            passes[0] += 1
            loop.call_soon(count)

        loop.call_soon(count)
        async for piece in _blocks(service, 0, name, "west", lambda: stands(pieces), brief=False):
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


def test_a_stream_of_one_who_has_most_of_them_ends_where_another_comes():
    seats = Seats(2)
    seats.take("west")

    def stands(so_far):
        if len(so_far) == 10:
            seats.take("east")
        return True

    assert len(streamed("", stands, seats)) == 10
    assert seats.taken == 2


def test_others_get_a_turn_after_each_block_that_any_of_many_streams_reads():
    service, told, passes = served(Seats(20)), [], [0]

    async def follow():
        async for piece in _blocks(service, 0, "", "west", lambda: True, brief=False):
            told.append(passes[0])
            if b"id: %d\n" % BLOCKS in piece:
                return

    async def run():
        loop = asyncio.get_running_loop()

        def count():
            passes[0] += 1
            loop.call_soon(count)

        loop.call_soon(count)
        await asyncio.gather(*[follow() for _ in range(20)])

    asyncio.run(asyncio.wait_for(run(), 60))
    read = [at for at in told if at > told[0]]  # but for the first pieces, for which nothing is read
    assert len(read) == len(set(read))


def test_the_newest_block_is_told_to_all_who_follow_and_made_once(monkeypatch):
    service, made = served(Seats(2)), []
    real = http_events._told
    monkeypatch.setattr(http_events, "_told", lambda *asked: made.append(asked[1:]) or real(*asked))
    pieces = [http_events._piece_of(service, BLOCKS, "") for _ in range(3)]
    assert len(set(pieces)) == len(made) == 1
    assert http_events._piece_of(service, BLOCKS, None) != pieces[0]
    for height in (1, 1, 2):
        http_events._piece_of(service, height, "")
    assert made == [(BLOCKS, ""), (1, ""), (1, ""), (2, "")]
