"""The steps of a round: a member's update, its commitment and its opening, and the end of a step in time."""

from dataclasses import replace

from msgspec import structs

from consortia.base.keys import verify
from consortia.base.order import is_sorted
from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.training import refusals as codes
from consortia.modules.training import rules
from consortia.modules.training.budgets import round_cost
from consortia.modules.training.events import (
    ResultCommitted,
    ResultOpened,
    UpdateSealed,
    UpdateSubmitted,
)
from consortia.modules.training.handlers import can_pay, roll, running_study, tell, usable
from consortia.modules.training.masks import begun
from consortia.modules.training.messages import (
    Close,
    CommitResult,
    DealShares,
    OpenResult,
    PublishKeys,
    Reveal,
    Submit,
    Unseal,
)
from consortia.modules.training.messages import Seal as AskedSeal
from consortia.modules.training.ports import Ports
from consortia.modules.training.rounds import AFTER, NOBODY_ASKED, Facts, awaited, is_over, judge
from consortia.modules.training.rules import Change, Moment
from consortia.modules.training.state import (
    JOINS,
    PROGRESS,
    RESULTS,
    SEALS,
    SUBMISSIONS,
    asked_of,
    complaints_of,
    dealings_of,
    keys_of,
    open_round,
    own_tries,
    parts_of,
    results_of,
    revealed_of,
    seals_of,
    submissions_of,
    write,
)
from consortia.modules.training.types import (
    Joined,
    Outcome,
    Progress,
    Result,
    Round,
    Seal,
    Step,
    Study,
    Submission,
)

SEAL_COST = 300
SUBMIT_COST = 400
HOLDER_COST = 80
"""Checking one holder's signature takes about 70 us."""
CLOSE_COST = 500
COMMIT_COST = 300
OPEN_COST = 800


def submit_cost(message: Submit | Unseal) -> int:
    """The cost of a Submit or an Unseal: what it writes, and every signature that it brings."""
    return SUBMIT_COST + HOLDER_COST * len(message.availability)


def seal_update(ctx: Context, message: AskedSeal, ports: Ports) -> None:
    """Fix the own update of a sealed round, and show nobody what it is."""
    # CHECK
    study, progress = running_study(ctx, message.study)
    member = ctx.signer.member
    part = part_of(ctx, study)
    require(usable(ctx, study, member, part, ports), codes.DATASET_CLOSED)
    this = round_at(ctx, progress, message.study, message.round, "seal")
    facts = facts_of(ctx, ports, (study, progress, this))
    require(member not in facts.seals, codes.ALREADY_DONE)
    # DECIDE
    sealed = Seal(message.commitment)
    change = following(ctx, replace(facts, seals=dict(sorted({**facts.seals, member: sealed}.items()))))
    # WRITE
    SEALS.put(ctx, sealed, rules.first_try(this), member)
    write(ctx, study, change)
    # EMIT
    ctx.emit(UpdateSealed(study.id, this.id, member))
    tell(ctx, change)


def submit(ctx: Context, message: Submit | Unseal, ports: Ports) -> None:
    """Fix the own update of the open round: of a sealed one, the one that was sealed."""
    # CHECK
    study, progress = running_study(ctx, message.study)
    member = ctx.signer.member
    part = part_of(ctx, study)
    require(usable(ctx, study, member, part, ports), codes.DATASET_CLOSED)
    this = round_at(ctx, progress, message.study, message.round, "submit")
    facts = facts_of(ctx, ports, (study, progress, this))
    require(member in awaited(this), codes.NOT_IN_ROUND, member)
    require(member not in facts.submitted, codes.ALREADY_DONE)
    _check_seal(facts, member, message)
    size = rules.blob_bytes(study.terms.stages[this.stage])
    require(message.size == size, codes.BAD_SIZE, f"{message.size} bytes, the stage's vectors have {size}")
    holders = tuple(held.member for held in message.availability)
    listed = is_sorted(holders) and member in holders and all(name in this.members for name in holders)
    require(
        listed and len(holders) >= rules.needed(len(this.members)), codes.TOO_FEW_HOLDERS, ", ".join(holders)
    )
    signed = rules.availability(
        ctx.network, study.id, this.id, member=member, blob=message.blob, size=message.size
    )
    for held in message.availability:
        public = ports.members.witness(ctx, held.member)
        valid = public is not None and verify(public, signed, held.signature)
        require(valid, codes.BAD_AVAILABILITY, held.member)
    # DECIDE
    update = Submission(message.blob, message.size, holders)
    change = following(ctx, replace(facts, submitted={**facts.submitted, member: part.records}))
    # WRITE
    SUBMISSIONS.put(ctx, update, this.id, member)
    write(ctx, study, change)
    # EMIT
    ctx.emit(UpdateSubmitted(study.id, this.id, member, message.blob))
    tell(ctx, change)


def _check_seal(facts: Facts, member: str, message: Submit | Unseal) -> None:
    """Whether an update is the one that its member sealed, where it had to."""
    seal, salt = facts.seals.get(member), message.salt if isinstance(message, Unseal) else None
    require((salt is None or facts.sealed) and (seal is not None or not facts.sealed), codes.NOT_SEALED)
    if seal is not None:
        made = None if salt is None else rules.seal(rules.first_try(facts.round), member, message.blob, salt)
        require(made == seal.commitment, codes.NOT_AS_SEALED)


def close(ctx: Context, message: Close, ports: Ports) -> None:
    """End a step whose deadline has passed."""
    # CHECK
    study, progress = running_study(ctx, message.study)
    this = open_round(ctx, progress, study.id)
    if this is None or this.id != message.round:
        raise Refused(codes.WRONG_ROUND)
    require(ctx.time >= this.deadline, codes.TOO_EARLY, f"{ctx.time}, the deadline is {this.deadline}")
    # DECIDE
    facts = facts_of(ctx, ports, (study, progress, this))
    change = AFTER[this.step](facts, Moment(ctx.height, ctx.time))
    # WRITE
    write(ctx, study, change)
    # EMIT
    tell(ctx, change)


def commit_result(ctx: Context, message: CommitResult, ports: Ports) -> None:
    """Commit to the own result of the open round."""
    # CHECK
    study, progress = running_study(ctx, message.study)
    member = ctx.signer.member
    part_of(ctx, study)
    this = round_at(ctx, progress, message.study, message.round, "commit")
    facts = facts_of(ctx, ports, (study, progress, this))
    require(member not in facts.results, codes.ALREADY_DONE)
    # DECIDE
    result = Result(message.commitment, None)
    change = following(ctx, replace(facts, results={**facts.results, member: result}))
    # WRITE
    RESULTS.put(ctx, result, this.id, member)
    write(ctx, study, change)
    # EMIT
    ctx.emit(ResultCommitted(study.id, this.id, member))
    tell(ctx, change)


def open_result(ctx: Context, message: OpenResult, ports: Ports) -> None:
    """Open the own commitment, and with it judge all the others."""
    # CHECK
    study, progress = running_study(ctx, message.study)
    member = ctx.signer.member
    part_of(ctx, study)
    this = round_at(ctx, progress, message.study, message.round, "open")
    facts = facts_of(ctx, ports, (study, progress, this))
    own = facts.results.get(member)
    require(own is None or own.opened is None, codes.ALREADY_DONE)
    if own is None:
        raise Refused(codes.NOT_COMMITTED, member)
    outcome = Outcome(message.sum, message.state)
    require(own.commitment == rules.commitment(this.id, member, outcome), codes.NOT_AS_COMMITTED)
    # DECIDE
    opened = structs.replace(own, opened=outcome)
    known = replace(facts, results={**facts.results, member: opened})
    change = judge(known, outcome, Moment(ctx.height, ctx.time))
    # WRITE
    RESULTS.put(ctx, opened, this.id, member)
    write(ctx, study, change)
    # EMIT
    ctx.emit(ResultOpened(study.id, this.id, member, outcome.sum, outcome.state))
    tell(ctx, change)


StepMessage = (
    PublishKeys | DealShares | AskedSeal | Submit | Unseal | Reveal | Close | CommitResult | OpenResult
)


def moved_on(ctx: Context, message: StepMessage) -> bool:
    """Whether the newest block began a step of the message's study, or ended its rounds.

    Then everybody waits for that block to be final; for any other message of a step nobody does.
    """
    progress = PROGRESS.get(ctx, message.study)
    this = None if progress is None else open_round(ctx, progress, message.study)
    return this is None or this.height == ctx.height


# ------------------------------------------------------------------ shared with the steps of masked rounds


def part_of(ctx: Context, study: Study) -> Joined:
    """The signer's part in a study; raises Refused when it takes none."""
    part = JOINS.get(ctx, study.id, ctx.signer.member)
    if part is None or part.until is not None:
        raise Refused(codes.NOT_JOINED, ctx.signer.member)
    return part


def round_at(ctx: Context, progress: Progress, study: bytes, identity: bytes, step: Step) -> Round:
    """The open round, when it is the one meant and waits for this step in time; raises Refused."""
    this = open_round(ctx, progress, study)
    if this is None or this.id != identity:
        raise Refused(codes.WRONG_ROUND)
    require(this.step == step, codes.WRONG_STEP, f"{step}, the round waits for {this.step}")
    require(ctx.time < this.deadline, codes.TOO_LATE, f"{ctx.time}, the deadline was {this.deadline}")
    require(ctx.signer.member in this.members, codes.NOT_IN_ROUND, ctx.signer.member)
    return this


def following(ctx: Context, facts: Facts) -> Change:
    """What follows when a member has done the step: nothing while others are awaited."""
    if not is_over(facts):
        return Change(facts.progress)
    return AFTER[facts.round.step](facts, Moment(ctx.height, ctx.time))


def facts_of(ctx: Context, ports: Ports, at: tuple[Study, Progress, Round]) -> Facts:
    """All that the rules need to know of a round at its step."""
    study, progress, this = at
    parts, step = parts_of(ctx, study.id), this.step
    stages, masked = study.terms.stages, study.terms.stages[this.stage].mode == "masked"
    sealed = stages[this.stage].mode == "sealed"
    early = {}
    if step == "open" and this.index + 1 < rules.rounds_of(stages):
        early = keys_of(ctx, rules.next_round_id(study, this))
    own = own_tries(ctx, this) if masked else ()
    cost = round_cost(study.terms, this.stage) if step == "submit" else 0
    paying = this.members if step == "submit" else ()
    here = roll(ctx, study, ports, this.index, paid=begun((*own, this) if masked else ()))
    return Facts(
        study=study,
        progress=progress,
        round=this,
        roll=here,
        next_roll=roll(ctx, study, ports, this.index + 1) if step == "open" else here,
        submitted={name: parts[name].records for name in submissions_of(ctx, this.id)},
        results=results_of(ctx, this.id),
        keys=keys_of(ctx, this.id) if masked else {},
        dealings=dealings_of(ctx, this.id) if step == "shares" else {},
        complaints=complaints_of(ctx, this.id) if masked and step == "submit" else {},
        revealed=revealed_of(ctx, this.id) if step == "reveal" else {},
        early=early,
        asked=asked_of(ctx, study, progress, this) if masked else NOBODY_ASKED,
        own=own,
        seals=seals_of(ctx, this) if sealed else {},
        populations={
            name: ports.assets.populations(ctx, parts[name].dataset) or () for name in paying if cost
        },
        broke=frozenset(name for name in paying if not can_pay(ctx, parts[name].dataset, cost, ports)),
    )
