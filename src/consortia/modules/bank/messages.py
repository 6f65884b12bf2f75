"""What a member may ask of the module."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U32, U63, Digest, Milliseconds, Name, Record, Salt, Text80
from consortia.modules.bank.types import (
    COUNTS_MAX,
    Account,
    Amount,
    Condition,
    Decimals,
    PayRule,
    Period,
    Price,
    Rule,
    Scoring,
)


class NewUnit(Record, frozen=True):
    """Make a unit of value, issued by the signer's member under a code of its own choice.

    `issue` parts go to the issuer's account at once: with the rule `fixed` these are all that there will
    ever be. A `cap` stands exactly with the rule `capped`.
    """

    code: Name
    title: Text80
    decimals: Decimals
    rule: Rule
    cap: Amount | None
    issue: U63


class Issue(Record, frozen=True):
    """Make more of a unit of the signer's, for an account."""

    unit: Digest
    account: Account
    amount: Amount


class Redeem(Record, frozen=True):
    """Take parts of the signer's own unit, that came back to its account, out of the world."""

    unit: Digest
    amount: Amount


class Transfer(Record, frozen=True):
    """Pay from an account of the signer's member to another account."""

    payer: Account
    payee: Account
    unit: Digest
    amount: Amount


class OpenEscrow(Record, frozen=True):
    """Put value aside for an account until a condition is met.

    Until `deadline` it can only be released, from it on only refunded; one on a proposal that came to nothing
    is refunded at once. The condition is a call, a statement, a study or a proposal.
    """

    payer: Account
    payee: Account
    unit: Digest
    amount: Amount
    condition: Condition
    deadline: Milliseconds


class Offer(Record, frozen=True):
    """Offer value for a price in another unit: to one account, or with None to whoever takes it first.

    The offer binds: what is offered lies in escrow until `deadline`.
    """

    payer: Account
    payee: Account | None
    unit: Digest
    amount: Amount
    price: Price
    deadline: Milliseconds


class Take(Record, frozen=True):
    """Take an offer for an account of the signer's: the price goes out of it, what is offered into it."""

    escrow: Digest
    account: Account


class Release(Record, frozen=True):
    """Let an escrow go to its payee, since its condition is met.

    Of a `call` the attester sends this behind that call, in one transaction. Of a `statement` the attester
    sends it with the hash of the document. Of a `study` or a `proposal` anybody sends
    it.
    """

    escrow: Digest
    arguments: Digest | None


class Approve(Record, frozen=True):
    """Say, as an officer of the payer, that what its hold rule holds may go."""

    escrow: Digest


class Refund(Record, frozen=True):
    """Give an escrow back to its payer, since its deadline has come, or its proposal came to nothing.

    Anybody may send this.
    """

    escrow: Digest


class OpenPayout(Record, frozen=True):
    """Put value aside for the members of a study, who share it by a rule once it has finished.

    A `scoring` stands exactly with the rule `value`: that is for studies whose rounds are open, and is fixed
    before the first of them.
    """

    payer: Account
    study: Digest
    unit: Digest
    amount: Amount
    rule: PayRule
    scoring: Scoring | None
    deadline: Milliseconds


class Score(Record, frozen=True):
    """Tell, as the scorer, how many answers the model of each coalition gets right.

    `salt` and `set` open the commitment to the scoring set, whose blob id is `set`; `seed` opens the other.
    The counts stand in the order of the coalitions' masks, or, of more than 8 members, as the drawn orders
    come by them (`exact.shapley`). Bit i is the i-th contributor by name.
    """

    escrow: Digest
    salt: Salt
    set: Digest
    seed: Salt
    counts: Annotated[tuple[U32, ...], Meta(min_length=1, max_length=COUNTS_MAX)]


class ConfirmScores(Record, frozen=True):
    """Say, as a contributor, that one came to the same counts."""

    escrow: Digest
    table: Digest


class Settle(Record, frozen=True):
    """Divide a payout among the members of a finished study. Anybody may send this."""

    escrow: Digest


class SetHold(Record, frozen=True):
    """Hold what leaves the accounts of the signer's member in one payment above `above`; None ends the rule.

    What is held goes back after so many `milliseconds`, unless two officers release it. A stricter rule holds
    at once; a laxer one, or none, once a second officer has sent the same.
    """

    unit: Digest
    above: U63 | None
    milliseconds: Period
