"""GS1 keys in one form: an EPC URN, or a Digital Link of any domain, as a Digital Link of id.gs1.org.

Source: GS1 EPC Tag Data Standard 2.0 (URNs), GS1 Digital Link URI Syntax 1.3, GS1 General Specifications
(check digits).
"""

import re
from collections.abc import Callable
from functools import lru_cache

DOMAIN = "https://id.gs1.org"
_SHORT = {
    "gtin": "01",
    "itip": "8006",
    "gmn": "8013",
    "cpid": "8010",
    "gln": "414",
    "party": "417",
    "gsrnp": "8017",
    "gsrn": "8018",
    "gcn": "255",
    "sscc": "00",
    "gdti": "253",
    "ginc": "401",
    "gsin": "402",
    "grai": "8003",
    "giai": "8004",
    "cpv": "22",
    "lot": "10",
    "ser": "21",
}
"""Names that older Digital Links have in place of numbers."""

_PRIMARY = "00|01|253|255|401|402|414|417|8003|8004|8006|8010|8013|8017|8018"
_LINK = re.compile(
    rf"https?://[^/?#]+(?:/[^?#]*?)??/((?:{_PRIMARY})/[^/?#]+(?:/[0-9]{{2,4}}/[^/?#]+)*)(?:[?#].*)?"
)
_URN = re.compile(r"urn:epc:(id|class|idpat):([a-z]+):(.+)")
_ESCAPED = {sign: f"%{ord(sign):02X}" for sign in "!()*+,:"}


@lru_cache(maxsize=1 << 16)
def canonical(text: str) -> str:
    """A key's one form; any other text as it is."""
    found = _URN.fullmatch(text)
    if found is not None and found[2] in _WRITTEN:
        parts = found[3].split(".")
        open_ended = found[1] == "idpat" and parts[-1] == "*"
        try:
            return f"{DOMAIN}/{_escaped(_WRITTEN[found[2]](parts[:-1] if open_ended else parts))}"
        except (IndexError, ValueError):
            return text
    link = _LINK.fullmatch(_numbered(text))
    return text if link is None else f"{DOMAIN}/{link[1]}"


def check_digit(digits: str) -> str:
    """The digit that makes a number one of GS1's: from the right, every other digit counts three times."""
    total = sum(int(digit) * (1 if at % 2 else 3) for at, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _numbered(text: str) -> str:
    """A Digital Link with numbers in place of the names of keys."""
    head, sep, path = text.partition("://")
    if not sep or "/" not in path:
        return text
    return f"{head}://{'/'.join(_SHORT.get(step, step) for step in path.split('/'))}"


def _escaped(path: str) -> str:
    return "".join(_ESCAPED.get(sign, sign) for sign in path)


def _whole(digits: str) -> str:
    return digits + check_digit(digits)


def _pair(parts: list[str]) -> str:
    """Company and reference, with a check digit."""
    return _whole(parts[0] + parts[1])


def _item(parts: list[str]) -> str:
    """The same where the reference's first digit comes first: GTIN-14 and SSCC."""
    company, reference = parts[0], parts[1]
    return _whole(reference[0] + company + reference[1:])


def _after(parts: list[str], at: int, before: str = "") -> str:
    """What follows a class, such as a serial number, which may hold dots; nothing where there is none."""
    return before + ".".join(parts[at:]) if len(parts) > at else ""


def _place(parts: list[str]) -> str:
    """A location, without the extension that stands for none."""
    return f"414/{_pair(parts)}{'' if parts[2:] == ['0'] else _after(parts, 2, '/254/')}"


_WRITTEN: dict[str, Callable[[list[str]], str]] = {
    "sgtin": lambda parts: f"01/{_item(parts)}{_after(parts, 2, '/21/')}",
    "lgtin": lambda parts: f"01/{_item(parts)}{_after(parts, 2, '/10/')}",
    "upui": lambda parts: f"01/{_item(parts)}{_after(parts, 2, '/235/')}",
    "itip": lambda parts: f"8006/{_item(parts)}{parts[2]}{parts[3]}{_after(parts, 4, '/21/')}",
    "sscc": lambda parts: f"00/{_item(parts)}",
    "sgln": _place,
    "pgln": lambda parts: f"417/{_pair(parts)}",
    "grai": lambda parts: f"8003/0{_pair(parts)}{_after(parts, 2)}",
    "gdti": lambda parts: f"253/{_pair(parts)}{_after(parts, 2)}",
    "sgcn": lambda parts: f"255/{_pair(parts)}{_after(parts, 2)}",
    "cpi": lambda parts: f"8010/{parts[0]}{parts[1]}{_after(parts, 2, '/8011/')}",
    "giai": lambda parts: f"8004/{parts[0]}{_after(parts, 1)}",
    "ginc": lambda parts: f"401/{parts[0]}{_after(parts, 1)}",
    "gsrn": lambda parts: f"8018/{_pair(parts)}",
    "gsrnp": lambda parts: f"8017/{_pair(parts)}",
    "gsin": lambda parts: f"402/{_pair(parts)}",
}
