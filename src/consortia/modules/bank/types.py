"""The nouns of the module: units of value, accounts, what they hold, and what happened to it."""

from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import U63, Digest, Milliseconds, Name, Record, Text80

AMOUNT_MAX = (1 << 63) - 1
"""No amount, balance or supply is larger."""

DECIMALS_MAX = 18

Amount = Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
"""So many of a unit's smallest parts; never zero, never negative."""

Decimals = Annotated[int, Meta(ge=0, le=DECIMALS_MAX)]
Account = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}([/:][a-z0-9][a-z0-9-]{0,63})?\Z")]
"""A member's account: its name, or its name, a slash and a label (an agent's name among them). A module's:
its name, a colon and a label. No member can have an account of that form."""

Rule = Literal["capped", "fixed", "open"]
"""Who may make more of a unit: `fixed`, nobody after its first moment; `capped`, its issuer until so many are
about; `open`, its issuer at will."""


class Unit(Record, frozen=True):
    """A unit of value: who issues it, what people call it, and by which rule there may be more of it.

    An amount counts its smallest parts, of which 10^`decimals` are one. `supply` of them are about. A `cap`
    stands exactly with the rule `capped`.
    """

    id: Digest
    issuer: Name
    code: Name
    title: Text80
    decimals: Decimals
    rule: Rule
    cap: Amount | None
    supply: U63
    height: U63
    time: Milliseconds


class Named(Record, frozen=True):
    """The unit that an issuer calls so."""

    unit: Digest


class Balance(Record, frozen=True):
    """What an account holds of a unit; an account that holds nothing has no entry."""

    amount: Amount


class Lock(Record, frozen=True):
    """What another module holds back of an account until it releases or refunds it.

    `holder` is the module, which alone may do so; `reason` is in its words.
    """

    holder: Name
    account: Account
    unit: Digest
    amount: Amount
    reason: Text80


class Count(Record, frozen=True):
    """How many locks were ever made."""

    number: U63


class UnitMade(Record, frozen=True):
    """There is a new unit."""

    unit: Digest
    issuer: Name
    code: Name


class Issued(Record, frozen=True):
    """An issuer made more of its unit, for an account."""

    unit: Digest
    account: Account
    amount: Amount


class Redeemed(Record, frozen=True):
    """An issuer took what had come back to it out of the world."""

    unit: Digest
    amount: Amount


class Transferred(Record, frozen=True):
    """An account paid another."""

    payer: Account
    payee: Account
    unit: Digest
    amount: Amount


EVENTS: tuple[type[Record], ...] = (UnitMade, Issued, Redeemed, Transferred)
"""Everything that the module tells in receipts."""
