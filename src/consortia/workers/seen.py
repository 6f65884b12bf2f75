"""A transaction under observation, and what an observer remembers: rows of integers and words."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from consortia.base.hashing import sha256
from consortia.base.times import MINUTE
from consortia.engines.watch import Event
from consortia.engines.watch.events import VALUE_MAX
from consortia.kernel.block import Receipt
from consortia.kernel.transaction import Transaction
from consortia.modules.guard.types import Opening

KEPT_MAX = 4_096
"""How many of each sort (accounts, assets, rounds ...) are remembered; those longest unseen are forgotten."""

NAMED_MAX = 80
"""How long a name in evidence is; an account's may be longer, as whoever has it chooses its label."""

NEVER_MINUTES = 7 * 24 * 60
"""How long something rested that came from nowhere that is remembered."""
TABLES = (
    *("asset", "study", "round", "asked", "limit", "host", "home", "proposed", "proposal", "voted"),
    *("income", "received", "sealed", "limits", "deal", "partners", "held", "drawn", "tried"),
)


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose a key is, since when (milliseconds), and for an agent's its name and its caps per act by unit."""

    member: str
    since: int
    agent: str = ""
    caps: Mapping[bytes, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The member, or the member and its agent."""
        return f"{self.member}/{self.agent}" if self.agent else self.member


Row = list[Any]
Observed = tuple[Event, Opening]


class Tables:
    """What an observer remembers: rows of integers and words, by sort and key."""

    def __init__(self) -> None:
        self.kept: dict[str, OrderedDict[str, Row]] = {name: OrderedDict() for name in TABLES}

    def row(self, table: str, key: str, *fresh: object) -> Row:
        """The row of a key; `fresh` is what it begins with."""
        rows = self.kept[table]
        found = rows.get(key)
        if found is None:
            found = rows[key] = list(fresh)
            if len(rows) > KEPT_MAX:
                rows.popitem(last=False)
        else:
            rows.move_to_end(key)
        return found

    def find(self, table: str, key: str) -> Row | None:
        """The row of a key, or None."""
        return self.kept[table].get(key)

    def put(self, table: str, key: str, *row: object) -> None:
        """Let a row be this one."""
        self.row(table, key)[:] = row

    def drop(self, table: str, key: str) -> Row | None:
        """Forget a row, and give it."""
        return self.kept[table].pop(key, None)


@dataclass(slots=True)
class Seen:
    """A transaction under observation: when, whose, what it says, and the events found so far."""

    tables: Tables
    time: int
    signer: Signer
    transaction: Transaction
    receipt: Receipt
    out: list[Observed] = field(default_factory=list)

    def told(self, name: str) -> list[dict[str, Any]]:
        """The bodies of the receipt's events of a name."""
        return [event.body for event in self.receipt.events if event.name == name]

    def add(self, kind: str, actor: str, target: str, *values: int) -> None:
        """Take down an event of an actor: an account, a member or an agent of one."""
        member = actor.partition("/")[0]
        if ":" in member:
            return  # a module's account acts for nobody
        bounded = tuple(max(-VALUE_MAX, min(VALUE_MAX, value)) for value in values)
        actor, target = named(actor), named(target)
        self.out.append((Event(self.time, kind, actor, target, bounded), Opening(member, actor)))


def short(value: object) -> str:
    """An id, in the digits by which people know it."""
    return value.hex()[:16] if isinstance(value, bytes) else str(value)


def named(text: str) -> str:
    """A name as evidence has it: one that is too long for it by its beginning and its hash."""
    return text if len(text) <= NAMED_MAX else f"{text[: NAMED_MAX - 17]}~{sha256(text.encode()).hex()[:16]}"


def minutes(since: int, now: int) -> int:
    """Whole minutes from one time to another, none where the clock went back."""
    return max(0, now - since) // MINUTE


def faded(amount: int, passed: int, window: int) -> int:
    """What is left of an amount that fades evenly over a window."""
    return amount * max(0, window - max(0, passed)) // window


Look = Callable[[Seen], None]
"""Looks for one sort of event in a transaction."""
