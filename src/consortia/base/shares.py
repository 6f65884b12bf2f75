"""The bytes of a masked round's shares: what a dealer seals to a holder, and what stands on the ledger of it.

A dealer splits two secrets of 32 bytes among the holders of a round: its own seed, and its private
masking key. Each holder gets a bundle of one share of each, with a salt for each, sealed to its key of the
round. On the ledger stands, for each share, its salted hash; so a holder may later show one share and keep
the other secret, and nobody can show another share than the one that was dealt.

Everything is bound to the round, the dealer, the holder and the kind, so that nothing counts elsewhere.
"""

from dataclasses import dataclass
from typing import Literal

from consortia.base.codec import Malformed
from consortia.base.hashing import tagged

SHARE_BYTES = 66
SALT_BYTES = 32
BUNDLE_BYTES = 2 * (SHARE_BYTES + SALT_BYTES)
TAG_BYTES = 16
SEALED_BYTES = BUNDLE_BYTES + TAG_BYTES

Kind = Literal["seed", "key"]
"""Which secret a share is of: the dealer's own seed, or its private masking key."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a holder gets from a dealer: a share of each secret (66 bytes), each with its salt (32 bytes)."""

    seed_share: bytes
    key_share: bytes
    seed_salt: bytes
    key_salt: bytes

    def pack(self) -> bytes:
        """The bytes to seal: seed share, key share, seed salt, key salt; 196 bytes."""
        return self.seed_share + self.key_share + self.seed_salt + self.key_salt


def unpack_bundle(data: bytes) -> Bundle:
    """The bundle of these bytes; raises Malformed unless they are 196."""
    if len(data) != BUNDLE_BYTES:
        raise Malformed(f"a bundle of shares has {BUNDLE_BYTES} bytes, not {len(data)}")
    second, salts = SHARE_BYTES, 2 * SHARE_BYTES
    return Bundle(data[:second], data[second:salts], data[salts : salts + SALT_BYTES], data[-SALT_BYTES:])


def share_hash(round_id: bytes, dealer: str, holder: str, kind: Kind, *, salt: bytes, share: bytes) -> bytes:
    """H("consortia/share-<kind>", round id | len8 dealer | len8 holder | salt | share)."""
    return tagged(f"consortia/share-{kind}", round_id + _name(dealer) + _name(holder) + salt + share)


def sealing_info(round_id: bytes, dealer: str, holder: str) -> bytes:
    """What the key is derived under that seals a dealer's bundle to a holder."""
    return b"consortia/seal" + round_id + _name(dealer) + _name(holder)


def masking_info(round_id: bytes, one: str, other: str) -> bytes:
    """What the key of a pair's common mask is derived under, the same from both sides."""
    first, second = sorted((one, other))
    return b"consortia/mask" + round_id + _name(first) + _name(second)


def seed_hash(round_id: bytes, member: str, seed: bytes) -> bytes:
    """H("consortia/seed", round id | len8 member | seed): fixes a member's own seed before it is dealt."""
    return tagged("consortia/seed", round_id + _name(member) + seed)


def _name(name: str) -> bytes:
    data = name.encode("ascii")
    return bytes([len(data)]) + data
