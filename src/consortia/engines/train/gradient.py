"""Local training of a small network in float32: plain mini-batch gradient descent, at home.

The only inexact part of the MLP recipes. Nobody re-computes it bit for bit, and nobody is asked to: a member
answers for its own update, and from the sum on everything is integer. What leaves is quantised by the recipe.
"""

import hashlib
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from consortia.exact.network import Shape

Vector32: TypeAlias = NDArray[np.float32]


class Course(NamedTuple):
    """How a member trains: passes over its records, records a batch, the rate, the pull back (FedProx)."""

    epochs: int
    batch: int
    rate: float
    prox: float


class Rows(NamedTuple):
    """Standardised columns (records, inputs), labels (records,), and what the labels are."""

    columns: Vector32
    labels: Vector32
    kind: Literal["classes", "number"]


def descend(
    shape: Shape, start: Vector32, rows: Rows, course: Course, *, correction: Vector32 | None, seed: bytes
) -> tuple[Vector32, int]:
    """The weights after training from `start`, and how many steps it took.

    Each step takes rate * (gradient + prox * (weights - start) + correction) off. Batches are drawn anew for
    each pass from `seed`.
    """
    weights = start.copy()
    generator = np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(seed).digest()[:8], "big")))
    steps = 0
    for _ in range(course.epochs):
        order = generator.permutation(len(rows.labels))
        for begin in range(0, len(order), course.batch):
            chosen = order[begin : begin + course.batch]
            slope = gradient(shape, weights, Rows(rows.columns[chosen], rows.labels[chosen], rows.kind))
            if course.prox:
                slope += np.float32(course.prox) * (weights - start)
            if correction is not None:
                slope += correction
            weights -= np.float32(course.rate) * slope
            steps += 1
    return weights, steps


def gradient(shape: Shape, weights: Vector32, rows: Rows) -> Vector32:
    """The gradient of the mean loss: log loss for classes, half squares for numbers."""
    parts = list(shape.parts())
    values = [rows.columns]
    for at, (matrix, bias, inputs, count) in enumerate(parts):
        score = values[-1] @ weights[matrix:bias].reshape(inputs, count) + weights[bias : bias + count]
        values.append(np.tanh(score) if at + 1 < len(parts) else score)
    score = values[-1][:, 0]
    with np.errstate(over="ignore"):
        expected = score if rows.kind == "number" else 1 / (1 + np.exp(-score))
    back = ((expected - rows.labels) / np.float32(max(1, len(score))))[:, None]
    found = np.empty_like(weights)
    for at, (matrix, bias, inputs, count) in reversed(list(enumerate(parts))):
        found[matrix:bias] = (values[at].T @ back).reshape(-1)
        found[bias : bias + count] = back.sum(axis=0)
        if at:
            back = (back @ weights[matrix:bias].reshape(inputs, count).T) * (1 - values[at] * values[at])
    return found
