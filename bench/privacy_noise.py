"""privacy.noise: a member's discrete Gaussian noise for a million words, beside rounded floats of numpy.

The peer is what one would write in haste: `Generator.normal`, rounded. It is not exact (its low bits show the
float beneath) and not made from a secret; it is the speed to come near to. Times are the processor's own,
medians of several runs.
"""

import statistics
import time

import numpy as np

from consortia.engines.privacy.noise import noised

WORDS = 1_000_000
RUNS = 9
DEVIATION = 1 << 20
BAR_RATIO = 4.0


def milliseconds(act):
    """The median processor time of several calls, after one that warms up."""
    act(0)
    found = []
    for run in range(1, RUNS + 1):
        begin = time.process_time()
        act(run)
        found.append(1000 * (time.process_time() - begin))
    return statistics.median(found)


def run() -> list[dict]:
    vector = np.zeros(WORDS, dtype=np.int64)
    generator = np.random.default_rng(1)

    def ours(turn):
        noised(vector, variance=DEVIATION**2, secret=bytes(32), charge=bytes([turn]), ring_bits=64)

    def theirs(_turn):
        vector + np.rint(generator.normal(0.0, float(DEVIATION), WORDS)).astype(np.int64)

    mine, other = milliseconds(ours), milliseconds(theirs)
    return [
        {
            "id": "privacy.noise",
            "value": round(mine, 1),
            "unit": "ms of processor time for 10^6 words",
            "peer": "numpy normal, rounded (not exact)",
            "peer_value": round(other, 1),
            "ratio": round(mine / other, 2),
            "bar": f"<= {BAR_RATIO:.0f} times rounded floats",
            "met": mine <= BAR_RATIO * other,
            "note": "HKDF, AES-256-CTR and exact rejection included",
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
