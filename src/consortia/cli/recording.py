"""`consortia market record`: the opened orders of a market from the blocks, for anybody to play again."""

import csv
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click

from consortia.app import application
from consortia.base.codec import from_value
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, Failure, facts, say
from consortia.kernel.block import OK, Receipt
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import Call, parse_transaction
from consortia.modules.market.messages import Reveal
from consortia.modules.market.queries import AtAuction, AuctionState, ByName, MaybeMarket
from consortia.modules.market.types import Market, Order
from consortia.node.home import Home
from consortia.store.errors import StoreError
from consortia.store.lmdb import LmdbStore

COLUMNS = ("auction", "account", "side", "limit", "quantity")
"""What any file of orders has."""

RECORDED = ("market", "reference", "tick", "price", "bought", "sold")
"""What one that a ledger recorded has besides."""


@dataclass(slots=True)
class Recorded:
    """What the blocks say of one auction: orders by place, and what each account bought and sold."""

    accounts: dict[int, str] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    totals: dict[str, tuple[int, int]] = field(default_factory=dict)


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="MARKET...")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The CSV file to write.")
@home_option
@json_option
def record(*, names: tuple[str, ...], out: Path, home: Path | None, as_json: bool) -> int:
    """Write the opened orders of every settled auction to a file, from this home's own blocks.

    `consortia market replay` plays it again, on any machine, and holds it to what the ledger recorded.
    """
    count = auctions = 0
    with _ledger(Home.find(home, os.environ)) as ledger, out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*RECORDED[:1], *COLUMNS, *RECORDED[1:]))
        for name in names:
            market = _market(ledger, name)
            for number, one in sorted(_auctions(ledger, market).items()):
                written = _rows(ledger, market, number, one)
                writer.writerows(written)
                count, auctions = count + len(written), auctions + bool(written)
    if as_json:
        facts({"file": str(out), "auctions": auctions, "orders": count})
    else:
        say(f"{out}: orders {count}, auctions {auctions}")
        say(f"next: consortia market replay {out}")
    return DONE


@contextmanager
def _ledger(home: Home) -> Iterator[Ledger]:
    """The home's ledger, read from a copy, so that a running node is not disturbed."""
    with tempfile.TemporaryDirectory(prefix="consortia-record-") as folder:
        copy = Path(folder) / "ledger"
        try:
            shutil.copytree(home.ledger, copy)
            store = LmdbStore(copy, read_only=True)
        except (OSError, shutil.Error, StoreError) as error:
            raise Failure(f"{home.ledger} cannot be read: {error}", "consortia doctor") from None
        try:
            yield Ledger.open(store, application())
        finally:
            store.close()


def _market(ledger: Ledger, name: str) -> Market:
    found = ledger.query("market.by_name", ByName(name))
    market = found.market if isinstance(found, MaybeMarket) else None
    if market is None:
        raise Failure(f"there is no market {name}", "consortia market list")
    return market


def _auctions(ledger: Ledger, market: Market) -> dict[int, Recorded]:
    """What the blocks say of each auction of a market, from the first block to the last."""
    found: dict[int, Recorded] = {}
    for height in range(1, ledger.tip.height + 1):
        block = ledger.block(height)
        for raw in () if block is None else block.transactions:
            parsed = parse_transaction(raw, ledger.network)
            placed = ledger.receipt(parsed.id)
            if placed is not None and placed.receipt.code == OK:
                _take_in(found, market, placed.receipt, parsed.transaction.calls)
    return found


def _take_in(found: dict[int, Recorded], market: Market, receipt: Receipt, calls: tuple[Call, ...]) -> None:
    """What one transaction adds."""
    for event in receipt.events:
        body = event.body
        if body.get("market") != market.id:
            continue
        number, account = body.get("auction"), body.get("account")
        if not isinstance(number, int) or not isinstance(account, str):
            continue
        one = found.setdefault(number, Recorded())
        if event.name == "market.committed" and isinstance(place := body["place"], int):
            one.accounts[place] = account
        if event.name == "market.traded":
            bought, sold = one.totals.get(account, (0, 0))
            more, less = body["bought"], body["sold"]
            if isinstance(more, int) and isinstance(less, int):
                one.totals[account] = bought + more, sold + less
    for call in calls:
        if call.method == "market.reveal":
            opened = from_value(Reveal, call.args)
            if opened.market == market.id:
                found.setdefault(opened.auction, Recorded()).orders[opened.place] = opened.order


def _rows(ledger: Ledger, market: Market, number: int, one: Recorded) -> list[tuple[object, ...]]:
    """The opened orders of an auction by place; none of one that is void or not settled."""
    state = ledger.query("market.auction", AtAuction(market.id, number))
    auction = state.auction if isinstance(state, AuctionState) else None
    if auction is None or auction.outcome is None or auction.outcome.void:
        return []
    if auction.settled < auction.commits:
        return []
    price = "" if auction.outcome.price is None else auction.outcome.price
    made: list[tuple[object, ...]] = []
    for place, order in sorted(one.orders.items()):
        account = one.accounts[place]
        fixed = (auction.reference, market.terms.tick, price, *one.totals.get(account, (0, 0)))
        made.append((market.name, number, account, order.side, order.limit, order.quantity, *fixed))
    return made
