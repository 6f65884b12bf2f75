"""What is done to markets, and what they answer."""

from consortia.modules.bank.messages import Transfer
from consortia.modules.market.messages import (
    Annul,
    Cancel,
    Commit,
    Fund,
    Halt,
    Limit,
    LimitKey,
    Open,
    Restart,
    RestartKey,
    Resume,
    Settle,
    Stop,
    StopKey,
    Take,
)
from consortia.modules.market.types import Limits
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.market_meters import METERED
from consortia.testing.scenarios.market_parts import (
    CLEARS,
    COMMITS,
    CROSSING,
    LIMITS,
    REVEALS,
    at,
    buy,
    clear,
    cleared,
    commitment,
    committed,
    opened,
    reveal,
    revealed,
    sell,
    settled,
    terms,
    unit_of,
    units,
)
from consortia.testing.scenarios.market_refused import REFUSED


def _open(bench: Bench) -> Step:
    return step("north", "operator", Open("harbour", "Shares", terms(*units(bench)), 100))


def _fund(bench: Bench) -> Step:
    market = opened(bench)
    return step("east", "operator", Fund(market, "east", unit_of(bench, "cash"), 500))


def _take(bench: Bench) -> Step:
    market = opened(bench)
    return step("east", "operator", Take(market, "east", unit_of(bench, "share"), 400))


def _commit(bench: Bench) -> Step:
    market = opened(bench)
    return step("east", "operator", Commit(market, "east", 0, digest("sealed")))


def _cancel(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING)
    bench.time = bench.tip.time
    return step("east", "operator", Cancel(market, 0, 0))


def _settle_after_a_cancel(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING)
    bench.time = bench.tip.time
    bench.ok("east", "operator", Cancel(market, 0, 0))
    bench.time = at(0, REVEALS)
    bench.ok("south", "operator", reveal(market, "south", CROSSING[1][1], 1))
    bench.time = at(0, CLEARS)
    bench.ok("west", "operator", clear(bench, market))
    bench.time = at(0, CLEARS + 2_000)
    return step("west", "operator", Settle(market, 0, 100))


def _reveal(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING)
    return step("east", "operator", reveal(market, "east", CROSSING[0][1], 0))


def _clear(bench: Bench) -> Step:
    market = opened(bench)
    revealed(bench, market, CROSSING)
    return step("west", "operator", clear(bench, market))


def _clear_without_a_margin(bench: Bench) -> Step:
    market = opened(bench)
    revealed(bench, market, (("east", buy(104)), ("south", sell(96))))
    return step("west", "operator", clear(bench, market))


def _clear_what_does_not_cross(bench: Bench) -> Step:
    market = opened(bench)
    revealed(bench, market, (("east", buy(90)), ("south", sell(96))))
    return step("west", "operator", clear(bench, market))


def _settle(bench: Bench) -> Step:
    market = opened(bench)
    cleared(bench, market, CROSSING)
    return step("north", "operator", Settle(market, 0, 2_000))


def _settle_a_part(bench: Bench) -> Step:
    market = opened(bench)
    cleared(bench, market, CROSSING)
    return step("north", "operator", Settle(market, 0, 2))


def _forfeit(bench: Bench) -> Step:
    """South leaves its order sealed and pays for it, to both who opened theirs."""
    market = opened(bench, orders_max=64, limits=Limits(100, 500, 50_000, 8), deposit=4_001)
    orders = (("east", buy(104)), ("west", sell(98)), *(("south", sell(96)),) * 8)
    committed(bench, market, orders)
    for place in (0, 1):
        bench.ok(orders[place][0], "operator", reveal(market, orders[place][0], orders[place][1], place))
    bench.time = at(0, CLEARS)
    bench.ok("west", "operator", clear(bench, market))
    bench.time = at(0, CLEARS + 2_000)
    return step("west", "operator", Settle(market, 0, 100))


def _nobody_opens(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING)
    bench.time = at(0, CLEARS)
    bench.ok("west", "operator", clear(bench, market))
    bench.time = at(0, CLEARS + 2_000)
    return step("west", "operator", Settle(market, 0, 100))


def _wash(bench: Bench) -> Step:
    """East sells to south what south sold to east an auction before."""
    market = opened(bench)
    settled(bench, market, (("east", buy(100)), ("south", sell(100))))
    cleared(bench, market, (("south", buy(100)), ("east", sell(100))), 1)
    return step("west", "operator", Settle(market, 1, 100))


def _push(bench: Bench) -> Step:
    """East buys at the end of the day far above what was paid before."""
    market = opened(bench)
    cleared(bench, market, (("east", buy(120)), ("south", sell(118))), 3)
    return step("west", "operator", Settle(market, 3, 100))


def _lose(bench: Bench) -> Step:
    """East buys dear from south and its limit of loss is met at the next price."""
    market = opened(bench)
    bench.ok("north", "operator", Limit(market, "east", Limits(100, 500, 100, 4)))
    bench.ok(
        "east", "operator", LimitKey(market, bench.key("east", "operator").key_id, Limits(9, 500, 50, 4))
    )
    bench.time = max(bench.tip.time, at(0, COMMITS))
    settled(bench, market, (("east", buy(120, 9)), ("south", sell(120, 9))))
    cleared(bench, market, (("east", sell(100, 1)), ("south", buy(102, 1))), 1)
    return step("west", "operator", Settle(market, 1, 100))


def _annul(bench: Bench) -> Step:
    market = opened(bench)
    cleared(bench, market, CROSSING)
    return step("north", "operator", Annul(market, 0, "a price was fed wrongly"))


def _settle_void(bench: Bench) -> Step:
    market = opened(bench)
    cleared(bench, market, CROSSING)
    bench.ok("north", "operator", Annul(market, 0, "a price was fed wrongly"))
    return step("west", "operator", Settle(market, 0, 100))


def _halt(bench: Bench) -> Step:
    return step("north", "operator", Halt(opened(bench)))


def _clear_after_a_halt(bench: Bench) -> Step:
    market = opened(bench)
    committed(bench, market, CROSSING)
    bench.ok("north", "operator", Halt(market))
    bench.ok("north", "operator", Resume(market))
    bench.time = at(0, CLEARS)
    return step("west", "operator", clear(bench, market))


def _resume(bench: Bench) -> Step:
    market = opened(bench)
    bench.ok("north", "operator", Halt(market))
    return step("north", "operator", Resume(market))


def _stop(bench: Bench) -> Step:
    return step("east", "approver", Stop(opened(bench), "east"))


def _stop_a_key(bench: Bench) -> Step:
    market = opened(bench)
    return step("east", "approver", StopKey(market, bench.key("east", "operator").key_id))


def _restart(bench: Bench) -> Step:
    market = opened(bench)
    bench.ok("east", "approver", Stop(market, "east"))
    return step("east", "admin", Restart(market, "east"))


def _restart_a_key(bench: Bench) -> Step:
    market = opened(bench)
    key = bench.key("east", "operator").key_id
    bench.ok("east", "approver", StopKey(market, key))
    return step("east", "admin", RestartKey(market, key))


def _limit_key(bench: Bench) -> Step:
    market = opened(bench)
    return step("east", "admin", LimitKey(market, bench.key("east", "worker").key_id, LIMITS))


def _limit_member(bench: Bench) -> Step:
    return step("north", "admin", Limit(opened(bench), "east", LIMITS))


def _house(bench: Bench) -> Step:
    """East keeps accounts of two houses, which trade with one another."""
    market = opened(bench, labelled=True)
    names, units_ = ("east/house-1", "east/house-2"), (unit_of(bench, "share"), unit_of(bench, "cash"))
    for name in names:
        legs = tuple(Transfer("east", name, one, 20_000 if one == units_[1] else 50) for one in units_)
        bench.ok("east", "operator", *legs)
        paid = (Fund(market, name, units_[0], 50), Fund(market, name, units_[1], 20_000))
        bench.ok("east", "operator", *paid)
    orders = (buy(100), sell(100))
    for place, (name, order) in enumerate(zip(names, orders, strict=True)):
        bench.time = max(bench.tip.time, at(0, COMMITS))
        seal = commitment(bench, market, (0, place), "east", order)
        bench.ok("east", "operator", Commit(market, name, 0, seal))
    for place, order in enumerate(orders):
        bench.time = at(0, REVEALS)
        bench.ok("east", "operator", reveal(market, "east", order, place))
    bench.time = at(0, CLEARS)
    bench.ok("west", "operator", clear(bench, market))
    bench.time = at(0, CLEARS + 2_000)
    return step("west", "operator", Settle(market, 0, 100))


DONE = (
    Scenario("a market opens", _open),
    Scenario("two houses of one member trade with one another", _house),
    Scenario("a member pays in", _fund),
    Scenario("a member takes out all that is free", _take),
    Scenario("a member hands in a sealed order", _commit),
    Scenario("a member takes its order back", _cancel),
    Scenario("an order taken back loses no deposit", _settle_after_a_cancel),
    Scenario("a member opens its order", _reveal),
    Scenario("an auction is cleared, its margin shared out", _clear),
    Scenario("an auction is cleared in which both sides trade in full", _clear_without_a_margin),
    Scenario("an auction is cleared in which nothing trades", _clear_what_does_not_cross),
    Scenario("an auction settles", _settle),
    Scenario("the first orders of an auction settle", _settle_a_part),
    Scenario("a member that left its orders sealed loses its deposits", _forfeit),
    Scenario("nobody opened an order, and all deposits go back", _nobody_opens),
    Scenario("two members that trade back and forth are flagged", _wash),
    Scenario("who pushes the closing price is flagged", _push),
    Scenario("who has lost too much is stopped", _lose),
    Scenario("the operator corrects an auction", _annul),
    Scenario("a corrected auction gives everything back", _settle_void),
    Scenario("the operator halts the market", _halt),
    Scenario("an auction that a halt met is void", _clear_after_a_halt),
    Scenario("the operator lets the market go on", _resume),
    Scenario("a member stops its trading", _stop),
    Scenario("a member stops one of its keys", _stop_a_key),
    Scenario("a member trades again", _restart),
    Scenario("a key trades again", _restart_a_key),
    Scenario("a member limits a key of its own", _limit_key),
    Scenario("the operator limits a member", _limit_member),
)

SCENARIOS = DONE + METERED + REFUSED
