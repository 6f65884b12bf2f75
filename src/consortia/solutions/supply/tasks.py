"""What the parties of a chain learn together, and its baselines: deliveries that will be late."""

import numpy as np
from numpy.typing import NDArray

RECIPE = "glm.logistic"
PARAMETERS = {"rounds": 4}
STUDY, DATASET, LABEL = "lateness", "deliveries", "late"


def area_under_curve(scores: NDArray[np.generic], late: NDArray[np.bool_]) -> float:
    """The share of pairs, one late and one in time, of which the late one scores higher; ties count a half.

    The area under the receiver operating characteristic (Hanley, McNeil 1982). It is a half where all scores
    are equal, and where no delivery is late, or all are.
    """
    count = int(late.sum())
    others = len(late) - count
    if not count or not others:
        return 0.5
    _, inverse, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    ranks = (last - (sizes - 1) / 2)[inverse]
    total = float(ranks[late].sum())
    return (total - count * (count + 1) / 2) / (count * others)
