"""What anyone may ask about operations."""

from itertools import islice
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import Digest, Milliseconds, Name, Record
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.modules.operations.noticing import notice as find_notice
from consortia.modules.operations.ports import Ports
from consortia.modules.operations.state import ANSWERS, AWAITED, BY_TIME, CLAIMS, CONTROLS, NOTICES, REGISTERS
from consortia.modules.operations.types import NAMES_MAX, Answer, Claimed, Control, Notice, Register

PAGE_MAX = 100
AWAITED_MAX = 256


class ByControl(Record, frozen=True):
    """A control's name."""

    control: Name


class MaybeControl(Record, frozen=True):
    """A control, ended ones too; None for a name that the members never voted on."""

    control: Control | None


class ControlsAfter(Record, frozen=True):
    """The controls after a name; "" begins at the first."""

    after: Annotated[str, Meta(max_length=32)]
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class NamedControl(Record, frozen=True):
    """A control and its name."""

    name: Name
    control: Control


class ControlPage(Record, frozen=True):
    """A page of controls by name."""

    controls: Annotated[tuple[NamedControl, ...], Meta(max_length=PAGE_MAX)]


class ByNotice(Record, frozen=True):
    """A notice's id."""

    notice: Digest


class MemberAnswer(Record, frozen=True):
    """A member that a notice asks, and its answer; None while there is none."""

    member: Name
    answer: Answer | None


class NoticeView(Record, frozen=True):
    """A notice with everybody that it asks."""

    notice: Notice
    answers: Annotated[tuple[MemberAnswer, ...], Meta(max_length=NAMES_MAX)]


class NoticesFrom(Record, frozen=True):
    """The notices issued from block time `since` on."""

    since: Milliseconds
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class IssuedNotice(Record, frozen=True):
    """A notice and its id."""

    id: Digest
    notice: Notice


class NoticePage(Record, frozen=True):
    """A page of notices, oldest first."""

    notices: Annotated[tuple[IssuedNotice, ...], Meta(max_length=PAGE_MAX)]


class OfMember(Record, frozen=True):
    """A member's name."""

    member: Name


class Owed(Record, frozen=True):
    """An answer that a member owes: to whom, about what, until when."""

    notice: Digest
    author: Name
    kind: Name
    due: Milliseconds


class OwedPage(Record, frozen=True):
    """The answers that a member owes, at most 256."""

    owed: Annotated[tuple[Owed, ...], Meta(max_length=AWAITED_MAX)]


class ByRegister(Record, frozen=True):
    """A register's id."""

    register: Digest


class MaybeRegister(Record, frozen=True):
    """A register, or None where there is none with this id."""

    register: Register | None


class ByTag(Record, frozen=True):
    """A thing's tag in a register."""

    register: Digest
    tag: Digest


class MaybeClaimed(Record, frozen=True):
    """Who claimed a thing, or None."""

    claimed: Claimed | None


def control(ctx: Context, arguments: ByControl, ports: Ports) -> MaybeControl:
    """What is steered under a name."""
    return MaybeControl(CONTROLS.get(ctx, arguments.control))


def controls(ctx: Context, arguments: ControlsAfter, ports: Ports) -> ControlPage:
    """What is steered, shorter names first."""
    behind = CONTROLS.scan(ctx, after=(arguments.after,) if arguments.after else ())
    found = (NamedControl(str(key[0]), each) for key, each in islice(behind, arguments.limit))
    return ControlPage(tuple(found))


def notice(ctx: Context, arguments: ByNotice, ports: Ports) -> NoticeView:
    """A notice and its answers."""
    found = find_notice(ctx, arguments.notice)
    told = (MemberAnswer(name, ANSWERS.get(ctx, arguments.notice, name)) for name in found.to)
    return NoticeView(found, tuple(told))


def notices(ctx: Context, arguments: NoticesFrom, ports: Ports) -> NoticePage:
    """Notices, oldest first."""
    places = (key for key, _ in BY_TIME.scan(ctx, after=(arguments.since, b"")))
    found = [(identity, NOTICES.get(ctx, identity)) for _, identity in islice(places, arguments.limit)]
    return NoticePage(
        tuple(IssuedNotice(bytes(identity), each) for identity, each in found if each)  # type: ignore[arg-type]
    )


def awaited(ctx: Context, arguments: OfMember, ports: Ports) -> OwedPage:
    """The answers that a member owes."""
    owed = []
    for (_, identity), each in islice(AWAITED.scan(ctx, arguments.member), AWAITED_MAX):
        asks = NOTICES.get(ctx, identity)
        if asks is not None and isinstance(identity, bytes):
            owed.append(Owed(identity, asks.author, asks.kind, each.due))
    return OwedPage(tuple(owed))


def register(ctx: Context, arguments: ByRegister, ports: Ports) -> MaybeRegister:
    """A register of claims."""
    return MaybeRegister(REGISTERS.get(ctx, arguments.register))


def claimed(ctx: Context, arguments: ByTag, ports: Ports) -> MaybeClaimed:
    """Who claimed a thing in a register."""
    return MaybeClaimed(CLAIMS.get(ctx, arguments.register, arguments.tag))


QUERIES = (
    Query("control", ByControl, MaybeControl, control, "Something steered, its bounds and who holds it."),
    Query("controls", ControlsAfter, ControlPage, controls, "All that is steered, a page at a time."),
    Query("notice", ByNotice, NoticeView, notice, "A notice and who answered what."),
    Query("notices", NoticesFrom, NoticePage, notices, "Notices from a time on, oldest first."),
    Query("awaited", OfMember, OwedPage, awaited, "The answers that a member owes, and until when."),
    Query("register", ByRegister, MaybeRegister, register, "A register of claims."),
    Query("claimed", ByTag, MaybeClaimed, claimed, "Who claimed a thing in a register, and when."),
)
