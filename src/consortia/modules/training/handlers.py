"""What happens to a study outside its rounds: propose, join, leave, start, cancel, finish."""

from msgspec.structs import replace

from consortia.base.order import is_sorted
from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.training import budgets, renewing, rules
from consortia.modules.training import refusals as codes
from consortia.modules.training.events import (
    BudgetLimited,
    MemberJoined,
    MemberLeaving,
    MemberReturned,
    StudyFinished,
    StudyProposed,
    StudyStarted,
)
from consortia.modules.training.messages import (
    Cancel,
    Finish,
    Join,
    Leave,
    LimitBudget,
    Propose,
    Return,
    Start,
)
from consortia.modules.training.ports import Ports, TrainedModel
from consortia.modules.training.rules import Change, Moment, Roll
from consortia.modules.training.state import (
    BUDGETS,
    JOINS,
    NAMES,
    OPEN,
    PROGRESS,
    STUDIES,
    budget_of,
    open_round,
    parts_of,
    write,
)
from consortia.modules.training.types import (
    JOINED_MAX,
    OPEN_STUDIES_MAX,
    Joined,
    Named,
    Progress,
    Study,
)


def propose(ctx: Context, message: Propose, ports: Ports) -> None:
    """Put a study up for joining."""
    # CHECK
    terms, proposer = message.terms, ctx.signer.member
    require(not NAMES.has(ctx, proposer, terms.name), codes.NAME_TAKEN, terms.name)
    require(sum(1 for _ in OPEN.scan(ctx, proposer)) < OPEN_STUDIES_MAX, codes.TOO_MANY_STUDIES)
    require(rules.stages_fit(terms.stages), codes.BAD_STAGES)
    require(rules.quorum_fits(terms), codes.BAD_QUORUM, f"{terms.quorum}")
    require(rules.robustness_fits(terms), codes.BAD_RULE)
    require(budgets.terms_fit(terms), codes.BAD_PRIVACY)
    require(rules.schema_hash(terms.schema) == terms.schema_hash, codes.BAD_SCHEMA)
    require(rules.parameters_fit(terms.recipe.parameters), codes.BAD_PARAMETERS)
    known = all(ports.members.is_member(ctx, name) for name in terms.invited)
    enough = not terms.invited or len(terms.invited) >= terms.quorum
    require(known and enough and is_sorted(terms.invited), codes.BAD_INVITATION)
    if terms.model is not None:
        require(ports.assets.is_model(ctx, terms.model), codes.UNKNOWN_MODEL)
        require(ports.assets.may_process(ctx, proposer, terms.model, terms.purpose), codes.MODEL_FORBIDDEN)
    # DECIDE
    identity = rules.study_id(ctx.network, ctx.transaction, ctx.call)
    join_until = ctx.time + terms.deadlines.join
    study = Study(identity, proposer, ctx.height, ctx.time, join_until, terms)
    # WRITE
    STUDIES.put(ctx, study, identity)
    PROGRESS.put(ctx, rules.proposed(terms), identity)
    NAMES.put(ctx, Named(identity), proposer, terms.name)
    OPEN.put(ctx, Named(identity), proposer, identity)
    # EMIT
    ctx.emit(StudyProposed(identity, proposer, terms.name, join_until))


def join(ctx: Context, message: Join, ports: Ports) -> None:
    """Take part with a data set of one's own."""
    # CHECK
    study, progress = _open_study(ctx, message.study)
    terms, member = study.terms, ctx.signer.member
    require(progress.status == "proposed", codes.NOT_PROPOSED)
    require(ctx.time < study.join_until, codes.JOINING_CLOSED)
    require(not terms.invited or member in terms.invited, codes.NOT_INVITED)
    require(not JOINS.has(ctx, study.id, member), codes.ALREADY_JOINED)
    require(len(parts_of(ctx, study.id)) < JOINED_MAX, codes.STUDY_FULL)
    data = ports.assets.dataset(ctx, message.dataset, message.version)
    if data is None:
        raise Refused(codes.UNKNOWN_DATASET, message.dataset.hex())
    require(data.owner == member, codes.NOT_OWNER, data.owner)
    require(data.usable, codes.DATASET_CLOSED)
    require(
        ports.assets.may_process(ctx, member, message.dataset, terms.purpose),
        codes.PURPOSE_FORBIDDEN,
        terms.purpose,
    )
    require(message.records <= data.records, codes.BAD_RECORDS, f"{message.records} of {data.records}")
    _check_budgets(ctx, study, message.dataset, ports)
    renewing.ask_consent(ctx, study, message.dataset, message.version, ports)
    # DECIDE
    part = Joined(
        dataset=message.dataset,
        version=message.version,
        commitment=data.commitment,
        records=message.records,
        time=ctx.time,
        leaving=False,
        until=None,
        absent=False,
        missed=0,
        back_from=0,
    )
    # WRITE
    JOINS.put(ctx, part, study.id, member)
    # EMIT
    ctx.emit(MemberJoined(study.id, member, part.dataset, part.version, part.records))


def leave(ctx: Context, message: Leave, ports: Ports) -> None:
    """Take no part from the next round on."""
    # CHECK
    study, progress = _open_study(ctx, message.study)
    member = ctx.signer.member
    part = JOINS.get(ctx, study.id, member)
    if part is None or part.until is not None:
        raise Refused(codes.NOT_JOINED, member)
    require(not part.leaving, codes.ALREADY_LEAVING)
    # DECIDE
    leaving = replace(part, leaving=True) if progress.status == "running" else None
    # WRITE
    if leaving is None:
        JOINS.delete(ctx, study.id, member)
    else:
        JOINS.put(ctx, leaving, study.id, member)
    # EMIT
    ctx.emit(MemberLeaving(study.id, member))


def come_back(ctx: Context, message: Return, ports: Ports) -> None:
    """Be waited for again."""
    # CHECK
    study, _ = running_study(ctx, message.study)
    member = ctx.signer.member
    part = JOINS.get(ctx, study.id, member)
    if part is None or part.until is not None:
        raise Refused(codes.NOT_JOINED, member)
    require(part.absent, codes.NOT_ABSENT, member)
    require(ctx.time >= part.back_from, codes.TOO_EARLY, f"{ctx.time}, not before {part.back_from}")
    # DECIDE
    present = replace(part, absent=False)
    # WRITE
    JOINS.put(ctx, present, study.id, member)
    # EMIT
    ctx.emit(MemberReturned(study.id, member))


def limit_budget(ctx: Context, message: LimitBudget, ports: Ports) -> None:
    """Limit what sums over an own population may cost."""
    # CHECK
    data = ports.assets.dataset(ctx, message.dataset, 1)
    if data is None:
        raise Refused(codes.UNKNOWN_DATASET, message.dataset.hex())
    require(data.owner == ctx.signer.member, codes.NOT_OWNER, data.owner)
    require(ports.assets.populations(ctx, message.dataset) == (message.dataset,), codes.NO_POPULATION)
    before = budget_of(ctx, message.dataset)
    lower = before.limit is None or message.limit < before.limit
    require(lower and message.limit >= before.spent, codes.ONLY_LOWER, f"{before.spent} of {before.limit}")
    # DECIDE
    budget = replace(before, limit=message.limit)
    # WRITE
    BUDGETS.put(ctx, budget, message.dataset)
    # EMIT
    ctx.emit(BudgetLimited(message.dataset, message.limit))


def start(ctx: Context, message: Start, ports: Ports) -> None:
    """Begin the first round."""
    # CHECK
    study, progress = _open_study(ctx, message.study)
    require(progress.status == "proposed", codes.NOT_PROPOSED)
    present = roll(ctx, study, ports)
    joined = [name for name, _ in present.staying]
    require(len(joined) >= study.terms.quorum, codes.TOO_FEW_JOINED, f"{len(joined)} of {study.terms.quorum}")
    allowed = ctx.signer.member == study.proposer or rules.anybody_may_start(study, joined, ctx.time)
    require(allowed, codes.TOO_EARLY)
    # DECIDE
    change = rules.begin(study, progress, present, Moment(ctx.height, ctx.time))
    # WRITE
    write(ctx, study, change)
    # EMIT
    ctx.emit(StudyStarted(study.id, len(joined)))
    tell(ctx, change)


def cancel(ctx: Context, message: Cancel, ports: Ports) -> None:
    """Abort a study that its proposer gives up, or that too few joined in time."""
    # CHECK
    study, progress = _open_study(ctx, message.study)
    stuck = (
        progress.status == "proposed"
        and ctx.time >= study.join_until
        and len(roll(ctx, study, ports).staying) < study.terms.quorum
    )
    require(stuck or ctx.signer.member == study.proposer, codes.NOT_PROPOSER)
    # DECIDE
    change = rules.cancelled(study, progress, open_round(ctx, progress, study.id), message.reason)
    # WRITE
    write(ctx, study, change)
    # EMIT
    tell(ctx, change)


def finish(ctx: Context, message: Finish, ports: Ports) -> None:
    """Register the model of a study whose rounds are all final."""
    # CHECK
    study, progress = _open_study(ctx, message.study)
    require(progress.status == "running", codes.NOT_RUNNING)
    takes_part = JOINS.has(ctx, study.id, ctx.signer.member) or ctx.signer.member == study.proposer
    require(takes_part, codes.NOT_JOINED, ctx.signer.member)
    require(progress.index == rules.rounds_of(study.terms.stages), codes.ROUNDS_LEFT)
    # DECIDE
    parts = parts_of(ctx, study.id)
    used = [parts[name] for name in progress.contributors]
    trained = TrainedModel(
        owner=study.proposer,
        name=study.terms.model_name,
        title=study.terms.model_title,
        content=progress.state,
        records=sum(part.records for part in used),
        study=study.id,
        summed=tuple((part.dataset, part.version) for part in used),
        started_from=study.terms.model,
    )
    # WRITE
    model = ports.assets.register(ctx, trained)
    change = Change(replace(progress, status="finished", model=model))
    write(ctx, study, change)
    # EMIT
    ctx.emit(StudyFinished(study.id, model, progress.state))


# ------------------------------------------------------------------ shared with the steps of rounds


def roll(
    ctx: Context, study: Study, ports: Ports, index: int = 0, *, paid: frozenset[str] = frozenset()
) -> Roll:
    """Who goes on with a study to round `index`, and who does not.

    Members stay that neither leave nor left, with a data set still open to the study, and enough left of its
    populations' budgets for the round; those who `paid` for a sum of it may be asked for that one again.
    Of them those rest in whose data somebody does not consent now.
    """
    staying: list[tuple[str, Joined]] = []
    going: list[tuple[str, Joined]] = []
    resting: list[tuple[str, Joined]] = []
    renewed: list[str] = []
    terms = study.terms
    over = index >= rules.rounds_of(terms.stages)
    cost = 0 if over else budgets.round_cost(terms, rules.stage_of(terms.stages, index))
    for name, before in parts_of(ctx, study.id).items():
        if before.until is not None:
            continue
        part = renewing.part_at(ctx, study.id, name, before, index)
        if part is not before:
            renewed.append(name)
        stays = (
            not part.leaving
            and ports.members.is_member(ctx, name)
            and usable(ctx, study, name, part, ports)
            and (over or (cost > 0 and name in paid) or can_pay(ctx, part.dataset, cost, ports))
        )
        rests = stays and not over and not renewing.consented(ctx, study, part, ports)
        (resting if rests else staying if stays else going).append((name, part))
    return Roll(tuple(staying), tuple(going), tuple(resting), frozenset(renewed))


def can_pay(ctx: Context, dataset: bytes, cost: int, ports: Ports) -> bool:
    """Whether so many nano-rho are left of the budget of each population of a data set.

    A sum that costs nothing has no noise: no population with a limit is in it.
    """
    populations = ports.assets.populations(ctx, dataset)
    if populations is None:
        return False
    known = [budget_of(ctx, population) for population in populations]
    return budgets.affordable(cost, known) if cost else not budgets.limited(known)


def usable(ctx: Context, study: Study, member: str, part: Joined, ports: Ports) -> bool:
    """Whether a member's data set is still open to the study."""
    data = ports.assets.dataset(ctx, part.dataset, part.version)
    return (
        data is not None
        and data.usable
        and ports.assets.may_process(ctx, member, part.dataset, study.terms.purpose)
    )


def _check_budgets(ctx: Context, study: Study, dataset: bytes, ports: Ports) -> None:
    """Raise Refused unless a data set's populations are known, free for the study, and can pay all of it."""
    populations = ports.assets.populations(ctx, dataset)
    if populations is None:
        raise Refused(codes.BAD_LINEAGE, dataset.hex())
    known = [budget_of(ctx, population) for population in populations]
    require(study.terms.privacy is not None or not budgets.limited(known), codes.NEEDS_NOISE)
    if study.terms.privacy is None:
        return
    for name, part in parts_of(ctx, study.id).items():
        others = ports.assets.populations(ctx, part.dataset) or ()
        require(not set(others) & set(populations), codes.BAD_LINEAGE, name)
    cost = budgets.study_cost(study.terms)
    require(budgets.affordable(cost, known), codes.OVER_BUDGET, f"{cost} nano-rho")


def tell(ctx: Context, change: Change) -> None:
    """Emit the events of a change."""
    for event in change.events:
        ctx.emit(event)


def _open_study(ctx: Context, identity: bytes) -> tuple[Study, Progress]:
    study, progress = STUDIES.get(ctx, identity), PROGRESS.get(ctx, identity)
    if study is None or progress is None:
        raise Refused(codes.UNKNOWN_STUDY, identity.hex())
    require(progress.status in {"proposed", "running"}, codes.STUDY_OVER, progress.status)
    return study, progress


def running_study(ctx: Context, identity: bytes) -> tuple[Study, Progress]:
    """A study that runs, and its progress; raises Refused."""
    study, progress = _open_study(ctx, identity)
    require(progress.status == "running", codes.NOT_RUNNING)
    return study, progress
