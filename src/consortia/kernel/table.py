"""Typed tables over the state: the only way in which a module reads and writes.

A table belongs to one module and holds records of one kind under composite keys. Its state keys
are ``module/table/`` followed by the key's parts, each in an order-preserving, prefix-free form:
text and bytes with their length in one byte before them, integers in eight bytes, big-endian.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Generic, TypeVar, cast

from msgspec import inspect

from consortia.base.codec import Malformed, Record, checked, encode_record
from consortia.base.refusals import Refused
from consortia.kernel import refusals as codes
from consortia.kernel.context import Context
from consortia.kernel.stored import read_back

K = TypeVar("K", bound=Record)
Part = str | bytes | int
PART_BYTES_MAX = 255
_LENGTHS = tuple(bytes([length]) for length in range(PART_BYTES_MAX + 1))


class Table(Generic[K]):
    """Records of one `kind` under keys whose parts have the types `key`.

    `doc` says in a few words what one entry means; it stands in the reference pages.
    """

    def __init__(self, module: str, name: str, kind: type[K], key: tuple[type[Part], ...], doc: str) -> None:
        self.module = module
        self.name = name
        self.kind = kind
        self.key = key
        self.doc = doc
        self.prefix = f"{module}/{name}/".encode("ascii")
        self._remembers = not _holds_map(inspect.type_info(kind))

    def state_key(self, *parts: Part) -> bytes:
        """The state key of an entry, or the prefix of those whose key starts with `parts`."""
        return _state_key(self.prefix, parts)

    def get(self, ctx: Context, *key: Part) -> K | None:
        """The record at `key`, or None."""
        data = ctx.state.get(_state_key(self.prefix, key))
        return None if data is None else self._load(data)

    def has(self, ctx: Context, *key: Part) -> bool:
        """Whether there is a record at `key`."""
        return ctx.state.get(_state_key(self.prefix, key)) is not None

    def put(self, ctx: Context, record: K, *key: Part) -> None:
        """Set the record at `key`. Raise Refused where a field of it is beyond its limit."""
        data = encode_record(record)
        try:
            kept = checked(record)
        except Malformed as error:
            raise Refused(codes.OUT_OF_RANGE, str(error)) from None
        ctx.state.put(_state_key(self.prefix, key), data)
        if self._remembers:
            _DECODED.keep((self.kind, data), kept)

    def delete(self, ctx: Context, *key: Part) -> None:
        """Remove the record at `key`, whether or not it is there."""
        ctx.state.delete(_state_key(self.prefix, key))

    def scan(
        self, ctx: Context, *prefix: Part, containing: bytes = b"", after: tuple[Part, ...] = ()
    ) -> Iterator[tuple[tuple[Part, ...], K]]:
        """All (key, record) whose key starts with the parts `prefix`, in key order.

        `containing` passes over records, unread, whose encoding does not contain these bytes. With `after`,
        the parts of a key behind `prefix`, what comes up to that key is not read at all.
        """
        last = self.state_key(*prefix, *after) if after else b""
        for key, data in ctx.state.scan(self.state_key(*prefix), last):
            if containing in data:
                yield self.parts(key), self._load(data)

    def parts(self, key: bytes) -> tuple[Part, ...]:
        """The parts of a whole state key of this table."""
        at = len(self.prefix)
        parts: list[Part] = []
        for kind in self.key:
            if kind is int:
                parts.append(int.from_bytes(key[at : at + 8], "big"))
                at += 8
            else:
                end = at + 1 + key[at]
                data = key[at + 1 : end]
                parts.append(data.decode("utf-8") if kind is str else data)
                at = end
        return tuple(parts)

    def read_key(self, key: bytes) -> tuple[Part, ...] | None:
        """The parts of a key from anywhere, or None where it is no whole state key of this table."""
        if not key.startswith(self.prefix):
            return None
        try:
            parts = self.parts(key)
        except (IndexError, UnicodeDecodeError):
            return None
        return parts if self.state_key(*parts) == key else None

    def _load(self, data: bytes) -> K:
        """The record that this machine itself encoded; equal bytes give one shared frozen record."""
        known = _DECODED.get((self.kind, data))
        if known is None:
            known = read_back(self.kind, data)
            _DECODED.keep((self.kind, data), known)
        return cast("K", known)


class _Recent:
    """Records by kind and encoding, those used of late: between `size` and twice as many.

    What is kept is what decoding gives, so nobody can tell whether it was.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._new: dict[tuple[type[Record], bytes], Record] = {}
        self._old: dict[tuple[type[Record], bytes], Record] = {}

    def get(self, key: tuple[type[Record], bytes]) -> Record | None:
        """The record, or None where it is not kept."""
        found = self._new.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.keep(key, found)
        return found

    def keep(self, key: tuple[type[Record], bytes], record: Record) -> None:
        """Keep a record, in the place of those not asked for since the last `size`."""
        self._new[key] = record
        if len(self._new) >= self._size:
            self._old, self._new = self._new, {}


_DECODED = _Recent(4096)


@lru_cache(maxsize=8192)
def _state_key(prefix: bytes, parts: tuple[Part, ...]) -> bytes:
    """The state key under a table's prefix."""
    key = prefix
    for part in parts:
        if isinstance(part, int):
            key += part.to_bytes(8, "big")
            continue
        data = part.encode() if isinstance(part, str) else part
        if len(data) > PART_BYTES_MAX:
            raise ValueError(f"a key part has at most {PART_BYTES_MAX} bytes")
        key += _LENGTHS[len(data)] + data
    return key


def _holds_map(info: inspect.Type) -> bool:
    """Whether values of a type may hold a map that is no record: `checked` leaves its order as it is."""
    match info:
        case inspect.AnyType() | inspect.DictType():
            return True
        case inspect.Metadata(type=inner) | inspect.VarTupleType(item_type=inner):
            return _holds_map(inner)
        case inspect.UnionType(types=parts) | inspect.TupleType(item_types=parts):
            return any(_holds_map(part) for part in parts)
        case inspect.StructType(fields=fields):
            return any(_holds_map(field.type) for field in fields)
        case _:
            return False
