"""Audit of a trading agent's act: from the vector that it saw to the order that it handed in or opened.

1. The reference price at its desk is that of the auction on the ledger.
2. The model, or the program that came with this package, answers the vector with that label, score and
   probability.
3. The answer leads to what was signed: an order handed in or opened in that market and auction (opened:
   this very order), or its own key stopped in all its markets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from consortia.base.codec import Malformed, decode_record, from_value
from consortia.engines.commit.prediction import OpenedPrediction
from consortia.engines.infer.predict import Seen
from consortia.exact.desk import Desk, Wanted
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import Call
from consortia.modules.market.messages import Commit, Reveal, StopKey
from consortia.modules.market.queries import AtAuction, AuctionState
from consortia.modules.predictions.types import Deed
from consortia.node.audit.findings import Findings
from consortia.node.audit.folder import Shelf
from consortia.workers.delegate import RuleError
from consortia.workers.trading import (
    SHIPPED,
    STOP,
    Loaded,
    TradeRule,
    decided,
    desk_in,
    load_model,
    load_strategy,
    sealed_order,
)

_HANDED_IN, _OPENED, _STOPPED = "market.commit", "market.reveal", "market.stop_key"


@dataclass(frozen=True, slots=True)
class Act:
    """An act, how findings name it, all that opens it, and the calls signed behind its account."""

    place: str
    deed: Deed
    one: OpenedPrediction
    rule: TradeRule
    signed: Sequence[Call]


def audit_trade(ledger: Ledger, blobs: Shelf, act: Act, findings: Findings) -> None:
    """Execute an act again; raises Malformed or RuleError for what is no act of a trading agent."""
    said, place = act.one.record, act.place
    seen = decode_record(Seen, act.one.input)
    desk = desk_in(act.rule, seen.desk)
    market = bytes.fromhex(act.rule.trade.stocks[desk.stock].market)
    state = ledger.query("market.auction", AtAuction(market, desk.auction))
    auction = state.auction if isinstance(state, AuctionState) else None
    if auction is not None:
        findings.expect(
            auction.reference == desk.reference, place, "it saw another price than the ledger's"
        )  # 1
    loaded = _trader(blobs, act)
    if loaded is None:
        findings.left_out.append(f"{place}: a program answered, which is not executed here")
        return
    answer = loaded.trader.act([seen.cells])[0]
    found = (answer.label, answer.stated, answer.score)
    made = (said.label, said.probability_ppm, said.score)
    findings.expect(found == made, place, "what trades answers otherwise")  # 2
    findings.acts_executed += 1
    wanted = decided(act.rule, desk, answer.weight)
    findings.expect(
        _leads_to(act, desk, wanted), place, "it signed other messages than its answer leads to"
    )  # 3


def _trader(blobs: Shelf, act: Act) -> Loaded | None:
    """What answered, if it can be executed here: no code but this package's own is ever run."""
    stocks = len(act.rule.trade.stocks)
    if act.deed.model is not None:
        return load_model(act.deed.content, blobs.read(act.deed.content), stocks)
    if not act.rule.trade.program.startswith(SHIPPED):
        return None
    try:
        loaded = load_strategy(act.rule.trade.program)
    except RuleError:
        return None
    return loaded if loaded.content == act.deed.content else None


def _leads_to(act: Act, desk: Desk, wanted: Wanted | str) -> bool:
    """Whether an answer leads to the calls that were signed."""
    markets = [bytes.fromhex(stock.market) for stock in act.rule.trade.stocks]
    try:
        if wanted == STOP:
            stopped = [from_value(StopKey, call.args) for call in act.signed if call.method == _STOPPED]
            return len(stopped) == len(act.signed) and [one.market for one in stopped] == markets
        if isinstance(wanted, str) or len(act.signed) != 1:
            return False
        (call,) = act.signed
        if call.method == _HANDED_IN:
            handed = from_value(Commit, call.args)
            where = (handed.market, handed.auction, handed.account)
            return where == (markets[desk.stock], desk.auction, act.deed.owner)
        if call.method != _OPENED:
            return False
        opened = from_value(Reveal, call.args)
        shown = (opened.market, opened.auction, opened.order)
        return shown == (markets[desk.stock], desk.auction, sealed_order(wanted))
    except Malformed:
        return False
