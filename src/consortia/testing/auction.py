"""The call auction by trying every price and every unit: slow, plain, the oracle of `exact.auction`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Order:
    """A limit order: `side` 1 to buy or -1 to sell."""

    side: int
    limit: int
    quantity: int


def price_of(orders: list[Order], reference: int) -> int | None:
    """The price with the most volume, then the least imbalance, then the nearest to the reference.

    Of two prices as near the lower would win; as the best prices are neighbours, that does not happen.
    """
    best: tuple[int, int, int, int] | None = None
    limits = [order.limit for order in orders]
    for price in range(min(limits, default=1), max(limits, default=0) + 1):
        demand, supply = at(orders, 1, price), at(orders, -1, price)
        rank = (-min(demand, supply), abs(demand - supply), abs(price - reference), price)
        if min(demand, supply) and (best is None or rank < best):
            best = rank
    return None if best is None else best[3]


def at(orders: list[Order], side: int, price: int) -> int:
    """What a side wants at a price."""
    return sum(order.quantity for order in orders if order.side == side and trades(order, price))


def trades(order: Order, price: int) -> bool:
    """Whether the order is content with the price."""
    return order.limit >= price if order.side == 1 else order.limit <= price


def fills_of(orders: list[Order], price: int | None) -> list[int]:
    """What each order trades at the price: better limits first, the margin in proportion, unit by unit."""
    filled = [0] * len(orders)
    if price is None:
        return filled
    volume = min(at(orders, 1, price), at(orders, -1, price))
    for side in (1, -1):
        left = volume
        ready = [i for i, order in enumerate(orders) if order.side == side and trades(order, price)]
        for limit in sorted({orders[i].limit for i in ready}, reverse=side == 1):
            level = [i for i in ready if orders[i].limit == limit]
            total = sum(orders[i].quantity for i in level)
            wanted = min(left, total)
            left -= wanted
            for i in level:
                filled[i] = wanted * orders[i].quantity // total
            rests = sorted(level, key=lambda i: (-(wanted * orders[i].quantity % total), i))
            for i in rests[: wanted - sum(filled[i] for i in level)]:
                filled[i] += 1
    return filled
