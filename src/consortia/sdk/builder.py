"""Building transactions: messages from the application's declarations, sequences by lane, an expiry.

A transaction can be signed at once by whoever holds the key, or drafted here and signed elsewhere (a browser,
a hardware key): a draft gives the payload, and the bytes that the signature must cover.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec.structs import replace

from consortia.base.codec import Malformed, Record, encode, to_value
from consortia.base.envelope import Envelope, content_id
from consortia.base.keys import SigningKey
from consortia.kernel.application import Application
from consortia.kernel.transaction import (
    VERSION,
    Call,
    Transaction,
    external_aad,
    parse_transaction,
    sign_transaction,
)
from consortia.kernel.transaction import call as carry
from consortia.modules.governance.messages import Propose
from consortia.modules.governance.types import Action
from consortia.sdk.jsonform import from_json, to_json
from consortia.sdk.moments import utc_milliseconds

EXPIRY_MILLISECONDS = 120_000
"""A transaction expires two minutes of block time after it was built, unless asked otherwise."""

NextSequence = Callable[[bytes, int], int]
"""Gives the sequence number that the next transaction of (key id, lane) must have."""


class DraftCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call in JSON form: bytes in hex."""

    method: str
    args: dict[str, Any]


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A transaction as JSON asks for it: what is left out is filled in."""

    key: str
    calls: tuple[DraftCall, ...]
    lane: int = 0
    sequence: int | None = None
    expires: int | None = None


@dataclass(frozen=True, slots=True)
class Drafted:
    """An unsigned transaction: its payload, the bytes to sign, its id (32 bytes)."""

    payload: bytes
    signed: bytes
    id: bytes


def message(app: Application, method: str, arguments: dict[str, Any]) -> Record:
    """The message of a method from its fields, in JSON form or as they are; raises Malformed.

    The actions of a proposal are messages too, and are read as such.
    """
    bound = app.methods.get(method)
    if bound is None:
        raise Malformed(f"no method {method}")
    read = from_json(bound.method.message, to_json(arguments))
    if not isinstance(read, Propose):
        return read
    actions = [Action(one.method, to_value(message(app, one.method, dict(one.args)))) for one in read.actions]
    return replace(read, actions=tuple(actions))


def call_of(app: Application, record: Record) -> Call:
    """The call that carries a message; raises Malformed for a record that no method takes."""
    name = app.messages.get(type(record))
    if name is None:
        raise Malformed(f"{type(record).__name__} is no message of the application")
    module, _, method = name.partition(".")
    return carry(record, module, method)


def draft(app: Application, network: bytes, wanted: Draft, next_sequence: NextSequence, now: int) -> Drafted:
    """The unsigned transaction that JSON asks for, at time `now` in milliseconds; raises ValueError."""
    key = bytes.fromhex(wanted.key)
    calls = tuple(call_of(app, message(app, one.method, one.args)) for one in wanted.calls)
    if not 0 <= wanted.lane <= 15:
        raise Malformed("a lane is a number from 0 to 15")
    sequence = next_sequence(key, wanted.lane) if wanted.sequence is None else wanted.sequence
    expires = now + EXPIRY_MILLISECONDS if wanted.expires is None else wanted.expires
    transaction = Transaction(VERSION, network, key, wanted.lane, sequence, expires, calls)
    payload = encode(transaction)
    signed = Envelope(key, payload, b"").sig_structure(external_aad(network))
    return Drafted(payload, signed, content_id("consortia/transaction", signed))


@dataclass(slots=True)
class Builder:
    """Signs transactions of one key, and counts the sequence of each of its lanes.

    `next_sequence` asks the ledger, once for a lane; `resync` makes it ask again. `clock` gives the time
    in UTC milliseconds.
    """

    app: Application
    network: bytes
    key: SigningKey
    next_sequence: NextSequence
    clock: Callable[[], int] = utc_milliseconds
    _lanes: dict[int, int] = field(default_factory=dict)

    def sign(self, *records: Record, lane: int = 0, expires: int | None = None) -> tuple[bytes, bytes]:
        """The signed bytes and the id of a transaction of these messages; raises Malformed."""
        calls = tuple(call_of(self.app, record) for record in records)
        if lane not in self._lanes:
            self._lanes[lane] = self.next_sequence(self.key.key_id, lane)
        deadline = self.clock() + EXPIRY_MILLISECONDS if expires is None else expires
        raw = sign_transaction(
            self.key, self.network, calls, sequence=self._lanes[lane], expires=deadline, lane=lane
        )
        self._lanes[lane] += 1
        return raw, parse_transaction(raw, self.network).id

    def resync(self, lane: int = 0) -> None:
        """Ask the ledger for the lane's sequence the next time."""
        self._lanes.pop(lane, None)
