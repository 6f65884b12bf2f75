"""A Flower client, as it is, behind the two methods; Flower itself need not be installed for a NumPyClient.

Run it: `python examples/doors/flower_client.py`.
"""

import numpy as np

from consortia.bridges.flower import numpy_client

try:
    from flwr.client import NumPyClient
except ImportError:
    NumPyClient = object

PASSES = 3


class Logistic(NumPyClient):
    """Written for Flower, without a word about anything else."""

    def __init__(self, columns, labels):
        self.columns, self.labels = columns, labels
        self.weights, self.intercept = np.zeros(columns.shape[1]), np.zeros(1)

    def get_parameters(self, config):
        return [self.weights, self.intercept]

    def fit(self, parameters, config):
        self.weights, self.intercept = (part.astype(np.float64) for part in parameters)
        for _ in range(PASSES):
            wrong = self.chances() - self.labels
            self.weights -= 0.5 * self.columns.T @ wrong / len(wrong)
            self.intercept -= 0.5 * wrong.mean()
        return [self.weights, self.intercept], len(self.labels), {}

    def evaluate(self, parameters, config):
        self.weights, self.intercept = parameters
        right = (self.chances() >= 0.5) == self.labels
        return float(1 - right.mean()), len(self.labels), {"accuracy": float(right.mean())}

    def chances(self):
        return 1 / (1 + np.exp(-(self.columns @ self.weights + self.intercept)))


make = numpy_client(lambda records: Logistic(records.columns, records.labels))


if __name__ == "__main__":
    from consortia.engines.train import recipe
    from consortia.engines.train.loop import train
    from consortia.engines.train.splits import wisconsin_hospitals
    from consortia.engines.train.weights import installed

    split = wisconsin_hospitals(1)
    trainers = dict.fromkeys(split.tables, make)
    model = train(recipe("weights.fedavg"), {"weights": 31, "rounds": 30}, split.tables, trainers).model
    learner = installed(model, make, split.held_out)
    _, records, metrics = learner.client.evaluate(learner.weights_out(), {})
    print(f"together   {100 * metrics['accuracy']:.1f} % of {records} held-out records")
