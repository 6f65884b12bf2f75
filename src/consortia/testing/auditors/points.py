"""Public keys that no member may have: points of small order, of mixed order, and what is no point at all."""

from functools import lru_cache

from consortia.testing import curve
from consortia.testing.machine import key_from

_SMALL = (
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "0200000000000000000000000000000000000000000000000000000000000000",
)
"""Encodings of points of order 1, 2, 4 and 8, some of them not in their one encoding; the last is none."""


@lru_cache(maxsize=1)
def weak() -> tuple[bytes, ...]:
    """All of them; the last is a true key plus a point of order 8."""
    small = [bytes.fromhex(text) for text in _SMALL]
    return (*small, curve.encoded_sum(key_from("auditors", "mixed").public, small[6]))
