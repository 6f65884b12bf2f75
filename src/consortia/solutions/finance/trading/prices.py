"""Closing prices of stocks from a CSV file, as whole numbers.

Two shapes are read: a `date` and one column a stock; or long, with the columns `date`, `symbol`, `close`.
Dates are written year-month-day and each stands once (once a symbol in the long shape). A fault is one
DataError that names file, row and column.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from consortia.engines.train.files import DataError, RawTable, place, read_file, shown

LONG = ("date", "symbol", "close")
STOCKS_MAX = 500
SMALLEST = 1_000
"""The lowest price of a file has at least so many parts, so that rounding does not matter."""

LARGEST = 1 << 30
PRICE_MAX = 10**12
DECIMALS_MAX = 9


@dataclass(frozen=True, slots=True)
class Prices:
    """Closing prices: `closes[i][t]` of stock i on the t-th day, in parts of 10^-decimals, 1..2^30."""

    name: str
    days: tuple[str, ...]
    stocks: tuple[str, ...]
    closes: tuple[tuple[int, ...], ...]
    decimals: int

    def part(self, first: int, last: int) -> "Prices":
        """The days from the first up to before the last, by their place."""
        closes = tuple(row[first:last] for row in self.closes)
        return Prices(self.name, self.days[first:last], self.stocks, closes, self.decimals)

    def only(self, stocks: Iterable[str]) -> "Prices":
        """The prices of some of the stocks."""
        chosen = tuple(stocks)
        closes = tuple(self.closes[self.stocks.index(name)] for name in chosen)
        return Prices(self.name, self.days, chosen, closes, self.decimals)

    def between(self, first: str, last: str) -> "Prices":
        """The days from one date to another, both included; raises DataError where there are none."""
        inside = [at for at, day in enumerate(self.days) if first <= day <= (last or day)]
        if not inside:
            raise DataError(f"{self.name}: no day between {first or 'the first'} and {last or 'the last'}.")
        return self.part(inside[0], inside[-1] + 1)


def read_prices(path: Path, *, fewest_days: int = 2, fewest_stocks: int = 1) -> Prices:
    """The prices of a CSV file; raises DataError, one line."""
    raw = read_file(path)
    lower = [name.lower() for name in raw.header]
    if "date" not in lower:
        raise DataError(f'{place(raw.name, 1)}: no column "date". Name the column of dates so.')
    cells = _long(raw, lower) if set(lower) == set(LONG) else _wide(raw, lower)
    days = sorted({day for _, day in cells})
    stocks = list(dict.fromkeys(stock for stock, _ in cells))
    if len(stocks) > STOCKS_MAX:
        raise DataError(f"{raw.name}: {len(stocks)} stocks, at most {STOCKS_MAX} are read. Leave some out.")
    for stock in stocks:
        for day in days:
            if (stock, day) not in cells:
                where = place(raw.name, None, stock)
                raise DataError(f"{where}: no price on {day}. Give every stock a price on every day.")
    if len(days) < fewest_days or len(stocks) < fewest_stocks:
        have = f"{len(days)} days of {len(stocks)} stocks"
        raise DataError(f"{raw.name}: {have}; at least {fewest_days} of {fewest_stocks} are needed.")
    decimals = _decimals(raw.name, cells.values())
    closes = tuple(
        tuple(int(cells[stock, day].scaleb(decimals).to_integral_value()) for day in days) for stock in stocks
    )
    return Prices(raw.name, tuple(days), tuple(stocks), closes, decimals)


def _wide(raw: RawTable, lower: list[str]) -> dict[tuple[str, str], Decimal]:
    """One column a stock."""
    at, found = lower.index("date"), dict[tuple[str, str], Decimal]()
    if len(raw.header) < 2:
        raise DataError(f"{place(raw.name, 1)}: no column besides the date. Add one for each stock.")
    seen: dict[str, int] = {}
    for number, row in zip(raw.numbers, raw.rows, strict=True):
        day = _day(raw, number, at, row[at])
        if day in seen:
            where = place(raw.name, number, raw.header[at])
            raise DataError(f"{where}: {day} stands in row {seen[day]} already. Keep one row a day.")
        seen[day] = number
        for column, cell in enumerate(row):
            if column != at:
                found[raw.header[column], day] = _price(raw, number, column, cell)
    return found


def _long(raw: RawTable, lower: list[str]) -> dict[tuple[str, str], Decimal]:
    """One row a stock and day."""
    when, what, close = (lower.index(name) for name in LONG)
    found: dict[tuple[str, str], Decimal] = {}
    for number, row in zip(raw.numbers, raw.rows, strict=True):
        day, stock = _day(raw, number, when, row[when]), row[what]
        if not stock:
            where = place(raw.name, number, raw.header[what])
            raise DataError(f"{where}: no symbol. Say which stock the price is of.")
        if (stock, day) in found:
            where = place(raw.name, number, raw.header[what])
            raise DataError(
                f"{where}: {shown(stock)} has a price on {day} already. Keep one row a stock and day."
            )
        found[stock, day] = _price(raw, number, close, row[close])
    return found


def _day(raw: RawTable, number: int, column: int, cell: str) -> str:
    try:
        return date.fromisoformat(cell[:10]).isoformat()
    except ValueError:
        where = place(raw.name, number, raw.header[column])
        raise DataError(f"{where}: {shown(cell)!r} is no date. Write dates as 2022-12-31.") from None


def _price(raw: RawTable, number: int, column: int, cell: str) -> Decimal:
    where = place(raw.name, number, raw.header[column])
    if cell in {"", "?"} or cell.lower() in {"nan", "na", "null"}:
        raise DataError(f"{where}: no price. Fill it in, or take the row or the stock out.")
    try:
        value = Decimal(cell) if cell.isascii() and "_" not in cell else Decimal("nan")
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite():
        raise DataError(f"{where}: {shown(cell)!r} is no number. Write a price such as 12.34.")
    if value > PRICE_MAX:
        raise DataError(f"{where}: {shown(cell)} is above {PRICE_MAX}. Check the unit of the price.")
    if value <= 0:
        raise DataError(f"{where}: {shown(cell)} is no price: prices are above zero.")
    return value


def _decimals(name: str, prices: Iterable[Decimal]) -> int:
    """How many decimals the file's prices are counted in."""
    low, high = min(prices, default=Decimal(1)), max(prices, default=Decimal(1))
    for decimals in range(DECIMALS_MAX + 1):
        if low.scaleb(decimals) >= SMALLEST:
            break
    if low.scaleb(decimals) < SMALLEST or high.scaleb(decimals) > LARGEST:
        raise DataError(f"{name}: prices from {low} to {high} are too far apart to be counted in one unit.")
    return decimals
