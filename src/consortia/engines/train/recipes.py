"""The one list of the recipes that there are."""

from types import MappingProxyType

from consortia.engines.train.api import Recipe, RecipeError
from consortia.engines.train.boosting import BOOSTING
from consortia.engines.train.cox import COX
from consortia.engines.train.ease import EASE
from consortia.engines.train.glm import LINEAR, LOGISTIC, POISSON
from consortia.engines.train.mlp import Mlp
from consortia.engines.train.private import PRIVATE_LOGISTIC
from consortia.engines.train.rates import Rates
from consortia.engines.train.scaffold import Scaffold
from consortia.engines.train.statistics import Statistics
from consortia.engines.train.weights import WEIGHTS

_ALL: tuple[Recipe, ...] = (
    Statistics(),
    Rates(),
    LOGISTIC,
    LINEAR,
    POISSON,
    COX,
    BOOSTING,
    EASE,
    PRIVATE_LOGISTIC,
    Mlp("fedavg"),
    Mlp("fedprox"),
    Mlp("fedadam"),
    Mlp("fedyogi"),
    Scaffold("scaffold"),
    WEIGHTS,
)

RECIPES = MappingProxyType({each.name: each for each in _ALL})


def recipe(name: str) -> Recipe:
    """The recipe of that name; raises RecipeError, listing the names, when there is none."""
    try:
        return RECIPES[name]
    except KeyError:
        raise RecipeError(f"no recipe {name!r}; there are {', '.join(sorted(RECIPES))}") from None
