"""What other nodes answer when signatures are gathered for an update: no false or late one keeps it back."""

import asyncio

import pytest

from consortia.modules.training.messages import Availability
from consortia.modules.training.rules import availability
from consortia.node.http_answers import HttpProblem
from consortia.node.rounds import AskAvailability, check_signed, enough
from consortia.testing.machine import Bench
from consortia.testing.witnessed import Witnessed

ASK = AskAvailability(bytes(32), bytes(32), "north", bytes(32), 32)


def signed(bench: Bench, name: str, *, by: str = "", size: int = 32) -> Availability:
    message = availability(bench.network, bytes(32), bytes(32), member="north", blob=bytes(32), size=size)
    return Availability(name, bench.key(by or name, "node").sign(message))


def test_a_nodes_own_signature_counts_and_no_other(tmp_path):
    bench = Bench(4)
    ledger = Witnessed.of(bench).ledger
    good = signed(bench, "west")
    assert check_signed(ledger, ASK, "west", good) == good
    for false in (
        signed(bench, "east"),
        signed(bench, "west", by="east"),
        signed(bench, "west", size=33),
        Availability("west", bytes(64)),
    ):
        with pytest.raises(HttpProblem, match="west answers with a signature that is not its node's"):
            check_signed(ledger, ASK, "west", false)


async def answers(*ways: str) -> list[bool]:
    """Let nodes sign, fail or never answer; gives who is done once enough have signed."""

    async def one(way: str) -> str:
        if way == "never":
            await asyncio.Event().wait()
        if way == "fails":
            raise HttpProblem(503, "away")
        return way

    asked = [asyncio.ensure_future(one(way)) for way in ways]
    await asyncio.wait_for(enough(asked, 2), 100)
    done = [each.done() for each in asked]
    for each in asked:
        each.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    return done


def test_where_enough_have_signed_nobody_holds_the_others_up():
    assert asyncio.run(answers("signs", "never", "signs")) == [True, False, True]
    assert asyncio.run(answers("signs", "fails", "signs", "never")) == [True, True, True, False]


def test_where_too_few_have_signed_all_are_heard():
    assert asyncio.run(answers("signs", "fails", "fails")) == [True, True, True]
