"""What anyone may ask about studies and rounds."""

from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import U32, U63, Digest, Milliseconds, Name, Record
from consortia.base.refusals import Refused
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.modules.training import refusals as codes
from consortia.modules.training import rules
from consortia.modules.training.handlers import roll
from consortia.modules.training.masks import begun, waiting
from consortia.modules.training.ports import Ports
from consortia.modules.training.renewing import records_at
from consortia.modules.training.rounds import awaited as who_is_awaited
from consortia.modules.training.state import (
    DEALINGS,
    JOINS,
    KEYS,
    NAMES,
    OPEN,
    PROGRESS,
    RESULTS,
    REVEALED,
    ROUNDS,
    SEALS,
    STUDIES,
    SUBMISSIONS,
    complaints_of,
    open_round,
    own_tries,
    parts_of,
    results_of,
    submissions_of,
)
from consortia.modules.training.types import (
    JOINED_MAX,
    Accusation,
    Attempt,
    Complaint,
    Joined,
    Names,
    Progress,
    Result,
    Round,
    Status,
    Study,
    Submission,
)

TASKS_MAX = 256

Action = Literal[
    "join",
    "start",
    "keys",
    "shares",
    "seal",
    "submit",
    "answer",
    "reveal",
    "commit",
    "open",
    "wait",
    "finish",
]


class ById(Record, frozen=True):
    """A study's id."""

    study: Digest


class ByName(Record, frozen=True):
    """A proposer and what it calls its study."""

    proposer: Name
    name: Name


class Found(Record, frozen=True):
    """The id of a study, or None where there is none."""

    study: Digest | None


class Part(Record, frozen=True):
    """A member and its part in a study."""

    member: Name
    part: Joined


class StudyView(Record, frozen=True):
    """A study, how far it is, and everybody who takes or took part, by name."""

    study: Study
    progress: Progress
    parts: Annotated[tuple[Part, ...], Meta(max_length=JOINED_MAX)]


class ByRound(Record, frozen=True):
    """A round of a study by its index from 0; `attempt` None asks for the newest try."""

    study: Digest
    index: U32
    attempt: Attempt | None


class Update(Record, frozen=True):
    """A member, the records that it brought, and its update in a round."""

    member: Name
    records: U63
    submission: Submission


class MemberResult(Record, frozen=True):
    """A member and what it committed to."""

    member: Name
    result: Result


class RoundView(Record, frozen=True):
    """A round with everybody's updates and results, by member."""

    round: Round
    updates: Annotated[tuple[Update, ...], Meta(max_length=JOINED_MAX)]
    results: Annotated[tuple[MemberResult, ...], Meta(max_length=JOINED_MAX)]


class ByMember(Record, frozen=True):
    """A member."""

    member: Name


class Task(Record, frozen=True):
    """What a member has to do in a study.

    `action` "wait" means that others are awaited; "start" is `ready` once any member may start, and not
    before: to begin with a mere quorum is for the proposer's officers to decide. The member acts when a
    ledger checkpoint that covers block `height` is final. From block time `deadline` on the step (or the
    joining time) can be ended instead. `absent`: nobody waits for the member until it says that it is there,
    as it may now.
    `keys` is the masked round after this one, as long as the member may publish its keys for it already.
    "answer" is due to somebody who complains of the shares that the member dealt it.
    """

    study: Digest
    action: Action
    ready: bool
    round: Digest | None
    index: U32
    attempt: Attempt
    height: U63
    deadline: Milliseconds | None
    absent: bool
    keys: Digest | None


class Tasks(Record, frozen=True):
    """A member's tasks, at most 256, by proposer and study; `time` is the newest block's."""

    tasks: Annotated[tuple[Task, ...], Meta(max_length=TASKS_MAX)]
    time: Milliseconds


class Awaited(Record, frozen=True):
    """Who is awaited for what, and until which block time; nobody where the study waits for nothing.

    `members` have yet to do `action`; `answers` are dealers who owe an answer to a complaint.
    """

    status: Status
    action: Action
    index: U32
    attempt: Attempt
    members: Names
    answers: Names
    deadline: Milliseconds | None


def study(ctx: Context, arguments: ById, ports: Ports) -> StudyView:
    """A study with all that is known of it but its rounds."""
    record, progress = known(ctx, arguments.study)
    parts = parts_of(ctx, record.id)
    return StudyView(record, progress, tuple(Part(name, part) for name, part in parts.items()))


def find(ctx: Context, arguments: ByName, ports: Ports) -> Found:
    """The study that a proposer calls so."""
    named = NAMES.get(ctx, arguments.proposer, arguments.name)
    return Found(None if named is None else named.study)


def round_view(ctx: Context, arguments: ByRound, ports: Ports) -> RoundView:
    """One try of a round with its updates and results."""
    known(ctx, arguments.study)
    tries = [found for _, found in ROUNDS.scan(ctx, arguments.study, arguments.index)]
    wanted = [found for found in tries if arguments.attempt in {None, found.attempt}]
    if not wanted:
        raise Refused(codes.WRONG_ROUND, f"round {arguments.index} has {len(tries)} tries")
    this = wanted[-1]
    parts = parts_of(ctx, this.study)
    return RoundView(
        this,
        tuple(
            Update(name, records_at(ctx, this.study, name, parts[name], this.index), update)
            for name, update in submissions_of(ctx, this.id).items()
        ),
        tuple(MemberResult(name, result) for name, result in results_of(ctx, this.id).items()),
    )


def due(ctx: Context, arguments: ByMember, ports: Ports) -> Tasks:
    """What a member still has to do, in every study that it takes or may take part in."""
    tasks: list[Task] = []
    for _, named in OPEN.scan(ctx):
        task = _task(ctx, named.study, arguments.member, ports)
        if len(tasks) == TASKS_MAX:
            break
        if task is not None:
            tasks.append(task)
    return Tasks(tuple(tasks), ctx.time)


def awaited(ctx: Context, arguments: ById, ports: Ports) -> Awaited:
    """Who is awaited, for what and until when."""
    record, progress = known(ctx, arguments.study)
    if progress.status == "proposed":
        joined = parts_of(ctx, record.id)
        missing = tuple(name for name in record.terms.invited if name not in joined)
        return Awaited("proposed", "join", 0, 0, missing, (), record.join_until)
    this = open_round(ctx, progress, record.id)
    if this is None:
        action: Action = "finish" if progress.status == "running" else "wait"
        return Awaited(progress.status, action, progress.index, progress.attempt, (), (), None)
    parts = parts_of(ctx, record.id)
    accused = tuple(sorted({dealer for dealer, _ in _unanswered(ctx, this)}))
    due = [name for name in who_is_awaited(this) if not _has_done(ctx, this, name)]
    again = begun(own_tries(ctx, this)) if this.step == "keys" else ()
    missing = tuple(name for name in due if not parts[name].absent or name in again)
    return Awaited(progress.status, this.step, this.index, this.attempt, missing, accused, this.deadline)


def known(ctx: Context, identity: bytes) -> tuple[Study, Progress]:
    """A study and how far it is; raises Refused for an unknown one."""
    record, progress = STUDIES.get(ctx, identity), PROGRESS.get(ctx, identity)
    if record is None or progress is None:
        raise Refused(codes.UNKNOWN_STUDY, identity.hex())
    return record, progress


def _task(ctx: Context, identity: bytes, member: str, ports: Ports) -> Task | None:
    record, progress = known(ctx, identity)
    part = JOINS.get(ctx, identity, member)
    if progress.status == "proposed":
        if part is None:
            return _joining(ctx, record, member)
        joined = [name for name, _ in roll(ctx, record, ports).staying]
        if len(joined) < record.terms.quorum:
            return None
        ready = rules.anybody_may_start(record, joined, ctx.time)
        return Task(
            identity, "start", ready, None, 0, 0, record.height, record.join_until, absent=False, keys=None
        )
    if part is None or part.until is not None:
        return None
    this = open_round(ctx, progress, identity)
    if this is None:
        return Task(identity, "finish", True, None, progress.index, 0, 0, None, absent=False, keys=None)
    action: Action = "wait" if _has_done(ctx, this, member) else this.step
    since = [one.height for (dealer, _), one in _unanswered(ctx, this).items() if dealer == member]
    if since:
        action = "answer"
    return Task(
        identity,
        action,
        True,
        this.id,
        this.index,
        this.attempt,
        max(this.height, min(since, default=0)),
        this.deadline,
        absent=part.absent and ctx.time >= part.back_from,
        keys=_keys_ahead(ctx, record, this, member),
    )


def _unanswered(ctx: Context, this: Round) -> dict[Accusation, Complaint]:
    """The complaints in a round that wait for an answer."""
    if this.step != "submit" or not this.keyed:
        return {}
    complaints = complaints_of(ctx, this.id)
    return {each: complaints[each] for each in waiting(complaints, submissions_of(ctx, this.id))}


def _keys_ahead(ctx: Context, record: Study, this: Round, member: str) -> bytes | None:
    """The masked round after this one, if the member has not published its keys for it."""
    stages = record.terms.stages
    later = this.index + 1 < rules.rounds_of(stages)
    if this.step not in {"commit", "open"} or member not in this.members or not later:
        return None
    following = rules.next_round_id(record, this)
    masked = stages[rules.stage_of(stages, this.index + 1)].mode == "masked"
    return following if masked and not KEYS.has(ctx, following, member) else None


def _joining(ctx: Context, record: Study, member: str) -> Task | None:
    invited = record.terms.invited
    if (invited and member not in invited) or ctx.time >= record.join_until:
        return None
    return Task(
        record.id, "join", True, None, 0, 0, record.height, record.join_until, absent=False, keys=None
    )


def _has_done(ctx: Context, this: Round, member: str) -> bool:
    """Whether nothing is awaited of a member at the round's step."""
    if member not in who_is_awaited(this) and this.step != "commit":
        return this.step != "open" or not _may_open(ctx, this, member)
    match this.step:
        case "keys":
            return KEYS.has(ctx, this.id, member)
        case "shares":
            return DEALINGS.has(ctx, this.id, member)
        case "seal":
            return SEALS.has(ctx, rules.first_try(this), member)
        case "submit":
            return SUBMISSIONS.has(ctx, this.id, member) or not _may_show(ctx, this, member)
        case "reveal":
            return REVEALED.has(ctx, this.id, member)
        case "commit":
            return RESULTS.has(ctx, this.id, member)
    return not _may_open(ctx, this, member)


def _may_show(ctx: Context, this: Round, member: str) -> bool:
    """Whether a member may send its update: in a sealed round, the one that it sealed."""
    study = STUDIES.get(ctx, this.study)
    sealed = study is not None and study.terms.stages[this.stage].mode == "sealed"
    return not sealed or SEALS.has(ctx, rules.first_try(this), member)


def _may_open(ctx: Context, this: Round, member: str) -> bool:
    own = RESULTS.get(ctx, this.id, member)
    return own is not None and own.opened is None


QUERIES = (
    Query("study", ById, StudyView, study, "A study, how far it is, and who takes part."),
    Query("find", ByName, Found, find, "The id of the study that a proposer calls so."),
    Query("round", ByRound, RoundView, round_view, "A round with its updates and results."),
    Query("due", ByMember, Tasks, due, "What a member still has to do, and until when."),
    Query("awaited", ById, Awaited, awaited, "Who is awaited in a study, for what and until when."),
)
