"""A trading agent hands in what its answer leads to, opens it, resumes, and stops itself at its limit."""

import json

import pytest

from consortia.base.codec import decode_record
from consortia.engines.commit.prediction import read_opened
from consortia.engines.infer.predict import Seen
from consortia.kernel.block import OK
from consortia.modules.identity.mandate_messages import EndMandate
from consortia.modules.identity.mandate_types import Cap, Pin
from consortia.modules.market.messages import Reveal
from consortia.modules.predictions.state import DEEDS
from consortia.testing.machine import Bench
from consortia.testing.scenarios import market_parts as parts
from consortia.testing.scenarios.mandates_parts import agent, granted
from consortia.workers.agent import MandateOver
from consortia.workers.delegate import RuleError
from consortia.workers.trader import Signer, StoppedItself, TradingAgent
from consortia.workers.trading import load_strategy, read_trade_rule
from consortia.workers.vault import Vault
from tests.workers.test_agent import BenchDoor

EQUAL = "consortia.solutions.finance.trading.strategies:equal_weight"
METHODS = ("market.commit", "market.reveal", "market.stop_key")
CAPITAL = 4_000


def rule_for(*markets, program=EQUAL, **terms):
    sizes = {"capital": CAPITAL, "loss_max": 2_000, "order_max": 100, "band_ppm": 0, "reach": 20, "tick": 2}
    stocks = [{"market": market.hex(), "prices": [100]} for market in markets]
    return json.dumps(
        {"purpose": "trading", "trade": {"program": program, "stocks": stocks, "terms": sizes | terms}}
    ).encode()


class Floor:
    """A market on a bench, in which north's clerk trades against east's people."""

    def __init__(self, folder, **terms):
        self.bench, self.folder = Bench(4), folder
        self.market = parts.opened(self.bench, fee_ppm=0)
        found = self.bench.query("market.market", market=self.market).market.terms
        caps = tuple(
            sorted(
                (Cap(unit, 1 << 40, 1 << 50) for unit in (found.base, found.quote)), key=lambda one: one.unit
            )
        )
        loaded = load_strategy(EQUAL)
        pinned = granted(self.bench, pin=Pin(None, loaded.content), methods=METHODS, caps=caps)
        self.bench.ok("north", "admin", pinned)
        self.loaded, self.rule, self.door = (
            loaded,
            rule_for(self.market, **terms),
            BenchDoor(self.bench, agent()),
        )
        self.agent = self.made()

    def made(self):
        places = Vault(self.folder / "private"), self.folder / "diary.jsonl"
        signer = Signer(self.bench.network, "north", agent().key_id)
        return TradingAgent(self.door, self.loaded, self.rule, places, signer)

    def at(self, auction, offset):
        self.bench.time = max(self.bench.tip.time, parts.at(auction, offset))
        return self.bench.time

    def entries(self, auction):
        asked = {"market": self.market, "auction": auction, "first": 0, "limit": 10}
        return self.bench.query("market.entries", **asked).entries

    def held(self):
        return self.bench.query("market.statement", market=self.market, account="north").statement.account

    def auction(self, number, price):
        """One auction in which south sells, or buys, whatever the agent wants, at a price."""
        did = self.agent.work(self.at(number, parts.COMMITS))
        for member, order in (("south", parts.sell(price, 50)), ("east", parts.buy(price, 50))):
            place = len(self.entries(number))
            seal = parts.commitment(self.bench, self.market, (number, place), member, order)
            self.bench.ok(member, "operator", parts.Commit(self.market, member, number, seal))
        self.at(number, parts.REVEALS)
        did += self.agent.work(self.bench.time)
        for place, entry in enumerate(self.entries(number)):
            if entry.account != "north":
                order = parts.sell(price, 50) if entry.account == "south" else parts.buy(price, 50)
                salt = parts.salt_of(entry.account, place)
                self.bench.ok(entry.account, "operator", Reveal(self.market, number, place, salt, order))
        self.at(number, parts.CLEARS)
        self.bench.ok("west", "operator", parts.clear(self.bench, self.market, number))
        self.at(number, parts.CLEARS + 3_000)
        self.bench.ok("west", "operator", parts.Settle(self.market, number, 100))
        return did


@pytest.fixture
def floor(tmp_path):
    return Floor(tmp_path)


def test_it_hands_in_what_its_weight_asks_for_and_opens_it(floor):
    before = floor.held().base
    did = floor.auction(0, 100)
    assert [(one.what, one.code) for one in did] == [("hand in", OK), ("open", OK)]
    # All of 4,000 in a stock at 100 would be 40 units; 400 are there, so it sells, at most 100 an order.
    assert floor.held().base == before - 50


def test_what_it_handed_in_is_opened_to_others_only_once_the_order_is(floor):
    floor.auction(0, 100)
    first, second = sorted((one for _, one in DEEDS.scan(floor.bench.context())), key=lambda one: one.height)
    assert first.account.opened is None
    (one,) = read_opened(floor.door.blobs[second.account.opened], second.account.root, 1)
    assert decode_record(Seen, one.input).desk == (0, 0, 100, 400, CAPITAL)


def test_an_agent_that_was_killed_opens_what_it_had_handed_in(floor):
    floor.agent.work(floor.at(0, parts.COMMITS))
    floor.agent = floor.made()
    assert floor.agent.work(floor.bench.time) == []
    assert len(floor.entries(0)) == 1
    did = floor.agent.work(floor.at(0, parts.REVEALS))
    assert [(one.what, one.code) for one in did] == [("open", OK)]


def test_an_agent_killed_before_the_ledger_took_its_order_hands_in_the_same_one(floor, monkeypatch):
    def dies(*_messages):
        raise KeyboardInterrupt

    monkeypatch.setattr(floor.door, "submit", dies)
    with pytest.raises(KeyboardInterrupt):
        floor.agent.work(floor.at(0, parts.COMMITS))
    monkeypatch.undo()
    with (floor.folder / "diary.jsonl").open("a") as diary:
        diary.write('{"decided": 0, "a line cut sh')
    floor.agent = floor.made()
    (did,) = floor.agent.work(floor.bench.time)
    (kept,) = [one for one in map(json.loads, whole_lines(floor.folder)) if "sealed" in one]
    assert (did.what, did.code, did.order.quantity) == ("hand in", OK, kept["sealed"]["quantity"])


def whole_lines(folder):
    lines = (folder / "diary.jsonl").read_text().splitlines()
    return [line for line in lines if line.endswith("}")]


def test_it_decides_on_nothing_before_the_last_auction_is_settled(floor):
    floor.agent.work(floor.at(0, parts.COMMITS))
    assert floor.agent.work(floor.at(1, parts.COMMITS)) == []


def test_it_stops_itself_at_its_loss_limit_and_stays_stopped(floor):
    floor.auction(0, 100)
    floor.auction(1, 90)  # some 350 units that lose 10 each
    (did,) = floor.agent.work(floor.at(2, parts.COMMITS))
    assert (did.what, did.code) == ("stop", OK)
    for one in (floor.agent, floor.made()):
        with pytest.raises(StoppedItself):
            one.work(floor.bench.time)
    (mine,) = floor.bench.query("market.traders", market=floor.market, member="north").traders
    assert mine.trader.stopped is not None


def test_it_ends_where_its_mandate_does(floor):
    (view,) = floor.bench.query("identity.mandates", owner="north").mandates
    floor.bench.ok("north", "admin", EndMandate(view.mandate.id))
    with pytest.raises(MandateOver):
        floor.agent.work(floor.at(0, parts.COMMITS))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda rule: rule["trade"]["stocks"].append(rule["trade"]["stocks"][0]), "stands twice"),
        (
            lambda rule: rule["trade"]["stocks"].append({"market": "00" * 32, "prices": [1, 2]}),
            "equally many",
        ),
        (lambda rule: rule["trade"]["terms"].update(order_max=-1), "order_max"),
        (lambda rule: rule["trade"].update(hint="buy"), "hint"),
    ],
)
def test_a_rule_that_fits_nothing_is_refused(change, why):
    rule = json.loads(rule_for(b"\x11" * 32))
    change(rule)
    with pytest.raises(RuleError, match=why):
        read_trade_rule(json.dumps(rule).encode())


def test_what_has_not_two_functions_is_no_strategy():
    with pytest.raises(RuleError, match="no strategy"):
        load_strategy("tests.workers.cautious:decide")
