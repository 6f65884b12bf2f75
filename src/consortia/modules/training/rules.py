"""The life of a study as pure functions: from facts to the change that follows.

What is hashed and signed, which terms fit together, and how a study begins its rounds and ends. What happens
within a round stands in `rounds`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from consortia.base.codec import Malformed, decode, encode
from consortia.base.hashing import tagged
from consortia.exact.robust import RobustError, check
from consortia.exact.tally import quorum
from consortia.modules.training import masks
from consortia.modules.training.events import (
    Event,
    MemberLeft,
    RoundStarted,
    StudyAborted,
)
from consortia.modules.training.types import (
    BACK_OFF_MAX,
    HEADROOM_BITS,
    MASKED_MIN,
    ROUNDS_MAX,
    STEPS,
    Asked,
    Joined,
    Outcome,
    Progress,
    Round,
    RoundKeys,
    Secret,
    Stage,
    Step,
    Study,
    Terms,
)

NO_HISTORY = bytes(32)
"""The history, and the chain of sums, of a study without a final round."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The height and the time (milliseconds) of a block."""

    height: int
    time: int


@dataclass(frozen=True, slots=True)
class Roll:
    """Who goes on with a study and who goes: members with their parts, sorted by name.

    Those `resting` sit this round out: somebody in their data does not consent. Those `renewed` bring another
    version of it than to the round before; their parts say so.
    """

    staying: tuple[tuple[str, Joined], ...]
    going: tuple[tuple[str, Joined], ...]
    resting: tuple[tuple[str, Joined], ...] = ()
    renewed: frozenset[str] = frozenset()

    @property
    def everybody(self) -> tuple[tuple[str, Joined], ...]:
        """All who take part until the next try begins."""
        return (*self.staying, *self.going, *self.resting)


@dataclass(frozen=True, slots=True)
class Change:
    """What follows: the study's progress, rounds and parts that changed, and the events to tell.

    `secrets` are a round's, once they are revealed; `asked` is a query with all cohorts that asked it;
    `charges` are what populations pay for it, in nano-rho.
    """

    progress: Progress
    rounds: tuple[Round, ...] = ()
    parts: tuple[tuple[str, Joined], ...] = ()
    events: tuple[Event, ...] = ()
    secrets: tuple[tuple[str, Secret], ...] = ()
    asked: tuple[bytes, Asked] | None = None
    charges: tuple[tuple[bytes, int], ...] = ()


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


def next_round_id(study: Study, this: Round) -> bytes:
    """The id of the first try of the round after this one, for which keys may be published already.

    Raises IndexError after the last.
    """
    index = this.index + 1
    return round_id(study.id, stage_of(study.terms.stages, index), index, 0)


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


def first_try(this: Round) -> bytes:
    """The id of a round's first try, to which seals belong: they hold for every further one."""
    return round_id(this.study, this.stage, this.index, 0)


def seal(first: bytes, member: str, blob: bytes, salt: bytes) -> bytes:
    """H("consortia/update-seal", first try's round id | member | blob | salt): of no use to anybody else."""
    return tagged("consortia/update-seal", first + member.encode("ascii") + blob + salt)


def query(this: Round, terms: Terms, sums: bytes) -> bytes:
    """What a round asks of its members' data, whichever study asks, and for whatever purpose.

    H("consortia/query", encoded [sums, schema hash, length, ring bits, scale bits, weighting]), `sums` being
    the chain of the sums before it. Beside the data, a sum depends on no more of its study than that and what
    the recipe's parameters change; where they change nothing, as in the statistics that recipes begin with,
    it is the same sum. So all that look alike count as one.
    """
    stage = terms.stages[this.stage]
    vector = [stage.length, stage.ring_bits, stage.scale_bits, stage.weighting]
    return tagged("consortia/query", encode([sums, terms.schema_hash, *vector]))


def chained(history: bytes, round: bytes, outcome: Outcome) -> bytes:  # noqa: A002
    """The history after a final round: H("consortia/history", history | round id | sum | state)."""
    return tagged("consortia/history", history + round + outcome.sum + outcome.state)


def summed(sums: bytes, outcome: Outcome) -> bytes:
    """The chain of sums after a final round: H("consortia/sums", sums | sum). No study stands in it."""
    return tagged("consortia/sums", sums + outcome.sum)


# ------------------------------------------------------------------ terms


def needed(members: int) -> int:
    """More than two thirds of the members; a study has a `quorum` of its own, which is another number."""
    return quorum(members)


def stages_fit(stages: tuple[Stage, ...]) -> bool:
    """Whether the stages have different names, not too many rounds, and clips below their ring's headroom."""
    return (
        len({stage.name for stage in stages}) == len(stages)
        and rounds_of(stages) <= ROUNDS_MAX
        and all(stage.clip <= 1 << (stage.ring_bits - 1 - HEADROOM_BITS) for stage in stages)
    )


def quorum_fits(terms: Terms) -> bool:
    """Whether no masked sum can be of fewer than three members."""
    masked = any(stage.mode == "masked" for stage in terms.stages)
    return terms.quorum >= MASKED_MIN or not masked


def robustness_fits(terms: Terms) -> bool:
    """Whether every stage's rule keeps what it promises in the smallest cohort.

    A mean tolerates nobody, and is of all members; a rule over masked updates is one over groups, without
    noise of which each group's sum would have too little.
    """
    return all(_rule_fits(stage, terms) for stage in terms.stages)


def _rule_fits(stage: Stage, terms: Terms) -> bool:
    if stage.rule == "mean":
        return stage.tolerated == stage.group == 0
    if (stage.mode == "masked") != (stage.group > 0) or terms.privacy is not None:
        return False
    try:
        check(stage.rule, terms.quorum, stage.tolerated, group=stage.group or 1)
    except RobustError:
        return False
    return True


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


def anybody_may_start(study: Study, joined: Iterable[str], time: int) -> bool:
    """Whether not only the proposer may start the study, the quorum having joined; see `messages.Start`."""
    invited = study.terms.invited
    return time >= study.join_until or (bool(invited) and set(invited) == set(joined))


# ------------------------------------------------------------------ rounds


def proposed(terms: Terms) -> Progress:
    """The progress of a new study."""
    return Progress("proposed", terms.initial, 0, 0, None, (), (), (), NO_HISTORY, NO_HISTORY, 0, None, None)


def abort(study: Study, progress: Progress, reason: str) -> Change:
    """The study ends without a model."""
    ended = replace(progress, status="aborted", round=None, reason=reason)
    return Change(ended, events=(StudyAborted(study.id, reason),))


def cancelled(study: Study, progress: Progress, this: Round | None, reason: str) -> Change:
    """The study ends, and with it the round that is open, if one is."""
    closed = () if this is None else (replace(this, status="aborted"),)
    return joined(Change(progress, closed), abort(study, progress, reason))


def begin(
    study: Study,
    progress: Progress,
    roll: Roll,
    now: Moment,
    *,
    early: Mapping[str, RoundKeys] | None = None,
    records: int | None = None,
    sealed: bool = False,
) -> Change:
    """The next round opens, for those who stay; or all rounds are done, or too few members are left.

    `early` are the keys that members published for it before, if it is a masked one. `records` are those of
    the try before, if this is another one of its round: what is sent again was weighed by them. With
    `sealed` it waits for the updates sealed in an earlier try: who saw some of them seals nothing any more.
    """
    index, terms = progress.index, study.terms
    if index == rounds_of(terms.stages):
        return Change(replace(progress, status="running", round=None))
    renewed = [(name, part) for name, part in (*roll.staying, *roll.resting) if name in roll.renewed]
    parts = (*((name, replace(part, until=index)) for name, part in roll.going), *renewed)
    left = tuple(MemberLeft(study.id, name, index) for name, _ in roll.going)
    staying = tuple((name, part) for name, part in roll.staying if name not in progress.excluded)
    if len(staying) < terms.quorum:
        reason = f"before round {index + 1}, {len(staying)} members are left of a quorum of {terms.quorum}"
        return joined(Change(progress, parts=parts, events=left), abort(study, progress, reason))
    if records is None:
        records = sum(part.records for _, part in staying)
    opened = _opened(study, progress, tuple(name for name, _ in staying), records, now)
    if sealed:
        opened = next_step(study, opened, now)
    if opened.step == "keys":
        absent = frozenset(name for name, part in staying if part.absent)
        keys = {name: one for name, one in (early or {}).items() if name in opened.members}
        if all(name in keys or name in absent for name in opened.members) and len(keys) >= terms.quorum:
            opened = with_keys(next_step(study, opened, now), keys)
    started = RoundStarted(study.id, opened.id, index, progress.attempt, opened.deadline)
    running = replace(progress, status="running", round=opened.id)
    return Change(running, (opened,), parts, (*left, started))


def _opened(study: Study, progress: Progress, members: tuple[str, ...], records: int, now: Moment) -> Round:
    """A try at its first step; `records` as in `begin`."""
    index, terms = progress.index, study.terms
    stage = stage_of(terms.stages, index)
    steps = STEPS[terms.stages[stage].mode]
    return Round(
        id=round_id(study.id, stage, index, progress.attempt),
        study=study.id,
        stage=stage,
        index=index,
        attempt=progress.attempt,
        members=members,
        records=records,
        state=progress.state,
        status="open",
        step=steps[0],
        height=now.height,
        time=now.time,
        deadline=now.time + _allowed(terms, steps[0]),
        keyed=(),
        graph=None,
        group=terms.stages[stage].group,
        dealers=(),
        cohort=(),
        cohort_records=0,
        outcome=None,
        differing=(),
        missing=(),
    )


def with_keys(this: Round, keys: Mapping[str, RoundKeys]) -> Round:
    """The round with these keys counting."""
    return replace(this, keyed=tuple(sorted(keys)), graph=masks.graph_seed(this.id, keys))


def gone(part: Joined, this: Round, now: Moment) -> Joined:
    """The part of a member that was waited for, in vain, until a step of a round was over.

    Nobody waits for it until it says that it is there again: at once, the first time; then not before one
    such step is over, then three, seven, and so on. So saying it and doing nothing costs the others less and
    less.
    """
    waits = (1 << min(part.missed, BACK_OFF_MAX)) - 1
    back_from = now.time + waits * (this.deadline - this.time)
    return replace(part, absent=True, missed=part.missed + 1, back_from=back_from)


def next_step(study: Study, this: Round, now: Moment) -> Round:
    """The round at the step after its own."""
    steps = STEPS[study.terms.stages[this.stage].mode]
    step = steps[steps.index(this.step) + 1]
    deadline = now.time + _allowed(study.terms, step)
    return replace(this, step=step, height=now.height, time=now.time, deadline=deadline)


def _allowed(terms: Terms, step: Step) -> int:
    """How long members have for a step, in milliseconds."""
    return terms.deadlines.submit if step in {"seal", "submit"} else terms.deadlines.result


def joined(first: Change, then: Change) -> Change:
    """Two changes, one after the other; where both have a member's part, both say of it what they change."""
    parts = dict(first.parts)
    for name, part in then.parts:
        told = parts.get(name, part)
        parts[name] = replace(part, absent=told.absent, missed=told.missed, back_from=told.back_from)
    return Change(
        then.progress,
        first.rounds + then.rounds,
        tuple(parts.items()),
        first.events + then.events,
        first.secrets + then.secrets,
        then.asked or first.asked,
        first.charges + then.charges,
    )


def without(names: tuple[str, ...], others: Iterable[str]) -> tuple[str, ...]:
    """The names that are not among the others."""
    excluded = set(others)
    return tuple(name for name in names if name not in excluded)
