"""Blocks, receipts and headers: the records that the log is made of."""

from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import (
    U63,
    Digest,
    Malformed,
    Milliseconds,
    Name,
    PublicKey,
    R,
    Record,
    Value,
    decode,
    encode,
    encode_record,
    from_value,
)
from consortia.base.hashing import tagged

BLOCK_BYTES_MAX = 8 << 20
OK = "ok"
MEMBERS_MAX = 128
"""A network has at most so many members at a time."""


Misdeed = Literal["duplicate_vote", "light_client_attack"]
"""What a consensus key is convicted of: two votes for one step, or votes for a header that never was."""


class Accusation(Record, frozen=True):
    """A consensus key that its engine convicted, the engine's height at which it erred, and of what."""

    key: PublicKey
    height: U63
    misdeed: Misdeed


class Block(Record, frozen=True):
    """What a driver decides: a height, a block time, the bytes of admitted transactions in order.

    `accusations` are what the driver's engine convicted keys of; a driver without one has none.
    """

    height: U63
    time: Milliseconds
    transactions: tuple[bytes, ...]
    accusations: tuple[Accusation, ...] = ()


class Event(Record, frozen=True):
    """A typed event of a receipt: its full name (`module.event`) and its fields."""

    name: Annotated[str, Meta(max_length=80)]
    body: dict[str, object]


class Receipt(Record, frozen=True):
    """The ledger's record of one transaction; `code` is "ok" or a refusal's code, `cost` what it consumed."""

    height: U63
    index: U63
    transaction: Digest
    code: Annotated[str, Meta(max_length=80)]
    cost: U63
    events: tuple[Event, ...]


class Header(Record, frozen=True):
    """The leaf that closes a block: state root, hash of the member set in force after it, its first leaf."""

    height: U63
    time: Milliseconds
    state: Digest
    members: Digest
    first: U63


class Whole(Record, frozen=True):
    """A block with all that came of it: what a program that follows the ledger reads, height by height."""

    block: Block
    header: Header
    receipts: tuple[Receipt, ...]


class MemberKey(Record, frozen=True):
    """A member of the set, the public key with which its node cosigns, and its offline recovery key.

    The recovery key may cosign in the witness key's place: otherwise the block in which a member
    replaces a lost witness key could never be final where a quorum is everybody.
    """

    name: Name
    witness: PublicKey
    recovery: PublicKey


class MemberSet(Record, frozen=True):
    """The members in force, sorted by name."""

    members: Annotated[tuple[MemberKey, ...], Meta(max_length=MEMBERS_MAX)]

    def hash(self) -> bytes:
        """The member-set hash, H("consortia/members", encoded set)."""
        return tagged("consortia/members", encode_record(self))


def leaf(record: Header | Receipt) -> bytes:
    """The log leaf of a header or a receipt: the encoded pair of its kind and the record."""
    return encode([_KINDS[type(record)], record])


def parse_leaf(data: bytes) -> Header | Receipt:
    """The header or receipt of a log leaf; raises Malformed."""
    value = decode(data)
    if isinstance(value, list) and len(value) == 2:
        for kind, name in _KINDS.items():
            if value[0] == name:
                # As of a transaction (`read_payload`): encoding it again would give the same bytes. A test
                # holds this, as it is half of what indexing a ledger costs.
                return _typed(kind, value[1])
    raise Malformed("not a leaf of a ledger's log")


_KINDS: dict[type[Header] | type[Receipt], str] = {Header: "header", Receipt: "receipt"}


def _typed(kind: type[R], value: Value) -> R:
    return from_value(kind, value)
