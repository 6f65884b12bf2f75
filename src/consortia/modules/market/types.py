"""The nouns of the module: markets, their auctions, sealed orders, accounts and limits."""

from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import I64, U32, U63, Digest, Milliseconds, Name, Record, Salt, Text80
from consortia.base.times import DAY

WORD_MAX = (1 << 31) - 1
ORDERS_MAX = 1 << 17
"""An auction takes at most so many orders."""

COLLAR_TICKS_MAX = 1000
"""Limits lie at most so many ticks from the reference price: the ledger goes through all of them."""

PPM = 1_000_000
"""A fee is in parts per million of the value traded."""

FEE_PPM_MAX = 100_000

Word = Annotated[int, Meta(ge=1, le=WORD_MAX)]
Number = U32
"""An auction's number in its market: its period, counted from the market's start."""

Place = Annotated[int, Meta(ge=0, le=ORDERS_MAX - 1)]
Phase = Annotated[int, Meta(ge=1, le=DAY)]
Owner = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}(/[a-z0-9][a-z0-9-]{0,63})?\Z")]
"""Whose an account in a market is: a member, or in a labelled market a member, a slash and a label."""

TARIFF_MAX = 1 << 28
"""So that what one delivery costs at most, both ways, has room in 63 bits."""

Tariff = Annotated[int, Meta(ge=0, le=TARIFF_MAX)]
Side = Literal["buy", "sell"]
Concern = Literal["wash", "unrevealed", "push"]


class Limits(Record, frozen=True):
    """What one key, or one account with all its keys, may do in a market.

    `order_max` units an order, `position_max` units long or short with everything open counted as traded,
    `loss_max` in the quote unit, at the newest price, since trading was last (re)opened to it, and
    `commits_max` orders an auction.
    """

    order_max: Word
    position_max: U63
    loss_max: U63
    commits_max: Annotated[int, Meta(ge=1, le=ORDERS_MAX)]


class Terms(Record, frozen=True):
    """The rules of a market, fixed when it opens.

    Auction n begins at `start + n * period_ms` (block time). For `commit_ms` members hand in sealed orders,
    for `reveal_ms` they open them; then the price is found. Fills settle from `correct_ms` after that on.
    Prices are in the quote unit's smallest part for one unit of base, in multiples of `tick`, and lie at most
    `collar_ticks` ticks from the reference price. `deposit` (quote) is held for each sealed order;
    `fee_ppm` of the value traded goes to the operator, from buyer and seller alike. Every `day_auctions`-th
    auction is a closing one. `limits` hold for everybody unless others are set. In a `labelled` market a
    member keeps accounts for others (`north/house-3`), each an owner of its own that may trade with the rest;
    otherwise a member has one account, its own.
    """

    base: Digest
    quote: Digest
    start: Milliseconds
    period_ms: Phase
    commit_ms: Phase
    reveal_ms: Phase
    correct_ms: Annotated[int, Meta(ge=0, le=DAY)]
    tick: Word
    collar_ticks: Annotated[int, Meta(ge=1, le=COLLAR_TICKS_MAX)]
    orders_max: Annotated[int, Meta(ge=1, le=ORDERS_MAX)]
    deposit: U63
    fee_ppm: Annotated[int, Meta(ge=0, le=FEE_PPM_MAX)]
    day_auctions: Annotated[int, Meta(ge=1, le=1 << 20)]
    labelled: bool
    limits: Limits


class Metering(Record, frozen=True):
    """By what a market is metered, fixed before its first auction.

    What is traded is to be delivered by `deliver_ms` after the auction's begin; readings are taken for
    `read_ms` from then on. The account of `grid` takes what deviates: it sells what was drawn beyond what
    was bought at `draw` a unit, buys what was fed in beyond what was sold at `feed`, and gets `through` for
    each unit that went through a meter.
    """

    grid: Name
    draw: Tariff
    feed: Tariff
    through: Tariff
    deliver_ms: Phase
    read_ms: Phase


class Market(Record, frozen=True):
    """A market and where it stands: reference price, whether it is halted, its latest halt, its metering."""

    id: Digest
    name: Name
    title: Text80
    operator: Name
    terms: Terms
    reference: Word
    halted: bool
    halt: Milliseconds | None
    metering: Metering | None


class Named(Record, frozen=True):
    """The market that a name stands for."""

    market: Digest


class Order(Record, frozen=True):
    """What a sealed order holds: the side, the worst price accepted, and how much."""

    side: Side
    limit: Word
    quantity: Word


class Sealing(Record, frozen=True):
    """What a commitment is the hash of: network, market, auction, the key that hands it in, salt, order."""

    network: Digest
    market: Digest
    auction: Number
    key: Digest
    salt: Salt
    order: Order


class Entry(Record, frozen=True):
    """An order of an auction: for which account, by which key, sealed, what it is once opened."""

    account: Owner
    key: Digest
    commitment: Digest
    order: Order | None
    cancelled: bool


class Bounds(Record, frozen=True):
    """The limits that the operator set for an account, since when, and those before (None: the market's).

    An auction goes by the limits that stood when it began: what is handed in can be opened.
    """

    limits: Limits
    since: Milliseconds
    before: Limits | None


class Cut(Record, frozen=True):
    """The margin of an auction, as `exact.auction.Margin` has it."""

    side: Side
    limit: Word
    wanted: U63
    total: U63
    remainder: U63
    place: U63


class Outcome(Record, frozen=True):
    """What an auction brought: its price, if anything traded, the volume, and the margin.

    `void` when a halt or the operator's correction made it as if it had not been.
    """

    price: Word | None
    volume: U63
    demand: U63
    supply: U63
    cut: Cut | None
    time: Milliseconds
    void: bool


class Auction(Record, frozen=True):
    """An auction of a market: orders handed in, cancelled and opened, its outcome, and how far it is settled.

    `opened` of the settled orders were opened. `faithful` accounts opened all that they did not take back,
    and share what others forfeit; `rewarded` of them have their share. `buyer` and `seller` are who bought
    and sold most of the volume, as far as it is settled. `base_due` and `quote_due` are what the settled
    orders gave less what they got; both are 0 before and after settlement.
    """

    reference: Word
    commits: U32
    cancelled: U32
    reveals: U32
    faithful: U32
    outcome: Outcome | None
    settled: U32
    opened: U32
    rewarded: U32
    buyer: Owner | None
    seller: Owner | None
    base_due: I64
    quote_due: I64


class Level(Record, frozen=True):
    """How much the opened orders of one side want at one limit."""

    quantity: U63


class Account(Record, frozen=True):
    """What an owner has in a market: base and quote units, and how much of each is held.

    Held are the deposits of unsettled orders and what opened ones may cost; `buying` and `selling` units are
    open. `basis` is what its holdings
    were worth, less what was paid in since, when its losses were last counted anew: its loss is
    basis - (quote + base * newest price). `sealed` of `all` orders it ever handed in were never opened. From
    the block time `stopped` on, by its member's word, it neither hands in nor opens; from `lost` on, when its
    loss came to the limit, it hands in nothing.
    """

    base: U63
    quote: U63
    base_held: U63
    quote_held: U63
    buying: U63
    selling: U63
    basis: I64
    all: U63
    sealed: U63
    stopped: Milliseconds | None
    lost: Milliseconds | None


class Trader(Record, frozen=True):
    """What one key did: units bought less sold, quote received less paid, and open worst cases.

    It traded at a loss when `quote + base * newest price` is negative. `auction` is the newest in which it
    handed in `commits` orders. `stopped` and `lost` are as in `Account`.
    """

    member: Name
    base: I64
    quote: I64
    buying: U63
    selling: U63
    auction: Number
    commits: U32
    stopped: Milliseconds | None
    lost: Milliseconds | None


class Part(Record, frozen=True):
    """An account's part in one auction that is not settled for it.

    Orders handed in, taken back, opened and ended (settled); its crossing limits (0: none); units traded.
    """

    commits: U32
    cancelled: U32
    reveals: U32
    ended: U32
    buy_high: U63
    sell_low: U63
    bought: U63
    sold: U63


class Pair(Record, frozen=True):
    """Who bought and sold most of an auction's volume, where one each did."""

    auction: Number
    buyer: Owner
    seller: Owner
    volume: U63
