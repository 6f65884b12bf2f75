"""Secret classes: a proposal's ballots are cast in an election of their own, which gives one count."""

from collections.abc import Sequence

from msgspec.structs import replace

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.governance import refusals as codes
from consortia.modules.governance.ports import Outcome, Ports
from consortia.modules.governance.rules import passes
from consortia.modules.governance.types import (
    SECRET_TRUSTEES_MIN,
    SECRET_VOTERS_MIN,
    UNITS,
    Progress,
    Proposal,
    ProposalClass,
    Secrecy,
    Tally,
)

STEPS = 3
"""Trustees commit, open, and complain before there is a key to vote under."""


def check_electors(kind: ProposalClass, members: Sequence[str]) -> None:
    """Refuse a proposal whose votes could not be secret among these members."""
    if kind.secret is not None:
        enough = len(members) >= SECRET_VOTERS_MIN
        enough = enough and len(_trustees(kind.secret, members)) >= SECRET_TRUSTEES_MIN
        require(enough, codes.TOO_FEW, f"{len(members)} members")


def closes_at(kind: ProposalClass, now: int) -> int:
    """When the votes of a proposal close that is opened now: in a secret class the key is made first."""
    making = 0 if kind.secret is None else STEPS * kind.secret.step_milliseconds
    return now + making + kind.vote_milliseconds


def opened(
    ctx: Context, question: tuple[bytes, str], kind: ProposalClass, members: Sequence[str], ports: Ports
) -> bytes | None:
    """Open the election of a proposal, given its id and title, and give the election's id.

    None where votes are open.
    """
    if kind.secret is None:
        return None
    step, closes = kind.secret.step_milliseconds, closes_at(kind, ctx.time)
    making = tuple(ctx.time + step * number for number in range(1, STEPS + 1))
    ends = (*making, closes, closes + kind.secret.decrypt_milliseconds)
    trustees = _trustees(kind.secret, members)
    return ports.elections.open(ctx, *question, voters=tuple(members), trustees=trustees, ends=ends)


def outcome(ctx: Context, proposal: Proposal, ports: Ports) -> Outcome | None:
    """What a proposal's election came to; None where its votes are open. Raises Refused before its end."""
    if proposal.election is None:
        return None
    found = ports.elections.outcome(ctx, proposal.election)
    if found is None:
        raise Refused(codes.TOO_EARLY, "its election has no outcome yet")
    return found


def counted(
    ctx: Context, proposal: Proposal, progress: Progress, kind: ProposalClass, outcome: Outcome
) -> Progress:
    """The progress of a proposal whose election came to an end."""
    if kind.secret is None:
        raise LookupError("these votes are open")
    if isinstance(outcome, str):
        return replace(progress, status="void", closed=ctx.height, code=outcome)
    yes, no, abstain = (UNITS * count for count in outcome)
    tally = Tally(yes, no, abstain, agents=0, person=yes > 0)
    after = replace(progress, closed=ctx.height, tally=tally)
    if not passes(kind, tally, proposal.units):
        return replace(after, status="rejected")
    ready = progress.closes + kind.secret.decrypt_milliseconds + kind.lock_milliseconds
    return replace(after, status="passed", ready=ready, until=ready + kind.expire_milliseconds)


def _trustees(secret: Secrecy, members: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in secret.trustees if name in members)
