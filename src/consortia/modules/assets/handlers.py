"""How each message is judged and executed: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.assets import messages as asked
from consortia.modules.assets import refusals as codes
from consortia.modules.assets.ports import Ports
from consortia.modules.assets.rules import (
    derive,
    fits,
    narrow,
    owned,
    reach,
    right_of,
    small,
    widen,
    with_right,
    within,
)
from consortia.modules.assets.state import ASSETS, NAMES, VERSIONS, add, asset_id
from consortia.modules.assets.types import (
    EVERYONE,
    Asset,
    Erased,
    Granted,
    Parent,
    Revoked,
    Right,
    Rights,
    Version,
    Versioned,
    Withdrawn,
)


def register(ctx: Context, message: asked.Register, ports: Ports) -> None:
    """Register an asset with its first version; its rights keep within what its parents allow."""
    # CHECK
    owner = ctx.signer.member
    require(fits(message.kind, message.form, message.count, message.subjects), codes.WRONG_FORM)
    require(not NAMES.has(ctx, owner, message.name), codes.NAME_TAKEN, message.name)
    if message.rights is not None:
        _check_grantees(ctx, (*message.rights.process, *message.rights.download), ports)
    bound = _bound(ctx, owner, message.parents)
    rights = bound if message.rights is None and bound is not None else owned(message.rights, owner)
    _check_rights(rights, bound)
    # DECIDE
    asset = Asset(
        id=asset_id(ctx),
        owner=owner,
        name=message.name,
        kind=message.kind,
        title=message.title,
        form=message.form,
        rights=rights,
        bound=bound,
        parents=tuple(sorted(message.parents, key=lambda parent: parent.asset)),
        study=None,
        height=ctx.height,
        time=ctx.time,
        version=1,
        withdrawn=None,
    )
    # WRITE, EMIT
    add(ctx, asset, _version(ctx, message, 1))


def new_version(ctx: Context, message: asked.NewVersion, ports: Ports) -> None:
    """Put the next version of a data set in force; earlier ones stay as they are."""
    # CHECK
    asset = _open(ctx, message.asset)
    require(fits(asset.kind, asset.form, message.count, message.subjects), codes.WRONG_FORM)
    require(asset.kind == "dataset", codes.FIXED, asset.kind)
    present = VERSIONS.get(ctx, asset.id, asset.version)
    require(present is None or present.commitment != message.commitment, codes.UNCHANGED)
    # DECIDE
    version = _version(ctx, message, asset.version + 1)
    # WRITE
    VERSIONS.put(ctx, version, asset.id, version.number)
    ASSETS.put(ctx, replace(asset, version=version.number), asset.id)
    # EMIT
    ctx.emit(Versioned(asset.id, version.number, version.commitment, version.count))


def grant(ctx: Context, message: asked.Grant, ports: Ports) -> None:
    """Add permissions to a right, within what the asset's parents allowed."""
    # CHECK
    asset = _open(ctx, message.asset)
    _check_grantees(ctx, message.permissions, ports)
    for parent in asset.parents:
        _check_open(ctx, parent)
    right = widen(right_of(asset.rights, message.right), message.permissions)
    rights = with_right(asset.rights, message.right, right)
    _check_rights(rights, asset.bound)
    # WRITE
    ASSETS.put(ctx, replace(asset, rights=rights), asset.id)
    # EMIT
    ctx.emit(Granted(asset.id, message.right, message.permissions))


def revoke(ctx: Context, message: asked.Revoke, ports: Ports) -> None:
    """Take purposes or whole permissions from grantees. What was done under them stands."""
    # CHECK
    asset = _owned_asset(ctx, message.asset)
    require(asset.owner not in message.grantees, codes.OWNER_LOCKED_OUT)
    right = narrow(right_of(asset.rights, message.right), message.grantees, message.purposes)
    if right is None:
        raise Refused(codes.NOT_GRANTED, ", ".join(message.grantees))
    # WRITE
    ASSETS.put(ctx, replace(asset, rights=with_right(asset.rights, message.right, right)), asset.id)
    # EMIT
    ctx.emit(Revoked(asset.id, message.right, message.grantees, message.purposes))


def withdraw(ctx: Context, message: asked.Withdraw, ports: Ports) -> None:
    """Close an asset to new use."""
    # CHECK
    asset = _open(ctx, message.asset)
    # WRITE
    ASSETS.put(ctx, replace(asset, withdrawn=ctx.time), asset.id)
    # EMIT
    ctx.emit(Withdrawn(asset.id))


def mark_erased(ctx: Context, message: asked.MarkErased, ports: Ports) -> None:
    """Mark a version whose salts and records its owner destroyed; also of a withdrawn asset."""
    # CHECK
    asset = _owned_asset(ctx, message.asset)
    version = VERSIONS.get(ctx, asset.id, message.version)
    if version is None:
        raise Refused(codes.UNKNOWN_VERSION, str(message.version))
    require(version.erased is None, codes.ALREADY_ERASED, str(message.version))
    # WRITE
    VERSIONS.put(ctx, replace(version, erased=ctx.time), asset.id, version.number)
    # EMIT
    ctx.emit(Erased(asset.id, version.number))


def _owned_asset(ctx: Context, identity: bytes) -> Asset:
    """The signer's own asset."""
    asset = ASSETS.get(ctx, identity)
    if asset is None:
        raise Refused(codes.UNKNOWN_ASSET, identity.hex())
    require(asset.owner == ctx.signer.member, codes.NOT_OWNER, asset.owner)
    return asset


def _open(ctx: Context, identity: bytes) -> Asset:
    """The signer's own asset, not withdrawn."""
    asset = _owned_asset(ctx, identity)
    require(asset.withdrawn is None, codes.WITHDRAWN)
    return asset


def _version(ctx: Context, message: asked.Register | asked.NewVersion, number: int) -> Version:
    return Version(
        number=number,
        commitment=message.commitment,
        count=message.count,
        subjects=message.subjects,
        schema=message.schema,
        height=ctx.height,
        time=ctx.time,
        erased=None,
    )


def _check_grantees(ctx: Context, permissions: Right, ports: Ports) -> None:
    for permission in permissions:
        name = permission.grantee
        require(name == EVERYONE or ports.members.is_member(ctx, name), codes.UNKNOWN_MEMBER, name)


def _check_rights(rights: Rights, bound: Rights | None) -> None:
    if bound is not None:
        fit = within(rights.process, bound.process) and within(rights.download, bound.download)
        require(fit, codes.EXCEEDS_PARENTS)
    require(small(rights.process) and small(rights.download), codes.TOO_MANY_PERMISSIONS)


def _bound(ctx: Context, owner: str, parents: tuple[Parent, ...]) -> Rights | None:
    """What the parents allow together; None without parents."""
    if not parents:
        return None
    for parent in parents:
        require(VERSIONS.has(ctx, parent.asset, parent.version), codes.UNKNOWN_PARENT, parent.asset.hex())
    require(len({parent.asset for parent in parents}) == len(parents), codes.REPEATED_PARENT)
    assets = [_check_open(ctx, parent) for parent in parents]
    for asset in assets:
        require(reach(asset.rights.process, owner), codes.PARENT_FORBIDDEN, f"{asset.owner}/{asset.name}")
    return derive(*(asset.rights for asset in assets))


def _check_open(ctx: Context, parent: Parent) -> Asset:
    """A parent whose version may still go into something new."""
    asset, version = ASSETS.get(ctx, parent.asset), VERSIONS.get(ctx, parent.asset, parent.version)
    if asset is None or version is None:
        raise Refused(codes.UNKNOWN_PARENT, parent.asset.hex())
    require(
        asset.withdrawn is None and version.erased is None, codes.PARENT_CLOSED, f"{asset.owner}/{asset.name}"
    )
    return asset
