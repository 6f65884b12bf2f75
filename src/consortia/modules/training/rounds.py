# Long because the ends of all steps stand beside the one record of facts that they are judged by
"""The steps of a round as pure functions: when a step is over, and what then follows.

A round walks through the steps of its mode (`types.STEPS`). A step ends when everybody who is waited for has
done it, or is closed from its deadline on; the functions `after_...` say what then follows. Whoever did
not do a step in time is missing: from what comes after it, and nobody waits for it until it says that it is
there again. More than two thirds of a round's members agree on its outcome, or there is none.
What is particular to masks stands in `masks`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as changed

from msgspec.structs import replace

from consortia.modules.training import masks
from consortia.modules.training.budgets import round_cost
from consortia.modules.training.events import (
    BudgetCharged,
    CohortFixed,
    DealerFaulted,
    DealerSilent,
    Event,
    ResultDiffers,
    ResultDisputed,
    RoundAborted,
    RoundFinal,
    RoundVoid,
)
from consortia.modules.training.rules import (
    Change,
    Moment,
    Roll,
    abort,
    begin,
    chained,
    commitment,
    gone,
    joined,
    needed,
    next_step,
    query,
    summed,
    with_keys,
    without,
)
from consortia.modules.training.types import (
    COHORTS_MAX,
    NO_STATE,
    Accusation,
    Asked,
    Complaint,
    Dealing,
    Joined,
    Names,
    Outcome,
    Progress,
    Result,
    Revealed,
    Round,
    RoundKeys,
    Seal,
    Step,
    Study,
)

NOBODY_ASKED = Asked(())
MISSING = "members were missing"
APART = "its sum would set too few members apart"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a step ends: the study, its round, and who did what in it.

    `submitted` gives the records of those whose updates are fixed, `results` what was committed and opened.
    `keys`, `dealings`, `complaints` and `revealed` are those of a masked round, `early` the keys published
    for the round after it; `seals` those of a sealed one, whichever of its tries they were made in. `asked`
    are the sums asked for before in the round's query, `own` the earlier tries of the round whose cohort was
    fixed. `populations` are those of each member's data, and `broke` are the members of whose budgets too
    little is left for this round. `roll` says who goes on to another try of the round, `next_roll` who does
    to the round after it: that may cost more.
    """

    study: Study
    progress: Progress
    round: Round
    roll: Roll
    next_roll: Roll
    submitted: Mapping[str, int]
    results: Mapping[str, Result]
    keys: Mapping[str, RoundKeys] = field(default_factory=dict)
    dealings: Mapping[str, Dealing] = field(default_factory=dict)
    complaints: Mapping[Accusation, Complaint] = field(default_factory=dict)
    revealed: Mapping[str, Revealed] = field(default_factory=dict)
    early: Mapping[str, RoundKeys] = field(default_factory=dict)
    asked: Asked = NOBODY_ASKED
    own: tuple[Round, ...] = ()
    seals: Mapping[str, Seal] = field(default_factory=dict)
    populations: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    broke: frozenset[str] = frozenset()

    @property
    def masked(self) -> bool:
        """Whether the round hides its updates."""
        return self.study.terms.stages[self.round.stage].mode == "masked"

    @property
    def sealed(self) -> bool:
        """Whether the round shows no update before all are fixed."""
        return self.study.terms.stages[self.round.stage].mode == "sealed"

    @property
    def awaited(self) -> Names:
        """Who may do the round's step: of a sealed round's updates, those who sealed one."""
        names = awaited(self.round)
        if self.sealed and self.round.step == "submit":
            return tuple(name for name in names if name in self.seals)
        return names

    @property
    def told(self) -> masks.Told:
        """What the sums of a masked round are held against."""
        data = {name: part.commitment for name, part in self.roll.everybody}
        return masks.Told(self.asked.cohorts, self.own, data, self.study.terms.quorum, self.progress.faulted)

    @property
    def done(self) -> tuple[str, ...]:
        """Who has done the round's step."""
        by_step: dict[Step, Iterable[str]] = {
            "keys": self.keys,
            "shares": self.dealings,
            "seal": [name for name in self.seals if name in self.round.members],
            "submit": self.submitted,
            "reveal": self.revealed,
        }
        return tuple(by_step.get(self.round.step, self.results))


def awaited(this: Round) -> Names:
    """Who may do a round's step, and is waited for unless it is absent."""
    match this.step:
        case "shares":
            return this.keyed
        case "submit" if this.keyed:
            return this.dealers
        case "reveal":
            return this.dealers
        case "commit" if len(this.cohort) >= needed(len(this.members)):
            return this.cohort
    return this.members


def is_over(facts: Facts) -> bool:
    """Whether a step is over before its deadline: nobody is waited for, and those who did it can go on."""
    this, done = facts.round, facts.done
    if this.step == "reveal":
        return masks.enough(this, facts.revealed)
    if masks.waiting(facts.complaints, facts.submitted):
        return False
    absent = frozenset(name for name, part in facts.roll.everybody if part.absent)
    if this.step in {"keys", "shares", "seal", "submit"}:
        absent -= masks.begun(facts.own)
    wanted = needed(len(this.members)) if this.step == "commit" else facts.study.terms.quorum
    waiting = any(name not in done and name not in absent for name in facts.awaited)
    return not waiting and len(done) >= wanted


def after_keys(facts: Facts, now: Moment) -> Change:
    """Those with keys deal shares, or the round is given up when they are too few."""
    if len(facts.keys) < facts.study.terms.quorum:
        return _give_up(facts, without(facts.round.members, facts.keys), now)
    missed = without(facts.round.members, facts.keys)
    following = with_keys(next_step(facts.study, facts.round, now), facts.keys)
    return Change(facts.progress, (following,), _missed(facts, missed, now))


def after_shares(facts: Facts, now: Moment) -> Change:
    """Those whose shares count mask their updates among themselves, or the round is given up."""
    this, progress = facts.round, facts.progress
    missed = without(this.keyed, facts.dealings)
    dealers = masks.dealers_of(this, facts.dealings, facts.told)
    if dealers is None:
        return _give_up(facts, missed, now, MISSING if missed else APART)
    fixed = replace(next_step(facts.study, this, now), dealers=dealers)
    return Change(progress, (fixed,), _missed(facts, missed, now))


def after_seal(facts: Facts, now: Moment) -> Change:
    """Those who sealed an update show it now, or the round is given up when they are too few."""
    missed = without(facts.round.members, facts.seals)
    if len(facts.done) < facts.study.terms.quorum:
        return _give_up(facts, missed, now)
    return Change(facts.progress, (next_step(facts.study, facts.round, now),), _missed(facts, missed, now))


def after_submit(facts: Facts, now: Moment) -> Change:
    """The cohort is fixed, or the round given up because it is below the quorum."""
    if facts.masked:
        return _after_masked_submit(facts, now)
    cohort = tuple(sorted(set(facts.submitted) - facts.broke))
    if len(cohort) < facts.study.terms.quorum:
        return _give_up(facts, without(facts.awaited, cohort), now)
    return _cohort_fixed(facts, cohort, now)


def _after_masked_submit(facts: Facts, now: Moment) -> Change:
    """As `after_submit`; what the cohort asks is written down and charged before anything is revealed.

    The try is given up where a complaint is not answered, and where its sum and the earlier ones would
    set too few members apart. A try over the dealers of an earlier sum repeats it: the members send the
    very same, and it is all of them or nothing. Otherwise whoever cannot afford the sum is left out.
    """
    this, terms, earlier = facts.round, facts.study.terms, facts.asked.cohorts
    unanswered = masks.waiting(facts.complaints, facts.submitted)
    if unanswered:
        return _silent(facts, tuple(sorted({dealer for dealer, _ in unanswered})), now)
    repeats = masks.repeated(this, facts.own) is not None
    paying = [name for name in facts.submitted if repeats or name not in facts.broke]
    cohort = masks.counted(this, paying)
    asking = masks.asking(this, cohort, facts.told)
    apart = masks.told_apart(earlier, asking, facts.progress.faulted)
    partial = repeats and cohort != this.dealers
    asked = masks.written(earlier, asking)
    crowded = not repeats and len(asked) > COHORTS_MAX
    if len(cohort) < terms.quorum or apart or partial or crowded:
        missing = without(awaited(this), paying)
        return _give_up(facts, missing, now, MISSING if missing else APART)
    change = _cohort_fixed(facts, cohort, now)
    return change if repeats else _asked(facts, change, cohort, Asked(asked))


def _cohort_fixed(facts: Facts, cohort: Names, now: Moment) -> Change:
    missing = without(facts.round.members, cohort)
    fixed = replace(
        next_step(facts.study, facts.round, now),
        cohort=cohort,
        cohort_records=sum(facts.submitted[name] for name in cohort),
        missing=missing,
    )
    event = CohortFixed(facts.study.id, fixed.id, len(cohort), missing)
    silent = without(facts.awaited, facts.submitted)
    return Change(facts.progress, (fixed,), _missed(facts, silent, now), (event,))


def _asked(facts: Facts, change: Change, cohort: Names, asked: Asked) -> Change:
    """The change with its query written down, and charged to every population in the cohort."""
    terms, this = facts.study.terms, facts.round
    cost = round_cost(terms, this.stage)
    paying = [population for name in cohort for population in facts.populations.get(name, ())]
    told = tuple(BudgetCharged(facts.study.id, this.id, population, cost) for population in paying)
    return changed(
        change,
        progress=replace(change.progress, charged=change.progress.charged + cost),
        events=change.events + told,
        asked=(query(this, terms, facts.progress.sums), asked),
        charges=tuple((population, cost) for population in paying),
    )


def after_reveal(facts: Facts, now: Moment) -> Change:
    """The secrets stand, or the round is given up: for want of shares, or because a dealer dealt falsely."""
    this = facts.round
    if not masks.enough(this, facts.revealed):
        return _give_up(facts, without(this.dealers, facts.revealed), now)
    found = masks.secrets(this, facts.keys, facts.revealed)
    false = tuple(name for name, secret in found.items() if secret is None)
    if false:
        return _faulted(facts, false, now)
    secrets = tuple((name, secret) for name, secret in found.items() if secret is not None)
    return Change(facts.progress, (next_step(facts.study, this, now),), secrets=secrets)


def _silent(facts: Facts, dealers: Names, now: Moment) -> Change:
    """Dealers did not answer a complaint: the try is given up, and they are in no further one.

    They are not shown to have dealt falsely: their updates are protected as everybody's.
    """
    told = tuple(DealerSilent(facts.study.id, facts.round.id, name) for name in dealers)
    return _excluded(facts, dealers, told, now)


def _faulted(facts: Facts, dealers: Names, now: Moment) -> Change:
    """Dealers are shown to have dealt falsely: the try is given up, and they are in no further one."""
    told = tuple(DealerFaulted(facts.study.id, facts.round.id, name) for name in dealers)
    shown = tuple(sorted({*facts.progress.faulted, *dealers}))
    judged = changed(facts, progress=replace(facts.progress, faulted=shown))
    return _excluded(judged, dealers, told, now)


def _excluded(facts: Facts, dealers: Names, told: tuple[Event, ...], now: Moment) -> Change:
    excluded = tuple(sorted({*facts.progress.excluded, *dealers}))
    judged = changed(facts, progress=replace(facts.progress, excluded=excluded))
    return joined(Change(judged.progress, events=told), _give_up(judged, dealers, now))


def after_commit(facts: Facts, now: Moment) -> Change:
    """Results may be opened, or the round is given up when too few committed to agree."""
    missed = without(awaited(facts.round), facts.results)
    if len(facts.results) < needed(len(facts.round.members)):
        return _give_up(facts, missed, now)
    return Change(facts.progress, (next_step(facts.study, facts.round, now),), _missed(facts, missed, now))


def after_open(facts: Facts, now: Moment) -> Change:
    """Nobody opened what two thirds could agree on: the round is given up."""
    return _give_up(
        facts, tuple(name for name, result in facts.results.items() if result.opened is None), now
    )


AFTER: dict[Step, Callable[[Facts, Moment], Change]] = {
    "keys": after_keys,
    "shares": after_shares,
    "seal": after_seal,
    "submit": after_submit,
    "reveal": after_reveal,
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
        follows = _void if outcome.state == NO_STATE else _final
        return follows(facts, outcome, without(tuple(facts.results), agreeing), now)
    opened = {result.opened for result in facts.results.values() if result.opened is not None}
    explained = {name for known in opened for name in _holders(facts, known)}  # a set from a set: no order
    if len(facts.results) - len(explained) >= enough:
        return Change(facts.progress)
    witnesses = tuple(sorted(name for name, result in facts.results.items() if result.opened is not None))
    ended = abort(study, facts.progress, f"the results of round {this.index + 1} differ; see its evidence")
    event = ResultDisputed(study.id, this.id, witnesses)
    return joined(Change(ended.progress, (replace(this, status="disputed"),), (), (event,)), ended)


def _final(facts: Facts, outcome: Outcome, differing: tuple[str, ...], now: Moment) -> Change:
    study, this, progress = facts.study, facts.round, facts.progress
    done = replace(
        progress,
        state=outcome.state,
        index=this.index + 1,
        attempt=0,
        round=None,
        contributors=tuple(sorted({*progress.contributors, *this.cohort})),
        excluded=(),
        faulted=(),
        history=chained(progress.history, this.id, outcome),
        sums=summed(progress.sums, outcome),
    )
    closed = replace(this, status="final", outcome=outcome, differing=differing)
    events: tuple[Event, ...] = (
        *(ResultDiffers(study.id, this.id, name) for name in differing),
        RoundFinal(study.id, this.id, this.index, outcome.sum, outcome.state),
    )
    following = begin(study, done, facts.next_roll, now, early=facts.early)
    return joined(Change(done, (closed,), (), events), following)


def _void(facts: Facts, outcome: Outcome, differing: tuple[str, ...], now: Moment) -> Change:
    """The sum leads nowhere: the round is aborted without anybody missing, and tried again."""
    study, this = facts.study, facts.round
    told: tuple[Event, ...] = (
        *(ResultDiffers(study.id, this.id, name) for name in differing),
        RoundVoid(study.id, this.id, outcome.sum),
    )
    judged = changed(facts, round=replace(this, differing=differing))
    why = f"nothing lawful has this sum: of {len(this.cohort)} members one sent nonsense"
    return joined(Change(facts.progress, events=told), _give_up(judged, (), now, why))


def _give_up(facts: Facts, missing: tuple[str, ...], now: Moment, why: str = MISSING) -> Change:
    """The round is aborted, its missing named; the next try begins, if one is left."""
    study, this, progress = facts.study, facts.round, facts.progress
    closed = replace(this, status="aborted", missing=missing)
    event = RoundAborted(study.id, this.id, this.step, missing)
    first = Change(replace(progress, round=None), (closed,), _missed(facts, missing, now), (event,))
    if this.attempt >= study.terms.retries:
        reason = f"round {this.index + 1}, try {this.attempt + 1}: {why}"
        return joined(first, abort(study, progress, reason))
    again = replace(progress, attempt=this.attempt + 1, round=None)
    shown = facts.sealed and this.step != "seal"
    return joined(first, begin(study, again, facts.roll, now, records=this.records, sealed=shown))


def _missed(facts: Facts, names: tuple[str, ...], now: Moment) -> tuple[tuple[str, Joined], ...]:
    """The parts of members that missed a step: nobody waits for them until they say that they are there."""
    return tuple(
        (name, gone(part, facts.round, now))
        for name, part in facts.roll.everybody
        if name in names and not part.absent
    )


def _holders(facts: Facts, outcome: Outcome) -> tuple[str, ...]:
    """Who committed to `outcome`."""
    return tuple(
        name
        for name, result in facts.results.items()
        if result.commitment == commitment(facts.round.id, name, outcome)
    )
