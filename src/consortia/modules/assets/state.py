"""The module's tables, and what is written to several of them at once."""

from consortia.base.hashing import tagged
from consortia.kernel.context import Context
from consortia.kernel.table import Table
from consortia.modules.assets.types import Asset, Child, Named, Registered, Version

ASSETS = Table("assets", "assets", Asset, (bytes,), "an asset, by id")
VERSIONS = Table("assets", "versions", Version, (bytes, int), "a version of an asset, by its number")
NAMES = Table("assets", "names", Named, (str, str), "the asset that an owner calls so")
CHILDREN = Table("assets", "children", Child, (bytes, bytes), "an asset made from this parent")

TABLES = (ASSETS, VERSIONS, NAMES, CHILDREN)


def asset_id(ctx: Context) -> bytes:
    """The id of this call's asset: H("consortia/asset", network | transaction | call as 8 bytes)."""
    return tagged("consortia/asset", ctx.network + ctx.transaction + ctx.call.to_bytes(8, "big"))


def add(ctx: Context, asset: Asset, version: Version) -> None:
    """Write a new asset with its first version, its name and its place among its parents' children."""
    ASSETS.put(ctx, asset, asset.id)
    VERSIONS.put(ctx, version, asset.id, version.number)
    NAMES.put(ctx, Named(asset.id, asset.kind), asset.owner, asset.name)
    for parent in asset.parents:
        CHILDREN.put(ctx, Child(parent.version), parent.asset, asset.id)
    ctx.emit(Registered(asset.id, asset.owner, asset.name, asset.kind, version.commitment, version.count))
