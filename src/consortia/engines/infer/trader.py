"""Who trades: two pure functions from prices to weights, by a program or by a model that a study trained.

    observe(view) -> a vector of integers for each stock       act(vector) -> a weight

A vector is all that an answer depends on, so whoever has it and the program or the model answers the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from consortia.engines.infer.models import Model, kind_of, load
from consortia.engines.infer.predict import predict_features
from consortia.engines.train.api import RecipeError
from consortia.engines.train.design import features
from consortia.exact.signals import PPM, SignalError, View, parsed

Vector = tuple[int | None, ...]

EVEN_PPM = 500_000
"""What somebody states who has no opinion."""

TILT = 10
"""How strongly a weight follows its probability: from 45 to 55 per cent it goes from nothing to all."""

WEIGHED = "weighed"
"""What the record of a program's answer is labelled with; its score is the weight."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """An answer: the weight (parts per million of the equity), and what its record says."""

    weight: int
    label: str
    stated: int
    score: int


class Strategy(Protocol):
    """A program that trades: two pure functions, in integers alone."""

    def observe(self, view: View, stock: int) -> Sequence[int]:
        """All that the weight of a stock depends on."""

    def act(self, vector: Sequence[int]) -> int:
        """The part of the equity that should lie in the stock, parts per million."""


class Trader(Protocol):
    """A program or a model, as auctions and audits have it."""

    def observe(self, view: View) -> tuple[Vector, ...]:
        """The vectors of all stocks; raises SignalError."""

    def act(self, vectors: Sequence[Vector]) -> tuple[Weighed, ...]:
        """The answers to vectors; raises ValueError for one that is none."""


@dataclass(frozen=True)
class ProgramTrader:
    """A strategy: what it weighs is both answer and weight."""

    strategy: Strategy

    def observe(self, view: View) -> tuple[Vector, ...]:
        """The vectors of all stocks."""
        return tuple(tuple(self.strategy.observe(view, stock)) for stock in range(view.stocks))

    def act(self, vectors: Sequence[Vector]) -> tuple[Weighed, ...]:
        """The answers."""
        return tuple(self._act(vector) for vector in vectors)

    def _act(self, vector: Vector) -> Weighed:
        weight = self.strategy.act([0 if value is None else value for value in vector])
        if type(weight) is not int or not 0 <= weight <= PPM:
            raise ValueError("a strategy answers with a weight of 0 to 1,000,000")
        return Weighed(weight, WEIGHED, EVEN_PPM, weight)


class ModelTrader:
    """A model of two classes whose columns are signals: the likelier its second class, the more of the stock.

    All `stocks` together get at most all there is.
    """

    def __init__(self, model: bytes, stocks: int) -> None:
        """Raises base.codec.Malformed or RecipeError for what is no such model."""
        self._model: Model = load(model)
        if kind_of(self._model) != "chance":
            raise RecipeError("a model that trades tells two classes apart")
        self._names, self._stocks = self._model.schema.names, stocks
        for name in self._names:
            try:
                parsed(name)
            except SignalError as error:
                raise RecipeError(f"the model's column: {error}") from None

    def observe(self, view: View) -> tuple[Vector, ...]:
        """The model's own feature integers of each stock."""
        rows = np.array([view.signal(name) for name in self._names], dtype=np.float64).T
        values, present = features(self._model.schema, rows)
        return tuple(
            tuple(int(value) if here else None for value, here in zip(row, mask, strict=True))
            for row, mask in zip(values, present, strict=True)
        )

    def act(self, vectors: Sequence[Vector]) -> tuple[Weighed, ...]:
        """The model's own answers, and the weights that follow from them."""
        said = predict_features(self._model, vectors)
        return tuple(
            Weighed(tilted(one.probability_ppm, self._stocks), one.label, one.probability_ppm, one.score)
            for one in said
        )


def tilted(probability: int, stocks: int) -> int:
    """The weight of one stock of many: none at 45 per cent and below, its equal part at 55 and above."""
    tilt = EVEN_PPM + TILT * (probability - EVEN_PPM)
    return min(max(tilt, 0), PPM) // stocks
