"""A module for the machine's own tests: it writes, refuses, fails and breaks its invariant on demand."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Name, Record, Text1000
from consortia.base.refusals import Refusal, Refused
from consortia.kernel.application import Application
from consortia.kernel.context import Context
from consortia.kernel.module import Invariant, Method, Module, Query
from consortia.kernel.table import Table
from consortia.modules import identity

UNWANTED = Refusal("probe", 1, "unwanted", "The message asks to be refused.")


class Note(Record, frozen=True):
    """An entry: some text."""

    text: Text1000


class Written(Record, frozen=True):
    """Event: an entry was written."""

    name: Name


class Undeclared(Record, frozen=True):
    """An event that the module does not declare."""

    name: Name


class Write(Record, frozen=True):
    """Write an entry."""

    name: Name
    text: Text1000


class Erase(Record, frozen=True):
    """Delete an entry."""

    name: Name


class Refuse(Record, frozen=True):
    """Write an entry, then refuse."""

    name: Name


class Fail(Record, frozen=True):
    """Write an entry, then fail in an unforeseen way."""

    name: Name


class Mutter(Record, frozen=True):
    """Emit an event that the module does not declare."""

    name: Name


class Swell(Record, frozen=True):
    """Write an entry, then one of so many characters, which may be more than an entry holds."""

    name: Name
    characters: Annotated[int, Meta(ge=0, le=10_000)]


class Spend(Record, frozen=True):
    """Cost as much as asked."""

    cost: U63


class Ask(Record, frozen=True):
    """A question for an entry."""

    name: Name


NOTES = Table("probe", "notes", Note, (str,), "an entry")


def _write(ctx: Context, message: Write, _ports: None) -> None:
    NOTES.put(ctx, Note(message.text), message.name)
    ctx.emit(Written(message.name))


def _erase(ctx: Context, message: Erase, _ports: None) -> None:
    NOTES.delete(ctx, message.name)


def _refuse(ctx: Context, message: Refuse, _ports: None) -> None:
    NOTES.put(ctx, Note("never seen"), message.name)
    ctx.emit(Written(message.name))
    raise Refused(UNWANTED, message.name)


def _fail(ctx: Context, message: Fail, _ports: None) -> None:
    NOTES.put(ctx, Note("never seen"), message.name)
    raise ZeroDivisionError(message.name)


def _mutter(ctx: Context, message: Mutter, _ports: None) -> None:
    ctx.emit(Undeclared(message.name))


def _swell(ctx: Context, message: Swell, _ports: None) -> None:
    NOTES.put(ctx, Note("seen only if all goes well"), message.name)
    NOTES.put(ctx, Note("t" * message.characters), message.name)


def _spend(_ctx: Context, _message: Spend, _ports: None) -> None:
    """Nothing is done: the cost is all."""


def _note(ctx: Context, arguments: Ask, _ports: None) -> Note:
    found = NOTES.get(ctx, arguments.name)
    if found is None:
        raise Refused(UNWANTED, arguments.name)
    return found


def _no_omen(ctx: Context, _ports: None) -> str | None:
    return "there is an omen" if NOTES.has(ctx, "omen") else None


_OPERATOR = frozenset({"operator"})

MODULE = Module(
    name="probe",
    version=1,
    doc="A module for the machine's own tests.",
    methods=(
        Method(Write, _write, _OPERATOR),
        Method(Erase, _erase, _OPERATOR),
        Method(Refuse, _refuse, _OPERATOR),
        Method(Fail, _fail, _OPERATOR),
        Method(Mutter, _mutter, _OPERATOR),
        Method(Swell, _swell, _OPERATOR),
        Method(Spend, _spend, _OPERATOR, cost=lambda message: message.cost),
    ),
    refusals=(UNWANTED,),
    tables=(NOTES,),
    queries=(Query("note", Ask, Note, _note, "An entry."),),
    events=(Written,),
    invariants=(Invariant("no_omen", _no_omen),),
)


def probe_application() -> Application:
    """Identity and the probe, wired."""
    return Application(modules=(identity.module(), MODULE), keys=identity.Keeper())
