"""Run by the interpreter that has Flower: a NumPyClient and a ClientApp train along; prints their weights."""

import json
import os
import sys

sys.path += os.environ["BEHIND"].split(os.pathsep)

import numpy as np
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.client import NumPyClient
from flwr.clientapp import ClientApp

from consortia.bridges.flower import client_app, numpy_client
from consortia.engines.train import recipe
from consortia.engines.train.api import RecipeError
from consortia.engines.train.loop import train
from consortia.engines.train.weights import weights_of
from consortia.testing.recipes import tables
from tests.engines.learners import Logistic

SITES = tables("classes")
app = ClientApp()


class Client(NumPyClient):
    def __init__(self, records):
        self.learner = Logistic(records)

    def get_parameters(self, config):
        return self.learner.weights_out()

    def fit(self, parameters, config):
        self.learner.weights_in(parameters, train=True)
        return self.learner.weights_out(), len(self.learner.records.labels), {}


HELD = {}


@app.train()
def train_message(message: Message, context: Context) -> Message:
    """An app holds its own data; here they are the member's records, put where it looks for them."""
    learner = Logistic(HELD["records"])
    learner.weights_in(message.content["arrays"].to_numpy_ndarrays(), train=True)
    examples = len(HELD["records"].labels) * int(context.run_config.get("honest", 1))
    answer = {
        "arrays": ArrayRecord(learner.weights_out()),
        "metrics": MetricRecord({"num-examples": examples}),
    }
    return Message(RecordDict(answer), reply_to=message)


def over(records, **settings):
    HELD["records"] = records
    width = records.columns.shape[1]
    return client_app(app, lambda: [np.zeros((width, 1)), np.zeros(1)], run_config=settings)(records)


def weights(make):
    model = train(recipe("weights.fedavg"), {"rounds": 2}, SITES, dict.fromkeys(SITES, make)).model
    return weights_of(model).tolist()


def refusal():
    try:
        weights(lambda records: over(records, honest=0))
    except RecipeError as error:
        return str(error)
    return ""


print(json.dumps({"client": weights(numpy_client(Client)), "app": weights(over), "wrong": refusal()}))
