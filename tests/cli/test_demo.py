"""The demo, run once as a newcomer runs it: what it prints, what it leaves behind, and what it refuses."""

import json
import shutil
import signal
import time
from types import SimpleNamespace

import pytest

from tests.cli.terminal import Terminal
from tests.faults.network import processes

pytestmark = pytest.mark.slow
KEYS = {
    "network": str,
    "height": int,
    "transactions": int,
    "rounds": int,
    "members": list,
    "accuracy": dict,
    "auroc": dict,
    "caught": list,
    "proof": str,
    "home": str,
    "seconds": float,
    "audit": dict,
    "metrics": list,
}
NOBODY = "0" * 64


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """One finished demo, shared: its object, its folder, and a terminal beside it."""
    terminal = Terminal(tmp_path_factory.mktemp("demo"))
    process = terminal.start("demo", "health", "--json", "--home", "home")
    output = process.line(200)
    assert process.wait(30) == 0, process.errors
    process.stop()
    return SimpleNamespace(terminal=terminal, facts=json.loads(output), told="".join(process.errors))


def test_the_object_has_every_key_with_its_type(story):
    facts = story.facts
    assert {name: type(facts[name]) for name in KEYS} == KEYS
    members = set(facts["members"])
    assert len(members) == 4
    for figure in ("accuracy", "auroc"):
        assert set(facts[figure]["sites"]) == members
        assert all(0.5 < facts[figure][kind] <= 1 for kind in ("federated", "pooled"))
    for metric in facts["metrics"]:
        assert {"name", "unit", "better", "ours", "baselines"} <= set(metric)


def test_four_cheats_are_caught_by_somebody_by_some_check(story):
    caught = story.facts["caught"]
    assert len({one["what"] for one in caught}) >= 4
    assert all(one["by"] and one["check"] for one in caught)


def test_the_audit_finds_nothing(story):
    audit = story.facts["audit"]
    assert audit["mismatches"] == 0
    assert audit["blocks"] == story.facts["height"] + 1
    assert audit["rounds_recomputed"] >= 4 * story.facts["rounds"]
    assert audit["predictions_replayed"] > 100


def test_each_round_is_told_when_it_is_final(story):
    told = [line for line in story.told.splitlines() if "of 7, " in line]
    assert len(told) >= 7
    assert len({line.split(" s ")[0] for line in told}) > 3, "all rounds were told at once"


def test_what_is_told_fits_in_eighty_columns(story):
    assert [line for line in story.told.splitlines() if len(line) > 80] == []


def test_the_story_leaves_no_process_behind(story):
    assert processes(story.facts["home"]) == []


def test_the_proof_verifies_and_names_each_step(story):
    verdict = story.terminal.facts("verify", story.facts["proof"], "--network", story.facts["network"])
    assert set(verdict) >= {"ok", "steps", "failed"}
    assert verdict["ok"] is True
    assert verdict["failed"] is None
    assert [step["number"] for step in verdict["steps"]] == list(range(1, len(verdict["steps"]) + 1))
    assert all(set(step) == {"number", "text", "ok"} and step["ok"] for step in verdict["steps"])


def test_the_proof_of_another_network_is_refused(story):
    verdict = story.terminal.facts("verify", story.facts["proof"], "--network", NOBODY, code=1)
    assert verdict["ok"] is False
    assert verdict["failed"]


def test_a_copy_of_the_folder_audits_the_same(story, tmp_path):
    copy = shutil.copytree(story.facts["home"], tmp_path / "copy")
    found = story.terminal.facts("audit", copy)
    assert {name: found[name] for name in story.facts["audit"]} == story.facts["audit"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_demo_that_is_stopped_leaves_no_process_behind(tmp_path, number):
    with Terminal(tmp_path).session() as terminal:
        demo = terminal.start("demo", "health", "--home", "home")
        demo.line()
        while not processes("consortia.node.worker", tmp_path):
            time.sleep(0.1)
            assert demo.process.poll() is None, demo.errors
        assert demo.stop(number) != 0
        deadline = time.monotonic() + 10
        while processes(tmp_path / "home") and time.monotonic() < deadline:
            time.sleep(0.1)
        assert processes(tmp_path / "home") == []


GOOD = "age,size,ill\n" + "".join(f"{20 + n},{n % 7},{'yes' if n % 3 else 'no'}\n" for n in range(40))
BAD = {
    "no such label": ("age,size\n1,2\n3,4\n", ("two.csv", "ill")),
    "one class": ("age,size,ill\n1,2,yes\n3,4,yes\n", ("class",)),
    "no rows": ("age,size,ill\n", ("two.csv",)),
    "unequal columns": ("age,weight,ill\n1,2,yes\n3,4,no\n", ("two.csv",)),
    "text for numbers": (GOOD.replace("25,5", "old,5"), ("two.csv", "age")),
    "a short row": (GOOD.replace("25,5,yes", "25,5"), ("two.csv",)),
    "empty": ("", ("two.csv",)),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_data_is_one_clear_line_before_anything_is_signed(tmp_path, kind):
    text, named = BAD[kind]
    data = tmp_path / "data"
    data.mkdir()
    (data / "one.csv").write_text(text if kind == "one class" else GOOD)
    (data / "two.csv").write_text(text)
    with Terminal(tmp_path).session() as terminal:
        said = terminal.error("demo", "health", "--data", data, "--label", "ill", "--home", "home")
    assert all(word in said for word in named), said
    assert not list((tmp_path / "home").glob("*/genesis.cbor"))
