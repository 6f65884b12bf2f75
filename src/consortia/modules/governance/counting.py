"""What counts for a proposal now: each elector's own vote, or that of whom it let vote for it."""

from collections.abc import Iterator

from consortia.kernel.context import Context
from consortia.modules.governance.ports import Ports
from consortia.modules.governance.rules import Cast, passes, tally
from consortia.modules.governance.state import ELECTORS, VOTES, class_of, text
from consortia.modules.governance.types import Elector, Proposal, Tally


def casts(ctx: Context, proposal: Proposal) -> Iterator[Cast]:
    """What counts for each elector, by name: its own vote, or that of its delegate and nobody further."""
    electors: dict[str, Elector] = {text(key[1]): one for key, one in ELECTORS.scan(ctx, proposal.id)}
    votes = {text(key[1]): vote for key, vote in VOTES.scan(ctx, proposal.id)}
    for member, elector in electors.items():
        vote = votes.get(member)
        if vote is None and elector.delegate in electors:
            vote = votes.get(elector.delegate)
        if vote is not None:
            yield Cast(elector.weight, vote.choice, None)


def count(ctx: Context, proposal: Proposal) -> Tally:
    """The tally of the votes so far."""
    return tally(casts(ctx, proposal), proposal.units)


def would_pass(ctx: Context, proposal: Proposal, ports: Ports) -> bool:
    """Whether the proposal would pass if voting were over: by its class's rules, and with its owners' yes."""
    kind = class_of(ctx, proposal)
    if not passes(kind, count(ctx, proposal), proposal.units):
        return False
    if not kind.owner:
        return True
    votes = [VOTES.get(ctx, proposal.id, owner) for owner in owners(ctx, proposal, ports)]
    return all(vote is not None and vote.choice == "yes" for vote in votes)


def owners(ctx: Context, proposal: Proposal, ports: Ports) -> tuple[str, ...]:
    """Whose data sets the actions are about, sorted."""
    named = [action.args.get("dataset") for action in proposal.actions]
    found = [ports.assets.owner(ctx, asset) for asset in named if isinstance(asset, bytes)]
    return tuple(sorted({owner for owner in found if owner is not None}))
