"""Who pays, who is paid, and the banks between: names, accounts and bank codes."""

import re
from dataclasses import dataclass

from consortia.engines.train.files import shown
from consortia.solutions.finance.iso20022.tree import Branch

NAME_MAX = 140
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Za-z0-9]{1,30}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_CHECK = 97


@dataclass(frozen=True, slots=True)
class Party:
    """A party of a payment; what a message leaves out is empty.

    `account` is an IBAN or another bank's own number, `agent` the bank's BIC or its number in a clearing
    system, `country` that of the address.
    """

    name: str = ""
    account: str = ""
    agent: str = ""
    country: str = ""


def party_of(branch: Branch, role: str) -> Party:
    """The party of a role, such as `Dbtr`, with its account and its bank; raises DataError."""
    who = branch.find(role)
    name = country = agent = ""
    if who is not None:
        name = who.text("Nm", "FinInstnId/Nm")
        if len(name) > NAME_MAX:
            raise who.fault(f"a name of more than {NAME_MAX} characters", "Nm")
        country = _country(who)
        agent = _bank(who)
    bank = branch.find(f"{role}Agt")
    if bank is not None:
        agent = _bank(bank) or agent
    return Party(name, account_of(branch.find(f"{role}Acct")), agent, country)


def account_of(branch: Branch | None) -> str:
    """An account's IBAN or other number; empty for none. Raises DataError for an IBAN whose digits fail."""
    if branch is None:
        return ""
    iban = branch.find("Id/IBAN")
    if iban is None:
        return branch.text("Id/Othr/Id")
    text = iban.value.replace(" ", "")
    if not is_iban(text):
        raise iban.fault(f"{shown(text)!r} is no IBAN: its check digits are wrong")
    return text


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN whose check digits hold. Source: ISO 13616, by ISO 7064 MOD 97-10."""
    if not _IBAN.fullmatch(text):
        return False
    turned = text[4:] + text[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % _CHECK == 1


def is_bic(text: str) -> bool:
    """Whether a text has the form of a bank's code. Source: ISO 9362."""
    return _BIC.fullmatch(text) is not None


def _country(who: Branch) -> str:
    found = who.find("PstlAdr/Ctry") or who.find("CtryOfRes")
    if found is None or not found.value:
        return ""
    if not _COUNTRY.fullmatch(found.value):
        raise found.fault(f"country {shown(found.value)!r}: two capital letters, as ISO 3166 has them")
    return found.value


def _bank(branch: Branch) -> str:
    """A bank's BIC, or its number in a clearing system."""
    inner = branch.find("FinInstnId")
    if inner is None:
        return ""
    found = inner.find("BICFI") or inner.find("BIC")
    if found is None or not found.value:
        return inner.text("ClrSysMmbId/MmbId", "Othr/Id")
    if not is_bic(found.value):
        raise found.fault(f"{shown(found.value)!r} is no BIC (ISO 9362)")
    return found.value
