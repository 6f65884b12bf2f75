"""Transactions: what a key asks the ledger to do.

A transaction is an envelope (`base.envelope`) around a record of version, network, key, lane,
sequence, expiry and calls. Its calls are atomic together. Its id is the hash of what was signed, so
one request has one id whatever its signature's bytes.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any

from msgspec import Meta, Struct

from consortia.base.codec import (
    U63,
    Digest,
    Malformed,
    Milliseconds,
    Record,
    decode,
    encode_record,
    from_value,
    to_value,
)
from consortia.base.envelope import Envelope, content_id, open_envelope, seal
from consortia.base.keys import SigningKey

VERSION = 1
TRANSACTION_BYTES_MAX = 64 * 1024
CALLS_MAX = 16
LANE_MAX = 15
TAG = "consortia/transaction"

METHOD_CHARACTERS_MAX = 80
METHOD_PATTERN = r"^[a-z][a-z0-9]*\.[a-z][a-z0-9_]*\Z"
MethodName = Annotated[str, Meta(max_length=METHOD_CHARACTERS_MAX, pattern=METHOD_PATTERN)]


class Call(Record, frozen=True):
    """One call: the method's full name (`module.message`) and the message's fields."""

    method: MethodName
    args: dict[str, Any]


class Transaction(Record, frozen=True):
    """What is signed; `expires` is a block time, `sequence` the exact next of its lane."""

    version: Annotated[int, Meta(ge=VERSION, le=VERSION)]
    network: Digest
    key: Digest
    lane: Annotated[int, Meta(ge=0, le=LANE_MAX)]
    sequence: U63
    expires: Milliseconds
    calls: Annotated[tuple[Call, ...], Meta(min_length=1, max_length=CALLS_MAX)]


class Parsed(Struct, frozen=True):
    """A well-formed transaction whose signature is not checked yet; `signed` is what the signature covers."""

    raw: bytes
    id: bytes
    transaction: Transaction
    envelope: Envelope
    signed: bytes


@lru_cache(maxsize=64)
def external_aad(network: bytes) -> bytes:
    """The external data under which transactions of a network are signed."""
    return b"consortia/transaction" + network


def call(message: Record, module: str, name: str) -> Call:
    """The call that carries `message` to `module.name`."""
    return Call(f"{module}.{name}", to_value(message))


def sign_transaction(
    key: SigningKey, network: bytes, calls: tuple[Call, ...], *, sequence: int, expires: int, lane: int = 0
) -> bytes:
    """The signed bytes of a transaction of `key`; `expires` is a block time in milliseconds."""
    transaction = Transaction(VERSION, network, key.key_id, lane, sequence, expires, calls)
    return seal(encode_record(transaction), key, external_aad(network))


def parse_transaction(raw: bytes, network: bytes) -> Parsed:
    """Parse the bytes of a transaction for `network`; raises Malformed.

    The network that the record names is not compared here, so that a transaction for another
    network can be told from a malformed one. Calls' arguments stay plain values until their
    method is known; `encode` of the same values must give the same bytes.
    """
    return parse_with(read_payload, raw, network)


def read_payload(payload: bytes) -> Transaction:
    """The transaction that an envelope's payload encodes; raises Malformed."""
    # `decode` takes only the one encoding of a value, and a record is that value with its fields named:
    # encoding it again would give the same bytes. A test holds this, as it is a fifth of the cost.
    return from_value(Transaction, decode(payload))


def parse_with(read: Callable[[bytes], Transaction], raw: bytes, network: bytes) -> Parsed:
    """As `parse_transaction`, where `read` reads the payload."""
    envelope = open_envelope(raw, size_max=TRANSACTION_BYTES_MAX)
    transaction = read(envelope.payload)
    if transaction.key != envelope.kid:
        raise Malformed("the envelope names another key than the transaction")
    signed = envelope.sig_structure(external_aad(network))
    return Parsed(raw, content_id(TAG, signed), transaction, envelope, signed)
