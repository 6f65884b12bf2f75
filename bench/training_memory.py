"""training.memory: the most memory that a masked round of 10^7 parameters takes in one member's process.

A process of its own, its peak resident memory (getrusage) less that after its imports. In it a member
quantises its float32 update, masks it in place with nine pairs, hashes it and writes the blob to disk; then,
as a verifier, it reads ten blobs one by one, adds them up, lifts the masks in place, checks the sum and takes
the step to the next model. The update, and the models before and after the step (64-bit integers), count.
"""

import json
import subprocess
import sys
from pathlib import Path

PARAMETERS = 10_000_000
MEMBERS = 10
VECTOR_BYTES = 4 * PARAMETERS
BAR = 6.0


def child() -> None:
    """The member's process; prints its peaks in bytes: after imports, after submitting, in the end."""
    import hashlib
    import resource
    import tempfile

    import numpy as np

    from consortia.engines import mask
    from consortia.exact.fixed import quantise
    from consortia.exact.ring import check_sum, mean_step

    def peak():
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024

    streams = [(1, bytes([index]) * 32) for index in range(MEMBERS)]
    peaks = [peak()]
    state = np.zeros(PARAMETERS, dtype=np.int64)
    state[:] = 1  # so that its pages are there
    update = np.random.default_rng(1).standard_normal(PARAMETERS, dtype=np.float32)
    words = quantise(update, scale_bits=20, clip=1 << 24, records=1, joined=MEMBERS)
    del update
    mask.masked(words, 32, streams[0][1], streams[1:], in_place=True)
    hashlib.sha256(words).digest()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "blob"
        words.tofile(path)
        del words
        peaks.append(peak())
        total = mask.add_up((path.read_bytes() for _ in range(MEMBERS)), 32, PARAMETERS)
    # Ten times the same blob: each of its streams is there ten times.
    mask.unmasked(total, 32, [streams[0][1]] * MEMBERS, streams[1:] * MEMBERS, in_place=True)
    check_sum(total, clip=1 << 24, members=MEMBERS)
    state = mean_step(state, total)
    peaks.append(peak())
    print(json.dumps(peaks))


def run() -> list[dict]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.training_memory"], stdout=subprocess.PIPE, text=True, check=True
    )
    imported, submitted, ended = json.loads(done.stdout)
    times = (ended - imported) / VECTOR_BYTES
    return [
        {
            "id": "training.memory",
            "value": round(times, 2),
            "unit": "times the vector's bytes",
            "bar": f"<= {BAR}",
            "met": times <= BAR,
            "note": (
                f"{PARAMETERS} parameters, {VECTOR_BYTES >> 20} MiB as a masked vector; {imported >> 20} MiB "
                f"after imports, {submitted >> 20} MiB once submitted, {ended >> 20} MiB in the end; the "
                "models before and after the step are 4 of these times"
            ),
        }
    ]


if __name__ == "__main__":
    child()
