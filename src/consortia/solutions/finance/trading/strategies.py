"""Three plain ways to trade, as programs of a mandate: `consortia.solutions...trading.strategies:momentum`.

Each is two pure functions in integers. They are textbook rules, here to be compared with: none is claimed to
earn more than equal weight.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from consortia.engines.infer.trader import Strategy
from consortia.exact.signals import PPM, View

LOOK = 60
"""How many prices back momentum and volatility look."""

_ONE = 10**12


@dataclass(frozen=True)
class EqualWeight:
    """The same part in every stock, restored at every auction: the baseline."""

    def observe(self, view: View, stock: int) -> Sequence[int]:
        """(stock, how many there are)."""
        return (stock, view.stocks)

    def act(self, vector: Sequence[int]) -> int:
        """An equal part."""
        return PPM // vector[1]


@dataclass(frozen=True)
class InverseVolatility:
    """The less a stock swings, the larger its part (DeMiguel, Garlappi and Uppal 2009 compare such rules)."""

    look: int = LOOK

    def observe(self, view: View, stock: int) -> Sequence[int]:
        """(stock, the swing of each)."""
        return (stock, *view.signal(f"swing-{self.look}"))

    def act(self, vector: Sequence[int]) -> int:
        """Its share of the inverse swings; a stock that does not move counts as one that hardly does."""
        inverse = [_ONE // max(1, swing) for swing in vector[1:]]
        return PPM * inverse[vector[0]] // sum(inverse)


@dataclass(frozen=True)
class Momentum:
    """An equal part in each of the better half of the stocks by past change (Jegadeesh and Titman 1993)."""

    look: int = LOOK

    def observe(self, view: View, stock: int) -> Sequence[int]:
        """(stock, the past change of each)."""
        return (stock, *view.signal(f"past-{self.look}"))

    def act(self, vector: Sequence[int]) -> int:
        """An equal part if it is in the better half, ties to the first, otherwise nothing."""
        changes = vector[1:]
        half = (len(changes) + 1) // 2
        ranked = sorted(range(len(changes)), key=lambda at: (-changes[at], at))
        return PPM // half if vector[0] in ranked[:half] else 0


equal_weight = EqualWeight()
inverse_volatility = InverseVolatility()
momentum = Momentum()

STRATEGIES: dict[str, Strategy] = {
    "equal weight": equal_weight,
    "inverse volatility": inverse_volatility,
    "momentum": momentum,
}
"""The strategies by name; the first is what the others are compared with."""
