"""How notices are issued, answered and closed: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.order import is_sorted
from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.operations import messages as asked
from consortia.modules.operations import refusals as codes
from consortia.modules.operations.ports import Ports
from consortia.modules.operations.rules import is_due
from consortia.modules.operations.state import (
    ANSWERS,
    AWAITED,
    BY_TIME,
    NOTICES,
    OPEN,
    new_id,
    open_notices,
)
from consortia.modules.operations.types import (
    OPEN_NOTICES_MAX,
    Answer,
    Awaited,
    Count,
    Notice,
    NoticeAnswered,
    NoticeClosed,
    NoticeIssued,
)


def notify_cost(message: asked.Notify) -> int:
    """What a notice costs: 20 for each member that it asks."""
    return 200 + 20 * len(message.to)


def notify(ctx: Context, message: asked.Notify, ports: Ports) -> None:
    """Ask members for an answer."""
    # CHECK
    author = ctx.signer.member
    require(is_sorted(message.to), codes.UNSORTED)
    for name in message.to:
        require(ports.members.is_member(ctx, name), codes.UNKNOWN_MEMBER, name)
    require(is_due(message.due, ctx.time), codes.BAD_DUE, str(message.due))
    already = open_notices(ctx, author)
    require(already < OPEN_NOTICES_MAX, codes.TOO_MANY_OPEN)
    # DECIDE
    identity = new_id(ctx)
    made = Notice(
        author=author,
        kind=message.kind,
        subject=message.subject,
        content=message.content,
        to=message.to,
        since=ctx.time,
        due=message.due,
        answers=0,
        closed=None,
    )
    # WRITE
    NOTICES.put(ctx, made, identity)
    BY_TIME.put(ctx, Awaited(made.due), ctx.time, identity)
    for name in made.to:
        AWAITED.put(ctx, Awaited(made.due), name, identity)
    OPEN.put(ctx, Count(already + 1), author)
    # EMIT
    ctx.emit(NoticeIssued(identity, author, made.kind, made.to, made.due))


def reply(ctx: Context, message: asked.Reply, ports: Ports) -> None:
    """Take down a member's answer, late ones too while the notice is open."""
    # CHECK
    found, member = notice(ctx, message.notice), ctx.signer.member
    require(found.closed is None, codes.CLOSED)
    require(member in found.to, codes.NOT_ASKED)
    require(not ANSWERS.has(ctx, message.notice, member), codes.ANSWERED)
    # DECIDE
    given = Answer(message.number, message.content, ctx.time, ctx.time > found.due)
    # WRITE
    ANSWERS.put(ctx, given, message.notice, member)
    AWAITED.delete(ctx, member, message.notice)
    NOTICES.put(ctx, replace(found, answers=found.answers + 1), message.notice)
    # EMIT
    ctx.emit(NoticeAnswered(message.notice, member, given.number, given.late))


def close_notice(ctx: Context, message: asked.CloseNotice, ports: Ports) -> None:
    """Close a notice, and say who never answered."""
    # CHECK
    found = notice(ctx, message.notice)
    require(found.author == ctx.signer.member, codes.NOT_YOURS, found.author)
    require(found.closed is None, codes.CLOSED)
    over = found.answers == len(found.to) or ctx.time > found.due
    require(over, codes.STILL_AWAITED, str(found.due))
    # DECIDE
    absent = tuple(name for name in found.to if not ANSWERS.has(ctx, message.notice, name))
    # WRITE
    NOTICES.put(ctx, replace(found, closed=ctx.time), message.notice)
    for name in absent:
        AWAITED.delete(ctx, name, message.notice)
    OPEN.put(ctx, Count(open_notices(ctx, found.author) - 1), found.author)
    # EMIT
    ctx.emit(NoticeClosed(message.notice, absent))


def notice(ctx: Context, identity: bytes) -> Notice:
    """The notice with this id; raises Refused."""
    found = NOTICES.get(ctx, identity)
    if found is None:
        raise Refused(codes.UNKNOWN_NOTICE, identity.hex())
    return found
