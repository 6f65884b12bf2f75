"""ledger.beside_p99, training.beside_wall: heavy training beside the ledger, on the same two cores.

Four nodes and four workers on loopback. Each worker's local step keeps a core busy with numpy for
`trainers.HEAVY_SECONDS` of CPU, so four of them want twice what two cores have. Asked is, first, what that
does to an ordinary transaction: registrations of record batches, one at a time, sent in turn to the node that
orders and to one that follows, each waiting for its durable receipt; the same in the same network before the
study. And second, what the ledger does to the study: its seconds, with no other load, against the same
arithmetic in four processes of the same priority without nodes, ledger, masks or disk.
"""

import os
import statistics
import tempfile
import threading
import time
from multiprocessing import get_context

import numpy as np

from bench import trainers
from bench.deployed import MEMBERS, SCHEMA, Watch, begin, deployed, table
from consortia.engines.train import recipe
from consortia.engines.train.api import Cohort, to_blob, weighed
from consortia.exact.ring import add_all, unpack
from consortia.modules.assets.messages import Register
from consortia.workers.priority import be_nice
from consortia.workers.terms import MASKED

ROUNDS = 4
TRANSACTIONS = 400
PAUSE_SECONDS = 0.02
SENDERS = MEMBERS[:2]
BAR_P99, BAR_WALL = 2.0, 1.1
COUNTED = 2
"""Rounds of statistics and of the start, before those that train."""


class Load:
    """Ordinary transactions, one at a time, and the seconds that each took to its receipt."""

    def __init__(self, consortium):
        self.clients = [consortium.client(name) for name in SENDERS]
        self.sent = 0

    def send(self, until):
        """Send until `until(taken)`; gives the seconds of each."""
        taken = []
        while not until(taken):
            message = Register(
                name=f"load-{self.sent}",
                kind="batch",
                title="A batch of readings",
                form="batch",
                commitment=self.sent.to_bytes(32, "big"),
                count=100,
                subjects=None,
                schema=None,
                parents=(),
                rights=None,
            )
            start = time.perf_counter()
            self.clients[self.sent % len(self.clients)].submit(message)
            taken.append(time.perf_counter() - start)
            self.sent += 1
            time.sleep(PAUSE_SECONDS)
        return taken


def p99(taken):
    """The 99th percentile in milliseconds."""
    return 1000 * sorted(taken)[int(0.99 * len(taken))]


def with_ledger():
    """Seconds of transactions without and with training beside them, and the seconds of a study alone."""
    with tempfile.TemporaryDirectory() as folder, deployed(folder, "bench.trainers:heavy") as consortium:
        load = Load(consortium)
        load.send(lambda taken: len(taken) == TRANSACTIONS // 4)
        idle = load.send(lambda taken: len(taken) == TRANSACTIONS)
        wall = _study_alone(consortium)
        idle += load.send(lambda taken: len(taken) == TRANSACTIONS)
        return idle, _beside_study(consortium, load), wall


def _study_alone(consortium):
    """The seconds of the rounds that train."""
    watch = Watch(consortium)
    begin(consortium, "alone", trainers.HEAVY_WORDS, ROUNDS, MASKED)
    watch.until_final(COUNTED + ROUNDS)
    return sum(watch.rounds()[-ROUNDS:])


def _beside_study(consortium, load):
    """Transactions while the workers train; what fell outside the rounds that train is left out."""
    watch = Watch(consortium)
    begin(consortium, "beside", trainers.HEAVY_WORDS, ROUNDS, MASKED)
    watch.until_final(COUNTED)
    over = threading.Event()

    def follow():
        watch.until_final(ROUNDS)
        over.set()

    following = threading.Thread(target=follow)
    following.start()
    taken = load.send(lambda _: over.is_set())
    following.join()
    return taken


def without_ledger():
    """The seconds of the rounds that train in four processes that send one another plain vectors."""
    context = get_context("spawn")
    pipes = [context.Pipe() for _ in MEMBERS]
    workers = [
        context.Process(target=_loop, args=(seed, there), daemon=True)
        for seed, (_, there) in enumerate(pipes)
    ]
    for worker in workers:
        worker.start()
    ends = []
    for _ in range(COUNTED + ROUNDS):
        blobs = [here.recv_bytes() for here, _ in pipes]
        for here, _ in pipes:
            here.send(blobs)
        for here, _ in pipes:
            here.recv()
        ends.append(time.perf_counter())
    for worker in workers:
        worker.join()
    return ends[-1] - ends[COUNTED - 1]


def _loop(seed, pipe):
    """One member's part: its update, everybody's sum, the next state."""
    be_nice()
    rule = recipe("weights.fedavg")
    plan = rule.plan({"weights": trainers.HEAVY_WORDS, "rounds": ROUNDS}, SCHEMA)
    own, state = table(MEMBERS[seed], seed), plan.initial
    joined = own.records * len(MEMBERS)
    for index in range(plan.rounds):
        stage = plan.stage_of(index)
        bits = stage.quantisation.ring_bits
        vector = rule.local_with(state, own, trainers.heavy)
        pipe.send_bytes(to_blob(stage, weighed(stage, vector, own.records, joined)))
        vectors = [unpack(blob, ring_bits=bits, length=stage.length) for blob in pipe.recv()]
        total = add_all(vectors).astype(np.int64)
        state = rule.step(state, total, Cohort(len(MEMBERS), joined, joined))
        pipe.send(None)


def run() -> list[dict]:
    os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    with get_context("spawn").Pool(1) as one:  # as the trainers: numpy on one core
        bursts = one.apply(trainers.bursts_in, (trainers.HEAVY_SECONDS,))
    os.environ["BENCH_HEAVY_BURSTS"] = str(bursts)
    before = without_ledger()
    idle, beside, wall = with_ledger()
    plain = statistics.mean((before, without_ledger()))
    ratio = p99(beside) / p99(idle)
    return [
        {
            "id": "ledger.beside_p99",
            "value": round(p99(beside), 1),
            "unit": "ms",
            "peer": "the same network without training",
            "peer_value": round(p99(idle), 1),
            "ratio": round(ratio, 2),
            "bar": f"<= {BAR_P99:g} times idle",
            "met": ratio <= BAR_P99,
            "note": f"{len(beside)} transactions while four workers train on two cores, {len(idle)} while "
            f"none does; medians {1000 * statistics.median(beside):.0f} and "
            f"{1000 * statistics.median(idle):.0f} ms",
        },
        {
            "id": "training.beside_wall",
            "value": round(wall, 2),
            "unit": "s",
            "peer": "the same arithmetic without a ledger",
            "peer_value": round(plain, 2),
            "ratio": round(wall / plain, 3),
            "bar": f"<= {BAR_WALL:g} times",
            "met": wall <= BAR_WALL * plain,
            "note": f"{ROUNDS} masked rounds, {trainers.HEAVY_SECONDS:g} s of CPU a member and round, "
            f"{trainers.HEAVY_WORDS} words; the plain loop before and after, mean of both",
        },
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
