"""Views as markup: tables with their CSV, lines and graphs and maps as SVG with the table behind them."""

import csv
import io
import math
from collections.abc import Sequence

from consortia.sdk.html import Html, join, tag
from consortia.sdk.moments import moment
from consortia.sdk.views import Cell, Edge, Graph, Link, Map, Moment, Node, Series, Table, View, table_of

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 30
BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y = 190, 46, 70, 16
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def drawn(view: View, number: int | None = None, address: str = "?") -> Html:
    """A view; as the `number`-th of a page it offers its CSV at the page's `address` with `csv=number`."""
    if isinstance(view, Table):
        return _table(view, number, address)
    picture = (
        _series(view) if isinstance(view, Series) else _graph(view) if isinstance(view, Graph) else _map(view)
    )
    behind = tag("details", tag("summary", "The same as a table"), _table(table_of(view), number, address))
    note = tag("p", view.note, class_="note") if view.note else None
    head = tag("h2", view.title, id_=None if number is None else f"view-{number}")
    return tag(
        "section",
        head,
        note,
        tag("div", picture, class_="scroll", tabindex=0, role="region", aria_label=view.title),
        behind,
        class_="view",
    )


def as_csv(view: View) -> str:
    """The table behind a view as CSV (RFC 4180); a text that a spreadsheet would compute gets a quote."""
    table, out = table_of(view), io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_harmless(heading) for heading in table.headings])
    writer.writerows([_written(value) for value in row] for row in table.rows)
    return out.getvalue()


def _written(value: Cell) -> object:
    if isinstance(value, Moment):
        return value.milliseconds
    if isinstance(value, Link):
        return _harmless(value.to.rpartition("=")[2] if value.text.endswith("…") else value.text)
    if isinstance(value, bytes):
        return value.hex()
    return _harmless(value) if isinstance(value, str) else value


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _table(table: Table, number: int | None, address: str) -> Html:
    if not table.rows:
        return tag(
            "section", tag("h2", table.title), tag("p", table.note or "Nothing here yet.", class_="note")
        )
    numeric = [all(_is_number(row[n]) for row in table.rows) for n in range(len(table.headings))]
    head = tag("tr", *(_head(text, number=n) for text, n in zip(table.headings, numeric, strict=True)))
    body = [
        tag("tr", *(_cell(value, number=n) for value, n in zip(row, numeric, strict=True)))
        for row in table.rows
    ]
    offered = None
    if number is not None:
        named = f"{table.title} as CSV"
        offered = tag("a", "CSV", href=f"{address}csv={number}", class_="csv", aria_label=named)
    title = tag("caption", table.title, " ", offered)
    whole = tag("table", title, tag("thead", head), tag("tbody", *body))
    note = tag("p", table.note, class_="note") if table.note else None
    scroll = tag("div", whole, class_="scroll", tabindex=0, role="region", aria_label=table.title)
    return tag("section", scroll, note, class_="view")


def _is_number(value: Cell) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _head(text: str, *, number: bool) -> Html:
    return tag("th", text, scope="col", class_="number" if number else None)


def _cell(value: Cell, *, number: bool) -> Html:
    kind = "number" if number else "id" if isinstance(value, Link) and value.text.endswith("…") else None
    return tag("td", shown(value), class_=kind)


def shown(value: Cell) -> Html:
    """A cell's value as markup."""
    if isinstance(value, Link):
        inside = value.to.startswith("/") and not value.to.startswith("//")
        return tag("a", value.text, href=value.to) if inside else join(value.text)
    if isinstance(value, Moment):
        return tag("time", moment(value.milliseconds))
    if isinstance(value, bool):
        return join("yes" if value else "no")
    if isinstance(value, bytes):
        return tag("code", value.hex())
    if isinstance(value, float):
        return join(f"{value:,.4g}")
    return join(f"{value:,}" if isinstance(value, int) else value)


def _series(series: Series) -> Html:
    values = [value for line in series.lines for value in line.values if value is not None]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high - low < 1e-12:
        low, high = low - 0.5, high + 0.5
    steps = max(1, len(series.at) - 1)

    def x(place: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (place / steps if len(series.at) > 1 else 0.5)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / (high - low))

    parts: list[Html] = []
    for value in ticks(low, high):
        parts += [
            tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=_n(y(value)), y2=_n(y(value)), class_="grid"),
            tag("text", _mark(value), x=LEFT - 6, y=_n(y(value) + 4), text_anchor="end"),
        ]
    every = max(1, -(-len(series.at) // 8))
    parts += [
        tag("text", str(at), x=_n(x(place)), y=HEIGHT - 10, text_anchor="middle")
        for place, at in enumerate(series.at)
        if place % every == 0
    ]
    for number, line in enumerate(series.lines):
        kind = f"line l{number % 6}"
        points = [(x(place), y(value)) for place, value in enumerate(line.values) if value is not None]
        parts.append(tag("polyline", points=" ".join(f"{_n(a)},{_n(b)}" for a, b in points), class_=kind))
        parts += [tag("circle", cx=_n(a), cy=_n(b), r=3, class_=f"dot l{number % 6}") for a, b in points]
    legend = [
        tag("li", tag("span", class_=f"key l{number % 6}"), line.name)
        for number, line in enumerate(series.lines)
    ]
    picture = tag(
        "svg",
        *parts,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=f"{series.title}, by {series.axis}; the table below tells the same",
        class_="chart",
    )
    return join(picture, tag("ul", *legend, class_="legend"))


def ticks(low: float, high: float) -> list[float]:
    """Three to seven round numbers from `low` to `high`, which is larger."""
    least = (high - low) / 6
    size = 10.0 ** math.floor(math.log10(least))
    step = next(size * part for part in (1, 2, 2.5, 5, 10) if size * part >= least)
    return [step * at for at in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _mark(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def _n(value: float) -> str:
    return f"{value:.1f}"


def columns(nodes: Sequence[Node], edges: Sequence[Edge]) -> dict[str, int]:
    """The column of each node: one right of whatever leads to it; a circle ends after as many steps."""
    found = {node.key: 0 for node in nodes}
    for _ in nodes:
        moved = False
        for edge in edges:
            if found[edge.target] <= found[edge.source] < len(nodes):
                found[edge.target] = found[edge.source] + 1
                moved = True
        if not moved:
            break
    return found


def _graph(graph: Graph) -> Html:
    column, filled, at = columns(graph.nodes, graph.edges), dict[int, int](), dict[str, tuple[int, int]]()
    for node in graph.nodes:
        row = filled.get(column[node.key], 0)
        filled[column[node.key]] = row + 1
        at[node.key] = (8 + column[node.key] * (BOX_WIDTH + GAP_X), 8 + row * (BOX_HEIGHT + GAP_Y))
    width = 16 + BOX_WIDTH + max(column.values(), default=0) * (BOX_WIDTH + GAP_X)
    height = 16 + max(filled.values(), default=1) * (BOX_HEIGHT + GAP_Y)
    parts = []
    for edge in graph.edges:
        (x1, y1), (x2, y2) = at[edge.source], at[edge.target]
        x1, y1, y2 = x1 + BOX_WIDTH, y1 + BOX_HEIGHT // 2, y2 + BOX_HEIGHT // 2
        bend = (x1 + x2) // 2
        parts.append(
            tag(
                "path",
                tag("title", edge.label),
                d=f"M{x1} {y1}C{bend} {y1} {bend} {y2} {x2 - 5} {y2}",
                class_="edge",
                data_edge=f"{edge.source}-{edge.target}",
            )
        )
        parts.append(tag("path", d=f"M{x2 - 7} {y2 - 4}L{x2} {y2}L{x2 - 7} {y2 + 4}z", class_="arrow"))
    parts += [_box(node, *at[node.key]) for node in graph.nodes]
    return tag(
        "svg",
        *parts,
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="group",
        aria_label=f"{graph.title}; the table below tells the same",
        class_="graph",
    )


def _box(node: Node, x: int, y: int) -> Html:
    label = node.label if len(node.label) <= 25 else f"{node.label[:24]}…"
    inner = join(
        tag("title", node.label),
        tag("rect", x=x, y=y, width=BOX_WIDTH, height=BOX_HEIGHT, rx=6, class_=f"box {_plain(node.kind)}"),
        tag("text", label, x=x + 10, y=y + 20, class_="name"),
        tag("text", node.kind, x=x + 10, y=y + 36, class_="kind"),
    )
    return tag("a", inner, href=node.link) if node.link.startswith("/console") else tag("g", inner)


def _plain(kind: str) -> str:
    return "".join(one for one in kind if one.isascii() and one.isalnum())


def _map(view: Map) -> Html:
    places = view.places
    latitudes = [place.latitude for place in places] or [0.0]
    longitudes = [place.longitude for place in places] or [0.0]
    south, north, west, east = min(latitudes), max(latitudes), min(longitudes), max(longitudes)
    most = max((abs(place.value) for place in places if place.value), default=1.0)
    parts = []
    for place in places:
        x = 40 + (WIDTH - 120) * _share(place.longitude, west, east)
        y = 24 + (HEIGHT * 2 - 60) * (1 - _share(place.latitude, south, north))
        radius = 5 + 11 * (abs(place.value or 0.0) / most)
        value = "" if place.value is None else f", {place.value:,.4g} {view.unit}"
        parts.append(
            tag(
                "circle",
                tag("title", f"{place.label}{value}"),
                cx=_n(x),
                cy=_n(y),
                r=_n(radius),
                class_="place",
            )
        )
        parts.append(tag("text", place.label, x=_n(x + radius + 4), y=_n(y + 4)))
    return tag(
        "svg",
        *parts,
        viewBox=f"0 0 {WIDTH} {HEIGHT * 2}",
        role="img",
        aria_label=f"{view.title}; the table below tells the same",
        class_="chart map",
    )


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5
