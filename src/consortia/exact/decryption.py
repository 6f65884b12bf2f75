"""How trustees open the sum of all ballots and nothing else.

A trustee multiplies each pad of the sum by its secret and proves that it used the secret behind its
verification key. Any threshold of them, weighted by Lagrange, gives the sum's r Y; what is left is the count
times G, and counts are small enough to be looked for.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import Record, encode
from consortia.base.group import (
    GENERATOR,
    NEUTRAL,
    ORDER,
    BadPoint,
    add,
    check_element,
    multiply,
    subtract,
    total,
)
from consortia.base.hashing import tagged
from consortia.exact.ballot import Terms
from consortia.exact.elgamal import (
    CHOICES_MAX,
    Ciphertext,
    Element,
    Proof,
    Unsound,
    check_equal,
    prove_equal,
)

AGGREGATE_TAG = "consortia/ballot-sum"
PARTIAL_TAG = "consortia/ballot-decryption"


class Partial(Record, frozen=True):
    """A trustee's part of the decryption: its secret times each pad of the sum, and one proof for all."""

    shares: Annotated[tuple[Element, ...], Meta(min_length=1, max_length=CHOICES_MAX)]
    proof: Proof


def aggregate_hash(election: bytes, ballots: int, root: bytes, sums: Sequence[Ciphertext]) -> bytes:
    """The name of what may be decrypted: H(tag, encoded [election, ballots, root of the ballots, sums])."""
    return tagged(AGGREGATE_TAG, encode([election, ballots, root, list(sums)]))


def make_partial(
    terms: Terms, aggregate: bytes, trustee: str, *, secret: int, pads: Sequence[bytes], nonce: int
) -> Partial:
    """A trustee's part of the decryption of the sum named `aggregate`."""
    context = (terms.network, terms.election, aggregate, trustee)
    proof = prove_equal(PARTIAL_TAG, context, secret, pads, nonce)
    return Partial(tuple(multiply(secret, pad) for pad in pads), proof)


def check_partial(
    terms: Terms, aggregate: bytes, trustee: str, *, key: bytes, pads: Sequence[bytes], partial: Partial
) -> None:
    """Check a trustee's part under its verification key; raises Unsound."""
    if len(partial.shares) != len(pads):
        raise Unsound("wrong_shape", f"{len(partial.shares)} shares of a sum of {len(pads)}")
    try:
        shares = [check_element(share) for share in partial.shares]
    except BadPoint as error:
        raise Unsound("bad_point", str(error)) from None
    context = (terms.network, terms.election, aggregate, trustee)
    check_equal(PARTIAL_TAG, context, pads, (key, *shares), partial.proof)


def weights(indices: Sequence[int]) -> list[int]:
    """Lagrange's weights at 0 for a polynomial known at these indices, modulo ORDER."""
    return [
        math.prod(other for other in indices if other != one)
        * pow(math.prod(other - one for other in indices if other != one), -1, ORDER)
        % ORDER
        for one in indices
    ]


def counted(sums: Sequence[Ciphertext], parts: Mapping[int, Partial], most: int) -> tuple[int, ...]:
    """The counts of a sum, from parts by trustee index, a threshold of them, all checked.

    `most` is the number of ballots. Raise Unsound when a count is beyond it: then no ballots gave this sum.
    """
    indices = sorted(parts)
    weighed = weights(indices)
    found = []
    for place, each in enumerate(sums):
        shares = [
            multiply(weight, parts[index].shares[place])
            for weight, index in zip(weighed, indices, strict=True)
        ]
        found.append(_logarithm(subtract(each.body, total(shares)), most))
    return tuple(found)


def _logarithm(element: bytes, most: int) -> int:
    """The number from 0 to `most` that gives this multiple of the generator."""
    at = NEUTRAL
    for number in range(most + 1):
        if at == element:
            return number
        at = add(at, GENERATOR)
    raise Unsound("bad_proof", f"no count up to {most} gives this sum")
