"""What the scenarios of governance are made of: a charter in seconds, proposals, votes, clocks."""

from collections.abc import Callable

from msgspec.structs import replace

from consortia.base.codec import Record, to_value
from consortia.base.times import SECOND
from consortia.kernel.block import OK
from consortia.modules.governance import messages as asked
from consortia.modules.governance.charters import default_charter
from consortia.modules.governance.types import (
    Action,
    Charter,
    GovernanceGenesis,
    Proposal,
)
from consortia.testing.machine import NAMES, Bench
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.assets import blob, digest, registered

VOTE, LOCK, EXTEND, EXPIRE = 60 * SECOND, 30 * SECOND, 10 * SECOND, 300 * SECOND
PAUSE, COOLING = 50 * SECOND, 100 * SECOND
MEMBERS = NAMES[:4]
TARGET = "assets.register"
"""What the council pauses in scenarios."""


def short(charter: Charter) -> Charter:
    """The charter with seconds for days; north, east and south sit on the council and on the ethics board."""
    spans = {
        "vote_milliseconds": VOTE,
        "lock_milliseconds": LOCK,
        "extend_milliseconds": EXTEND,
        "expire_milliseconds": EXPIRE,
    }
    seats = tuple(sorted(MEMBERS[:3]))
    return replace(
        charter,
        classes=tuple(replace(one, **spans) for one in charter.classes),
        council=seats,
        ethics=seats,
        pause_milliseconds=PAUSE,
        cooling_milliseconds=COOLING,
    )


CHARTER = short(default_charter(MEMBERS))
GENESIS: dict[str, Record] = {"governance": GovernanceGenesis(CHARTER)}


def with_class(name: str, charter: Charter = CHARTER, **changes: object) -> Charter:
    """A charter, the scenarios' by default, with another class of this name."""
    return replace(
        charter,
        classes=tuple(replace(one, **changes) if one.name == name else one for one in charter.classes),
    )


def act(bench: Bench, message: Record) -> Action:
    """The action that carries out a message."""
    return Action(bench.app.messages[type(message)], dict(to_value(message)))


def propose(bench: Bench, kind: str, *messages: Record, title: str = "A question") -> asked.Propose:
    """The proposal of a class with these actions."""
    return asked.Propose(
        kind, title, "What it is about, for people.", tuple(act(bench, one) for one in messages)
    )


BOUNDS = asked.SetBounds("tariff", 10, 100, 20)


def opened(bench: Bench, kind: str = "charter", *messages: Record, author: str = "north") -> Proposal:
    """A proposal that `author` has opened: by default, to agree on bounds."""
    receipt = bench.ok(author, "admin", propose(bench, kind, *(messages or (BOUNDS,))))
    identity = next(
        event.body["proposal"] for event in receipt.events if event.name == "governance.proposal_opened"
    )
    found: Proposal = bench.query("governance.proposal", proposal=identity).proposal
    return found


def vote(proposal: Proposal, member: str, choice: str = "yes") -> asked.CastVote:
    """A member's vote."""
    return asked.CastVote(proposal.id, proposal.content, member, choice)  # type: ignore[arg-type]


def voted(bench: Bench, proposal: Proposal, *members: str, choice: str = "yes") -> None:
    """Have members vote, all in one block."""
    bench.block(*[bench.sign(name, "approver", vote(proposal, name, choice)) for name in members])


def row(name: str, setup: Callable[[Bench], Step], code: str = OK) -> Scenario:
    """A row of the tables: four members under the charter in seconds."""
    return Scenario(name, setup, code, genesis=GENESIS)


def later(bench: Bench, milliseconds: int) -> None:
    """Have the next block come so much later."""
    bench.time += milliseconds


def passed(bench: Bench, kind: str = "charter", *messages: Record) -> Proposal:
    """A proposal that everybody said yes to, counted; its lock holds."""
    proposal = opened(bench, kind, *messages)
    voted(bench, proposal, *MEMBERS)
    later(bench, VOTE)
    bench.ok("west", "operator", asked.Close(proposal.id))
    return proposal


def ready(bench: Bench, kind: str = "charter", *messages: Record) -> Proposal:
    """A proposal that may be executed."""
    proposal = passed(bench, kind, *messages)
    later(bench, LOCK)
    return proposal


def executes(proposal: Proposal, member: str = "west") -> Step:
    """A member executes a proposal."""
    return step(member, "operator", asked.Execute(proposal.id, proposal.content))


def executed(bench: Bench, kind: str, *messages: Record) -> Proposal:
    """A proposal that was executed."""
    proposal = ready(bench, kind, *messages)
    bench.ok("west", "operator", asked.Execute(proposal.id, proposal.content))
    return proposal


def model(bench: Bench) -> bytes:
    """A model called "screen"."""
    return registered(bench, blob("screen"))


def release(bench: Bench, content: str = "screen") -> asked.ReleaseModel:
    """The release of the model "screen" with the content of a name."""
    return asked.ReleaseModel(model(bench), digest(content))


def ask_pause(target: str = TARGET, milliseconds: int = PAUSE) -> asked.AskPause:
    """The council is asked to pause something."""
    return asked.AskPause(target, milliseconds, "records of a breach")


def paused(bench: Bench, target: str = TARGET) -> None:
    """Have the council pause something."""
    bench.ok("north", "admin", ask_pause(target))
    bench.ok("east", "admin", asked.ApprovePause(target))
    bench.ok("south", "admin", asked.ApprovePause(target))
