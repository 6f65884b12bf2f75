"""What of value moves, as a watcher sees it: payments, orders that were filled, readings that were billed."""

from collections.abc import Mapping
from statistics import median_low
from typing import Any

from consortia.base.times import DAY
from consortia.engines.watch.events import VALUE_MAX
from consortia.workers.seen import NEVER_MINUTES, Look, Seen, faded, minutes, short

PARTNERS_MAX = 8
"""With so many others an account's trades are remembered."""

_IN = (
    *(("bank.issued", "account"), ("bank.transferred", "payee"), ("bank.released", "payee")),
    *(("bank.refunded", "payer"), ("bank.paid_out", "member")),
)


def payments(seen: Seen) -> None:
    """A payment: its amount, its share of what came in that day, and for how long that had rested."""
    paid = [(b["payer"], b["payee"], b) for b in seen.told("bank.transferred")]
    paid += [(b["payer"], b["payee"] or short(b["escrow"]), b) for b in seen.told("bank.escrow_opened")]
    for payer, payee, body in paid:
        last, came = seen.tables.find("income", _purse(payer, body)) or [0, 0]
        came = faded(came, seen.time - last, DAY)
        passed = min(1000, body["amount"] * 1000 // came) if came else 0
        rested = min(NEVER_MINUTES, minutes(last, seen.time)) if came else NEVER_MINUTES
        seen.add("transfer", payer, payee, body["amount"], passed, rested)
    for name, whose in _IN:
        for body in seen.told(name):
            _came_in(seen, body[whose], body)


def _purse(account: str, body: dict[str, Any]) -> str:
    return f"{account} {short(body['unit'])}"


def _came_in(seen: Seen, account: str, body: dict[str, Any]) -> None:
    member = account.partition("/")[0]
    for table, key, window in (("income", _purse(account, body), DAY), ("received", member, 2 * DAY)):
        row = seen.tables.row(table, key, seen.time, 0)
        row[1] = min(VALUE_MAX, faded(row[1], seen.time - row[0], window) + body["amount"])
        row[0] = seen.time


def orders(seen: Seen) -> None:
    """An account's fills in an auction: size, share with one other, minutes held, distance from the price."""
    tables = seen.tables
    for body in seen.told("market.committed"):
        tables.put("sealed", _book(body), body["account"])
    for call in seen.transaction.calls if seen.told("market.revealed") else ():
        sealed = tables.drop("sealed", _book(call.args)) if call.method == "market.reveal" else None
        if sealed:
            order: Any = call.args["order"]
            tables.put(
                "limits", f"{short(call.args['market'])} {call.args['auction']} {sealed[0]}", order["limit"]
            )
    for body in seen.told("market.cleared"):
        if body["price"] is not None:
            tables.put("deal", f"{short(body['market'])} {body['auction']}", body["price"])
    for body in seen.told("market.traded"):
        market, account = short(body["market"]), body["account"]
        deal = tables.row("deal", f"{market} {body['auction']}", 0)
        deal += [account, body["bought"], body["sold"]]
    for body in seen.told("market.settled"):
        key = f"{short(body['market'])} {body['auction']}"
        done = tables.drop("deal", key) if body["done"] else None
        if done:
            _filled(seen, short(body["market"]), key, done)


def _book(args: Mapping[str, Any]) -> str:
    return f"{short(args['market'])} {args['auction']} {args['place']}"


def _filled(seen: Seen, market: str, key: str, deal: list[Any]) -> None:
    """All fills of an auction that is settled: who took the other side is known pro rata."""
    price, fills = deal[0], list(zip(deal[1::3], deal[2::3], deal[3::3], strict=True))
    volume = max(1, sum(bought for _, bought, _ in fills))
    for account, bought, sold in fills:
        held = seen.tables.row("held", f"{market} {account}", seen.time, 0)
        side = 1 if bought >= sold else -1
        rested = minutes(held[0], seen.time) if side != held[1] else 0
        if side != held[1]:
            held[:] = [seen.time, side]
        partners = _partners(seen, f"{market} {account}")
        for other, taken, given in fills:
            if other != account:
                met = (bought * given + sold * taken) // volume
                partners[other] = partners.get(other, 0) + met
        whole = sum(partners.values())
        mutual = 1000 * max(partners.values(), default=0) // whole if whole else 0
        most = sorted(partners.items(), key=lambda pair: (-pair[1], pair[0]))[:PARTNERS_MAX]
        row = [part for name, amount in most for part in (name, min(VALUE_MAX, amount))]
        seen.tables.put("partners", f"{market} {account}", seen.time, *row)
        (limit,) = seen.tables.drop("limits", f"{key} {account}") or [price]
        offset = abs(limit - price) * 1000 // price if price else 0
        seen.add("order", account, market, bought + sold, mutual, rested, offset)


def _partners(seen: Seen, key: str) -> dict[str, int]:
    """With whom an account traded of late, and how much; what is older fades within ten days."""
    last, *row = seen.tables.find("partners", key) or [seen.time]
    return {
        name: faded(amount, seen.time - last, 10 * DAY)
        for name, amount in zip(row[::2], row[1::2], strict=True)
    }


def readings(seen: Seen) -> None:
    """What meters showed for an auction: how far from the others' middle, and from the reading before."""
    billed = [body for body in seen.told("market.billed") if not body["missing"]]
    for body in billed:
        same = [b for b in billed if (b["market"], b["auction"]) == (body["market"], body["auction"])]
        others = [b["drawn"] for b in same if b["account"] != body["account"]]
        middle = median_low(others) if others else body["drawn"]
        meter = f"{short(body['market'])} {body['account']}"
        (before,) = seen.tables.find("drawn", meter) or [body["drawn"]]
        seen.tables.put("drawn", meter, body["drawn"])
        values = (_permille(body["drawn"], middle), _permille(body["drawn"], before))
        seen.add("reading", body["account"], short(body["market"]), *values)


def _permille(value: int, beside: int) -> int:
    return (value - beside) * 1000 // max(1, abs(beside))


MONEY: tuple[Look, ...] = (payments, orders, readings)
"""What is looked for beside what is no money."""
