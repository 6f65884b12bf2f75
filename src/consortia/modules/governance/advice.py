"""What agents may do where they may not decide: advise on proposals, and suggest pauses to the council."""

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.governance import messages as asked
from consortia.modules.governance import refusals as codes
from consortia.modules.governance.events import Advised, Suggested
from consortia.modules.governance.handlers import agent_vote, calls, found
from consortia.modules.governance.ports import Mandate, Ports
from consortia.modules.governance.state import ADVICE, ELECTORS, SUGGESTIONS
from consortia.modules.governance.types import EMERGENCY, Suggestion


def advise(ctx: Context, message: asked.Advise, ports: Ports) -> None:
    """Say what an agent would vote: kept, scored once the proposal is decided, and counted for nothing."""
    # CHECK
    proposal, progress = found(ctx, message.proposal)
    mandate = _agent(ctx, ports)
    require(message.content == proposal.content, codes.OTHER_CONTENT)
    require(ELECTORS.has(ctx, proposal.id, mandate.owner), codes.NOT_ELECTOR, mandate.owner)
    require(progress.status == "voting" and ctx.time < progress.closes, codes.VOTING_CLOSED)
    require(proposal.kind in mandate.classes, codes.NOT_IN_MANDATE, proposal.kind)
    # WRITE
    ADVICE.put(ctx, agent_vote(ctx, message.choice, mandate, ports), proposal.id, mandate.id)
    ports.agents.pledge(ctx, proposal.id)
    # EMIT
    ctx.emit(Advised(proposal.id, mandate.owner, mandate.id, message.choice))


def suggest(ctx: Context, message: asked.Suggest, ports: Ports) -> None:
    """Suggest a pause to the council, which decides."""
    # CHECK
    mandate = _agent(ctx, ports)
    require(EMERGENCY in mandate.classes, codes.NOT_IN_MANDATE, EMERGENCY)
    require(calls(ctx).may_pause(message.target), codes.NOT_PAUSABLE, message.target)
    # WRITE
    SUGGESTIONS.put(ctx, Suggestion(mandate.id, message.reason, ctx.time), message.target, mandate.id)
    # EMIT
    ctx.emit(Suggested(message.target, mandate.owner, mandate.id))


def _agent(ctx: Context, ports: Ports) -> Mandate:
    """The mandate of the agent that signed; only agents' keys have the role for these messages."""
    mandate = ports.agents.acting(ctx)
    if mandate is None:
        raise Refused(codes.NOT_IN_MANDATE, ctx.signer.member)
    return mandate
