"""What people do from the console: one page for any message of any room, and the acts that pages lead to.

A page of the console reads. To act, a person chooses its key file on the page of a message: the browser
asks the node for the transaction, decodes the very bytes, says them in words, and signs them with the key,
which it keeps to itself (`static/acts.js`). The acts below are the usual ones, with what to know and the
command that does the same; every other message has the same page.
"""

import inspect as introspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from consortia.kernel.module import Method
from consortia.node.console.forms import Filling, fields
from consortia.node.console.sayings import SAYINGS, named
from consortia.node.console.screen import Screen
from consortia.node.http import Asked
from consortia.node.http_answers import HttpProblem
from consortia.sdk.html import Html, tag
from consortia.sdk.values import words
from consortia.sdk.views import Cell, Link, Table

WEEK_MILLISECONDS = 7 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Act:
    """A usual act: its message, its title, its topic, and the command that does the same without a browser.

    `hints` say what a field wants, by its dotted path; `week` names the fields that are a week from now where
    nothing else is said.
    """

    method: str
    title: str
    topic: str
    command: str
    hints: Mapping[str, str] = field(default_factory=dict)
    week: tuple[str, ...] = ()


ACTS = (
    Act("governance.cast_vote", "Vote on a proposal", "Decisions", "consortia proposal vote PROPOSAL yes"),
    Act("identity.end_mandate", "End a delegate now", "Members", "consortia mandate end MANDATE"),
)
"""The acts that pages lead to."""

_BY_METHOD = {one.method: one for one in ACTS}
_OTHER = "consortia call METHOD"


def address(method: str, filled: Mapping[str, str]) -> str:
    """The page of a message, filled in."""
    query = f"?{urlencode(filled)}" if filled else ""
    return f"/console/act/{method.replace('.', '/')}{query}"


def offer(*acts: tuple[str, str, Mapping[str, str]]) -> Html:
    """Links to acts: the text, the message, and what its form is filled in with."""
    if not acts:
        return Html("")
    links = [tag("a", text, href=address(method, filled), class_="act") for text, method, filled in acts]
    return tag("p", *links, class_="acts")


def acts(asked: Asked) -> Screen:
    """Everything that can be done."""
    usual: list[tuple[Cell, ...]] = [
        (one.topic, Link(one.title, address(one.method, {})), one.method, one.command) for one in ACTS
    ]
    every: list[tuple[Cell, ...]] = [
        (
            words(module.name),
            Link(words(method.name), address(f"{module.name}.{method.name}", {})),
            _first(method),
            ", ".join(sorted(method.roles)),
        )
        for module in asked.service.ledger.app.modules
        for method in module.methods
        if method.roles
    ]
    return Screen(
        "Act",
        "Sign with a key file of yours. The key stays in this browser; this page's own way in only reads.",
        (
            Table("Usual acts", ("about", "what", "message", "the same as a command"), tuple(usual)),
            Table("Every message", ("room", "message", "what", "signed by"), tuple(every)),
        ),
        live=False,
    )


def one_act(asked: Asked) -> Screen:
    """The page of one message: the key, the form, what is signed in words, the receipt."""
    name = f"{asked.path('module')}.{asked.path('method')}"
    bound = asked.service.ledger.app.methods.get(name)
    if bound is None:
        raise HttpProblem(404, f"there is no message {name[:80]}")
    method = bound.method
    act = _BY_METHOD.get(name, Act(name, named(name).capitalize(), "", f"consortia call {name}"))
    if not method.roles:
        raise HttpProblem(409, f"no key signs {name}: {method.authority} has it carried out")
    return Screen(
        act.title,
        introspect.getdoc(method.message) or "",
        (_missing(act), _key(method), _form(asked, act, method), _review(), _receipt()),
        live=False,
        scripts=("acts.js",),
    )


def _first(method: Method) -> str:
    return (introspect.getdoc(method.message) or "").partition("\n")[0]


def _missing(act: Act) -> Html:
    text = "This page signs in your browser, which needs its script. Without it: "
    return tag("noscript", tag("p", text, tag("code", act.command), class_="note"))


def _key(method: Method) -> Html:
    """Where a key file is chosen. Its inputs have no names, so that no form can ever send them."""
    file = tag("input", type_="file", id_="key-file", accept=".json,application/json", disabled=True)
    secret = tag("input", type_="password", id_="passphrase", autocomplete="off", size=30)
    return tag(
        "section",
        tag("h2", "1. Your key"),
        tag("p", f"Signed by a key of the role {' or '.join(sorted(method.roles))}.", class_="note"),
        tag("p", tag("label", "Key file (LABEL.key.json): ", file)),
        tag(
            "form",
            tag("label", "Its passphrase: ", secret),
            tag("button", "Open"),
            id_="unlock",
            hidden=True,
        ),
        tag("p", "No key is open.", id_="key-said", role="status", class_="said"),
        tag("p", tag("button", "Forget it", type_="button", id_="forget"), id_="key-open", hidden=True),
        tag(
            "p",
            "Only this page reads it. It is kept in memory alone, and is gone once you leave or reload it.",
            class_="note",
        ),
    )


def _form(asked: Asked, act: Act, method: Method) -> Html:
    given = {name: asked.argument(name) for name in asked.request.query_params}
    later = str(asked.service.now() + WEEK_MILLISECONDS)
    filling = Filling({**dict.fromkeys(act.week, later), **given}, act.hints)
    service = asked.service
    return tag(
        "section",
        tag("h2", "2. What you ask for"),
        tag(
            "form",
            fields(method.message, filling),
            tag("p", tag("button", "Show what I would sign", id_="show", disabled=True)),
            id_="act",
            data_method=act.method,
            data_saying=SAYINGS.get(act.method, named(act.method)),
            data_network=service.ledger.network.hex(),
            data_member=service.config.member,
            data_roles=" ".join(sorted(method.roles)),
        ),
        tag("p", "", id_="asked", role="alert", class_="said"),
    )


def _review() -> Html:
    return tag(
        "section",
        tag("h2", "3. What you sign", id_="review-title", tabindex=-1),
        tag("p", "", id_="sentence", class_="verdict"),
        tag("div", "", id_="words", class_="scroll", tabindex=0),
        tag("details", tag("summary", "The bytes that are signed"), tag("code", "", id_="bytes")),
        tag(
            "p",
            tag("button", "Sign and send", type_="button", id_="sign"),
            " ",
            tag("button", "Do not", type_="button", id_="refrain"),
        ),
        id_="review",
        hidden=True,
    )


def _receipt() -> Html:
    return tag(
        "section",
        tag("h2", "4. What came of it", id_="receipt-title", tabindex=-1),
        tag("p", "", id_="outcome", role="status", class_="verdict"),
        tag("div", "", id_="receipt", class_="scroll", tabindex=0),
        tag("p", "", id_="final", role="status", class_="said"),
        id_="came",
        hidden=True,
    )
