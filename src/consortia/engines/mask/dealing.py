"""Shares of a member's secrets: dealt to its neighbours, and opened by them.

A dealer draws the coefficients of its two polynomials, and the salts of its shares, from one secret that
it keeps for the round. So a worker that was killed deals the same shares again, byte for byte; no two
dealings have anything in common, as the secret is the round's alone.
"""

from collections.abc import Mapping, Sequence

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from consortia.base.codec import Malformed
from consortia.base.sealing import agree, agree_all, derive, open_sealed, seal
from consortia.base.shares import (
    SALT_BYTES,
    SEALED_BYTES,
    SHARE_BYTES,
    Bundle,
    sealing_info,
    share_hash,
    unpack_bundle,
)
from consortia.engines.mask.api import Dealt, Secrets
from consortia.engines.mask.keys import purpose
from consortia.exact.graph import threshold
from consortia.exact.shamir import PRIME, split


def deal(
    round_id: bytes, dealer: str, secrets: Secrets, sealing: Mapping[str, bytes], holders: Sequence[str]
) -> tuple[Dealt, ...]:
    """A dealer's shares for its neighbourhood, by the holders' names in order, its own among them.

    `sealing`: the public sealing key of every member who published keys. Raises Malformed for a key that is
    not one, and as `bundles` does.
    """
    given = bundles(round_id, dealer, secrets, tuple(sealing), holders)
    infos = [sealing_info(round_id, dealer, name) for name in given]
    keys = agree_all(secrets.sealing, [(sealing[n], info) for n, info in zip(given, infos, strict=True)])
    dealt = []
    for (name, bundle), key, info in zip(given.items(), keys, infos, strict=True):
        sealed = seal(key, bundle.pack(), info)
        dealt.append(Dealt(name, *_hashes(round_id, dealer, name, bundle), sealed))
    return tuple(dealt)


def bundles(
    round_id: bytes, dealer: str, secrets: Secrets, keyed: Sequence[str], holders: Sequence[str]
) -> dict[str, Bundle]:
    """What a dealer deals to each of its neighbourhood, in the clear, by the holders' names in order.

    `keyed`: all members who published keys; a holder's point is its index among their sorted names, plus
    one. `holders`: the neighbourhood, the dealer included; the threshold is `exact.graph.threshold` of its
    size. Raises Malformed when a holder published no keys or the dealer is no holder.
    """
    points = {name: index + 1 for index, name in enumerate(sorted(keyed))}
    names = sorted(set(holders))
    if dealer not in names or any(name not in points for name in names):
        raise Malformed("the holders are a dealer and neighbours of it, all of whom published keys")
    least = threshold(len(names))
    drawn = _Drawn(round_id, dealer, secrets.dealing)
    at = [points[name] for name in names]
    seed_shares = split(secrets.seed, least, at, [drawn.coefficient() for _ in range(least - 1)])
    key_shares = split(secrets.masking, least, at, [drawn.coefficient() for _ in range(least - 1)])
    return {
        name: Bundle(seed_share, key_share, drawn.take(SALT_BYTES), drawn.take(SALT_BYTES))
        for name, seed_share, key_share in zip(names, seed_shares, key_shares, strict=True)
    }


def open_share(
    round_id: bytes, holder: str, sealing: bytes, dealt: Dealt, *, dealer: str, public: bytes
) -> Bundle:
    """A holder's shares from a dealer, when they are those that the dealer committed to.

    `sealing` is the holder's private sealing key, `public` the dealer's public one. 1. the sealed bytes
    open under the key of this round and direction; 2. they are a bundle; 3. each share has the hash that
    stands on the ledger. Raises Malformed otherwise: the ground of a complaint.
    """
    if dealt.holder != holder or len(dealt.sealed) != SEALED_BYTES:
        raise Malformed(f"{dealer} dealt no such share to {holder}")
    info = sealing_info(round_id, dealer, holder)
    bundle = unpack_bundle(open_sealed(agree(sealing, public, info), dealt.sealed, info))
    if _hashes(round_id, dealer, holder, bundle) != (dealt.seed, dealt.key):
        raise Malformed(f"a share from {dealer} is not the one whose hash it put on the ledger")
    return bundle


def _hashes(round_id: bytes, dealer: str, holder: str, bundle: Bundle) -> tuple[bytes, bytes]:
    seed = share_hash(round_id, dealer, holder, "seed", salt=bundle.seed_salt, share=bundle.seed_share)
    key = share_hash(round_id, dealer, holder, "key", salt=bundle.key_salt, share=bundle.key_share)
    return seed, key


class _Drawn:
    """Uniform numbers and bytes from a dealer's secret: one AES-256-CTR keystream, taken in order."""

    def __init__(self, round_id: bytes, dealer: str, secret: bytes) -> None:
        key = derive(secret, purpose("consortia/mask-deal", round_id, dealer))
        self._stream = Cipher(AES256(key), CTR(bytes(16))).encryptor()

    def take(self, size: int) -> bytes:
        """The next bytes."""
        return self._stream.update(bytes(size))

    def coefficient(self) -> int:
        """The low 521 bits of the next 66 bytes; 2^521-1, which is no residue (one in 2^521), counts as 0."""
        return (int.from_bytes(self.take(SHARE_BYTES), "big") & PRIME) % PRIME
