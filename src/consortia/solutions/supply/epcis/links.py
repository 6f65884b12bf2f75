"""GS1 Digital Links: what a scanned code leads to, and links made of GTIN, lot, serial, container, place.

Source: GS1 Digital Link URI Syntax 1.3; GS1 General Specifications 7.9 (check digits).
"""

import re
from urllib.parse import quote, unquote

from consortia.engines.train.files import DataError, shown
from consortia.solutions.supply.epcis.keys import DOMAIN, canonical, check_digit

_DIGITS = {"01": 14, "00": 18, "414": 13, "417": 13, "8017": 18, "8018": 18, "402": 17}
"""Keys of one length that end in a check digit."""

_PART = re.compile(r"[!-~]{1,20}")


def read_link(text: str) -> dict[str, str]:
    """The keys of a Digital Link or an EPC URN by their application identifiers, unescaped.

    Raises DataError where it is neither, or a check digit is wrong.
    """
    one = canonical(text.strip())
    if not one.startswith(f"{DOMAIN}/"):
        raise DataError(f"{shown(text)!r} is neither a GS1 Digital Link nor an EPC URN.")
    parts = one.removeprefix(f"{DOMAIN}/").split("/")
    found = {name: unquote(value) for name, value in zip(parts[::2], parts[1::2], strict=True)}
    for name, length in _DIGITS.items():
        if name in found:
            check_key(name, found[name], length)
    return found


def check_key(name: str, digits: str, length: int) -> None:
    """Raise DataError unless a key has its length and its check digit."""
    if not digits.isascii() or not digits.isdigit() or len(digits) != length:
        raise DataError(f"({name}) {shown(digits)!r} has not {length} digits.")
    right = check_digit(digits[:-1])
    if digits[-1] != right:
        raise DataError(f"({name}) {digits}: the check digit is {right}, not {digits[-1]}.")


def write_link(gtin: str, *, lot: str = "", serial: str = "", domain: str = DOMAIN) -> str:
    """The Digital Link of a product, its lot, or one piece of it. Raises DataError for keys that are none."""
    whole = gtin.zfill(14)
    check_key("01", whole, 14)
    link = f"{domain.rstrip('/')}/01/{whole}"
    for name, value in (("10", lot), ("21", serial)):
        if value:
            if not _PART.fullmatch(value):
                raise DataError(f"({name}) {shown(value)!r} has not 1 to 20 printable signs.")
            link += f"/{name}/{quote(value, safe='')}"
    return link
