"""Chance from a seed, in integers alone: SplitMix64 (Steele, Lea, Flood 2014)."""

from collections.abc import Sequence
from typing import TypeVar

from consortia.base.hashing import sha256

T = TypeVar("T")

_MASK = (1 << 64) - 1
_SPREAD = 37837
"""The standard deviation of a sum of four 16-bit numbers: 65536 / sqrt(3)."""
_SIXTEENTHS = (
    65536, 68438, 71468, 74632, 77936, 81386, 84990, 88752,
    92682, 96785, 101070, 105545, 110218, 115098, 120194, 125515,
)  # fmt: skip
"""2^(i/16) in 65,536ths, rounded."""


class Chance:
    """A stream of integers that depends on the seed and the name alone."""

    def __init__(self, seed: int, name: str) -> None:
        self._state = int.from_bytes(sha256(f"{seed} {name}".encode())[:8], "big")

    def bits(self) -> int:
        """64 bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def below(self, count: int) -> int:
        """One of 0 to count - 1."""
        return (self.bits() * count) >> 64

    def between(self, least: int, most: int) -> int:
        """One of least to most, both included."""
        return least + self.below(most - least + 1)

    def often(self, permille: int) -> bool:
        """True so many times of a thousand."""
        return self.below(1000) < permille

    def normal(self, mean: int, deviation: int) -> int:
        """About normal: a sum of four uniform numbers, within 3.5 deviations."""
        word = self.bits()
        drawn = sum((word >> shift) & 0xFFFF for shift in (0, 16, 32, 48)) - 131070
        return mean + drawn * deviation // _SPREAD

    def power(self, mean: int, deviation: int) -> int:
        """About log-normal: 2 to a normal number of sixteenths."""
        return power(self.normal(mean, deviation))

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in another order (Fisher and Yates)."""
        rest = list(items)
        for last in range(len(rest) - 1, 0, -1):
            other = self.below(last + 1)
            rest[last], rest[other] = rest[other], rest[last]
        return rest


def power(sixteenths: int) -> int:
    """2 to so many sixteenths, rounded down; at most 2^60."""
    bounded = max(0, min(sixteenths, 960))
    return (_SIXTEENTHS[bounded % 16] << (bounded // 16)) >> 16
