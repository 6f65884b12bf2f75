"""Finding what several members have in common, without showing the rest: blinded names.

A name, such as an account's number, becomes a point of a group; every member multiplies it by a secret of its
own, one after the other, and the order does not matter. So what comes out for a name is the same for whoever
brought it in, and takes all members' secrets together to compute: no member alone, and no outsider, can try
names until one fits, as with a hash. Two members alone find the intersection of their sets this way.

Source: the intersection by Diffie-Hellman of Meadows (1986) and Huberman, Franklin and Hogg (1999), for any
number of members. Members are taken to follow the steps; each may look at all that it sees.

What it tells: who holds a name learns its pseudonym; whoever sees two lists of pseudonyms sees what they have
in common, and how long they are. A member that brings in names which are not its own learns, where the lists
are shown, whether others hold them: so lists hold only what takes part in something, and have a limit.
"""

import secrets
from collections.abc import Iterable, Sequence

from consortia.base.codec import Malformed
from consortia.base.group import ORDER, check_point, hash_point, multiply

NAMES_MAX = 200_000
_TAG = "consortia/intersect/name"


class Blinding:
    """One member's secret for one purpose; forget it with the purpose, and nothing can be tried again."""

    def __init__(self, context: bytes, secret: int | None = None) -> None:
        """`context` names the purpose: names of two purposes have nothing in common. The secret is random."""
        if secret is not None and not 0 < secret < ORDER:
            raise ValueError("a secret is not in 1..ORDER-1")
        self._context = context
        self._secret = 1 + secrets.randbelow(ORDER - 1) if secret is None else secret

    def begin(self, names: Iterable[bytes]) -> list[bytes]:
        """The member's own names, in their order, blinded by it: what it hands to the next member."""
        return [multiply(self._secret, self._point(name)) for name in names]

    def go_on(self, points: Sequence[bytes]) -> list[bytes]:
        """Another member's points, blinded by this one too, in the same order. Raises Malformed.

        The order is that of whoever began, who alone knows which name is where.
        """
        if len(points) > NAMES_MAX:
            raise Malformed(f"{len(points):,} names; at most {NAMES_MAX:,} are blinded at once")
        return [multiply(self._secret, check_point(point)) for point in points]

    def _point(self, name: bytes) -> bytes:
        return hash_point(_TAG, len(self._context).to_bytes(4, "big") + self._context + name)


def around(blindings: Sequence[Blinding], first: int, names: Iterable[bytes]) -> list[bytes]:
    """The pseudonyms of one member's names after every member has blinded them, in one process."""
    points = blindings[first].begin(names)
    for at in range(1, len(blindings)):
        points = blindings[(first + at) % len(blindings)].go_on(points)
    return points


def in_common(one: Sequence[bytes], other: Iterable[bytes]) -> list[int]:
    """Where in `one` stand pseudonyms that are in `other` too."""
    known = frozenset(other)
    return [at for at, point in enumerate(one) if point in known]
