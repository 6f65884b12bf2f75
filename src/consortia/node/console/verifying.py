"""The page that checks a proof in the reader's own browser, trusting this node for nothing but the page."""

from consortia.kernel.verify import NOT_PROVED
from consortia.node.console.screen import Screen
from consortia.node.http import Asked
from consortia.sdk.html import Html, tag

STEPS = (
    "The file is a proof in its one spelling",
    "The genesis is the network's",
    "Each change of the member set was made final by the set before it",
    "The ledger checkpoint is final",
    "The block's header stands in the log",
    "The claim holds",
    "What is opened leads to the commitment",
    "The log continues what you trust",
)


def verify(asked: Asked) -> Screen:
    """Drop a proof, see each step pass or fail."""
    return Screen(
        "Verify",
        "Each step is computed in this browser from the network's hash and the file alone; nothing is sent.",
        checker(asked),
        live=False,
        scripts=("verify.js",),
    )


def checker(asked: Asked, source: str | None = None) -> tuple[Html, ...]:
    """What checks a proof: one that is dropped, or the one at the address `source`."""
    command = tag("code", f"consortia verify FILE --network {asked.service.ledger.network.hex()}")
    text = "This page computes in your browser, which needs its script. Without it: "
    steps = [
        tag("li", title, tag("p", "", class_="said"), id_=f"step-{number}", class_="step")
        for number, title in enumerate(STEPS, 1)
    ]
    return (
        tag("noscript", tag("p", text, command, class_="note")),
        _form(asked, source),
        tag("p", "", id_="verdict", role="status", class_="verdict"),
        tag("ol", *steps, class_="steps"),
        tag("div", "", id_="claim"),
        _limits(),
    )


def asked_network(asked: Asked) -> Html:
    """The field for the network's hash, as somebody knows it."""
    network = asked.service.ledger.network.hex()
    known = tag(
        "input", id_="network", value=network, size=66, class_="hex", spellcheck="false", autocomplete="off"
    )
    return tag("p", tag("label", "Network hash, as you know it from elsewhere: ", known))


def _form(asked: Asked, source: str | None) -> Html:
    file = tag("input", type_="file", id_="file", accept=".proof")
    dropped = tag("div", tag("label", "Drop a .proof here, or choose one: ", file), id_="drop", class_="drop")
    kept = tag("p", tag("a", "Keep the file", href=source, download=""), " that is checked here.")
    return tag(
        "form",
        asked_network(asked),
        dropped if source is None else kept,
        tag(
            "p",
            tag("button", "Flip a byte", type_="button", id_="flip", disabled=True),
            " ",
            tag("button", "As it was", type_="button", id_="restore", disabled=True),
        ),
        id_="verify",
        data_source=source,
    )


def _limits() -> Html:
    return tag(
        "section",
        tag("h2", "Not checked here"),
        tag("ul", id_="unchecked"),
        tag("h2", "What no proof shows"),
        tag("ul", *(tag("li", text) for text in NOT_PROVED)),
    )
