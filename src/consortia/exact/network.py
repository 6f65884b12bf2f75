"""A small neural network in integers: a prediction re-executes bit for bit.

Dense layers with tanh between them and one output. Inputs and hidden values on the 2^-16 grid, weights on
2^-20, scores on 2^-24. tanh is the sigmoid's table: tanh x = 2 sigmoid(2 x) - 1.

A network's weights are one vector: for each layer its matrix (inputs, outputs) row by row, then its biases.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from consortia.exact.fixed import Integers, divide_array
from consortia.exact.linear import STANDARD_BITS, WEIGHT_BITS, sigmoid

NETWORK_BITS = 20
INPUTS_MAX = 1 << 11
"""Inputs below 2^20 times weights below 2^31 over so many columns stay inside 64 bits."""


class Shape(NamedTuple):
    """The columns that go in, and the units of each hidden layer."""

    inputs: int
    hidden: tuple[int, ...]

    @property
    def layers(self) -> tuple[tuple[int, int], ...]:
        """(inputs, outputs) of each layer; the last has one output."""
        widths = (self.inputs, *self.hidden, 1)
        return tuple(pairwise(widths))

    @property
    def size(self) -> int:
        """How many weights there are."""
        return sum((inputs + 1) * outputs for inputs, outputs in self.layers)

    def parts(self) -> Iterator[tuple[int, int, int, int]]:
        """For each layer: where its matrix begins, where its biases begin, its inputs and outputs."""
        begin = 0
        for inputs, outputs in self.layers:
            yield begin, begin + inputs * outputs, inputs, outputs
            begin += (inputs + 1) * outputs


def tanh(score: Integers) -> Integers:
    """The hyperbolic tangent, score and result on the 2^-24 grid, within four units; odd, exactly."""
    return 2 * sigmoid(2 * score) - (1 << WEIGHT_BITS)


def outputs(shape: Shape, weights: Integers, standard: Integers) -> Integers:
    """The network's scores for rows `standard` (records, inputs), on the 2^-24 grid, shape (records,)."""
    values = standard
    score = values
    for at, (matrix, bias, inputs, count) in enumerate(shape.parts()):
        if at:
            values = divide_array(tanh(score), 1 << (WEIGHT_BITS - STANDARD_BITS))
        wide = values @ weights[matrix:bias].reshape(inputs, count)
        score = divide_array(wide, 1 << (STANDARD_BITS + NETWORK_BITS - WEIGHT_BITS))
        score += weights[bias : bias + count] << (WEIGHT_BITS - NETWORK_BITS)
    return score.reshape(len(standard))
