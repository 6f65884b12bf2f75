"""Ed25519 keys and signatures (RFC 8032), verified under the ZIP-215 rules.

Libraries disagree on signatures made with small-order points, and a ledger whose members disagree
forks. So every node verifies with one library and one rule set (ZIP-215, through
`ed25519_zebra`), and a key is registered only if its point has prime order, which that
library does not check.
"""

from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from ed25519_zebra import ed_verify
from nacl.bindings import crypto_core_ed25519_is_valid_point

from consortia.base.hashing import tagged

SEED_BYTES = 32
PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64
ALGORITHM_ED25519 = b"\x01"


class SigningKey:
    """A private Ed25519 key, held by its owner only."""

    __slots__ = ("_private", "key_id", "public", "seed")

    def __init__(self, seed: bytes) -> None:
        """Make the key of a 32-byte secret seed (RFC 8032, section 5.1.5)."""
        if len(seed) != SEED_BYTES:
            raise ValueError("an Ed25519 seed has 32 bytes")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.seed = seed
        self.public = self._private.public_key().public_bytes_raw()
        self.key_id = key_id(self.public)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message`."""
        return self._private.sign(message)

    def __repr__(self) -> str:
        """Name the key without showing its secret."""
        return f"SigningKey({self.key_id.hex()[:16]})"


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) of `message` is valid for the 32-byte key `public` under ZIP-215."""
    if len(public) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    return bool(ed_verify(signature, message, public))


def is_prime_order(public: bytes) -> bool:
    """Whether `public` canonically encodes a point of the prime-order subgroup (no small-order part)."""
    return len(public) == PUBLIC_BYTES and bool(crypto_core_ed25519_is_valid_point(public))


@lru_cache(maxsize=4096)
def key_id(public: bytes) -> bytes:
    """The id of an Ed25519 key: H("consortia/key", 0x01 | public), 32 bytes."""
    return tagged("consortia/key", ALGORITHM_ED25519 + public)
