"""The nouns of the module: units of value, accounts, what they hold, and what happened to it."""

from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import U63, Digest, Milliseconds, Name, Record, Text80
from consortia.base.times import DAY

AMOUNT_MAX = (1 << 63) - 1
"""No amount, balance or supply is larger."""

DECIMALS_MAX = 18
APPROVALS = 2
"""So many officers of a member release what its hold rule holds."""

MEMBERS_MAX = 63
"""So many members a study has at most."""

ORDERS_MAX = 256
COUNTS_MAX = 4096
"""So many coalitions are counted at most."""

DEADLINE_MILLISECONDS_MAX = 366 * DAY
"""An escrow's deadline lies at most so far ahead: a year."""

Amount = Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
"""So many of a unit's smallest parts; never zero, never negative."""

Decimals = Annotated[int, Meta(ge=0, le=DECIMALS_MAX)]
Account = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}([/:][a-z0-9][a-z0-9-]{0,63})?\Z")]
"""A member's account: its name, or its name, a slash and a label (an agent's name among them). A module's:
its name, a colon and a label. No member can have an account of that form."""

Period = Annotated[int, Meta(ge=1, le=DEADLINE_MILLISECONDS_MAX)]

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


Kind = Literal["call", "payment", "payout", "people", "proposal", "statement", "study"]
"""What an escrow waits for.

`call`: a call of the attester's on the ledger, in the transaction of the release and before it; `statement`:
the attester's own word on a document; `study`: the end of a study; `proposal`: that the members' decision was
carried out; `payment`: the price of an offer;
`people`: two of the payer's officers; `payout`: the end of a study, whose members share it by a rule.
"""

MethodName = Annotated[str, Meta(pattern=r"^[a-z]{1,32}\.[a-z_]{1,40}\Z")]


class Condition(Record, frozen=True):
    """What exactly an escrow waits for.

    With `call` and `statement`, `attester` is the member who must do or say it, and `arguments` the hash of
    what: the encoded arguments of `method`, or the document. Of `study` and `proposal`, `subject` is the id.
    """

    kind: Kind
    attester: Name | None
    method: MethodName | None
    arguments: Digest | None
    subject: Digest | None


class Price(Record, frozen=True):
    """What an offer asks for."""

    unit: Digest
    amount: Amount


Status = Literal["open", "refunded", "released"]
Approvals = Annotated[tuple[Digest, ...], Meta(max_length=APPROVALS)]


class Escrow(Record, frozen=True):
    """Value that lies in the vault until its condition is met or its deadline has come.

    Without a `payee` an offer is to whoever takes it first. A `price` stands exactly with the condition
    `payment`. One that is `held` goes nowhere until two of the payer's officers approved; `approvals` are the
    ids of their keys.
    """

    id: Digest
    payer: Account
    payee: Account | None
    unit: Digest
    amount: Amount
    condition: Condition
    price: Price | None
    deadline: Milliseconds
    held: bool
    approvals: Approvals
    status: Status
    height: U63
    time: Milliseconds


class Party(Record, frozen=True):
    """That a member has a part in an open escrow: it pays, is paid, or attests."""

    deadline: Milliseconds


class Asked(Record, frozen=True):
    """What one officer of a member wants its hold rule to be, until a second wants the same."""

    above: U63 | None
    milliseconds: Period
    key: Digest
    time: Milliseconds


class Hold(Record, frozen=True):
    """A member's hold rule for a unit: what leaves its accounts in one payment above `above` waits.

    Two of its officers release it; after so many `milliseconds` it goes back.
    """

    above: U63
    milliseconds: Period
    asked: Asked | None


PayRule = Literal["equal", "records", "rounds", "value"]
"""How a study's members share an amount: alike; by the records that they joined with; by the final rounds
that their updates are in; by what their updates were worth."""


class Scoring(Record, frozen=True):
    """How the worth of updates is measured, fixed before the first round.

    `scorer` is a member that takes no part. `set` commits to the records on which models are scored
    (`rules.set_commitment`), `seed` to the seed of the `orders` in which members of a larger study are
    taken to have come.
    """

    scorer: Name
    set: Digest
    seed: Digest
    orders: Annotated[int, Meta(ge=1, le=ORDERS_MAX)]


class Payout(Record, frozen=True):
    """What an escrow of the kind `payout` is divided by. A `scoring` stands exactly with the rule `value`."""

    study: Digest
    rule: PayRule
    scoring: Scoring | None


Names = Annotated[tuple[Name, ...], Meta(max_length=MEMBERS_MAX)]


class Scores(Record, frozen=True):
    """What the updates of a study's members were worth, as the scorer counted.

    `values` are those of `members`, none negative; `table` is the hash of the counts (`rules.table_hash`).
    More than two thirds of the members must have `confirmed` it; since the block time `final` they have.
    """

    members: Names
    values: Annotated[tuple[U63, ...], Meta(max_length=MEMBERS_MAX)]
    table: Digest
    confirmed: Names
    final: Milliseconds | None


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


class EscrowOpened(Record, frozen=True):
    """Value went into an escrow."""

    escrow: Digest
    kind: Kind
    payer: Account
    payee: Account | None
    unit: Digest
    amount: Amount
    deadline: Milliseconds


class Approved(Record, frozen=True):
    """An officer of the payer said that what is held may go."""

    escrow: Digest
    key: Digest


class Released(Record, frozen=True):
    """An escrow went to its payee."""

    escrow: Digest
    payee: Account
    unit: Digest
    amount: Amount


class Refunded(Record, frozen=True):
    """An escrow went back to its payer."""

    escrow: Digest
    payer: Account
    unit: Digest
    amount: Amount


class Scored(Record, frozen=True):
    """A scorer told what the updates of a study were worth."""

    escrow: Digest
    table: Digest


class Confirmed(Record, frozen=True):
    """A member of the study came to the same counts."""

    escrow: Digest
    member: Name


class PaidOut(Record, frozen=True):
    """A member got its share of a payout."""

    escrow: Digest
    member: Name
    unit: Digest
    amount: Amount


class HoldAsked(Record, frozen=True):
    """An officer wants its member's hold rule to be laxer, or with None gone; a second has to agree."""

    member: Name
    unit: Digest
    above: U63 | None


class HoldSet(Record, frozen=True):
    """A member's hold rule for a unit is another, or with None gone."""

    member: Name
    unit: Digest
    above: U63 | None


EVENTS: tuple[type[Record], ...] = (
    UnitMade,
    Issued,
    Redeemed,
    Transferred,
    EscrowOpened,
    Approved,
    Released,
    Refunded,
    Scored,
    Confirmed,
    PaidOut,
    HoldAsked,
    HoldSet,
)
"""Everything that the module tells in receipts."""
