"""What counts for a proposal now: each elector's own vote, or that of whom it let vote for it."""

from collections.abc import Iterator

from consortia.kernel.context import Context
from consortia.modules.governance.ports import Ports
from consortia.modules.governance.rules import Cast, passes, tally
from consortia.modules.governance.state import AGENT_VOTES, ELECTORS, VOTES, class_of, text
from consortia.modules.governance.types import Elector, Proposal, Tally


def casts(ctx: Context, proposal: Proposal, closes: int, ports: Ports) -> Iterator[Cast]:
    """What counts for each elector, by name: an officer's vote; its agent's; an officer's of its delegate.

    An agent's vote counts if its mandate stood when voting closed. Nobody's delegate is asked further.
    """
    electors: dict[str, Elector] = {text(key[1]): one for key, one in ELECTORS.scan(ctx, proposal.id)}
    votes = {text(key[1]): vote for key, vote in VOTES.scan(ctx, proposal.id)}
    for member, elector in electors.items():
        vote, act = votes.get(member), AGENT_VOTES.get(ctx, proposal.id, member)
        if vote is None and act is not None and stands(ctx, act.mandate, closes, ports):
            yield Cast(elector.weight, act.choice, act.family)
            continue
        if vote is None and elector.delegate in electors:
            vote = votes.get(elector.delegate)
        if vote is not None:
            yield Cast(elector.weight, vote.choice, None)


def stands(ctx: Context, mandate: bytes, closes: int, ports: Ports) -> bool:
    """Whether a mandate stood when voting closed, or stands now.

    One that ends late takes its vote along and gives nobody more time: whoever counts on an agent's vote may
    have an officer of its owner vote.
    """
    ended = ports.agents.ended_at(ctx, mandate)
    return ended is None or ended >= closes


def count(ctx: Context, proposal: Proposal, closes: int, ports: Ports) -> Tally:
    """The tally of the votes so far, of a proposal whose voting ends at `closes`."""
    return tally(casts(ctx, proposal, closes, ports), proposal.units)


def would_pass(ctx: Context, proposal: Proposal, closes: int, ports: Ports) -> bool:
    """Whether the proposal would pass if voting were over: by its class's rules, and with its owners' yes."""
    kind = class_of(ctx, proposal)
    if not passes(kind, count(ctx, proposal, closes, ports), proposal.units):
        return False
    return not kind.owner or owners_agree(ctx, proposal, ports)


def owners_agree(ctx: Context, proposal: Proposal, ports: Ports) -> bool:
    """Whether an officer of each whose data the actions are about said yes; nobody else says it for them.

    Nobody says it for data that are not there yet: what is proposed about them does not pass.
    """
    votes = [
        None if owner is None else VOTES.get(ctx, proposal.id, owner)
        for owner in _owners(ctx, proposal, ports)
    ]
    return all(vote is not None and vote.choice == "yes" for vote in votes)


def owners(ctx: Context, proposal: Proposal, ports: Ports) -> tuple[str, ...]:
    """Whose data sets the actions are about, sorted."""
    return tuple(sorted({owner for owner in _owners(ctx, proposal, ports) if owner is not None}))


def _owners(ctx: Context, proposal: Proposal, ports: Ports) -> list[str | None]:
    """The owner of each data set that an action names; None of one that nobody has registered."""
    named = [action.args.get("dataset") for action in proposal.actions]
    return [ports.assets.owner(ctx, asset) for asset in named if isinstance(asset, bytes)]
