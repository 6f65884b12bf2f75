"""How trustees make one key that none of them holds: commit, open, complain (Pedersen 1991).

    every trustee   a sealing key E = eG, and the hash of its coefficient commitments
    every dealer    opens coefficients A_0 .. A_(t-1), each with a proof of possession, and a sealed share for
                    every trustee that has a sealing key
    any holder      complains: shows what its own share was sealed under, with a proof; everybody judges

The key is the sum of the qualified dealers' A_0; a trustee's secret is the sum of its shares of them. Nobody
can choose a key in the light of the others', as all commitments stand before the first is opened; whoever
opens last may still stay away, which moves the key between two values, neither of its choice (Gennaro and
others 1999).
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import Digest, Record, encode
from consortia.base.group import ORDER, add, multiply, read_scalar, times_base, write_scalar
from consortia.base.hashing import tagged
from consortia.exact.elgamal import (
    TRUSTEES_MAX,
    Element,
    Proof,
    Unsound,
    check_equal,
    own,
    point,
    prove_equal,
)

SEALING_TAG = "consortia/trustee-key"
COEFFICIENT_TAG = "consortia/trustee-coefficient"
COMPLAINT_TAG = "consortia/trustee-complaint"
PAD_TAG = "consortia/trustee-share"
DEALING_TAG = "consortia/trustee-dealing"


class Coefficient(Record, frozen=True):
    """A coefficient's commitment A = aG, and the proof that its dealer knows a."""

    point: Element
    proof: Proof


class SealedShare(Record, frozen=True):
    """A share for one holder: R = rG, and the share xor H(pad tag, [election, dealer, holder, R, rE])."""

    key: Element
    share: Digest


Coefficients = Annotated[tuple[Coefficient, ...], Meta(min_length=1, max_length=TRUSTEES_MAX)]


def sealing_key(election: bytes, trustee: str, secret: int, nonce: int) -> tuple[bytes, Proof]:
    """A trustee's sealing key with its proof of possession."""
    return times_base(secret), prove_equal(SEALING_TAG, (election, trustee), secret, (), nonce)


def check_sealing_key(election: bytes, trustee: str, key: bytes, proof: Proof) -> None:
    """Check a trustee's sealing key; raises Unsound."""
    check_equal(SEALING_TAG, (election, trustee), (), (point(key),), proof)


def coefficients(
    election: bytes, dealer: str, secrets: Sequence[int], nonces: Sequence[int]
) -> tuple[Coefficient, ...]:
    """The commitments to a dealer's secret coefficients, the constant one first; one nonce for each."""
    pairs = enumerate(zip(secrets, nonces, strict=True))
    return tuple(
        Coefficient(
            times_base(secret), prove_equal(COEFFICIENT_TAG, (election, dealer, place), secret, (), nonce)
        )
        for place, (secret, nonce) in pairs
    )


def check_coefficients(election: bytes, dealer: str, found: Sequence[Coefficient], wanted: int) -> None:
    """Check that there are `wanted` coefficients of a dealer, each with its proof; raises Unsound."""
    if len(found) != wanted:
        raise Unsound("wrong_shape", f"{len(found)} coefficients, the threshold asks for {wanted}")
    for place, each in enumerate(found):
        check_equal(COEFFICIENT_TAG, (election, dealer, place), (), (point(each.point),), each.proof)


def dealing_hash(election: bytes, dealer: str, found: Sequence[Coefficient]) -> bytes:
    """What a dealer commits to before anybody opens: H(tag, encoded [election, dealer, coefficients])."""
    return tagged(DEALING_TAG, encode([election, dealer, list(found)]))


def share_at(secrets: Sequence[int], index: int) -> int:
    """The value of a dealer's polynomial at a holder's index (1, 2, ...), modulo ORDER."""
    value = 0
    for coefficient in reversed(secrets):
        value = (value * index + coefficient) % ORDER
    return value


def seal_share(
    election: bytes, dealer: str, holder: str, *, key: bytes, share: int, nonce: int
) -> SealedShare:
    """Seal a share to a holder's sealing key; the nonce serves this one share."""
    sent = times_base(own(nonce))
    pad = _pad(election, dealer, holder, sent, multiply(nonce, key))
    return SealedShare(sent, _xor(pad, write_scalar(share)))


def check_shares(shares: Sequence[SealedShare]) -> None:
    """Check that every share was sealed under a point of prime order; raises Unsound.

    What is inside only its holder can tell, who complains.
    """
    for each in shares:
        point(each.key)


def open_share(election: bytes, dealer: str, holder: str, *, secret: int, sealed: SealedShare) -> bytes:
    """What a holder finds in a sealed share, 32 bytes: a share, if its dealer is honest."""
    return unpad(election, dealer, holder, sealed=sealed, shared=multiply(secret, sealed.key))


def unpad(election: bytes, dealer: str, holder: str, *, sealed: SealedShare, shared: bytes) -> bytes:
    """What is in a sealed share, for whoever was shown the point it was sealed under."""
    return _xor(_pad(election, dealer, holder, sealed.key, shared), sealed.share)


def fits(share: bytes, index: int, commitments: Sequence[bytes]) -> bool:
    """Whether 32 bytes are the share that the dealer's commitments say the holder of this index has."""
    try:
        value = read_scalar(share)
    except ValueError:
        return False
    return times_base(value) == evaluated(commitments, index)


def evaluated(commitments: Sequence[bytes], index: int) -> bytes:
    """A committed polynomial's value at an index, times G: the sum of index^j A_j."""
    found = commitments[-1]
    for each in reversed(commitments[:-1]):
        found = add(multiply(index, found), each)
    return found


def complaint(
    election: bytes, dealer: str, holder: str, *, secret: int, sealed: SealedShare, nonce: int
) -> tuple[bytes, Proof]:
    """What a holder shows of a share that does not fit: the point it was sealed under, with a proof.

    It opens this share alone.
    """
    context = (election, dealer, holder)
    proof = prove_equal(COMPLAINT_TAG, context, secret, (sealed.key,), nonce)
    return multiply(secret, sealed.key), proof


def check_complaint(
    election: bytes, dealer: str, holder: str, *, key: bytes, sealed: SealedShare, shown: tuple[bytes, Proof]
) -> bytes:
    """Check a complaint against the holder's sealing key; what was in the share. Raise Unsound."""
    shared, proof = shown
    context = (election, dealer, holder)
    check_equal(COMPLAINT_TAG, context, (sealed.key,), (key, point(shared)), proof)
    return unpad(election, dealer, holder, sealed=sealed, shared=shared)


def combined(dealings: Sequence[Sequence[bytes]]) -> tuple[bytes, ...]:
    """The commitments of the qualified dealers, added up by place; the first is the election's key."""
    found = list(dealings[0])
    for dealing in dealings[1:]:
        found = [add(one, other) for one, other in zip(found, dealing, strict=True)]
    return tuple(found)


def _pad(election: bytes, dealer: str, holder: str, sent: bytes, shared: bytes) -> bytes:
    return tagged(PAD_TAG, encode([election, dealer, holder, sent, shared]))


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
