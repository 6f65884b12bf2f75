"""Two members with nodes and workers of their own, who trained a model and predict with it."""

import contextlib
import subprocess
import sys
import time

import consortia
from consortia.base.hashing import tagged
from consortia.modules.operations.messages import Notify
from consortia.modules.predictions.messages import RecordBatch
from consortia.node.passes import way_in
from consortia.sdk.training import Summing, Times
from tests.node.running import SECONDS_MAX, Process, client, homes, until

ROUNDS = 6
LONG = 120_000
"""No step of the study ends for being slow."""

DAY = 86_400_000


def rows(seed):
    """Made-up patients of one member, who are ill the likelier the older and the higher their pressure."""
    found = []
    for at in range(60):
        age, pressure, chance = 30 + (7 * at + seed) % 50, 100 + at % 60, (37 * at + 11 * seed) % 41 - 20
        ill = "yes" if age - 55 + (pressure - 130) // 2 + chance > 0 else "no"
        found.append({"person": f"p{at}", "age": str(age), "pressure": str(pressure), "ill": ill})
    return found


@contextlib.contextmanager
def together(folder):
    """North's node, with `model` and `batch` as ids of what both trained and north predicted."""
    pair = homes(folder, "north", "east")
    with contextlib.ExitStack() as stack:
        north = stack.enter_context(Process(pair[0]))
        east = stack.enter_context(Process(pair[1], CONSORTIA_ORDERER_URL=north.url))
        for node in (north, east):
            stack.enter_context(worker(node))
        ledgers = [stack.enter_context(consortia.open(node.home.path)) for node in (north, east)]
        for seed, ledger in enumerate(ledgers):
            title = f"Patients of {ledger.member}"
            ledger.assets.register_dataset(
                rows(seed),
                name="patients",
                title=title,
                subject="person",
                process=["*"],
                download=["east"],
                purposes=["diagnosis"],
            )
        consented(*ledgers)
        study = ledgers[0].training.propose(
            "hearts",
            title="Who is ill",
            data="patients",
            label="ill",
            purpose="diagnosis",
            summing=Summing(mode="open"),
            parameters={"rounds": ROUNDS - 1},
            times=Times(LONG, LONG, LONG),
        )
        for ledger in ledgers:
            until(lambda ledger=ledger: ledger.training.list())
            ledger.training.get(study.id).join("patients")
        study.start().wait()
        north.study, north.model, state = study.id, study.model().id, study.view().progress.state
        policy, root = (tagged("consortia/testing", word) for word in (b"policy", b"predictions"))
        operator = client(north.home, north.url)
        done = operator.submit(RecordBatch(north.model, state, "diagnosis", policy, root, 40, None))
        north.batch = done.events[0].body["batch"]
        due = time.time_ns() // 1_000_000 + DAY
        north.last = operator.submit(Notify("recall", root, policy, ("east",), due)).transaction
        until(lambda: operator.final_height() >= operator.receipt(north.last).height)
        operator.close()
        yield north


def consented(owner, other):
    """The owner's patients consent, and the other member asks for the records of one."""
    now = time.time_ns() // 1_000_000
    owner.consent.require("patients")
    slips = owner.consent.give("patients", purposes=["diagnosis"], days=365, now=now)
    owner.consent.cover("patients", "diagnosis")
    until(lambda: other.consent.covered(f"{owner.member}/patients", "diagnosis").allowed)
    other.consent.ask(f"{owner.member}/patients", slips["p1"].subject, "diagnosis", "blood counts")


@contextlib.contextmanager
def worker(node):
    """The worker's process beside a node."""
    command = [
        sys.executable,
        "-m",
        "consortia.node.worker",
        "--home",
        str(node.home.path),
        "--url",
        node.url,
    ]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(SECONDS_MAX)


def door(node):
    """The address that opens a node's console now."""
    return way_in(node.url, node.home.token(), time.time_ns() // 1_000_000)
