"""The page of this field's homes: their market now, their meters, and what each has and is worth."""

from consortia.sdk import overview
from consortia.sdk.access import Way
from consortia.sdk.market import Market, Markets
from consortia.sdk.meters import Meters
from consortia.solutions import trades
from consortia.solutions.views import Cell, Link, Moment, Page, Table, View

FORECASTING = frozenset({"energy"})
"""The purpose of this field's studies (`tasks.PURPOSE`), without the arithmetic that comes with it."""

HOMES_MAX = 500
"""So many meters of a market are shown."""


def metered(way: Way) -> list[Market]:
    """The markets that meters stand behind."""
    return [one for one in Markets(way, "").list() if one.metering is not None]


def stands(way: Way) -> bool:
    """Whether there is such a market."""
    return bool(metered(way))


def views(way: Way) -> tuple[View, ...]:
    """Prices, terms, homes, auctions, forecasts."""
    found = metered(way)
    table, prices = trades.auctions(way, found)
    return prices, _terms(found), _homes(way, found), table, trades.book(way, found), _forecasts(way)


def _terms(found: list[Market]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            Link(one.title or one.name, f"/console/markets/{one.id.hex()}"),
            one.metering.grid,
            one.metering.draw,
            one.metering.feed,
            one.metering.through,
            one.terms.period_ms / 1_000,
            "halted" if one.halted else "open",
        )
        for one in found
        if one.metering is not None
    ]
    heads = (
        "market",
        "grid",
        "grid sells at",
        "grid buys at",
        "for each that passes",
        "seconds an auction",
        "state",
    )
    return Table("Terms", heads, tuple(rows), "Prices in the smallest part for one unit.")


def _homes(way: Way, found: list[Market]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for market in found:
        asking = Markets(way, "")
        for one in Meters(way, "").all(market)[:HOMES_MAX]:
            seen = asking.statement(market, one.account)
            rows.append(
                (
                    one.account,
                    "not accepted" if one.meter.next is None else one.meter.next,
                    None if one.traded is None else one.traded.units,
                    None if one.until is None else Moment(one.until),
                    one.meter.capacity,
                    one.meter.owed,
                    seen.account.quote,
                    "counts" if one.meter.until is None else f"counts to {one.meter.until}",
                )
            )
    heads = (
        *("home", "read next for", "bought less sold", "reading due", "capacity", "owes"),
        *("cash", "meter"),
    )
    return Table(
        "Homes", heads, tuple(rows), "A reading is signed by the meter; labels need not say whose home it is."
    )


def _forecasts(way: Way) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            Link(one.title or one.name, f"/console/studies/{one.id.hex()}"),
            one.proposer,
            one.status,
            None if one.model is None else Link("its model", f"/console/assets/{one.model.hex()}"),
        )
        for one in overview.studies(way, FORECASTING)
    ]
    return Table("Forecasts", ("study", "proposed by", "status", "model"), tuple(rows))


PAGE = Page(
    "homes",
    "Homes",
    "Power that neighbours trade: the market now, every meter, and what each home has.",
    stands,
    views,
)
