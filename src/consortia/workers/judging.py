"""What is worth an alert: events judged by rules and models, and which of them a guard raises, and when.

Officers look at a few alerts a day, so a guard raises the best of what it found, not all of it: ranked by
rules and models together, an actor and kind at most once a day, those whose case was opened within three days
lower, and the day's number spread over the day, so that a busy morning leaves something for the evening.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from consortia.base.codec import I64, Record, Text80
from consortia.base.times import DAY
from consortia.engines.watch import Rule, Watcher, hits, severity
from consortia.engines.watch.learned import NAT, UNKNOWN, Learned
from consortia.exact.fixed import Integers
from consortia.modules.guard.types import DAILY_MAX, Opening, Policy, Tally
from consortia.workers.guarding import Fact, Models, Reason, exact

FLOOR = -2 * NAT
"""Where no rule is met, an event is worth an alert from these log odds on: about one in eight is hostile."""

ODD = (1 << 20) * 49 // 50
"""While nothing was called hostile yet, so is an event that is odder than 49 in 50 of its kind."""

OPEN_DAYS, OPEN_NATS = 3, 3
"""For so many days an actor whose case was opened ranks lower, by so much."""

WAITING_MAX = 64
"""So many of the best wait for their turn; what waited for a day lapses."""


class Candidate(Record, frozen=True):
    """An event that is worth an alert: why, how it ranks (log odds on the 2^-24 grid), and what happened."""

    code: Text80
    score: I64
    learned: bool
    population: Annotated[bytes, Meta(max_length=32)]
    rank: I64
    opening: Opening
    fact: Fact

    @property
    def who(self) -> tuple[str, str]:
        """Of whom and of what sort a day has one alert: kind and actor."""
        return self.fact.kind, self.fact.actor

    @property
    def reason(self) -> Reason:
        """As the evidence takes it."""
        return Reason(self.code, self.score, self.learned, self.population)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why an event is worth an alert, and how it ranks."""

    reason: Reason
    rank: int


class Judge:
    """What a policy and its models make of events; both are pure."""

    def __init__(self, policy: Policy, models: Models | None) -> None:
        """Judge by a policy, with the models that it pins; raises GuardError."""
        self.rules: Sequence[Rule] = exact(policy.rules)
        self.learned: Learned | None = None if models is None else models.learned(policy.rules)

    def verdicts(self, kind: str, rows: Integers) -> list[Verdict | None]:
        """For each vector of a kind why it is worth an alert, or None."""
        ranks = None if self.learned is None else self.learned.rank(kind, rows)
        return [
            self._verdict(kind, [int(value) for value in row], None if ranks is None else int(ranks[at]))
            for at, row in enumerate(rows)
        ]

    def again(self, candidate: Candidate) -> Candidate | None:
        """A candidate as this judge sees it, by its evidence alone; None where it is worth nothing."""
        fact = candidate.fact
        vector = Watcher.load(fact.prior).vector(fact.event())
        (verdict,) = self.verdicts(fact.kind, np.array([vector], dtype=np.int64))
        return None if verdict is None else candidate_of(verdict, candidate.opening, fact)

    def _verdict(self, kind: str, row: Sequence[int], rank: int | None) -> Verdict | None:
        met = hits(self.rules, kind, row)
        if met:
            worst = max(met, key=lambda rule: (rule.severity, rule.code)).code
            grave = severity(rule for rule in met if rule.code == worst)
            return Verdict(Reason(worst, grave), UNKNOWN + (severity(met) << 20) if rank is None else rank)
        if rank is None or self.learned is None or rank < (FLOOR if self.learned.sure else UNKNOWN + ODD):
            return None
        odd = self.learned.odd.get(kind)
        usual = b"" if odd is None else odd.population
        return Verdict(Reason(f"learned.{kind}", rank, learned=True, population=usual), rank)


def candidate_of(verdict: Verdict, opening: Opening, fact: Fact) -> Candidate:
    """An event with its verdict."""
    why = verdict.reason
    return Candidate(why.code, why.score, why.learned, why.population, verdict.rank, opening, fact)


def merged(waiting: Sequence[Candidate], found: Sequence[Candidate], now: int) -> list[Candidate]:
    """What waits for its turn at a block time: of each actor and kind the best, of all the best 64."""
    best: dict[tuple[str, str], Candidate] = {}
    for one in (*waiting, *found):
        known = best.get(one.who)
        if one.fact.time > now - DAY and (known is None or one.rank > known.rank):
            best[one.who] = one
    return sorted(best.values(), key=lambda one: (-one.rank, one.fact.time, one.who))[:WAITING_MAX]


def chosen(waiting: Sequence[Candidate], raised: Mapping[tuple[str, str], int], now: int) -> Candidate | None:
    """The one to raise next; `raised` gives when an actor and kind was raised last."""
    best: tuple[int, int, Candidate] | None = None
    for one in waiting:
        last = raised.get(one.who)
        if last is not None and now - last < DAY:
            continue
        lower = OPEN_NATS * NAT if last is not None and now - last <= OPEN_DAYS * DAY else 0
        ranked = (one.rank - lower, -one.fact.time, one)
        if best is None or ranked[:2] > best[:2]:
            best = ranked
    return None if best is None else best[2]


def may_raise(policy: Policy, tally: Tally, now: int) -> bool:
    """Whether one more alert is due at a time: the day's number is spread over the day, the first at once."""
    if not tally.alerts or now >= tally.day + DAY:
        return True
    daily = min(policy.daily, DAILY_MAX)
    due = max(1, -(-daily * max(0, now - tally.day) // DAY))
    return tally.today < min(daily, due)


def stated(rank: int) -> int:
    """The probability that log odds stand for, in parts per million: what an agent states of its act."""
    return round(1_000_000 / (1 + math.exp(-max(-600.0, min(600.0, rank / NAT)))))
