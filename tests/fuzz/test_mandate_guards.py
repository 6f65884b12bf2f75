"""Guards of mandates that are no statement of their own: each is taken away, and an auditor misses it."""

from dataclasses import replace as altered

import pytest
from msgspec.structs import replace

from consortia.kernel.ports import Bounds
from consortia.modules.identity import mandates
from consortia.modules.identity.mandate_types import ACT
from consortia.testing.auditors import Found
from consortia.testing.auditors.world import Setting, World

MOVES_MAX = 20_000
PRESSED = ("grant_mandate", "end_mandate", "spend")

pytestmark = pytest.mark.slow


def without(**fields):
    """Judge mandates as if these fields held something else."""
    kept = mandates.over_since
    return {"over_since": lambda ctx, mandate: kept(ctx, replace(mandate, **fields))}


def by_agent():
    """Count what each agent spends apart from what its owner's others do."""
    kept = mandates.acting

    def acting(ctx):
        mandate = kept(ctx)
        return mandate and replace(mandate, owner=f"{mandate.owner}-{mandate.agent}")

    return {"acting": acting}


def bound_by(change):
    kept = mandates.agent_key

    def agent_key(ctx, key):
        state = kept(ctx, key)
        return state and altered(state, bounds=change(state.bounds))

    return {"agent_key": agent_key}


def as_people():
    """Give agents' keys the roles of people as well."""
    kept = mandates.agent_key

    def agent_key(ctx, key):
        state = kept(ctx, key)
        return state and altered(
            state, signer=altered(state.signer, roles=frozenset({"admin", "agent", "operator"}))
        )

    return {"agent_key": agent_key}


GUARDS = {
    "an ended mandate is over": lambda: without(ended=None),
    "an expired mandate is over": lambda: without(expires=1 << 62),
    "what an owner's agents spend counts together": by_agent,
    "a window slides": lambda: {"_since": lambda *_: 0},
    "a window forgets": lambda: {
        "_since": lambda ctx, owner, unit, flow, time: int.from_bytes(flow.total, "big")
    },
    "an agent signs what its mandate names": lambda: bound_by(
        lambda bounds: Bounds(bounds.first, frozenset({"till.spend", "predictions.record_batch"}))
    ),
    "an agent's act is accounted for": lambda: bound_by(lambda _: None),
    "an act waits where its mandate says so": lambda: bound_by(lambda bounds: Bounds(ACT, bounds.methods)),
    "an agent is no person": as_people,
}


def hunt():
    """Play worlds until an auditor finds a fault; the number of moves it took, or None."""
    done, seed = 0, 0
    while done < MOVES_MAX:
        world = World(seed, Setting("identity", 1 + seed % 4, PRESSED if seed % 2 else ("leave", *PRESSED)))
        try:
            while world.moves < 300:
                world.block()
        except Found:
            return done + world.moves
        done, seed = done + world.moves, seed + 1
    return None


@pytest.mark.parametrize("name", sorted(GUARDS))
def test_a_guard_of_mandates_that_is_taken_away_is_missed(name, monkeypatch):
    for place, other in GUARDS[name]().items():
        monkeypatch.setattr(mandates, place, other)
    assert hunt() is not None


def test_an_agent_whose_owner_left_is_missed_where_it_still_acts(monkeypatch):
    kept = mandates.MEMBERS

    class Staying:
        def get(self, ctx, name):
            member = kept.get(ctx, name)
            return member and replace(member, left=None)

    monkeypatch.setattr(mandates, "MEMBERS", Staying())
    assert hunt() is not None
