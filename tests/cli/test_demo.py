"""The demo, run once as a newcomer runs it: what it prints, what it leaves behind, and what it refuses."""

import http.client
import json
import random
import shutil
import signal
import time
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from consortia.cli.demo.predicting import percent
from consortia.engines.commit.prediction import PredictionRecord
from tests.cli.terminal import Terminal, until
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
    "url": str,
}
NOBODY = "0" * 64


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """One demo, left open and then ended, shared: its object, its folder, and a terminal beside it."""
    with Terminal(tmp_path_factory.mktemp("demo")).session() as terminal:
        process = terminal.start("demo", "health", "--open", "--json", "--home", "home")
        facts = json.loads(process.line())
        waits = process.process.poll() is None
        door, home = entered(facts["url"])
        code = process.stop(signal.SIGTERM)
    told = "".join(process.errors)
    return SimpleNamespace(
        terminal=terminal, facts=facts, told=told, waits=waits, door=door, home=home, code=code
    )


def entered(url):
    """What a browser without scripts gets that opens the address: the status, and the page."""
    split = urlsplit(url)
    connection = http.client.HTTPConnection(split.hostname, split.port, timeout=60)
    try:
        connection.request("GET", f"{split.path}?{split.query}")
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8")
    finally:
        connection.close()


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


def test_a_demo_that_is_left_open_prints_its_object_then_waits_until_it_is_ended(story):
    assert story.waits
    assert story.door == 200
    assert story.facts["members"][0] in story.home
    assert story.code == 0


def test_four_cheats_are_caught_by_somebody_by_some_check(story):
    caught = story.facts["caught"]
    assert len({one["what"] for one in caught}) >= 4
    assert all(one["by"] and one["check"] for one in caught)
    false = next(one for one in caught if "false sum" in one["what"])
    assert "its commitment is not the sum that more than two thirds computed" in false["check"]


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


SICK = "age [years],pressure,smoker,ill\n"


def patients(draw):
    age, smokes = draw.randint(20, 90), draw.choice("yn")
    ill = "yes" if draw.random() < (age - 10) / 120 + 0.2 * (smokes == "y") else "no"
    return f"{age},{draw.randint(90, 180)},{smokes},{ill}\n"


@pytest.mark.parametrize("names", [("north", "south"), ("east", "north", "south")], ids=["two", "three"])
def test_below_four_members_the_story_shows_the_network_stop_and_go_on(tmp_path, names):
    (tmp_path / "data").mkdir()
    for name in names:
        draw = random.Random(name)
        rows = "".join(patients(draw) for _ in range(60))
        (tmp_path / "data" / f"{name}.csv").write_text(SICK + rows)
    terminal = Terminal(tmp_path)
    demo = terminal.start("demo", "health", "--data", "data", "--label", "ill", "--home", "home")
    lines = [demo.line()]
    while not lines[-1].startswith("  consortia audit"):
        lines.append(demo.line())
    assert demo.wait() == 0, demo.errors
    demo.stop()
    told, flat = "".join(lines), " ".join("".join(lines).split())
    count = len(names)
    assert f"{count} of {count} agree" in told
    assert "below four members nothing is final without it, so all wait until it is back" in flat
    assert f"of {count} members all must cosign: the network stood still, then went on" in flat
    assert f"of {count} members all must agree on a sum: nothing is final, the study ends" in flat
    assert (told.count("  missed  "), told.count("  caught  ")) == (1, 3)
    assert "0 mismatches" in flat
    open_rounds = count == 2
    assert ("7 open rounds" in flat, "every member saw every update" in flat) == (open_rounds, open_rounds)
    assert ("7 masked rounds" in flat, "saw an update" in flat) == (not open_rounds, not open_rounds)
    assert [line for line in lines if len(line.rstrip("\n")) > 80 and "--network" not in line] == []
    command = next(line.split() for line in lines if line.startswith("      --network"))
    assert terminal.facts("verify", "home/health.proof", *command)["ok"] is True
    assert processes(tmp_path / "home") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_demo_that_is_stopped_leaves_no_process_behind(tmp_path, number):
    with Terminal(tmp_path).session() as terminal:
        demo = terminal.start("demo", "health", "--home", "home")
        demo.line()
        while not processes("consortia.node.worker", tmp_path):
            time.sleep(0.1)
            assert demo.process.poll() is None, demo.errors
        assert demo.stop(number) != 0
        until(lambda: not processes(tmp_path / "home"), "the end of all it started")


GOOD = "age,size,ill\n" + "".join(f"{20 + n},{n % 7},{'yes' if n % 3 else 'no'}\n" for n in range(40))
LINES = GOOD.splitlines()
BAD = {
    "no such label": ("age,size\n1,2\n3,4\n", ("two.csv", "ill")),
    "one class": ("age,size,ill\n1,2,yes\n3,4,yes\n", ("class",)),
    "no rows": ("age,size,ill\n", ("two.csv",)),
    "unequal columns": ("age,weight,ill\n1,2,yes\n3,4,no\n", ("two.csv",)),
    "text for numbers": (GOOD.replace("25,5", "old,5"), ("two.csv", "age")),
    "a short row": (GOOD.replace("25,5,yes", "25,5"), ("two.csv",)),
    "empty": ("", ("two.csv",)),
}


def cell(old, new):
    return GOOD.encode().replace(old, new)


ODD = {
    "a name that stands twice": (
        cell(b"age,size", b"age,age"),
        ("row 1", '"age"', "Give every column its own"),
    ),
    "semicolons": (cell(b",", b";"), ("row 1", "Save it with commas")),
    "semicolons and decimal commas": (cell(b",", b";").replace(b"size", b"size,5"), ("row 1", "commas")),
    "carriage returns and a short row": (
        cell(b"\n", b"\r\n").replace(b"25,5,yes", b"25,5"),
        ("row 7", '"ill"', "Give every row one cell per column"),
    ),
    "a quoted line end": (
        cell(b"25,5,yes", b'25,"5\n6",yes'),
        ("row 7", '"size"', r"5\n6", "Write a number"),
    ),
    "three classes": (cell(b"25,5,yes", b"25,5,maybe"), ("row 7", '"ill"', "maybe", "two classes")),
    "a column without a value": (
        "\n".join([LINES[0], *[f"{n},,{'yes' if n % 3 else 'no'}" for n in range(40)]]).encode(),
        ('"size"', "Fill it in"),
    ),
    "a million characters": (
        cell(b"25,5,", b"25," + b"5" * 1_000_000 + b","),
        ("row 7", '"size"', "Shorten it"),
    ),
    "two encodings": (cell(b"25,5,yes", "25,5,\xe9".encode("latin-1")), ("row 7", '"ill"', "CSV in UTF-8")),
    "UTF-16": (GOOD.encode("utf-16"), ("row 1", "it is UTF-16", "CSV in UTF-8")),
    "a zero byte": (cell(b"25,5,yes", b"25,\x00,yes"), ("row 7", '"size"', "CSV in UTF-8")),
    "a number beyond measure": (cell(b"25,5,yes", b"1e300,5,yes"), ("row 7", '"age"', "Check the value")),
    "a decimal comma": (cell(b"25,5,yes", b'"25,5",5,yes'), ("row 7", '"age"', '"25,5"', "Write a number")),
    "a colour code": (cell(b"25,5,yes", b"25,\x1b[31mred,yes"), ("row 7", '"size"', r"\x1b[31mred")),
    "no label in a row": (cell(b"25,5,yes", b"25,5,"), ("row 7", '"ill"', "Fill it in")),
}
"""What spreadsheets and people make of a file: the bytes, and what the one line names."""


@pytest.mark.parametrize("kind", ODD)
def test_what_is_odd_is_named_by_file_row_and_column_with_what_to_do(tmp_path, kind):
    data, named = ODD[kind]
    refused(tmp_path, {"one.csv": b"\xef\xbb\xbf" + GOOD.encode(), "two.csv": data}, ("two.csv", *named))


def test_odd_names_make_one_clear_line(tmp_path):
    good = GOOD.encode()
    refused(
        tmp_path / "none", {"one.csv": good, "\u65e5\u672c.csv": good}, ("\u65e5\u672c.csv", "Use letters")
    )
    refused(tmp_path / "same", {"a b.csv": good, "A-B.csv": good}, ("a b.csv", "A-B.csv", "Rename one"))


LINKS = {
    "a link to nowhere": ("missing.csv", "a link that leads to no file"),
    "a link to itself": ("two.csv", "a link that leads to no file"),
    "a link to another's file": ("one.csv", "the same file as one.csv"),
    "a folder": (None, "no file"),
    "what cannot be read": ("/proc/self/mem", "cannot be read"),
}


@pytest.mark.parametrize("kind", LINKS)
def test_what_is_no_file_of_its_own_is_named(tmp_path, kind):
    target, said = LINKS[kind]
    data = tmp_path / "data"
    data.mkdir()
    two = data / "two.csv"
    if target is None:
        two.mkdir()
    else:
        two.symlink_to(target)
    refused(tmp_path, {"one.csv": GOOD.encode()}, ("two.csv", said))


def refused(folder, files, named):
    """Run the demo over these files: one line that names all this, exit code 1, and nothing signed."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (data / name).write_bytes(content)
    with Terminal(folder).session() as terminal:
        said = terminal.error("demo", "health", "--data", data, "--label", "ill", "--home", "home")
    assert [word for word in named if word not in said] == [], said
    assert len(said.splitlines()) == 1
    assert not list((folder / "home").glob("*/genesis.cbor"))


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
    assert not (tmp_path / "home").exists()


def test_bad_data_leave_an_earlier_demo_as_it_is(tmp_path):
    earlier = tmp_path / "home"
    earlier.mkdir()
    (earlier / ".consortia-demo").touch()
    (earlier / "health.proof").write_text("kept")
    refused(tmp_path, {"one.csv": GOOD.encode(), "two.csv": b"age,ill\n"}, ("two.csv",))
    assert (earlier / "health.proof").read_text() == "kept"


@pytest.mark.parametrize(("label", "ppm", "sure"), [("yes", 967_000, 96.7), ("no", 33_000, 96.7)])
def test_how_sure_an_answer_is_is_said_of_the_class_that_it_gives(label, ppm, sure):
    record = PredictionRecord(bytes(32), bytes(32), 0, ppm, label, bytes(32), 0, None)
    assert percent(record, ("no", "yes")) == pytest.approx(sure)
