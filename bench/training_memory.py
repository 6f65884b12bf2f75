"""training.memory: the most memory that a masked round of 10^7 weights takes in one member's process.

A process of its own, its peak resident memory (getrusage) less that after its imports. In it a member of a
study of `weights.fedavg` trains (its program moves every weight), quantises and weighs its change, masks it
with nine pairs, hashes it and writes the blob to disk; then, as a verifier, it re-computes the round from ten
blobs on disk, by the very functions that workers and audits call: it adds them up, lifts the masks, checks
the sum, takes the step to the next state and finishes the model.
"""

import json
import subprocess
import sys
from pathlib import Path

WEIGHTS = 10_000_000
NAMES = tuple(f"member-{index}" for index in range(10))
VECTOR_BYTES = 4 * WEIGHTS
BAR = 6.0


class Moves:
    """A program whose training moves every weight by the same small step."""

    def __init__(self, _records) -> None:
        import numpy as np

        self.weights = np.zeros(WEIGHTS, dtype=np.float32)

    def weights_out(self):
        return [self.weights]

    def weights_in(self, weights, *, train):
        self.weights = weights[0]
        if train:
            self.weights += 0.001


def peak() -> int:
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def child() -> None:
    """The member's process; prints its peaks in bytes: after imports, after submitting, in the end."""
    import hashlib
    import tempfile

    import numpy as np
    from msgspec.structs import replace

    from consortia.engines import mask
    from consortia.engines.commit.chunks import blob_id
    from consortia.engines.train import recipe
    from consortia.engines.train.api import Cohort
    from consortia.engines.train.splits import wisconsin_hospitals
    from consortia.engines.train.weights import StateHead, from_bytes, to_bytes
    from consortia.exact.ring import pack
    from consortia.modules.training.mask_queries import MasksView, MemberKeys, MemberSecret
    from consortia.modules.training.types import Round, RoundKeys, Secret
    from consortia.workers.arithmetic import Own, Plans, Summing, compute, contribute, law_stages
    from consortia.workers.masks import Given

    rule, table = recipe("weights.fedavg"), wisconsin_hospitals(1).held_out
    plan = rule.plan({"weights": WEIGHTS, "rounds": 1}, table.schema)
    stages = law_stages(plan, Summing())
    known = Plans(rule, plan, table.schema, plan.stages, stages, plan.rounds, (), len(NAMES))
    identity = hashlib.sha256(b"a round").digest()
    seeds = {name: hashlib.sha256(name.encode()).digest() for name in NAMES}
    everybody = Cohort(len(NAMES), len(NAMES) * table.records, len(NAMES) * table.records)
    peaks = [peak()]

    state = rule.step(plan.initial, rule.local(plan.initial, table) * len(NAMES), everybody)
    state = to_bytes(replace(from_bytes(StateHead, state).head, done=1), np.ones(WEIGHTS, dtype="<i4"))
    this = Round(
        id=identity,
        study=identity,
        stage=2,
        index=2,
        attempt=0,
        members=NAMES,
        records=everybody.joined,
        state=blob_id(state),
        status="open",
        step="commit",
        height=1,
        time=1,
        deadline=2,
        keyed=NAMES,
        graph=identity,
        group=0,
        dealers=NAMES,
        cohort=NAMES,
        cohort_records=everybody.records,
        outcome=None,
        differing=(),
        missing=(),
    )
    pairs = [(1 - 2 * (index % 2), bytes([index]) * 32) for index in range(len(NAMES) - 1)]
    blob, _ = contribute(known, this, state, table, Own(b"", Moves))
    words = np.frombuffer(bytearray(blob), dtype="<i4")
    own = mask.own_stream(identity, NAMES[0], seeds[NAMES[0]])
    covered = pack(mask.masked(words, 32, own, pairs, in_place=True), ring_bits=32)
    blob_id(covered)
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder) / name for name in NAMES}
        paths[NAMES[0]].write_bytes(covered)
        del words, covered
        peaks.append(peak())
        for name, path in paths.items():  # the pairs' streams cancel in the sum: these blobs go without
            vector = np.frombuffer(bytearray(blob), dtype="<i4")
            mask.masked(vector, 32, mask.own_stream(identity, name, seeds[name]), [], in_place=True).tofile(
                path
            )
        del blob, vector
        given = [Given(name, table.records, path.read_bytes) for name, path in paths.items()]
        keys = tuple(MemberKeys(name, RoundKeys(bytes(32), bytes(32), bytes(32))) for name in NAMES)
        secrets = tuple(MemberSecret(name, Secret("seed", seed)) for name, seed in seeds.items())
        found = compute(known, this, state, given, MasksView(this, keys, secrets, None))
    if len(found.state) < VECTOR_BYTES:
        raise ValueError("the round gave no model")
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
                f"{WEIGHTS} weights, {VECTOR_BYTES >> 20} MiB as a masked vector; {imported >> 20} MiB after "
                f"imports, {submitted >> 20} MiB once submitted, {ended >> 20} MiB in the end; by the "
                "functions of a worker, its program's weights and the study's state included"
            ),
        }
    ]


if __name__ == "__main__":
    child()
