"""Gradient inversion: the records behind an update, as far as an update shows them.

A linear model's gradient of one record is its residual times the record: every cell is a quotient of two
words. A network's first layer gives, for each neuron that only one record of the batch excites, that record
in the same way (Geiping, Bauermeister, Droge and Moeller 2020; Boenisch et al. 2021). No search is needed.
The sum of many records hides them only by their number; a masked vector shows nothing at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consortia.base.codec import decode_record
from consortia.engines.train.api import Vector
from consortia.engines.train.glm import GlmState
from consortia.exact.linear import FEATURE_BITS, STANDARD_MAX

_AGREE = 1e-6


@dataclass(frozen=True)
class Recovered:
    """A record read out of an update: its design cells in their own units, and its class."""

    cells: dict[str, float]
    label: str

    def sentence(self) -> str:
        """The record, in plain words."""
        said = ", ".join(f"{name} {value:.6g}" for name, value in self.cells.items())
        return f"The update is that of one record: {said}; {self.label}."


def invert_round(state: bytes, vector: Vector) -> Recovered | None:
    """The record behind an update of `glm.logistic`'s second round or later, if it is of one record.

    The gradient is then residual * (1, cells), and the Hessian's diagonal curvature * (1, squares of the
    cells): where the two do not agree it is of several, and None is returned. Missing cells come out as the
    shared mean. Raises ValueError for a state before the first round.
    """
    current = decode_record(GlmState, state)
    if current.moments is None:
        raise ValueError("the state is that of the first round, which sums up cells and not gradients")
    size = len(current.weights)
    gradient = vector[:size].astype(np.float64)
    rows, columns = np.triu_indices(size)
    diagonal = vector[size:][rows == columns].astype(np.float64)
    if gradient[0] == 0 or diagonal[0] <= 0:
        return None
    standard = gradient[1:] / gradient[0]
    squares = diagonal[1:] / diagonal[0]
    if np.abs(standard).max() > STANDARD_MAX + 1 or not np.allclose(standard**2, squares, atol=1e-3):
        return None
    exponents: list[int] = []
    for field in current.schema.fields:
        count = 1 if field.kind == "number" else len(field.levels)
        exponents += [field.exponent] * count + [0] * field.missing_flag
    cells = {}
    for name, value, mean, deviation, exponent in zip(
        current.schema.design_names,
        standard,
        current.moments.means,
        current.moments.deviations,
        exponents,
        strict=True,
    ):
        cells[name] = float(np.ldexp(value * deviation + mean, exponent - FEATURE_BITS))
    return Recovered(cells, current.schema.label.classes[int(gradient[0] < 0)])


def records_of_layer(
    weights: NDArray[np.float64], biases: NDArray[np.float64]
) -> list[tuple[NDArray[np.float64], int]]:
    """Candidate records of a batch from the gradient of a first layer, those with most neurons first.

    `weights` (neurons, inputs) and `biases` (neurons,) are gradients. Each candidate is the quotient of a
    neuron's two; with it stands how many neurons agree. Neurons that one record alone excites give that
    record to the last digit, those that several excite a mixture of these.
    """
    live = np.flatnonzero(np.abs(biases) > _AGREE * np.abs(biases).max(initial=0.0))
    candidates: list[tuple[NDArray[np.float64], int]] = []
    for row in weights[live] / biases[live][:, None]:
        for at, (known, count) in enumerate(candidates):
            if np.allclose(row, known, rtol=1e-4, atol=_AGREE):
                candidates[at] = (known, count + 1)
                break
        else:
            candidates.append((row, 1))
    return sorted(candidates, key=lambda each: -each[1])


def best_match(words: NDArray[Any], candidates: Sequence[NDArray[Any]]) -> int:
    """Which of the candidate vectors a submitted one most likely is: the nearest in the ring.

    All are of the ring's signed type. Over a masked vector this is a guess.
    """
    with np.errstate(over="ignore"):
        distances = [np.abs((words - each).astype(np.float64)).sum() for each in candidates]
    return int(np.argmin(distances))
