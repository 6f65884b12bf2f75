"""What anyone may ask about assets."""

from collections.abc import Iterator
from typing import Annotated, cast

from msgspec import Meta

from consortia.base.codec import U32, Digest, Name, Record, Text80
from consortia.base.refusals import Refused
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.kernel.pages import page
from consortia.kernel.refusals import BAD_ARGUMENTS
from consortia.modules.assets.keeper import Keeper
from consortia.modules.assets.ports import Ports
from consortia.modules.assets.state import ASSETS, CHILDREN, NAMES, VERSIONS
from consortia.modules.assets.types import Asset, Grantee, Kind, Purpose, RightName, Version

PAGE_MAX = 100
DEPTH_MAX = 8
LINEAGE_MAX = 256
"""A lineage answer names at most this many assets."""

_KEEPER = Keeper()
Limit = Annotated[int, Meta(ge=1, le=PAGE_MAX)]
Depth = Annotated[int, Meta(ge=0, le=DEPTH_MAX)]


class ById(Record, frozen=True):
    """An asset's id."""

    asset: Digest


class ByName(Record, frozen=True):
    """An owner and what it calls its asset."""

    owner: Name
    name: Name


class MaybeAsset(Record, frozen=True):
    """An asset with its newest version, or None where there is none."""

    asset: Asset | None
    version: Version | None


class ListAssets(Record, frozen=True):
    """Assets of an owner and a kind (None: of any), by owner and name, behind the cursor `after`."""

    owner: Name | None
    kind: Kind | None
    after: Text80 | None
    limit: Limit


class AssetPage(Record, frozen=True):
    """A page of assets; `next` is the cursor of the next page, None on the last."""

    assets: tuple[Asset, ...]
    next: Text80 | None


class ListVersions(Record, frozen=True):
    """Versions of an asset with numbers above `after`."""

    asset: Digest
    after: U32
    limit: Limit


class VersionPage(Record, frozen=True):
    """A page of versions, oldest first; `next` is the `after` of the next page, None on the last."""

    versions: tuple[Version, ...]
    next: U32 | None


class AskLineage(Record, frozen=True):
    """How far to walk: `up` to parents, `down` to what was made from the asset."""

    asset: Digest
    up: Depth
    down: Depth


class LineageNode(Record, frozen=True):
    """An asset of a lineage: `depth` steps above (negative) or below (positive) the one asked about."""

    depth: int
    asset: Asset


class Lineage(Record, frozen=True):
    """The assets of a lineage, from the oldest generation to the youngest; `cut` when some were left out."""

    nodes: tuple[LineageNode, ...]
    cut: bool


class AskRight(Record, frozen=True):
    """Whether `member` may use `right` on an asset for `purpose`."""

    member: Grantee
    asset: Digest
    right: RightName
    purpose: Purpose


class Allowed(Record, frozen=True):
    """The answer."""

    allowed: bool


def asset(ctx: Context, arguments: ById, ports: Ports) -> MaybeAsset:
    """The asset with this id."""
    return _view(ctx, ASSETS.get(ctx, arguments.asset))


def by_name(ctx: Context, arguments: ByName, ports: Ports) -> MaybeAsset:
    """The asset that an owner calls so."""
    return _view(ctx, _KEEPER.by_name(ctx, arguments.owner, arguments.name))


def assets(ctx: Context, arguments: ListAssets, ports: Ports) -> AssetPage:
    """Assets by owner and name."""
    return AssetPage(*page(_listed(ctx, arguments), arguments.limit))


def versions(ctx: Context, arguments: ListVersions, ports: Ports) -> VersionPage:
    """Versions of an asset, oldest first."""
    known = ASSETS.get(ctx, arguments.asset)
    newest = 0 if known is None else known.version
    last = min(newest, arguments.after + arguments.limit)
    numbers = range(arguments.after + 1, last + 1)
    found = [VERSIONS.get(ctx, arguments.asset, number) for number in numbers]
    page = tuple(version for version in found if version is not None)
    return VersionPage(page, last if last < newest else None)


def lineage(ctx: Context, arguments: AskLineage, ports: Ports) -> Lineage:
    """What an asset was made from, and what was made from it."""
    start = ASSETS.get(ctx, arguments.asset)
    if start is None:
        return Lineage((), cut=False)
    nodes = {start.id: LineageNode(0, start)}
    cut = False
    for step, depth_max in ((-1, arguments.up), (1, arguments.down)):
        generation, depth = [start], 0
        while generation and depth < depth_max:
            depth += 1
            ids = [other for one in generation for other in _kin(ctx, one, step)]
            fresh = [other for other in dict.fromkeys(ids) if other not in nodes]
            room = LINEAGE_MAX - len(nodes)
            cut = cut or len(fresh) > room
            generation = [known for other in fresh[:room] if (known := ASSETS.get(ctx, other)) is not None]
            nodes.update({one.id: LineageNode(step * depth, one) for one in generation})
        cut = cut or any(other not in nodes for one in generation for other in _kin(ctx, one, step))
    return Lineage(tuple(sorted(nodes.values(), key=lambda node: (node.depth, node.asset.id))), cut)


def right(ctx: Context, arguments: AskRight, ports: Ports) -> Allowed:
    """Whether a member may do something with an asset now."""
    a = arguments
    return Allowed(_KEEPER.may(ctx, a.member, a.asset, a.right, a.purpose))


def _view(ctx: Context, found: Asset | None) -> MaybeAsset:
    return MaybeAsset(found, None if found is None else VERSIONS.get(ctx, found.id, found.version))


def _listed(ctx: Context, arguments: ListAssets) -> Iterator[tuple[str, Asset | None]]:
    """The names among which a page is sought, each with its asset where that is wanted."""
    prefix = () if arguments.owner is None else (arguments.owner,)
    for key, named in NAMES.scan(ctx, *prefix, after=_behind(arguments)):
        wanted = arguments.kind in {None, named.kind}
        yield "/".join(map(str, key)), ASSETS.get(ctx, named.asset) if wanted else None


def _behind(arguments: ListAssets) -> tuple[str, ...]:
    """Where a page begins among the names; refused where the cursor is of no page of this list."""
    if arguments.after is None:
        return ()
    owner, slash, name = arguments.after.partition("/")
    if not slash or arguments.owner not in {None, owner}:
        raise Refused(BAD_ARGUMENTS, "after is no cursor of this list")
    return (owner, name) if arguments.owner is None else (name,)


def _kin(ctx: Context, one: Asset, step: int) -> list[bytes]:
    """The ids of an asset's parents (step -1) or of at most one answer's worth of its children (step 1)."""
    if step < 0:
        return [parent.asset for parent in one.parents]
    children: list[bytes] = []
    for (_, child), _ in CHILDREN.scan(ctx, one.id):
        children.append(cast("bytes", child))
        if len(children) > LINEAGE_MAX:
            break
    return children


QUERIES = (
    Query("asset", ById, MaybeAsset, asset, "An asset and its newest version, by id."),
    Query("by_name", ByName, MaybeAsset, by_name, "An asset and its newest version, by owner and name."),
    Query("assets", ListAssets, AssetPage, assets, "Assets by owner and kind, a page at a time."),
    Query("versions", ListVersions, VersionPage, versions, "The versions of an asset, a page at a time."),
    Query("lineage", AskLineage, Lineage, lineage, "What an asset was made from and what from it."),
    Query("right", AskRight, Allowed, right, "Whether a member may process or download, for a purpose."),
)
