"""What a member may ask of the module."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import Digest, Milliseconds, Name, Record, Salt, Text80
from consortia.modules.guard.types import DAILY_MAX, RULES_MAX, Finding, Opening, Ppm, Rule, Verdict


class SetPolicy(Record, frozen=True):
    """Have the own guard go by this policy; one of this name is replaced. See `types.Policy`."""

    name: Name
    schema: Text80
    rules: Annotated[tuple[Rule, ...], Meta(max_length=RULES_MAX)]
    model: Digest | None
    daily: Annotated[int, Meta(ge=1, le=DAILY_MAX)]


class RaiseAlert(Record, frozen=True):
    """Raise an alert under one of the own policies."""

    finding: Finding


class Assign(Record, frozen=True):
    """Give an alert of the own guard to one of the own officers, by key id."""

    alert: Digest
    key: Digest


class Answer(Record, frozen=True):
    """Say what came out, as a salted hash; signed by the one who has the alert."""

    alert: Digest
    answer: Digest


class LabelAlert(Record, frozen=True):
    """Say what an alert was; it stands once a second officer says the same."""

    alert: Digest
    label: Verdict


class Allow(Record, frozen=True):
    """Let the like of an alert that two officers called honest pass until a block time."""

    alert: Digest
    until: Milliseconds


class Empower(Record, frozen=True):
    """Let a member's guard suspend others: what the members decide. See `types.Mandate`."""

    member: Name
    model: Digest | None
    precision: Ppm
    report: Digest
    expires: Milliseconds


class Disempower(Record, frozen=True):
    """End a member's network mandate: what the members decide."""

    member: Name


class Suspend(Record, frozen=True):
    """Suspend the member that an alert is about, which is thereby opened."""

    alert: Digest
    salt: Salt
    opening: Opening
    milliseconds: Annotated[int, Meta(ge=1, le=1 << 40)]


class Lift(Record, frozen=True):
    """End a suspension of the own guard."""

    target: Name


class Appeal(Record, frozen=True):
    """Appeal against the own suspension; `reasons` is their hash."""

    reasons: Digest


class JudgeAppeal(Record, frozen=True):
    """Judge an appeal: lift the suspension, or keep it."""

    target: Name
    lift: bool
