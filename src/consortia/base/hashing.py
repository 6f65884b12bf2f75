"""SHA-256 with domain separation: the one hash of the protocol.

Every hash that the protocol defines is ``H(tag, x) = SHA-256(len8(tag) | tag | x)``. The tag
says what is being hashed, so the hash of one kind of thing can never stand for another kind.
The Merkle log alone uses the prefixes of RFC 6962, section 2.1 (see `merkle`), as witnesses and
verifiers outside this project know no other.
"""

from functools import lru_cache
from hashlib import sha256 as _sha256

DIGEST_BYTES = 32


def sha256(data: bytes) -> bytes:
    """The 32-byte SHA-256 digest of `data` (FIPS 180-4)."""
    return _sha256(data).digest()


@lru_cache(maxsize=256)
def prefix(tag: str) -> bytes:
    """The bytes that stand before the data hashed under `tag`: its length in one byte, then the tag."""
    data = tag.encode("ascii")
    if not 0 < len(data) < 256:
        raise ValueError(f"a hash tag has 1 to 255 ASCII characters: {tag!r}")
    return bytes([len(data)]) + data


def tagged(tag: str, data: bytes) -> bytes:
    """``H(tag, data)``, 32 bytes."""
    return _sha256(prefix(tag) + data).digest()
