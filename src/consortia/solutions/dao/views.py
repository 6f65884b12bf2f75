"""The page of this field: AI delegates, what they may do, and their record."""

from consortia.sdk import overview
from consortia.sdk.access import Way
from consortia.sdk.overview import MandateView
from consortia.solutions.views import Cell, Link, Moment, Page, Table, View

NEWEST = 30
"""So many of the newest acts of each delegate are shown."""

MILLION = 1_000_000


def _all(way: Way) -> list[MandateView]:
    return [one for member in overview.members(way) for one in overview.mandates(way, member)]


def stands(way: Way) -> bool:
    """Whether any member has a delegate."""
    return any(overview.mandates(way, member) for member in overview.members(way))


def views(way: Way) -> tuple[View, ...]:
    """Delegates, their records, their acts."""
    found = _all(way)
    return (_delegates(found), _caps(found), _records(way, found), _acts(way, found))


def _name(one: MandateView) -> Link:
    return Link(f"{one.mandate.owner}/{one.mandate.agent}", f"/console/members/{one.mandate.owner}")


def _delegates(found: list[MandateView]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            _name(one),
            "may act" if one.live else "may not act",
            "a program"
            if one.mandate.pin.asset is None
            else Link("a model", f"/console/assets/{one.mandate.pin.asset.hex()}"),
            ", ".join(one.mandate.methods),
            ", ".join(one.mandate.classes) or None,
            Moment(one.mandate.granted),
            Moment(one.mandate.expires if one.mandate.ended is None else one.mandate.ended),
        )
        for one in found
    ]
    heads = ("delegate", "now", "what it is", "may sign", "decisions of class", "since", "until")
    return Table("Delegates", heads, tuple(rows), "Its owner's officers end one with the next block.")


def _caps(found: list[MandateView]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (_name(one), cap.unit.hex(), cap.spent, cap.per_window, cap.per_act)
        for one in found
        for cap in one.spending
    ]
    heads = ("delegate", "unit", "spent in the window", "at most in the window", "at most an act")
    return Table(
        "Caps", heads, tuple(rows), "In the smallest part of each unit; an owner's agents share a window."
    )


def _records(way: Way, found: list[MandateView]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        page = overview.deeds(way, one.mandate.owner, one.mandate.pin.content)
        track = page.track
        known = track.resolved * MILLION
        rows.append(
            (
                _name(one),
                track.acts,
                track.resolved,
                *((track.brier / known, track.baseline / known) if known else (None, None)),
                track.overrides,
                track.vetoes,
                "advises only" if page.advises_only else "decides",
            )
        )
    heads = (
        *("delegate", "acts", "statements decided", "Brier score", "always yes", "overruled", "stopped"),
        "by its record it",
    )
    return Table(
        "Records", heads, tuple(rows), "The lower the Brier score the better; beside it, who always says yes."
    )


def _acts(way: Way, found: list[MandateView]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        newest = overview.deeds(way, one.mandate.owner, one.mandate.pin.content).deeds[-NEWEST:]
        rows += [
            (
                Moment(deed.time),
                _name(one),
                deed.account.purpose,
                deed.account.stated / MILLION,
                None if deed.due == deed.time else Moment(deed.due),
                Link(f"{deed.transaction.hex()[:12]}…", f"/console/transactions/{deed.transaction.hex()}"),
            )
            for deed in reversed(newest)
        ]
    heads = ("when", "delegate", "for", "stated probability", "takes effect", "transaction")
    return Table("What they did", heads, tuple(rows), "Newest first, by delegate.")


PAGE = Page(
    "dao",
    "Delegates",
    "Programs and models that act for members: within which limits, how well, and what they did.",
    stands,
    views,
)
