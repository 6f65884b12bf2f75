"""Streets in SUMO: our own net, with buses and crossings, under the fixed plan and under the rule."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from consortia.engines.train.files import DataError
from consortia.solutions.city import rush, sumo
from consortia.solutions.city.signals import Terms
from tests.sumo import MISSING, needs_sumo

MINUTES = 15
RUN = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from consortia.solutions.city.decisions import replay
from consortia.solutions.city.rush import NET
from consortia.solutions.city.signals import Terms
from consortia.solutions.city.sumo import Ground, Streets, desks_of, follow
terms, found = Terms(), {}
with Streets(Ground(NET, (Path(sys.argv[1]),), 0, int(sys.argv[2]), 1)) as streets:
    desks = desks_of(streets, terms) if sys.argv[3] == "rule" else {}
    while not streets.over:
        follow(streets, desks)
        streets.step()
    again = {name: replay(desk.junction, terms, 0, desk.records) for name, desk in desks.items()}
    seen = [sum(sum(one[2] for one in json.loads(r)["seen"]) for r in d.records) for d in desks.values()]
    walk = [sum(sum(one[3] for one in json.loads(r)["seen"]) for r in d.records) for d in desks.values()]
    print("FOUND", json.dumps({
        "outcome": asdict(streets.outcome()),
        "differing": [list(one.differing) for one in again.values()],
        "greens": [one.green for each in again.values() for one in each.switches],
        "records": [[r.decode() for r in desk.records] for desk in desks.values()],
        "buses": seen, "walkers": walk,
        "phases": {n: j.phases for n, j in streets.junctions.items()},
    }))
"""


def simulated(routes, way):
    command = [sys.executable, "-c", RUN, str(routes), str(MINUTES * 60), way]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-800:]
    line = next(line for line in done.stdout.splitlines() if line.startswith("FOUND "))
    return json.loads(line.removeprefix("FOUND "))


@needs_sumo
def test_the_rule_loses_less_time_than_the_fixed_plan_and_a_fresh_process_decides_the_same(tmp_path):
    routes = tmp_path / "morning.rou.xml"
    routes.write_text(rush.travellers(1), encoding="utf-8")
    plan, rule, again = (simulated(routes, way) for way in ("plan", "rule", "rule"))
    assert rule == again
    assert rule["differing"] == [[], []]
    assert all(Terms().least <= green <= Terms().most for green in rule["greens"])
    assert rule["outcome"]["lost"] < plan["outcome"]["lost"] * 0.9
    assert rule["outcome"]["stuck"] == 0
    assert all(rule["buses"])
    assert all(rule["walkers"])
    assert [len(phases) for phases in rule["phases"].values()] == [2, 2]


ONE = """<routes><vType id="car" vClass="passenger"/><vehicle id="one" type="car" depart="0">
<route edges="west-market market-station station-east"/></vehicle></routes>"""
LATE = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from consortia.solutions.city.rush import NET
from consortia.solutions.city.sumo import Ground, run
ground = Ground(NET, (Path(sys.argv[1]),), 0, 20, 1, int(sys.argv[2]))
print("FOUND", json.dumps(asdict(run(ground, None)[0])))
"""


@needs_sumo
@pytest.mark.parametrize(("patience", "finished"), [(0, 0), (600, 1)])
def test_who_is_on_the_way_at_the_end_arrives_with_patience_and_is_told_apart(tmp_path, patience, finished):
    routes = tmp_path / "one.rou.xml"
    routes.write_text(ONE, encoding="utf-8")
    command = [sys.executable, "-c", LATE, str(routes), str(patience)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("FOUND "))
    outcome = json.loads(line.removeprefix("FOUND "))
    assert (outcome["finished"], outcome["in_time"]) == (finished, 0)
    assert outcome["ended"] == 20 if not patience else 20 < outcome["ended"] < 20 + patience


SHORT = """
import json, sys
from pathlib import Path
from consortia.solutions.city.sumo import Ground, Streets, lanes_behind, lanes_within, load
with Streets(Ground(Path(sys.argv[1]), (Path(sys.argv[2]),), 0, 60, 1)) as streets:
    junction = streets.junctions["lights"]
    seen = []
    while not streets.over:
        streets.step()
        streets.show("lights", "rr")
        seen.append(streets.look(junction))
    found = {"behind": lanes_behind(load()), "within": lanes_within(load(), "lights"), "seen": seen}
    print("FOUND", json.dumps(found | {"sensors": junction.sensors, "inside": junction.inside}))
"""
BEHIND_SHORT = {"short_0": 25.6, ":mid_0_0": 34.63, ":mid_1_0": 36.8, "side_0": 127.43, "main_0": 132.8}
TWO = """<routes><vType id="car" vClass="passenger"/>
<vehicle id="main" type="car" depart="0"><route edges="main short out"/></vehicle>
<vehicle id="side" type="car" depart="20"><route edges="side short out"/></vehicle></routes>"""


@needs_sumo
def test_a_sensor_sees_through_a_junction_without_signals_where_its_street_is_short(tmp_path):
    routes = tmp_path / "two.rou.xml"
    routes.write_text(TWO, encoding="utf-8")
    net = Path(__file__).parent / "short_street.net.xml"
    command = [sys.executable, "-c", SHORT, str(net), str(routes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("FOUND "))
    found = json.loads(line.removeprefix("FOUND "))
    behind = {
        stop: {lane: round(begins, 2) for lane, begins in lanes} for stop, lanes in found["behind"].items()
    }
    assert behind == {"cross_0": {"cross_0": 96.0}, "short_0": BEHIND_SHORT}
    assert found["within"] == [":lights_0_0", ":lights_1_0"]
    assert (found["sensors"], found["inside"]) == (["cross_0", "short_0", ":lights"], [2])
    vehicles = [seconds[1][0] for seconds in found["seen"]]
    assert vehicles == sorted(vehicles), "nobody leaves under red"
    assert (vehicles[2], vehicles[19], vehicles[-1]) == (0, 1, 2), "the street itself has room for two"


@pytest.mark.skipif(not MISSING, reason="SUMO is installed")
def test_without_sumo_the_command_that_installs_it_is_named(tmp_path):
    with pytest.raises(DataError, match=r"pip install 'consortia\[traffic\]'"):
        sumo.load()


def test_the_same_seed_makes_the_same_travellers_and_another_others():
    assert rush.travellers(1) == rush.travellers(1)
    assert rush.travellers(1) != rush.travellers(2)
    assert rush.travellers(1, mornings=2).count("<person") > rush.travellers(1).count("<person") > 20
    assert rush.NET.read_text(encoding="utf-8").count('function="crossing"') == 8
