"""Handlers of a member's own matters: its keys, its endpoint, its attestors, its quota."""

from consortia.base.keys import key_id
from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.identity import messages as asked
from consortia.modules.identity import refusals as codes
from consortia.modules.identity.addresses import is_node_address
from consortia.modules.identity.decisions import acting
from consortia.modules.identity.keyring import (
    active_keys,
    check_complete,
    check_points,
    check_possession,
    check_set,
    write_keys,
    write_revoked,
    write_single,
)
from consortia.modules.identity.mandates import end_all
from consortia.modules.identity.roll import check_change, record_change
from consortia.modules.identity.rules import BY_ROTATION, is_attestor_key, is_der, raises, roles_in_order
from consortia.modules.identity.state import ATTESTORS, ENDPOINTS, KEYS, MEMBERS, SETTINGS
from consortia.modules.identity.types import (
    KEYS_MAX,
    Attestor,
    AttestorAdded,
    Endpoint,
    EndpointSet,
    IdentityGenesis,
    KeyAdded,
    KeyRevoked,
    Member,
    MemberRecovered,
    QuotaSet,
    Seat,
    Settings,
)
from consortia.modules.identity.validators import check_not_last, seat_of, seat_with, write_seat


def load_genesis(ctx: Context, genesis: IdentityGenesis, _ports: None) -> None:
    """Write the founding members; refuses what no proposal could have brought about."""
    for founder in genesis.members:
        require(not MEMBERS.has(ctx, founder.name), codes.NAME_TAKEN, founder.name)
        check_complete(founder.keys)
        check_points(ctx, founder.keys)
        nobody = bytes(32)
        MEMBERS.put(ctx, Member(founder.title, founder.quota, nobody, nobody, ctx.time, None), founder.name)
        write_keys(ctx, founder.name, founder.keys)
        write_single(ctx, founder.name, _member(ctx, founder.name), founder.keys)
        write_seat(ctx, founder.name, seat_with(ctx, founder.name, founder.keys))
    SETTINGS.put(ctx, Settings(genesis.joiner_quota))
    record_change(ctx, None)


def add_key(ctx: Context, message: asked.AddKey, _ports: None) -> None:
    """Add a key to the own member."""
    # CHECK
    name, new = acting(ctx), message.key
    fitting = roles_in_order(new.roles) and not BY_ROTATION.intersection(new.roles)
    require(fitting, codes.BAD_ROLES, " ".join(new.roles))
    require(len(active_keys(ctx, name)) < KEYS_MAX, codes.TOO_MANY_KEYS)
    check_points(ctx, [new.spec])
    check_possession(ctx, name, [new])
    # WRITE
    write_keys(ctx, name, [new.spec])
    # EMIT
    ctx.emit(KeyAdded(name, key_id(new.public), new.roles))


def revoke_key(ctx: Context, message: asked.RevokeKey, _ports: None) -> None:
    """Put an own key out of force, from the next block."""
    # CHECK
    name = acting(ctx)
    key = KEYS.get(ctx, name, message.key)
    if key is None:
        raise Refused(codes.NO_KEY, message.key.hex())
    require(key.revoked is None, codes.KEY_REVOKED, message.key.hex())
    require(not BY_ROTATION.intersection(key.roles), codes.NEEDS_ROTATION, " ".join(key.roles))
    admins = [wanted for wanted, other in active_keys(ctx, name) if "admin" in other.roles]
    require(admins != [message.key], codes.LAST_ADMIN)
    # WRITE
    write_revoked(ctx, name, message.key, key)
    # EMIT
    ctx.emit(KeyRevoked(name, message.key))


def rotate_node_key(ctx: Context, message: asked.RotateNodeKey, _ports: None) -> None:
    """Replace the key with which the member's node cosigns: a change of the member set."""
    # CHECK
    name, new = acting(ctx), message.key
    require(new.roles == ("node",), codes.BAD_ROLES, " ".join(new.roles))
    check_points(ctx, [new.spec])
    check_possession(ctx, name, [new])
    check_change(ctx, message.checkpoint)
    # DECIDE
    member = _member(ctx, name)
    old = KEYS.get(ctx, name, member.node)
    # WRITE
    if old is not None:
        write_revoked(ctx, name, member.node, old)
    write_keys(ctx, name, [new.spec])
    write_single(ctx, name, member, [new.spec])
    # EMIT
    ctx.emit(KeyRevoked(name, member.node))
    ctx.emit(KeyAdded(name, key_id(new.public), new.roles))
    record_change(ctx, message.checkpoint)


def rotate_consensus_key(ctx: Context, message: asked.RotateConsensusKey, _ports: None) -> None:
    """Replace the key with which the member votes in consensus, or name the first."""
    # CHECK
    name, new = acting(ctx), message.key
    require(new.roles == ("consensus",), codes.BAD_ROLES, " ".join(new.roles))
    seat = seat_of(ctx, name)
    require(seat.consensus is not None or len(active_keys(ctx, name)) < KEYS_MAX, codes.TOO_MANY_KEYS)
    check_points(ctx, [new.spec])
    check_possession(ctx, name, [new])
    # DECIDE
    old = None if seat.consensus is None else KEYS.get(ctx, name, seat.consensus)
    # WRITE
    if seat.consensus is not None and old is not None:
        write_revoked(ctx, name, seat.consensus, old)
    write_keys(ctx, name, [new.spec])
    # EMIT
    if seat.consensus is not None:
        ctx.emit(KeyRevoked(name, seat.consensus))
    ctx.emit(KeyAdded(name, key_id(new.public), new.roles))
    write_seat(ctx, name, Seat(key_id(new.public), seat.power))


def recover(ctx: Context, message: asked.Recover, _ports: None) -> None:
    """Replace all keys of the own member, the recovery key among them: a change of the member set.

    Its mandates end: whoever had its keys may have granted them.
    """
    # CHECK
    name = acting(ctx)
    check_set(ctx, name, message.keys)
    check_change(ctx, message.checkpoint)
    specs = [key.spec for key in message.keys]
    seat = seat_with(ctx, name, specs)
    check_not_last(ctx, name, seat)
    # DECIDE
    before = active_keys(ctx, name)
    # WRITE
    for wanted, key in before:
        write_revoked(ctx, name, wanted, key)
    write_keys(ctx, name, specs)
    write_single(ctx, name, _member(ctx, name), specs)
    # EMIT
    ctx.emit(MemberRecovered(name))
    write_seat(ctx, name, seat)
    end_all(ctx, name)
    record_change(ctx, message.checkpoint)


def add_attestor(ctx: Context, message: asked.AddAttestor, _ports: None) -> None:
    """Name the member's key for networks that check other signatures."""
    # CHECK
    name = acting(ctx)
    require(is_attestor_key(message.algorithm, message.public), codes.BAD_ATTESTOR, message.public.hex())
    # WRITE
    ATTESTORS.put(ctx, Attestor(message.public), name, message.algorithm)
    # EMIT
    ctx.emit(AttestorAdded(name, message.algorithm))


def set_endpoint(ctx: Context, message: asked.SetEndpoint, _ports: None) -> None:
    """Say where the own node is reached."""
    # CHECK
    name = acting(ctx)
    require(is_node_address(message.url), codes.BAD_ENDPOINT, message.url)
    secure = message.url.startswith("https://")
    require(secure == (message.certificate is not None), codes.BAD_ENDPOINT, message.url)
    require(message.certificate is None or is_der(message.certificate), codes.BAD_ENDPOINT, "not DER")
    # WRITE
    ENDPOINTS.put(ctx, Endpoint(message.url, message.certificate), name)
    # EMIT
    ctx.emit(EndpointSet(name, message.url))


def set_quota(ctx: Context, message: asked.SetQuota, _ports: None) -> None:
    """Lower the own quota."""
    # CHECK
    name = acting(ctx)
    member = _member(ctx, name)
    require(not raises(message.quota, member.quota), codes.QUOTA_RAISED)
    # WRITE
    lowered = Member(member.title, message.quota, member.node, member.recovery, member.joined, member.left)
    MEMBERS.put(ctx, lowered, name)
    # EMIT
    ctx.emit(QuotaSet(name, message.quota))


def _member(ctx: Context, name: str) -> Member:
    member = MEMBERS.get(ctx, name)
    if member is None:
        raise Refused(codes.NOT_A_MEMBER, name)
    return member
