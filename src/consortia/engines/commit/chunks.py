"""The address of a blob: a SHA-256 tree over its 4 MiB chunks.

    chunk hash = H("consortia/chunk", chunk)
    blob id    = H("consortia/blob", size as 8 bytes, big endian | RFC 6962 root over the chunk hashes)

Chunks have 4 MiB each, the last one what is left; an empty blob has no chunks and the root of the
empty log. A chunk hash stands directly as a leaf hash of the tree: its first hashed byte, the length
of the tag, differs from the prefixes of that tree's leaves and nodes. Whoever knows the id can check
the list of chunk hashes against it, and then every chunk the moment it arrives, from any peer and in
any order. Chunks are hashed on all cores: `hashlib` lets go of the interpreter while it works.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256 as _sha256
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import Malformed, Record, decode_record, encode_record
from consortia.base.hashing import DIGEST_BYTES, prefix, tagged
from consortia.base.merkle import PathError, inclusion_path, root, root_from_path

CHUNK_TAG = "consortia/chunk"
BLOB_TAG = "consortia/blob"
CHUNK_BYTES = 4 << 20
"""The size of every chunk but the last."""

CHUNKS_MAX = 1 << 18
BLOB_BYTES_MAX = CHUNKS_MAX * CHUNK_BYTES
"""A blob has at most 1 TiB, so a list of its chunk hashes at most 8 MiB."""

_READ_BYTES = 256 << 10  # small enough to be hashed while still in the core's own cache
_CHUNK_PREFIX = prefix(CHUNK_TAG)

Buffer = bytes | bytearray | memoryview


class WrongChunk(ValueError):
    """A chunk, a list of chunk hashes or a path that is not the blob's; the text names which."""


class ChunkList(Record, frozen=True):
    """A blob's size in bytes and its chunk hashes, 32 bytes each, in order: what a peer sends first."""

    size: Annotated[int, Meta(ge=0, le=BLOB_BYTES_MAX)]
    hashes: Annotated[bytes, Meta(max_length=CHUNKS_MAX * DIGEST_BYTES)]


@dataclass(frozen=True, slots=True)
class ChunkTree:
    """A blob's size in bytes and its chunk hashes in order; `id` is the address they add up to."""

    size: int
    chunks: tuple[bytes, ...]

    def __post_init__(self) -> None:
        """Raise ValueError unless the hashes are as many as the size demands, 32 bytes each."""
        if not 0 <= self.size <= BLOB_BYTES_MAX:
            raise ValueError(f"a blob has at most {BLOB_BYTES_MAX} bytes, not {self.size}")
        if len(self.chunks) != chunk_count(self.size):
            raise ValueError(f"{self.size} bytes are {chunk_count(self.size)} chunks, not {len(self.chunks)}")
        if any(len(chunk) != DIGEST_BYTES for chunk in self.chunks):
            raise ValueError("a chunk hash has 32 bytes")

    @property
    def id(self) -> bytes:
        """The blob's address, 32 bytes."""
        return tagged(BLOB_TAG, self.size.to_bytes(8, "big") + root(self.chunks))

    def chunk_bytes(self, index: int) -> int:
        """The size of chunk `index` in bytes. Raise IndexError when there is none."""
        if not 0 <= index < len(self.chunks):
            raise IndexError(f"there is no chunk {index} among {len(self.chunks)}")
        return min(CHUNK_BYTES, self.size - index * CHUNK_BYTES)

    def verify(self, index: int, chunk: Buffer) -> None:
        """Check that `chunk` is the blob's chunk `index`; raises WrongChunk, or IndexError."""
        expected = self.chunk_bytes(index)
        if len(chunk) != expected:
            raise WrongChunk(f"chunk {index} has {expected} bytes, not {len(chunk)}")
        if chunk_hash(chunk) != self.chunks[index]:
            raise WrongChunk(f"the bytes of chunk {index} do not have its hash")

    def path(self, index: int) -> list[bytes]:
        """The inclusion path of chunk `index`, with which `verify_chunk` checks it from the id alone."""
        return inclusion_path(self.chunks, index)

    def encode(self) -> bytes:
        """The encoded `ChunkList`."""
        return encode_record(ChunkList(self.size, b"".join(self.chunks)))

    @classmethod
    def decode(cls, data: bytes, blob: bytes) -> "ChunkTree":
        """The tree of the blob with the id `blob` that `encode` wrote.

        Raise Malformed for bytes that are no list of chunk hashes, WrongChunk for one of another blob.
        """
        record = decode_record(ChunkList, data)
        hashes = record.hashes
        if len(hashes) != DIGEST_BYTES * chunk_count(record.size):
            raise Malformed(f"{record.size} bytes do not have {len(hashes)} bytes of chunk hashes")
        parts = (hashes[at : at + DIGEST_BYTES] for at in range(0, len(hashes), DIGEST_BYTES))
        tree = cls(record.size, tuple(parts))
        if tree.id != blob:
            raise WrongChunk("the list of chunk hashes does not have the blob's id")
        return tree


def chunk_count(size: int) -> int:
    """The number of chunks of a blob of `size` bytes."""
    return -(-size // CHUNK_BYTES)


def chunk_hash(chunk: Buffer) -> bytes:
    """The hash of one chunk, H("consortia/chunk", chunk)."""
    digest = _sha256(_CHUNK_PREFIX)
    digest.update(chunk)
    return digest.digest()


def blob_id(data: Buffer) -> bytes:
    """The address of a blob that is in memory, 32 bytes."""
    return hash_bytes(data).id


def hash_bytes(data: Buffer, workers: int | None = None) -> ChunkTree:
    """The chunk tree of `data`, hashed by `workers` threads (one per core unless given)."""
    view = memoryview(data).cast("B")
    size = len(view)

    def one(index: int) -> bytes:
        return chunk_hash(view[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES])

    return ChunkTree(size, tuple(_each(one, size, workers)))


def hash_file(path: Path | str, workers: int | None = None) -> ChunkTree:
    """The chunk tree of a file, hashed by `workers` threads (one per core unless given).

    Memory stays flat. Raise OSError as the system does, WrongChunk when the file shrinks meanwhile.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        hashes = _each(lambda index: _file_chunk_hash(descriptor, index, size), size, workers)
        return ChunkTree(size, tuple(hashes))
    finally:
        os.close(descriptor)


def verify_chunk(blob: bytes, size: int, index: int, chunk: Buffer, path: list[bytes]) -> None:
    """Check one chunk of the blob with the id `blob` and `size` bytes by its path; raises WrongChunk."""
    count = chunk_count(size)
    if not 0 <= index < count or len(chunk) != min(CHUNK_BYTES, size - index * CHUNK_BYTES):
        raise WrongChunk(f"a blob of {size} bytes has no chunk {index} of {len(chunk)} bytes")
    try:
        top = root_from_path(chunk_hash(chunk), index, count, path)
    except PathError as error:
        raise WrongChunk(f"chunk {index}: {error}") from None
    if tagged(BLOB_TAG, size.to_bytes(8, "big") + top) != blob:
        raise WrongChunk(f"chunk {index} and its path do not lead to the blob's id")


def _file_chunk_hash(descriptor: int, index: int, size: int) -> bytes:
    at, end = index * CHUNK_BYTES, min(size, (index + 1) * CHUNK_BYTES)
    window = memoryview(bytearray(min(_READ_BYTES, end - at)))
    digest = _sha256(_CHUNK_PREFIX)
    while at < end:
        count = os.preadv(descriptor, [window[: end - at]], at)
        if count == 0:
            raise WrongChunk(f"the file ends at byte {at}, and had {size} when hashing began")
        digest.update(window[:count])
        at += count
    return digest.digest()


def _each(one: Callable[[int], bytes], size: int, workers: int | None) -> Iterable[bytes]:
    """`one` of every chunk of `size` bytes, in order, by threads where that can gain anything."""
    count = chunk_count(size)
    threads = min(count, workers or os.cpu_count() or 1)
    if threads <= 1:
        return [one(index) for index in range(count)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(count)))
