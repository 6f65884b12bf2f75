"""What holds after every block."""

from collections import Counter

from consortia.kernel.context import Context
from consortia.kernel.module import Invariant
from consortia.modules.assets.ports import Ports
from consortia.modules.assets.rules import reach, small, within
from consortia.modules.assets.state import ASSETS, CHILDREN, NAMES, VERSIONS


def names(ctx: Context, ports: Ports) -> str | None:
    """Every name stands for an asset of that owner, name and kind, and every asset has its name."""
    count = 0
    for key, named in NAMES.scan(ctx):
        asset = ASSETS.get(ctx, named.asset)
        if asset is None or ((asset.owner, asset.name), asset.kind) != (key, named.kind):
            return f"the name {key} does not stand for its asset"
        count += 1
    assets = sum(1 for _ in ASSETS.scan(ctx))
    return None if count == assets else f"{count} names for {assets} assets"


def versions(ctx: Context, ports: Ports) -> str | None:
    """Every asset has the versions 1 to its newest, and no others."""
    counts = Counter(key[0] for key, _ in VERSIONS.scan(ctx))
    for (identity,), asset in ASSETS.scan(ctx):
        numbers = range(1, asset.version + 1)
        if counts.pop(identity, 0) != asset.version:
            return f"{asset.owner}/{asset.name} has other versions than 1 to {asset.version}"
        if not all(VERSIONS.has(ctx, asset.id, number) for number in numbers):
            return f"{asset.owner}/{asset.name} lacks a version"
    return "versions without an asset" if counts else None


def rights(ctx: Context, ports: Ports) -> str | None:
    """Rights are within limits and bounds, and no owner of an asset without parents is locked out."""
    for _, asset in ASSETS.scan(ctx):
        for name in ("process", "download"):
            right = getattr(asset.rights, name)
            bound = None if asset.bound is None else getattr(asset.bound, name)
            if not small(right) or (bound is not None and not within(right, bound)):
                return f"{asset.owner}/{asset.name}: {name} goes beyond what its parents allow"
            if bound is None and not reach(right, asset.owner):
                return f"{asset.owner}/{asset.name}: {name} is closed to its owner"
    return None


def lineage(ctx: Context, ports: Ports) -> str | None:
    """Every parent exists, is older, and knows the child."""
    edges = 0
    for _, asset in ASSETS.scan(ctx):
        for parent in asset.parents:
            child = CHILDREN.get(ctx, parent.asset, asset.id)
            version = VERSIONS.get(ctx, parent.asset, parent.version)
            if child is None or child.version != parent.version or version is None:
                return f"{asset.owner}/{asset.name} is missing among its parent's children"
            if version.height > asset.height:
                return f"{asset.owner}/{asset.name} is older than its parent"
            edges += 1
    children = sum(1 for _ in CHILDREN.scan(ctx))
    return None if edges == children else f"{children} children for {edges} parents"


INVARIANTS = (
    Invariant("names", names),
    Invariant("versions", versions),
    Invariant("rights", rights),
    Invariant("lineage", lineage),
)
