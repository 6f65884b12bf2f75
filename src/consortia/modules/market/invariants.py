"""What holds after every block."""

from collections import defaultdict

from consortia.kernel.context import Context
from consortia.kernel.module import Invariant
from consortia.modules.market import rules
from consortia.modules.market.meter_rules import counts
from consortia.modules.market.ports import Ports
from consortia.modules.market.state import (
    ACCOUNTS,
    AUCTIONS,
    ENTRIES,
    LEVELS,
    MARKETS,
    METERS,
    PROMISES,
    SIDES,
    TRADERS,
)


def custody(ctx: Context, ports: Ports) -> str | None:
    """The units that members have in a market, and those due to orders, are what its account holds."""
    base, quote = defaultdict[bytes, int](int), defaultdict[bytes, int](int)
    for key, held in ACCOUNTS.scan(ctx):
        base[bytes(key[0])] += held.base  # type: ignore[arg-type]
        quote[bytes(key[0])] += held.quote  # type: ignore[arg-type]
    for key, auction in AUCTIONS.scan(ctx):
        base[bytes(key[0])] += auction.base_due  # type: ignore[arg-type]
        quote[bytes(key[0])] += auction.quote_due  # type: ignore[arg-type]
        if auction.settled in (0, auction.commits) and (auction.base_due or auction.quote_due):
            return f"auction {key[1]!r} does not add up"
    for _, market in MARKETS.scan(ctx):
        for unit, total in ((market.terms.base, base[market.id]), (market.terms.quote, quote[market.id])):
            if ports.cash.held(ctx, market.id, unit) != total:
                return f"market {market.name} holds other units than its members have in it"
    return None


def holds(ctx: Context, ports: Ports) -> str | None:
    """What is held of an account is what its unsettled orders hold, and never more than is there."""
    base, quote = defaultdict[tuple[bytes, str], int](int), defaultdict[tuple[bytes, str], int](int)
    for key, entry in ENTRIES.scan(ctx):
        identity = bytes(key[0])  # type: ignore[arg-type]
        market = MARKETS.get(ctx, identity)
        if market is None:
            return "an order without a market"
        owner = (identity, entry.account)
        quote[owner] += market.terms.deposit
        if entry.order is not None:
            side = quote if entry.order.side == "buy" else base
            side[owner] += rules.cost(market.terms, entry.order)
    for key, held in ACCOUNTS.scan(ctx):
        owner = (bytes(key[0]), str(key[1]))  # type: ignore[arg-type]
        if (held.base_held, held.quote_held) != (base.pop(owner, 0), quote.pop(owner, 0)):
            return f"{owner[1]} holds other amounts than its orders ask for"
        if held.base_held > held.base or held.quote_held > held.quote:
            return f"{owner[1]} holds more than it has"
    return "orders of a member without an account" if any(base.values()) or any(quote.values()) else None


def books(ctx: Context, ports: Ports) -> str | None:
    """Every auction has the orders that its counts say, and levels that are their sums."""
    wanted = defaultdict[tuple[bytes, int, int, int], int](int)
    entries, opened = defaultdict[tuple[bytes, int], int](int), defaultdict[tuple[bytes, int], int](int)
    for key, entry in ENTRIES.scan(ctx):
        where = (bytes(key[0]), int(key[1]))  # type: ignore[arg-type]
        entries[where] += 1
        if entry.order is not None:
            opened[where] += 1
            wanted[(*where, SIDES[entry.order.side], entry.order.limit)] += entry.order.quantity
    for key, auction in AUCTIONS.scan(ctx):
        where = (bytes(key[0]), int(key[1]))  # type: ignore[arg-type]
        left = (auction.commits - auction.settled, auction.reveals - auction.opened)
        if (entries.pop(where, 0), opened.pop(where, 0)) != left:
            return f"auction {where[1]} has other orders than it counts"
        if auction.settled:
            wanted = defaultdict(int, {at: each for at, each in wanted.items() if at[:2] != where})
    if entries:
        return "orders without an auction"
    for key, level in LEVELS.scan(ctx):
        auction_of = AUCTIONS.get(ctx, *key[:2])
        settled = auction_of is not None and auction_of.settled > 0
        if not settled and wanted.pop(tuple(key), 0) != level.quantity:  # type: ignore[arg-type]
            return f"a level of auction {key[1]!r} is not the sum of its orders"
    return "orders at no level" if any(wanted.values()) else None


def keys(ctx: Context, ports: Ports) -> str | None:
    """What a member's keys have open is what its accounts have open."""
    open_by = defaultdict[tuple[bytes, str], list[int]](lambda: [0, 0])
    for key, done in TRADERS.scan(ctx):
        sums = open_by[(bytes(key[0]), done.member)]  # type: ignore[arg-type]
        sums[0] += done.buying
        sums[1] += done.selling
    accounts = defaultdict[tuple[bytes, str], list[int]](lambda: [0, 0])
    for key, held in ACCOUNTS.scan(ctx):
        sums = accounts[bytes(key[0]), str(key[1]).partition("/")[0]]  # type: ignore[arg-type]
        sums[0] += held.buying
        sums[1] += held.selling
    apart = [owner for owner in sorted({*open_by, *accounts}) if open_by[owner] != accounts[owner]]
    return f"{apart[0][1]} has other orders open than its keys" if apart else None


def meters(ctx: Context, ports: Ports) -> str | None:
    """What was promised and is not metered is of accounts whose meter counts for it and lets it through."""
    for key, _ in METERS.scan(ctx):
        market = MARKETS.get(ctx, key[0])
        if market is None or market.metering is None or key[1] == market.metering.grid:
            return f"a meter of {key[1]!r} where there is none"
    for key, promise in PROMISES.scan(ctx):
        meter = METERS.get(ctx, *key[:2])
        number = int(key[2])
        if meter is None or not counts(meter, number) or not promise.units:
            return f"a promise of {key[1]!r} for auction {number} that no meter counts for"
        if abs(promise.units) > meter.capacity:
            return f"{key[1]!r} promised more than its meter lets through"
    return None


INVARIANTS = (
    Invariant("custody", custody),
    Invariant("holds", holds),
    Invariant("books", books),
    Invariant("keys", keys),
    Invariant("meters", meters),
)
