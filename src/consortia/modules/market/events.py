"""What the module tells in receipts."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U32, U63, Digest, Name, Record, Text80
from consortia.modules.market.types import Concern, Limits, Number, Owner, Place, Word


class Opened(Record, frozen=True):
    """A market opened."""

    market: Digest
    name: Name
    operator: Name


class Funded(Record, frozen=True):
    """An account in a market was paid into (`paid`), or taken out of."""

    market: Digest
    account: Owner
    unit: Digest
    amount: U63
    paid: bool


class Committed(Record, frozen=True):
    """A sealed order was handed in, at this place of the auction's book."""

    market: Digest
    auction: Number
    place: Place
    account: Owner


class Cancelled(Record, frozen=True):
    """A sealed order was taken back."""

    market: Digest
    auction: Number
    place: Place


class Revealed(Record, frozen=True):
    """A sealed order was opened."""

    market: Digest
    auction: Number
    place: Place


class Cleared(Record, frozen=True):
    """An auction has its outcome."""

    market: Digest
    auction: Number
    price: Word | None
    volume: U63
    void: bool


class Settled(Record, frozen=True):
    """So many of an auction's orders are settled; `done` when all are."""

    market: Digest
    auction: Number
    orders: U32
    done: bool


class Traded(Record, frozen=True):
    """What an account bought and sold in an auction, in units of base."""

    market: Digest
    auction: Number
    account: Owner
    bought: U63
    sold: U63


class Forfeited(Record, frozen=True):
    """An account lost the deposits of orders that were not opened."""

    market: Digest
    auction: Number
    account: Owner
    orders: U32


class Stopped(Record, frozen=True):
    """An account trades no more: by its member's word, or (`loss`) as its loss limit was met."""

    market: Digest
    account: Owner
    loss: bool


class KeyStopped(Record, frozen=True):
    """A key of a member trades no more: by the member's word, or (`loss`) as its loss limit was met."""

    market: Digest
    member: Name
    key: Digest
    loss: bool


class Restarted(Record, frozen=True):
    """An account trades again; its loss is counted anew."""

    market: Digest
    account: Owner


class KeyRestarted(Record, frozen=True):
    """A key of a member trades again; its loss is counted anew."""

    market: Digest
    member: Name
    key: Digest


class Halted(Record, frozen=True):
    """A market stopped, or goes on."""

    market: Digest
    halted: bool


class Annulled(Record, frozen=True):
    """The operator corrected an auction: it is as if it had not been."""

    market: Digest
    auction: Number
    reason: Text80


class Limited(Record, frozen=True):
    """Other limits hold for an account."""

    market: Digest
    account: Owner
    limits: Limits


class KeyLimited(Record, frozen=True):
    """Other limits hold for a key of a member."""

    market: Digest
    member: Name
    key: Digest
    limits: Limits


class Flagged(Record, frozen=True):
    """A pattern that people should look at: a wash trade, orders left sealed, a push of the closing price."""

    market: Digest
    auction: Number
    concern: Concern
    accounts: Annotated[tuple[Owner, ...], Meta(max_length=2)]


EVENTS: tuple[type[Record], ...] = (
    Opened,
    Funded,
    Committed,
    Cancelled,
    Revealed,
    Cleared,
    Settled,
    Traded,
    Forfeited,
    Stopped,
    KeyStopped,
    Restarted,
    KeyRestarted,
    Halted,
    Annulled,
    Limited,
    KeyLimited,
    Flagged,
)
"""Everything that the module tells in receipts."""
