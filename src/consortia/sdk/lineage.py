"""Where an asset comes from, and what came from it: as a graph, which the console and notebooks draw."""

from consortia.modules.assets.queries import AskLineage, Lineage
from consortia.modules.assets.types import Asset
from consortia.sdk.access import Way
from consortia.sdk.views import Edge, Graph, Node

_DEPTH = 8


def lineage(way: Way, asset: Asset) -> Graph:
    """What an asset was made from, and what was made from it; the study that made a model stands between."""
    found = way.query("assets.lineage", AskLineage(asset.id, _DEPTH, _DEPTH), Lineage)
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], Edge] = {}
    for one in (line.asset for line in found.nodes):
        key = one.id.hex()
        nodes[key] = Node(key, one.title or one.name, f"{one.kind} of {one.owner}", f"/console/assets/{key}")
    for one in (line.asset for line in found.nodes):
        key, through = one.id.hex(), one.id.hex()
        if one.study is not None:
            through = one.study.hex()
            nodes[through] = Node(
                through, f"study {through[:12]}", "training rounds", f"/console/studies/{through}"
            )
            edges[through, key] = Edge(through, key, "trained")
        for parent in one.parents:
            source = parent.asset.hex()
            if source in nodes:
                edges[source, through] = Edge(source, through, f"version {parent.version}")
    note = "Some of it is left out: there is too much." if found.cut else ""
    return Graph("Lineage", tuple(nodes.values()), tuple(edges.values()), note)
