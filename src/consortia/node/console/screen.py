"""A screen of the console: what it shows, and the page or the CSV that it becomes."""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlencode

from starlette.responses import Response

from consortia.node.console import plugged
from consortia.node.http import Asked
from consortia.node.http_answers import HttpProblem, whole_number
from consortia.node.service import entity_tag
from consortia.sdk.draw import as_csv, drawn
from consortia.sdk.html import Html, join, tag
from consortia.sdk.views import View

NAVIGATION = (
    ("/console", "Home"),
    ("/console/ledger", "Ledger"),
    ("/console/members", "Members"),
    ("/console/data", "Data"),
    ("/console/models", "Models"),
    ("/console/studies", "Studies"),
    ("/console/decisions", "Decisions"),
    ("/console/accounts", "Accounts"),
    ("/console/markets", "Markets"),
    ("/console/alerts", "Alerts"),
    ("/console/act", "Act"),
    ("/console/rooms", "All rooms"),
    ("/console/node", "Node"),
    ("/console/verify", "Verify"),
)
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PAGE = "text/html; charset=utf-8"
_FIELDS_AT = 10
"""Behind so many of the pages come those of the fields."""

_OWN = frozenset({"csv", "ticket"})
"""Arguments that are no part of what a page shows."""

_GZIP_BYTES_MIN = 1_000
LISTED_MAX = 100
"""So many rows has a table that has no further page."""


def newest(total: int) -> str:
    """What a table of the newest of `total` things says of those it leaves out."""
    return "" if total <= LISTED_MAX else f"The newest {LISTED_MAX} of {total:,}; all are under All rooms."


@dataclass(frozen=True, slots=True)
class Screen:
    """What a page shows: a title, a sentence that says what it is, then markup and views in turn.

    `live` pages are fetched anew when a block comes; `scripts` are the names of further static files.
    """

    title: str
    lead: str
    parts: tuple[Html | View, ...]
    live: bool = True
    scripts: tuple[str, ...] = ()


def answer(asked: Asked, screen: Screen) -> Response:
    """The page of a screen, or with `?csv=N` its N-th view as CSV."""
    wanted = asked.argument("csv")
    views = [part for part in screen.parts if not isinstance(part, Html)]
    if wanted:
        number = whole_number(wanted, "csv")
        if number >= len(views):
            raise HttpProblem(404, f"this page has {len(views)} tables")
        name = "".join(one if one.isalnum() else "-" for one in screen.title.lower() if one.isascii())
        headers = {"Content-Disposition": f'attachment; filename="{name}-{number}.csv"'}
        return sent(asked, as_csv(views[number]).encode(), "text/csv; charset=utf-8", headers)
    return sent(asked, page(asked, screen).encode(), PAGE)


def sent(
    asked: Asked,
    body: bytes,
    kind: str,
    headers: dict[str, str] | None = None,
    *,
    fixed: bool = False,
) -> Response:
    """Bytes with the console's headers, squeezed where the caller takes that; 304 where it has them.

    `fixed` ones, which are always the same, are squeezed once: anybody may ask for them.
    """
    mark = entity_tag(body)
    found = {
        **HEADERS,
        "ETag": mark,
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
        **(headers or {}),
    }
    if asked.request.headers.get("if-none-match", "").removeprefix("W/") == mark:
        return Response(b"", 304, found)
    if len(body) >= _GZIP_BYTES_MIN and "gzip" in asked.request.headers.get("accept-encoding", ""):
        found["Content-Encoding"] = "gzip"
        body = _squeezed_once(body) if fixed else _squeezed(body)
    return Response(body, 200, found, kind)


def _squeezed(body: bytes) -> bytes:
    return gzip.compress(body, 6, mtime=0)


_squeezed_once = cache(_squeezed)


def page(asked: Asked, screen: Screen) -> str:
    """The whole page of a screen."""
    service, path = asked.service, asked.request.scope["path"]
    number, parts = 0, list[Html]()
    for part in screen.parts:
        if isinstance(part, Html):
            parts.append(part)
        else:
            parts.append(drawn(part, number, _address(asked)))
            number += 1
    main = tag(
        "main",
        tag("h1", screen.title),
        tag("p", screen.lead, class_="lead") if screen.lead else None,
        *parts,
        id_="main",
        tabindex=-1,
        data_live="" if screen.live else None,
    )
    place = tag(
        "p",
        tag("strong", service.config.member),
        " on network ",
        tag("code", service.ledger.network.hex()[:16]),
        " · block ",
        tag("span", service.ledger.tip.height, id_="height"),
        " ",
        tag("span", "", id_="pulse", role="status"),
        class_="place",
    )
    inside = _around(main, path, plugged.led_to(service), place)
    return _document(screen.title, inside, ("console.js", *screen.scripts))


def lost(title: str, inner: Html) -> str:
    """A page that is none of the node's, with the ways to those that are."""
    main = tag("main", tag("h1", title), inner, id_="main", tabindex=-1)
    return _document(title, _around(main, "", (), tag("p", "", class_="place")), ())


def _around(main: Html, path: str, fields: Iterable[tuple[str, str]], place: Html) -> Html:
    """What stands around every page: where it is, the search, and the ways to all others."""
    search = tag(
        "form",
        tag(
            "label",
            "Find ",
            tag("input", type_="search", name="text", minlength=2, placeholder="name or hash", required=True),
        ),
        tag("button", "Find"),
        action="/console/find",
        role="search",
    )
    links = [
        tag("li", tag("a", text, href=to, aria_current="page" if _stands(path, to) else None))
        for to, text in (*NAVIGATION[:_FIELDS_AT], *fields, *NAVIGATION[_FIELDS_AT:])
    ]
    header = tag("header", tag("a", "Consortia", href="/console", class_="brand"), place, search)
    skip = tag("a", "Skip to the page", href="#main", class_="skip")
    return join(skip, header, tag("nav", tag("ul", *links), aria_label="Pages"), main)


def _address(asked: Asked) -> str:
    """Where the page is that is shown, with all that was asked for, and room for one argument more."""
    path = "/console" if asked.request.scope["path"] == "/console/enter" else asked.request.scope["path"]
    kept = [(name, text) for name, text in asked.request.query_params.multi_items() if name not in _OWN]
    return f"{path}?{urlencode([*kept, ('', '')])[:-1]}" if kept else f"{path}?"


def bare(title: str, inner: Html) -> str:
    """A page without the console around it."""
    return _document(title, tag("main", tag("h1", title), inner, id_="main"), ())


def _document(title: str, inside: Html, names: tuple[str, ...]) -> str:
    scripts = [tag("script", "", type_="module", src=f"/console/static/{name}") for name in names]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} · Consortia"),
        tag("link", rel="icon", href="/console/static/icon.svg", type_="image/svg+xml"),
        tag("link", rel="stylesheet", href="/console/static/console.css"),
        *scripts,
    )
    return f"<!doctype html>\n{join(tag('html', head, tag('body', inside), lang='en'))}\n"


def _stands(path: str, to: str) -> bool:
    return path == to or (to != "/console" and path.startswith(f"{to}/"))
