"""A market that is open and funded, and how its auctions get from phase to phase."""

from consortia.modules.bank.messages import NewUnit, Transfer
from consortia.modules.market.messages import (
    Clear,
    Commit,
    Fund,
    Open,
    Reveal,
    Settle,
)
from consortia.modules.market.state import sealed
from consortia.modules.market.types import Limits, Order, Sealing, Terms
from consortia.testing.machine import START, Bench
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.bank_parts import made

LARGEST = (1 << 63) - 1
COMMITS, REVEALS, CLEARS = 0, 4_000, 8_000
"""When in its period an auction of the market here takes orders, opens them, and is cleared."""

PERIOD = 20_000
LIMITS = Limits(order_max=100, position_max=500, loss_max=50_000, commits_max=4)


def terms(base: bytes, quote: bytes, **fields: object) -> Terms:
    """A market whose auctions begin every 20 s, around a reference price of 100."""
    usual: dict[str, object] = {
        "start": START + 100_000,
        "period_ms": PERIOD,
        "commit_ms": REVEALS,
        "reveal_ms": CLEARS - REVEALS,
        "correct_ms": 2_000,
        "tick": 2,
        "collar_ticks": 10,
        "orders_max": 8,
        "deposit": 4_000,
        "fee_ppm": 1_000,
        "day_auctions": 4,
        "labelled": False,
        "limits": LIMITS,
    }
    return Terms(base=base, quote=quote, **(usual | fields))  # type: ignore[arg-type]


def unit(code: str, supply: int) -> NewUnit:
    """A unit without decimals of which there is a fixed supply."""
    return NewUnit(code, f"The unit {code}", 0, "fixed", None, supply)


def units(bench: Bench) -> tuple[bytes, bytes]:
    """Shares and cash, made by north and handed to everybody."""
    base = made(bench, unit("share", 10_000))
    quote = made(bench, unit("cash", 10_000_000))
    for name in bench.parties:
        if name != "north":
            legs = (Transfer("north", name, base, 1_000), Transfer("north", name, quote, 1_000_000))
            bench.ok("north", "operator", *legs)
    return base, quote


def opened(bench: Bench, **fields: object) -> bytes:
    """The id of a market that north operates and in which everybody has 400 shares and 100,000 in cash."""
    base, quote = units(bench)
    bench.ok("north", "operator", Open("harbour", "Shares for cash", terms(base, quote, **fields), 100))
    market = bytes(bench.query("market.by_name", name="harbour").market.id)
    for name in bench.parties:
        bench.ok(name, "operator", Fund(market, name, base, 400), Fund(market, name, quote, 100_000))
    bench.time = max(bench.tip.time, at(0, COMMITS))
    return market


def at(auction: int, offset: int) -> int:
    """The block time `offset` milliseconds into an auction of the market here."""
    return START + 100_000 + auction * PERIOD + offset


def buy(limit: int, quantity: int = 10) -> Order:
    """An order to buy."""
    return Order("buy", limit, quantity)


def sell(limit: int, quantity: int = 10) -> Order:
    """An order to sell."""
    return Order("sell", limit, quantity)


def salt_of(member: str, place: int) -> bytes:
    """The salt of an order here."""
    return digest(f"salt {member} {place}")


def commitment(bench: Bench, market: bytes, where: tuple[int, int], member: str, order: Order) -> bytes:
    """The commitment of the order that a member hands in to an auction, at a place."""
    auction, place = where
    key = bench.key(member, "operator").key_id
    return sealed(Sealing(bench.network, market, auction, key, salt_of(member, place), order))


Orders = tuple[tuple[str, Order], ...]


def committed(bench: Bench, market: bytes, orders: Orders, auction: int = 0) -> None:
    """Hand these orders in, in this order, at the beginning of an auction, and go to where they open."""
    begins = max(bench.tip.time, at(auction, COMMITS))
    for place, (member, order) in enumerate(orders):
        bench.time = begins
        seal = commitment(bench, market, (auction, place), member, order)
        bench.ok(member, "operator", Commit(market, member, auction, seal))
    bench.time = at(auction, REVEALS)


def reveal(market: bytes, member: str, order: Order, place: int, auction: int = 0) -> Reveal:
    """The message that opens an order."""
    return Reveal(market, auction, place, salt_of(member, place), order)


def revealed(bench: Bench, market: bytes, orders: Orders, auction: int = 0) -> None:
    """Hand these orders in and open them, and go to where the auction is cleared."""
    committed(bench, market, orders, auction)
    for place, (member, order) in enumerate(orders):
        bench.ok(member, "operator", reveal(market, member, order, place, auction))
        bench.time = at(auction, REVEALS)
    bench.time = at(auction, CLEARS)


def clear(bench: Bench, market: bytes, auction: int = 0) -> Clear:
    """The message that clears an auction."""
    return Clear(market, auction, bench.query("market.margin", market=market, auction=auction).margin)


def cleared(bench: Bench, market: bytes, orders: Orders, auction: int = 0) -> None:
    """Bring an auction of these orders to where it settles."""
    revealed(bench, market, orders, auction)
    bench.ok("west", "operator", clear(bench, market, auction))
    bench.time = at(auction, CLEARS + 3_000)


def settled(bench: Bench, market: bytes, orders: Orders, auction: int = 0) -> None:
    """Bring an auction of these orders to its end."""
    cleared(bench, market, orders, auction)
    bench.ok("west", "operator", Settle(market, auction, 100))


CROSSING: Orders = (("east", buy(104)), ("south", sell(96, 6)), ("west", sell(98, 7)))


def unit_of(bench: Bench, code: str) -> bytes:
    """The id of a unit that north made."""
    return bytes(bench.query("bank.by_code", issuer="north", code=code).unit.id)
