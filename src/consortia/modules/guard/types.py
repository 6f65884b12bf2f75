"""The nouns of the guard: policies, alerts and their cases, network mandates, suspensions and appeals."""

from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import I64, U32, U63, Digest, Milliseconds, Name, Record, Text80
from consortia.base.times import DAY, HOUR

SUSPENSION_MILLISECONDS_MAX = 72 * HOUR
"""A suspension lasts at most so long."""
COOLING_MILLISECONDS = 72 * HOUR
"""From the end of a suspension on its target is left alone for so long, by all guards."""
MANDATE_MILLISECONDS_MAX = 90 * DAY
ALLOW_MILLISECONDS_MAX = 90 * DAY
DAILY_MAX = 200
"""A member raises at most so many alerts a day, whatever its policies say."""
RULES_MAX = 64
BOUNDS_MAX = 8
JUDGES_MAX = 64
PRECISION_MIN = 950_000
"""From this held-out precision on (parts per million) a learned alert may suspend by itself."""
OVERTURNED_MAX = 3
"""With so many suspensions overturned a member's network mandate is over."""

Code = Annotated[str, Meta(pattern=r"^[a-z][a-z_]{0,31}\.[a-z][a-z_]{0,31}\Z")]
Word = Annotated[str, Meta(pattern=r"^[a-z][a-z_]{0,31}\Z")]
Ppm = Annotated[int, Meta(ge=0, le=1_000_000)]
Verdict = Literal["hostile", "honest", "unclear"]


class Bound(Record, frozen=True):
    """An entry of an event's vector, and the least and the most that it may be; None is no bound."""

    column: Word
    least: I64 | None
    most: I64 | None


class Rule(Record, frozen=True):
    """An exact rule: its reason code, the kind of event it is about, and the bounds that must all hold."""

    code: Code
    kind: Word
    bounds: Annotated[tuple[Bound, ...], Meta(min_length=1, max_length=BOUNDS_MAX)]
    severity: Annotated[int, Meta(ge=1, le=100)]


class Policy(Record, frozen=True):
    """What a member's guard goes by: exact rules, the pinned model beside them, and how many alerts a day.

    `schema` names the way in which vectors are made, `model` the hash of the learned models (None: rules
    alone).
    """

    member: Name
    name: Name
    schema: Text80
    rules: Annotated[tuple[Rule, ...], Meta(max_length=RULES_MAX)]
    model: Digest | None
    daily: Annotated[int, Meta(ge=1, le=DAILY_MAX)]
    version: U32
    time: Milliseconds


class Finding(Record, frozen=True):
    """What an alert says: why, by what, from where, about whom; the last three as salted commitments.

    `code` is a rule's, or `learned.KIND`; `model` the policy's pinned model where it is learned; `population`
    the hash of the reference population, `state` that of the watcher's state before the event. `target`
    commits to an `Opening`, `score` and `evidence` to what an entitled member is shown.
    """

    policy: Name
    kind: Word
    code: Code
    model: Digest | None
    population: Digest
    state: Digest
    target: Digest
    score: Digest
    evidence: Digest


class Opening(Record, frozen=True):
    """What the target of an alert commits to: the member it is about, and who or what of it."""

    member: Name
    subject: Text80


class Alert(Record, frozen=True):
    """An alert as it stands. `exact` where a rule of the policy of that version says so."""

    id: Digest
    member: Name
    finding: Finding
    policy_version: U32
    exact: bool
    height: U63
    time: Milliseconds


class Case(Record, frozen=True):
    """What officers did about an alert: who has it, what that one found, and what two of them say it is.

    `assigned`, `first` and `second` are key ids; `answer` the salted hash of the finding. A label stands once
    two officers gave it. `allowed` is a block time up to which the like is let pass, `suspended` the one at
    which the alert suspended a member, which it does once.
    """

    assigned: Digest | None
    answer: Digest | None
    label: Verdict | None
    first: Digest | None
    second: Digest | None
    allowed: Milliseconds | None
    suspended: Milliseconds | None


class Numbered(Record, frozen=True):
    """The alert that stands at a place among those of its author."""

    alert: Digest


class Tally(Record, frozen=True):
    """How many alerts a member raised, how many of them since `day`, and how its suspensions ended."""

    alerts: U63
    day: Milliseconds
    today: U32
    suspensions: U32
    overturned: U32


class Mandate(Record, frozen=True):
    """A network mandate: a member's guard may suspend others.

    `precision` (parts per million) was measured on held-out days with the model `model`, as `report` shows.
    """

    member: Name
    model: Digest | None
    precision: Ppm
    report: Digest
    expires: Milliseconds
    since: Milliseconds


class Suspension(Record, frozen=True):
    """A member may start nothing new until `until`; `number` counts its suspensions from 0 on.

    `appeal` is the hash of the appeal's reasons; `lift` and `keep` are the members that judged it;
    `overturned` whether more than half of those asked lifted it.
    """

    target: Name
    number: U32
    by: Name
    alert: Digest
    automatic: bool
    since: Milliseconds
    until: Milliseconds
    appeal: Digest | None
    lift: Annotated[tuple[Name, ...], Meta(max_length=JUDGES_MAX)]
    keep: Annotated[tuple[Name, ...], Meta(max_length=JUDGES_MAX)]
    overturned: bool


class PolicySet(Record, frozen=True):
    """A member's guard goes by a policy from now on."""

    member: Name
    name: Name
    version: U32


class AlertRaised(Record, frozen=True):
    """An alert was raised."""

    alert: Digest
    member: Name
    kind: Word
    code: Code
    exact: bool


class CaseMoved(Record, frozen=True):
    """Something was done about an alert."""

    alert: Digest
    step: Literal["assigned", "answered", "proposed", "labelled", "allowed"]


class MandateGiven(Record, frozen=True):
    """The members let a member's guard suspend others."""

    member: Name
    precision: Ppm
    expires: Milliseconds


class MandateTaken(Record, frozen=True):
    """A network mandate is over."""

    member: Name


class Suspended(Record, frozen=True):
    """A member was suspended."""

    target: Name
    by: Name
    alert: Digest
    until: Milliseconds


class SuspensionEnded(Record, frozen=True):
    """A suspension is over before its time; `overturned` where an appeal did it."""

    target: Name
    by: Name
    overturned: bool


class Appealed(Record, frozen=True):
    """A suspended member appeals."""

    target: Name
    reasons: Digest


class Judged(Record, frozen=True):
    """A member judged an appeal."""

    target: Name
    member: Name
    lift: bool


EVENTS: tuple[type[Record], ...] = (
    *(PolicySet, AlertRaised, CaseMoved, MandateGiven, MandateTaken),
    *(Suspended, SuspensionEnded, Appealed, Judged),
)
"""Everything that the module tells in receipts."""
