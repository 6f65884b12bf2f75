"""How what may be done once is claimed: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.order import is_sorted
from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.operations import messages as asked
from consortia.modules.operations import refusals as codes
from consortia.modules.operations.ports import Ports
from consortia.modules.operations.state import CLAIMS, REGISTERS, new_id
from consortia.modules.operations.types import (
    Claimed,
    Register,
    RegisterClosed,
    RegisterOpened,
    ThingsClaimed,
)


def claim_cost(message: asked.Claim) -> int:
    """What claiming costs: 15 for each thing."""
    return 100 + 15 * len(message.tags)


def open_register(ctx: Context, message: asked.OpenRegister, ports: Ports) -> None:
    """Open a register."""
    # CHECK
    if message.after is not None:
        register(ctx, message.after)
    require(is_sorted(message.members), codes.UNSORTED)
    for name in message.members:
        require(ports.members.is_member(ctx, name), codes.UNKNOWN_MEMBER, name)
    # DECIDE
    identity, owner = new_id(ctx), ctx.signer.member
    # WRITE
    REGISTERS.put(ctx, Register(owner, message.name, message.members, message.after, 0, None), identity)
    # EMIT
    ctx.emit(RegisterOpened(identity, owner, message.after))


def claim(ctx: Context, message: asked.Claim, ports: Ports) -> None:
    """Claim things that nobody has claimed there."""
    # CHECK
    found, member = register(ctx, message.register), ctx.signer.member
    require(is_sorted(message.tags), codes.UNSORTED)
    require(found.closed is None, codes.CLOSED)
    require(member in found.members, codes.NOT_IN_REGISTER, member)
    for tag in message.tags:
        known = found.after is None or CLAIMS.has(ctx, found.after, tag)
        require(known, codes.UNCLAIMED, tag.hex())
        require(not CLAIMS.has(ctx, message.register, tag), codes.CLAIMED, tag.hex())
    # WRITE
    for tag in message.tags:
        CLAIMS.put(ctx, Claimed(member, ctx.time), message.register, tag)
    REGISTERS.put(ctx, replace(found, claims=found.claims + len(message.tags)), message.register)
    # EMIT
    ctx.emit(ThingsClaimed(message.register, member, len(message.tags)))


def close_register(ctx: Context, message: asked.CloseRegister, ports: Ports) -> None:
    """Have nothing more claimed."""
    # CHECK
    found = register(ctx, message.register)
    require(found.owner == ctx.signer.member, codes.NOT_YOURS, found.owner)
    require(found.closed is None, codes.CLOSED)
    # WRITE
    REGISTERS.put(ctx, replace(found, closed=ctx.time), message.register)
    # EMIT
    ctx.emit(RegisterClosed(message.register, found.claims))


def register(ctx: Context, identity: bytes) -> Register:
    """The register with this id; raises Refused."""
    found = REGISTERS.get(ctx, identity)
    if found is None:
        raise Refused(codes.UNKNOWN_REGISTER, identity.hex())
    return found
