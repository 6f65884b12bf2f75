"""What a message says of itself: its own header, and the business header around it."""

import re
from dataclasses import dataclass

from consortia.engines.train.files import shown
from consortia.solutions.finance.iso20022.moments import date_of, made_of
from consortia.solutions.finance.iso20022.tree import Branch

_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:([a-z]{4}\.[0-9]{3}\.[0-9]{3}\.[0-9]{2})")
_COUNT = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Header:
    """A message: its definition (pacs.008.001.08), its identification, when it was made, how many it holds.

    `made` is in UTC milliseconds; `count` is None where the kind of message announces none.
    """

    definition: str
    identification: str
    made: int
    count: int | None
    settles: str = ""


def header_of(root: Branch, body: Branch, now: int | None) -> Header:
    """The header of the message in `body`, held against a business header; raises DataError."""
    kind = _NAMESPACE.fullmatch(body.namespace)
    if kind is None:
        raise body.fault(f"namespace {shown(body.namespace)!r}, which names no ISO 20022 message")
    group = body.get("GrpHdr")
    count = group.find("NbOfTxs")
    if count is not None and not _COUNT.fullmatch(count.value):
        raise count.fault(f"{shown(count.value)!r}: a number of at most 15 digits")
    header = Header(
        definition=kind[1],
        identification=group.get("MsgId").value,
        made=made_of(group.get("CreDtTm"), now),
        count=None if count is None else int(count.value),
        settles=date_of(group.find("IntrBkSttlmDt")),
    )
    around = root.seek(frozenset(("AppHdr",)))
    if around is not None:
        _agree(around, header)
    return header


def _agree(around: Branch, header: Header) -> None:
    """Hold the business header to the message. Source: ISO 20022 head.001, MsgDefIdr."""
    said = around.get("MsgDefIdr")
    if said.value != header.definition:
        raise said.fault(f"{shown(said.value)!r}, and the message is a {header.definition}")
