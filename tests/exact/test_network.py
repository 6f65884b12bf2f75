"""The network in integers: near the floats it stands for, the same for each row alone, inside 64 bits."""

import numpy as np
import pytest

from consortia.exact.network import Shape, outputs, tanh

SHAPE = Shape(5, (7, 4))


def test_the_parts_tile_the_vector():
    parts = list(SHAPE.parts())
    assert SHAPE.size == 5 * 7 + 7 + 7 * 4 + 4 + 4 + 1
    assert [matrix for matrix, _, _, _ in parts] == [0, 42, 74]
    assert parts[-1][1] + 1 == SHAPE.size
    assert Shape(3, ()).layers == ((3, 1),)


def test_the_scores_are_near_those_of_floats():
    draw = np.random.default_rng(1)
    weights = draw.integers(-(1 << 21), 1 << 21, SHAPE.size)
    rows = draw.integers(-(1 << 18), 1 << 18, (40, 5))
    values = rows / 2**16
    for at, (matrix, bias, inputs, count) in enumerate(SHAPE.parts()):
        values = np.tanh(values) if at else values
        values = (
            values @ (weights[matrix:bias].reshape(inputs, count) / 2**20)
            + weights[bias : bias + count] / 2**20
        )
    assert outputs(SHAPE, weights, rows) / 2**24 == pytest.approx(values[:, 0], abs=2e-4)


def test_each_row_alone_gives_what_it_gives_among_others():
    draw = np.random.default_rng(2)
    weights, rows = draw.integers(-(1 << 31), 1 << 31, SHAPE.size), draw.integers(-(1 << 20), 1 << 20, (9, 5))
    together = outputs(SHAPE, weights, rows)
    assert together.tolist() == [int(outputs(SHAPE, weights, row[None])[0]) for row in rows]
    assert outputs(SHAPE, weights, rows[:0]).shape == (0,)


def test_tanh_is_odd_and_near():
    scores = np.random.default_rng(3).integers(-(20 << 24), 20 << 24, 500)
    assert tanh(-scores).tolist() == (-tanh(scores)).tolist()
    assert np.abs(tanh(scores) / 2**24 - np.tanh(scores / 2**24)).max() <= 4 / 2**24


def test_the_widest_layer_of_the_largest_numbers_stays_inside_64_bits():
    shape = Shape(1 << 11, ())
    weights = np.full(shape.size, (1 << 31) - 1)
    score = int(outputs(shape, weights, np.full((1, 1 << 11), 16 << 16))[0])
    exact = ((1 << 31) - 1) * (16 << 16) * (1 << 11)
    assert score == round(exact / (1 << 12)) + (((1 << 31) - 1) << 4)
