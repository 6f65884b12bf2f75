"""`consortia market replay`: auctions played again from a file of orders, by the ledger's own arithmetic."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from consortia.cli.options import json_option
from consortia.cli.output import DONE, USAGE, Failure, facts, say, table
from consortia.exact.auction import BUY, SELL, AuctionError, Book, clear, fills

COLUMNS = ("auction", "account", "side", "limit", "quantity")
ROWS_MAX = 1 << 20
_SIDES = {"buy": BUY, "sell": SELL}


@dataclass(frozen=True, slots=True)
class Row:
    """An order of a file, as it stood there."""

    auction: int
    account: str
    side: str
    limit: int
    quantity: int


def rows(path: Path) -> Iterator[Row]:
    """The orders of a CSV file; raises Failure that names the line."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise Failure(f"{path} has no column {missing[0]}: {', '.join(COLUMNS)} are needed", code=USAGE)
        try:
            for line, row in enumerate(reader, start=2):
                if line > ROWS_MAX:
                    raise Failure(f"{path} has more than {ROWS_MAX} lines", code=USAGE)
                yield _row(path, line, row)
        except (UnicodeDecodeError, csv.Error) as error:
            raise Failure(f"{path} is no CSV file: {error}", code=USAGE) from None


def _row(path: Path, line: int, row: dict[str, str]) -> Row:
    try:
        numbers = [int(row[name]) for name in ("auction", "limit", "quantity")]
    except (TypeError, ValueError):
        raise Failure(
            f"{path}, line {line}: auction, limit and quantity are whole numbers", code=USAGE
        ) from None
    if row["side"] not in _SIDES:
        raise Failure(f"{path}, line {line}: side is buy or sell, not {row['side']!r}", code=USAGE)
    return Row(numbers[0], row["account"], row["side"], numbers[1], numbers[2])


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--reference", type=click.IntRange(1), required=True, help="The first reference price.")
@json_option
def replay(*, file: Path, reference: int, as_json: bool) -> int:
    """Play the auctions of a CSV FILE of orders again.

    Its columns are auction, account, side, limit and quantity. Orders stand in the file as they came. A price
    becomes the next auction's reference.
    """
    auctions: dict[int, list[Row]] = {}
    for row in rows(file):
        auctions.setdefault(row.auction, []).append(row)
    if not auctions:
        raise Failure(f"{file} holds no orders", code=USAGE)
    results: list[dict[str, object]] = []
    held: dict[str, list[int]] = {}
    for number in sorted(auctions):
        orders = auctions[number]
        try:
            book = Book.of(
                [_SIDES[one.side] for one in orders],
                [one.limit for one in orders],
                [one.quantity for one in orders],
            )
        except AuctionError as error:
            raise Failure(f"{file}, auction {number}: {error}", code=USAGE) from None
        clearing = clear(book, reference)
        reference = clearing.price or reference
        for order, filled in zip(orders, fills(book, clearing).tolist(), strict=True):
            units = held.setdefault(order.account, [0, 0])
            units[0] += _SIDES[order.side] * filled
            units[1] -= _SIDES[order.side] * filled * (clearing.price or 0)
        results.append({"auction": number, "price": clearing.price, "volume": clearing.volume})
    if as_json:
        accounts = {name: {"base": base, "quote": quote} for name, (base, quote) in sorted(held.items())}
        facts({"auctions": results, "accounts": accounts})
        return DONE
    table(
        [[str(one[name] or "-") for name in ("auction", "price", "volume")] for one in results],
        ["auction", "price", "volume"],
    )
    say()
    table(
        [[name, str(base), str(quote)] for name, (base, quote) in sorted(held.items())],
        ["account", "base", "quote"],
    )
    return DONE
