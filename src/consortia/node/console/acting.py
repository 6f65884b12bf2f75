"""What people do from the console: one page for any message of any room, and the acts that pages lead to.

A page of the console reads. To act, an officer chooses its key file on the page of a message: the browser
asks the node for the transaction, decodes the very bytes, says them in words, and signs them with the key,
which it keeps to itself (`static/acts.js`). `acts.py` names the usual ones; every other message has the same
page.
"""

import inspect as introspect

from consortia.base.codec import Name, Record, decode_record
from consortia.base.times import DAY
from consortia.kernel.module import Method
from consortia.modules.governance.messages import Propose
from consortia.modules.governance.queries import ByNumber, CharterView
from consortia.modules.identity.rules import FULL_QUOTA
from consortia.node.console.acts import ACTS, Act, act_of, address
from consortia.node.console.counting import open_ones, to_choose
from consortia.node.console.forms import Filling, action, fields
from consortia.node.console.inside import Inside
from consortia.node.console.sayings import SAYINGS, named
from consortia.node.console.screen import Screen
from consortia.node.http import Asked
from consortia.node.http_answers import HttpProblem
from consortia.node.invitations import Invitations, JoinRequest
from consortia.sdk.html import Html, join, tag
from consortia.sdk.jsonform import dump
from consortia.sdk.values import words
from consortia.sdk.views import Cell, Link, Table

PROPOSE = "governance.propose"
WEEK_MILLISECONDS = 7 * DAY
_CHALLENGE = (
    "Whoever doubts that this page sealed that choice challenges it: the page then shows what the ballot was "
    "made from, for another machine to check, and never casts it. A page that cheats cannot know which comes."
)


def acts(asked: Asked) -> Screen:
    """Everything that can be done."""
    usual: list[tuple[Cell, ...]] = [
        ("Members", Link("Invite an organisation", "/console/invite"), "consortia invite NAME")
    ]
    usual += [(one.topic, Link(one.title, address(one.method, {})), one.command) for one in ACTS]
    every: list[tuple[Cell, ...]] = [
        (
            words(module.name),
            Link(words(method.name), address(f"{module.name}.{method.name}", {})),
            _first(method),
            ", ".join(sorted(method.roles)) or "nobody: it is proposed, and carried out once decided",
        )
        for module in asked.service.ledger.app.modules
        for method in module.methods
    ]
    return Screen(
        "Act",
        "Sign with a key file of yours. The key stays in this browser; this page's own way in only reads.",
        (
            Table("Usual acts", ("about", "what", "the same as a command"), tuple(usual)),
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
    method, act = bound.method, act_of(name)
    if act.sealed == "ballot" and not asked.argument("election"):
        return open_ones(asked)
    signed = method if method.roles else asked.service.ledger.app.methods[PROPOSE].method
    return Screen(
        act.title if method.roles else f"Propose: {act.title}",
        _first(method),
        (
            _missing(act),
            _rest(method),
            _key(signed.roles),
            _form(asked, act, method, signed),
            _review(act),
            _receipt(),
        ),
        live=False,
        scripts=("acts.js",),
    )


class Invitee(Record, frozen=True):
    """Whom an invitation is for."""

    name: Name


def invite(asked: Asked) -> Screen:
    """An invitation: a request to this node, signed by an administrator's key, and the file that it gives."""
    form = tag(
        "form",
        fields(Invitee, Filling({}, {"name": "1 to 32 of a-z, 0-9 and -"})),
        tag("p", tag("button", "Show what I would sign", id_="show", disabled=True)),
        id_="act",
        data_method="invitations",
        data_request="/v1/invitations",
        data_saying="asks its node for an invitation of {name}, good once and for a week",
        data_network=asked.service.ledger.network.hex(),
        data_member=asked.service.config.member,
        data_roles="admin",
    )
    here = tag("code", "consortia invite NAME")
    return Screen(
        "Invite an organisation",
        "Makes one file for it to join with. Its officers still have to be admitted by the members.",
        (
            tag("noscript", tag("p", "The same without a script: ", here, class_="note")),
            _key(frozenset({"admin"})),
            tag("section", tag("h2", "2. Whom you invite"), form, tag("p", "", id_="asked", role="alert")),
            _review(None),
            _receipt(),
        ),
        live=False,
        scripts=("acts.js",),
    )


def _first(method: Method) -> str:
    return (introspect.getdoc(method.message) or "").partition("\n")[0].replace("`", "")


def _rest(method: Method) -> Html:
    """What else the law says of a message, to unfold."""
    text = (introspect.getdoc(method.message) or "").partition("\n")[2].strip().replace("`", "")
    if not text:
        return Html("")
    return tag("details", tag("summary", "What the law says of it"), tag("p", text), class_="rest")


def _missing(act: Act) -> Html:
    text = "This page signs in your browser, which needs its script. The same without it: "
    return tag("noscript", tag("p", text, tag("code", act.command), class_="note"))


def _key(roles: frozenset[str]) -> Html:
    """Where a key file is chosen. Its inputs have no names, so that no form can ever send them."""
    file = tag("input", type_="file", id_="key-file", accept=".json,application/json", disabled=True)
    secret = tag("input", type_="password", id_="passphrase", autocomplete="off", size=30)
    return tag(
        "section",
        tag("h2", "1. Your key"),
        tag("p", f"Signed by a key of the role {_either(sorted(roles))}.", class_="note"),
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


def _either(names: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _form(asked: Asked, act: Act, method: Method, signed: Method) -> Html:
    """The form of a message that a key signs; of one that the members decide, that of proposing it."""
    name = act.method if method is signed else PROPOSE
    given = {name: asked.argument(name) for name in asked.request.query_params}
    later = str(asked.service.now() + WEEK_MILLISECONDS)
    filling = Filling({**dict.fromkeys(act.week, later), **given}, act.hints)
    service, ballot = asked.service, act.sealed == "ballot"
    asks = fields(method.message, filling, but=act.seals if ballot else "")
    return tag(
        "section",
        tag("h2", "2. What you ask for"),
        tag(
            "form",
            *((to_choose(asked),) if ballot else (_from_file(), _sealed(act))),
            asks if method is signed else _proposed(asked, act, method, filling),
            tag("p", tag("button", "Show what I would sign", id_="show", disabled=True)),
            id_="act",
            data_method=name,
            data_saying=SAYINGS.get(name, named(name)),
            data_network=service.ledger.network.hex(),
            data_member=service.config.member,
            data_own=" ".join(act.own) or None,
            data_sealed=act.sealed or None,
            data_seals=act.seals or None,
            data_fill=_prepared(asked, act.method),
            data_roles=" ".join(sorted(signed.roles)),
        ),
        tag("p", "", id_="asked", role="alert", class_="said"),
    )


def _proposed(asked: Asked, act: Act, method: Method, filling: Filling) -> Html:
    """A proposal whose one action is the message, in the first class of the charter that may hold it."""
    charter = Inside(asked.service).query("governance.charter", ByNumber(None), CharterView).charter
    kinds = [one.name for one in charter.classes if act.method in one.methods]
    about = Filling(
        {**({"kind": kinds[0]} if kinds else {}), **filling.values}, {"kind": "a class of the charter"}
    )
    return join(fields(Propose, about, but="actions"), action(act.method, method.message, filling))


def _from_file() -> Html:
    """Where a file that a command or this page wrote fills in the form."""
    file = tag("input", type_="file", id_="fill", accept=".json,application/json")
    return tag("p", tag("label", "Fill in from a file (JSON), if you have one: ", file))


def _sealed(act: Act) -> Html | None:
    """What stays with the officer, where the message carries the hash of it alone."""
    if act.sealed == "record":
        box = tag("textarea", id_="sealed-text", rows=4, maxlength=4_000, required=True)
        inner = tag("label", tag("span", "What you found", class_="what"), tag("br"), box)
    elif act.sealed == "order":
        sides = [tag("option", one, value=one) for one in ("buy", "sell")]
        inner = join(
            tag("label", "Side ", tag("select", *sides, id_="sealed-side")),
            tag("label", " Worst price ", _number("sealed-limit")),
            tag("label", " Quantity ", _number("sealed-quantity")),
        )
    else:
        return None
    note = "The ledger gets a salted hash of this. You keep the file that opens it: nobody else can make it."
    return tag("fieldset", tag("legend", "Sealed"), tag("p", note, class_="note"), inner, class_="group")


def _number(name: str) -> Html:
    return tag("input", id_=name, inputmode="numeric", pattern="[0-9]{1,10}", size=10, required=True)


def _prepared(asked: Asked, method: str) -> str | None:
    """What a form is filled in with that no address holds: the keys that a joiner posted at this node."""
    wanted = asked.argument("joining")
    if method != "identity.propose_member" or not wanted:
        return None
    for path in Invitations(asked.service.home.path).joining():
        posted = decode_record(JoinRequest, path.read_bytes())
        if posted.name == wanted:
            known = {"name": posted.name, "title": posted.title, "keys": posted.keys, "quota": FULL_QUOTA}
            return dump(known).decode()
    raise HttpProblem(404, f"{wanted} has posted no keys here")


def _review(act: Act | None) -> Html:
    keep = tag("a", "Keep this file first", id_="keep", hidden=True, class_="act")
    ballot = act is not None and act.sealed == "ballot"
    return tag(
        "section",
        tag("h2", "3. What you sign", id_="review-title", tabindex=-1),
        tag("p", "", id_="sentence", class_="verdict"),
        tag("div", "", id_="words", class_="scroll", tabindex=0, role="region", aria_label="What you sign"),
        tag("details", tag("summary", "The bytes that are signed"), tag("code", "", id_="bytes")),
        tag(
            "p",
            keep,
            " ",
            tag("button", "Sign and cast" if ballot else "Sign and send", type_="button", id_="sign"),
            " ",
            tag("button", "Challenge it", type_="button", id_="challenge") if ballot else None,
            " ",
            tag("button", "Do not", type_="button", id_="refrain"),
        ),
        tag("p", _CHALLENGE, class_="note") if ballot else None,
        id_="review",
        hidden=True,
    )


def _receipt() -> Html:
    return tag(
        "section",
        tag("h2", "4. What came of it", id_="receipt-title", tabindex=-1),
        tag("p", "", id_="outcome", role="status", class_="verdict"),
        tag("div", "", id_="receipt", class_="scroll", tabindex=0, role="region", aria_label="Receipt"),
        tag("p", tag("a", "Keep this file, with the order's place", id_="kept", hidden=True)),
        tag("p", "", id_="final", role="status", class_="said"),
        id_="came",
        hidden=True,
    )
