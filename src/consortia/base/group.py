"""The prime-order group of Ed25519 (RFC 8032, section 5.1), for what is computed on secrets: ballots.

Points are their 32-byte encodings, written additively; scalars are integers from 0 to ORDER-1. libsodium does
the arithmetic, behind guards of our own where it is lenient:

- it takes a scalar and the scalar plus ORDER for the same, and ignores the top bit: here a scalar on the wire
  is the one encoding of 1..ORDER-1 (`read_scalar`), and arithmetic runs on integers;
- it adds points of small order without a word: here a point from outside is one of prime order in its one
  encoding (`check_point`, libsodium's `is_valid_point`) before anything is computed with it;
- it fails where a scalar is zero or a result would be neutral: here both are handled before it is asked.

Python's own integers take a time that depends on them; whoever holds secrets (a voter's client, a trustee's
worker) computes at home, where nobody measures.
"""

from nacl.bindings import (
    crypto_core_ed25519_add,
    crypto_core_ed25519_from_uniform,
    crypto_core_ed25519_is_valid_point,
    crypto_core_ed25519_sub,
    crypto_scalarmult_ed25519_base_noclamp,
    crypto_scalarmult_ed25519_noclamp,
)
from nacl.exceptions import CryptoError

from consortia.base.codec import Malformed
from consortia.base.hashing import tagged

ORDER = (1 << 252) + 27742317777372353535851937790883648493
"""The number of points (L of RFC 8032)."""

ELEMENT_BYTES = 32
NEUTRAL = b"\x01" + bytes(31)
"""The encoding of the neutral point."""

GENERATOR = bytes.fromhex("58" + 31 * "66")
"""The encoding of the base point (B of RFC 8032)."""


class BadScalar(Malformed):
    """A scalar that is not the one spelling of a number below ORDER."""


class ZeroScalar(Malformed):
    """A scalar that is zero, where none may be."""


class BadPoint(Malformed):
    """Bytes that are not the one spelling of a point of prime order."""


def read_scalar(data: bytes) -> int:
    """The scalar that 32 little-endian bytes spell, 1..ORDER-1; raises BadScalar or ZeroScalar."""
    value = int.from_bytes(data, "little")
    if len(data) != ELEMENT_BYTES or value >= ORDER:
        raise BadScalar("a scalar is a number below the group's order in 32 bytes")
    if value == 0:
        raise ZeroScalar("a scalar is zero")
    return value


def write_scalar(value: int) -> bytes:
    """The 32 little-endian bytes of a scalar. Raise ValueError when it is not in 0..ORDER-1."""
    if not 0 <= value < ORDER:
        raise ValueError("a scalar is not in 0..ORDER-1")
    return value.to_bytes(ELEMENT_BYTES, "little")


def hash_scalar(tag: str, data: bytes) -> int:
    """H(tag, data) read little-endian modulo ORDER: the challenge of a proof."""
    return int.from_bytes(tagged(tag, data), "little") % ORDER


def hash_point(tag: str, data: bytes) -> bytes:
    """A point of prime order whose logarithm nobody knows, from H(tag, data).

    By libsodium's Elligator 2 map, with the cofactor cleared. About half of the points can come out: do not
    count on the outcome being uniform. No known data give the neutral point; 32 zero bytes do, and no hash
    is known that is those.
    """
    return check_point(bytes(crypto_core_ed25519_from_uniform(tagged(tag, data))))


def check_point(data: bytes) -> bytes:
    """`data`, when it is the one spelling of a point of prime order; raises BadPoint."""
    if len(data) != ELEMENT_BYTES or not crypto_core_ed25519_is_valid_point(data):
        raise BadPoint("not the one spelling of a point of prime order")
    return data


def check_element(data: bytes) -> bytes:
    """`data`, when it spells a point of prime order or the neutral one; raises BadPoint."""
    return data if data == NEUTRAL else check_point(data)


def add(one: bytes, other: bytes) -> bytes:
    """The sum of two elements."""
    if one == NEUTRAL:
        return other
    if other == NEUTRAL:
        return one
    return bytes(crypto_core_ed25519_add(one, other))


def subtract(one: bytes, other: bytes) -> bytes:
    """The difference of two elements."""
    if other == NEUTRAL:
        return one
    if one == NEUTRAL:
        return negate(other)
    return bytes(crypto_core_ed25519_sub(one, other))


def negate(point: bytes) -> bytes:
    """The opposite of an element: the other sign of x; only the neutral one is its own."""
    return point if point == NEUTRAL else point[:31] + bytes([point[31] ^ 0x80])


def multiply(scalar: int, point: bytes) -> bytes:
    """`scalar` times an element. The scalar is taken modulo ORDER; raises BadPoint for what is no element."""
    scalar %= ORDER
    if scalar == 0 or point == NEUTRAL:
        return NEUTRAL
    try:
        return bytes(crypto_scalarmult_ed25519_noclamp(write_scalar(scalar), point))
    except CryptoError:
        raise BadPoint("not the one spelling of a point of prime order") from None


def times_base(scalar: int) -> bytes:
    """`scalar`, taken modulo ORDER, times the base point."""
    scalar %= ORDER
    if scalar == 0:
        return NEUTRAL
    return bytes(crypto_scalarmult_ed25519_base_noclamp(write_scalar(scalar)))


def total(points: list[bytes]) -> bytes:
    """The sum of any number of elements."""
    found = NEUTRAL
    for point in points:
        found = add(found, point)
    return found
