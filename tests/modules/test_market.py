"""What was tried against markets, and is refused or worth nothing."""

import pytest
from msgspec.structs import replace

from consortia.modules.bank.messages import NewUnit
from consortia.modules.identity.mandate_types import Cap
from consortia.modules.market.messages import (
    Cancel,
    Commit,
    Fund,
    Limit,
    Open,
    Restart,
    Reveal,
    Settle,
    Stop,
)
from consortia.modules.market.state import order_start, sealed
from consortia.modules.market.types import Limits, Sealing
from consortia.modules.predictions.messages import Act
from consortia.testing.machine import Bench
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.bank_parts import made
from consortia.testing.scenarios.mandates_parts import account as accounted
from consortia.testing.scenarios.mandates_parts import agent, mandate
from consortia.testing.scenarios.market_parts import (
    CLEARS,
    COMMITS,
    REVEALS,
    at,
    buy,
    clear,
    cleared,
    commitment,
    committed,
    opened,
    reveal,
    sell,
    settled,
    terms,
    unit_of,
)

WIDE = Limits(order_max=100, position_max=500, loss_max=50_000, commits_max=20)


@pytest.fixture
def bench():
    return Bench(4)


def quote(bench, market, owner):
    return bench.query("market.statement", market=market, account=owner).statement.account.quote


def test_whoever_leaves_an_order_sealed_gets_nothing_of_what_it_forfeits(bench):
    market = opened(bench, orders_max=64, limits=WIDE)
    orders = (*(("east", buy(100, 1)),) * 9, ("south", sell(104, 1)))
    committed(bench, market, orders)
    before = {name: quote(bench, market, name) for name in ("east", "south")}
    for place in (*range(8), 9):
        name, order = orders[place]
        bench.ok(name, "operator", reveal(market, name, order, place))
        bench.time = at(0, REVEALS)
    bench.time = at(0, CLEARS)
    bench.ok("west", "operator", clear(bench, market))
    bench.time = at(0, CLEARS + 2_000)
    bench.ok("west", "operator", Settle(market, 0, 100))
    assert quote(bench, market, "east") == before["east"] - 4_000
    assert quote(bench, market, "south") == before["south"] + 4_000


def test_a_book_is_not_filled_with_orders_that_are_taken_back_for_nothing(bench):
    """East has the deposits of 25 orders: it takes 25 places at most, and they are free after the auction."""
    market = opened(bench, orders_max=64, limits=replace(WIDE, commits_max=60))
    start = bench.time
    for place in range(25):
        bench.time = start
        bench.ok("east", "operator", Commit(market, "east", 0, digest(f"{place}")))
        bench.time = start
        bench.ok("east", "operator", Cancel(market, 0, place))
    bench.time = start
    assert bench.run("east", "operator", Commit(market, "east", 0, digest("more"))).code == "market.no_funds"
    bench.ok("south", "operator", Commit(market, "south", 0, digest("room for others")))
    bench.time = at(0, CLEARS)
    bench.ok("west", "operator", clear(bench, market))
    bench.time = at(0, CLEARS + 2_000)
    bench.ok("west", "operator", Settle(market, 0, 100))
    held = bench.query("market.statement", market=market, account="east").statement.account
    assert (held.quote, held.quote_held) == (100_000, 0)


def test_the_operator_cannot_make_a_sealed_order_one_that_may_not_be_opened(bench):
    market = opened(bench)
    committed(bench, market, (("east", buy(100)),))
    bench.time = bench.tip.time
    bench.ok("north", "operator", Limit(market, "east", Limits(1, 1, 0, 1)))
    bench.time = at(0, REVEALS)
    bench.ok("east", "operator", reveal(market, "east", buy(100), 0))
    bench.time = at(1, COMMITS)
    bench.ok("east", "operator", Commit(market, "east", 1, digest("one")))
    assert bench.run("east", "operator", Commit(market, "east", 1, digest("two"))).code == "market.too_many"


def test_a_loss_stops_what_is_handed_in_and_not_what_is_opened(bench):
    """East's loss comes to its limit while an order of the next auction lies there sealed."""
    market = opened(bench)
    bench.ok("north", "operator", Limit(market, "east", Limits(100, 500, 100, 4)))
    cleared(bench, market, (("east", buy(80, 1)), ("south", sell(80, 1))), 1)
    bench.time = at(2, COMMITS)
    key = bench.key("east", "operator").key_id
    order, salt = sell(80, 1), digest("salt of the next")
    seal = sealed(Sealing(bench.network, market, 2, key, salt, order))
    bench.ok("east", "operator", Commit(market, "east", 2, seal))
    bench.ok("west", "operator", Settle(market, 1, 100))
    assert bench.query("market.statement", market=market, account="east").statement.account.lost is not None
    assert bench.run("east", "operator", Commit(market, "east", 2, digest("more"))).code == "market.stopped"
    bench.time = at(2, REVEALS)
    bench.ok("east", "operator", Reveal(market, 2, 0, salt, order))
    bench.ok("east", "operator", Restart(market, "east"))
    bench.time = at(3, COMMITS)
    bench.ok("east", "operator", Commit(market, "east", 3, digest("again")))


def test_what_is_worth_more_than_a_record_holds_is_stopped_and_started_all_the_same(bench):
    base = made(bench, NewUnit("share", "share", 0, "fixed", None, (1 << 63) - 1))
    cash = made(bench, NewUnit("cash", "cash", 0, "fixed", None, 5))
    bench.ok("north", "operator", Open("harbour", "Shares", terms(base, cash), 100))
    market = bytes(bench.query("market.by_name", name="harbour").market.id)
    bench.ok("north", "operator", Fund(market, "north", base, (1 << 63) - 1))
    bench.ok("north", "operator", Stop(market, "north"))
    bench.ok("north", "operator", Restart(market, "north"))
    assert bench.query("market.statement", market=market, account="north").statement.worth == (1 << 63) - 1


def test_a_sealed_order_that_looks_like_one_at_the_margin_is_not_named(bench):
    market = opened(bench)
    start = order_start("buy", 104)
    bench.ok("north", "operator", Commit(market, "north", 0, start.ljust(32, b"\x00")))
    for place, (name, order) in enumerate((("east", buy(104)), ("south", sell(96, 6))), 1):
        bench.time = at(0, COMMITS) + 2_000
        seal = commitment(bench, market, (0, place), name, order)
        bench.ok(name, "operator", Commit(market, name, 0, seal))
    bench.time = at(0, REVEALS)
    bench.ok("east", "operator", reveal(market, "east", buy(104), 1))
    bench.ok("south", "operator", reveal(market, "south", sell(96, 6), 2))
    bench.time = at(0, CLEARS)
    assert clear(bench, market).margin == bytes([0b0100_0000])
    bench.ok("west", "operator", clear(bench, market))


def test_an_auction_settles_order_by_order_and_tells_of_each_account_once(bench):
    market = opened(bench)
    orders = (("east", buy(104)), ("south", sell(96, 6)), ("west", sell(98, 7)))
    cleared(bench, market, orders)
    told = [bench.ok("north", "operator", Settle(market, 0, 1)).events for _ in orders]
    traded = [[e.body["account"] for e in events if e.name == "market.traded"] for events in told]
    assert traded == [["east"], ["south"], ["west"]]


def test_a_price_is_a_multiple_of_the_tick(bench):
    market = opened(bench)
    orders = (("east", buy(104, 5)), ("west", buy(102, 2)), ("south", sell(96, 5)), ("north", sell(106, 2)))
    settled(bench, market, orders)
    price = bench.query("market.auction", market=market, auction=0).auction.outcome.price
    assert price % 2 == 0
    assert price == 104


def test_an_agent_puts_down_no_deposit_that_its_mandate_does_not_bear(bench):
    market = opened(bench)
    cash = unit_of(bench, "cash")
    mandate(bench, "east", "clerk", methods=("market.commit",), caps=(Cap(cash, 4_000, 8_000),))
    bench.time = max(bench.tip.time, at(0, COMMITS))
    key = agent("east", "clerk")
    codes = []
    for number in range(3):
        act = Act(accounted(f"act {number}"))
        (receipt,) = bench.block(bench.sign_with(key, act, Commit(market, "east", 0, digest(f"{number}"))))
        codes.append(receipt.code)
        bench.time = bench.tip.time
    assert codes == ["ok", "ok", "identity.over_window_cap"]
