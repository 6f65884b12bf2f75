"""Secret ballots by the plain definition: Edwards arithmetic in Python integers, after the reference page.

Slow on purpose, and independent of every library and of `consortia.exact`: each check is written down once
more as `docs/reference/ballots.md` says it, on points as coordinates. Only the encoding and the hash are
shared, which have references of their own.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from consortia.base.codec import encode
from consortia.base.hashing import tagged
from consortia.testing.curve import (
    NEUTRAL,
    ORDER,
    P,
    Point,
    decoded,
    encoded,
    is_neutral,
    plus,
    times,
)

BASE_Y = 4 * pow(5, -1, P) % P
Plain: TypeAlias = "Mapping[str, object]"


class No(ValueError):
    """Refused; the text is the reason's one word."""


def base() -> Point:
    """The base point: y = 4/5 and an even x (RFC 8032, section 5.1)."""
    found = decoded(BASE_Y.to_bytes(32, "little"))
    if found is None:
        raise ValueError("the base point is no point")
    return found


B = base()


def minus(point: Point) -> Point:
    """The opposite of a point."""
    return (-point[0] % P, point[1], point[2], -point[3] % P)


def scalar(data: bytes) -> int:
    """A scalar from outside."""
    value = sum(byte << 8 * place for place, byte in enumerate(data))
    if len(data) != 32 or value >= ORDER:
        raise No("bad_scalar")
    if value == 0:
        raise No("zero_scalar")
    return value


def point(data: bytes, *, neutral: bool = False) -> Point:
    """A point of prime order from outside, or the neutral one where that may be."""
    found = decoded(data) if len(data) == 32 else None
    if found is None or not is_neutral(times(ORDER, found)) or (is_neutral(found) and not neutral):
        raise No("bad_point")
    return found


def combination(*terms: tuple[int, Point]) -> bytes:
    """The encoding of a sum of multiples."""
    total = NEUTRAL
    for factor, each in terms:
        total = plus(total, times(factor % ORDER, each))
    return encoded(total)


def hashed(tag: str, parts: Sequence[object]) -> int:
    """The challenge of a proof."""
    return int.from_bytes(tagged(tag, encode(list(parts))), "little") % ORDER


def check_equal(
    tag: str, context: Sequence[object], bases: Sequence[bytes], publics: Sequence[bytes], proof: Plain
) -> None:
    """One secret is the logarithm of all publics, the first to the base point, the others to `bases`."""
    challenge, response = scalar(_bytes(proof["challenge"])), scalar(_bytes(proof["response"]))
    grounds = [B, *(point(each, neutral=True) for each in bases)]
    told = [
        combination((response, ground), (-challenge, point(public, neutral=True)))
        for ground, public in zip(grounds, publics, strict=True)
    ]
    if hashed(tag, [*context, list(bases), list(publics), told]) != challenge:
        raise No("bad_proof")


def check_ballot(terms: Plain, voter: str, ballot: Mapping[str, object]) -> None:
    """The five numbered steps of the page."""
    choices, sealed = _list(terms["choices"]), [_map(each) for each in _list(ballot["choices"])]
    if len(sealed) != len(choices):
        raise No("wrong_shape")
    pairs = [(point(_bytes(each["pad"])), point(_bytes(each["body"]))) for each in sealed]
    texts = [[_bytes(each["pad"]), _bytes(each["body"])] for each in sealed]
    if any(texts.count(each) > 1 for each in texts):
        raise No("repeated")
    proof = _map(ballot["proof"])
    challenge, response = scalar(_bytes(proof["challenge"])), scalar(_bytes(proof["response"]))
    key = point(_bytes(terms["key"]))
    rows, pads, bodies = [], NEUTRAL, NEUTRAL
    for each, (pad, body) in zip(sealed, pairs, strict=True):
        zero_challenge, zero, one = (scalar(_bytes(each[name])) for name in ("challenge", "zero", "one"))
        rows.append(
            [
                encoding
                for vote, part, answer in (
                    (0, zero_challenge, zero),
                    (1, challenge - zero_challenge, one),
                )
                for encoding in (
                    combination((answer, B), (-part, pad)),
                    combination((answer, key), (-part, body), (part * vote, B)),
                )
            ]
        )
        pads, bodies = plus(pads, pad), plus(bodies, body)
    sums = [
        combination((response, B), (-challenge, pads)),
        combination((response, key), (-challenge, bodies), (challenge, B)),
    ]
    bound = [terms[name] for name in ("network", "election", "subject", "electorate", "key")]
    told = hashed("consortia/ballot-proof", [*bound, voter, choices, texts, rows, sums])
    if told != challenge:
        raise No("bad_proof")


def fits(share: bytes, index: int, commitments: Sequence[bytes]) -> bool:
    """Whether a share is what the commitments say of a holder."""
    try:
        value = scalar(share)
    except No:
        return False
    powers = [(index**place, point(each, neutral=True)) for place, each in enumerate(commitments)]
    return combination((value, B)) == combination(*powers)


def count(
    sums: Sequence[tuple[bytes, bytes]], shares: Mapping[int, Sequence[bytes]], most: int
) -> tuple[int, ...]:
    """The counts, by Lagrange's weights and trying one number after the other."""
    found = []
    for place, (_, body) in enumerate(sums):
        rest = point(body, neutral=True)
        for index in shares:
            weight = 1
            for other in shares:
                if other != index:
                    weight = weight * other * pow(other - index, -1, ORDER) % ORDER
            rest = plus(rest, minus(times(weight, point(shares[index][place], neutral=True))))
        votes = [number for number in range(most + 1) if combination((number, B)) == encoded(rest)]
        if not votes:
            raise No("bad_proof")
        found.append(votes[0])
    return tuple(found)


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("not bytes")
    return value


def _map(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError("not a map")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        raise TypeError("not a list")
    return list(value)
