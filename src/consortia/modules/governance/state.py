"""The module's tables, and what several handlers read from them."""

from consortia.kernel.context import Context
from consortia.kernel.table import Part, Table
from consortia.modules.governance.types import (
    AgentVote,
    Charter,
    CharterInForce,
    Delegation,
    Elector,
    Ending,
    Objection,
    Opened,
    Parameter,
    Pause,
    Progress,
    Proposal,
    ProposalClass,
    Release,
    Scheduled,
    Stopped,
    Suggestion,
    Upgrade,
    Vote,
)

CHARTERS = Table("governance", "charters", Charter, (int,), "every charter there was, by number from 0")
IN_FORCE = Table("governance", "in_force", CharterInForce, (), "which charter is in force")
PROPOSALS = Table("governance", "proposals", Proposal, (bytes,), "a proposal as it was opened, by id")
PROGRESS = Table("governance", "progress", Progress, (bytes,), "how far a proposal is")
OPEN = Table("governance", "open", Opened, (str, bytes), "a member's proposals that have no end yet")
ELECTORS = Table("governance", "electors", Elector, (bytes, str), "who may vote on a proposal")
VOTES = Table("governance", "votes", Vote, (bytes, str), "an officer's vote for its member")
AGENT_VOTES = Table("governance", "agent_votes", AgentVote, (bytes, str), "an agent's vote for its owner")
ADVICE = Table("governance", "advice", AgentVote, (bytes, bytes), "what an agent would vote, by mandate")
SUGGESTIONS = Table("governance", "suggestions", Suggestion, (str, bytes), "a pause that an agent suggests")
ENDINGS = Table("governance", "endings", Ending, (bytes,), "a mandate that the council may end")
DELEGATIONS = Table("governance", "delegations", Delegation, (str, str), "who votes in a class for a member")
OBJECTIONS = Table("governance", "objections", Objection, (bytes, str), "the ethics board's objections")
PAUSES = Table("governance", "pauses", Pause, (str,), "the last pause of a method, or the next")
STOPS = Table("governance", "stops", Stopped, (str, int), "when a method was paused, by number from 0")
UPGRADES = Table("governance", "upgrades", Upgrade, (int,), "upgrades, by number from 0")
RELEASES = Table("governance", "releases", Release, (bytes,), "a model that the members released")
SCHEDULED = Table("governance", "scheduled", Scheduled, (str, str), "a change of the members that is wanted")
PARAMETERS = Table("governance", "parameters", Parameter, (str,), "a number that the members agreed on")

TABLES = (
    CHARTERS,
    IN_FORCE,
    PROPOSALS,
    PROGRESS,
    OPEN,
    ELECTORS,
    VOTES,
    AGENT_VOTES,
    ADVICE,
    SUGGESTIONS,
    ENDINGS,
    DELEGATIONS,
    OBJECTIONS,
    PAUSES,
    STOPS,
    UPGRADES,
    RELEASES,
    SCHEDULED,
    PARAMETERS,
)


def charter_number(ctx: Context) -> int:
    """The number of the charter in force."""
    found = IN_FORCE.get(ctx)
    if found is None:
        raise LookupError("no charter is in force")
    return found.number


def charter_of(ctx: Context, number: int) -> Charter:
    """The charter of a number."""
    found = CHARTERS.get(ctx, number)
    if found is None:
        raise LookupError(f"there is no charter {number}")
    return found


def charter(ctx: Context) -> Charter:
    """The charter in force."""
    return charter_of(ctx, charter_number(ctx))


def class_of(ctx: Context, proposal: Proposal) -> ProposalClass:
    """The rules of a proposal: those that held when it was opened."""
    return next(one for one in charter_of(ctx, proposal.charter).classes if one.name == proposal.kind)


def text(part: Part) -> str:
    """A key part that is text."""
    if not isinstance(part, str):
        raise TypeError("a part of the key is not text")
    return part


def digest(part: Part) -> bytes:
    """A key part that is a hash."""
    if not isinstance(part, bytes):
        raise TypeError("a part of the key is not bytes")
    return part
