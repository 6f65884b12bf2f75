"""The rules of value: pure functions of records."""

from consortia.modules.bank.types import AMOUNT_MAX, DEADLINE_MILLISECONDS_MAX, Condition, Hold, Rule

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


def exact(condition: Condition) -> bool:
    """Whether a condition that a member may state names exactly what its kind needs, and nothing else."""
    named = tuple(
        part is not None
        for part in (condition.attester, condition.method, condition.arguments, condition.subject)
    )
    return {
        "call": (True, True, True, False),
        "statement": (True, False, True, False),
        "study": (False, False, False, True),
    }.get(condition.kind) == named


def ahead(deadline: int, now: int) -> bool:
    """Whether a deadline lies ahead, and at most a year."""
    return now < deadline <= now + DEADLINE_MILLISECONDS_MAX


def holds(rule: Hold | None, amount: int) -> bool:
    """Whether a member's rule holds a payment of so much."""
    return rule is not None and amount > rule.above


def laxer(rule: Hold | None, above: int | None) -> bool:
    """Whether a member's rule would let more through with this limit, or with None for no rule."""
    return rule is not None and (above is None or above > rule.above)
