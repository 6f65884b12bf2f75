"""A Flower `ClientApp` as a learner, run in this process without a SuperLink.

Each round it gets a message of type `train` with the records `arrays` (its parameters) and `config` (a
map), and answers with `arrays` and, in `metrics`, `num-examples`: the names of Flower's own strategies. Its
context lasts one round, as a worker may be ended at any time: what it would keep in `context.state` is not
kept.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from consortia.bridges.flower.clients import Arrays, check_examples
from consortia.engines.train.api import RecipeError
from consortia.engines.train.learner import Learner, MakeLearner, Records, Weights

Scalar = bool | float | int | str | bytes


def client_app(
    app: Callable[[Any, Any], Any],
    initial: Callable[[], Arrays],
    *,
    config: Mapping[str, Scalar] | None = None,
    node_config: Mapping[str, Any] | None = None,
    run_config: Mapping[str, Any] | None = None,
) -> MakeLearner:
    """A maker of learners from an app; `initial` gives the arrays that its ServerApp would begin with.

    `config` goes into each message, `node_config` and `run_config` into its context. Making a learner raises
    ImportError where Flower (flwr 1.20 or later) is not installed.
    """

    def make(records: Records) -> Learner:
        return AppLearner(
            app,
            initial,
            records.table.records,
            (dict(config or {}), dict(node_config or {}), dict(run_config or {})),
        )

    return make


class AppLearner:
    """An app over a member's records; `records` is how many it must train on."""

    def __init__(
        self,
        app: Callable[[Any, Any], Any],
        initial: Callable[[], Arrays],
        records: int,
        configs: tuple[dict[str, Any], dict[str, Any], dict[str, Any]],
    ) -> None:
        from flwr import app as flower  # noqa: PLC0415 (Flower is there only for those who use it)

        self._flower = flower
        self._app, self._records = app, records
        self._config, self._node_config, self._run_config = configs
        self._now = [np.asarray(part) for part in initial()]

    def weights_out(self) -> Weights:
        """The arrays that came back last, or those to begin with."""
        return self._now

    def weights_in(self, weights: Weights, *, train: bool) -> None:
        """Keep the arrays, or send them to the app and take what it answers."""
        self._now = [np.asarray(part) for part in weights]
        if not train:
            return
        flower = self._flower
        content = flower.RecordDict(
            {"arrays": flower.ArrayRecord(self._now), "config": flower.ConfigRecord(self._config)}
        )
        message = flower.Message(content, metadata=self._metadata())
        context = flower.Context(0, 1, self._node_config, flower.RecordDict(), self._run_config)
        answer = self._app(message, context)
        if answer.has_error():
            raise RecipeError(f"the app answered with an error: {answer.error.reason}")
        check_examples(int(answer.content["metrics"]["num-examples"]), self._records)
        self._now = answer.content["arrays"].to_numpy_ndarrays()

    def _metadata(self) -> object:
        """What a SuperLink would write on a message: one run of one node, whose messages live an hour."""
        return self._flower.Metadata(
            run_id=0,
            message_id="",
            src_node_id=0,
            dst_node_id=1,
            reply_to_message_id="",
            group_id="",
            created_at=time.time(),
            ttl=3_600.0,
            message_type="train",
        )
