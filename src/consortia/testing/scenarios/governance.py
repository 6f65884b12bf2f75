"""What is done to governance, and what it answers."""

from collections.abc import Callable

from msgspec.structs import replace

from consortia.kernel.genesis import ModuleVersion
from consortia.modules.bank.messages import Transfer
from consortia.modules.governance import messages as asked
from consortia.modules.governance.types import Share
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Step, governance_agents, governance_secret, step
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.bank_parts import made
from consortia.testing.scenarios.governance_parts import (
    BOUNDS,
    CHARTER,
    EXPIRE,
    EXTEND,
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
    with_class,
)
from consortia.testing.scenarios.governance_refused import REFUSED


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


def _takes_back_late(bench: Bench) -> Step:
    bench.ok("south", "admin", asked.Delegate("charter", "north"))
    proposal = opened(bench)
    voted(bench, proposal, "north", "east")
    later(bench, VOTE - EXTEND)
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
    row("a member proposes bounds for a tariff", _opens),
    row("a member votes", _votes),
    row("a vote at the last moment turns the outcome and gives more time", _turns_late),
    row("three of four said yes, and the proposal passes", _counts),
    row("two of four said yes where more than two thirds must", _lacks_votes),
    row("one votes for another that did not, and not for one that did", _delegated_vote),
    row("a passed proposal sets bounds", _executes_bounds),
    row("a passed proposal changes the charter", _executes_charter),
    row("a passed proposal schedules an upgrade", _executes_upgrade),
    row("a passed proposal releases a model", _executes_release),
    row("a passed proposal schedules a member", _executes_member),
    row("a passed proposal sets a parameter within its bounds", _executes_parameter),
    row("an author takes its proposal back", _cancels),
    row("a seat of the ethics board objects", _objects),
    row("the second of three seats stops a passed release", _stops),
    row("a passed proposal that nobody executed is put away", _expires),
    row("a member lets another vote for it", _delegates),
    row("a member takes its voice back while a vote is open", _takes_back),
    row("a voice taken back at the last moment turns the outcome and gives more time", _takes_back_late),
    row("a seat of the council asks for a pause", _asks),
    row("the third seat pauses a method at once", _third_seat),
    row("a seat takes its approval back and the pause ends", _ends_pause),
    row("a vote during a pause", _votes_in_pause),
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


def _vault(bench: Bench) -> tuple[object, ...]:
    unit = made(bench)
    bench.ok("north", "operator", Transfer("north", "governance:treasury", unit, 100))
    return (asked.Spend(unit, "bank:vault", 10),)


def _past(bench: Bench) -> tuple[object, ...]:
    return (asked.ScheduleUpgrade((ModuleVersion("assets", 2),), digest("software"), bench.time),)


def _no_quorum(bench: Bench) -> tuple[object, ...]:
    return (asked.SetCharter(with_class("charter", quorum=Share(1, 3))),)


FAILED = (
    row("an action is refused, and the one before it is undone", _fails("charter", _half_done)),
    row("a parameter that nobody agreed on", _fails("routine", _no_parameter)),
    row("a release of another content than was voted on", _fails("release", _other_content)),
    row("a release of no model", _fails("release", _no_model)),
    row("a removal of no member", _fails("members", _stranger)),
    row("a payment out of the treasury to no member", _fails("routine", _vault)),
    row("an upgrade in the past", _fails("upgrade", _past)),
    row("a charter without a quorum", _fails("charter", _no_quorum)),
)

SCENARIOS = (
    *(DONE + governance_agents.DONE + governance_secret.DONE),
    *(FAILED + REFUSED + governance_agents.REFUSED + governance_secret.REFUSED),
)
