"""A secret ballot: one ciphertext a choice, and the proof that one of them holds 1 and the others 0.

For each choice a disjunction (Cramer, Damgard, Schoenmakers 1994) shows that it holds 0 or 1, and a proof of
equal logarithms that all together hold 1. They are one proof with one challenge, which hashes everything
that the ballot is bound to, so that no part of it serves elsewhere: not in another election, not for another
voter, not beside another ciphertext. The verification is numbered in `check_ballot`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import Record, encode, encode_record
from consortia.base.group import GENERATOR, ORDER, add, multiply, subtract, times_base, write_scalar
from consortia.base.hashing import tagged
from consortia.exact.elgamal import (
    CHOICES_MAX,
    CHOICES_MIN,
    Ciphertext,
    Element,
    Proof,
    Scalar,
    Unsound,
    challenge,
    committed,
    own,
    point,
    scalar,
    sum_of,
)

BALLOT_TAG = "consortia/ballot"
PROOF_TAG = "consortia/ballot-proof"
CIPHERTEXT_TAG = "consortia/ballot-ciphertext"
ELECTORATE_TAG = "consortia/electorate"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a ballot is bound to: ids and hashes of 32 bytes, the election's key, and the choices in order."""

    network: bytes
    election: bytes
    subject: bytes
    electorate: bytes
    key: bytes
    choices: tuple[str, ...]


class SealedChoice(Record, frozen=True):
    """A choice's ciphertext, and its part of the proof.

    `challenge` is that of the branch "0"; that of "1" is the ballot's less it. One response for each.
    """

    pad: Element
    body: Element
    challenge: Scalar
    zero: Scalar
    one: Scalar

    @property
    def ciphertext(self) -> Ciphertext:
        """The ciphertext alone."""
        return Ciphertext(self.pad, self.body)


class Ballot(Record, frozen=True):
    """A sealed choice for each choice; the proof's challenge, and its response for the sum."""

    choices: Annotated[tuple[SealedChoice, ...], Meta(min_length=CHOICES_MIN, max_length=CHOICES_MAX)]
    proof: Proof

    def hash(self) -> bytes:
        """The ballot's hash, H("consortia/ballot", encoded ballot): what its voter can follow it by."""
        return tagged(BALLOT_TAG, encode_record(self))


def electorate_root(names: Sequence[str]) -> bytes:
    """The hash of who may vote: H("consortia/electorate", encoded names in their order)."""
    return tagged(ELECTORATE_TAG, encode(list(names)))


def ciphertext_hash(found: Ciphertext) -> bytes:
    """H("consortia/ballot-ciphertext", pad | body): by which a repeated ciphertext is found."""
    return tagged(CIPHERTEXT_TAG, found.pad + found.body)


def nonces_needed(choices: int) -> int:
    """How many independent uniform nonces (1..ORDER-1) a ballot of so many choices takes."""
    return 4 * choices + 1


def make_ballot(terms: Terms, voter: str, chosen: int, nonces: Sequence[int]) -> Ballot:
    """The ballot of `voter` for the choice with the place `chosen`.

    `nonces`: for each choice the ciphertext's r, the real branch's commitment, the other branch's challenge
    and response; then the sum's commitment. Raise ValueError for another number of them, one that is not in
    1..ORDER-1, and a choice that there is not.
    """
    count = len(terms.choices)
    if not 0 <= chosen < count:
        raise ValueError(f"there is no choice {chosen} among {count}")
    return seal_votes(terms, voter, [int(place == chosen) for place in range(count)], nonces)


def seal_votes(terms: Terms, voter: str, votes: Sequence[int], nonces: Sequence[int]) -> Ballot:
    """As `make_ballot`, for a 0 or 1 a choice; only with a single 1 does what comes of it prove anything."""
    count = len(votes)
    if len(nonces) != nonces_needed(count):
        raise ValueError(f"{len(nonces)} nonces, a ballot of {count} choices takes {nonces_needed(count)}")
    drawn = [tuple(own(each) for each in nonces[4 * place : 4 * place + 4]) for place in range(count)]
    pairs = list(zip(votes, drawn, strict=True))
    sealed = [_seal(terms.key, vote, each[0]) for vote, each in pairs]
    commitments = [_commit(terms.key, vote, each) for vote, each in pairs]
    last = own(nonces[-1])
    for_sum = [times_base(last), multiply(last, terms.key)]
    value = _challenge(terms, voter, sealed, commitments, for_sum)
    choices = tuple(_respond(one, vote, value, each) for one, (vote, each) in zip(sealed, pairs, strict=True))
    all_r = sum(each[0] for each in drawn)
    return Ballot(choices, Proof(write_scalar(value), write_scalar((last + value * all_r) % ORDER)))


def check_ballot(terms: Terms, voter: str, ballot: Ballot) -> None:
    """Check a ballot under an election's terms; raises Unsound.

    1. There is one sealed choice for each choice.
    2. Every pad and body is a point of prime order in its one spelling, and no ciphertext stands twice.
    3. Every scalar is one of 1..ORDER-1 in its one spelling.
    4. The commitments follow from the responses: of both branches of each choice, and of the sum.
    5. The challenge is the hash of all that the ballot is bound to.
    """
    if len(ballot.choices) != len(terms.choices):  # 1
        raise Unsound("wrong_shape", f"{len(ballot.choices)} sealed choices for {len(terms.choices)}")
    sealed = [Ciphertext(point(each.pad), point(each.body)) for each in ballot.choices]  # 2
    if len({ciphertext_hash(each) for each in sealed}) != len(sealed):
        raise Unsound("repeated", "a ciphertext stands twice in the ballot")
    value, response = scalar(ballot.proof.challenge), scalar(ballot.proof.response)  # 3
    commitments = []
    for each in ballot.choices:
        first, zero, one = scalar(each.challenge), scalar(each.zero), scalar(each.one)
        less = subtract(each.body, GENERATOR)
        commitments.append(  # 4
            [
                committed(None, each.pad, zero, first),
                committed(terms.key, each.body, zero, first),
                committed(None, each.pad, one, value - first),
                committed(terms.key, less, one, value - first),
            ]
        )
    together = sealed[0]
    for more in sealed[1:]:
        together = sum_of(together, more)
    for_sum = [
        committed(None, together.pad, response, value),
        committed(terms.key, subtract(together.body, GENERATOR), response, value),
    ]
    if _challenge(terms, voter, sealed, commitments, for_sum) != value:  # 5
        raise Unsound("bad_proof", "the ballot does not prove that it holds one choice of this voter")


def _seal(key: bytes, vote: int, r: int) -> Ciphertext:
    return Ciphertext(times_base(r), add(times_base(vote), multiply(r, key)))


def _commit(key: bytes, vote: int, drawn: tuple[int, ...]) -> list[bytes]:
    """The commitments of both branches: the real one's honest, the other's computed back from its response.

    For the other branch: response B - challenge (body - other G) with body = vote G + rY, written with r.
    """
    r, nonce, other_challenge, other_response = drawn
    back = other_response - other_challenge * r
    shift = times_base(other_challenge * (vote - (1 - vote)))
    real = [times_base(nonce), multiply(nonce, key)]
    other = [times_base(back), subtract(multiply(back, key), shift)]
    return other + real if vote else real + other


def _respond(sealed: Ciphertext, vote: int, value: int, drawn: tuple[int, ...]) -> SealedChoice:
    r, nonce, other_challenge, other_response = drawn
    challenged = (value - other_challenge) % ORDER
    response = (nonce + challenged * r) % ORDER
    first = other_challenge if vote else challenged
    answers = (other_response, response) if vote else (response, other_response)
    return SealedChoice(sealed.pad, sealed.body, write_scalar(first), *map(write_scalar, answers))


def _challenge(
    terms: Terms,
    voter: str,
    sealed: Sequence[Ciphertext],
    commitments: Sequence[Sequence[bytes]],
    for_sum: Sequence[bytes],
) -> int:
    return challenge(
        PROOF_TAG,
        terms.network,
        terms.election,
        terms.subject,
        terms.electorate,
        terms.key,
        voter,
        list(terms.choices),
        [[each.pad, each.body] for each in sealed],
        [list(each) for each in commitments],
        list(for_sum),
    )
