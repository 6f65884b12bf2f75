"""What bad members send: the attacks against which robust rules are measured.

An attacker here knows everything: all honest vectors of the round, the rule, how many others are bad with it.
Every function takes the honest vectors, int64 of shape (honest, d), how many members are bad, the clip that a
word may not leave (a node refuses more) and a seed, and gives the bad members' vectors, int64 of shape (bad,
d). Label flipping is no vector but a way to train: the member's labels are exchanged before it begins.
"""

from collections.abc import Callable, Mapping
from statistics import NormalDist
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.int64]
Attack: TypeAlias = Callable[[Vectors, int, int, int], Vectors]

SIGN_FLIP_TIMES = 10
INNER_PRODUCT_TIMES = 1.5
GAUSSIAN_TIMES = 10


def sign_flip(honest: Vectors, bad: int, clip: int, seed: int) -> Vectors:
    """Ten times the honest mean, backwards."""
    return _all_alike(-SIGN_FLIP_TIMES * honest.mean(axis=0), bad, clip)


def inner_product(honest: Vectors, bad: int, clip: int, seed: int) -> Vectors:
    """One and a half times the honest mean, backwards: inner product manipulation (Xie et al. 2020).

    Near enough to the honest vectors to be taken for one of them, and against their direction.
    """
    return _all_alike(-INNER_PRODUCT_TIMES * honest.mean(axis=0), bad, clip)


def little(honest: Vectors, bad: int, clip: int, seed: int) -> Vectors:
    """The honest mean less z deviations, word by word: "a little is enough" (Baruch et al. 2019).

    z is the paper's largest shift for which enough honest words lie farther out to hide it: of n members and
    b bad ones, with s = floor(n / 2) + 1 - b, the quantile (n - b - s) / (n - b) of the normal distribution.
    """
    count = len(honest)
    members = count + bad
    share = (count - (members // 2 + 1 - bad)) / count
    z = NormalDist().inv_cdf(min(max(share, 0.5), 1 - 1e-6))
    return _all_alike(honest.mean(axis=0) - z * honest.std(axis=0), bad, clip)


def gaussian(honest: Vectors, bad: int, clip: int, seed: int) -> Vectors:
    """Noise of ten times the honest words' root mean square, each bad member its own."""
    size = np.sqrt(np.mean(np.square(honest.astype(np.float64))))
    noise = np.random.default_rng(seed).standard_normal((bad, honest.shape[1]))
    return _words(GAUSSIAN_TIMES * size * noise, clip)


def mimic(honest: Vectors, bad: int, clip: int, seed: int) -> Vectors:
    """The first honest member's vector again: one site counts many times (Karimireddy et al. 2022)."""
    return np.repeat(honest[:1], bad, axis=0)


ATTACKS: Mapping[str, Attack] = MappingProxyType(
    {
        "sign flip": sign_flip,
        "inner product": inner_product,
        "a little": little,
        "gaussian": gaussian,
        "mimic": mimic,
    }
)
"""The attacks on vectors, by the name that reports use."""


def _all_alike(vector: NDArray[np.float64], bad: int, clip: int) -> Vectors:
    return np.repeat(_words(vector, clip)[None], bad, axis=0)


def _words(values: NDArray[np.float64], clip: int) -> Vectors:
    words: Vectors = np.clip(np.rint(values), -clip, clip).astype(np.int64)
    return words
