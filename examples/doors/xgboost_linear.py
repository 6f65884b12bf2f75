"""XGBoost's linear booster behind the two methods.

Its trees have no vector of weights that could be averaged; its linear booster has one, in the JSON form of a
model. Run it: `python examples/doors/xgboost_linear.py`.
"""

import json

import numpy as np
import xgboost

STEPS = 5
PARAMETERS = {
    "booster": "gblinear",
    "objective": "binary:logistic",
    "updater": "coord_descent",
    "feature_selector": "cyclic",
    "eta": 0.3,
    "lambda": 0.01,
    "base_score": 0.5,
    "nthread": 1,
}


class Booster:
    """Its weights are those of the booster's JSON: one for each column, and the intercept."""

    def __init__(self, records):
        self.records = records
        self.data = xgboost.DMatrix(records.columns, records.labels)
        # One step makes the arrays; every member then begins at zero.
        self.model = xgboost.train(PARAMETERS, self.data, num_boost_round=1)
        self.weights_in([np.zeros(records.columns.shape[1] + 1)], train=False)

    def weights_out(self):
        saved = json.loads(self.model.save_raw("json"))
        return [np.array(saved["learner"]["gradient_booster"]["model"]["weights"], dtype=np.float32)]

    def weights_in(self, weights, *, train):
        saved = json.loads(self.model.save_raw("json"))
        saved["learner"]["gradient_booster"]["model"]["weights"] = weights[0].tolist()
        self.model.load_model(bytearray(json.dumps(saved), "utf-8"))
        if train:
            self.model = xgboost.train(PARAMETERS, self.data, num_boost_round=STEPS, xgb_model=self.model)

    def predict(self):
        return (self.model.predict(self.data) >= 0.5).astype(float)


def make(records):
    return Booster(records)


if __name__ == "__main__":
    from hospitals import tell

    tell(make, weights=31)
