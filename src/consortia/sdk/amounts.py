"""Amounts as people write them, and as the ledger counts them: no float ever stands between the two."""

import re
from decimal import Decimal

from consortia.modules.bank.types import AMOUNT_MAX
from consortia.sdk.errors import BankError

Written = str | int | Decimal
"""So much of a unit: text such as "12.50", a whole number, or a Decimal; never a float."""

_FORM = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,18}))?")


def parts(amount: Written, decimals: int) -> int:
    """So many smallest parts an amount of a unit with these decimals is; raises BankError.

    What is smaller than the smallest part is refused, not rounded.
    """
    if isinstance(amount, bool) or not isinstance(amount, str | int | Decimal):
        raise BankError(f"an amount is text, a whole number or a Decimal, not {type(amount).__name__}")
    text = format(amount, "f") if isinstance(amount, Decimal) else str(amount)
    found = _FORM.fullmatch(text.replace(",", "").replace("_", "").strip())
    if found is None:
        raise BankError(f"{text!r} is no amount: write 12 or 12.50, above zero")
    whole, fraction = found[1], (found[2] or "").rstrip("0")
    if len(fraction) > decimals:
        raise BankError(f"{text} is finer than the unit's {decimals} decimals")
    counted = int(whole + fraction.ljust(decimals, "0"))
    if not 0 < counted <= AMOUNT_MAX:
        raise BankError(f"{text} is not between one smallest part and 2^63-1 of them")
    return counted


def written(counted: int, decimals: int) -> str:
    """An amount of smallest parts as people write it: all decimals, thousands apart."""
    whole, fraction = divmod(counted, 10**decimals)
    return f"{whole:,}.{fraction:0{decimals}d}" if decimals else f"{whole:,}"
