"""What is done to identity, and what it answers."""

from consortia.base.times import HOUR
from consortia.modules.identity.messages import (
    Accept,
    AddAttestor,
    ApproveMember,
    ApprovePower,
    ApproveQuota,
    ApproveRemoval,
    Leave,
    ProposePower,
    ProposeQuota,
    RevokeKey,
    SetEndpoint,
    SetQuota,
    Withdraw,
)
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, identity_mandates, identity_persons, step
from consortia.testing.scenarios.identity_parts import (
    CERTIFICATE,
    SECP256K1,
    SMALL,
    added,
    joining,
    proposed,
    recovered,
    removal,
    rotated,
    seated,
    voter,
)
from consortia.testing.scenarios.identity_refused import REFUSED
from consortia.testing.scenarios.identity_votes import REFUSED as REFUSED_VOTES


def _proposes_member(bench: Bench) -> Step:
    return step("north", "admin", joining(bench))


def _approves_member(bench: Bench) -> Step:
    proposed(bench)
    return step("east", "admin", ApproveMember("harbour", bench.proposal("admission", "harbour")))


def _accepts(bench: Bench) -> Step:
    proposed(bench, approved_by=("east", "south"))
    return step("harbour", "admin", Accept("harbour", None))


def _accepts_second(bench: Bench) -> Step:
    bench.admit_member("valley")
    proposed(bench, approved_by=("east", "south", "west"))
    return step("harbour", "admin", Accept("harbour", bench.covering()))


def _proposes_again_after_expiry(bench: Bench) -> Step:
    proposed(bench)
    bench.time += 48 * HOUR
    return step("east", "admin", joining(bench))


def _proposes_removal(bench: Bench) -> Step:
    return step("north", "admin", removal(bench, "west"))


def _removes_at_once(bench: Bench) -> Step:
    return step("north", "admin", removal(bench, "east"))


def _decides_removal(bench: Bench) -> Step:
    bench.ok("north", "admin", removal(bench, "west"))
    bench.ok("east", "admin", ApproveRemoval("west", bench.proposal("removal", "west"), None))
    return step("south", "admin", ApproveRemoval("west", bench.proposal("removal", "west"), None))


def _approves_removal(bench: Bench) -> Step:
    bench.ok("north", "admin", removal(bench, "west"))
    return step("east", "admin", ApproveRemoval("west", bench.proposal("removal", "west"), None))


def _leaves(bench: Bench) -> Step:
    bench.ok("east", "admin", SetEndpoint("http://127.0.0.1:7001", None))
    return step("east", "admin", Leave(None))


def _proposes_quota(bench: Bench) -> Step:
    return step("north", "admin", ProposeQuota("east", SMALL, bench.time + HOUR))


def _approves_quota(bench: Bench) -> Step:
    bench.ok("north", "admin", ProposeQuota("east", SMALL, bench.time + HOUR))
    bench.ok("south", "admin", ApproveQuota("east", bench.proposal("quota", "east")))
    return step("west", "admin", ApproveQuota("east", bench.proposal("quota", "east")))


def _withdraws(bench: Bench) -> Step:
    proposed(bench)
    return step("north", "admin", Withdraw("admission", "harbour"))


def _withdraws_expired(bench: Bench) -> Step:
    proposed(bench)
    bench.time += 48 * HOUR
    return step("east", "admin", Withdraw("admission", "harbour"))


def _adds_key(bench: Bench) -> Step:
    return step("north", "admin", added(bench, "north", "admin", "analyst")[0])


def _revokes_key(bench: Bench) -> Step:
    return step("north", "admin", RevokeKey(bench.key("north", "worker").key_id))


def _rotates(bench: Bench) -> Step:
    return step("north", "admin", rotated(bench, "north")[0])


def _names_a_consensus_key(bench: Bench) -> Step:
    return step("north", "admin", seated(bench, "north")[0])


def _rotates_the_consensus_key(bench: Bench) -> Step:
    bench.ok("north", "admin", seated(bench, "north")[0])
    return step("north", "admin", seated(bench, "north", "votes next")[0])


def _accepts_and_votes(bench: Bench) -> Step:
    party = voter("harbour")
    bench.ok("north", "admin", joining(bench, "harbour", party))
    for name in ("east", "south"):
        bench.ok(name, "admin", ApproveMember("harbour", bench.proposal("admission", "harbour")))
    bench.parties["harbour"] = party
    return step("harbour", "admin", Accept("harbour", None))


def _proposes_power(bench: Bench) -> Step:
    return step("north", "admin", ProposePower("east", 3, bench.time + HOUR))


def _approves_power(bench: Bench) -> Step:
    bench.ok("east", "admin", seated(bench, "east")[0])
    bench.ok("north", "admin", ProposePower("east", 3, bench.time + HOUR))
    bench.ok("south", "admin", ApprovePower("east", bench.proposal("power", "east")))
    return step("west", "admin", ApprovePower("east", bench.proposal("power", "east")))


def _one_of_two_voters_leaves(bench: Bench) -> Step:
    for name in ("east", "south"):
        bench.ok(name, "admin", seated(bench, name)[0])
    return step("east", "admin", Leave(None))


def _recovers(bench: Bench) -> Step:
    return step("north", "recovery", recovered(bench, "north"))


def _adds_attestor(bench: Bench) -> Step:
    return step("north", "admin", AddAttestor("secp256k1", SECP256K1))


def _sets_endpoint(bench: Bench) -> Step:
    return step("north", "node", SetEndpoint("https://north.example:7000", CERTIFICATE))


def _lowers_quota(bench: Bench) -> Step:
    return step("north", "admin", SetQuota(SMALL))


DONE = (
    Scenario("an administrator proposes a member", _proposes_member),
    Scenario("a member approves an admission", _approves_member),
    Scenario("the joiner accepts and is a member", _accepts),
    Scenario("a second joiner shows the checkpoint of the first", _accepts_second),
    Scenario("an expired proposal is made anew by another", _proposes_again_after_expiry),
    Scenario("a member proposes a removal", _proposes_removal),
    Scenario("a member approves a removal", _approves_removal),
    Scenario("one of two members removes the other", _removes_at_once, members=2),
    Scenario("the last approval needed removes the member", _decides_removal),
    Scenario("a member leaves", _leaves),
    Scenario("a member proposes a quota", _proposes_quota),
    Scenario("the only member sets a quota by itself", lambda bench: step(
        "north", "admin", ProposeQuota("north", SMALL, bench.time + HOUR)), members=1),
    Scenario("the last approval needed puts a quota in force", _approves_quota),
    Scenario("a member names the key with which it votes in consensus", _names_a_consensus_key),
    Scenario("a member votes with another key from now on", _rotates_the_consensus_key),
    Scenario("a joiner with a consensus key accepts and votes", _accepts_and_votes),
    Scenario("a member proposes a voting power", _proposes_power),
    Scenario("the only member sets its voting power by itself", lambda bench: step(
        "north", "admin", ProposePower("north", 1000, bench.time + HOUR)), members=1),
    Scenario("the last approval needed puts a voting power in force", _approves_power),
    Scenario("one of two that vote leaves", _one_of_two_voters_leaves),
    Scenario("the proposer takes a proposal back", _withdraws),
    Scenario("anybody takes back an expired proposal", _withdraws_expired),
    Scenario("an administrator adds a key", _adds_key),
    Scenario("an administrator revokes a key", _revokes_key),
    Scenario("an administrator rotates the node key", _rotates),
    Scenario("the recovery key alone replaces all keys", _recovers),
    Scenario("a member names its attestor", _adds_attestor),
    Scenario("a node says where it is reached", _sets_endpoint),
    Scenario("a member lowers its quota", _lowers_quota),
)  # fmt: skip

SCENARIOS = (
    *(DONE + identity_mandates.DONE + identity_persons.DONE),
    *(REFUSED + REFUSED_VOTES + identity_mandates.REFUSED + identity_persons.REFUSED),
)
