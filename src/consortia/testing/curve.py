"""The group of Ed25519 by the plain definition (RFC 8032, section 5.1): whether a point is of prime order.

Slow on purpose, and independent of every library: decode the point, multiply it by the order, look.
"""

from functools import lru_cache

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
NEUTRAL = (0, 1, 1, 0)

Point = tuple[int, int, int, int]
"""Extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z."""


@lru_cache(maxsize=65_536)
def is_prime_order(public: bytes) -> bool:
    """Whether 32 bytes are the one encoding of a point of prime order."""
    point = decoded(public)
    return point is not None and not is_neutral(point) and is_neutral(times(ORDER, point))


def encoded_sum(one: bytes, other: bytes) -> bytes:
    """The encoding of the sum of two encoded points; raises ValueError where one is no point."""
    points = [decoded(one), decoded(other)]
    if points[0] is None or points[1] is None:
        raise ValueError("not a point")
    return encoded(plus(points[0], points[1]))


def encoded(point: Point) -> bytes:
    """The one encoding of a point (section 5.1.2)."""
    x, y, z, _ = point
    x, y = x * pow(z, -1, P) % P, y * pow(z, -1, P) % P
    return (y + (x % 2 << 255)).to_bytes(32, "little")


def decoded(public: bytes) -> Point | None:
    """The point that the bytes encode (section 5.1.3), or None."""
    number = int.from_bytes(public, "little")
    y, odd = number % 2**255, number >> 255
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and odd):
        return None
    if x % 2 != odd:
        x = P - x
    return (x, y, 1, x * y % P)


def plus(one: Point, other: Point) -> Point:
    """The sum of two points (section 5.1.4)."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number: int, point: Point) -> Point:
    """A point, so many times (double and add)."""
    total = NEUTRAL
    while number:
        if number % 2:
            total = plus(total, point)
        point = plus(point, point)
        number //= 2
    return total


def is_neutral(point: Point) -> bool:
    """Whether a point is the neutral one."""
    return point[0] == 0 and (point[1] - point[2]) % P == 0
