"""What governance refuses, and why."""

from msgspec.structs import replace

from consortia.modules.governance import messages as asked
from consortia.modules.governance.types import Action
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.assets import blob, digest
from consortia.testing.scenarios.governance_parts import (
    BOUNDS,
    CHARTER,
    COOLING,
    EXPIRE,
    GENESIS,
    LOCK,
    MEMBERS,
    PAUSE,
    TARGET,
    VOTE,
    ask_pause,
    executed,
    executes,
    later,
    opened,
    passed,
    paused,
    propose,
    ready,
    release,
    row,
    vote,
    voted,
)

GONE = "governance.unknown_proposal"


def _no_proposal(bench: Bench) -> Step:
    return step("north", "approver", asked.CastVote(digest("nothing"), digest("x"), "north", "yes"))


def _swapped_vote(bench: Bench) -> Step:
    proposal = opened(bench)
    return step("north", "approver", replace(vote(proposal, "north"), content=digest("other")))


def _swapped_code(bench: Bench) -> Step:
    proposal = ready(bench)
    return step("north", "operator", asked.Execute(proposal.id, digest("other code")))


def _for_another(bench: Bench) -> Step:
    return step("north", "approver", vote(opened(bench), "east"))


def _joined_later(bench: Bench) -> Step:
    proposal = opened(bench)
    bench.admit_member("harbour")
    return step("harbour", "approver", vote(proposal, "harbour"))


def _not_author(bench: Bench) -> Step:
    return step("east", "admin", asked.Cancel(opened(bench).id))


def _after_closing(bench: Bench) -> Step:
    proposal = opened(bench)
    later(bench, VOTE)
    return step("north", "approver", vote(proposal, "north"))


def _cancels_late(bench: Bench) -> Step:
    proposal = opened(bench)
    later(bench, VOTE)
    return step("north", "admin", asked.Cancel(proposal.id))


def _twice(bench: Bench) -> Step:
    proposal = opened(bench)
    voted(bench, proposal, "north")
    return step("north", "admin", vote(proposal, "north", "no"))


def _counts_early(bench: Bench) -> Step:
    return step("north", "admin", asked.Close(opened(bench).id))


def _puts_away_early(bench: Bench) -> Step:
    return step("north", "admin", asked.Close(ready(bench).id))


def _in_lock(bench: Bench) -> Step:
    return executes(passed(bench))


def _at_once(bench: Bench) -> Step:
    proposal = opened(bench)
    voted(bench, proposal, *MEMBERS)
    later(bench, VOTE + LOCK)
    closing = bench.sign("north", "operator", asked.Close(proposal.id))
    return Step("west", "operator", (asked.Execute(proposal.id, proposal.content),), before=(closing,))


def _uncounted(bench: Bench) -> Step:
    proposal = opened(bench)
    voted(bench, proposal, *MEMBERS)
    later(bench, VOTE + LOCK)
    return executes(proposal)


def _too_late(bench: Bench) -> Step:
    proposal = ready(bench)
    later(bench, EXPIRE + 1)
    return executes(proposal)


def _again(bench: Bench) -> Step:
    return executes(executed(bench, "charter", BOUNDS))


def _rejected(bench: Bench) -> Step:
    proposal = opened(bench)
    later(bench, VOTE)
    bench.ok("west", "worker", asked.Close(proposal.id))
    return step("west", "worker", asked.Close(proposal.id))


def _no_class(bench: Bench) -> Step:
    return step("north", "admin", propose(bench, "whim", BOUNDS))


def _crowd(bench: Bench) -> Step:
    for _ in range(CHARTER.open_max):
        opened(bench)
    return step("north", "admin", propose(bench, "charter", BOUNDS))


def _beyond_class(bench: Bench) -> Step:
    return step("north", "admin", propose(bench, "routine", BOUNDS))


def _bad_fields(bench: Bench) -> Step:
    action = Action("governance.set_bounds", {"name": "tariff", "low": -1, "high": 1, "value": 0})
    return step("north", "admin", asked.Propose("charter", "t", "", (action,)))


def _costly(bench: Bench) -> Step:
    return step("north", "admin", propose(bench, "charter", *[asked.SetCharter(CHARTER)] * 9))


def _no_seat(bench: Bench) -> Step:
    proposal = opened(bench, "release", release(bench))
    return step("west", "approver", asked.Object(proposal.id, "no"))


def _no_board(bench: Bench) -> Step:
    return step("north", "approver", asked.Object(opened(bench).id, "no"))


def _objects_twice(bench: Bench) -> Step:
    proposal = opened(bench, "release", release(bench))
    bench.ok("north", "approver", asked.Object(proposal.id, "no"))
    return step("north", "admin", asked.Object(proposal.id, "no again"))


def _to_itself(bench: Bench) -> Step:
    return step("north", "admin", asked.Delegate("routine", "north"))


def _to_nobody(bench: Bench) -> Step:
    return step("north", "admin", asked.Delegate("routine", "harbour"))


def _never_delegated(bench: Bench) -> Step:
    return step("north", "admin", asked.EndDelegation("routine"))


def _off_council(bench: Bench) -> Step:
    return step("west", "admin", ask_pause())


def _pauses_votes(bench: Bench) -> Step:
    return step("north", "admin", ask_pause("governance.cast_vote"))


def _pauses_keys(bench: Bench) -> Step:
    return step("north", "admin", ask_pause("identity.rotate_node_key"))


def _pauses_long(bench: Bench) -> Step:
    return step("north", "admin", ask_pause(milliseconds=PAUSE + 1))


def _asks_again(bench: Bench) -> Step:
    bench.ok("north", "admin", ask_pause())
    return step("east", "admin", ask_pause())


def _while_paused(bench: Bench) -> Step:
    paused(bench)
    return step("east", "admin", ask_pause())


def _cooling(bench: Bench) -> Step:
    paused(bench)
    later(bench, PAUSE + COOLING - 5_000)
    return step("east", "admin", ask_pause())


def _approves_nothing(bench: Bench) -> Step:
    return step("north", "admin", asked.ApprovePause(TARGET))


def _approves_twice(bench: Bench) -> Step:
    bench.ok("north", "admin", ask_pause())
    return step("north", "admin", asked.ApprovePause(TARGET))


def _withdraws_nothing(bench: Bench) -> Step:
    bench.ok("north", "admin", ask_pause())
    return step("east", "admin", asked.WithdrawPause(TARGET))


def _registers_in_pause(bench: Bench) -> Step:
    paused(bench)
    return step("north", "operator", blob("screen"))


def _two_organisations(bench: Bench) -> Step:
    return step("north", "admin", ask_pause())


REFUSED = (
    row("a vote on nothing", _no_proposal, GONE),
    row("a vote on other actions than were opened", _swapped_vote, "governance.other_content"),
    row("an execution of code swapped behind the voted name", _swapped_code, "governance.other_content"),
    row("a vote for another's organisation", _for_another, "governance.other_member"),
    row("a vote by one that joined after voting opened", _joined_later, "governance.not_elector"),
    row("another takes a proposal back", _not_author, "governance.not_author"),
    row("a vote after closing", _after_closing, "governance.voting_closed"),
    row("a proposal taken back after closing", _cancels_late, "governance.voting_closed"),
    row("a second vote of a member", _twice, "governance.already_voted"),
    row("a count before closing", _counts_early, "governance.too_early"),
    row("a passed proposal put away before its time is over", _puts_away_early, "governance.too_early"),
    row("an execution while the lock holds", _in_lock, "governance.too_early"),
    row("a count and an execution in one block", _at_once, "governance.too_early"),
    row("an execution without a count", _uncounted, "governance.not_passed"),
    row("an execution after its time", _too_late, "governance.expired"),
    row("a second execution", _again, "governance.ended"),
    row("a second count", _rejected, "governance.ended"),
    row("a proposal of no class", _no_class, "governance.unknown_class"),
    row("one proposal too many", _crowd, "governance.too_many_open"),
    row("an action that the class may not hold", _beyond_class, "governance.not_in_class"),
    row("an action with wrong fields", _bad_fields, "governance.bad_action"),
    row("nine charters in one proposal", _costly, "governance.too_costly"),
    row("an objection from outside the board", _no_seat, "governance.not_on_board"),
    row("an objection where the class has no board", _no_board, "governance.not_on_board"),
    row("a second objection of a seat", _objects_twice, "governance.already_objected"),
    row("a member delegates to itself", _to_itself, "governance.bad_delegate"),
    row("a member delegates to nobody", _to_nobody, "governance.bad_delegate"),
    row("the end of no delegation", _never_delegated, "governance.no_delegation"),
    row("a pause asked for from outside the council", _off_council, "governance.not_on_council"),
    row("the council stops votes", _pauses_votes, "governance.not_pausable"),
    row("the council stops the rotation of keys", _pauses_keys, "governance.not_pausable"),
    row("a pause longer than the charter allows", _pauses_long, "governance.pause_too_long"),
    row("a pause that is asked for already", _asks_again, "governance.pause_open"),
    row("a pause of what is paused", _while_paused, "governance.pause_open"),
    row("a pause soon after another, by another seat", _cooling, "governance.cooling"),
    row("an approval of no pause", _approves_nothing, "governance.no_pause"),
    row("a seat approves twice", _approves_twice, "governance.already_approved"),
    row("a seat withdraws what it did not approve", _withdraws_nothing, "governance.not_approved"),
    row("a paused method", _registers_in_pause, "governance.paused"),
    Scenario(
        "a pause in a network of two", _two_organisations, "governance.no_council", members=2, genesis=GENESIS
    ),
)
