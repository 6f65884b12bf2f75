"""What a page of a field shows, as data: tables, series, graphs and maps, whoever draws them.

A solution's `views.py` makes these records from the ledger; the console and notebooks draw them. Every
drawing has a table behind it (`table_of`), so that nothing is told by colour or place alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from consortia.sdk.access import Way

CELLS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads to another page of the console; `to` is its address there, from the first slash."""

    text: str
    to: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A block time in UTC milliseconds."""

    milliseconds: int


Cell: TypeAlias = str | int | float | bytes | bool | Link | Moment | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; raises ValueError for a row of another width, or more than CELLS_MAX cells."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        """Hold every row to the headings."""
        if any(len(row) != len(self.headings) for row in self.rows):
            raise ValueError(f"{self.title}: a row has not the {len(self.headings)} cells of the headings")
        if len(self.rows) * len(self.headings) > CELLS_MAX:
            raise ValueError(f"{self.title}: more than {CELLS_MAX} cells")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a series: its name, and a value for each place on the axis, None where there is none."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """Lines over one axis, whose places are named in `at`; `unit` is that of the values.

    Raises ValueError for a line of another length.
    """

    title: str
    axis: str
    unit: str
    at: tuple[str | int | float, ...]
    lines: tuple[Line, ...]
    note: str = ""

    def __post_init__(self) -> None:
        """Hold every line to the axis."""
        if any(len(line.values) != len(self.at) for line in self.lines):
            raise ValueError(f"{self.title}: a line has not the {len(self.at)} places of the axis")


@dataclass(frozen=True, slots=True)
class Node:
    """A thing in a graph: its key, what it is called, its kind in a word, and where the console shows it."""

    key: str
    label: str
    kind: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow between two nodes by their keys, with what it means in a word."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Things and the arrows between them, drawn from left to right; raises ValueError for a loose end."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    note: str = ""

    def __post_init__(self) -> None:
        """Hold every arrow to nodes that there are."""
        keys = {node.key for node in self.nodes}
        if len(keys) != len(self.nodes):
            raise ValueError(f"{self.title}: two nodes have one key")
        if any(edge.source not in keys or edge.target not in keys for edge in self.edges):
            raise ValueError(f"{self.title}: an arrow ends at no node")


@dataclass(frozen=True, slots=True)
class Place:
    """A point of a map: degrees (WGS 84), what it is called, its value and kind in a word."""

    latitude: float
    longitude: float
    label: str
    value: float | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Map:
    """Points on a plain map without a background; `unit` is that of their values."""

    title: str
    unit: str
    places: tuple[Place, ...]
    note: str = ""


View: TypeAlias = Table | Series | Graph | Map


@dataclass(frozen=True, slots=True)
class Page:
    """A field's page: its name in the address, its title, what it says first, and what makes its views.

    `stands` says whether the ledger holds anything that the page is about: only then is it led to. `views`
    is what it shows. A page with a `question` has a field to fill in, and `answer` is what it shows for the
    words that somebody filled in. All three only ask the ledger, and raise what the ledger raises.
    """

    name: str
    title: str
    lead: str
    stands: Callable[[Way], bool]
    views: Callable[[Way], tuple[View, ...]]
    question: str = ""
    answer: Callable[[Way, str], tuple[View, ...]] | None = None


def table_of(view: View) -> Table:
    """The table behind a view: all that a drawing of it tells."""
    if isinstance(view, Table):
        return view
    if isinstance(view, Series):
        headings = (view.axis, *(_with_unit(line.name, view.unit) for line in view.lines))
        rows = tuple((at, *(line.values[n] for line in view.lines)) for n, at in enumerate(view.at))
        return Table(view.title, headings, rows, view.note)
    if isinstance(view, Graph):
        called = {node.key: node.label for node in view.nodes}
        linked = {end for edge in view.edges for end in (edge.source, edge.target)}
        rows = tuple((called[edge.source], edge.label, called[edge.target]) for edge in view.edges)
        alone = tuple((node.label, "", "") for node in view.nodes if node.key not in linked)
        return Table(view.title, ("from", "how", "to"), rows + alone, view.note)
    headings = ("place", "kind", _with_unit("value", view.unit), "latitude", "longitude")
    places = tuple((p.label, p.kind, p.value, p.latitude, p.longitude) for p in view.places)
    return Table(view.title, headings, places, view.note)


def _with_unit(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name
