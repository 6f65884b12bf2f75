"""How members are paid for what they did for a study: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.refusals import Refused, require
from consortia.exact.shapley import divide_amount
from consortia.exact.tally import quorum
from consortia.kernel.context import Context
from consortia.modules.bank import messages as asked
from consortia.modules.bank import refusals as codes
from consortia.modules.bank.checks import check_balance, check_spender, check_unit, in_time, met, open_escrow
from consortia.modules.bank.handlers import opened
from consortia.modules.bank.ports import Contribution, Ports
from consortia.modules.bank.rules import (
    ahead,
    holds,
    seed_commitment,
    set_commitment,
    table_hash,
    values_of,
)
from consortia.modules.bank.state import HOLDS, PAYOUTS, SCORES, call_id, divide, put_aside
from consortia.modules.bank.types import (
    Condition,
    Confirmed,
    Escrow,
    PaidOut,
    Payout,
    Refunded,
    Scored,
    Scores,
    Scoring,
)


def open_payout(ctx: Context, message: asked.OpenPayout, ports: Ports) -> None:
    """Put value aside for the members of a study."""
    # CHECK
    check_unit(ctx, message.unit)
    check_spender(ctx, message.payer, ports.agents)
    standing = ports.studies.standing(ctx, message.study)
    if standing is None:
        raise Refused(codes.BAD_CONDITION, "there is no such study")
    require((message.rule == "value") == (message.scoring is not None), codes.BAD_CONDITION, message.rule)
    scorer = None if message.scoring is None else message.scoring.scorer
    if scorer is not None:
        require(ports.members.is_member(ctx, scorer), codes.BAD_CONDITION, f"{scorer} is no member")
        require(not standing.begun, codes.BAD_CONDITION, "the first round has begun")
        require(standing.open, codes.MASKED_STUDY)
        require(standing.sealed, codes.UNSEALED_STUDY)
    require(ahead(message.deadline, ctx.time), codes.BAD_DEADLINE, str(message.deadline))
    check_balance(ctx, message.payer, message.unit, message.amount)
    # DECIDE
    escrow = _payable(ctx, message, scorer)
    # WRITE
    put_aside(ctx, escrow)
    PAYOUTS.put(ctx, Payout(message.study, message.rule, message.scoring), escrow.id)
    # EMIT
    ctx.emit(opened(escrow))


def score(ctx: Context, message: asked.Score, ports: Ports) -> None:
    """Write down what the updates of a finished study were worth, for its members to confirm."""
    # CHECK
    escrow = open_escrow(ctx, message.escrow)
    payout, scoring = _scoring(ctx, escrow)
    require(not SCORES.has(ctx, escrow.id), codes.SCORED)
    require(scoring.scorer == ctx.signer.member, codes.NOT_ATTESTER, scoring.scorer)
    members = tuple(one.member for one in ports.studies.contributions(ctx, payout.study))
    require(scoring.scorer not in members, codes.PAID_SCORER, scoring.scorer)
    require(in_time(ctx, escrow, ports, ctx.time), codes.TOO_LATE)
    require(ports.studies.finished(ctx, payout.study) is not None, codes.NOT_MET)
    require(set_commitment(message.salt, message.set) == scoring.set, codes.NOT_COMMITTED, "the scoring set")
    require(seed_commitment(message.seed) == scoring.seed, codes.NOT_COMMITTED, "the seed")
    copies = ports.studies.copied(ctx, payout.study)
    require(copies is None, codes.COPIED, " and ".join(copies or ()))
    values = values_of(len(members), message.seed, scoring.orders, message.counts)
    if values is None:
        raise Refused(codes.BAD_COUNTS, f"{len(message.counts)} of {len(members)} members")
    # DECIDE
    table = table_hash(members, message.counts)
    # WRITE
    SCORES.put(ctx, Scores(members, tuple(values), table, (), None), escrow.id)
    # EMIT
    ctx.emit(Scored(escrow.id, table))


def confirm_scores(ctx: Context, message: asked.ConfirmScores, ports: Ports) -> None:
    """Count a member that came to the same counts; with more than two thirds of them they are final."""
    # CHECK
    escrow = open_escrow(ctx, message.escrow)
    scores = SCORES.get(ctx, escrow.id)
    if scores is None:
        raise Refused(codes.NOT_MET, "nothing is scored")
    member = ctx.signer.member
    require(member not in scores.confirmed, codes.CONFIRMED, member)
    require(member in scores.members, codes.NOT_ATTESTER, member)
    require(in_time(ctx, escrow, ports, ctx.time), codes.TOO_LATE)
    require(message.table == scores.table, codes.NOT_MET, "other counts were told")
    # DECIDE
    confirmed = tuple(sorted((*scores.confirmed, member)))
    enough = len(confirmed) == quorum(len(scores.members))
    final = ctx.time if enough else scores.final
    # WRITE
    SCORES.put(ctx, replace(scores, confirmed=confirmed, final=final), escrow.id)
    # EMIT
    ctx.emit(Confirmed(escrow.id, member))


def settle(ctx: Context, message: asked.Settle, ports: Ports) -> None:
    """Divide a payout among the members of its study; what nobody earned goes back."""
    # CHECK
    escrow = open_escrow(ctx, message.escrow)
    payout = PAYOUTS.get(ctx, escrow.id)
    if payout is None:
        raise Refused(codes.WRONG_KIND, escrow.condition.kind)
    require(met(ctx, escrow, ports), codes.NOT_MET)
    require(not escrow.held, codes.HELD_BACK)
    # DECIDE
    done = ports.studies.contributions(ctx, payout.study)
    amounts = divide_amount(escrow.amount, _weights(ctx, escrow, payout, done))
    shares = [(one.member, amount) for one, amount in zip(done, amounts, strict=True) if amount]
    back = [] if shares else [(escrow.payer, escrow.amount)]
    # WRITE
    divide(ctx, replace(escrow, status="released" if shares else "refunded"), shares or back)
    # EMIT
    for member, amount in shares:
        ctx.emit(PaidOut(escrow.id, member, escrow.unit, amount))
    for account, amount in back:
        ctx.emit(Refunded(escrow.id, account, escrow.unit, amount))


def _payable(ctx: Context, message: asked.OpenPayout, scorer: str | None) -> Escrow:
    return Escrow(
        id=call_id(ctx),
        payer=message.payer,
        payee=None,
        unit=message.unit,
        amount=message.amount,
        condition=Condition("payout", scorer, None, None, message.study),
        price=None,
        deadline=message.deadline,
        held=holds(HOLDS.get(ctx, ctx.signer.member, message.unit), message.amount),
        approvals=(),
        status="open",
        height=ctx.height,
        time=ctx.time,
    )


def _scoring(ctx: Context, escrow: Escrow) -> tuple[Payout, Scoring]:
    """The terms of a payout by value."""
    payout = PAYOUTS.get(ctx, escrow.id)
    if payout is None or payout.scoring is None:
        raise Refused(codes.WRONG_KIND, escrow.condition.kind)
    return payout, payout.scoring


def _weights(ctx: Context, escrow: Escrow, payout: Payout, done: tuple[Contribution, ...]) -> list[int]:
    """By what the members share, in their order."""
    if payout.rule == "value":
        scores = SCORES.get(ctx, escrow.id)
        found = {} if scores is None else dict(zip(scores.members, scores.values, strict=True))
        return [found.get(one.member, 0) for one in done]
    by = {"equal": [1 for _ in done], "records": [one.records for one in done]}
    return by.get(payout.rule) or [one.rounds for one in done]
