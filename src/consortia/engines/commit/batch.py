"""Many records under one salted root, and any one of them opened alone.

    leaf hash = H("consortia/record", salt | record)
    root      = RFC 6962 root over the leaf hashes, which stand in it as they are

Each record has its own 32 random bytes of salt, drawn here. Records are taken as a stream and hashed in
blocks of 1,024; what is kept besides the salts is one hash a block. That is enough to open a record by
hashing its own block again: an RFC 6962 tree over n leaves is the same tree over the roots of its
aligned blocks. A pool of processes may share the work; the interpreter lock lets threads gain nothing
on records this small.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from hashlib import sha256 as _sha256
from itertools import islice
from struct import iter_unpack
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Digest, Record, Salt
from consortia.base.commitments import RECORD_TAG, SALT_BYTES, record_leaf
from consortia.base.hashing import DIGEST_BYTES, prefix
from consortia.base.merkle import PathError, inclusion_path, root, root_from_path

BLOCK_RECORDS = 1024
"""Records whose subtree root is kept as one hash; a power of two."""

PIECE_RECORDS = 1 << 16
"""Records that are in memory, and go to a process of a pool, at a time; a multiple of the block."""

RECORD_BYTES_MAX = 1 << 20
_IN_FLIGHT = 4
_LEAF_PREFIX = prefix(RECORD_TAG)


class WrongOpening(ValueError):
    """An opening that does not show its record under the root; the text says why."""


class Opening(Record, frozen=True):
    """One record of a batch with what proves it: its salt, its place, and the path to the root."""

    record: Annotated[bytes, Meta(max_length=RECORD_BYTES_MAX)]
    salt: Salt
    index: U63
    count: U63
    path: Annotated[tuple[Digest, ...], Meta(max_length=63)]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a stream with its salts and block roots (32 bytes a record, and a block), joined."""

    records: Sequence[bytes]
    salts: bytes
    blocks: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """A committed batch: root and count are public, salts and block roots (bytes, joined) stay private."""

    root: bytes
    count: int
    salts: bytes
    blocks: bytes

    def block(self, index: int) -> range:
        """The places of the records in the block of record `index`. Raise IndexError when there is none."""
        if not 0 <= index < self.count:
            raise IndexError(f"there is no record {index} among {self.count}")
        start = index - index % BLOCK_RECORDS
        return range(start, min(start + BLOCK_RECORDS, self.count))

    def salt(self, index: int) -> bytes:
        """The salt of one record."""
        return self.salts[index * SALT_BYTES : (index + 1) * SALT_BYTES]

    def open(self, index: int, records: Sequence[bytes]) -> Opening:
        """The opening of record `index`; of `records`, the whole batch, only its block is read.

        Raise IndexError for a place that is not there, WrongOpening when these are not the records.
        """
        places = self.block(index)
        block = records[places.start : places.stop]
        leaves = leaf_hashes(block, self.salts[places.start * SALT_BYTES : places.stop * SALT_BYTES])
        return self.open_from_leaves(index, block[index - places.start], leaves)

    def open_from_leaves(self, index: int, record: bytes, leaves: Sequence[bytes]) -> Opening:
        """As `open`, from the leaf hashes of the record's block; some may be of records erased since."""
        places = self.block(index)
        opening = Opening(
            record=record,
            salt=self.salt(index),
            index=index,
            count=self.count,
            path=block_path(split(self.blocks), leaves, index - places.start, places.start),
        )
        verify(self.root, opening)
        return opening


def build(records: Iterable[bytes], pool: Executor | None = None) -> Batch:
    """Commit to records, in their order, under fresh salts; with a pool of processes, on all of them."""
    kept = [(piece.salts, piece.blocks) for piece in stream(records, pool)]
    return assemble(b"".join(salts for salts, _ in kept), b"".join(blocks for _, blocks in kept))


def assemble(salts: bytes, blocks: bytes) -> Batch:
    """The batch with these salts and block roots, joined."""
    return Batch(root_of_blocks(blocks), len(salts) // SALT_BYTES, salts, blocks)


def stream(records: Iterable[bytes], pool: Executor | None = None) -> Iterator[Piece]:
    """Commit to a stream piece by piece in flat memory; the caller keeps of each piece what it needs.

    All block roots together give the root (`root_of_blocks`).
    """
    source = iter(records)
    waiting: deque[tuple[list[bytes], bytes, Future[bytes]]] = deque()
    while piece := list(islice(source, PIECE_RECORDS)):
        salts = os.urandom(SALT_BYTES * len(piece))
        if pool is None:
            yield Piece(piece, salts, block_roots(piece, salts))
            continue
        waiting.append((piece, salts, pool.submit(block_roots, piece, salts)))
        if len(waiting) >= _IN_FLIGHT:
            yield _finished(waiting.popleft())
    while waiting:
        yield _finished(waiting.popleft())


def block_roots(records: Sequence[bytes], salts: bytes) -> bytes:
    """The block roots of a stretch of records that starts on a block's border, joined."""
    roots = []
    for start in range(0, len(records), BLOCK_RECORDS):  # one at a time: its hashes stay in the core's cache
        end = start + BLOCK_RECORDS
        leaves = leaf_hashes(records[start:end], salts[start * SALT_BYTES : end * SALT_BYTES])
        roots.append(_root(leaves))
    return b"".join(roots)


def leaf_hashes(records: Sequence[bytes], salts: bytes) -> list[bytes]:
    """The salted leaf hashes of records, whose salts come joined. Raise ValueError when they do not match."""
    if len(salts) != SALT_BYTES * len(records):
        raise ValueError(f"{len(records)} records do not go with {len(salts)} bytes of salts")
    return [
        _sha256(_LEAF_PREFIX + salt + record).digest()
        for (salt,), record in zip(iter_unpack(f"{SALT_BYTES}s", salts), records, strict=True)
    ]


def root_of_blocks(blocks: bytes) -> bytes:
    """The root of a batch from its block roots, joined."""
    return root(split(blocks))


def block_path(
    blocks: Sequence[bytes], leaves: Sequence[bytes], offset: int, start: int
) -> tuple[bytes, ...]:
    """The path of the leaf at `offset` of the block that starts at record `start`."""
    return (*inclusion_path(leaves, offset), *inclusion_path(blocks, start // BLOCK_RECORDS))


def verify(root: bytes, opening: Opening) -> None:
    """Check that an opening shows its record under `root`; raises WrongOpening.

    1. The record's salted leaf hash is computed.
    2. It and the path lead, from this place among this count, to a root.
    3. That root is `root`.
    """
    leaf = record_leaf(opening.salt, opening.record)  # 1
    try:
        reached = root_from_path(leaf, opening.index, opening.count, opening.path)  # 2
    except PathError as error:
        raise WrongOpening(str(error)) from None
    if reached != root:  # 3
        raise WrongOpening("the record and its path do not lead to the root")


def _finished(waiting: tuple[list[bytes], bytes, Future[bytes]]) -> Piece:
    records, salts, blocks = waiting
    return Piece(records, salts, blocks.result())


def _root(level: list[bytes]) -> bytes:
    """The RFC 6962 root of one or more leaf hashes, level by level; an odd last node moves up as it is."""
    while len(level) > 1:
        left, right = level[::2], level[1::2]
        odd = left[len(right) :]
        level = [_sha256(b"\x01" + a + b).digest() for a, b in zip(left, right, strict=False)] + odd
    return level[0]


def split(joined: bytes) -> list[bytes]:
    """Hashes that were joined, apart."""
    return [joined[at : at + DIGEST_BYTES] for at in range(0, len(joined), DIGEST_BYTES)]
