"""health.accuracy: Wisconsin over four unlike hospitals, 20 splits, the federated model beside the others.

The figure is the mean difference, in points of accuracy on the common held-out records, between the
federated model and the pooled one that a referee makes by the same recipe. The worst and the best site's
own models stand beside it, and how often the largest site gains nothing.
"""

import statistics

from consortia.engines.evaluate import compare
from consortia.engines.train import recipe
from consortia.engines.train.splits import wisconsin_hospitals

SPLITS = 20
BAR_POINTS = -0.5


def run() -> list[dict]:
    federated, pooled, worst, best, idle = [], [], [], [], 0
    for seed in range(1, SPLITS + 1):
        split = wisconsin_hospitals(seed)
        figures = compare(recipe("glm.logistic"), {}, split.tables, split.held_out)
        own = list(figures.sites.values())
        federated.append(100 * figures.federated.accuracy)
        pooled.append(100 * figures.pooled.accuracy)
        worst.append(100 * own[0].accuracy)
        best.append(100 * own[-1].accuracy)
        idle += not figures.largest_gains
    difference = statistics.mean(ours - theirs for ours, theirs in zip(federated, pooled, strict=True))
    means = {name: statistics.mean(each) for name, each in (("f", federated), ("w", worst), ("b", best))}
    return [
        {
            "id": "health.accuracy",
            "value": round(difference, 3),
            "unit": "points beside the pooled model",
            "peer": "pooled model, same recipe (accuracy, per cent)",
            "peer_value": round(statistics.mean(pooled), 2),
            "ratio": round(means["f"] / statistics.mean(pooled), 4),
            "bar": f">= {BAR_POINTS}",
            "met": difference >= BAR_POINTS,
            "note": (
                f"{SPLITS} splits: federated {means['f']:.2f} % "
                f"(deviation {statistics.stdev(federated):.2f}), worst site alone {means['w']:.2f} %, "
                f"best site alone {means['b']:.2f} %; the largest site gains nothing in {idle} of {SPLITS}"
            ),
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
