"""Fast twins of what every transaction passes: the reading of its bytes, the writing of its receipt's leaf.

Most of those bytes are the same every time, so they are compared, or put down, as a whole. The plain versions
(`transaction.read_payload`, `block.leaf`) are the law: what is not of the usual shape is left to them, and
their answer, or refusal, is the answer. `tests/kernel/test_quick.py` holds the twins against them.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from struct import error as StructError  # noqa: N812 (a class, whatever its name)

from consortia.base.codec import (
    ARRAY,
    BYTES,
    MAP,
    TEXT,
    UNSIGNED,
    Malformed,
    Record,
    decode,
    decode_at,
    encode,
    encode_record,
    head,
    key_of,
)
from consortia.base.envelope import SIGNATURE_HEAD, SIGNED_START, START, Envelope, content_id
from consortia.base.hashing import DIGEST_BYTES
from consortia.kernel.block import Event, Receipt, leaf
from consortia.kernel.transaction import (
    CALLS_MAX,
    LANE_MAX,
    METHOD_CHARACTERS_MAX,
    METHOD_PATTERN,
    TAG,
    VERSION,
    Call,
    Parsed,
    Transaction,
    external_aad,
    parse_with,
    read_payload,
)

_DIGEST = head(BYTES, DIGEST_BYTES)
_KEY = head(MAP, len(Transaction.__struct_fields__)) + key_of("key") + _DIGEST
_LANE, _CALLS, _EXPIRES = key_of("lane"), key_of("calls"), key_of("expires")
_ARGS, _METHOD = head(MAP, len(Call.__struct_fields__)) + key_of("args"), key_of("method")
_NETWORK = key_of("network") + _DIGEST
_SEQUENCE = key_of("version") + head(UNSIGNED, VERSION) + key_of("sequence")

_START = Struct(f">{len(_KEY)}s{DIGEST_BYTES}s{len(_LANE)}sB{len(_CALLS)}sB")
"""A transaction before its calls: marks of fields, with the key, the lane, and the head of the calls."""

_END = Struct(f">{len(_NETWORK)}s{DIGEST_BYTES}s{len(_SEQUENCE)}s")
"""What stands behind its expiry: marks of fields, with the network."""

_ARGS_DEPTH = 3
_ONE_CALL = re.compile(
    b"".join(
        (
            re.escape(START),
            b"(?P<kid>.{32})\xa0(?P<head>\x58.|\x59..)(?P<payload>",
            re.escape(_KEY),
            b"(?P=kid)",
            re.escape(_LANE),
            b"(?P<lane>[\x00-" + bytes((LANE_MAX,)) + b"])",
            re.escape(_CALLS + head(ARRAY, 1) + _ARGS),
            b"(?P<args>.{1,512}?)",
            re.escape(_METHOD),
            b"(?P<method>(?:[\x61-\x77]|\x78.)[a-z0-9._]{1,80})",
            re.escape(_EXPIRES),
            b"\x1b(?P<expires>[\x00-\x7f].{7})",
            re.escape(_NETWORK),
            b"(?P<network>.{32})",
            re.escape(_SEQUENCE),
            b"(?P<sequence>[\x00-\x17]|\x18.|\x19..|\x1a.{4}|\x1b.{8}))",
            re.escape(SIGNATURE_HEAD),
            b"(?P<signature>.{64})",
        )
    ),
    re.DOTALL,
)
"""A transaction of one call. What it finds has to be checked: lengths, shortest heads, and the arguments,
which may hold what looks like the mark behind them."""

WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}
"""The heads of the unsigned integers that are no small ones: how many bytes follow."""

LEAST = {24: 24, 25: 1 << 8, 26: 1 << 16, 27: 1 << 32}
"""And the least integer of which each is the shortest head."""

_U63_MAX = (1 << 63) - 1

_LEAF = head(ARRAY, 2) + key_of("receipt") + head(MAP, len(Receipt.__struct_fields__)) + key_of("code")
_COST, _INDEX, _EVENTS, _HEIGHT = key_of("cost"), key_of("index"), key_of("events"), key_of("height")
_TRANSACTION = key_of("transaction") + _DIGEST
_EVENT, _NAME = head(MAP, len(Event.__struct_fields__)) + key_of("body"), key_of("name")
_BODY_DEPTH = 4


class _Unusual(Exception):
    """The plain version has to say."""


def quick_parse(raw: bytes, network: bytes) -> Parsed:
    """What the bytes of a transaction say, as `transaction.parse_transaction` gives or refuses it."""
    try:
        return _parsed(raw, network)
    except (_Unusual, Malformed):
        return parse_with(quick_payload, raw, network)


def quick_payload(payload: bytes) -> Transaction:
    """The transaction that a payload encodes, as `transaction.read_payload` gives or refuses it."""
    try:
        return _transaction(payload)
    except (_Unusual, IndexError, StructError, Malformed):
        return read_payload(payload)


def quick_leaf(receipt: Receipt, events: Sequence[Record]) -> bytes:
    """The log leaf of a receipt, as `block.leaf` gives it; `events` are the records of its events' bodies."""
    if receipt.cost < 0 or len(receipt.transaction) != DIGEST_BYTES:
        return leaf(receipt)
    begin, end = _around(receipt.code, receipt.height)
    parts = [begin, head(UNSIGNED, receipt.cost), _INDEX, head(UNSIGNED, receipt.index)]
    parts += (_EVENTS, head(ARRAY, len(events)))
    for event, body in zip(receipt.events, events, strict=True):
        parts += (_EVENT, encode_record(body, _BODY_DEPTH), _NAME, key_of(event.name))
    parts += (end, receipt.transaction)
    return b"".join(parts)


@lru_cache(maxsize=64)
def _around(code: str, height: int) -> tuple[bytes, bytes]:
    """What stands before and behind in the leaves of a block's receipts with this code."""
    return _LEAF + key_of(code) + _COST, _HEIGHT + head(UNSIGNED, height) + _TRANSACTION


def _parsed(raw: bytes, network: bytes) -> Parsed:
    """The transaction of one call whose one encoding this is; raises _Unusual, or Malformed."""
    found = _ONE_CALL.fullmatch(raw)
    if found is None:
        raise _Unusual
    kid, size, payload, lane, args, method, expires, named, sequence, signature = found.groups()
    until = int.from_bytes(expires, "big")
    values, end = decode_at(args, 0, _ARGS_DEPTH)
    if size != head(BYTES, len(payload)) or until < LEAST[27] or end != len(args) or type(values) is not dict:
        raise _Unusual
    number = sequence[0] if len(sequence) == 1 else _unsigned(sequence, 0)[0]
    calls = (Call(_method(method), values),)
    signed = b"".join((SIGNED_START, kid, _aad(network), size, payload))
    transaction = Transaction(VERSION, named, kid, lane[0], number, until, calls)
    return Parsed(raw, content_id(TAG, signed), transaction, Envelope(kid, payload, signature), signed)


@lru_cache(maxsize=64)
def _aad(network: bytes) -> bytes:
    """The external data of a network's transactions, encoded."""
    return encode(external_aad(network))


def _transaction(data: bytes) -> Transaction:
    """The transaction whose one encoding this is; raises _Unusual, or what reading too far raises."""
    key_mark, key, lane_mark, lane, calls_mark, count = _START.unpack_from(data)
    count -= ARRAY
    if key_mark != _KEY or lane_mark != _LANE or calls_mark != _CALLS:
        raise _Unusual
    if lane > LANE_MAX or not 0 < count <= CALLS_MAX:
        raise _Unusual
    at = _START.size
    calls = []
    for _ in range(count):
        call, at = _call(data, at)
        calls.append(call)
    if not data.startswith(_EXPIRES, at):
        raise _Unusual
    expires, at = _unsigned(data, at + len(_EXPIRES))
    network_mark, network, sequence_mark = _END.unpack_from(data, at)
    if network_mark != _NETWORK or sequence_mark != _SEQUENCE:
        raise _Unusual
    sequence, at = _unsigned(data, at + _END.size)
    if at != len(data):
        raise _Unusual
    return Transaction(VERSION, network, key, lane, sequence, expires, tuple(calls))


def _call(data: bytes, at: int) -> tuple[Call, int]:
    """The call at a position, and the position behind it."""
    if not data.startswith(_ARGS, at):
        raise _Unusual
    args, at = decode_at(data, at + len(_ARGS), _ARGS_DEPTH)
    start = at + len(_METHOD)
    end = start + 1 + (data[start + 1] + 1 if data[start] == TEXT + 24 else data[start] - TEXT)
    if not isinstance(args, dict) or not data.startswith(_METHOD, at):
        raise _Unusual
    return Call(_method(data[start:end]), args), end


@lru_cache(maxsize=1024)
def _method(encoded: bytes) -> str:
    """The name of a method from its encoding; a name has many transactions."""
    name = decode(encoded)
    if not isinstance(name, str) or len(name) > METHOD_CHARACTERS_MAX or not re.search(METHOD_PATTERN, name):
        raise _Unusual
    return name


def _unsigned(data: bytes, at: int) -> tuple[int, int]:
    """The integer from 0 to 2^63 - 1 at a position, and the position behind it."""
    first = data[at]
    if first < 24:
        return first, at + 1
    if first not in WIDTHS:
        raise _Unusual
    end = at + 1 + WIDTHS[first]
    value = int.from_bytes(data[at + 1 : end], "big")
    if not LEAST[first] <= value <= _U63_MAX or end > len(data):
        raise _Unusual
    return value, end
