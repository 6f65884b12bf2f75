"""Whole books of the call auction (`exact.auction`): orders in columns, cleared and filled at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from consortia.exact.auction import BUY, SELL, WORD_MAX, Clearing, cut, find, ration
from consortia.exact.fixed import Integers

ORDERS_MAX = 1 << 20
"""So many orders a book: the sums of their quantities stay far inside a signed 64-bit word."""


class AuctionError(ValueError):
    """A book that is none: other lengths, a side that is neither, a number out of range."""


@dataclass(frozen=True, slots=True)
class Book:
    """Limit orders in the order in which they came: sides, limits and quantities of one length."""

    sides: Integers
    limits: Integers
    quantities: Integers

    @classmethod
    def of(cls, sides: Sequence[int], limits: Sequence[int], quantities: Sequence[int]) -> "Book":
        """The book of these orders; raises AuctionError for one that is out of range."""
        if not len(sides) == len(limits) == len(quantities) <= ORDERS_MAX:
            raise AuctionError(f"a book has equally many sides, limits and quantities, {ORDERS_MAX} at most")
        try:
            book = cls(*(np.array(column, dtype=np.int64) for column in (sides, limits, quantities)))
        except OverflowError:
            raise AuctionError("a number is beyond 64 bits") from None
        if not np.isin(book.sides, (BUY, SELL)).all():
            raise AuctionError("a side is 1 (buy) or -1 (sell)")
        for column in (book.limits, book.quantities):
            if column.size and not 1 <= int(column.min()) <= int(column.max()) <= WORD_MAX:
                raise AuctionError("a limit or quantity is not in 1..2^31-1")
        return book


def clear(book: Book, reference: int) -> Clearing:
    """The auction of a whole book around a reference price (1..2^31-1)."""
    buys, sells = book.sides == BUY, book.sides == SELL
    bids, asks = _levels(book, buys), _levels(book, sells)
    found = find(bids, asks, reference)
    if found is None:
        return Clearing(None, 0, 0, 0, None)
    side = BUY if found.demand > found.supply else SELL
    where = cut(found, bids if side == BUY else asks)
    margin = None
    if where is not None:
        places = np.flatnonzero((book.sides == side) & (book.limits == where[0]))
        margin = ration(side, *where, book.quantities[places].tolist(), places.tolist())
    return Clearing(found.price, min(found.demand, found.supply), found.demand, found.supply, margin)


def fills(book: Book, clearing: Clearing) -> Integers:
    """What each order of the book trades, in the book's order."""
    if clearing.price is None:
        return np.zeros_like(book.quantities)
    filled: Integers = np.where(book.sides * (book.limits - clearing.price) >= 0, book.quantities, 0)
    margin = clearing.margin
    if margin is not None:
        places = np.flatnonzero((book.sides == margin.side) & (book.limits == margin.limit))
        pairs = zip(book.quantities[places].tolist(), places.tolist(), strict=True)
        filled[places] = [margin.share(quantity, place) for quantity, place in pairs]
    return filled


def _levels(book: Book, chosen: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The levels of one side."""
    limits, quantities = book.limits[chosen], book.quantities[chosen]
    order = np.argsort(limits, kind="stable")
    limits = limits[order]
    if not limits.size:
        return []
    starts = np.flatnonzero(np.concatenate(([True], limits[1:] != limits[:-1])))
    totals = np.add.reduceat(quantities[order], starts)
    return list(zip(limits[starts].tolist(), totals.tolist(), strict=True))
