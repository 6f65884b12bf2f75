"""A trading agent's rule: in which markets it trades, by what it decides, and how an answer becomes an order.

    prices of the ledger -> observe -> act -> a weight -> exact.desk -> an order, sealed

The rule is a JSON file whose bytes every act names as its policy. With it, the vector and the model (or the
program) anybody computes the very order that was handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, cast

import msgspec

from consortia.engines.infer.trader import ModelTrader, ProgramTrader, Strategy, Trader
from consortia.engines.train.api import RecipeError
from consortia.exact.auction import BUY, WORD_MAX
from consortia.exact.desk import Desk, Terms, Wanted, is_lost, order_of
from consortia.exact.signals import LOOK_MAX
from consortia.modules.market.types import Order
from consortia.workers.delegate import RULE_BYTES_MAX, RuleError, find_program

STOCKS_MAX = 32
SHIPPED = "consortia."
"""Programs under this name come with the package: an audit executes those, and nobody else's."""

STOP, REST = "stop", "rest"
"""What an answer leads to where it is no order."""

Whole = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
Word = Annotated[int, msgspec.Meta(ge=1, le=WORD_MAX)]
Prices = Annotated[tuple[Word, ...], msgspec.Meta(min_length=1, max_length=LOOK_MAX + 1)]


class Stock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A market by its id (hex), and the prices before its first auction, oldest first."""

    market: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    prices: Prices


class Sizes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The terms of `exact.desk.Terms`."""

    capital: Whole
    loss_max: Whole
    order_max: Word
    band_ppm: Whole
    reach: Whole
    tick: Word


class Trade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a trading agent does: a program's name where one decides, the stocks, and the terms."""

    program: str
    stocks: Annotated[tuple[Stock, ...], msgspec.Meta(min_length=1, max_length=STOCKS_MAX)]
    terms: Sizes


class TradeRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rule of an agent that trades."""

    purpose: str
    trade: Trade

    @property
    def terms(self) -> Terms:
        """How it trades."""
        of = self.trade.terms
        return Terms(of.capital, of.loss_max, of.order_max, of.band_ppm, of.reach, of.tick)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A trader, and the hash or blob id that pins it."""

    content: bytes
    trader: Trader


def is_trade_rule(data: bytes) -> bool:
    """Whether these bytes mean to be the rule of a trading agent."""
    try:
        found = msgspec.json.decode(data[: RULE_BYTES_MAX + 1])
    except ValueError:
        return False
    return isinstance(found, dict) and "trade" in found


def read_trade_rule(data: bytes) -> TradeRule:
    """The rule in these bytes; raises RuleError."""
    try:
        rule = msgspec.json.decode(data[: RULE_BYTES_MAX + 1], type=TradeRule)
    except ValueError as error:
        raise RuleError(f"no rule of a trading agent: {error}") from None
    if len({len(stock.prices) for stock in rule.trade.stocks}) > 1:
        raise RuleError("the stocks of a rule have equally many prices")
    if len({stock.market for stock in rule.trade.stocks}) < len(rule.trade.stocks):
        raise RuleError("a market stands twice in the rule")
    return rule


def load_strategy(name: str) -> Loaded:
    """The strategy `module:name`, an object with `observe` and `act`; raises RuleError."""
    found, content = find_program(name)
    if not (callable(getattr(found, "observe", None)) and callable(getattr(found, "act", None))):
        raise RuleError(f"{name} is no strategy: it has observe(view, stock) and act(vector)")
    return Loaded(content, ProgramTrader(cast("Strategy", found)))


def load_model(content: bytes, model: bytes, stocks: int) -> Loaded:
    """A model that trades so many stocks; raises RuleError."""
    try:
        return Loaded(content, ModelTrader(model, stocks))
    except (RecipeError, ValueError) as error:
        raise RuleError(str(error)) from None


def desk_in(rule: TradeRule, integers: Sequence[int]) -> Desk:
    """The desk that a record holds; raises RuleError."""
    if len(integers) != 5 or not 0 <= integers[0] < len(rule.trade.stocks) or integers[2] < 1:
        raise RuleError("the record holds no desk")
    return Desk(*integers)


def decided(rule: TradeRule, desk: Desk, weight: int) -> Wanted | str:
    """What an answer leads to: an order, STOP once the loss limit is met, or REST."""
    if is_lost(rule.terms, desk.equity):
        return STOP
    return order_of(rule.terms, desk, weight) or REST


def sealed_order(wanted: Wanted) -> Order:
    """The order as it is handed in and opened."""
    return Order("buy" if wanted.side == BUY else "sell", wanted.limit, wanted.quantity)
