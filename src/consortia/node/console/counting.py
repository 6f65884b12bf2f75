"""A secret ballot: who votes, who holds the key, and its count, made again in the browser from one file."""

from shlex import quote
from typing import TypeVar

from starlette.responses import Response

from consortia.base.codec import Record
from consortia.kernel.prove import CannotProve, prove_state
from consortia.modules.ballots.queries import (
    BallotsView,
    ById,
    ElectionView,
    TrusteesView,
)
from consortia.modules.ballots.types import Election, Progress
from consortia.node.console.acts import address, offer
from consortia.node.console.inside import Inside
from consortia.node.console.screen import HEADERS, LISTED_MAX, Screen, newest
from consortia.node.console.verifying import checker
from consortia.node.http import Asked
from consortia.node.http_answers import HttpProblem, hex_digest
from consortia.sdk.ballots import all_elections
from consortia.sdk.elections import count_key, gathered, with_count
from consortia.sdk.html import Html, tag
from consortia.sdk.values import words
from consortia.sdk.views import Cell, Line, Link, Moment, Series, Table, View

R = TypeVar("R", bound=Record)
CAST = "ballots.cast"
_DIGITS = 16
PROOF = "application/vnd.consortia.proof"


def listed(way: Inside) -> Table:
    """The secret ballots, the newest first."""
    known = [(one.election, one.progress, one.step) for one in all_elections(way)]
    found = [(one, how, step) for one, how, step in known if one is not None and how is not None]
    found.sort(key=lambda each: -each[0].time)
    rows: list[tuple[Cell, ...]] = [
        (
            Link(one.title or "a secret ballot", f"/console/elections/{one.id.hex()}"),
            words(how.status),
            words(step),
            how.ballots,
            len(one.voters),
            None if how.counts is None else _told(one, how),
        )
        for one, how, step in found[:LISTED_MAX]
    ]
    heads = ("ballot", "status", "next", "ballots", "may vote", "count")
    note = " ".join(("Who voted is public; what, is not.", newest(len(found)))).strip() if rows else ""
    return Table("Secret ballots", heads, tuple(rows), note)


def to_cast(member: str, found: Election, progress: Progress) -> Html | None:
    """How the node's member casts its ballot while it may: in the page of the act, or by a command."""
    if progress.status != "voting" or member not in found.voters:
        return None
    which = found.id.hex()[:_DIGITS]
    typed = [tag("li", tag("code", f"consortia ballot cast {which} {quote(one)}")) for one in found.choices]
    why = (
        "Your browser encrypts the choice, and the node gets the sealed ballot alone. But the script that "
        "does so is the node's. Where the node is not your own, cast by command, on your own machine:"
    )
    here = offer(("Cast it here", CAST, {"election": found.id.hex()}))
    return tag(
        "section", tag("h2", "Cast your ballot"), here, tag("p", why), tag("ul", *typed), class_="view"
    )


def to_choose(asked: Asked) -> Html:
    """The choices of the ballot that is asked for. The box has no name, so that no form can ever send it."""
    name = hex_digest(asked.argument("election"), "an election's id")
    seen = Inside(asked.service).query("ballots.election", ById(name), ElectionView)
    if seen.election is None or seen.progress is None or seen.progress.status != "voting":
        raise HttpProblem(404, f"no secret ballot {name.hex()} that is open for votes")
    options = [tag("option", one, value=one) for one in seen.election.choices]
    box = tag(
        "select",
        tag("option", "choose", value=""),
        *options,
        id_="sealed-choice",
        required=True,
        autocomplete="off",
    )
    note = "It is encrypted here, to all trustees together. Your last ballot is the one that counts."
    return tag(
        "fieldset",
        tag("legend", seen.election.title or "A secret ballot"),
        tag("p", note, class_="note"),
        tag("label", "Your choice ", box),
        class_="group",
    )


def open_ones(asked: Asked) -> Screen:
    """The secret ballots that are open for votes, where none is asked for."""
    rows: list[tuple[Cell, ...]] = [
        (
            Link(one.election.title or "a secret ballot", address(CAST, {"election": one.election.id.hex()})),
            Moment(one.election.times.vote),
        )
        for one in all_elections(Inside(asked.service))
        if one.election is not None and one.progress is not None and one.progress.status == "voting"
    ]
    note = "" if rows else "None is open for votes now."
    return Screen(
        "Cast a secret ballot",
        "Which one?",
        (Table("Open for votes", ("ballot", "until"), tuple(rows), note),),
    )


def _told(election: Election, progress: Progress) -> str:
    found = zip(election.choices, progress.counts or (), strict=False)
    return ", ".join(f"{choice} {count:,}" for choice, count in found)


def election(asked: Asked) -> Screen:
    """A secret ballot, and once it is counted the check of the count."""
    name, way = hex_digest(asked.path("id"), "an election's id"), Inside(asked.service)
    seen = way.query("ballots.election", ById(name), ElectionView)
    if seen.election is None or seen.progress is None:
        raise HttpProblem(404, f"no secret ballot {name.hex()}")
    found, progress = seen.election, seen.progress
    casting = to_cast(asked.service.config.member, found, progress)
    parts: list[Html | View] = [] if casting is None else [casting]
    if progress.counts is not None:
        counts = tuple(float(one) for one in progress.counts)
        parts.append(Series("Count", "choice", "ballots", found.choices, (Line("ballots", counts),)))
        parts += [
            tag("h2", "The count, checked in this browser"),
            *checker(asked, f"/console/elections/{name.hex()}/count.proof"),
        ]
    facts: tuple[tuple[Cell, ...], ...] = (
        ("status", words(progress.status)),
        ("next", words(seen.step)),
        ("why it failed", progress.failure),
        ("ballots", progress.ballots),
        ("trustees it takes", f"{2 * len(found.trustees) // 3 + 1} of {len(found.trustees)}"),
        ("what is decided", Link("the proposal", f"/console/find?text={found.subject.hex()}")),
        ("id", found.id),
    )
    times = tuple(
        (words(field), Moment(getattr(found.times, field))) for field in found.times.__struct_fields__
    )
    parts += [Table("Ballot", ("what", "value"), facts), _voters(way, found), _trustees(way, found)]
    parts.append(Table("When each step ends", ("step", "until"), times))
    return Screen(
        found.title or "A secret ballot",
        "Each ballot is sealed under a key that no one trustee holds; only the sum is ever opened.",
        tuple(parts),
        live=progress.counts is None,
        scripts=() if progress.counts is None else ("verify.js",),
    )


def _voters(way: Inside, found: Election) -> Table:
    cast = way.query("ballots.ballots", ById(found.id), BallotsView).ballots
    kept = {one.voter: one.kept.hash for one in cast}
    rows = tuple(
        (
            Link(voter, f"/console/members/{voter}"),
            "has voted" if voter in kept else "not yet",
            kept[voter].hex() if voter in kept else None,
        )
        for voter in found.voters
    )
    note = "A voter compares the hash with the one that it was shown."
    return Table("Voters", ("voter", "ballot", "its hash"), rows, note)


def _trustees(way: Inside, found: Election) -> Table:
    seen = way.query("ballots.trustees", ById(found.id), TrusteesView)
    dealt = {one.name: one.trustee for one in seen.trustees}
    opened = {one.name for one in seen.parts}
    rows: list[tuple[Cell, ...]] = [
        (
            Link(name, f"/console/members/{name}"),
            name in dealt,
            name in dealt and dealt[name].dealing is not None,
            dealt[name].accuser if name in dealt else None,
            name in opened,
        )
        for name in found.trustees
    ]
    heads = ("trustee", "committed to a key", "opened its part of it", "shown false by", "decrypted the sum")
    return Table("Trustees", heads, tuple(rows))


async def count_file(asked: Asked) -> Response:
    """The count of a secret ballot with all that it follows from, as a proof."""
    name = hex_digest(asked.path("id"), "an election's id")
    way = Inside(asked.service)

    def ask(question: str, arguments: Record, kind: type[R]) -> R:
        return way.query(question, arguments, kind)

    try:
        found = gathered(ask, name)
        bare = prove_state(asked.service.ledger, count_key(name)).encode()
    except LookupError as error:
        raise HttpProblem(404, str(error)) from None
    except (CannotProve, ValueError) as error:
        raise HttpProblem(409, str(error)) from None
    return Response(with_count(bare, found), 200, HEADERS, PROOF)
