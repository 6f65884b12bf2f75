# Long because each refusal has a scenario of its own
"""What is done to markets, and refused."""

from consortia.modules.market.messages import (
    Annul,
    Cancel,
    Clear,
    Commit,
    Fund,
    Halt,
    Limit,
    LimitKey,
    Open,
    Restart,
    Resume,
    Settle,
    Stop,
    StopKey,
    Take,
)
from consortia.modules.market.types import Limits, Order
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.bank_parts import made
from consortia.testing.scenarios.market_parts import (
    CLEARS,
    COMMITS,
    CROSSING,
    LIMITS,
    PERIOD,
    REVEALS,
    at,
    buy,
    cleared,
    commitment,
    committed,
    opened,
    reveal,
    revealed,
    sell,
    settled,
    terms,
    unit,
    unit_of,
    units,
)


def _name_taken(bench: Bench) -> Step:
    opened(bench)
    shares, cash = unit_of(bench, "share"), unit_of(bench, "cash")
    return step("east", "operator", Open("harbour", "Another", terms(shares, cash), 100))


def _no_unit(bench: Bench) -> Step:
    base, _ = units(bench)
    return step("north", "operator", Open("harbour", "Shares", terms(base, digest("no unit")), 100))


def _third_unit(bench: Bench) -> Step:
    market = opened(bench)
    return step("north", "operator", Fund(market, "north", made(bench, unit("other", 500)), 5))


def _take_a_third_unit(bench: Bench) -> Step:
    return step("north", "operator", Take(opened(bench), "north", digest("no unit"), 5))


def _thin_deposit(bench: Bench) -> Step:
    return step("north", "operator", Open("harbour", "Shares", terms(*units(bench), deposit=3_999), 100))


def _one_unit_twice(bench: Bench) -> Step:
    base, _ = units(bench)
    return step("north", "operator", Open("harbour", "Shares", terms(base, base), 100))


def _phases_too_long(bench: Bench) -> Step:
    longer = terms(*units(bench), commit_ms=PERIOD)
    return step("north", "operator", Open("harbour", "Shares", longer, 100))


def _reference_off_tick(bench: Bench) -> Step:
    return step("north", "operator", Open("harbour", "Shares", terms(*units(bench)), 101))


def _limit_above_the_deposit(bench: Bench) -> Step:
    market = opened(bench)
    return step("north", "admin", Limit(market, "east", Limits(101, 500, 5, 4)))


def _no_market(bench: Bench) -> Step:
    return step("north", "operator", Fund(digest("no market"), "north", digest("no unit"), 5))


def _halt_by_another(bench: Bench) -> Step:
    return step("east", "operator", Halt(opened(bench)))


def _annul_by_another(bench: Bench) -> Step:
    market = opened(bench)
    cleared(bench, market, CROSSING)
    return step("east", "operator", Annul(market, 0, "I lost"))


def _halted(bench: Bench) -> Step:
    market = opened(bench)
    bench.ok("north", "operator", Halt(market))
    bench.time = max(bench.tip.time, at(0, COMMITS))
    return step("east", "operator", Commit(market, "east", 0, digest("sealed")))


def _reveal_halted(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING)
    bench.ok("north", "operator", Halt(market))
    return step("east", "operator", reveal(market, "east", CROSSING[0][1], 0))


def _halt_twice(bench: Bench) -> Step:
    market = opened(bench)
    bench.ok("north", "operator", Halt(market))
    return step("north", "operator", Halt(market))


def _not_halted(bench: Bench) -> Step:
    return step("north", "operator", Resume(opened(bench)))


def _no_auction(bench: Bench) -> Step:
    market = opened(bench)
    bench.time = at(0, CLEARS)
    return step("west", "operator", Clear(market, 0, b""))


def _commit_early(bench: Bench) -> Step:
    return step("east", "operator", Commit(opened(bench), "east", 1, digest("sealed")))


def _commit_late(bench: Bench) -> Step:
    market = opened(bench)
    bench.time = at(0, REVEALS)
    return step("east", "operator", Commit(market, "east", 0, digest("sealed")))


def _cancel_late(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING)
    return step("east", "operator", Cancel(market, 0, 0))


def _open_what_was_taken_back(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING)
    bench.time = bench.tip.time
    bench.ok("east", "operator", Cancel(market, 0, 0))
    bench.time = at(0, REVEALS)
    return step("east", "operator", reveal(market, "east", CROSSING[0][1], 0))


def _reveal_early(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING)
    bench.time = at(0, REVEALS) - 1
    return step("east", "operator", reveal(market, "east", CROSSING[0][1], 0))


def _reveal_late(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING)
    bench.time = at(0, CLEARS)
    return step("east", "operator", reveal(market, "east", CROSSING[0][1], 0))


def _clear_early(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING)
    bench.time = at(0, CLEARS) - 1
    return step("west", "operator", Clear(market, 0, b""))


def _clear_twice(bench: Bench) -> Step:
    market = opened(bench)
    cleared(bench, market, CROSSING)
    return step("west", "operator", Clear(market, 0, b""))


def _settle_early(bench: Bench) -> Step:
    market = opened(bench)
    cleared(bench, market, CROSSING)
    bench.time = at(0, CLEARS + 1_999)
    return step("west", "operator", Settle(market, 0, 100))


def _settle_uncleared(bench: Bench) -> Step:
    market = opened(bench)
    revealed(bench, market, CROSSING)
    return step("west", "operator", Settle(market, 0, 100))


def _settle_twice(bench: Bench) -> Step:
    market = opened(bench)
    settled(bench, market, CROSSING)
    return step("west", "operator", Settle(market, 0, 100))


def _annul_early(bench: Bench) -> Step:
    market = opened(bench)
    revealed(bench, market, CROSSING)
    return step("north", "operator", Annul(market, 0, "too soon"))


def _annul_what_settles(bench: Bench) -> Step:
    market = opened(bench)
    cleared(bench, market, CROSSING)
    bench.ok("west", "operator", Settle(market, 0, 1))
    return step("north", "operator", Annul(market, 0, "too late"))


def _stopped_member(bench: Bench) -> Step:
    market = opened(bench)
    bench.ok("east", "operator", Stop(market, "east"))
    bench.time = max(bench.tip.time, at(0, COMMITS))
    return step("east", "operator", Commit(market, "east", 0, digest("sealed")))


def _stopped_key(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING)
    bench.ok("east", "approver", StopKey(market, bench.key("east", "operator").key_id))
    return step("east", "operator", reveal(market, "east", CROSSING[0][1], 0))


def _stop_twice(bench: Bench) -> Step:
    market = opened(bench)
    bench.ok("east", "operator", Stop(market, "east"))
    return step("east", "operator", Stop(market, "east"))


def _not_stopped(bench: Bench) -> Step:
    return step("east", "operator", Restart(opened(bench), "east"))


def _key_of_another(bench: Bench) -> Step:
    return step("east", "operator", StopKey(opened(bench), bench.key("south", "operator").key_id))


def _no_member(bench: Bench) -> Step:
    return step("north", "admin", Limit(opened(bench), "nobody", LIMITS))


def _no_place(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING)
    return step("east", "operator", reveal(market, "east", CROSSING[0][1], 3))


def _order_of_another(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING)
    return step("west", "operator", reveal(market, "east", CROSSING[0][1], 0))


def _reveal_twice(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING)
    bench.ok("east", "operator", reveal(market, "east", CROSSING[0][1], 0))
    return step("east", "operator", reveal(market, "east", CROSSING[0][1], 0))


def _other_order(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING)
    return step("east", "operator", reveal(market, "east", buy(106), 0))


def _copied_commitment(bench: Bench) -> Step:
    """West hands in what east sealed, and cannot open it."""
    market = opened(bench)
    order = buy(104)
    seal = commitment(bench, market, (0, 0), "east", order)
    bench.ok("west", "operator", Commit(market, "west", 0, seal))
    bench.time = at(0, REVEALS)
    return step("west", "operator", reveal(market, "east", order, 0))


def _book_full(bench: Bench) -> Step:
    market = opened(bench, orders_max=2)
    committed(bench, market, CROSSING[:2])
    bench.time = max(bench.tip.time, at(0, COMMITS))
    return step("west", "operator", Commit(market, "west", 0, digest("sealed")))


def _too_many_by_a_key(bench: Bench) -> Step:
    market = opened(bench)
    bench.ok("east", "admin", LimitKey(market, bench.key("east", "operator").key_id, Limits(9, 9, 9, 1)))
    committed(bench, market, CROSSING[:1])
    bench.time = max(bench.tip.time, at(0, COMMITS))
    return step("east", "operator", Commit(market, "east", 0, digest("sealed")))


def _too_many_by_a_member(bench: Bench) -> Step:
    market = opened(bench)
    bench.ok("north", "admin", Limit(market, "east", Limits(9, 9, 9, 1)))
    committed(bench, market, CROSSING[:1], 1)
    bench.time = at(1, COMMITS)
    return step("east", "worker", Commit(market, "east", 1, digest("sealed")))


def _alone(bench: Bench, order: Order, **fields: object) -> Step:
    """East's only order, about to be opened."""
    market = opened(bench, **fields)
    committed(bench, market, (("east", order),))
    return step("east", "operator", reveal(market, "east", order, 0))


def _off_tick(bench: Bench) -> Step:
    return _alone(bench, buy(101))


def _outside_collar(bench: Bench) -> Step:
    return _alone(bench, buy(122))


def _too_large(bench: Bench) -> Step:
    return _alone(bench, buy(100, 101))


def _position(bench: Bench) -> Step:
    """East has 400 and may come to 500: a second order for 60 could make it 520."""
    market = opened(bench)
    orders = (("east", buy(100, 60)), ("east", buy(100, 60)))
    committed(bench, market, orders)
    bench.ok("east", "operator", reveal(market, "east", orders[0][1], 0))
    return step("east", "operator", reveal(market, "east", orders[1][1], 1))


def _position_of_a_key(bench: Bench) -> Step:
    market = opened(bench)
    bench.ok("east", "admin", LimitKey(market, bench.key("east", "operator").key_id, Limits(100, 50, 9, 4)))
    orders = (("east", sell(100, 51)),)
    committed(bench, market, orders)
    return step("east", "operator", reveal(market, "east", orders[0][1], 0))


def _self_trade(bench: Bench) -> Step:
    market = opened(bench)
    orders = (("east", buy(100)), ("east", sell(100)))
    committed(bench, market, orders)
    bench.ok("east", "operator", reveal(market, "east", orders[0][1], 0))
    return step("east", "operator", reveal(market, "east", orders[1][1], 1))


def _self_trade_the_other_way(bench: Bench) -> Step:
    market = opened(bench)
    orders = (("east", sell(98)), ("east", buy(100)))
    committed(bench, market, orders)
    bench.ok("east", "operator", reveal(market, "east", orders[0][1], 0))
    return step("east", "operator", reveal(market, "east", orders[1][1], 1))


def _no_deposit(bench: Bench) -> Step:
    market = opened(bench)
    bench.ok("east", "operator", Take(market, "east", unit_of(bench, "cash"), 96_001))
    bench.time = max(bench.tip.time, at(0, COMMITS))
    return step("east", "operator", Commit(market, "east", 0, digest("sealed")))


def _no_cash(bench: Bench) -> Step:
    """East keeps its deposit and too little to buy ten at 100, the fee included."""
    market = opened(bench)
    bench.ok("east", "operator", Take(market, "east", unit_of(bench, "cash"), 95_000))
    committed(bench, market, (("east", buy(100)),))
    return step("east", "operator", reveal(market, "east", buy(100), 0))


def _no_shares(bench: Bench) -> Step:
    market = opened(bench)
    bench.ok("east", "operator", Take(market, "east", unit_of(bench, "share"), 391))
    committed(bench, market, (("east", sell(100)),))
    return step("east", "operator", reveal(market, "east", sell(100), 0))


def _take_what_is_held(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING[:1])
    return step("east", "operator", Take(market, "east", unit_of(bench, "cash"), 96_001))


def _margin_left_out(bench: Bench) -> Step:
    market = opened(bench)
    revealed(bench, market, CROSSING)
    return step("west", "operator", Clear(market, 0, b""))


def _margin_of_another_limit(bench: Bench) -> Step:
    market = opened(bench)
    revealed(bench, market, CROSSING)
    return step("west", "operator", Clear(market, 0, b"\x40"))


def _margin_of_nothing(bench: Bench) -> Step:
    market = opened(bench)
    revealed(bench, market, (("east", buy(104)), ("south", sell(96))))
    return step("west", "operator", Clear(market, 0, b"\x80"))


def _label(bench: Bench) -> Step:
    return step("east", "operator", Commit(opened(bench), "east/house-1", 0, digest("sealed")))


def _account_of_another(bench: Bench) -> Step:
    return step("east", "operator", Take(opened(bench), "south", unit_of(bench, "cash"), 5))


REFUSED = (
    Scenario("a market of a name that is taken", _name_taken, "market.name_taken"),
    Scenario("a market in a unit that does not exist", _no_unit, "market.unknown_unit"),
    Scenario("paying in a third unit", _third_unit, "market.unknown_unit"),
    Scenario("taking out a third unit", _take_a_third_unit, "market.unknown_unit"),
    Scenario("a deposit that an order left sealed could be worth", _thin_deposit, "market.bad_terms"),
    Scenario("a market of a unit for itself", _one_unit_twice, "market.bad_terms"),
    Scenario("phases longer than the period", _phases_too_long, "market.bad_terms"),
    Scenario("a reference price off the tick", _reference_off_tick, "market.bad_terms"),
    Scenario("orders larger than the deposit is for", _limit_above_the_deposit, "market.bad_terms"),
    Scenario("paying into no market", _no_market, "market.unknown_market"),
    Scenario("a halt by another", _halt_by_another, "market.not_operator"),
    Scenario("a correction by another", _annul_by_another, "market.not_operator"),
    Scenario("an order while the market is halted", _halted, "market.halted"),
    Scenario("opening an order while the market is halted", _reveal_halted, "market.halted"),
    Scenario("a halt twice", _halt_twice, "market.halted"),
    Scenario("going on without a halt", _not_halted, "market.not_halted"),
    Scenario("clearing where nothing was handed in", _no_auction, "market.unknown_auction"),
    Scenario("an order before its auction", _commit_early, "market.too_early"),
    Scenario("a late order", _commit_late, "market.too_late"),
    Scenario("an order taken back late", _cancel_late, "market.too_late"),
    Scenario("opening an order that was taken back", _open_what_was_taken_back, "market.gone"),
    Scenario("an order opened early", _reveal_early, "market.too_early"),
    Scenario("an order opened late", _reveal_late, "market.too_late"),
    Scenario("clearing early", _clear_early, "market.too_early"),
    Scenario("clearing twice", _clear_twice, "market.too_late"),
    Scenario("settling while a correction is possible", _settle_early, "market.too_early"),
    Scenario("settling before clearing", _settle_uncleared, "market.too_early"),
    Scenario("settling twice", _settle_twice, "market.too_late"),
    Scenario("a correction before there is a price", _annul_early, "market.too_early"),
    Scenario("a correction once orders settled", _annul_what_settles, "market.too_late"),
    Scenario("an order of a member that was stopped", _stopped_member, "market.stopped"),
    Scenario("an order opened by a key that was stopped", _stopped_key, "market.stopped"),
    Scenario("stopping twice", _stop_twice, "market.stopped"),
    Scenario("starting what runs", _not_stopped, "market.not_stopped"),
    Scenario("stopping a key of another", _key_of_another, "market.unknown_key"),
    Scenario("a labelled account where members have one each", _label, "market.wrong_account"),
    Scenario("taking from the account of another", _account_of_another, "market.wrong_account"),
    Scenario("limits of nobody", _no_member, "market.wrong_account"),
    Scenario("opening an order that was not handed in", _no_place, "market.unknown_place"),
    Scenario("opening an order of another", _order_of_another, "market.not_yours"),
    Scenario("opening an order twice", _reveal_twice, "market.already_open"),
    Scenario("opening another order than was handed in", _other_order, "market.wrong_commitment"),
    Scenario("opening a copied commitment", _copied_commitment, "market.wrong_commitment"),
    Scenario("an order to a full book", _book_full, "market.book_full"),
    Scenario("more orders than a key may hand in", _too_many_by_a_key, "market.too_many"),
    Scenario("more orders than a member may hand in", _too_many_by_a_member, "market.too_many"),
    Scenario("a limit off the tick", _off_tick, "market.off_tick"),
    Scenario("a limit outside the collar", _outside_collar, "market.outside_collar"),
    Scenario("an order that is too large", _too_large, "market.too_large"),
    Scenario("a position beyond a member's limits", _position, "market.position"),
    Scenario("a position beyond a key's limits", _position_of_a_key, "market.position"),
    Scenario("selling to oneself", _self_trade, "market.self_trade"),
    Scenario("buying from oneself", _self_trade_the_other_way, "market.self_trade"),
    Scenario("an order without its deposit", _no_deposit, "market.no_funds"),
    Scenario("buying without the cash", _no_cash, "market.no_funds"),
    Scenario("selling without the shares", _no_shares, "market.no_funds"),
    Scenario("taking out what is held", _take_what_is_held, "market.no_funds"),
    Scenario("clearing without the margin's orders", _margin_left_out, "market.wrong_margin"),
    Scenario("clearing with orders of another limit", _margin_of_another_limit, "market.wrong_margin"),
    Scenario("clearing with a margin where there is none", _margin_of_nothing, "market.wrong_margin"),
)
