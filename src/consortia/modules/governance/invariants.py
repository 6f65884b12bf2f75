"""What holds after every block."""

from collections import Counter

from consortia.kernel.context import Context
from consortia.kernel.module import Invariant
from consortia.modules.governance.ports import Ports
from consortia.modules.governance.rules import charter_fits, content_hash
from consortia.modules.governance.state import (
    AGENT_VOTES,
    CHARTERS,
    ELECTORS,
    OPEN,
    PAUSES,
    PROGRESS,
    PROPOSALS,
    STOPS,
    VOTES,
    charter_number,
)
from consortia.modules.governance.types import OPEN_MAX, PAUSE_MILLISECONDS_MAX, UNITS

LIVE = ("voting", "passed")


def charters(ctx: Context, _ports: Ports) -> str | None:
    """Charters are numbered from 0, the last one is in force, and each can govern."""
    for number, ((part,), charter) in enumerate(CHARTERS.scan(ctx)):
        if part != number or not charter_fits(charter):
            return f"charter {number} cannot govern, or is missing"
    count = sum(1 for _ in CHARTERS.scan(ctx))
    return None if charter_number(ctx) == count - 1 else "another charter than the last is in force"


def proposals(ctx: Context, _ports: Ports) -> str | None:
    """Every proposal is what its hash says, has its progress, and is open exactly as long as it lives."""
    open_now = {key[1]: key[0] for key, _ in OPEN.scan(ctx)}
    alive = 0
    for _, proposal in PROPOSALS.scan(ctx):
        name, progress = proposal.id.hex(), PROGRESS.get(ctx, proposal.id)
        if progress is None or content_hash(proposal.kind, proposal.actions) != proposal.content:
            return f"proposal {name} is another than was opened"
        live = progress.status in LIVE
        if live != (open_now.get(proposal.id) == proposal.author):
            return f"proposal {name} is {progress.status} and open, or neither"
        if (progress.ready is None) != (progress.until is None) or (
            progress.status in ("passed", "executed", "failed", "expired") and progress.ready is None
        ):
            return f"proposal {name} is {progress.status} without a time"
        alive += live
    crowded = [author for author, count in Counter(open_now.values()).items() if count > OPEN_MAX]
    return None if alive == len(open_now) and not crowded else "an open place belongs to no proposal"


def votes(ctx: Context, _ports: Ports) -> str | None:
    """Only electors voted, and a proposal's units are those of its electors."""
    units = Counter[object]()
    for key, elector in ELECTORS.scan(ctx):
        units[key[0]] += UNITS * elector.weight
    for _, proposal in PROPOSALS.scan(ctx):
        if units[proposal.id] != proposal.units:
            return f"proposal {proposal.id.hex()} has other electors than when it was opened"
    cast = [key for table in (VOTES, AGENT_VOTES) for key, _ in table.scan(ctx)]
    for proposal_part, member in cast:
        if not ELECTORS.has(ctx, proposal_part, member):
            return f"{member!s} voted and is no elector"
    return None


def pauses(ctx: Context, _ports: Ports) -> str | None:
    """A pause has a beginning and an end, and stops of one method do not meet."""
    for (target,), pause in PAUSES.scan(ctx):
        if (pause.since is None) != (pause.until is None):
            return f"the pause of {target!s} has no beginning or no end"
    last: dict[object, int] = {}
    for (target, _), stop in STOPS.scan(ctx):
        if not last.get(target, 0) <= stop.since <= stop.until <= stop.since + PAUSE_MILLISECONDS_MAX:
            return f"the stops of {target!s} meet, or last too long"
        last[target] = stop.until
    return None


INVARIANTS = (
    Invariant("charters", charters),
    Invariant("proposals", proposals),
    Invariant("votes", votes),
    Invariant("pauses", pauses),
)
