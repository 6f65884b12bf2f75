"""The pages of this field: banks with their cases, holds and alerts; and trading by delegates in auctions."""

from consortia.base.times import HOUR
from consortia.sdk import overview
from consortia.sdk.access import Way
from consortia.sdk.amounts import written
from consortia.sdk.bank import Bank
from consortia.sdk.market import Markets
from consortia.sdk.overview import Filed
from consortia.solutions import trades
from consortia.solutions.views import Cell, Line, Link, Moment, Page, Series, Table, View

SCHEMAS = ("cards/", "payments/", "rings/")
"""How the schemas begin that this field's alerts go by."""

NEWEST = 50
"""So many of the newest alerts of each bank are shown."""


def banks(way: Way) -> dict[str, frozenset[str]]:
    """The members that have policies about payments, with the names of those."""
    found = {}
    for member in overview.members(way):
        policies = overview.standing(way, member).policies
        named = frozenset(one.name for one in policies if one.schema.startswith(SCHEMAS))
        if named:
            found[member] = named
    return found


def views(way: Way) -> tuple[View, ...]:
    """Alerts and what became of them, held payments, hold rules."""
    found = banks(way)
    filed = [
        one
        for member, named in found.items()
        for one in overview.alerts(way, member, NEWEST)
        if one.alert.finding.policy in named
    ]
    return _counts(found, filed), _cases(filed), _held(way), _rules(way)


def _counts(found: dict[str, frozenset[str]], filed: list[Filed]) -> Series:
    names = tuple(found)
    kinds: tuple[tuple[str, str | None], ...] = (
        ("open", None),
        ("hostile", "hostile"),
        ("honest", "honest"),
        ("unclear", "unclear"),
    )
    lines = tuple(
        Line(
            word,
            tuple(
                float(sum(1 for one in filed if one.alert.member == name and one.case.label == label))
                for name in names
            ),
        )
        for word, label in kinds
    )
    note = f"The newest {NEWEST} of each bank. A label stands once two officers gave it."
    return Series("Alerts by bank, and what officers say of them", "bank", "alerts", names, lines, note)


def _cases(filed: list[Filed]) -> Table:
    ordered = sorted(filed, key=lambda one: (-one.alert.height, one.alert.id))
    rows: list[tuple[Cell, ...]] = [
        (
            Moment(one.alert.time),
            Link(one.alert.member, f"/console/members/{one.alert.member}"),
            one.alert.finding.kind,
            one.alert.finding.code,
            "a rule" if one.alert.exact else "a model",
            one.case.label or "open",
            Link(f"{one.alert.id.hex()[:12]}…", f"/console/cases/{one.alert.id.hex()}"),
        )
        for one in ordered
    ]
    heads = ("when", "bank", "about", "reason", "by", "what officers say", "case")
    note = "Payment, score and evidence are salted hashes; `consortia case` makes the file that opens them."
    return Table("Alerts and cases", heads, tuple(rows), note)


def _held(way: Way) -> Table:
    bank, rows = Bank(way, ""), list[tuple[Cell, ...]]()
    seen = set[bytes]()
    for member in overview.members(way):
        for one in bank.open_escrows(member):
            if one.held and one.id not in seen:
                seen.add(one.id)
                unit = bank.unit(one.unit)
                amount = written(one.amount, unit.decimals)
                rows.append(
                    (
                        one.payer,
                        one.payee,
                        amount,
                        unit.code,
                        len(one.approvals),
                        Moment(one.deadline),
                        one.id,
                    )
                )
    heads = ("payer", "payee", "amount", "unit", "approvals of 2", "goes back", "escrow")
    return Table("Payments that are held", heads, tuple(rows), "Two of the payer's officers let one go.")


def _rules(way: Way) -> Table:
    bank, rows = Bank(way, ""), list[tuple[Cell, ...]]()
    for member in overview.members(way):
        for identity, above, milliseconds in overview.holds(way, member):
            unit = bank.unit(identity)
            rows.append((member, written(above, unit.decimals), unit.code, milliseconds / HOUR))
    heads = ("bank", "holds what is above", "unit", "for hours")
    return Table("Hold rules", heads, tuple(rows))


def stands(way: Way) -> bool:
    """Whether any member has a policy about payments."""
    return bool(banks(way))


PAGE = Page(
    "banks",
    "Banks",
    "Alerts on payments, what officers found, and what is held until two of them have looked.",
    stands,
    views,
)


def is_trading(way: Way) -> bool:
    """Whether there is a market that no meter stands behind."""
    return any(one.metering is None for one in Markets(way, "").list())


def trading(way: Way) -> tuple[View, ...]:
    """Auctions, prices, books, and how everybody stands."""
    found = [one for one in Markets(way, "").list() if one.metering is None]
    table, prices = trades.auctions(way, found)
    return prices, table, trades.book(way, found), _positions(way)


def _positions(way: Way) -> Table:
    asking, rows = Markets(way, ""), list[tuple[Cell, ...]]()
    for market in [one for one in asking.list() if one.metering is None][: trades.MARKETS_MAX]:
        link = Link(market.title or market.name, f"/console/markets/{market.id.hex()}")
        for member in overview.members(way):
            seen = asking.statement(market, member)
            if seen.account.base or seen.account.quote:
                rows.append((link, member, seen.account.base, seen.account.quote, seen.worth, seen.loss))
    heads = ("market", "member", "units", "cash", "worth at the newest price", "loss")
    return Table("Positions", heads, tuple(rows), "In the smallest parts.")


TRADING = Page(
    "trading",
    "Trading",
    "Sealed call auctions: prices, books, and how each member stands.",
    is_trading,
    trading,
)
