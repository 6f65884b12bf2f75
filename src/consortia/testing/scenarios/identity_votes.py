"""What identity refuses about votes in consensus: their keys, their powers, and silence."""

from consortia.base.times import HOUR
from consortia.modules.identity.messages import (
    ApprovePower,
    ApproveRemoval,
    Leave,
    ProposeMember,
    ProposePower,
    RevokeKey,
    RotateConsensusKey,
)
from consortia.modules.identity.rules import FULL_QUOTA
from consortia.modules.identity.types import KeySpec
from consortia.testing.machine import Bench, Party, key_from, new_keys
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.identity_parts import added, recovered, removal, seated


def _adds_consensus_key(bench: Bench) -> Step:
    return step("north", "admin", added(bench, "north", "consensus")[0])


def _votes_with_a_node_key(bench: Bench) -> Step:
    return step("north", "admin", RotateConsensusKey(added(bench, "north", "node")[0].key))


def _votes_with_anothers_key(bench: Bench) -> Step:
    bench.ok("east", "admin", seated(bench, "east")[0])
    return step("north", "admin", seated(bench, "east")[0])


def _revokes_consensus_key(bench: Bench) -> Step:
    message, key = seated(bench, "north")
    bench.ok("north", "admin", message)
    return step("north", "admin", RevokeKey(key.key_id))


def _two_consensus_keys(bench: Bench) -> Step:
    party = Party.named("harbour")
    pairs = [(held, party.keys[held.roles[0]]) for held in party.specs]
    for word in ("votes", "votes too"):
        key = key_from("harbour", word)
        pairs.append((KeySpec(key.public, ("consensus",), word), key))
    keys = new_keys(bench.network, "harbour", pairs)
    return step("north", "admin", ProposeMember("harbour", "", keys, FULL_QUOTA, bench.time + HOUR))


def _power_of_nobody(bench: Bench) -> Step:
    return step("north", "admin", ProposePower("harbour", 2, bench.time + HOUR))


def _last_voter_leaves(bench: Bench) -> Step:
    bench.ok("east", "admin", seated(bench, "east")[0])
    return step("east", "admin", Leave(None))


def _last_voter_removed(bench: Bench) -> Step:
    bench.ok("west", "admin", seated(bench, "west")[0])
    bench.ok("north", "admin", removal(bench, "west"))
    bench.ok("east", "admin", ApproveRemoval("west", bench.proposal("removal", "west"), None))
    return step("south", "admin", ApproveRemoval("west", bench.proposal("removal", "west"), None))


def _last_voter_silenced(bench: Bench) -> Step:
    bench.ok("east", "admin", seated(bench, "east")[0])
    bench.ok("north", "admin", ProposePower("east", 0, bench.time + HOUR))
    bench.ok("south", "admin", ApprovePower("east", bench.proposal("power", "east")))
    return step("west", "admin", ApprovePower("east", bench.proposal("power", "east")))


def _last_voter_recovers_without(bench: Bench) -> Step:
    bench.ok("north", "admin", seated(bench, "north")[0])
    return step("north", "recovery", recovered(bench, "north"))


REFUSED = (
    Scenario("a consensus key added", _adds_consensus_key, "identity.bad_roles"),
    Scenario("a node key to vote with", _votes_with_a_node_key, "identity.bad_roles"),
    Scenario("a joiner that votes with two keys", _two_consensus_keys, "identity.bad_key_set"),
    Scenario("another member's consensus key", _votes_with_anothers_key, "identity.key_known"),
    Scenario("the consensus key revoked", _revokes_consensus_key, "identity.needs_rotation"),
    Scenario("a voting power for nobody", _power_of_nobody, "identity.not_a_member"),
    Scenario("the only one that votes leaves", _last_voter_leaves, "identity.last_validator"),
    Scenario("the only one that votes is removed", _last_voter_removed, "identity.last_validator"),
    Scenario("the only one that votes loses its power", _last_voter_silenced, "identity.last_validator"),
    Scenario("the only one that votes recovers without a consensus key", _last_voter_recovers_without,
             "identity.last_validator"),
)  # fmt: skip
