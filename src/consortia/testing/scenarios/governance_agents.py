"""What agents and the treasury do in governance, and what is refused them."""

from collections.abc import Callable

from consortia.base.codec import Record
from consortia.kernel.block import OK
from consortia.modules.bank.messages import Transfer
from consortia.modules.governance import messages as asked
from consortia.modules.governance.types import Proposal
from consortia.modules.identity.mandate_messages import EndMandate
from consortia.modules.predictions.messages import Act
from consortia.modules.predictions.rules import RESOLVED_MIN
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.bank_parts import made
from consortia.testing.scenarios.governance_parts import (
    BOUNDS,
    PAUSE,
    TARGET,
    VOTE,
    executed,
    executes,
    later,
    opened,
    propose,
    ready,
    release,
    row,
    vote,
    voted,
)
from consortia.testing.scenarios.mandates_parts import account, agent, mandate

METHODS = ("governance.advise", "governance.cast_vote", "governance.propose", "governance.suggest")
TARIFF = asked.SetParameter("tariff", 50)


def delegate(bench: Bench, member: str = "north", classes: tuple[str, ...] = ("routine",)) -> bytes:
    """A mandate of a member's agent that may have a say in these classes; its id."""
    return mandate(bench, member, methods=METHODS, classes=classes)


def acts(member: str, message: Record, word: str = "act") -> Step:
    """The agent of a member does something, and accounts for it."""
    return Step(member, "agent", (Act(account(word)), message), agent(member))


def act(bench: Bench, member: str, message: Record, word: str = "act") -> str:
    """Have the agent of a member do something; the code that it meets."""
    (receipt,) = bench.block(acts(member, message, word).sign(bench))
    return receipt.code


def routine(bench: Bench, author: str = "east") -> Proposal:
    """An open proposal to set the tariff, on whose bounds the members agreed."""
    executed(bench, "charter", BOUNDS)
    return opened(bench, "routine", TARIFF, author=author)


def _proposes(bench: Bench) -> Step:
    executed(bench, "charter", BOUNDS)
    delegate(bench)
    return acts("north", propose(bench, "routine", TARIFF))


def _votes(bench: Bench) -> Step:
    proposal = routine(bench)
    delegate(bench)
    return acts("north", vote(proposal, "north"))


def _overrides(bench: Bench) -> Step:
    proposal = routine(bench)
    delegate(bench)
    act(bench, "north", vote(proposal, "north"))
    return step("north", "approver", vote(proposal, "north", "no"))


def _counts(bench: Bench) -> Step:
    proposal = routine(bench)
    delegate(bench)
    act(bench, "north", vote(proposal, "north", "no"))
    voted(bench, proposal, "east", "south")
    later(bench, VOTE)
    return step("west", "worker", asked.Close(proposal.id))


def _only_agents(bench: Bench) -> Step:
    proposal = routine(bench)
    for member in ("north", "south", "west"):
        delegate(bench, member)
        act(bench, member, vote(proposal, member), member)
    later(bench, VOTE)
    return step("west", "worker", asked.Close(proposal.id))


def _ended_before_closing(bench: Bench) -> Step:
    proposal = routine(bench)
    ended = delegate(bench)
    act(bench, "north", vote(proposal, "north"))
    bench.ok("north", "operator", EndMandate(ended))
    voted(bench, proposal, "east")
    later(bench, VOTE)
    return step("west", "worker", asked.Close(proposal.id))


def _author_ended(bench: Bench) -> Step:
    executed(bench, "charter", BOUNDS)
    ended = delegate(bench)
    act(bench, "north", propose(bench, "routine", TARIFF))
    found = bench.query("governance.proposals", status="voting", after=None, limit=9).proposals[0]
    bench.ok("north", "operator", EndMandate(ended))
    later(bench, VOTE)
    return step("west", "worker", asked.Close(found.id))


def _advises(bench: Bench) -> Step:
    proposal = opened(bench, "release", release(bench), author="east")
    delegate(bench, classes=("release", "routine"))
    return acts("north", asked.Advise(proposal.id, proposal.content, "no"))


def _suggests(bench: Bench) -> Step:
    delegate(bench, classes=("emergency",))
    return acts("north", asked.Suggest(TARGET, "many records in a minute"))


def _council_ends(bench: Bench) -> Step:
    ended = delegate(bench, "west")
    bench.ok("north", "admin", asked.EndAgent(ended))
    bench.ok("east", "admin", asked.EndAgent(ended))
    return step("south", "admin", asked.EndAgent(ended))


def _council_ends_late(bench: Bench) -> Step:
    ended = delegate(bench, "west")
    bench.ok("north", "admin", asked.EndAgent(ended))
    bench.ok("east", "admin", asked.EndAgent(ended))
    later(bench, PAUSE)
    return step("south", "admin", asked.EndAgent(ended))


def _vetoed(bench: Bench) -> Step:
    proposal = opened(bench, "release", release(bench))
    bench.ok("north", "approver", asked.Object(proposal.id, "no"))
    return step("east", "approver", asked.Object(proposal.id, "no"))


def _treasury(bench: Bench) -> bytes:
    """A unit of which the treasury has 500."""
    unit = made(bench)
    bench.ok("north", "operator", Transfer("north", "governance:treasury", unit, 500))
    return unit


def _spends(bench: Bench) -> Step:
    return executes(ready(bench, "routine", asked.Spend(_treasury(bench), "west", 400)))


def _overdraws(bench: Bench) -> Step:
    spending = asked.Spend(_treasury(bench), "west", 400)
    return executes(ready(bench, "routine", spending, spending))


DONE = (
    row("an agent proposes within its mandate", _proposes),
    row("an agent votes within its mandate", _votes),
    row("a person votes in the place of its agent", _overrides),
    row("an agent's vote counts for a sixth at most", _counts),
    row("agents alone pass nothing", _only_agents),
    row("the vote of an agent that was ended does not count", _ended_before_closing),
    row("the proposal of an agent that was ended is void", _author_ended),
    row("an agent advises on a release", _advises),
    row("an agent suggests a pause", _suggests),
    row("the third seat of the council ends an agent", _council_ends),
    row("a seat that comes too late to end an agent begins anew", _council_ends_late),
    row("two seats stop a release", _vetoed),
    row("a passed proposal pays from the treasury", _spends),
    row("a second payment that the treasury cannot make undoes the first", _overdraws),
)


def _votes_on_release(bench: Bench) -> Step:
    proposal = opened(bench, "release", release(bench), author="east")
    delegate(bench, classes=("release", "routine"))
    return acts("north", vote(proposal, "north"))


def _beyond_mandate(bench: Bench) -> Step:
    proposal = routine(bench)
    delegate(bench, classes=("release",))
    return acts("north", vote(proposal, "north"))


def _advises_beyond(bench: Bench) -> Step:
    proposal = opened(bench, "release", release(bench), author="east")
    delegate(bench)
    return acts("north", asked.Advise(proposal.id, proposal.content, "no"))


def _joined_later(bench: Bench) -> Step:
    proposal = opened(bench, "release", release(bench), author="east")
    bench.admit_member("harbour")
    delegate(bench, "harbour", ("release",))
    return acts("harbour", asked.Advise(proposal.id, proposal.content, "no"))


def _overwrites(bench: Bench) -> Step:
    proposal = routine(bench)
    delegate(bench)
    voted(bench, proposal, "north", choice="no")
    return acts("north", vote(proposal, "north"))


def _agent_twice(bench: Bench) -> Step:
    proposal = routine(bench)
    delegate(bench)
    act(bench, "north", vote(proposal, "north"))
    return acts("north", vote(proposal, "north", "no"), "again")


def _untrusted(bench: Bench) -> Step:
    """An agent that stated seven tenths where yes was certain: worse than always saying yes."""
    executed(bench, "charter", BOUNDS)
    delegate(bench)
    for number in range(RESOLVED_MIN):
        proposal = opened(bench, "routine", TARIFF, author="east")
        act(bench, "north", vote(proposal, "north"), f"act {number}")
        voted(bench, proposal, "east", "south", "west")
        later(bench, VOTE)
        bench.ok("west", "worker", asked.Close(proposal.id))
        bench.time += 30_000
        bench.ok("west", "worker", asked.Execute(proposal.id, proposal.content))
    proposal = opened(bench, "routine", TARIFF, author="east")
    return acts("north", vote(proposal, "north"), "one more")


def _over_cap(bench: Bench) -> Step:
    half = asked.Spend(digest("unit"), "west", 5_001)
    return step("north", "admin", propose(bench, "routine", half, half))


def _no_agent(bench: Bench) -> Step:
    return step("north", "admin", asked.EndAgent(digest("nothing")))


def _row(name: str, setup: Callable[[Bench], Step], code: str = OK) -> Scenario:
    return row(name, setup, f"governance.{code}")


REFUSED = (
    _row("an agent votes where officers decide", _votes_on_release, "people_only"),
    _row("an agent votes in a class that its mandate does not name", _beyond_mandate, "not_in_mandate"),
    _row("an agent advises in a class that its mandate does not name", _advises_beyond, "not_in_mandate"),
    _row("an agent of one that joined later advises", _joined_later, "not_elector"),
    _row("an agent votes over a person's vote", _overwrites, "already_voted"),
    _row("an agent votes twice", _agent_twice, "already_voted"),
    _row("an agent that was worse than always yes votes", _untrusted, "advice_only"),
    _row("two payments beyond what the class allows together", _over_cap, "over_cap"),
    _row("the council ends no agent", _no_agent, "no_agent"),
)
