"""Auditors: for each module of the law, a slow and plain model that predicts every answer and every effect.

A room of the law gets an auditor in two files of this folder:

- ``<module>.py``: `AUDITOR`, a `Model` written from the module's README and the reference pages, never from
  its handlers: dictionaries and sentences. It reads no state of the machine and calls none of its rules.
- ``<module>_moves.py``: `MOVES`, what members and attackers do there at random. A hostile move is named for
  the attack.

`world.World` plays such moves on a real machine and holds every admission, receipt, event and table entry
to what the models say. What needs its own clock and its own scene has a world of its own: markets
(`market_play.Play`), elections (`booth.Booth`), proposals (`chamber.Chamber`). `guards` takes the guards of
the law away one by one, so that a test can show that none is missed.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from msgspec import to_builtins

from consortia.base.codec import Record
from consortia.kernel.module import snake

Plain = dict[str, Any]
"""A record as plain values: fields by name."""

Entries = dict[tuple[object, ...], Plain]
"""What the tables of a module hold: (table, key parts ...) -> record."""

Told = tuple[tuple[str, Plain], ...]
"""Events in order: full name and fields."""


class Found(AssertionError):
    """The machine did otherwise than an auditor foretold."""


class No(Exception):
    """A model refuses; `reason` is the refusal's name within the module."""

    def __init__(self, reason: str) -> None:
        """Refuse for `reason`."""
        super().__init__(reason)
        self.reason = reason


def refuse(reason: str, *, when: object) -> None:
    """Refuse for `reason` when it holds."""
    if when:
        raise No(reason)


def plain(record: Record) -> Plain:
    """A record as plain values all the way down."""
    found: Plain = to_builtins(record, builtin_types=(bytes,))
    return found


@dataclass(frozen=True, slots=True)
class Moment:
    """The block that a call stands in: network id, height, block time, log size before it."""

    network: bytes
    height: int
    time: int
    size: int


@dataclass(frozen=True, slots=True)
class Said:
    """A call, as an auditor is told of it: the key that signed, its member, and where the call stands.

    `earlier` are the calls of the same transaction before it: method and message.
    """

    key: bytes
    member: str
    transaction: bytes
    call: int
    at: Moment
    earlier: tuple[tuple[str, Record], ...] = ()


class Model(ABC):
    """The base of every auditor: it finds the method named as the message, and keeps what it told.

    A method of the message's wire name takes (said, message), refuses before it changes anything, and then
    changes the model. `entries` gives the tables as they should be; `broken` the promises that a step
    from one state to the next breaks, in words.
    """

    module = ""

    def __init__(self, others: "dict[str, Model]") -> None:
        """Start empty, beside the models of the modules that load before."""
        self.others = others
        self._told: list[tuple[str, Plain]] = []

    def judge(self, said: Said, message: Record) -> Told:
        """Carry out a call and give its events; raises No and changes nothing where the law refuses."""
        self._told = []
        act: Callable[[Said, Record], None] = getattr(self, snake(type(message).__name__))
        act(said, message)
        return tuple(self._told)

    def tell(self, event: str, **fields: object) -> None:
        """Say that an event belongs to the receipt."""
        self._told.append((f"{self.module}.{event}", fields))

    def ends(self) -> list[int]:
        """Block times at which something of the module ends: a world comes to them now and then."""
        return []

    @abstractmethod
    def entries(self) -> Entries:
        """All tables of the module, as they should be."""

    @abstractmethod
    def broken(self, before: Entries, after: Entries) -> Iterator[str]:
        """The promises that do not hold of `after`, or of the step to it."""


def model(module: str) -> type[Model]:
    """The auditor of a module. Raise ModuleNotFoundError where there is none."""
    found: type[Model] = import_module(f"{__name__}.{module}").AUDITOR
    return found
