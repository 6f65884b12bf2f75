"""The kinds of models, and what each says of a row: one place that knows them all.

`load` reads the bytes that a recipe's `finish` gave; `answers` computes the exact outputs for rows of feature
integers, on the 2^-24 grid:

- *chance*: the log odds of the second class;
- *number*: the label over 2^exponent;
- *risk*: the logarithm of the risk beside that of a record at all means.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from consortia.base.codec import Malformed
from consortia.engines.train import boosting, cox, glm, mlp, weights
from consortia.engines.train.api import RecipeError
from consortia.engines.train.boosting import BoostingModel
from consortia.engines.train.boosting_work import words_of
from consortia.engines.train.cox import CoxModel
from consortia.engines.train.design import expand
from consortia.engines.train.families import expected
from consortia.engines.train.glm import GlmModel
from consortia.engines.train.mlp import MlpModel, shape_of, unpacked
from consortia.engines.train.standardise import standard_design
from consortia.exact.fixed import Integers, from_integers
from consortia.exact.linear import scores
from consortia.exact.network import outputs
from consortia.exact.trees import walk

Model: TypeAlias = GlmModel | CoxModel | MlpModel | BoostingModel
Kind: TypeAlias = Literal["chance", "number", "risk"]

_READERS: tuple[Callable[[bytes], Model], ...] = (
    glm.read_model,
    cox.read_model,
    mlp.read_model,
    boosting.read_model,
)


def load(model: bytes) -> Model:
    """The model that `model` encodes; raises base.codec.Malformed or RecipeError when it is of no kind."""
    first: Malformed | None = None
    for read in _READERS:
        try:
            return read(model)
        except Malformed as error:
            first = first or error
    with suppress(Malformed):
        weights.read_model(model)
        raise RecipeError("the model is a framework's own weights: only a learner of that framework predicts")
    raise first or Malformed("no kind of model")


def kind_of(model: Model) -> Kind:
    """What the model's answers are."""
    if isinstance(model, CoxModel):
        return "risk"
    return "chance" if model.schema.label.classes else "number"


def linear_weights(model: Model) -> tuple[int, ...] | None:
    """The weights on the standardised columns (2^-24), the intercept first; None when not linear."""
    if isinstance(model, MlpModel | BoostingModel):
        return None
    return (0, *model.weights) if isinstance(model, CoxModel) else model.weights


def is_logarithm(model: Model) -> bool:
    """Whether the linear score is the logarithm of what is predicted."""
    return isinstance(model, CoxModel) or (isinstance(model, GlmModel) and model.terms.family == "poisson")


def answers(model: Model, values: Integers, present: NDArray[np.bool_]) -> Integers:
    """The outputs for rows of feature integers (records, fields), shape (records,), on the 2^-24 grid."""
    matrix = expand(model.schema, values, present)
    if isinstance(model, BoostingModel):
        return model.base + walk(model.trees.planted, words_of(matrix.values, matrix.present))
    standard = standard_design(matrix, model.moments)
    if isinstance(model, MlpModel):
        return outputs(shape_of(model.terms, model.schema), unpacked(model.weights), standard)
    if isinstance(model, CoxModel):
        return scores(standard, from_integers(model.weights), 0)
    score = scores(standard, from_integers(model.weights[1:]), model.weights[0])
    return expected("poisson", score) if model.terms.family == "poisson" else score
