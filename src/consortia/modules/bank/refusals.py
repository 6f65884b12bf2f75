"""The module's refusals, in their order of precedence."""

from consortia.base.refusals import Refusal


def _refusal(number: int, name: str, meaning: str) -> Refusal:
    return Refusal("bank", number, name, meaning)


UNKNOWN_UNIT = _refusal(1, "unknown_unit", "There is no unit with this id.")
NOT_ISSUER = _refusal(2, "not_issuer", "The unit is issued by another member.")
NOT_YOURS = _refusal(3, "not_yours", "The account belongs to somebody else.")
UNKNOWN_ACCOUNT = _refusal(4, "unknown_account", "The account is of no member, and not the common treasury.")
SAME_ACCOUNT = _refusal(5, "same_account", "The account would pay itself.")
BAD_SUPPLY = _refusal(
    6,
    "bad_supply",
    "A cap stands exactly with the rule capped and is not below what is issued at once; a fixed unit issues "
    "all of itself at once.",
)
CODE_TAKEN = _refusal(7, "code_taken", "The member issues a unit of this code.")
FIXED_SUPPLY = _refusal(8, "fixed_supply", "Of a unit whose supply is fixed there is never more nor less.")
BEYOND_CAP = _refusal(9, "beyond_cap", "There would be more of the unit than its cap.")
OVERFLOW = _refusal(10, "overflow", "There would be more than 2^63-1 parts of the unit.")
SHORT_BALANCE = _refusal(11, "short_balance", "The account holds less than that.")

REFUSALS = (
    UNKNOWN_UNIT,
    NOT_ISSUER,
    NOT_YOURS,
    UNKNOWN_ACCOUNT,
    SAME_ACCOUNT,
    BAD_SUPPLY,
    CODE_TAKEN,
    FIXED_SUPPLY,
    BEYOND_CAP,
    OVERFLOW,
    SHORT_BALANCE,
)
