"""What a fact looks like to a watcher: who did what, to what, when, and a few integers of each kind."""

from collections.abc import Mapping
from dataclasses import dataclass

LOG, PLAIN = "log", "plain"
"""How a value enters a vector: on a scale of sixteenths of a doubling, or as it is."""

KINDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    # Any transaction of a key: its cost, whether it was refused, hours since the key was registered.
    "act": (("cost", LOG), ("refused", PLAIN), ("key_age_hours", LOG)),
    # Data processed or downloaded: records, how old the approval was, how often it was used by then.
    "access": (("records", LOG), ("approval_age_minutes", LOG), ("approval_uses", PLAIN)),
    # A privacy budget charged: millionths of rho, overlap with the query before, what is left (per mille).
    "spend": (("charge", LOG), ("overlap_permille", PLAIN), ("left_permille", PLAIN)),
    # An update of a round: its size, agreement with the sum, minutes to the deadline, likeness to another's.
    "update": (
        ("norm", LOG),
        ("agreement_permille", PLAIN),
        ("slack_minutes", LOG),
        ("likeness_permille", PLAIN),
    ),
    # An applicant: how old it is, how many of its particulars stand elsewhere, how fast it was approved.
    "admission": (("age_days", LOG), ("shared", PLAIN), ("pace_minutes", LOG)),
    # A vote: minutes after the opening, what the voter received lately, whether it changed an earlier vote.
    "vote": (("delay_minutes", LOG), ("received", LOG), ("changed", PLAIN)),
    # A payment: its amount, its share of what came in that day, minutes since that came in.
    "transfer": (("amount", LOG), ("passed_permille", PLAIN), ("rested_minutes", LOG)),
    # An order: size, share of fills with one counterparty, minutes held, distance from the middle price.
    "order": (("size", LOG), ("mutual_permille", PLAIN), ("held_minutes", LOG), ("offset_points", PLAIN)),
    # A meter's or an oracle's reading: its deviation from the others' median, the step from the one before.
    "reading": (("deviation_permille", PLAIN), ("step_permille", PLAIN)),
    # An act under a mandate: share of the cap used, whether it was refused, methods tried that day.
    "mandate": (("used_permille", PLAIN), ("refused", PLAIN), ("tried", PLAIN)),
}
"""The kinds of event, and the values that one of each kind carries, in order."""

VALUE_MAX = 1 << 62


@dataclass(frozen=True, slots=True)
class Event:
    """One fact. `time` in milliseconds; `actor` and `target` are names; `values` as `KINDS` orders them.

    Raises ValueError for an unknown kind or for values that do not fit it.
    """

    time: int
    kind: str
    actor: str
    target: str
    values: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no kind of event is called {self.kind!r}")
        if len(self.values) != len(KINDS[self.kind]):
            raise ValueError(f"{self.kind} carries {len(KINDS[self.kind])} values, not {len(self.values)}")
        if any(type(value) is not int or abs(value) > VALUE_MAX for value in self.values):
            raise ValueError(f"{self.kind}: values are integers up to 2^62, not {self.values}")
        if not 0 <= self.time < VALUE_MAX:
            raise ValueError(f"a time is in milliseconds from 0 on, not {self.time}")
