"""A stream of blocks: it holds up nobody else, and ends as soon as its caller may not read it any more."""

import asyncio
from types import SimpleNamespace

from consortia.node.http_events import _blocks
from consortia.node.waiting import Seats, Waiting
from tests.node.test_indexing import grown

BLOCKS = 50


def streamed(name, stands, seats=None):
    """The pieces of a stream from the beginning, and at which pass of the event loop each came."""
    ledger = grown(*[1] * BLOCKS)
    service = SimpleNamespace(ledger=ledger, streams=seats or Seats(2), waiting=Waiting())
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
