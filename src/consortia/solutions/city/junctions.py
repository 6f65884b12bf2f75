"""The page of a city's junctions: who switches the lights, on which voted terms, and who has taken over."""

from consortia.sdk.access import Way
from consortia.sdk.operations import NamedControl, Operations
from consortia.solutions.city.signals import Terms
from consortia.solutions.views import Cell, Edge, Graph, Moment, Node, Page, Table, View

PARAMETERS = {
    "bus": "thousandths of a vehicle that a bus weighs",
    "hold": "seconds at most for which red is held while somebody stands inside the junction",
    "headway": "milliseconds that each vehicle of a lane takes to leave",
    "ratio": "hundredths of what the green phase is worth that another must be worth",
    "wait": "seconds after which whoever waits is served next",
    "walk": "thousandths of a vehicle that somebody at a kerb weighs",
}
_FIELDS = frozenset(Terms().bounds(2))


def junctions(way: Way) -> list[NamedControl]:
    """The controls whose bounds are the terms of a signal (`signals.Terms`)."""
    return [
        one
        for one in Operations(way, "").controls()
        if {each.field for each in one.control.bounds} == _FIELDS
    ]


def stands(way: Way) -> bool:
    """Whether there is a junction."""
    return bool(junctions(way))


def views(way: Way) -> tuple[View, ...]:
    """Lights, the rule's parameters, and who may do what."""
    found = junctions(way)
    return _lights(found), _parameters(found), _people(found)


def _lights(found: list[NamedControl]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        bounds = {each.field: each for each in one.control.bounds}
        rows.append(
            (
                *(one.name, one.control.member, _state(one)),
                *(bounds["green"].least, bounds["green"].most, bounds["phase"].most + 1),
                *(one.control.acts, one.control.version, Moment(one.control.since)),
            )
        )
    heads = (
        *("junction", "switched by", "state", "least green, s", "most green, s"),
        *("phases", "switches", "votes", "since"),
    )
    return Table("Lights", heads, tuple(rows), "The ledger refuses a command outside of these bounds.")


def _parameters(found: list[NamedControl]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (one.name, each.field, each.least, PARAMETERS[each.field])
        for one in found
        for each in one.control.bounds
        if each.field in PARAMETERS
    ]
    heads = ("junction", "parameter", "value", "meaning")
    return Table("Parameters", heads, tuple(rows), "Voted, and repeated by every command.")


def _people(found: list[NamedControl]) -> Graph:
    over = [(name, one.name) for one in found for name in one.control.overseers]
    members = sorted({name for name, _ in over} | {one.control.member for one in found})
    nodes = [Node(name, name, "member") for name in members]
    nodes += [Node(f"junction {one.name}", one.name, "junction") for one in found]
    edges = [Edge(one.control.member, f"junction {one.name}", "switches") for one in found]
    edges += [Edge(name, f"junction {junction}", "may take over") for name, junction in over]
    return Graph("Who may switch and who may take over", tuple(nodes), tuple(edges))


def _state(one: NamedControl) -> str:
    if one.control.ended is not None:
        return "ended"
    return "a program" if one.control.taken is None else f"{one.control.taken} has taken over"


PAGE = Page(
    "junctions",
    "Junctions",
    "Who switches the lights, on which terms, and who has taken over.",
    stands,
    views,
)
