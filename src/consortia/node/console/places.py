"""The console's places: each screen at its address, the static files, and the way in."""

from collections.abc import Awaitable, Callable
from functools import cache
from importlib.resources import files

from starlette.responses import Response

from consortia.node import passes
from consortia.node.auth import Means
from consortia.node.console import (
    acting,
    cases,
    counting,
    deciding,
    fields,
    home,
    ledger,
    members,
    origins,
    rooms,
    sharing,
    standing,
    studies,
    verifying,
)
from consortia.node.console.screen import HEADERS, PAGE, Screen, answer, bare, lost, sent
from consortia.node.http import Asked, Place
from consortia.node.http_answers import HttpProblem
from consortia.sdk.html import join, tag

STATIC = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "verify.js": "text/javascript; charset=utf-8",
    "forms.js": "text/javascript; charset=utf-8",
    "seals.js": "text/javascript; charset=utf-8",
    "acts.js": "text/javascript; charset=utf-8",
    "keys.js": "text/javascript; charset=utf-8",
    "sign.js": "text/javascript; charset=utf-8",
    "proof.js": "text/javascript; charset=utf-8",
    "lineage.js": "text/javascript; charset=utf-8",
    "tally.js": "text/javascript; charset=utf-8",
    "ballot.js": "text/javascript; charset=utf-8",
    "cbor.js": "text/javascript; charset=utf-8",
    "moments.js": "text/javascript; charset=utf-8",
    "noble-ed25519.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""The files of the console; no other is served."""


def _shown(make: Callable[[Asked], Screen]) -> Callable[[Asked], Awaitable[Response]]:
    async def handler(asked: Asked) -> Response:
        await asked.service.turns.take(asked.counted)
        return answer(asked, make(asked))

    handler.__doc__ = make.__doc__
    return handler


async def static(asked: Asked) -> Response:
    """A file of the console."""
    name = asked.path("name")
    if name not in STATIC:
        raise HttpProblem(404, f"the console has no file {name[:80]!r}")
    return sent(asked, _file(name), STATIC[name], fixed=True)


@cache
def _file(name: str) -> bytes:
    return files("consortia.node.console").joinpath("static", name).read_bytes()


async def enter(asked: Asked) -> Response:
    """Take a ticket, give a session, and show the first page: to a program that keeps no cookie, too."""
    service, now = asked.service, asked.service.now()
    token = service.home.token()
    if not asked.caller.known and not passes.is_ticket(token, asked.argument("ticket"), now):
        raise HttpProblem(
            401, "this ticket is over, or of another node; `consortia console` prints a new one"
        )
    if asked.caller.means not in {Means.NOBODY, Means.OWNER, Means.VISITOR}:
        raise HttpProblem(403, "only the home's owner opens its console")
    cookie = f"{passes.COOKIE}={passes.session(token, now)}; Path=/; HttpOnly; SameSite=Strict"
    page = answer(asked, home.home(asked))
    page.headers["Set-Cookie"], page.headers["Cache-Control"] = cookie, "no-store"
    return page


def wrong(error: HttpProblem) -> Response:
    """A problem as a page; to who has no session it says how to get one."""
    said = error.detail if error.status != 401 else "This page is for the home's owner, on this machine."
    if error.status == 404 and said.startswith("GET /"):
        said = f"There is no page at {said.removeprefix('GET ')}."
    remedy = tag("p", "For an address that opens it, run ", tag("code", "consortia console"), ".")
    code = tag("p", "Code: ", tag("code", error.code)) if error.code else None
    parts = (tag("p", said, class_="wrong", role="alert"), code, remedy if error.status == 401 else None)
    text = bare("Not here", join(*parts)) if error.status == 401 else lost("Not here", join(*parts))
    return Response(text, error.status, HEADERS, PAGE)


async def root(_asked: Asked) -> Response:
    """Send people to the console."""
    return Response(b"", 307, {"Location": "/console"})


_SCREENS: tuple[tuple[str, Callable[[Asked], Screen], str], ...] = (
    ("/console", home.home, "The console's first page."),
    ("/console/ledger", ledger.ledger, "Blocks and transactions in words."),
    ("/console/ledger/{height}", ledger.one_block, "One block in words."),
    ("/console/transactions/{id}", ledger.one_transaction, "One transaction in words."),
    ("/console/find", ledger.search, "Where a name or a hash stands."),
    ("/console/members", members.members, "The members."),
    ("/console/members/{name}", members.one_member, "One member."),
    ("/console/data", sharing.data, "Data sets."),
    ("/console/models", sharing.models, "Models."),
    ("/console/assets/{id}", sharing.one_asset, "One asset, with its lineage."),
    (
        "/console/lineage/{id}",
        origins.origin,
        "How a model came to be, arrow by arrow, checked in the browser.",
    ),
    ("/console/studies", studies.studies, "Studies."),
    ("/console/studies/{id}", studies.one_study, "One study, round by round."),
    ("/console/decisions", deciding.decisions, "Proposals and what they decided."),
    ("/console/decisions/{id}", deciding.one_decision, "One proposal with its votes."),
    ("/console/elections/{id}", counting.election, "One secret ballot; its count, checked in the browser."),
    ("/console/accounts", deciding.accounts, "Accounts."),
    ("/console/markets", deciding.markets, "Markets."),
    ("/console/markets/{id}", deciding.one_market, "One market."),
    ("/console/alerts", deciding.alerts, "Alerts."),
    ("/console/cases/{id}", cases.one_case, "The case of an alert, to print."),
    ("/console/fields/{name}", fields.one_field, "The page that a field's own package brings."),
    ("/console/rooms", rooms.rooms, "Every room of the law."),
    ("/console/rooms/{module}", rooms.one_room, "One room, made from its declaration."),
    ("/console/rooms/{module}/{query}", rooms.one_question, "One question to a room."),
    ("/console/act", acting.acts, "All that an officer can do here."),
    ("/console/act/{module}/{method}", acting.one_act, "One message, signed in the browser."),
    ("/console/invite", acting.invite, "An invitation, signed for in the browser."),
    ("/console/node", standing.node, "How the node stands."),
    ("/console/verify", verifying.verify, "Check a proof in the browser."),
)
PLACES = (
    Place("GET", "/", root, "The console, for people.", open=True),
    Place("GET", "/console/enter", enter, "The way into the console.", open=True, page=wrong),
    Place("GET", "/console/static/{name}", static, "The console's own files.", open=True, weight=0.1),
    Place("GET", "/console/elections/{id}/count.proof", counting.count_file, "A ballot's count, as a proof."),
    *(Place("GET", path, _shown(make), doc, page=wrong) for path, make, doc in _SCREENS),
)
