"""A Flower `NumPyClient` as a learner, by the names of its methods alone.

`get_parameters({})` gives the weights that it begins with; `fit(parameters, config)` trains and gives back
parameters, how many examples it trained on, and metrics, which stay at home. `evaluate` is not called.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from consortia.engines.train.api import RecipeError
from consortia.engines.train.learner import Learner, MakeLearner, Records, Weights

Arrays = Sequence[NDArray[Any]]


class NumPyClient(Protocol):
    """What is used of a Flower client."""

    def get_parameters(self, config: dict[str, Any]) -> list[NDArray[Any]]:
        """The parameters as they are now."""

    def fit(
        self, parameters: list[NDArray[Any]], config: dict[str, Any]
    ) -> tuple[list[NDArray[Any]], int, Mapping[str, Any]]:
        """The parameters after training from these, the examples trained on, and metrics."""


def numpy_client(
    make_client: Callable[[Records], NumPyClient], config: Mapping[str, Any] | None = None
) -> MakeLearner:
    """A maker of learners from a maker of clients; `config` is what `fit` gets."""

    def make(records: Records) -> Learner:
        return ClientLearner(make_client(records), records.table.records, dict(config or {}))

    return make


class ClientLearner:
    """A client over a member's records; `records` is how many it must train on."""

    def __init__(self, client: NumPyClient, records: int, config: dict[str, Any]) -> None:
        self.client = client
        self._records = records
        self._config = config
        self._now: list[NDArray[Any]] | None = None

    def weights_out(self) -> Weights:
        """The parameters that came back last, or those that the client begins with."""
        if self._now is None:
            self._now = [np.asarray(part) for part in self.client.get_parameters(dict(self._config))]
        return self._now

    def weights_in(self, weights: Weights, *, train: bool) -> None:
        """Keep the parameters, or let the client train from them."""
        self._now = [np.asarray(part) for part in weights]
        if train:
            after, examples, _ = self.client.fit(list(self._now), dict(self._config))
            check_examples(examples, self._records)
            self._now = [np.asarray(part) for part in after]


def check_examples(examples: int, records: int) -> None:
    """Raise RecipeError when a client trained on other records than its member joined with."""
    if examples != records:
        raise RecipeError(
            f"the client trained on {examples} examples, its member joined with {records} records"
        )
