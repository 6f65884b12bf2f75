"""What a member may ask of the module."""

from consortia.base.codec import U63, Digest, Name, Record, Text80
from consortia.modules.bank.types import Account, Amount, Decimals, Rule


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
