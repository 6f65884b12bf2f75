"""Recipes: ways of learning from exact sums of integer vectors.

`RECIPES` is the one list; `recipe(name)` looks one up. A recipe never sees the ledger, and the ledger
never sees a recipe: they meet in the stages that a plan declares.

The recipes are imported when they are asked for: a command that trains nothing pays for none of them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consortia.engines.train.recipes import RECIPES, recipe

__all__ = ["RECIPES", "recipe"]


def __getattr__(name: str) -> object:
    """Import the recipes for who asks for one of the two names above."""
    if name not in __all__:
        raise AttributeError(name)
    from consortia.engines.train import recipes  # noqa: PLC0415 (who trains nothing pays for none of them)

    return getattr(recipes, name)
