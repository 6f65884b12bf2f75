"""The nouns of operations: controls and their bounds, notices and their answers, registers of claims."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import I64, U32, U63, Digest, Milliseconds, Name, Record, Text80
from consortia.base.times import DAY

DUE_MILLISECONDS_MAX = 366 * DAY
"""A notice is answered within a year; then it is told again."""

AHEAD_MILLISECONDS_MAX = DAY
"""An act's event time lies no further ahead of its block: a program cannot use up the time of others."""

FIELDS_MAX = 32
ACTS_MAX = 64
"""So many acts one command holds."""

NAMES_MAX = 64
TAGS_MAX = 256
"""So many things are claimed in one call."""

OPEN_NOTICES_MAX = 16
"""A member with so many open notices issues no further one."""

Names = Annotated[tuple[Name, ...], Meta(max_length=NAMES_MAX)]


class Bound(Record, frozen=True):
    """The least and the most that a field of a command may be, both allowed."""

    field: Name
    least: I64
    most: I64


Bounds = Annotated[tuple[Bound, ...], Meta(min_length=1, max_length=FIELDS_MAX)]


class Control(Record, frozen=True):
    """Something that is steered within bounds that the members voted: whose programs command it, how.

    `version` counts the votes about it. Two acts lie at least `gap` milliseconds apart. The officers of
    `member` and of `overseers` may take it over; `taken` is the member that has. `acts` is how many there
    were, `last` the event time that the next one is counted from.
    """

    member: Name
    overseers: Names
    bounds: Bounds
    gap: Milliseconds
    version: U32
    since: Milliseconds
    taken: Name | None
    acts: U63
    last: U63
    ended: Milliseconds | None


class Notice(Record, frozen=True):
    """That an author asks members for an answer by a block time: a recall, for one.

    `subject` is the salted hash of what it is about, `content` that of what it says; `answers` is how many
    came, `closed` when the author closed it.
    """

    author: Name
    kind: Name
    subject: Digest
    content: Digest
    to: Names
    since: Milliseconds
    due: Milliseconds
    answers: U32
    closed: Milliseconds | None


class Answer(Record, frozen=True):
    """What a member answered: a number (of units it holds, for one), and the salted hash of the rest."""

    number: U63
    content: Digest
    time: Milliseconds
    late: bool


class Awaited(Record, frozen=True):
    """That a member's answer is awaited by a block time."""

    due: Milliseconds


class Count(Record, frozen=True):
    """How many notices of a member are open."""

    open: U32


class Register(Record, frozen=True):
    """What may be done once to each thing of a kind, by these members; `after` must have claimed it before.

    `claims` is how many there are.
    """

    owner: Name
    name: Text80
    members: Names
    after: Digest | None
    claims: U63
    closed: Milliseconds | None


class Claimed(Record, frozen=True):
    """Who claimed a thing, and when."""

    member: Name
    time: Milliseconds


class ControlSet(Record, frozen=True):
    """The members voted a control, or other bounds of it; nobody holds it."""

    control: Name
    version: U32
    member: Name


class ControlEnded(Record, frozen=True):
    """The members voted that nothing commands this any more."""

    control: Name


class Commanded(Record, frozen=True):
    """A member commanded: so many acts, the first of them the control's act `first`.

    `until` is the event time of the last; `by_hand` says that an officer's side had taken it over.
    """

    control: Name
    member: Name
    first: U63
    acts: U32
    until: U63
    by_hand: bool


class TakenOver(Record, frozen=True):
    """Officers of a member took a control over: its programs command it no more."""

    control: Name
    member: Name


class HandedBack(Record, frozen=True):
    """Programs command it again."""

    control: Name
    member: Name


class NoticeIssued(Record, frozen=True):
    """A member asks others for an answer until block time `due`."""

    notice: Digest
    author: Name
    kind: Name
    to: Names
    due: Milliseconds


class NoticeAnswered(Record, frozen=True):
    """A member answered, in time or late."""

    notice: Digest
    member: Name
    number: U63
    late: bool


class NoticeClosed(Record, frozen=True):
    """A notice is closed; `absent` never answered."""

    notice: Digest
    absent: Names


class RegisterOpened(Record, frozen=True):
    """A register of claims was opened."""

    register: Digest
    owner: Name
    after: Digest | None


class ThingsClaimed(Record, frozen=True):
    """A member claimed so many things."""

    register: Digest
    member: Name
    things: U32


class RegisterClosed(Record, frozen=True):
    """Nothing more is claimed in a register."""

    register: Digest
    claims: U63


EVENTS: tuple[type[Record], ...] = (
    *(ControlSet, ControlEnded, Commanded, TakenOver, HandedBack, NoticeIssued, NoticeAnswered, NoticeClosed),
    *(RegisterOpened, ThingsClaimed, RegisterClosed),
)
"""Everything that the module tells in receipts."""
