"""training.trimmed: the exact trimmed mean of ten members with 10^6 parameters each, beside byzfl's.

Ours takes the members' int32 words as their blobs hold them and gives integers that every verifier gets;
byzfl's takes the same numbers as one float32 numpy array, its quickest form: on float64, or through torch on
the same cores, it is slower. Both leave out the two smallest and the two largest of each ten. Runs alternate,
in one go, on two threads at most; the medians are compared, and the outcomes.
"""

import statistics
import time

import numpy as np

from bench.peers import byzfl
from consortia.engines.robust import aggregate

MEMBERS = 10
PARAMETERS = 1_000_000
TOLERATED = 2
SCALE_BITS = 20
TIMES = 15
BAR_SECONDS = 0.055


def run() -> list[dict]:
    generator = np.random.default_rng(1)
    vectors = [
        np.rint(generator.standard_normal(PARAMETERS) * 2**SCALE_BITS).astype(np.int32)
        for _ in range(MEMBERS)
    ]
    floats = (np.stack(vectors) / 2**SCALE_BITS).astype(np.float32)
    ours, theirs, difference, note = [], [], None, ""
    outcome = aggregate("trimmed_mean", vectors, tolerated=TOLERATED)
    with byzfl() as peer:
        if peer is not None:
            expected, _ = peer.aggregate("trimmed_mean", floats, TOLERATED)
            difference = float(np.abs(outcome / 2**SCALE_BITS - expected).max())
            note = f"; byzfl {peer.version} on numpy {peer.numpy}, largest difference {difference:.1e}"
        for _ in range(TIMES):
            begin = time.perf_counter()
            aggregate("trimmed_mean", vectors, tolerated=TOLERATED)
            ours.append(time.perf_counter() - begin)
            if peer is not None:
                theirs += peer.aggregate("trimmed_mean", floats, TOLERATED)[1]
    value = statistics.median(ours)
    beside = statistics.median(theirs) if theirs else None
    return [
        {
            "id": "training.trimmed",
            "value": round(value, 4),
            "unit": "s",
            "peer": "byzfl TrMean, float32" + ("" if theirs else " (not installed here)"),
            "peer_value": None if beside is None else round(beside, 4),
            "ratio": None if beside is None else round(beside / value, 3),
            "bar": f"<= {BAR_SECONDS} and less than the peer",
            "met": value <= BAR_SECONDS and (beside is None or value < beside),
            "note": f"{MEMBERS} members, {PARAMETERS} parameters, exact, median of {TIMES}{note}",
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
