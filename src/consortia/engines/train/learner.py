"""The door for models that people already have: two methods, weights out and weights in.

Whatever has weights that can be averaged (scikit-learn, PyTorch, a linear booster, own code) trains along
as a `Learner`. A study names the recipe `weights.fedavg` and how many weights there are, and no code; each
member names its own program in its own settings (`trainer = "module:name"`), so nothing that arrives from
the ledger is ever imported, unpickled or run.
"""

import importlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from consortia.engines.train.api import RecipeError
from consortia.engines.train.table import Table

Weights: TypeAlias = Sequence[NDArray[Any]]


class Records(NamedTuple):
    """One member's records, as a learner is made with them.

    `columns` (records, design columns): the study's columns in float32, categories spread, standardised by
    the cohort's means and deviations, missing cells at the mean. `labels` (records,): 0 or 1 for two
    classes, else the number. `table`: the cells as they are.
    """

    columns: NDArray[np.float32]
    labels: NDArray[np.float32]
    table: Table


class Learner(Protocol):
    """A model over one member's records, made anew each round: a worker may be ended at any time."""

    def weights_out(self) -> Weights:
        """The weights as they are now: arrays of numbers, always as many, in one order, of the same shapes.

        Of a new learner: those that it begins with. Members should begin alike (with a fixed seed), for what
        they begin with is averaged.
        """

    def weights_in(self, weights: Weights, *, train: bool) -> None:
        """Take weights in, in the order and shapes of `weights_out`; with `train`, train from them.

        Training is on the records that the learner was made with, for as long as a round is to last at home.
        """


MakeLearner: TypeAlias = Callable[[Records], Learner]
"""Makes a new learner over records, always beginning with the same weights."""


def load_trainer(name: str) -> MakeLearner:
    """The member's own maker of learners, `module:name`, imported from where Python finds the module.

    Raises RecipeError for a name of another form, or one that leads to nothing that can be called.
    """
    module, colon, attribute = name.partition(":")
    if not (colon and attribute.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        raise RecipeError(f"trainer = {name!r}: module:name is wanted, such as my_models:make")
    try:
        found: MakeLearner = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise RecipeError(f"trainer = {name!r}: {error}") from None
    if not callable(found):
        raise RecipeError(f"trainer = {name!r} is nothing that can be called")
    return found


def flat(weights: Weights) -> NDArray[np.float32]:
    """The weights as one vector."""
    parts = [np.asarray(part, dtype=np.float32).reshape(-1) for part in weights]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)


def shaped(vector: NDArray[Any], like: Weights) -> list[NDArray[Any]]:
    """A vector as arrays of the shapes and types of `like`; integers are rounded.

    Raises RecipeError when it is not as long as they are together.
    """
    parts = [np.asarray(part) for part in like]
    size = sum(part.size for part in parts)
    if size != len(vector):
        raise RecipeError(f"the learner has {size} weights, the study has {len(vector)}")
    arrays, begin = [], 0
    for part in parts:
        values = vector[begin : begin + part.size].reshape(part.shape)
        arrays.append((np.rint(values) if part.dtype.kind in "iu" else values).astype(part.dtype))
        begin += part.size
    return arrays
