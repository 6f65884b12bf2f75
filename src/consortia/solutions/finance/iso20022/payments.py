"""Payments: credit transfers between banks (pacs.008, pacs.009), and as customers ask for them (pain.001)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from consortia.engines.train.files import DataError, shown
from consortia.solutions.finance.iso20022.header import Header, header_of
from consortia.solutions.finance.iso20022.moments import AHEAD_MILLISECONDS, date_of, moment_of
from consortia.solutions.finance.iso20022.money import amount_of
from consortia.solutions.finance.iso20022.parties import Party, party_of
from consortia.solutions.finance.iso20022.tree import Branch, parse
from consortia.solutions.rejects import Rejected, Rejects

BODIES = frozenset(("FIToFICstmrCdtTrf", "FICdtTrf", "CstmrCdtTrfInitn"))
IDENTIFIER_MAX = 35
_BEARERS = frozenset(("", "DEBT", "CRED", "SHAR", "SLEV"))
UETR = re.compile(r"[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}")


@dataclass(frozen=True, slots=True)
class Payment:
    """One credit transfer. `amount` is in the currency's smallest part; dates are as 2026-01-31.

    `made` in UTC milliseconds: when the payer's bank accepted it, where the transfer says so, else when the
    message was made.
    `reference` is the transfer's own: its UETR where it has one, else its transaction or end-to-end
    identification. `remittance` is what the payer wrote for the payee.
    """

    reference: str
    end_to_end: str
    made: int
    settles: str
    amount: int
    currency: str
    debtor: Party
    creditor: Party
    bearer: str = ""
    remittance: str = ""


@dataclass(frozen=True, slots=True)
class Payments:
    """A file's payments, those that cannot be used, and remarks on what does not add up."""

    header: Header
    payments: tuple[Payment, ...]
    rejected: tuple[Rejected, ...]
    remarks: tuple[str, ...]


def read_payments(data: bytes, file: str, now: int | None = None) -> Payments:
    """Read a file; raises DataError where the file as a whole cannot be used.

    `now` in UTC milliseconds is the reader's clock, for messages that claim to come from a later time.
    """
    root = parse(data, file)
    body = root.seek(BODIES)
    if body is None:
        raise root.fault("holds no payments: no pacs.008, pacs.009 or pain.001")
    header = header_of(root, body, now)
    found: list[Payment] = []
    rejects = Rejects()
    seen: dict[str, int] = {}
    count = 0
    for count, (whole, transfer) in enumerate(_transfers(body), start=1):
        try:
            payment = _payment(whole, transfer, header)
            if payment.reference in seen:
                first = seen[payment.reference]
                raise transfer.fault(f"{payment.reference} is transfer {first} of this file too", "PmtId")
            seen[payment.reference] = count
            found.append(payment)
        except DataError as error:
            rejects.add(count, error)
    if header.count != count:
        raise body.fault(f"{header.count} announced, and there are {count}", "GrpHdr/NbOfTxs")
    total = sum(payment.amount for payment in found)
    return Payments(header, tuple(found), rejects.done(), tuple(_remarks(body, total)))


def _transfers(body: Branch) -> Iterator[tuple[Branch, Branch]]:
    """Each transfer, behind the element that says what a batch of them shares: itself between banks."""
    for transfer in body.all("CdtTrfTxInf"):
        yield transfer, transfer
    for batch in body.all("PmtInf"):
        for transfer in batch.all("CdtTrfTxInf"):
            yield batch, transfer


def _payment(whole: Branch, transfer: Branch, header: Header) -> Payment:
    asked = transfer.find("Amt/InstdAmt")
    if asked is not None and transfer.find("IntrBkSttlmAmt") is not None:
        raise transfer.fault("a customer's amount stands beside it", "IntrBkSttlmAmt")
    amount, currency = amount_of(asked or transfer.get("IntrBkSttlmAmt"))
    end_to_end = _identifier(transfer, "PmtId/EndToEndId")
    uetr = transfer.find("PmtId/UETR")
    if uetr is not None and not UETR.fullmatch(uetr.value):
        raise uetr.fault(f"{shown(uetr.value)!r} is no UETR (a UUID of version 4)")
    bearer = transfer.text("ChrgBr") or whole.text("ChrgBr")
    if bearer not in _BEARERS:
        raise transfer.fault(f"{shown(bearer)!r}: one of {', '.join(sorted(_BEARERS - {''}))}", "ChrgBr")
    own = "" if uetr is None else uetr.value
    return Payment(
        reference=own or (_identifier(transfer, "PmtId/TxId") if transfer.text("PmtId/TxId") else end_to_end),
        end_to_end=end_to_end,
        made=_accepted(transfer, header),
        settles=date_of(transfer.find("IntrBkSttlmDt") or whole.find("ReqdExctnDt")) or header.settles,
        amount=amount,
        currency=currency,
        debtor=party_of(whole, "Dbtr"),
        creditor=party_of(transfer, "Cdtr"),
        bearer=bearer,
        remittance=transfer.text("RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref"),
    )


def _accepted(transfer: Branch, header: Header) -> int:
    """When the payer's bank accepted a transfer, at most a day after the message was made."""
    said = transfer.find("AccptncDtTm")
    if said is None:
        return header.made
    moment = moment_of(said)
    if moment > header.made + AHEAD_MILLISECONDS:
        raise said.fault(f"accepted at {said.value}, more than a day after the message was made")
    return moment


def _identifier(branch: Branch, path: str) -> str:
    found = branch.get(path)
    if not 1 <= len(found.value) <= IDENTIFIER_MAX:
        raise found.fault(f"1 to {IDENTIFIER_MAX} characters, and it has {len(found.value)}")
    if not found.value.isprintable():
        raise found.fault(f"{shown(found.value)} has signs that nobody sees")
    return found.value


def _remarks(body: Branch, total: int) -> Iterator[str]:
    """Sums that a sender may announce and that do not add up: said, as many senders get them wrong."""
    announced = body.find("GrpHdr/TtlIntrBkSttlmAmt")
    if announced is not None and amount_of(announced)[0] != total:
        yield str(announced.fault("the transfers add up to another sum"))
