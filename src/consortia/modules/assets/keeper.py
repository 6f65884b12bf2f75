"""What other modules may know of assets and do with them."""

from consortia.base.codec import Record
from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.assets import refusals as codes
from consortia.modules.assets.rules import aggregate, allows, derive, right_of
from consortia.modules.assets.state import ASSETS, NAMES, VERSIONS, add, asset_id
from consortia.modules.assets.types import MODEL_PARENTS_MAX, Asset, Parent, RightName, Rights, Version

ORIGINS_MAX = 256
"""So many ancestors of an asset are followed."""


class Made(Record, frozen=True):
    """A model that a study made.

    `owner` is the member that it is registered under, as `name` or, where that is taken, with the first
    digits of its id added. `content` is the model's blob id, `count` the records it learned from.
    `summed` are the data sets whose members' shares were summed, `made_from` everything else it came
    from (the initial model, a function).
    """

    owner: str
    name: str
    title: str
    content: bytes
    count: int
    study: bytes
    summed: tuple[Parent, ...]
    made_from: tuple[Parent, ...]


class Keeper:
    """The module's door for its neighbours. It keeps no state of its own."""

    def get(self, ctx: Context, asset: bytes) -> Asset | None:
        """The asset with this id, or None."""
        return ASSETS.get(ctx, asset)

    def by_name(self, ctx: Context, owner: str, name: str) -> Asset | None:
        """The asset that `owner` calls `name`, or None."""
        named = NAMES.get(ctx, owner, name)
        return None if named is None else ASSETS.get(ctx, named.asset)

    def kind(self, ctx: Context, asset: bytes) -> str | None:
        """What kind of asset it is, or None."""
        found = ASSETS.get(ctx, asset)
        return None if found is None else found.kind

    def version(self, ctx: Context, asset: bytes, number: int) -> Version | None:
        """One version of an asset, or None."""
        return VERSIONS.get(ctx, asset, number)

    def version_in_force(self, ctx: Context, asset: bytes) -> Version | None:
        """The newest version of an asset, whether or not it is erased; None for an unknown asset."""
        found = ASSETS.get(ctx, asset)
        return None if found is None else VERSIONS.get(ctx, asset, found.version)

    def content(self, ctx: Context, asset: bytes) -> bytes | None:
        """The commitment or address of an asset's newest version, or None."""
        version = self.version_in_force(ctx, asset)
        return None if version is None else version.commitment

    def origins(self, ctx: Context, asset: bytes) -> tuple[bytes, ...] | None:
        """The assets without parents that one was made from, itself if it has none, sorted by id.

        None for an unknown asset, and for one whose ancestors are more than ORIGINS_MAX.
        """
        found, seen, waiting = list[bytes](), {asset}, [asset]
        while waiting:
            one = ASSETS.get(ctx, waiting.pop())
            if one is None or len(seen) > ORIGINS_MAX:
                return None
            if not one.parents:
                found.append(one.id)
            for parent in one.parents:
                if parent.asset not in seen:
                    seen.add(parent.asset)
                    waiting.append(parent.asset)
        return tuple(sorted(found))

    def is_withdrawn(self, ctx: Context, asset: bytes) -> bool:
        """Whether the asset is closed to new use; an unknown one is."""
        found = ASSETS.get(ctx, asset)
        return found is None or found.withdrawn is not None

    def is_usable(self, ctx: Context, asset: bytes, number: int) -> bool:
        """Whether this version may go into something new: known, not withdrawn, not erased."""
        version = VERSIONS.get(ctx, asset, number)
        return version is not None and version.erased is None and not self.is_withdrawn(ctx, asset)

    def may(self, ctx: Context, member: str, asset: bytes, right: RightName, purpose: str) -> bool:
        """Whether `member` may use a right on an asset for `purpose` ("*": for all) now.

        Nobody may, the owner included, when the asset is unknown or withdrawn.
        """
        found = ASSETS.get(ctx, asset)
        if found is None or found.withdrawn is not None:
            return False
        return allows(right_of(found.rights, right), member, purpose)

    def register_model(self, ctx: Context, made: Made) -> bytes:
        """Register the model that this call's study made, and return its asset id.

        Its rights are what its parents allow: `aggregate` over the data sets, intersected with what
        each other parent allows. Parents withdrawn meanwhile stay in its lineage. One model a call.
        Raise Refused for a parent that does not exist or is named twice, ValueError for none or over 256.
        """
        # CHECK
        parents = (*made.made_from, *made.summed)
        ids = [parent.asset for parent in parents]
        if not 0 < len(ids) <= MODEL_PARENTS_MAX:
            raise ValueError(f"a study's model has from 1 to {MODEL_PARENTS_MAX} parents, not {len(ids)}")
        for parent in parents:
            require(VERSIONS.has(ctx, parent.asset, parent.version), codes.UNKNOWN_PARENT, parent.asset.hex())
        require(len(set(ids)) == len(ids), codes.REPEATED_PARENT)
        # DECIDE
        identity = asset_id(ctx)
        name = made.name
        if NAMES.has(ctx, made.owner, name):
            name = f"{made.name[:23]}-{identity.hex()[:8]}"
        bound = self._bound(ctx, made)
        # WRITE, EMIT
        add(
            ctx,
            Asset(
                id=identity,
                owner=made.owner,
                name=name,
                kind="model",
                title=made.title,
                form="blob",
                rights=bound,
                bound=bound,
                parents=tuple(sorted(parents, key=lambda parent: parent.asset)),
                study=made.study,
                height=ctx.height,
                time=ctx.time,
                version=1,
                withdrawn=None,
            ),
            Version(1, made.content, made.count, None, None, ctx.height, ctx.time, None),
        )
        return identity

    def _bound(self, ctx: Context, made: Made) -> Rights:
        return derive(
            *(self._rights(ctx, parent) for parent in made.made_from),
            *([aggregate(*(self._rights(ctx, parent) for parent in made.summed))] if made.summed else []),
        )

    def _rights(self, ctx: Context, parent: Parent) -> Rights:
        found = ASSETS.get(ctx, parent.asset)
        if found is None:
            raise Refused(codes.UNKNOWN_PARENT, parent.asset.hex())
        return found.rights
