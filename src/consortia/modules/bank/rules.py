"""The rules of value: pure functions of records."""

from consortia.modules.bank.types import AMOUNT_MAX, Rule

TREASURY = "governance:treasury"
"""The account of all members together. Anybody may pay into it; only what the members decided pays out."""

VAULT = "bank:vault"
"""Where value lies that is locked or in escrow: its balance is always the sum of the open claims."""


def split(account: str) -> tuple[str, str]:
    """Whose an account is and its label: a member's name, or a module's with a colon behind it."""
    for mark in "/:":
        owner, found, label = account.partition(mark)
        if found:
            return (owner + mark if mark == ":" else owner), label
    return account, ""


def joined(owner: str, label: str) -> str:
    """The account that `split` gives these parts of."""
    return owner + label if owner.endswith(":") else f"{owner}/{label}" if label else owner


def fits(rule: Rule, cap: int | None, issue: int) -> bool:
    """Whether a supply rule, its cap and what is issued at once fit together."""
    if rule == "capped":
        return cap is not None and issue <= cap
    return cap is None and (rule == "open" or issue > 0)


def room(rule: Rule, cap: int | None, supply: int) -> int:
    """How many more parts of a unit there may be."""
    if rule == "fixed":
        return 0
    return (AMOUNT_MAX if cap is None else cap) - supply
