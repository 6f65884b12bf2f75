"""scikit-learn behind the two methods: a linear classifier by stochastic gradient descent, kept warm.

A member's settings name it: `trainer = "scikit_learn:make"`. Run it: `python examples/doors/scikit_learn.py`.
"""

import numpy as np
from sklearn.linear_model import SGDClassifier

PASSES = 3


class Linear:
    """Its weights are `coef_` and `intercept_`; training goes on from them."""

    def __init__(self, records):
        self.records = records
        self.model = SGDClassifier(
            alpha=1e-3, eta0=0.01, learning_rate="constant", loss="log_loss", random_state=0
        )
        # One step makes the arrays; every member then begins at zero.
        self.model.partial_fit(records.columns[:1], records.labels[:1], classes=[0.0, 1.0])
        self.weights_in([np.zeros_like(part) for part in self.weights_out()], train=False)

    def weights_out(self):
        return [self.model.coef_.copy(), self.model.intercept_.copy()]

    def weights_in(self, weights, *, train):
        self.model.coef_, self.model.intercept_ = (np.ascontiguousarray(part) for part in weights)
        for _ in range(PASSES if train else 0):
            self.model.partial_fit(self.records.columns, self.records.labels)

    def predict(self):
        return self.model.predict(self.records.columns)


def make(records):
    return Linear(records)


if __name__ == "__main__":
    from hospitals import tell

    tell(make, weights=31)
