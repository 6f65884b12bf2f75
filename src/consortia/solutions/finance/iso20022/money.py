"""Amounts as integers of a currency's smallest part, by ISO 4217."""

import re

from consortia.engines.train.files import shown
from consortia.solutions.finance.iso20022.tree import Branch

CENTS = 2
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
_TWO = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE"
    " CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD"
    " HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP"
    " MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD"
    " SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS"
    " VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
CURRENCIES: dict[str, int] = {
    code: decimals
    for codes, decimals in ((_NO_DECIMALS, 0), (_TWO, CENTS), (_THREE, 3), (_FOUR, 4))
    for code in codes.split()
}
"""Every currency in use, with the decimals of its smallest part."""

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


def written(amount: int, currency: str) -> str:
    """An amount as a message has it: 12.50."""
    decimals = CURRENCIES[currency]
    if not decimals:
        return str(amount)
    whole, part = divmod(amount, 10**decimals)
    return f"{whole}.{part:0{decimals}}"
