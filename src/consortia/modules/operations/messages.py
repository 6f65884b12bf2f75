"""What a member may ask of the module."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import I64, U32, U63, Digest, Milliseconds, Name, Record, Text80
from consortia.modules.operations.types import ACTS_MAX, FIELDS_MAX, NAMES_MAX, TAGS_MAX, Bounds, Names


class SetControl(Record, frozen=True):
    """Have a member's programs command something within bounds, by event times at least `gap` apart.

    `bounds` stand sorted by field, `overseers` (whose officers may take over, as the member's own) by name.
    Who has taken it over does so no more.
    """

    control: Name
    member: Name
    overseers: Names
    bounds: Bounds
    gap: Milliseconds


class EndControl(Record, frozen=True):
    """Have nothing command this any more."""

    control: Name


class Act(Record, frozen=True):
    """One act: its event time in milliseconds, and a value for each field, in the order of the bounds."""

    at: U63
    values: Annotated[tuple[I64, ...], Meta(min_length=1, max_length=FIELDS_MAX)]


class Command(Record, frozen=True):
    """Command what the bounds of this version allow; `seen` is the salted hash of what led to it."""

    control: Name
    version: U32
    acts: Annotated[tuple[Act, ...], Meta(min_length=1, max_length=ACTS_MAX)]
    seen: Digest


class TakeOver(Record, frozen=True):
    """Take a control over from the programs, for its member or an overseer; `reasons` is a salted hash."""

    control: Name
    reasons: Digest


class HandBack(Record, frozen=True):
    """Let the programs command again."""

    control: Name


class Notify(Record, frozen=True):
    """Ask members, sorted by name, for an answer by block time `due`."""

    kind: Name
    subject: Digest
    content: Digest
    to: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=NAMES_MAX)]
    due: Milliseconds


class Reply(Record, frozen=True):
    """Answer a notice."""

    notice: Digest
    number: U63
    content: Digest


class CloseNotice(Record, frozen=True):
    """Close an own notice that everybody answered, or whose time is over."""

    notice: Digest


class OpenRegister(Record, frozen=True):
    """Have these members, sorted by name, claim things once; only what `after` holds, where it is named."""

    name: Text80
    members: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=NAMES_MAX)]
    after: Digest | None


class Claim(Record, frozen=True):
    """Claim things by their tags, sorted: HMACs of their serials under a key that the parties share."""

    register: Digest
    tags: Annotated[tuple[Digest, ...], Meta(min_length=1, max_length=TAGS_MAX)]


class CloseRegister(Record, frozen=True):
    """Have nothing more claimed in an own register."""

    register: Digest
