"""The life of a proposal: opened, voted on, counted, carried out."""

from msgspec.structs import replace

from consortia.base.refusals import Refused, require
from consortia.kernel.block import OK
from consortia.kernel.context import Calls, Context
from consortia.modules.governance import messages as asked
from consortia.modules.governance import refusals as codes
from consortia.modules.governance import secrecy
from consortia.modules.governance.counting import count, stands, would_pass
from consortia.modules.governance.events import (
    ProposalCancelled,
    ProposalClosed,
    ProposalExecuted,
    ProposalFailed,
    ProposalOpened,
    Voted,
)
from consortia.modules.governance.keeper import Keeper
from consortia.modules.governance.ports import Mandate, Ports
from consortia.modules.governance.rules import charter_fits, content_hash, proposal_id
from consortia.modules.governance.state import (
    AGENT_VOTES,
    CHARTERS,
    DELEGATIONS,
    ELECTORS,
    IN_FORCE,
    OPEN,
    PROGRESS,
    PROPOSALS,
    VOTES,
    charter,
    charter_number,
    class_of,
)
from consortia.modules.governance.types import (
    COST_MAX,
    UNITS,
    Action,
    AgentVote,
    CharterInForce,
    Choice,
    Elector,
    GovernanceGenesis,
    Opened,
    Progress,
    Proposal,
    ProposalClass,
    Vote,
)

AUTHORITY = "governance"
SPEND = "governance.spend"
KEEPER = Keeper()


def load_genesis(ctx: Context, genesis: GovernanceGenesis, _ports: Ports) -> None:
    """Put the first charter in force."""
    require(charter_fits(genesis.charter), codes.BAD_CHARTER)
    CHARTERS.put(ctx, genesis.charter, 0)
    IN_FORCE.put(ctx, CharterInForce(0))


def propose(ctx: Context, message: asked.Propose, ports: Ports) -> None:
    """Open a proposal: its content and its electorate are fixed from here on."""
    # CHECK
    author, law = ctx.signer.member, charter(ctx)
    kind = next((one for one in law.classes if one.name == message.kind), None)
    if kind is None:
        raise Refused(codes.UNKNOWN_CLASS, message.kind)
    require(sum(1 for _ in OPEN.scan(ctx, author)) < law.open_max, codes.TOO_MANY_OPEN)
    mandate = agent_in(ctx, kind, ports)
    check_actions(ctx, kind, message.actions)
    members = ports.members.members(ctx)
    secrecy.check_electors(kind, members)
    # DECIDE
    weights = {one.member: one.weight for one in law.weights}
    electors = {member: _elector(ctx, kind, member, weights) for member in members}
    identity, closes = proposal_id(ctx.network, ctx.transaction, ctx.call), secrecy.closes_at(kind, ctx.time)
    # WRITE
    proposal = Proposal(
        id=identity,
        author=author,
        agent=None if mandate is None else mandate.id,
        election=secrecy.opened(ctx, (identity, message.title), kind, members, ports),
        kind=kind.name,
        title=message.title,
        text=message.text,
        actions=message.actions,
        content=content_hash(kind.name, message.actions),
        charter=charter_number(ctx),
        units=UNITS * sum(elector.weight for elector in electors.values()),
        height=ctx.height,
        time=ctx.time,
    )
    PROPOSALS.put(ctx, proposal, proposal.id)
    PROGRESS.put(ctx, _fresh(closes), proposal.id)
    OPEN.put(ctx, Opened(ctx.time), author, proposal.id)
    for member, elector in electors.items():
        ELECTORS.put(ctx, elector, proposal.id, member)
    # EMIT
    ctx.emit(ProposalOpened(proposal.id, author, kind.name, proposal.content, closes))


def cast_vote(ctx: Context, message: asked.CastVote, ports: Ports) -> None:
    """Vote; a late vote that turns the outcome gives everybody more time, once."""
    # CHECK
    proposal, progress = found(ctx, message.proposal)
    member = ctx.signer.member
    require(message.content == proposal.content, codes.OTHER_CONTENT)
    require(message.member == member, codes.OTHER_MEMBER, message.member)
    require(ELECTORS.has(ctx, proposal.id, member), codes.NOT_ELECTOR, member)
    require(_is_voting(ctx, progress), codes.VOTING_CLOSED)
    require(not VOTES.has(ctx, proposal.id, member), codes.ALREADY_VOTED, member)
    kind, act = class_of(ctx, proposal), AGENT_VOTES.get(ctx, proposal.id, member)
    require(kind.secret is None, codes.SECRET_CLASS, kind.name)
    mandate = agent_in(ctx, kind, ports)
    again = mandate is not None and act is not None and stands(ctx, act.mandate, progress.closes, ports)
    require(not again, codes.ALREADY_VOTED, member)
    # DECIDE
    before = late_outcome(ctx, proposal, progress, ports)
    # WRITE
    if mandate is None:
        VOTES.put(ctx, Vote(message.choice, ctx.signer.key, ctx.time), proposal.id, member)
        if act is not None:
            ports.agents.overridden(ctx, act.mandate)
    else:
        AGENT_VOTES.put(ctx, agent_vote(ctx, message.choice, mandate, ports), proposal.id, member)
        ports.agents.pledge(ctx, proposal.id)
    closes = give_time(ctx, proposal, progress, ports, before=before)
    # EMIT
    agent = None if mandate is None else mandate.id
    ctx.emit(Voted(proposal.id, member, agent, message.choice, closes))


def close(ctx: Context, message: asked.Close, ports: Ports) -> None:
    """Count the votes, or put away what was not executed in time."""
    # CHECK
    proposal, progress = found(ctx, message.proposal)
    require(progress.status in ("voting", "passed"), codes.ENDED, progress.status)
    kind = outcome = None
    if progress.status == "passed":
        require(is_expired(ctx, proposal, progress), codes.TOO_EARLY, "it may still be executed")
    else:
        early = _is_voting(ctx, progress) and proposal.election is None
        require(not early, codes.TOO_EARLY, f"voting is open until {progress.closes}")
        kind = class_of(ctx, proposal)
        outcome = secrecy.outcome(ctx, proposal, ports)
    # DECIDE
    if kind is None:
        after = replace(progress, status="expired")
    elif outcome is None:
        after = _counted(ctx, proposal, progress, kind, ports)
    else:
        after = secrecy.counted(ctx, proposal, progress, kind, outcome)
    # WRITE
    PROGRESS.put(ctx, after, proposal.id)
    if after.status != "passed":
        OPEN.delete(ctx, proposal.author, proposal.id)
    if after.status in ("cancelled", "void"):
        ports.agents.void(ctx, proposal.id)
    elif progress.status == "voting":
        ports.agents.resolve(ctx, proposal.id, outcome=after.status == "passed")
    # EMIT
    ctx.emit(ProposalClosed(proposal.id, after.status, after.tally))


def execute(ctx: Context, message: asked.Execute, _ports: Ports) -> None:
    """Carry out what was voted on, once. An action that is refused undoes the proposal, not the block."""
    # CHECK
    proposal, progress = found(ctx, message.proposal)
    for action in proposal.actions:
        KEEPER.check(ctx, action.method)
    require(message.content == proposal.content, codes.OTHER_CONTENT)
    require(progress.status in ("voting", "passed"), codes.ENDED, progress.status)
    if progress.ready is None or progress.closed is None:
        raise Refused(codes.NOT_PASSED, progress.status)
    early = ctx.time < progress.ready or ctx.height <= progress.closed
    require(not early, codes.TOO_EARLY, f"the lock holds until {progress.ready}")
    require(not is_expired(ctx, proposal, progress), codes.EXPIRED)
    require(content_hash(proposal.kind, proposal.actions) == proposal.content, codes.OTHER_CONTENT)
    # WRITE
    ran = calls(ctx).run(ctx, AUTHORITY, [(action.method, action.args) for action in proposal.actions])
    status = "executed" if ran.code == OK else "failed"
    executed = ctx.time if ran.code == OK else None
    after = replace(progress, status=status, position=ran.position, code=ran.code, executed=executed)
    PROGRESS.put(ctx, after, proposal.id)
    OPEN.delete(ctx, proposal.author, proposal.id)
    # EMIT
    if ran.code == OK:
        ctx.emit(ProposalExecuted(proposal.id, tuple(action.method for action in proposal.actions)))
    else:
        ctx.emit(ProposalFailed(proposal.id, ran.position, ran.code))


def cancel(ctx: Context, message: asked.Cancel, ports: Ports) -> None:
    """Take an own proposal back while votes are still awaited."""
    # CHECK
    proposal, progress = found(ctx, message.proposal)
    require(proposal.author == ctx.signer.member, codes.NOT_AUTHOR, proposal.author)
    require(progress.status == "voting", codes.ENDED, progress.status)
    require(_is_voting(ctx, progress), codes.VOTING_CLOSED)
    # WRITE
    PROGRESS.put(ctx, replace(progress, status="cancelled"), proposal.id)
    OPEN.delete(ctx, proposal.author, proposal.id)
    ports.agents.void(ctx, proposal.id)
    # EMIT
    ctx.emit(ProposalCancelled(proposal.id))


def late_outcome(ctx: Context, proposal: Proposal, progress: Progress, ports: Ports) -> bool | None:
    """How a vote stands in its last `extend_milliseconds`; None earlier, and where it had more time."""
    late = ctx.time >= progress.closes - class_of(ctx, proposal).extend_milliseconds
    return would_pass(ctx, proposal, progress.closes, ports) if late and not progress.extended else None


def give_time(
    ctx: Context, proposal: Proposal, progress: Progress, ports: Ports, *, before: bool | None
) -> int:
    """When a vote closes, later by `extend_milliseconds` where it stands otherwise than `before`, late."""
    if before is None or would_pass(ctx, proposal, progress.closes, ports) == before:
        return progress.closes
    closes = progress.closes + class_of(ctx, proposal).extend_milliseconds
    PROGRESS.put(ctx, replace(progress, closes=closes, extended=True), proposal.id)
    return closes


def found(ctx: Context, identity: bytes) -> tuple[Proposal, Progress]:
    """The proposal with this id and how far it is; raises Refused."""
    proposal, progress = PROPOSALS.get(ctx, identity), PROGRESS.get(ctx, identity)
    if proposal is None or progress is None:
        raise Refused(codes.UNKNOWN_PROPOSAL, identity.hex())
    return proposal, progress


def agent_in(ctx: Context, kind: ProposalClass, ports: Ports) -> Mandate | None:
    """The mandate of an agent that may propose and vote in a class; None for officers. Raises Refused."""
    mandate = ports.agents.acting(ctx)
    if mandate is None:
        return None
    require(kind.agents == "vote", codes.PEOPLE_ONLY, kind.name)
    require(kind.name in mandate.classes, codes.NOT_IN_MANDATE, kind.name)
    require(not ports.agents.advises_only(ctx, mandate.id), codes.ADVICE_ONLY, mandate.id.hex())
    return mandate


def agent_vote(ctx: Context, choice: Choice, mandate: Mandate, ports: Ports) -> AgentVote:
    """What is kept of an agent's vote or advice."""
    content, family = ports.agents.content(ctx, mandate.id), ports.agents.family(ctx, mandate.id)
    return AgentVote(choice, mandate.id, content, family, ctx.time)


def check_actions(ctx: Context, kind: ProposalClass, actions: tuple[Action, ...]) -> None:
    """Refuse what a proposal of this class may not hold: methods, fields, costs."""
    cost = 0
    for action in actions:
        require(action.method in kind.methods, codes.NOT_IN_CLASS, f"{action.method} in {kind.name}")
        try:
            cost += calls(ctx).read(AUTHORITY, action.method, action.args)[1]
        except Refused as refused:
            raise Refused(codes.BAD_ACTION, str(refused)) from None
    require(cost <= COST_MAX, codes.TOO_COSTLY, f"{cost} of {COST_MAX}")
    spent = spent_by(actions)
    require(spent <= kind.spend_max, codes.OVER_CAP, f"{spent} of {kind.spend_max}")


def spent_by(actions: tuple[Action, ...]) -> int:
    """What actions pay out of the treasury, all together."""
    return sum(action.args["amount"] for action in actions if action.method == SPEND)


def is_expired(ctx: Context, proposal: Proposal, progress: Progress) -> bool:
    """Whether the time for execution is over; what stood still under a pause is given back."""
    if progress.ready is None or progress.until is None:
        return False
    methods = {action.method: None for action in proposal.actions}
    return ctx.time > progress.until + KEEPER.stopped(ctx, methods, progress.ready, ctx.time)


def calls(ctx: Context) -> Calls:
    """The machine's way to carry out messages."""
    if ctx.calls is None:
        raise LookupError("there is no machine here")
    return ctx.calls


def _elector(ctx: Context, kind: ProposalClass, member: str, weights: dict[str, int]) -> Elector:
    if kind.secret is not None:
        return Elector(1, None)
    delegation = DELEGATIONS.get(ctx, kind.name, member)
    return Elector(weights.get(member, 1), None if delegation is None else delegation.delegate)


def _fresh(closes: int) -> Progress:
    return Progress(
        status="voting",
        closes=closes,
        extended=False,
        closed=None,
        tally=None,
        ready=None,
        until=None,
        position=None,
        code=None,
        executed=None,
    )


def _is_voting(ctx: Context, progress: Progress) -> bool:
    return progress.status == "voting" and ctx.time < progress.closes


def _counted(
    ctx: Context, proposal: Proposal, progress: Progress, kind: ProposalClass, ports: Ports
) -> Progress:
    """The progress of a proposal whose open votes are over."""
    tallied = count(ctx, proposal, progress.closes, ports)
    after = replace(progress, closed=ctx.height, tally=tallied)
    if proposal.agent is not None and not stands(ctx, proposal.agent, progress.closes, ports):
        return replace(after, status="cancelled")
    if not would_pass(ctx, proposal, progress.closes, ports):
        return replace(after, status="rejected")
    ready = progress.closes + kind.lock_milliseconds
    return replace(after, status="passed", ready=ready, until=ready + kind.expire_milliseconds)
