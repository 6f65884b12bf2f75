"""Made-up organisations that ask for money and decide on it, from a seed.

Each organisation may be trusted with so much: a person says yes to a request that stays below it, give or
take a mood. What was decided before is made in the same way as what is asked now.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

SPEND_MIN, SPEND_MAX, STEP = 20, 980, 10
LIMIT_MIN, LIMIT_MAX = 200, 800
MOOD = 90
"""How much a person's limit wavers: a standard deviation, in units of value."""

PAST = 60
"""Decisions that each organisation remembers."""


@dataclass(frozen=True, slots=True)
class Request:
    """What an organisation asks for: so many units of value."""

    author: str
    spend: int


class Society:
    """Organisations, how far each is trusted, and what people decide."""

    def __init__(self, seed: int, names: Sequence[str]) -> None:
        """The same for the same seed and names."""
        self._rng = random.Random(f"dao/{seed}")  # noqa: S311 (made-up data, which replay)
        self.names = tuple(names)
        self.limits = {name: self._rng.randint(LIMIT_MIN, LIMIT_MAX) for name in self.names}

    def request(self, author: str | None = None) -> Request:
        """Somebody asks for something."""
        spend = self._rng.randrange(SPEND_MIN, SPEND_MAX + 1, STEP)
        return Request(author or self._rng.choice(self.names), spend)

    def wants(self, request: Request) -> bool:
        """Whether a person says yes."""
        return request.spend < self._rng.gauss(self.limits[request.author], MOOD)

    def past(self) -> list[dict[str, str]]:
        """What one organisation decided before: a row for each request."""
        asked = [self.request() for _ in range(PAST)]
        return [
            {
                "spend": str(one.spend),
                "author": one.author,
                "approved": "yes" if self.wants(one) else "no",
            }
            for one in asked
        ]
