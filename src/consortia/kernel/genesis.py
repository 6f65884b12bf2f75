"""The genesis: the first facts of a network, whose hash is its name."""

from typing import Annotated, Any

from msgspec import Meta

from consortia.base.codec import U63, Milliseconds, Record, Text80, encode_record
from consortia.base.ids import network_id
from consortia.base.times import HOUR

PROTOCOL_VERSION = 1


class ModuleVersion(Record, frozen=True):
    """A module in force and the version of its rules."""

    name: Text80
    version: U63


class Limits(Record, frozen=True):
    """Network-wide limits: of a block (cost units, transactions) and the length of a quota epoch."""

    block_cost: U63
    block_transactions: U63
    epoch_milliseconds: Annotated[int, Meta(ge=1, le=1 << 40)]


class Genesis(Record, frozen=True):
    """The whole beginning of a network; `state` holds each module's own part, by module name."""

    protocol: Annotated[int, Meta(ge=PROTOCOL_VERSION, le=PROTOCOL_VERSION)]
    name: Text80
    time: Milliseconds
    limits: Limits
    modules: tuple[ModuleVersion, ...]
    state: dict[str, dict[str, Any]]

    def network(self) -> bytes:
        """The network id: the hash of this record's encoding, 32 bytes."""
        return network_id(encode_record(self))


DEFAULT_LIMITS = Limits(block_cost=4_000_000, block_transactions=10_000, epoch_milliseconds=HOUR)
