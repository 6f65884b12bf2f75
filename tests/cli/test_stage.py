"""The stage of a story: a small story of three members, played as `consortia demo` plays every story."""

import json

import pytest

from consortia.cli.demo.playing import play
from consortia.cli.demo.telling import Teller, called
from consortia.cli.output import Failure, width
from consortia.engines.train.files import DataError
from consortia.modules.identity.state import MEMBERS
from consortia.modules.market.refusals import READ_ALREADY
from consortia.solutions.story import Asked, Metric, Story, StoryFailed, Told
from tests.faults.network import processes

pytestmark = pytest.mark.slow


def tell(stage, greeting):
    stage.chapter("1. Three members meet")
    stage.build("meeting")
    found = stage.run("north", "member", "list")
    assert [one["name"] for one in found["members"]] == ["east", "north", "west"]
    said = stage.refused("west", "asset", "show", "nothing")
    stage.catch("west asks for what is not there", "its node", said.splitlines()[0])
    with pytest.raises(StoryFailed, match="should be refused"):
        stage.refused("west", "status")
    with pytest.raises(StoryFailed, match="west: consortia asset show nothing: "):
        stage.run("west", "asset", "show", "nothing")
    assert sorted(stage.ledger("east").members.names()) == ["east", "north", "west"]
    beside = stage.program("east", "study", "watch", "nothing")
    beside.stop()
    assert not beside.running
    before = stage.url("west")
    with stage.dishonest("west", "consortia.node"):
        assert stage.client("west").status().member == "west"
    stage.kill("east")
    stage.start("east")
    assert stage.url("west") == before
    stage.settle()
    proof = stage.folder / "meeting.proof"
    proof.write_bytes(stage.client("north").proof_of_state(MEMBERS.state_key("west")))
    assert stage.outside(proof)["ok"]
    metric = Metric("greetings", "words", "higher", 2.0, {"silence": 0.0})
    return Told(proof, (metric,), (greeting,), {"greeting": greeting})


MEETING = Story(("north", "east", "west"), lambda asked: f"Hello, seed {asked.seed}.", tell)


def test_a_refusal_is_told_with_its_meaning_and_kept_by_its_code(capsys):
    teller = Teller(to_error=False)
    teller.catch("a bill is read twice", "every node", "market.read_already")
    teller.catch("a file is cut short", "its reader", "no JSON")
    said = " ".join(capsys.readouterr().out.split())
    assert "market.read_already: " in said
    assert READ_ALREADY.meaning in said
    assert said.endswith("by its reader: no JSON")
    assert [one.check for one in teller.caught] == ["market.read_already", "no JSON"]


def test_a_long_title_is_told_over_several_lines(capsys):
    Teller(to_error=False).chapter("1. " + "many words of a title " * 10)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= width()


def test_a_story_ends_with_the_object_that_all_stories_have(tmp_path, capsys):
    play(MEETING, Asked(seed=7), tmp_path / "home", None, as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert said["greeting"] == "Hello, seed 7."
    assert said["members"] == ["north", "east", "west"]
    assert said["audit"]["mismatches"] == 0
    assert said["audit"]["blocks"] == said["height"] + 1
    assert [one["by"] for one in said["caught"]] == ["its node"]
    assert said["metrics"][0]["baselines"] == {"silence": 0.0}
    assert processes(str(tmp_path / "home")) == []


def test_data_that_cannot_be_read_are_told_before_anything_is_written(tmp_path):
    def refuse(asked):
        raise DataError(f"{asked.data}: no such file")

    story = Story(("north",), refuse, tell)
    with pytest.raises(Failure, match=r"nothing\.csv: no such file"):
        play(story, Asked(data=tmp_path / "nothing.csv"), tmp_path / "home", None, as_json=True)
    assert not (tmp_path / "home").exists()


def test_a_story_that_breaks_off_names_where_to_look(tmp_path):
    def broken(stage, data):
        raise StoryFailed("nobody came")

    with pytest.raises(Failure, match="the story broke off: nobody came") as failed:
        play(Story(("north",), lambda asked: None, broken), Asked(), tmp_path / "home", None, as_json=True)
    assert str(tmp_path) in failed.value.remedy


def test_the_commands_to_run_next_are_those_that_work_in_the_same_terminal(tmp_path, monkeypatch):
    program = tmp_path / "venv" / "bin" / "consortia"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    assert called("venv/bin/consortia") == "venv/bin/consortia"
    assert called(str(tmp_path / "lib" / "__main__.py")) == "consortia"
    monkeypatch.setenv("PATH", str(program.parent))
    assert called("venv/bin/consortia") == "consortia"
