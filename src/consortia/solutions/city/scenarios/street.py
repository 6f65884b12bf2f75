"""The street of the energy story: its market, its homes' accounts and meters, and the hours it trades."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from consortia.base.keys import SigningKey
from consortia.engines.commit.chunks import blob_id
from consortia.sdk.errors import TransactionRefused
from consortia.sdk.market import Market, Order, Receipt, Sealed
from consortia.sdk.meters import Metering, SaltedReading, signed
from consortia.sdk.moments import utc_milliseconds
from consortia.solutions.auctions import terms_of
from consortia.solutions.city.community import limit_of
from consortia.solutions.city.day import WATT_HOURS_MAX, Day
from consortia.solutions.pacing import due, until
from consortia.solutions.story import Stage, StoryFailed

GRID = "grid"
MARKET, POWER, CASH = "street", "wh", "part"
"""Market and units: a watt-hour, and a hundred-thousandth of a euro; 30 a watt-hour are 30 cents a kWh."""

DRAW, FEED, THROUGH, REFERENCE = 30, 8, 2, 19
FUNDS = 40_000_000
SUPPLY = 1 << 40
CALLS_MAX = 16
READ_MS = 600_000
READY_MS = 1_500
TRIES = 4
COLLAR = DRAW - FEED


@dataclass(slots=True)
class Street:
    """The stage with its market.

    `beat` is how long an hour takes, in milliseconds. `keys` are the meters'. `bids` are those that were
    handed in and opened, by auction. `billed` is what the ledger said of each reading, `read` the newest
    auction whose readings were brought. `left` is the home that left, and from which auction on; `taken` what
    it took along.
    """

    stage: Stage
    day: Day
    beat: int = 0
    market: Market | None = None
    keys: dict[str, SigningKey] = field(default_factory=dict)
    bids: dict[int, dict[str, int]] = field(default_factory=dict)
    billed: list[Mapping[str, Any]] = field(default_factory=list)
    read: int = -1
    left: tuple[str, int] = ("", 1 << 31)
    taken: int = 0

    @property
    def metering(self) -> Metering:
        """By what the market is metered: an hour is delivered when it is over."""
        return Metering(GRID, DRAW, FEED, THROUGH, self.beat, READ_MS)

    @property
    def open(self) -> Market:
        """The market, which is open."""
        if self.market is None:
            raise StoryFailed("the market is not open")
        return self.market

    @property
    def phases(self) -> tuple[int, int]:
        """How long orders are handed in, and opened."""
        return self.beat * 45 // 100, self.beat * 35 // 100

    def begins(self, number: int) -> int:
        """When an hour begins."""
        return self.open.terms.start + number * self.beat

    def account(self, district: str, home: str) -> str:
        """A home's account: its district keeps it."""
        return f"{district}/{home}"

    def everywhere(self, action: Callable[[str], Any]) -> dict[str, Any]:
        """Do the same for all districts at once, each at its own node."""
        with ThreadPoolExecutor(len(self.day.districts)) as pool:
            return dict(zip(self.day.districts, pool.map(action, self.day.districts), strict=True))

    def found(self) -> float:
        """Make the units and hand them out; how many seconds a transaction took."""
        bank, began = self.stage.ledger(GRID).bank, time.monotonic()
        bank.new_unit(POWER, rule="fixed", issue=SUPPLY)
        bank.new_unit(CASH, rule="fixed", issue=SUPPLY)
        for district, homes in self.day.districts.items():
            for home in homes:
                bank.pay(self.account(district, home), WATT_HOURS_MAX, POWER)
                bank.pay(self.account(district, home), FUNDS, CASH)
        return (time.monotonic() - began) / (2 + 2 * len(self.day.homes))

    def open_market(self, each: float) -> None:
        """Open the market, have it metered, and let every home in; the first hour comes once that is done."""
        ledger = self.stage.ledger(GRID)
        power, cash = ledger.bank.unit(POWER).id, ledger.bank.unit(CASH).id
        steps = 4 + 2 * len(self.day.homes) + 4 * max(map(len, self.day.districts.values()))
        starts = utc_milliseconds() + int(READY_MS + 2_000 * each * steps)
        terms = terms_of(
            power,
            cash,
            starts=starts,
            beat=self.beat,
            phases=self.phases,
            collar=COLLAR,
            largest=WATT_HOURS_MAX,
            orders_max=100,
            day_auctions=24,
        )
        market = ledger.market.open(MARKET, "Power of the street", terms, REFERENCE)
        ledger.meters.measure(market, self.metering)
        self.market = ledger.market.find(MARKET)
        ledger.market.fund(market, cash, SUPPLY // 4)
        self.everywhere(partial(self._let_in, power=power, cash=cash))
        for district, homes in self.day.districts.items():
            for home in homes:
                ledger.meters.accept(market, self.account(district, home))
        late = utc_milliseconds() - starts
        if late > 0:
            raise StoryFailed(f"the market began {late / 1000:.1f} s before the homes were in it")

    def _let_in(self, district: str, *, power: bytes, cash: bytes) -> None:
        ledger = self.stage.ledger(district)
        for home in self.day.districts[district]:
            account = self.account(district, home)
            self.keys[home] = SigningKey(blob_id(self.stage.network + home.encode()))
            ledger.market.fund(self.open, power, WATT_HOURS_MAX, account)
            ledger.market.fund(self.open, cash, FUNDS, account)
            ledger.meters.attach(self.open, self.keys[home].public, WATT_HOURS_MAX, account)

    def hour(self, number: int, bids: Mapping[str, int]) -> int | None:
        """Trade an hour: every district hands in its homes' orders, opens them, and one finds the price.

        The price; None where nothing traded. A district that comes too late on a busy machine trades nothing;
        where one cannot open what it handed in, the grid, which operates the market, makes the hour void.
        """
        until(self.begins(number))
        made = self.everywhere(lambda district: self._hand_in(district, number, bids))
        until(self.begins(number) + self.phases[0])
        opened = self.everywhere(lambda district: self._open(district, made[district]))
        until(self.begins(number) + sum(self.phases))
        market = self.stage.ledger(GRID).market
        if any(len(opened[district]) < len(made[district]) for district in made):
            self.bids[number] = {}
            due(lambda: market.clear(self.open, number))
            market.annul(self.open, number, "a district could not open its orders in time")
            market.settle(self.open, number)
            return None
        self.bids[number] = {home: bids[home] for homes in opened.values() for home in homes}
        due(lambda: market.finish([self.open], number))
        found = market.auction(self.open, number).auction
        return None if found is None or found.outcome is None else found.outcome.price

    def _hand_in(self, district: str, number: int, bids: Mapping[str, int]) -> dict[str, Sealed]:
        wanted = [
            (self.open, self.account(district, home), self._order(bids[home]))
            for home in self.day.districts[district]
            if bids[home] and not self.has_left(home, number)
        ]
        homes = [account.partition("/")[2] for _, account, _ in wanted]
        made: list[Sealed] = []
        for at in range(0, len(wanted), CALLS_MAX):
            some = wanted[at : at + CALLS_MAX]
            done = _in_time(partial(self._sealed, district, some, number))
            if done is None:
                break
            made += done
        return dict(zip(homes, made, strict=False))

    def _sealed(
        self, district: str, wanted: list[tuple[Market, str, Order]], number: int
    ) -> tuple[Sealed, ...]:
        key = self.stage.client(district).key
        if key is None:
            raise StoryFailed(f"{district} has no key")
        return self.stage.ledger(district).market.hand_in(wanted, number, (self.stage.network, key.key_id))

    def _open(self, district: str, made: Mapping[str, Sealed]) -> list[str]:
        """Open a district's orders; the homes whose are open."""
        opened: list[str] = []
        homes = list(made)
        for at in range(0, len(homes), CALLS_MAX):
            some = homes[at : at + CALLS_MAX]
            sealed = [made[home] for home in some]
            if _in_time(partial(self.stage.ledger(district).market.open_all, sealed)) is None:
                break
            opened += some
        return opened

    def _order(self, units: int) -> Order:
        """A home's order; what it expects beyond its meter's bound it leaves to the grid."""
        amount = min(abs(units), WATT_HOURS_MAX)
        return Order("buy" if units > 0 else "sell", limit_of(units, self.metering), amount)

    def try_order(self, district: str, home: str) -> None:
        """Hand in an order of a home as an hour begins; raises TransactionRefused, but not for lateness."""
        wanted = [(self.open, self.account(district, home), Order("buy", DRAW, 1))]
        for _ in range(TRIES):
            number = (utc_milliseconds() - self.open.terms.start) // self.beat + 1
            until(self.begins(number))
            if _in_time(partial(self._sealed, district, wanted, number)) is not None:
                return

    def has_left(self, home: str, number: int) -> bool:
        """Whether a home is out of the market in an hour."""
        return home == self.left[0] and number >= self.left[1]

    def bring(self, last: int, apart: str = "") -> Receipt | None:
        """Bring all readings up to an hour; every district its homes', as record batches of its own.

        Those of the home `apart` come in a transaction of their own, whose receipt this gives.
        """
        until(self.begins(last + 1))
        numbers = range(self.read + 1, last + 1)
        self.read = last

        def of(district: str) -> list[Receipt]:
            mine = self.day.districts[district]
            done = self._bring(district, [home for home in mine if home != apart], numbers)
            return done + (self._bring(district, [apart], numbers) if apart in mine else [])

        done = self.everywhere(of)
        for receipts in done.values():
            self.billed += [
                event.body for one in receipts for event in one.events if event.name == "market.billed"
            ]
        return next(
            (receipts[-1] for name, receipts in done.items() if apart in self.day.districts[name]), None
        )

    def _bring(self, district: str, homes: Sequence[str], numbers: range) -> list[Receipt]:
        readings = [
            self.reading(district, home, number)
            for number in numbers
            for home in homes
            if not self.has_left(home, number)
        ]
        meters = self.stage.ledger(district).meters
        return due(lambda: meters.read(self.open, readings)) if readings else []

    def reading(self, district: str, home: str, number: int, key: SigningKey | None = None) -> SaltedReading:
        """What a home's meter signs of an hour; another key forges it."""
        drawn = self.day.traded(number)[home]
        account = self.account(district, home)
        return signed(self.stage.network, self.open, account, number, drawn=drawn, key=key or self.keys[home])

    def cash(self, account: str) -> int:
        """What an account has in the market."""
        return self.stage.ledger(GRID).market.statement(self.open, account).account.quote


def _in_time(action: Callable[[], Any]) -> Any:  # noqa: ANN401 (what the action gives)
    """What an action gives; None where it came too late, as on a busy machine."""
    try:
        return due(action)
    except TransactionRefused as refused:
        if refused.code != "market.too_late":
            raise
        return None
