"""The evidence of alerts: what an alert commits to, kept by its author, and how anybody checks it again.

An alert's vector depends on the event and on the few rows of the watcher's state that are about it, so both
are the evidence: some hundred bytes, with which whoever is shown them makes the vector again, and the score
of it, bit for bit. Salts and evidence stay in the author's home until they are handed out.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta

from consortia.base.codec import (
    I64,
    U63,
    Malformed,
    Record,
    Salt,
    Text80,
    decode_record,
    encode_record,
)
from consortia.base.commitments import record_leaf
from consortia.base.hashing import tagged
from consortia.engines.detect import DetectError
from consortia.engines.watch import Bound, Event, Rule, Watcher, hits, severity
from consortia.engines.watch.features import SCHEMA
from consortia.engines.watch.learned import Learned
from consortia.modules.guard.types import Alert, Finding, Opening, Policy
from consortia.modules.guard.types import Rule as PolicyRule
from consortia.workers.files import destroy, private, write

EVIDENCE_BYTES_MAX = 1 << 16
MODELS_BYTES_MAX = 1 << 24


class GuardError(ValueError):
    """Evidence or models that cannot be used; the text says which and why."""


class Fact(Record, frozen=True):
    """The event that an alert is about, and the rows of the watcher's state before it."""

    schema: Text80
    time: U63
    kind: Text80
    actor: Text80
    target: Text80
    values: Annotated[tuple[I64, ...], Meta(max_length=8)]
    prior: Annotated[bytes, Meta(max_length=1 << 14)]

    def event(self) -> Event:
        """As the engine takes it; raises ValueError."""
        return Event(self.time, self.kind, self.actor, self.target, self.values)


class Score(Record, frozen=True):
    """How grave: a rule's severity, or the log odds of the learned models on the 2^-24 grid."""

    value: I64


class Shown(Record, frozen=True):
    """What opens an alert: the three things it commits to, each with its salt."""

    opening: Opening
    opening_salt: Salt
    score: Score
    score_salt: Salt
    fact: Fact
    fact_salt: Salt


class Kept(Record, frozen=True):
    """A fitted model of one kind of event."""

    kind: Text80
    model: Annotated[bytes, Meta(max_length=MODELS_BYTES_MAX)]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an event is worth an alert: its code, how grave, and whether the models say so.

    `population` is the hash of the reference population of a learned one.
    """

    code: str
    score: int
    learned: bool = False
    population: bytes = b""


class Models(Record, frozen=True):
    """The learned models of a policy, by kind of event: what is usual, and what was labelled hostile."""

    schema: Text80
    odd: Annotated[tuple[Kept, ...], Meta(max_length=32)]
    sure: Annotated[tuple[Kept, ...], Meta(max_length=32)]

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of event of which it is known what is usual; a kind's habits have models of their own."""
        return frozenset(each.kind.split()[0] for each in self.odd)

    def digest(self) -> bytes:
        """What a policy pins."""
        return tagged("consortia/guard/models", encode_record(self))

    def learned(self, rules: Sequence[PolicyRule]) -> Learned:
        """Ready to rank, beside these rules; raises GuardError."""
        if self.schema != SCHEMA:
            raise GuardError(f"models of vectors {self.schema!r}; this program makes {SCHEMA!r}")
        try:
            made = Learned.load(
                {each.kind: each.model for each in self.odd}, {each.kind: each.model for each in self.sure}
            )
        except DetectError as error:
            raise GuardError(f"the guard's models: {error}") from None
        return Learned(made.odd, made.sure, exact(rules))


def exact(rules: Sequence[PolicyRule]) -> tuple[Rule, ...]:
    """A policy's rules as the engine takes them."""
    return tuple(
        Rule(
            rule.code,
            rule.kind,
            tuple(Bound(bound.column, bound.least, bound.most) for bound in rule.bounds),
            rule.severity,
        )
        for rule in rules
    )


def finding_of(policy: Policy, reason: Reason, fact: Fact, opening: Opening) -> tuple[Finding, Shown]:
    """A finding under a policy, with what opens it; the salts are drawn anew."""
    salts = [secrets.token_bytes(32) for _ in range(3)]
    shown = Shown(opening, salts[0], Score(reason.score), salts[1], fact, salts[2])
    finding = Finding(
        policy=policy.name,
        kind=fact.kind,
        code=reason.code,
        model=policy.model if reason.learned else None,
        population=reason.population or tagged("consortia/guard/population", encode_record(policy)),
        state=state_hash(fact),
        target=record_leaf(salts[0], encode_record(opening)),
        score=record_leaf(salts[1], encode_record(shown.score)),
        evidence=record_leaf(salts[2], encode_record(fact)),
    )
    return finding, shown


def state_hash(fact: Fact) -> bytes:
    """The hash of the state before an event, as far as the event's vector depends on it."""
    return tagged("consortia/guard/state", fact.prior)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a check: what was checked, and in words what is wrong (empty: nothing)."""

    what: str
    wrong: str = ""


def check(alert: Alert, shown: Shown, policy: Policy | None, models: Models | None = None) -> list[Step]:
    """Execute an alert again from what opens it.

    1. the alert commits to what is shown; 2. the event is no later than the alert; 3. the state before the
    event is the one it names; 4. the event's vector is made again; 5. its reason holds, and 6. its score
    comes out.
    """
    finding, fact = alert.finding, shown.fact
    same = (
        record_leaf(shown.opening_salt, encode_record(shown.opening)) == finding.target
        and record_leaf(shown.score_salt, encode_record(shown.score)) == finding.score
        and record_leaf(shown.fact_salt, encode_record(fact)) == finding.evidence
    )
    early = fact.time <= alert.time
    steps = [
        Step("commitments", "" if same else "what is shown is not what the alert commits to"),
        Step("time", "" if early else "the event is later than the alert: a clock in the future"),
        Step("state", "" if state_hash(fact) == finding.state else "another state than the alert names"),
    ]
    try:
        vector = Watcher.load(fact.prior).vector(fact.event())
        np.array(vector, dtype=np.int64)
    except (ValueError, ArithmeticError) as error:  # a state that no events led to has numbers of any size
        return [*steps, Step("vector", str(error))]
    wrong = "" if fact.schema == SCHEMA else f"vectors of {fact.schema!r}; this program makes {SCHEMA!r}"
    steps.append(Step("vector", wrong))
    if policy is None or policy.version != alert.policy_version:
        return [*steps, Step("reason", "the policy has changed since: ask for the version of the alert")]
    if finding.model is None:
        return steps + _by_rule(alert, shown, policy, vector)
    return steps + _by_model(alert, shown, (policy, models), vector)


def _by_rule(alert: Alert, shown: Shown, policy: Policy, vector: tuple[int, ...]) -> list[Step]:
    rules = [rule for rule in exact(policy.rules) if rule.code == alert.finding.code]
    met = hits(rules, shown.fact.kind, vector)
    holds = Step("reason", "" if met else "the rule does not hold for this vector")
    grave = severity(met)
    return [holds, Step("score", "" if grave == shown.score.value else f"the score is {grave}")]


def _by_model(
    alert: Alert, shown: Shown, used: tuple[Policy, Models | None], vector: tuple[int, ...]
) -> list[Step]:
    policy, models = used
    if models is None or models.digest() != alert.finding.model:
        return [Step("reason", "the models at hand are not the ones that the alert pins")]
    rank = models.learned(policy.rules).rank(shown.fact.kind, np.array([vector], dtype=np.int64))
    same = int(rank[0]) == shown.score.value
    return [Step("reason"), Step("score", "" if same else f"the score is {int(rank[0])}")]


class Shelf:
    """Where a member keeps the models that its policies pin: `private/guard/models/DIGEST`."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the home's private one."""
        self._folder = folder / "guard" / "models"

    def keep(self, models: Models) -> Path:
        """Keep models under their digest; the file, which can be handed out with the evidence of alerts."""
        path = self._folder / models.digest().hex()
        write(path, encode_record(models))
        return path

    def read(self, digest: bytes) -> Models | None:
        """The models with a digest, or None where they are not here; raises GuardError for a damaged file."""
        path = self._folder / digest.hex()
        return read_models(path) if path.exists() else None


def read_models(path: Path) -> Models:
    """The models in a file; raises GuardError, naming it."""
    try:
        return decode_record(Models, path.read_bytes(), size_max=MODELS_BYTES_MAX)
    except (OSError, Malformed) as error:
        raise GuardError(f"{path}: no models of a guard: {error}") from None


class Drawer:
    """Where a member keeps what opens its alerts: `private/guard/ALERT`, readable by its owner alone."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the home's private one."""
        self._folder = folder / "guard"

    def keep(self, alert: bytes, shown: Shown) -> Path:
        """Keep what opens an alert; the file that can be handed to an entitled member."""
        private(self._folder)
        path = self._folder / alert.hex()
        write(path, encode_record(shown))
        return path

    def forget(self, alert: bytes) -> None:
        """Destroy what would open an alert that never came about."""
        path = self._folder / alert.hex()
        if path.exists():
            destroy(path)

    def read(self, alert: bytes) -> Shown | None:
        """What opens an alert, or None where it is not here; raises GuardError for a damaged file."""
        path = self._folder / alert.hex()
        return read(path) if path.exists() else None


def read(path: Path) -> Shown:
    """What opens an alert, from a file; raises GuardError, naming the file."""
    try:
        data = path.read_bytes()
        return decode_record(Shown, data, size_max=EVIDENCE_BYTES_MAX)
    except (OSError, Malformed) as error:
        raise GuardError(f"{path}: no evidence of an alert: {error}") from None
