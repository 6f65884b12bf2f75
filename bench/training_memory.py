"""training.memory: the most memory that a masked round of 10^7 weights takes in one member's process.

A process of its own, its peak resident memory (getrusage) less that after its imports. In it a member of a
study of `weights.fedavg` trains (its program moves every weight), quantises and weighs its change, masks it
with nine pairs, hashes it and writes the blob to disk; then, as a verifier, it re-computes the round from ten
blobs on disk, by the very functions that workers and audits call: it adds them up, lifts the masks, checks
the sum, takes the step to the next state and finishes the model.
"""

import hashlib
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

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

WEIGHTS = 10_000_000
NAMES = tuple(f"member-{index}" for index in range(10))
VECTOR_BYTES = 4 * WEIGHTS
BAR = 6.0
ROUND = hashlib.sha256(b"a round").digest()
SEEDS = {name: hashlib.sha256(name.encode()).digest() for name in NAMES}


class Moves:
    """A program whose training moves every weight by the same small step."""

    def __init__(self, _records) -> None:
        self.weights = np.zeros(WEIGHTS, dtype=np.float32)

    def weights_out(self):
        return [self.weights]

    def weights_in(self, weights, *, train):
        self.weights = weights[0]
        if train:
            self.weights += 0.001


def peak() -> int:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def planned(schema):
    """A study of one averaging round, as its workers know it."""
    rule = recipe("weights.fedavg")
    plan = rule.plan({"weights": WEIGHTS, "rounds": 1}, schema)
    stages = law_stages(plan, Summing())
    return Plans(rule, plan, schema, plan.stages, stages, plan.rounds, (), len(NAMES))


def averaging(state, records) -> Round:
    """The study's last round, of ten members, all in the cohort."""
    return Round(
        id=ROUND,
        study=ROUND,
        stage=2,
        index=2,
        attempt=0,
        members=NAMES,
        records=records,
        state=blob_id(state),
        status="open",
        step="commit",
        height=1,
        time=1,
        deadline=2,
        keyed=NAMES,
        graph=ROUND,
        group=0,
        dealers=NAMES,
        cohort=NAMES,
        cohort_records=records,
        outcome=None,
        differing=(),
        missing=(),
    )


def covered(blob, name, pairs) -> bytes:
    words = np.frombuffer(bytearray(blob), dtype="<i4")
    own = mask.own_stream(ROUND, name, SEEDS[name])
    return pack(mask.masked(words, 32, own, pairs, in_place=True), ring_bits=32)


def verified(known, this, state, table, folder):
    """The round re-computed from the blobs in a folder."""
    given = [Given(name, table.records, (folder / name).read_bytes) for name in NAMES]
    keys = tuple(MemberKeys(name, RoundKeys(bytes(32), bytes(32), bytes(32))) for name in NAMES)
    secrets = tuple(MemberSecret(name, Secret("seed", seed)) for name, seed in SEEDS.items())
    return compute(known, this, state, given, MasksView(this, keys, secrets, None))


def child() -> None:
    """The member's process; prints its peaks in bytes: after imports, after submitting, in the end."""
    table = wisconsin_hospitals(1).held_out
    known = planned(table.schema)
    everybody = Cohort(len(NAMES), len(NAMES) * table.records, len(NAMES) * table.records)
    peaks = [peak()]
    start = known.plan.initial
    state = known.recipe.step(start, known.recipe.local(start, table) * len(NAMES), everybody)
    state = to_bytes(replace(from_bytes(StateHead, state).head, done=1), np.ones(WEIGHTS, dtype="<i4"))
    this = averaging(state, everybody.joined)
    pairs = [(1 - 2 * (index % 2), bytes([index]) * 32) for index in range(len(NAMES) - 1)]
    blob, _ = contribute(known, this, state, table, Own(b"", Moves))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        masked = covered(blob, NAMES[0], pairs)
        blob_id(masked)
        (folder / NAMES[0]).write_bytes(masked)
        del masked
        peaks.append(peak())
        for member in NAMES:  # in the sum the pairs' streams cancel: the blobs that are added go without
            (folder / member).write_bytes(covered(blob, member, []))
        del blob
        found = verified(known, this, state, table, folder)
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
