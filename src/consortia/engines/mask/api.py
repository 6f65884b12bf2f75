"""What the parts of a masked round are."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from consortia.base.codec import Malformed

SECRET_BYTES = 32

Stream: TypeAlias = tuple[Literal[1, -1], bytes]
"""The sign with which a member adds a keystream to its vector, and the stream's 32-byte key."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a member draws at random for one round, 32 bytes each, and destroys when the round is final.

    `seed` gives its own mask, `masking` and `sealing` are X25519 private keys, and `dealing` gives the
    coefficients and salts of its shares. Two rounds, or two tries of one, never have any of them in common.
    """

    seed: bytes = field(repr=False)
    masking: bytes = field(repr=False)
    sealing: bytes = field(repr=False)
    dealing: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Raise Malformed unless each has 32 bytes and they differ."""
        parts = (self.seed, self.masking, self.sealing, self.dealing)
        if any(len(part) != SECRET_BYTES for part in parts) or len(set(parts)) != len(parts):
            raise Malformed(f"the secrets of a round are four different strings of {SECRET_BYTES} bytes")

    @classmethod
    def of(cls, random: bytes) -> "Secrets":
        """The secrets in 128 random bytes: seed, masking, sealing, dealing. Raises Malformed."""
        if len(random) != 4 * SECRET_BYTES:
            raise Malformed(f"{len(random)} random bytes, {4 * SECRET_BYTES} make the secrets of a round")
        return cls(*(random[begin : begin + SECRET_BYTES] for begin in range(0, len(random), SECRET_BYTES)))


@dataclass(frozen=True, slots=True)
class Published:
    """What the ledger has of a member's secrets: two X25519 public keys, and the hash of its own seed."""

    masking: bytes
    sealing: bytes
    seed: bytes


@dataclass(frozen=True, slots=True)
class Dealt:
    """What a dealer puts on the ledger for one holder, itself included.

    `seed` and `key`: the salted hashes of its share of the dealer's seed and of the dealer's masking key, 32
    bytes each. `sealed`: both shares with their salts, sealed to it.
    """

    holder: str
    seed: bytes
    key: bytes
    sealed: bytes
