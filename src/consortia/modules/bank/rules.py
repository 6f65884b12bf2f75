"""The rules of value: pure functions of records."""

from collections.abc import Sequence

from consortia.base.codec import encode
from consortia.base.hashing import tagged
from consortia.exact import shapley
from consortia.modules.bank.types import (
    AMOUNT_MAX,
    COUNTS_MAX,
    DEADLINE_MILLISECONDS_MAX,
    Condition,
    Hold,
    Rule,
)

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
        "proposal": (False, False, False, True),
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


def set_commitment(salt: bytes, blob: bytes) -> bytes:
    """What commits to a scoring set: H("consortia/bank/set", salt | its blob id)."""
    return tagged("consortia/bank/set", salt + blob)


def seed_commitment(seed: bytes) -> bytes:
    """What commits to the seed of orders: H("consortia/bank/seed", seed)."""
    return tagged("consortia/bank/seed", seed)


def table_hash(members: Sequence[str], counts: Sequence[int]) -> bytes:
    """By what members confirm counts: H("consortia/bank/counts", the encoded [members, counts])."""
    return tagged("consortia/bank/counts", encode([list(members), list(counts)]))


def values_of(members: int, seed: bytes, orders: int, counts: Sequence[int]) -> list[int] | None:
    """What each of so many members was worth, none below zero; None for counts of others."""
    try:
        if members <= shapley.EXACT_MAX:
            values = shapley.exact_values(counts) if len(counts) == 1 << members else None
        elif orders * members > COUNTS_MAX:
            return None
        else:
            drawn = shapley.orders(seed, members, orders)
            masks = shapley.coalitions(drawn)
            paired = dict(zip(masks, counts, strict=False))
            values = shapley.sampled_values(drawn, paired) if len(masks) == len(counts) else None
    except shapley.ShapleyError:
        return None
    return None if values is None else [max(0, value) for value in values]
