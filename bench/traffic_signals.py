"""traffic.signals: time lost and trips ended under the voted rule, beside the fixed plan of each net.

cologne1 and cologne3 (one and three signals of Cologne, 7 to 8 in the morning) and grid4x4 (sixteen), each
with ten seeds, each run in a fresh process of SUMO. One set of terms for all. A trip is ended when its
vehicle arrived before the hour is over. Every decision is made again from its records, and every green held
against the bounds. Read from the folder that CONSORTIA_DATA names.
"""

import gzip
import importlib.util
import json
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from bench.health_data import absent, folder
from consortia.solutions.city import sumo
from consortia.solutions.city.decisions import replay
from consortia.solutions.city.policy import TERMS

NAME = "traffic.signals"
UNIT = "less time lost than under the fixed plan, in the worst seed of three nets"
BAR = ">= 40 % less time lost and finished trips >= fixed plan in every seed, 0 bound violations"
FOLDER = "city/sumo"
NETS = {
    "cologne1": ("cologne1.net.xml", "cologne1.rou.xml", 25_200, 28_800),
    "cologne3": ("cologne3.net.xml", "cologne3.rou.xml", 25_200, 28_800),
    "grid4x4": ("grid4x4.net.xml", "grid4x4_1.rou.xml", 0, 3_600),
}
SEEDS = tuple(int(each) for each in os.environ.get("CONSORTIA_SEEDS", "1,2,3,4,5,6,7,8,9,10").split(","))


def ground(where: Path, net: str, seed: int) -> sumo.Ground:
    file, routes, begins, ends = NETS[net]
    return sumo.Ground(where / file, (where / routes,), begins, ends, seed)


def ruled(wanted: sumo.Ground):
    """How it went, decisions, those that come out otherwise, and greens out of bounds."""
    outcome, desks = sumo.run(wanted, TERMS)
    again = [replay(desk.junction, TERMS, wanted.begins, desk.records) for desk in desks.values()]
    greens = [one.green for each in again for one in each.switches]
    outside = sum(not TERMS.least <= green <= TERMS.most for green in greens)
    decisions = sum(len(desk.records) for desk in desks.values())
    return outcome, decisions, sum(len(each.differing) for each in again), outside


def planned(wanted: sumo.Ground):
    return sumo.run(wanted, None)[0]


def run() -> list[dict]:
    files = sorted({name for files in NETS.values() for name in files[:2]})
    root = folder(*(f"{FOLDER}/{name}.gz" for name in files))
    if root is None or importlib.util.find_spec("libsumo") is None:
        row = absent(NAME, UNIT, BAR, FOLDER)[0]
        return [row if root is None else row | {"note": f"not run: {sumo.REMEDY}"}]
    gains, notes, met, decided = [], [], True, 0
    with tempfile.TemporaryDirectory() as made, _pool() as pool:
        where = Path(made)
        for file in files:
            (where / file).write_bytes(gzip.decompress((root / FOLDER / f"{file}.gz").read_bytes()))
        for net in NETS:
            grounds = [ground(where, net, seed) for seed in SEEDS]
            plans, rules = list(pool.map(planned, grounds)), list(pool.map(ruled, grounds))
            gain = [1 - rule[0].lost / plan.lost for plan, rule in zip(plans, rules, strict=True)]
            more = [rule[0].finished - plan.finished for plan, rule in zip(plans, rules, strict=True)]
            differing, outside = sum(each[2] for each in rules), sum(each[3] for each in rules)
            decided += sum(each[1] for each in rules)
            gains += gain
            met = met and min(gain) >= 0.4 and min(more) >= 0 and not differing and not outside
            notes.append(
                f"{net}: {_mean(one.lost for one in plans):.1f} -> {_mean(one[0].lost for one in rules):.1f} "
                f"s a trip, less by {min(gain):.1%} to {max(gain):.1%}; trips ended more by {sorted(more)}; "
                f"moved on after standing 300 s: plan {sum(each.stuck for each in plans)}, "
                f"rule {sum(each[0].stuck for each in rules)}; greens out of bounds {outside}; "
                f"decisions that replay otherwise {differing}"
            )
    return [
        {
            "id": NAME,
            "value": round(min(gains), 4),
            "unit": UNIT,
            "peer": "fixed plan of the net",
            "peer_value": None,
            "ratio": None,
            "bar": BAR,
            "met": bool(met),
            "note": f"seeds {', '.join(map(str, SEEDS))}; {decided} decisions; " + "; ".join(notes),
        }
    ]


def _pool() -> ProcessPoolExecutor:
    """A fresh process for every run: a used one does not always repeat what a fresh one does."""
    return ProcessPoolExecutor(2, mp_context=get_context("spawn"), max_tasks_per_child=1)


def _mean(values) -> float:
    found = list(values)
    return sum(found) / len(found)


if __name__ == "__main__":
    for row in run():
        print(json.dumps(row, indent=2))
