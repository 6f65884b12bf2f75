"""training.open: one open round of ten members with 10^6 parameters each, in one process.

Counted: every member quantises its float32 update into the buffer that it keeps from round to round; each
blob is hashed once (SHA-256; a verifier in another process would hash it again, which is not counted here);
one verifier checks every word against the clip, adds exactly, checks the sum, and takes the step to the next
model. Two threads, as hashing and numpy leave the interpreter. Beside it, in the same run, Flower's
simulation where it is installed (`tools/peers`), and a plain float mean in numpy, which checks nothing and
depends on the order of its terms.
"""

import hashlib
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from bench.peers import flower_open
from consortia.engines.train.api import Quantisation, Stage, check_vector
from consortia.exact.adaptive import averaged
from consortia.exact.fixed import quantise
from consortia.exact.ring import add_all, check_sum

MEMBERS = 10
PARAMETERS = 1_000_000
TIMES = 15
BAR_SECONDS = 0.10
STAGE = Stage("mean", 1, PARAMETERS, Quantisation(32, 20, 1 << 25), "records")


def submit(update, records, joined, place):
    """A member's vector, written as its blob in `place`, and the blob's hash."""
    terms = STAGE.quantisation
    vector = quantise(
        update,
        scale_bits=terms.scale_bits,
        clip=terms.clip,
        ring_bits=terms.ring_bits,
        records=records,
        joined=joined,
        out=place,
    )
    blob = memoryview(vector).cast("B")
    return blob, hashlib.sha256(blob).digest()


def one_round(pool, updates, records, places, state):
    joined = [sum(records)] * len(updates)
    submissions = list(pool.map(submit, updates, records, joined, places))
    total = add_all([check_vector(STAGE, blob) for blob, _ in submissions])
    check_sum(total, clip=STAGE.quantisation.clip, members=MEMBERS)
    return averaged(state, total, joined=joined[0], cohort=joined[0])


def median_seconds(function, times):
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        function()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def run() -> list[dict]:
    generator = np.random.default_rng(1)
    updates = [generator.standard_normal(PARAMETERS).astype(np.float32) for _ in range(MEMBERS)]
    records = [100 + 10 * member for member in range(MEMBERS)]
    weights = np.array(records, dtype=np.float32) / np.float32(sum(records))
    state = np.zeros(PARAMETERS, dtype=np.int32)
    places = [np.empty(PARAMETERS, dtype=np.int32) for _ in range(MEMBERS)]
    with ThreadPoolExecutor(2) as pool:
        one_round(pool, updates, records, places, state)
        ours = median_seconds(lambda: one_round(pool, updates, records, places, state), TIMES)
    plain = median_seconds(lambda: sum(w * u for w, u in zip(weights, updates, strict=True)), TIMES)
    flower = flower_open(MEMBERS, PARAMETERS)
    return [
        {
            "id": "training.open",
            "value": round(ours, 4),
            "unit": "s",
            "peer": "Flower 1.41 simulation" + (" (not installed here)" if flower is None else ""),
            "peer_value": None if flower is None else round(flower, 4),
            "ratio": None if flower is None else round(flower / ours, 3),
            "bar": f"<= {BAR_SECONDS}",
            "met": ours <= BAR_SECONDS,
            "note": (
                f"{MEMBERS} members, {PARAMETERS} parameters, two threads, each blob hashed once, "
                f"median of {TIMES}; a plain float mean in numpy, nothing hashed or checked: {plain:.4f} s"
            ),
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
