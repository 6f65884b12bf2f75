"""The life of a study as pure functions: from facts to the change that follows.

A round walks through the steps of its mode (`types.STEPS`). A step ends when every member has done it,
or is closed from its deadline on; the functions `after_...` say what then follows. Whoever did
not do a step is missing: from the cohort when updates are due, otherwise only if too few are left.
More than two thirds of a round's members agree on its outcome, or there is none.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from msgspec.structs import replace

from consortia.base.codec import Malformed, decode
from consortia.base.hashing import tagged
from consortia.modules.training.types import (
    HEADROOM_BITS,
    ROUNDS_MAX,
    STEPS,
    CohortFixed,
    Event,
    Joined,
    MemberLeft,
    Outcome,
    Progress,
    Result,
    ResultDiffers,
    ResultDisputed,
    Round,
    RoundAborted,
    RoundFinal,
    RoundStarted,
    Stage,
    Step,
    Study,
    StudyAborted,
    Terms,
)

NO_HISTORY = bytes(32)
"""The history of a study without a final round."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The height and the time (milliseconds) of a block."""

    height: int
    time: int


@dataclass(frozen=True, slots=True)
class Roll:
    """Who goes on with a study and who goes: members with their parts, sorted by name."""

    staying: tuple[tuple[str, Joined], ...]
    going: tuple[tuple[str, Joined], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What follows: the study's progress, rounds and parts that changed, and the events to tell."""

    progress: Progress
    rounds: tuple[Round, ...] = ()
    parts: tuple[tuple[str, Joined], ...] = ()
    events: tuple[Event, ...] = ()


# ------------------------------------------------------------------ what is hashed and signed


def study_id(network: bytes, transaction: bytes, call: int) -> bytes:
    """H("consortia/study", network | transaction id | call in 8 bytes)."""
    return tagged("consortia/study", network + transaction + call.to_bytes(8, "big"))


def schema_hash(schema: bytes) -> bytes:
    """H("consortia/schema", the encoded schema)."""
    return tagged("consortia/schema", schema)


def round_id(study: bytes, stage: int, index: int, attempt: int) -> bytes:
    """H("consortia/round", study | stage | index | attempt), each number in 8 bytes, big-endian."""
    numbers = b"".join(number.to_bytes(8, "big") for number in (stage, index, attempt))
    return tagged("consortia/round", study + numbers)


def availability(network: bytes, study: bytes, round: bytes, *, member: str, blob: bytes, size: int) -> bytes:  # noqa: A002
    """The 32 bytes that a node signs to say that it holds and has checked the blob of `member` in a round.

    H("consortia/availability", network | study | round id | member | blob | size in 8 bytes).
    """
    return tagged(
        "consortia/availability",
        network + study + round + member.encode("ascii") + blob + size.to_bytes(8, "big"),
    )


def commitment(round: bytes, member: str, outcome: Outcome) -> bytes:  # noqa: A002
    """H("consortia/result", round id | member | sum | state): bound to the member, so no copy counts."""
    return tagged("consortia/result", round + member.encode("ascii") + outcome.sum + outcome.state)


def chained(history: bytes, round: bytes, outcome: Outcome) -> bytes:  # noqa: A002
    """The history after a final round: H("consortia/history", history | round id | sum | state)."""
    return tagged("consortia/history", history + round + outcome.sum + outcome.state)


# ------------------------------------------------------------------ terms


def needed(members: int) -> int:
    """The smallest number of members that is more than two thirds of them."""
    return 2 * members // 3 + 1


def stages_fit(stages: tuple[Stage, ...]) -> bool:
    """Whether the stages have different names, not too many rounds, and clips below their ring's headroom."""
    return (
        len({stage.name for stage in stages}) == len(stages)
        and rounds_of(stages) <= ROUNDS_MAX
        and all(stage.clip <= 1 << (stage.ring_bits - 1 - HEADROOM_BITS) for stage in stages)
    )


def parameters_fit(parameters: bytes) -> bool:
    """Whether these bytes are the one encoding of a map."""
    try:
        return isinstance(decode(parameters), dict)
    except Malformed:
        return False


def rounds_of(stages: tuple[Stage, ...]) -> int:
    """The rounds of all stages together."""
    return sum(stage.rounds for stage in stages)


def stage_of(stages: tuple[Stage, ...], index: int) -> int:
    """The position of the stage that round `index` belongs to; raises IndexError beyond the last."""
    for position, stage in enumerate(stages):
        if index < stage.rounds:
            return position
        index -= stage.rounds
    raise IndexError("the study has no such round")


def blob_bytes(stage: Stage) -> int:
    """The size of an update's blob."""
    return stage.length * (stage.ring_bits // 8)


def is_sorted(names: Iterable[str]) -> bool:
    """Whether names stand sorted, each once."""
    return all(a < b for a, b in pairwise(names))


def anybody_may_start(study: Study, joined: Iterable[str], time: int) -> bool:
    """Whether not only the proposer may start the study, the quorum having joined; see `messages.Start`."""
    invited = study.terms.invited
    return time >= study.join_until or (bool(invited) and set(invited) == set(joined))


# ------------------------------------------------------------------ rounds


def proposed(terms: Terms) -> Progress:
    """The progress of a new study."""
    return Progress("proposed", terms.initial, 0, 0, None, (), NO_HISTORY, None, None)


def abort(study: Study, progress: Progress, reason: str) -> Change:
    """The study ends without a model."""
    ended = replace(progress, status="aborted", round=None, reason=reason)
    return Change(ended, events=(StudyAborted(study.id, reason),))


def cancelled(study: Study, progress: Progress, this: Round | None, reason: str) -> Change:
    """The study ends, and with it the round that is open, if one is."""
    closed = () if this is None else (replace(this, status="aborted"),)
    return _joined(Change(progress, closed), abort(study, progress, reason))


def begin(study: Study, progress: Progress, roll: Roll, now: Moment) -> Change:
    """The next round opens, for those who stay; or all rounds are done, or too few members are left."""
    index, terms = progress.index, study.terms
    if index == rounds_of(terms.stages):
        return Change(replace(progress, status="running", round=None))
    parts = tuple((name, replace(part, until=index)) for name, part in roll.going)
    left = tuple(MemberLeft(study.id, name, index) for name, _ in roll.going)
    if len(roll.staying) < terms.quorum:
        reason = f"before round {index}, {len(roll.staying)} members are left of a quorum of {terms.quorum}"
        return _joined(Change(progress, parts=parts, events=left), abort(study, progress, reason))
    stage = stage_of(terms.stages, index)
    identity = round_id(study.id, stage, index, progress.attempt)
    deadline = now.time + terms.deadlines.submit
    opened = Round(
        id=identity,
        study=study.id,
        stage=stage,
        index=index,
        attempt=progress.attempt,
        members=tuple(name for name, _ in roll.staying),
        records=sum(part.records for _, part in roll.staying),
        state=progress.state,
        status="open",
        step=STEPS[terms.stages[stage].mode][0],
        height=now.height,
        time=now.time,
        deadline=deadline,
        cohort=(),
        cohort_records=0,
        outcome=None,
        differing=(),
        missing=(),
    )
    started = RoundStarted(study.id, identity, index, progress.attempt, deadline)
    running = replace(progress, status="running", round=identity)
    return Change(running, (opened,), parts, (*left, started))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a step ends: the study, its round, and who did the step.

    `submitted` gives the records of those whose updates are fixed, `results` what was committed and opened.
    """

    study: Study
    progress: Progress
    round: Round
    roll: Roll
    submitted: Mapping[str, int]
    results: Mapping[str, Result]


def after_submit(facts: Facts, now: Moment) -> Change:
    """The cohort is fixed, or the round given up when it is below the quorum."""
    cohort = tuple(sorted(facts.submitted))
    missing = _without(facts.round.members, cohort)
    if len(cohort) < facts.study.terms.quorum:
        return _give_up(facts, missing, now)
    fixed = replace(
        _next_step(facts, now), cohort=cohort, cohort_records=sum(facts.submitted.values()), missing=missing
    )
    event = CohortFixed(facts.study.id, fixed.id, len(cohort), missing)
    return Change(facts.progress, (fixed,), (), (event,))


def after_commit(facts: Facts, now: Moment) -> Change:
    """Results may be opened, or the round is given up when too few committed to agree."""
    committed = tuple(facts.results)
    if len(committed) < needed(len(facts.round.members)):
        return _give_up(facts, _without(facts.round.members, committed), now)
    return Change(facts.progress, (_next_step(facts, now),))


def after_open(facts: Facts, now: Moment) -> Change:
    """Nobody opened what two thirds could agree on: the round is given up."""
    return _give_up(
        facts, tuple(name for name, result in facts.results.items() if result.opened is None), now
    )


AFTER: dict[Step, Callable[[Facts, Moment], Change]] = {
    "submit": after_submit,
    "commit": after_commit,
    "open": after_open,
}
"""What follows when a step is over."""


def judge(facts: Facts, outcome: Outcome, now: Moment) -> Change:
    """What an opening of `outcome`, already among the results, leads to.

    A commitment is a function of the member and its result, so one opening shows for everybody
    whether it had committed to the same. The round is final when more than two thirds had, and whoever
    committed to something else is named at once; it is disputed when they can no longer.
    """
    study, this = facts.study, facts.round
    enough = needed(len(this.members))
    agreeing = _holders(facts, outcome)
    if len(agreeing) >= enough:
        return _final(facts, outcome, _without(tuple(facts.results), agreeing), now)
    opened = {result.opened for result in facts.results.values() if result.opened is not None}
    explained = {name for known in opened for name in _holders(facts, known)}  # a set from a set: no order
    if len(facts.results) - len(explained) >= enough:
        return Change(facts.progress)
    witnesses = tuple(sorted(name for name, result in facts.results.items() if result.opened is not None))
    ended = abort(study, facts.progress, f"the results of round {this.index} differ; see its evidence")
    event = ResultDisputed(study.id, this.id, witnesses)
    return _joined(Change(ended.progress, (replace(this, status="disputed"),), (), (event,)), ended)


def _final(facts: Facts, outcome: Outcome, differing: tuple[str, ...], now: Moment) -> Change:
    study, this, progress = facts.study, facts.round, facts.progress
    done = replace(
        progress,
        state=outcome.state,
        index=this.index + 1,
        attempt=0,
        round=None,
        contributors=tuple(sorted({*progress.contributors, *this.cohort})),
        history=chained(progress.history, this.id, outcome),
    )
    closed = replace(this, status="final", outcome=outcome, differing=differing)
    events: tuple[Event, ...] = (
        *(ResultDiffers(study.id, this.id, name) for name in differing),
        RoundFinal(study.id, this.id, this.index, outcome.sum, outcome.state),
    )
    return _joined(Change(done, (closed,), (), events), begin(study, done, facts.roll, now))


def _give_up(facts: Facts, missing: tuple[str, ...], now: Moment) -> Change:
    """The round is aborted, its missing named; the next try begins, if one is left."""
    study, this, progress = facts.study, facts.round, facts.progress
    closed = replace(this, status="aborted", missing=missing)
    event = RoundAborted(study.id, this.id, this.step, missing)
    first = Change(replace(progress, round=None), (closed,), (), (event,))
    if this.attempt >= study.terms.retries:
        reason = f"round {this.index} was given up {this.attempt + 1} times for want of members"
        return _joined(first, abort(study, progress, reason))
    again = replace(progress, attempt=this.attempt + 1, round=None)
    return _joined(first, begin(study, again, facts.roll, now))


def _next_step(facts: Facts, now: Moment) -> Round:
    steps = STEPS[facts.study.terms.stages[facts.round.stage].mode]
    step = steps[steps.index(facts.round.step) + 1]
    deadline = now.time + facts.study.terms.deadlines.result
    return replace(facts.round, step=step, height=now.height, time=now.time, deadline=deadline)


def _holders(facts: Facts, outcome: Outcome) -> tuple[str, ...]:
    """Who committed to `outcome`."""
    return tuple(
        name
        for name, result in facts.results.items()
        if result.commitment == commitment(facts.round.id, name, outcome)
    )


def _joined(first: Change, then: Change) -> Change:
    """Two changes, one after the other."""
    return Change(
        then.progress, first.rounds + then.rounds, first.parts + then.parts, first.events + then.events
    )


def _without(names: tuple[str, ...], others: Iterable[str]) -> tuple[str, ...]:
    excluded = set(others)
    return tuple(name for name in names if name not in excluded)
