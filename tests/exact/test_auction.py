"""The call auction: one price, shared out exactly, as trying everything would."""

import random

import pytest

from consortia.exact.auction import BUY, SELL, WORD_MAX
from consortia.exact.book import ORDERS_MAX, AuctionError, Book, clear, fills
from consortia.testing.auction import Order, fills_of, price_of


def book_of(orders):
    return Book.of([o.side for o in orders], [o.limit for o in orders], [o.quantity for o in orders])


def random_book(rng):
    """1 to 40 orders; every other book has few prices and quantities, so that ties abound."""
    tied = rng.random() < 0.5
    prices, quantities = (4, 3) if tied else (60, 50)
    return [
        Order(rng.choice((BUY, SELL)), rng.randint(1, prices), rng.randint(1, quantities))
        for _ in range(rng.randint(1, 40))
    ]


def test_random_books_clear_as_trying_every_price_and_unit_does(programme):
    rng = random.Random(5)
    for _ in range(programme(quick=300, test=3000, nightly=100_000)):
        orders = random_book(rng)
        reference = rng.randint(1, 70)
        book = book_of(orders)
        clearing = clear(book, reference)
        assert clearing.price == price_of(orders, reference)
        assert fills(book, clearing).tolist() == fills_of(orders, clearing.price)


def test_one_order_is_filled_as_the_whole_book_says():
    rng = random.Random(6)
    for _ in range(200):
        orders = random_book(rng)
        book = book_of(orders)
        clearing = clear(book, 10)
        alone = [clearing.filled(o.side, o.limit, o.quantity, place) for place, o in enumerate(orders)]
        assert alone == fills(book, clearing).tolist()


def test_nobody_trades_at_a_price_it_did_not_accept_and_both_sides_trade_the_same():
    rng = random.Random(7)
    for _ in range(300):
        orders = random_book(rng)
        book = book_of(orders)
        clearing = clear(book, 30)
        filled = fills(book, clearing).tolist()
        pairs = list(zip(orders, filled, strict=True))
        assert sum(f for o, f in pairs if o.side == BUY) == sum(f for o, f in pairs if o.side == SELL)
        assert sum(filled) == 2 * clearing.volume
        for order, got in pairs:
            assert 0 <= got <= order.quantity
            assert got == 0 or order.side * (order.limit - clearing.price) >= 0


def test_the_price_is_the_nearest_to_the_reference_among_the_best():
    orders = [Order(BUY, 20, 5), Order(SELL, 10, 5)]
    assert [clear(book_of(orders), reference).price for reference in (1, 10, 15, 20, 99)] == [
        10,
        10,
        15,
        20,
        20,
    ]


def test_of_two_prices_with_equal_volume_the_one_with_less_left_over_wins():
    orders = [Order(BUY, 12, 6), Order(BUY, 11, 1), Order(SELL, 10, 5)]
    clearing = clear(book_of(orders), 1)
    assert (clearing.price, clearing.volume, clearing.demand, clearing.supply) == (12, 5, 6, 5)


def test_a_better_limit_trades_in_full_and_the_margin_in_proportion():
    orders = [Order(BUY, 9, 4), Order(BUY, 8, 30), Order(BUY, 8, 10), Order(SELL, 7, 24)]
    clearing = clear(book_of(orders), 8)
    assert clearing.price == 8
    assert fills(book_of(orders), clearing).tolist() == [4, 15, 5, 24]


def test_a_last_unit_goes_to_the_largest_remainder_and_then_to_who_came_first():
    orders = [Order(SELL, 5, 1), Order(SELL, 5, 1), Order(SELL, 5, 1), Order(BUY, 5, 2)]
    assert fills(book_of(orders), clear(book_of(orders), 5)).tolist() == [1, 1, 0, 2]
    orders = [Order(SELL, 5, 1), Order(SELL, 5, 3), Order(BUY, 5, 2)]
    assert fills(book_of(orders), clear(book_of(orders), 5)).tolist() == [1, 1, 2]


def test_a_book_without_a_crossing_has_no_price():
    for orders in ([], [Order(BUY, 5, 5)], [Order(SELL, 5, 5)], [Order(BUY, 4, 5), Order(SELL, 5, 5)]):
        clearing = clear(book_of(orders), 5)
        assert (clearing.price, clearing.volume) == (None, 0)
        assert not fills(book_of(orders), clearing).any()
        assert clearing.filled(BUY, 5, 5, 0) == 0


def test_the_largest_numbers_do_not_overflow():
    orders = [Order(BUY, WORD_MAX, WORD_MAX)] * 7 + [Order(SELL, 1, WORD_MAX)] * 5
    clearing = clear(book_of(orders), 3)
    assert clearing.volume == 5 * WORD_MAX
    assert fills(book_of(orders), clearing).tolist() == fills_of_wide(orders)


def fills_of_wide(orders):
    """Seven equal buyers share what five sellers have."""
    bought = [5 * WORD_MAX // 7] * 7
    for i in range(5 * WORD_MAX - sum(bought)):
        bought[i] += 1
    return bought + [WORD_MAX] * 5


@pytest.mark.parametrize(
    ("sides", "limits", "quantities"),
    [
        ([1], [1], []),
        ([0], [1], [1]),
        ([1], [0], [1]),
        ([1], [1], [0]),
        ([1], [WORD_MAX + 1], [1]),
        ([1], [1], [WORD_MAX + 1]),
        ([1], [1 << 80], [1]),
        ([-1], [-5], [1]),
    ],
)
def test_what_is_no_book_is_refused(sides, limits, quantities):
    with pytest.raises(AuctionError):
        Book.of(sides, limits, quantities)


def test_a_book_has_a_limit():
    size = ORDERS_MAX + 1
    with pytest.raises(AuctionError):
        Book.of([1] * size, [1] * size, [1] * size)
