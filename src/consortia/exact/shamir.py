"""Shamir's secret sharing over the integers modulo 2^521-1 (Shamir 1979, "How to share a secret").

A secret of 32 bytes, read as a big-endian number, is the constant term of a polynomial of degree threshold-1;
the share of point x is the polynomial's value at x, 66 bytes big-endian. Any `threshold` shares give
the secret, fewer say nothing of it. Nothing here is random (the other coefficients are given), and
nothing tells a false share from a true one: shares and secrets are held to hashes published before.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

PRIME = (1 << 521) - 1
SECRET_BYTES = 32
SHARE_BYTES = 66
POINT_MAX = (1 << 16) - 1


class ShamirError(ValueError):
    """A secret, point, coefficient or share that is not one, or too few shares."""


def split(secret: bytes, threshold: int, points: Sequence[int], coefficients: Sequence[int]) -> list[bytes]:
    """The shares (66 bytes each) of a 32-byte secret at the given points, in their order.

    `coefficients`: threshold-1 independent, uniform numbers below 2^521-1, those of x, x^2 and so on; for one
    secret only. Points are distinct and in 1..65535. Raises ShamirError when something is not so, or when
    there are fewer points than the threshold.
    """
    if len(secret) != SECRET_BYTES:
        raise ShamirError(f"a secret has {SECRET_BYTES} bytes, not {len(secret)}")
    _check_points(points, threshold)
    if len(coefficients) != threshold - 1:
        raise ShamirError(
            f"{len(coefficients)} coefficients, a threshold of {threshold} takes {threshold - 1}"
        )
    if any(not 0 <= each < PRIME for each in coefficients):
        raise ShamirError("a coefficient is not in 0..2^521-2")
    falling = [*reversed(coefficients), int.from_bytes(secret, "big")]
    shares = []
    for point in points:
        value = 0
        for coefficient in falling:
            value = (value * point + coefficient) % PRIME
        shares.append(value.to_bytes(SHARE_BYTES, "big"))
    return shares


def lagrange(points: Sequence[int]) -> tuple[int, ...]:
    """The weights that give a polynomial's value at 0 from its values at these points, modulo 2^521-1.

    They serve every secret that is shared at these points. Raises ShamirError for a point that is not in
    1..65535, or repeated, and when there is none.
    """
    _check_points(points, 1)
    above = [math.prod(other for other in points if other != point) for point in points]
    below = [math.prod(other - point for other in points if other != point) for point in points]
    # One inversion for all: 1/below_i is (common/below_i) / common, and the first quotient is an integer.
    common = math.lcm(*below)
    inverse = pow(common, -1, PRIME)
    return tuple(a * (common // b) * inverse % PRIME for a, b in zip(above, below, strict=True))


def combine(weights: Sequence[int], shares: Sequence[bytes]) -> bytes:
    """The 32-byte secret from the weights of some points and the shares of those points, in the same order.

    Raises ShamirError for a share that is not canonical, another number of them, and a result that is no
    32-byte secret.
    """
    if len(weights) != len(shares):
        raise ShamirError(f"{len(shares)} shares for {len(weights)} weights")
    total = 0
    for weight, share in zip(weights, shares, strict=True):
        total += weight * _value(share)
    secret = total % PRIME
    if secret >> (8 * SECRET_BYTES):
        raise ShamirError("the shares do not add up to a secret of 32 bytes")
    return secret.to_bytes(SECRET_BYTES, "big")


def recover(shares: Mapping[int, bytes] | Iterable[tuple[int, bytes]], threshold: int) -> bytes:
    """The 32-byte secret from the shares of at least `threshold` points.

    The `threshold` smallest points are used, so that everyone who sees the same shares, true or false, gets
    the same; all shares must be canonical. Raises ShamirError when there are too few, when a point is not in
    1..65535 or repeated, when a share is not canonical, and when the result is no 32-byte secret.
    """
    pairs = sorted(shares.items() if isinstance(shares, Mapping) else shares)
    _check_points([point for point, _ in pairs], threshold)
    for _, share in pairs[threshold:]:
        _value(share)
    used = pairs[:threshold]
    return combine(lagrange([point for point, _ in used]), [share for _, share in used])


def _check_points(points: Sequence[int], threshold: int) -> None:
    if threshold < 1:
        raise ShamirError(f"a threshold of {threshold} shares no secret")
    if any(not 0 < point <= POINT_MAX for point in points):
        raise ShamirError(f"a point is not in 1..{POINT_MAX}")
    if len(set(points)) != len(points):
        raise ShamirError("a point is repeated")
    if len(points) < threshold:
        raise ShamirError(f"{len(points)} points are fewer than the threshold of {threshold}")


def _value(share: bytes) -> int:
    if len(share) != SHARE_BYTES:
        raise ShamirError(f"a share has {SHARE_BYTES} bytes, not {len(share)}")
    value = int.from_bytes(share, "big")
    if value >= PRIME:
        raise ShamirError("a share is not the one spelling of its number")
    return value
