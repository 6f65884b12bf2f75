"""Four hospitals train a framework's model together in one process, and judge it beside their own.

What the other scripts of this folder are run with; on a ledger the study names `weights.fedavg`, and each
member's settings name its own program.
"""

import numpy as np

from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.engines.train.splits import wisconsin_hospitals
from consortia.engines.train.weights import installed


def tell(make, *, weights: int, rounds: int = 20) -> float:
    """Print the accuracy on held-out records of the model trained together and of every hospital's own."""
    split = wisconsin_hospitals(1)
    parameters = {"weights": weights, "rounds": rounds}

    def accuracy(tables) -> float:
        model = train(recipe("weights.fedavg"), parameters, tables, dict.fromkeys(tables, make)).model
        learner = installed(model, make, split.held_out)
        return float(np.mean(learner.predict() == split.held_out.labels))

    together = accuracy(split.tables)
    print(f"together   {100 * together:.1f} %")
    for name, table in split.tables.items():
        print(f"{name:<10} {100 * accuracy({name: table}):.1f} % alone")
    return together
