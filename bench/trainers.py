"""What members' workers train with in the benchmarks of deployed rounds: `trainer = "bench.trainers:..."`.

`quick` has 10^6 weights and next to no training, so that a round of it is the round itself. `heavy` keeps its
core busy with numpy for `HEAVY_SECONDS` of CPU and then moves a few weights; the same loop without a ledger
calls the very same function.
"""

import os
import time

import numpy as np

WORDS = 1_000_000
HEAVY_SECONDS = float(os.environ.get("BENCH_HEAVY_SECONDS", "3"))
HEAVY_WORDS = 100_000
SIDE = 512
_BURST = 8


class Quick:
    """Moves every weight by the same small step."""

    def __init__(self) -> None:
        self.weights = np.zeros(WORDS, dtype=np.float32)

    def weights_out(self):
        return [self.weights]

    def weights_in(self, weights, *, train):
        self.weights = weights[0] + np.float32(0.001) if train else weights[0]


class Heavy:
    """Multiplies matrices, always as many."""

    def __init__(self) -> None:
        self.weights = np.zeros(HEAVY_WORDS, dtype=np.float32)

    def weights_out(self):
        return [self.weights]

    def weights_in(self, weights, *, train):
        self.weights = weights[0] + np.float32(labour() * 0.001) if train else weights[0]


def quick(_records):
    return Quick()


def heavy(_records):
    return Heavy()


def bursts_in(seconds: float) -> int:
    """How many bursts this core does in so many seconds of CPU, found by doing some."""
    base, count = _matrix(), 20
    _burst(base)
    begin = time.process_time()
    for _ in range(count):
        _burst(base)
    return max(1, round(seconds * count / (time.process_time() - begin)))


def labour() -> float:
    """The work of one heavy local step: as many bursts as `BENCH_HEAVY_BURSTS` says; gives 1.0."""
    base = _matrix()
    done = [_burst(base) for _ in range(int(os.environ["BENCH_HEAVY_BURSTS"]))]
    return 1.0 if all(np.isfinite(value) for value in done) else 0.0


def _matrix():
    return np.random.default_rng(0).standard_normal((SIDE, SIDE)).astype(np.float32) / np.float32(SIDE**0.5)


def _burst(base) -> float:
    """Always the same products, of numbers of a like size: as long each time."""
    matrix = base
    for _ in range(_BURST):
        matrix = np.tanh(matrix @ base) + base
    return float(matrix.sum())
