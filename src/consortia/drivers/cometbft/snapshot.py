"""Snapshots for state sync: the whole state in chunks, and what proves each of them to the log's root.

CometBFT's light client knows the application's hash at a height, which is the root of our log. The
*metadata* of a snapshot lead from there to every chunk: the log's peaks give that root, the last leaf is the
header with the state's root, and the chunks' own roots, each at its place in the state tree, give that. So
whoever has checked the metadata checks every chunk by itself, and knows from whom a wrong one came.

A *chunk* is the state below one place of the tree, the entries sorted by the hash of their keys: per entry
the length of the key (2 bytes) and of the value (4 bytes, both big endian), key and value. A place is a chunk
if its entries have at most `CHUNK_BYTES` or are a leaf set of the law. All of it follows from the state and
the log alone, so it is the same bytes on every node.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U32, U63, Digest, Malformed, Record, decode_record, encode_record
from consortia.base.merkle import CompleteNode, Frontier, PathError, leaf_hash, root_from_path
from consortia.base.setcommit import EMPTY_ROOT, KEY_BITS, LEAF_ENTRIES_MAX, node_root
from consortia.kernel.block import Header, parse_leaf
from consortia.kernel.buckets import TOP, lay
from consortia.kernel.durable import Mark, View
from consortia.kernel.genesis import Genesis
from consortia.kernel.ledger import Ledger
from consortia.kernel.tree import key_hash, value_hash

FORMAT = 1
CHUNK_BYTES = 1 << 20
CHUNKS_MAX = 1 << 16
_LENGTHS_BYTES = 6
_AFTER_HASH = slice(32, 36)

Entry = tuple[bytes, bytes]
"""A state key and its value."""


class ChunkRoot(Record, frozen=True):
    """A chunk's place in the state tree, how many entries it has, and their root."""

    place: Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]
    count: U63
    root: Digest


class Metadata(Record, frozen=True):
    """What a snapshot's chunks are proved by; see the module.

    `height` is CometBFT's, `start` the size of the log at which its chain began, `mark` the ledger's commit
    marker, `header` the log's last leaf and `path` its inclusion path.
    """

    format: U32
    height: U63
    start: U63
    mark: Mark
    header: bytes
    path: Annotated[tuple[Digest, ...], Meta(max_length=64)]
    chunks: Annotated[tuple[ChunkRoot, ...], Meta(min_length=1, max_length=CHUNKS_MAX)]


class BadSnapshot(ValueError):
    """A snapshot or chunk that is not what it should be; the text says how."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Metadata that lead to the hash which CometBFT vouches for, with their parts."""

    metadata: Metadata
    genesis: Genesis
    frontier: Frontier
    header: Header


# Making -----------------------------------------------------------------------------------


def chunks_of(view: View) -> Iterator[tuple[ChunkRoot, bytes]]:
    """The chunks of the whole state, from left to right, each with its bytes."""
    keys = list(_in_order(view))
    sizes = array("Q", accumulate((int.from_bytes(found[_AFTER_HASH]) for found in keys), initial=0))
    for place, low, high in _split(keys, sizes, 1, 0, len(keys)):
        parts, packed = list[bytes](), list[bytes]()
        for found in keys[low:high]:
            key = found[_AFTER_HASH.stop :]
            value = view.get(key) or b""
            packed.append(found[: _AFTER_HASH.start] + value_hash(value))
            parts.append(len(key).to_bytes(2, "big") + len(value).to_bytes(4, "big") + key + value)
        root, _ = lay(b"".join(packed), place)
        yield ChunkRoot(place, high - low, root), b"".join(parts)


def _in_order(view: View) -> Iterator[bytes]:
    """For each entry, by the hash of its key: that hash, the bytes it takes in a chunk, and the key.

    Laid out on shelves first: to sort all at once would hold up every other thread.
    """
    shelves = [list[bytes]() for _ in range(256)]
    for key, value in view.scan(b""):
        digest, size = key_hash(key), _LENGTHS_BYTES + len(key) + len(value)
        shelves[digest[0]].append(digest + size.to_bytes(4, "big") + key)
    for shelf in shelves:
        shelf.sort()
        yield from shelf


def _split(
    hashes: Sequence[bytes], sizes: Sequence[int], place: int, low: int, high: int
) -> Iterator[tuple[int, int, int]]:
    """(place, first, end) of the chunks below a place, which holds the entries from `low` to `high`.

    `hashes` are those of the keys, whatever follows them.
    """
    if high - low <= LEAF_ENTRIES_MAX or sizes[high] - sizes[low] <= CHUNK_BYTES:
        if high > low:
            yield place, low, high
        return
    half = 2 * place + 1
    first = half << (KEY_BITS + 1 - half.bit_length()) & (TOP - 1)
    middle = bisect_left(hashes, first.to_bytes(KEY_BITS // 8, "big"), low, high)
    yield from _split(hashes, sizes, half - 1, low, middle)
    yield from _split(hashes, sizes, half, middle, high)


@dataclass(frozen=True, slots=True)
class Ending:
    """Where a ledger stands: its commit marker, the last leaf of its log, and that leaf's inclusion path."""

    mark: Mark
    header: bytes
    path: tuple[bytes, ...]


def ending_of(ledger: Ledger) -> Ending:
    """Where a ledger stands now."""
    size = ledger.tip.size
    with ledger.store.snapshot() as view:
        mark, header = view.mark(), view.leaf(size - 1)
    if mark is None or header is None:
        raise BadSnapshot("the ledger has no header to end with")
    return Ending(decode_record(Mark, mark), header, ledger.inclusion(size - 1, size))


def metadata_of(ending: Ending, height: int, start: int, chunks: Sequence[ChunkRoot]) -> bytes:
    """The encoded metadata of a snapshot of a state at CometBFT's height."""
    return encode_record(
        Metadata(FORMAT, height, start, ending.mark, ending.header, ending.path, tuple(chunks))
    )


# Checking ---------------------------------------------------------------------------------


def check_metadata(data: bytes, height: int, root: bytes, network: bytes) -> Checked:
    """Check a snapshot's metadata against the application's hash at a height; raises BadSnapshot.

    1. They are of this format, this height and this network.
    2. The log's peaks give the hash.
    3. The last leaf of that log is a header, of the height, time and state root that the marker names.
    4. The chunks' roots, each at its place, give the state root.
    """
    try:
        metadata = decode_record(Metadata, data)
        genesis = decode_record(Genesis, metadata.mark.genesis)
        frontier = Frontier.decode(metadata.mark.frontier)
        header = parse_leaf(metadata.header)
    except ValueError as error:
        raise BadSnapshot(f"the metadata are malformed: {error}") from None
    if (metadata.format, metadata.height, genesis.network()) != (FORMAT, height, network):  # 1
        raise BadSnapshot("the snapshot is of another format, height or network")
    if frontier.root() != root:  # 2
        raise BadSnapshot("the log's peaks do not give the application's hash")
    _check_header(metadata, frontier, header, root)  # 3
    if not isinstance(header, Header) or fold(metadata.chunks) != header.state:  # 4
        raise BadSnapshot("the chunks' roots do not give the state's root")
    return Checked(metadata, genesis, frontier, header)


def _check_header(metadata: Metadata, frontier: Frontier, header: object, root: bytes) -> None:
    mark, size = metadata.mark, frontier.size
    if not isinstance(header, Header):
        raise BadSnapshot("the log does not end with a header")
    if (header.height, header.time, header.state) != (mark.height, mark.time, mark.state):
        raise BadSnapshot("the header is not the one that the marker names")
    if not 0 < metadata.start <= size:
        raise BadSnapshot("CometBFT's chain begins outside the log")
    try:
        if root_from_path(leaf_hash(metadata.header), size - 1, size, metadata.path) != root:
            raise BadSnapshot("the header is not the log's last leaf")
    except PathError as error:
        raise BadSnapshot(f"the header's path: {error}") from None


def fold(chunks: Sequence[ChunkRoot]) -> bytes:
    """The root of the state tree whose chunks these are; raises BadSnapshot where they make none."""
    levels = dict[int, dict[int, tuple[int, bytes]]]()
    for chunk in chunks:
        level = levels.setdefault(chunk.place.bit_length(), {})
        if chunk.place in level or not chunk.count:
            raise BadSnapshot("a chunk is empty or stands twice")
        level[chunk.place] = chunk.count, chunk.root
    empty = 0, EMPTY_ROOT
    for bits in range(max(levels, default=1), 1, -1):
        level, above = levels.pop(bits), levels.setdefault(bits - 1, {})
        for place in dict.fromkeys(place >> 1 for place in level):
            left, right = level.get(2 * place, empty), level.get(2 * place + 1, empty)
            count = left[0] + right[0]
            if place in above or not LEAF_ENTRIES_MAX < count < 1 << 63:
                raise BadSnapshot("a chunk lies within another, or is smaller than the law splits")
            above[place] = count, node_root(count, left[1], right[1])
    return levels.get(1, {}).get(1, empty)[1]


def read_chunk(chunk: ChunkRoot, data: bytes) -> tuple[dict[bytes, bytes], dict[int, bytes]]:
    """The entries of a chunk and the buckets they make, by place; raises BadSnapshot unless they are its."""
    entries, packed = dict[bytes, bytes](), list[bytes]()
    for key, value in entries_of(data):
        entries[key] = value
        packed.append(key_hash(key) + value_hash(value))
    shift = KEY_BITS + 1 - chunk.place.bit_length()
    places = {(int.from_bytes(pair[: KEY_BITS // 8], "big") | TOP) >> shift for pair in packed}
    if len(entries) != len(packed) or len(packed) != chunk.count or places != {chunk.place}:
        raise BadSnapshot("the chunk has other entries than it should")
    if packed != sorted(packed):
        raise BadSnapshot("the chunk's entries are not in order")
    root, buckets = lay(b"".join(packed), chunk.place)
    if root != chunk.root:
        raise BadSnapshot("the chunk's entries do not give its root")
    return entries, buckets


def entries_of(data: bytes) -> Iterator[Entry]:
    """The entries of a chunk, from its bytes; raises BadSnapshot where they end too early."""
    at = 0
    while at < len(data):
        start = at + _LENGTHS_BYTES
        middle = start + int.from_bytes(data[at : at + 2], "big")
        at = middle + int.from_bytes(data[at + 2 : start], "big")
        if at > len(data) or middle == start:
            raise BadSnapshot("the chunk is cut short")
        yield data[start:middle], data[middle:at]


def nodes_of(checked: Checked) -> tuple[CompleteNode, ...]:
    """The nodes of the log that are known: its peaks, and the siblings on the way from the last leaf.

    Of a log of `size` leaves the last leaf's siblings are complete: they stand to its left.
    """
    size = checked.frontier.size
    nodes, start = list[CompleteNode](), 0
    for peak in checked.frontier.peaks:
        level = (size - start).bit_length() - 1
        nodes.append((level, start >> level, peak))
        start += 1 << level
    level, place, last = 0, size - 1, size - 1
    for sibling in checked.metadata.path:
        while not place & 1 and place == last and place:
            place, last, level = place >> 1, last >> 1, level + 1
        nodes.append((level, place - 1, sibling))
        place, last, level = place >> 1, last >> 1, level + 1
    return tuple(nodes)


def height_of(metadata: bytes) -> int:
    """CometBFT's height that metadata are of; raises BadSnapshot."""
    return _decoded(metadata).height


def own_root(metadata: bytes) -> bytes:
    """The log's root that metadata claim, which nobody has vouched for yet; raises BadSnapshot."""
    try:
        return Frontier.decode(_decoded(metadata).mark.frontier).root()
    except ValueError as error:
        raise BadSnapshot(f"the metadata are malformed: {error}") from None


def _decoded(metadata: bytes) -> Metadata:
    try:
        return decode_record(Metadata, metadata)
    except Malformed as error:
        raise BadSnapshot(f"the metadata are malformed: {error}") from None


def digest_of(metadata: bytes) -> bytes:
    """The hash by which CometBFT tells one snapshot from another."""
    return sha256(metadata).digest()
