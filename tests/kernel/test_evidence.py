"""What a proof carries besides an entry leads to that entry when it is computed anew, or is refused."""

import pytest
from msgspec.structs import replace

from consortia.base.codec import encode_record
from consortia.kernel.proof import RecordOpening
from consortia.kernel.prove import Openings, prove_state
from consortia.kernel.verify import verify_proof
from consortia.modules.ballots.state import ELECTIONS
from consortia.sdk.elections import count_key, gathered
from consortia.testing.machine import Bench
from consortia.testing.voting import Held
from consortia.testing.witnessed import Witnessed


@pytest.fixture(scope="module")
def world():
    """A ledger with an entry that has evidence, and that evidence."""
    held = Held.opened(Bench(5))
    held.prepare()
    held.vote(0, 0, 1, 2, 0)
    held.close()
    held.decrypt("east", "north", "south")
    ask = lambda name, arguments, kind: held.bench.query(name, arguments)  # noqa: E731
    return Witnessed.of(held.bench), held.id, gathered(ask, held.id)


def verdict(world, key, evidence, **more):
    kept = world[0]
    openings = Openings(evidence=evidence, **more)
    data = prove_state(kept.ledger, key, openings=openings).encode()
    return verify_proof(kept.bench.app, data, kept.bench.network)


def test_evidence_is_computed_anew(world):
    _, election, count = world
    found = verdict(world, count_key(election), encode_record(count))
    assert found.ok
    assert found.steps[6].text.startswith("counted again from 5 ballots")


def test_evidence_of_something_else_is_refused(world):
    _, election, count = world
    less = replace(count, ballots=count.ballots[1:])
    assert verdict(world, count_key(election), encode_record(less)).failed == 7
    assert verdict(world, count_key(election), b"\x00").failed == 7


@pytest.mark.parametrize("place", ["absent", "of another table", "of no table"])
def test_evidence_for_an_entry_that_takes_none_is_refused(world, place):
    _, election, count = world
    key = {
        "absent": count_key(bytes(32)),
        "of another table": ELECTIONS.state_key(election),
        "of no table": b"nothing",
    }[place]
    assert verdict(world, key, encode_record(count)).failed == 7


def test_a_proof_opens_one_thing(world):
    _, election, count = world
    record = RecordOpening(b"", bytes(32), 0, 1, ())
    found = verdict(world, count_key(election), encode_record(count), record=record)
    assert found.failed == 7
    assert "not two of them" in found.steps[6].text
