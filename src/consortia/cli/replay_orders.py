"""Auctions played again from a file of orders, and held to what a ledger recorded of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from consortia.cli.output import DONE, REFUSED, USAGE, Failure, facts, say, table
from consortia.cli.recording import COLUMNS, RECORDED
from consortia.engines.train.files import DataError
from consortia.exact.auction import BUY, SELL, WORD_MAX
from consortia.exact.book import AuctionError, Book, clear, fills
from consortia.solutions import lines

ROWS_MAX = 1 << 20
_SIDES = {"buy": BUY, "sell": SELL}


@dataclass(frozen=True, slots=True)
class Told:
    """What a ledger recorded of an order: its auction's price (None: no trade), and its account's totals."""

    reference: int
    tick: int
    price: int | None
    bought: int
    sold: int


@dataclass(frozen=True, slots=True)
class Row:
    """An order of a file, as it stood there."""

    line: int
    market: str
    auction: int
    account: str
    side: str
    limit: int
    quantity: int
    told: Told | None


@dataclass(frozen=True, slots=True)
class Played:
    """An auction played again: what it came to, and in what it differs from what was recorded."""

    market: str
    auction: int
    price: int | None
    volume: int
    moved: dict[str, tuple[int, int]]
    differences: tuple[str, ...]


def rows(path: Path) -> Iterator[Row]:
    """The orders of a CSV file, plain or gzipped; raises Failure that names the line."""
    try:
        found = lines.rows(path)
        fields = lines.header_of(path, found)
        missing = [name for name in COLUMNS if name not in fields]
        if missing:
            raise Failure(f"{path} has no column {missing[0]}: {', '.join(COLUMNS)} are needed", code=USAGE)
        recorded = all(name in fields for name in RECORDED)
        for line, cells in lines.body_of(fields, found):
            if line > ROWS_MAX:
                raise Failure(f"{path} has more than {ROWS_MAX} lines", code=USAGE)
            if isinstance(cells, DataError):
                raise Failure(f"{path}, line {line}: {cells}", code=USAGE)
            yield _row(path, line, dict(zip(fields, cells, strict=True)), recorded=recorded)
    except DataError as error:
        raise Failure(str(error), code=USAGE) from None


def _row(path: Path, line: int, row: dict[str, str], *, recorded: bool) -> Row:
    auction, limit, quantity = (_whole(path, line, row, name) for name in ("auction", "limit", "quantity"))
    for name, value in (("limit", limit), ("quantity", quantity)):
        if not 1 <= value <= WORD_MAX:
            raise Failure(f"{path}, line {line}: {name} is 1 to {WORD_MAX}, not {value}", code=USAGE)
    if row["side"] not in _SIDES:
        raise Failure(f"{path}, line {line}: side is buy or sell, not {row['side']!r}", code=USAGE)
    told = None
    if recorded:
        price = _whole(path, line, row, "price") if row["price"] else None
        reference, tick, bought, sold = (
            _whole(path, line, row, name) for name in ("reference", "tick", "bought", "sold")
        )
        if not (1 <= reference <= WORD_MAX and 1 <= tick <= WORD_MAX):
            raise Failure(f"{path}, line {line}: reference and tick are 1 to {WORD_MAX}", code=USAGE)
        told = Told(reference, tick, price, bought, sold)
    market = row.get("market") or ""
    return Row(line, market, auction, row["account"], row["side"], limit, quantity, told)


def _whole(path: Path, line: int, row: dict[str, str], name: str) -> int:
    try:
        return int(row[name])
    except ValueError:
        raise Failure(
            f"{path}, line {line}: {name} is a whole number, not {row[name]!r}", code=USAGE
        ) from None


def play(path: Path, reference: int | None) -> list[Played]:
    """Every auction of a file, market by market; raises Failure.

    Where the file does not record the reference prices, `reference` is the first, and each price is that of
    the next auction.
    """
    auctions: dict[tuple[str, int], list[Row]] = {}
    for row in rows(path):
        auctions.setdefault((row.market, row.auction), []).append(row)
    if not auctions:
        raise Failure(f"{path} holds no orders", "consortia market record", USAGE)
    found: list[Played] = []
    newest: dict[str, int] = {}
    for (market, number), orders in sorted(auctions.items()):
        told = orders[0].told
        around = newest.get(market, reference) if told is None else told.reference
        if around is None:
            raise Failure(
                f"{path} records no reference prices", "consortia market replay FILE --reference PRICE", USAGE
            )
        try:
            one = _played(orders, around)
        except AuctionError as error:
            raise Failure(f"{path}, auction {number}: {error}", code=USAGE) from None
        newest[market] = one.price or around
        found.append(one)
    return found


def _played(orders: list[Row], reference: int) -> Played:
    """One auction; prices are multiples of its tick, so it is played in ticks."""
    first = orders[0]
    tick = 1 if first.told is None else first.told.tick
    book = Book.of(
        [_SIDES[one.side] for one in orders],
        [one.limit // tick for one in orders],
        [one.quantity for one in orders],
    )
    clearing = clear(book, reference // tick)
    price = None if clearing.price is None else clearing.price * tick
    moved: dict[str, tuple[int, int]] = {}
    for order, filled in zip(orders, fills(book, clearing).tolist(), strict=True):
        bought, sold = moved.get(order.account, (0, 0))
        moved[order.account] = (bought + filled, sold) if order.side == "buy" else (bought, sold + filled)
    return Played(first.market, first.auction, price, clearing.volume, moved, _apart(orders, price, moved))


def _apart(orders: list[Row], price: int | None, moved: dict[str, tuple[int, int]]) -> tuple[str, ...]:
    """In what an auction differs from what was recorded of it."""
    found = []
    for one in orders:
        if one.told is None:
            continue
        if one.told.price != price:
            found.append(f"line {one.line}: the price was {one.told.price}, and is {price}")
        elif (one.told.bought, one.told.sold) != moved[one.account]:
            was, now = (one.told.bought, one.told.sold), moved[one.account]
            found.append(f"line {one.line}: {one.account} bought and sold {was}, and now {now}")
    return tuple(found)


def tell(path: Path, reference: int | None, *, as_json: bool) -> int:
    """Play a file and tell what came of it; refused where it differs from what a ledger recorded."""
    found = play(path, reference)
    recorded = any(row.told is not None for row in rows(path))
    apart = [f"{path}, {text}" for one in found for text in one.differences]
    held: dict[str, list[int]] = {}
    for one in found:
        for name, (bought, sold) in one.moved.items():
            units = held.setdefault(f"{one.market} {name}".strip(), [0, 0])
            units[0] += bought - sold
            units[1] -= (bought - sold) * (one.price or 0)
    if as_json:
        results = [
            {"market": one.market, "auction": one.auction, "price": one.price, "volume": one.volume}
            for one in found
        ]
        accounts = {name: {"base": base, "quote": quote} for name, (base, quote) in sorted(held.items())}
        facts({"auctions": results, "accounts": accounts, "recorded": recorded, "differences": apart})
        return REFUSED if apart else DONE
    table(
        [[one.market, str(one.auction), str(one.price or "-"), str(one.volume)] for one in found],
        ["market", "auction", "price", "volume"],
    )
    say()
    table(
        [[name, str(base), str(quote)] for name, (base, quote) in sorted(held.items())],
        ["account", "base", "quote"],
    )
    if recorded and not apart:
        say("\nevery auction came to what the ledger recorded, to the unit")
    if apart:
        raise Failure(f"{apart[0]}" + (f" (and {len(apart) - 1} more)" if apart[1:] else ""))
    return DONE
