"""The case of one alert, to read and to print: what was noticed, what officers did, what proves it."""

from consortia.kernel.block import OK
from consortia.modules.guard.queries import ByAlert, Filed, MaybeFiled
from consortia.node.console.inside import Inside, at, signer
from consortia.node.console.screen import Screen
from consortia.node.http import Asked
from consortia.node.http_answers import HttpProblem, hex_digest
from consortia.node.service import Service
from consortia.sdk.html import Html, tag
from consortia.sdk.values import short
from consortia.sdk.views import Cell, Link, Moment, Table

_HITS = 100


def one_case(asked: Asked) -> Screen:
    """An alert and all that was done about it."""
    name = hex_digest(asked.path("id"), "an alert's id")
    found = Inside(asked.service).query("guard.alert", ByAlert(name), MaybeFiled).found
    if found is None:
        raise HttpProblem(404, f"no alert {name.hex()}")
    alert = found.alert
    return Screen(
        f"Case {short(alert.id)}",
        f"An alert of {alert.member}: {alert.finding.code} ({alert.finding.kind}).",
        (
            _opening(alert.id),
            _noticed(found),
            _sealed(found),
            _answered(asked.service, found),
            _history(asked.service, alert.id, alert.height),
        ),
    )


def _opening(alert: bytes) -> Html:
    command = tag("code", f"consortia case make {alert.hex()} --out FILE")
    check = tag("code", "consortia verify FILE --network HASH")
    text = "This page prints as it stands. The member that raised it opens what is sealed in one file: "
    return tag("p", text, command, "; anybody executes that again: ", check, ".", class_="note")


def _noticed(found: Filed) -> Table:
    alert, finding = found.alert, found.alert.finding
    rows: tuple[tuple[Cell, ...], ...] = (
        ("raised by", Link(alert.member, f"/console/members/{alert.member}")),
        ("when", Moment(alert.time)),
        ("in block", Link(str(alert.height), f"/console/ledger/{alert.height}")),
        ("about", finding.kind),
        ("reason", finding.code),
        ("by", "an exact rule" if alert.exact else "a learned model"),
        ("policy", f"{finding.policy}, version {alert.policy_version}"),
        ("model", finding.model),
        ("id", alert.id),
    )
    return Table("What was noticed", ("what", "value"), rows)


def _sealed(found: Filed) -> Table:
    finding = found.alert.finding
    rows: tuple[tuple[Cell, ...], ...] = (
        ("who it is about", finding.target),
        ("score", finding.score),
        ("evidence", finding.evidence),
        ("the watcher's state before", finding.state),
        ("whom it was compared with", finding.population),
    )
    return Table("What is sealed", ("what", "salted hash"), rows, "Only the member's file opens these.")


def _answered(service: Service, found: Filed) -> Table:
    case = found.case
    who = [None if key is None else signer(service, key) for key in (case.assigned, case.first, case.second)]
    rows: tuple[tuple[Cell, ...], ...] = (
        ("taken by", who[0]),
        ("their answer, sealed", case.answer),
        ("what it was", case.label or "open: two officers have to agree"),
        ("the first says so", who[1]),
        ("the second says so", who[2]),
        ("the like is let pass until", None if case.allowed is None else Moment(case.allowed)),
        ("it suspended a member", None if case.suspended is None else Moment(case.suspended)),
    )
    return Table("What officers did", ("what", "value"), rows)


def _history(service: Service, alert: bytes, height: int) -> Table:
    """The transactions that name the alert, from the index, and the one that raised it."""
    hits = service.index.search(alert.hex(), _HITS)
    places = sorted({(hit.height, hit.index) for hit in hits})
    seen = [at(service, *place) for place in places]
    done = [one for one in seen if one is not None]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            Moment(one.time),
            one.words,
            "ok" if one.receipt.code == OK else f"refused: {one.receipt.code}",
            Link(short(one.receipt.transaction), f"/console/transactions/{one.receipt.transaction.hex()}"),
        )
        for one in done
    )
    note = "" if done else f"The index of this node has nothing of it yet; it was raised in block {height}."
    return Table("On the ledger", ("when", "what", "outcome", "transaction"), rows, note)
