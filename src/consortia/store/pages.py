"""A check of an LMDB file, page by page, before it is mapped into memory.

LMDB trusts its own pages: in a cut or damaged file it may follow a number into nowhere and take the
process with it. This walks every page that the newest meta page leads to, from the plain bytes, and
refuses what does not fit together. It says nothing about what the entries mean; hashes do that.
The layout is that of LMDB 0.9 data files, version 1, on little-endian machines with 64 bits.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from mmap import ACCESS_READ, mmap
from pathlib import Path

_PAGE_HEAD = struct.Struct("<QHHHH")  # page number, pad, flags, end of node offsets, start of nodes
_NODE_HEAD = struct.Struct("<HHHH")  # size or child (low, high), flags or child (top), key bytes
_META = struct.Struct(
    "<IIQQ48s48sQQ"
)  # magic, version, address, map bytes, two databases, last page, transaction
_TREE = struct.Struct(
    "<IHHQQQQQ"
)  # page bytes, flags, depth, branches, leaves, overflows, entries, root page
_MAGIC, _VERSION = 0xBEEFC0DE, 1
_BRANCH, _LEAF, _OVERFLOW, _META_PAGE = 0x01, 0x02, 0x04, 0x08
_BIG, _SUB, _DUP = 0x01, 0x02, 0x04
_INTEGER_KEYS = 0x08  # as the list of free pages has: numbers of transactions, in the machine's byte order
_NO_PAGE = (1 << 64) - 1
_DEPTH_MAX = 32


class PageError(ValueError):
    """The file is cut, or a page of it does not fit together."""


@dataclass(frozen=True, slots=True)
class _Meta:
    page_bytes: int
    last_page: int
    transaction: int
    free: bytes
    main: bytes


def file_bytes(path: Path) -> int:
    """How long the file should be by its newest meta page. Raise PageError when there is none."""
    meta = _newest_meta(path)
    return (meta.last_page + 1) * meta.page_bytes


def check_pages(path: Path) -> None:
    """Walk all pages in use. Raise PageError for anything that LMDB could stumble over."""
    meta = _newest_meta(path)
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        walk = _Walk(data, meta)  # of a file as long as the disk it takes what is in use
        walk.tree(meta.free)
        walk.tree(meta.main)


def _newest_meta(path: Path) -> _Meta:
    with path.open("rb") as file:
        head = file.read(_PAGE_HEAD.size + _META.size)
        first = _meta(head, 0)
        file.seek(first.page_bytes)
        second = _meta(file.read(_PAGE_HEAD.size + _META.size), first.page_bytes)
    return max(first, second, key=lambda meta: meta.transaction)


def _meta(page: bytes, page_bytes: int) -> _Meta:
    if len(page) < _PAGE_HEAD.size + _META.size:
        raise PageError("the file ends within its meta pages")
    magic, version, _, _, free, main, last, transaction = _META.unpack_from(page, _PAGE_HEAD.size)
    size = int.from_bytes(free[:4], "little")
    flags = _PAGE_HEAD.unpack_from(page)[2]
    if magic != _MAGIC or version != _VERSION or not flags & _META_PAGE:
        raise PageError("a meta page is not one")
    if size & (size - 1) or not 512 <= size <= 65536 or page_bytes not in (0, size):
        raise PageError("the page size is impossible")
    return _Meta(size, last, transaction, free, main)


Rank = Callable[[bytes], bytes]
"""What the order of a tree's keys goes by."""


def _as_bytes(key: bytes) -> bytes:
    return key


def _as_number(key: bytes) -> bytes:
    return key[::-1]


class _Walk:
    """One pass over the pages of a file."""

    def __init__(self, data: mmap, meta: _Meta) -> None:
        self._data = data
        self._bytes = meta.page_bytes
        self._last = meta.last_page
        self._seen = bytearray(min(meta.last_page + 1, len(data) // meta.page_bytes + 1))

    def tree(self, packed: bytes) -> None:
        """Check one tree from its descriptor (48 bytes)."""
        _, flags, depth, _, _, _, _, root = _TREE.unpack(packed)
        if flags & _DUP:
            raise PageError("a database allows duplicates, which this store never makes")
        if root != _NO_PAGE:
            if not 0 < depth <= _DEPTH_MAX:
                raise PageError("a tree is impossibly deep")
            self._node_page(root, depth, _as_number if flags & _INTEGER_KEYS else _as_bytes)

    def _take(self, number: int, count: int = 1) -> int:
        """Mark pages as visited; return where they start in the file."""
        if not 2 <= number <= number + count - 1 <= self._last:
            raise PageError(f"page {number} is out of range")
        at = number * self._bytes
        if at + count * self._bytes > len(self._data):
            raise PageError(f"the file is cut before the end of page {number + count - 1}")
        if any(self._seen[number : number + count]):
            raise PageError(f"page {number} is used twice")
        self._seen[number : number + count] = b"\x01" * count
        return at

    def _node_page(self, number: int, depth: int, rank: Rank) -> None:
        at = self._take(number)
        own, _, flags, lower, upper = _PAGE_HEAD.unpack_from(self._data, at)
        kind = _LEAF if depth == 1 else _BRANCH
        if own != number or flags & 0x6F != kind:
            raise PageError(f"page {number} is not what its place in the tree demands")
        if not _PAGE_HEAD.size <= lower <= upper <= self._bytes or lower & 1:
            raise PageError(f"page {number} has impossible bounds")
        offsets = struct.unpack_from(f"<{(lower - _PAGE_HEAD.size) // 2}H", self._data, at + _PAGE_HEAD.size)
        if not offsets or (kind == _BRANCH and len(offsets) < 2):
            raise PageError(f"page {number} is empty")
        keys = [self._node(at, upper, offset, depth, rank) for offset in offsets]
        if any(rank(low) >= rank(high) for low, high in pairwise(keys[kind == _BRANCH :])):
            raise PageError(f"the keys of page {number} are out of order")

    def _node(self, at: int, upper: int, offset: int, depth: int, rank: Rank) -> bytes:
        """Check one node and what hangs below it; return its key."""
        if not upper <= offset <= self._bytes - _NODE_HEAD.size:
            raise PageError("a node lies outside its page")
        low, high, flags, key_bytes = _NODE_HEAD.unpack_from(self._data, at + offset)
        start = offset + _NODE_HEAD.size + key_bytes
        if start > self._bytes:
            raise PageError("a key reaches outside its page")
        key = self._data[at + start - key_bytes : at + start]
        if depth > 1:
            self._node_page(low | high << 16 | flags << 32, depth - 1, rank)
            return key
        size = low | high << 16
        held = 8 if flags & _BIG else size
        if start + held > self._bytes or flags & ~(_BIG | _SUB):
            raise PageError("a value reaches outside its page")
        value = self._data[at + start : at + start + held]
        if flags & _BIG:
            self._overflow(int.from_bytes(value, "little"), size)
        elif flags & _SUB:
            self.tree(value)
        return key

    def _overflow(self, number: int, size: int) -> None:
        count = (_PAGE_HEAD.size + size - 1) // self._bytes + 1
        at = self._take(number, count)
        own, _, flags, low, high = _PAGE_HEAD.unpack_from(self._data, at)
        if own != number or not flags & _OVERFLOW or (low | high << 16) < count:
            raise PageError(f"page {number} is not the start of {count} overflow pages")
