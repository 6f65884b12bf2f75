"""What ballots, dealers and trustees have in common: ciphertexts, proofs, what they are bound to, and errors.

Exponential ElGamal (Cramer, Gennaro, Schoenmakers 1997) on the group of `base.group`: a ciphertext of v
under the key Y is (rG, vG + rY). Proofs are Schnorr's and Chaum and Pedersen's, made non-interactive by
hashing the whole statement (Fiat and Shamir's "strong" form; Bernhard, Pereira, Warinschi 2012 tell what
happens otherwise). Nothing here is random: secrets and nonces come from the caller, each used once.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import Record, encode
from consortia.base.group import (
    ORDER,
    BadPoint,
    BadScalar,
    ZeroScalar,
    add,
    check_point,
    hash_scalar,
    multiply,
    read_scalar,
    subtract,
    times_base,
    write_scalar,
)
from consortia.exact.tally import quorum

TRUSTEES_MIN, TRUSTEES_MAX = 3, 32
CHOICES_MIN, CHOICES_MAX = 2, 16

Element = Annotated[bytes, Meta(min_length=32, max_length=32)]
Scalar = Annotated[bytes, Meta(min_length=32, max_length=32)]

Reason = Literal["bad_point", "bad_scalar", "zero_scalar", "wrong_shape", "repeated", "bad_proof"]
"""Why something is refused."""


class Unsound(ValueError):
    """A key, share, ballot or decryption that is not as it must be; `reason` is one word for it."""

    def __init__(self, reason: Reason, text: str) -> None:
        """Refuse for `reason`; `text` says it to people."""
        super().__init__(text)
        self.reason: Reason = reason


class Ciphertext(Record, frozen=True):
    """(rG, vG + rY): an encryption of the number v."""

    pad: Element
    body: Element


class Proof(Record, frozen=True):
    """A challenge and a response: of Schnorr's proof, or of one of equal logarithms."""

    challenge: Scalar
    response: Scalar


def threshold(trustees: int) -> int:
    """How many trustees it takes to decrypt: floor(2 trustees / 3) + 1."""
    return quorum(trustees)


def point(data: bytes) -> bytes:
    """A point of prime order from outside; raises Unsound."""
    try:
        return check_point(data)
    except BadPoint as error:
        raise Unsound("bad_point", str(error)) from None


def scalar(data: bytes) -> int:
    """A scalar from outside, 1..ORDER-1; raises Unsound."""
    try:
        return read_scalar(data)
    except BadScalar as error:
        raise Unsound("bad_scalar", str(error)) from None
    except ZeroScalar as error:
        raise Unsound("zero_scalar", str(error)) from None


def own(value: int) -> int:
    """A secret or nonce of the caller's; raises ValueError when it is not in 1..ORDER-1."""
    if not 0 < value < ORDER:
        raise ValueError("a secret or nonce is not in 1..ORDER-1")
    return value


def challenge(tag: str, *parts: object) -> int:
    """The challenge of a proof: H(tag, encoded array of `parts`) modulo ORDER."""
    return hash_scalar(tag, encode(parts))


def sum_of(one: Ciphertext, other: Ciphertext) -> Ciphertext:
    """A ciphertext of the sum of what two hold."""
    return Ciphertext(add(one.pad, other.pad), add(one.body, other.body))


def difference(one: Ciphertext, other: Ciphertext) -> Ciphertext:
    """A ciphertext of the difference of what two hold."""
    return Ciphertext(subtract(one.pad, other.pad), subtract(one.body, other.body))


def committed(base: bytes | None, public: bytes, response: int, challenged: int) -> bytes:
    """What the prover committed to: response times base (None: the group's) less challenge times public."""
    first = times_base(response) if base is None else multiply(response, base)
    return subtract(first, multiply(challenged, public))


def prove_equal(
    tag: str, context: Sequence[object], secret: int, bases: Sequence[bytes], nonce: int
) -> Proof:
    """A proof that one secret is the logarithm of secret times G, and of secret times each of `bases`.

    With no base it is Schnorr's proof of possession of secret times G. The challenge hashes the context, the
    bases, the multiples of all, and the commitments of all.
    """
    secret, nonce = own(secret), own(nonce)
    publics = [times_base(secret), *(multiply(secret, base) for base in bases)]
    commitments = [times_base(nonce), *(multiply(nonce, base) for base in bases)]
    value = challenge(tag, *context, list(bases), publics, commitments)
    return Proof(write_scalar(value), write_scalar((nonce + value * secret) % ORDER))


def check_equal(
    tag: str, context: Sequence[object], bases: Sequence[bytes], publics: Sequence[bytes], proof: Proof
) -> None:
    """Check `prove_equal`'s proof that `publics` are one multiple of G and of `bases`; raises Unsound.

    Bases and publics are elements, checked by the caller; one public more than bases.
    """
    value, response = scalar(proof.challenge), scalar(proof.response)
    commitments = [
        committed(base, public, response, value) for base, public in zip((None, *bases), publics, strict=True)
    ]
    if challenge(tag, *context, list(bases), list(publics), commitments) != value:
        raise Unsound("bad_proof", "the proof does not hold")
