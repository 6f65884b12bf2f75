"""Amounts as integers of a currency's smallest part, by ISO 4217."""

import re

from consortia.engines.train.files import shown
from consortia.sdk.currencies import CURRENCIES
from consortia.solutions.finance.iso20022.tree import Branch

DIGITS_MAX = 18
_DECIMAL = re.compile(r"\+?([0-9]*)(?:\.([0-9]*))?")


def currency_of(branch: Branch, code: str) -> str:
    """A currency's code; raises DataError for what ISO 4217 does not have."""
    if code not in CURRENCIES:
        raise branch.fault(f"currency {shown(code)!r}, which ISO 4217 does not have")
    return code


def amount_of(branch: Branch) -> tuple[int, str]:
    """An amount as an integer of the smallest part, and its currency; raises DataError."""
    currency = currency_of(branch, branch.currency)
    return minor(branch, CURRENCIES[currency]), currency


def minor(branch: Branch, decimals: int) -> int:
    """A decimal as an integer of so many decimals; raises DataError for another form, or for more of them."""
    found = _DECIMAL.fullmatch(branch.value)
    whole, part = (found[1], found[2] or "") if found else ("", "")
    if not whole and not part:
        raise branch.fault(f"amount {shown(branch.value)!r}: digits, and a point before its decimals")
    kept = part.rstrip("0")
    if len(kept) > decimals:
        raise branch.fault(f"amount {shown(branch.value)!r}: at most {decimals} decimals")
    if len((whole + part).lstrip("0")) > DIGITS_MAX:
        raise branch.fault(f"amount of more than {DIGITS_MAX} digits")
    return int((whole + kept.ljust(decimals, "0")) or "0")
