"""What is done to governance, and what it answers."""

from collections.abc import Callable

from msgspec.structs import replace

from consortia.kernel.block import OK
from consortia.kernel.genesis import ModuleVersion
from consortia.modules.governance import messages as asked
from consortia.modules.governance.types import Action, Share
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.assets import blob, digest
from consortia.testing.scenarios.governance_parts import (
    BOUNDS,
    CHARTER,
    COOLING,
    EXPIRE,
    EXTEND,
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
    vote,
    voted,
    with_class,
)

GONE = "governance.unknown_proposal"


def _row(name: str, setup: Callable[[Bench], Step], code: str = OK) -> Scenario:
    return Scenario(name, setup, code, genesis=GENESIS)


def _opens(bench: Bench) -> Step:
    return step("north", "analyst", propose(bench, "charter", BOUNDS))


def _votes(bench: Bench) -> Step:
    return step("east", "approver", vote(opened(bench), "east"))


def _turns_late(bench: Bench) -> Step:
    proposal = opened(bench)
    voted(bench, proposal, "north", "east")
    later(bench, VOTE - EXTEND)
    return step("south", "approver", vote(proposal, "south"))


def _counts(bench: Bench) -> Step:
    proposal = opened(bench)
    voted(bench, proposal, "north", "east", "south")
    later(bench, VOTE)
    return step("west", "worker", asked.Close(proposal.id))


def _lacks_votes(bench: Bench) -> Step:
    proposal = opened(bench)
    voted(bench, proposal, "north", "east")
    later(bench, VOTE)
    return step("west", "worker", asked.Close(proposal.id))


def _delegated_vote(bench: Bench) -> Step:
    for member in ("south", "west"):
        bench.ok(member, "admin", asked.Delegate("charter", "east"))
    proposal = opened(bench)
    voted(bench, proposal, "east")
    voted(bench, proposal, "west", choice="no")
    voted(bench, proposal, "north")
    later(bench, VOTE)
    return step("west", "worker", asked.Close(proposal.id))


def _executes_bounds(bench: Bench) -> Step:
    return executes(ready(bench))


def _executes_charter(bench: Bench) -> Step:
    law = replace(CHARTER, open_max=2)
    return executes(ready(bench, "charter", asked.SetCharter(law)))


def _executes_upgrade(bench: Bench) -> Step:
    upgrade = asked.ScheduleUpgrade(
        (ModuleVersion("assets", 2),), digest("software"), bench.time + 1000 * VOTE
    )
    return executes(ready(bench, "upgrade", upgrade))


def _executes_release(bench: Bench) -> Step:
    return executes(ready(bench, "release", release(bench)))


def _executes_member(bench: Bench) -> Step:
    return executes(ready(bench, "members", asked.ScheduleMember("admission", "harbour")))


def _executes_parameter(bench: Bench) -> Step:
    executed(bench, "charter", BOUNDS)
    return executes(ready(bench, "routine", asked.SetParameter("tariff", 100)))


def _cancels(bench: Bench) -> Step:
    return step("north", "operator", asked.Cancel(opened(bench).id))


def _objects(bench: Bench) -> Step:
    proposal = opened(bench, "release", release(bench))
    return step("south", "approver", asked.Object(proposal.id, "no test on children"))


def _stops(bench: Bench) -> Step:
    proposal = passed(bench, "release", release(bench))
    bench.ok("north", "approver", asked.Object(proposal.id, "no test on children"))
    return step("south", "approver", asked.Object(proposal.id, "nor on the old"))


def _expires(bench: Bench) -> Step:
    proposal = ready(bench)
    later(bench, EXPIRE + 1)
    return step("west", "operator", asked.Close(proposal.id))


def _delegates(bench: Bench) -> Step:
    return step("south", "admin", asked.Delegate("routine", "east"))


def _takes_back(bench: Bench) -> Step:
    bench.ok("south", "admin", asked.Delegate("charter", "east"))
    opened(bench)
    return step("south", "admin", asked.EndDelegation("charter"))


def _asks(bench: Bench) -> Step:
    return step("north", "admin", ask_pause())


def _third_seat(bench: Bench) -> Step:
    bench.ok("north", "admin", ask_pause())
    bench.ok("east", "admin", asked.ApprovePause(TARGET))
    return step("south", "approver", asked.ApprovePause(TARGET))


def _ends_pause(bench: Bench) -> Step:
    paused(bench)
    return step("east", "admin", asked.WithdrawPause(TARGET))


def _votes_in_pause(bench: Bench) -> Step:
    proposal = opened(bench)
    paused(bench)
    return step("west", "approver", vote(proposal, "west"))


DONE = (
    _row("a member proposes bounds for a tariff", _opens),
    _row("a member votes", _votes),
    _row("a vote at the last moment turns the outcome and gives more time", _turns_late),
    _row("three of four said yes, and the proposal passes", _counts),
    _row("two of four said yes where more than two thirds must", _lacks_votes),
    _row("one votes for another that did not, and not for one that did", _delegated_vote),
    _row("a passed proposal sets bounds", _executes_bounds),
    _row("a passed proposal changes the charter", _executes_charter),
    _row("a passed proposal schedules an upgrade", _executes_upgrade),
    _row("a passed proposal releases a model", _executes_release),
    _row("a passed proposal schedules a member", _executes_member),
    _row("a passed proposal sets a parameter within its bounds", _executes_parameter),
    _row("an author takes its proposal back", _cancels),
    _row("a seat of the ethics board objects", _objects),
    _row("the second of three seats stops a passed release", _stops),
    _row("a passed proposal that nobody executed is put away", _expires),
    _row("a member lets another vote for it", _delegates),
    _row("a member takes its voice back while a vote is open", _takes_back),
    _row("a seat of the council asks for a pause", _asks),
    _row("the third seat pauses a method at once", _third_seat),
    _row("a seat takes its approval back and the pause ends", _ends_pause),
    _row("a vote during a pause", _votes_in_pause),
)


def _fails(kind: str, prepare: Callable[[Bench], tuple[object, ...]]) -> Callable[[Bench], Step]:
    """A proposal whose last action is refused once it is carried out."""

    def setup(bench: Bench) -> Step:
        return executes(ready(bench, kind, *prepare(bench)))  # type: ignore[arg-type]

    return setup


def _half_done(bench: Bench) -> tuple[object, ...]:
    return (BOUNDS, asked.SetBounds("other", 5, 1, 3))


def _no_parameter(bench: Bench) -> tuple[object, ...]:
    return (asked.SetParameter("nothing", 1),)


def _other_content(bench: Bench) -> tuple[object, ...]:
    return (release(bench, "swapped"),)


def _no_model(bench: Bench) -> tuple[object, ...]:
    return (asked.ReleaseModel(digest("nothing"), digest("screen")),)


def _stranger(bench: Bench) -> tuple[object, ...]:
    return (asked.ScheduleMember("removal", "harbour"),)


def _past(bench: Bench) -> tuple[object, ...]:
    return (asked.ScheduleUpgrade((ModuleVersion("assets", 2),), digest("software"), bench.time),)


def _no_quorum(bench: Bench) -> tuple[object, ...]:
    return (asked.SetCharter(with_class("charter", quorum=Share(1, 3))),)


FAILED = (
    _row("an action is refused, and the one before it is undone", _fails("charter", _half_done)),
    _row("a parameter that nobody agreed on", _fails("routine", _no_parameter)),
    _row("a release of another content than was voted on", _fails("release", _other_content)),
    _row("a release of no model", _fails("release", _no_model)),
    _row("a removal of no member", _fails("members", _stranger)),
    _row("an upgrade in the past", _fails("upgrade", _past)),
    _row("a charter without a quorum", _fails("charter", _no_quorum)),
)


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
    _row("a vote on nothing", _no_proposal, GONE),
    _row("a vote on other actions than were opened", _swapped_vote, "governance.other_content"),
    _row("an execution of code swapped behind the voted name", _swapped_code, "governance.other_content"),
    _row("a vote for another's organisation", _for_another, "governance.other_member"),
    _row("a vote by one that joined after voting opened", _joined_later, "governance.not_elector"),
    _row("another takes a proposal back", _not_author, "governance.not_author"),
    _row("a vote after closing", _after_closing, "governance.voting_closed"),
    _row("a proposal taken back after closing", _cancels_late, "governance.voting_closed"),
    _row("a second vote of a member", _twice, "governance.already_voted"),
    _row("a count before closing", _counts_early, "governance.too_early"),
    _row("a passed proposal put away before its time is over", _puts_away_early, "governance.too_early"),
    _row("an execution while the lock holds", _in_lock, "governance.too_early"),
    _row("a count and an execution in one block", _at_once, "governance.too_early"),
    _row("an execution without a count", _uncounted, "governance.not_passed"),
    _row("an execution after its time", _too_late, "governance.expired"),
    _row("a second execution", _again, "governance.ended"),
    _row("a second count", _rejected, "governance.ended"),
    _row("a proposal of no class", _no_class, "governance.unknown_class"),
    _row("one proposal too many", _crowd, "governance.too_many_open"),
    _row("an action that the class may not hold", _beyond_class, "governance.not_in_class"),
    _row("an action with wrong fields", _bad_fields, "governance.bad_action"),
    _row("nine charters in one proposal", _costly, "governance.too_costly"),
    _row("an objection from outside the board", _no_seat, "governance.not_on_board"),
    _row("an objection where the class has no board", _no_board, "governance.not_on_board"),
    _row("a second objection of a seat", _objects_twice, "governance.already_objected"),
    _row("a member delegates to itself", _to_itself, "governance.bad_delegate"),
    _row("a member delegates to nobody", _to_nobody, "governance.bad_delegate"),
    _row("the end of no delegation", _never_delegated, "governance.no_delegation"),
    _row("a pause asked for from outside the council", _off_council, "governance.not_on_council"),
    _row("the council stops votes", _pauses_votes, "governance.not_pausable"),
    _row("the council stops the rotation of keys", _pauses_keys, "governance.not_pausable"),
    _row("a pause longer than the charter allows", _pauses_long, "governance.pause_too_long"),
    _row("a pause that is asked for already", _asks_again, "governance.pause_open"),
    _row("a pause of what is paused", _while_paused, "governance.pause_open"),
    _row("a pause soon after another, by another seat", _cooling, "governance.cooling"),
    _row("an approval of no pause", _approves_nothing, "governance.no_pause"),
    _row("a seat approves twice", _approves_twice, "governance.already_approved"),
    _row("a seat withdraws what it did not approve", _withdraws_nothing, "governance.not_approved"),
    _row("a paused method", _registers_in_pause, "governance.paused"),
    Scenario(
        "a pause in a network of two", _two_organisations, "governance.no_council", members=2, genesis=GENESIS
    ),
)

SCENARIOS = DONE + FAILED + REFUSED
