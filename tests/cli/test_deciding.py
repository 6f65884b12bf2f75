"""Deciding from the command line: a charter in seconds, a proposal from its actions to its execution."""

import json
import time

import pytest

from consortia.base.codec import to_value
from consortia.sdk.jsonform import to_json
from consortia.testing.scenarios.governance_parts import CHARTER
from tests.cli.terminal import Terminal, until

pytestmark = pytest.mark.slow
BOUNDS = '{"name": "tariff", "low": 10, "high": 100, "value": 20}'


def quick_charter():
    """The scenarios' charter with a quarter of a minute for votes, and a second of lock."""
    law = to_json(CHARTER)
    for one in law["classes"]:
        one.update(vote_milliseconds=15_000, lock_milliseconds=1_000, extend_milliseconds=0)
    return law


@pytest.fixture(scope="module")
def terminal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deciding")
    (folder / "charter.json").write_text(json.dumps({"charter": quick_charter()}))
    with Terminal(folder).session() as session:
        command = ["init", "hall", "--org", "alpha", "--home", "alpha", "--plain-keys"]
        session.run(*command, "--charter", "charter.json")
        session.node = session.up("alpha")
        yield session


def test_the_charter_is_shown_and_read_back(terminal):
    shown = terminal.facts("charter", "show", "--home", "alpha")
    assert shown["charter"] == quick_charter()
    assert "routine" in terminal.run("charter", "show", "--home", "alpha").stdout
    assert to_value(CHARTER)["council"] == shown["charter"]["council"]


def test_a_proposal_goes_from_its_actions_to_its_execution(terminal):
    tried = terminal.facts(
        *("proposal", "new", "charter", "--title", "A tariff", "--home", "alpha", "--dry-run"),
        *("--action", f"governance.set_bounds {BOUNDS}"),
    )
    assert (tried["code"], tried["tables"]) == ("ok", [{"table": "governance/parameters", "entries": 1}])
    opened, which = _opened_and_voted(terminal)
    said = terminal.error("proposal", "execute", which, "--home", "alpha")
    assert "governance.not_passed" in said
    _wait(opened["closes"])
    assert terminal.facts("proposal", "tally", which, "--home", "alpha")["tally"]["yes"] == 6
    closed = terminal.facts("proposal", "tally", which, "--close", "--home", "alpha")
    assert (closed["status"], closed["passes"]) == ("passed", True)
    shown = terminal.facts("proposal", "show", which, "--home", "alpha")
    _wait(shown["progress"]["ready"])
    done = terminal.facts("proposal", "execute", which, "--home", "alpha")
    assert (done["status"], done["code"]) == ("executed", "ok")
    listed = terminal.facts("proposal", "list", "--status", "executed", "--home", "alpha")["proposals"]
    assert [one["title"] for one in listed] == ["A tariff"]
    parameters = terminal.facts("charter", "show", "--home", "alpha")["parameters"]
    assert [(one["name"], one["parameter"]["value"]) for one in parameters] == [("tariff", 20)]


def test_what_cannot_be_proposed_is_said_before_anything_is_sent(terminal):
    command = ("proposal", "new", "routine", "--title", "No", "--home", "alpha")
    said = terminal.error(*command, "--action", "assets.fly {}")
    assert "governance.set_bounds" in said
    assert "value" in terminal.error(*command, "--action", 'governance.set_parameter {"name": "a"}')
    said = terminal.error(*command, "--action", f"governance.set_bounds {BOUNDS}")
    assert "governance.not_in_class" in said
    assert "0 proposals begin with" in terminal.error("proposal", "show", "ff" * 8, "--home", "alpha")


def test_a_bad_charter_begins_no_network(terminal):
    law = quick_charter()
    law["classes"][0]["lock_milliseconds"] = 0
    (terminal.folder / "bad.json").write_text(json.dumps(law))
    command = ["init", "hall", "--org", "bravo", "--home", "bravo", "--plain-keys"]
    assert "could not govern" in terminal.error(*command, "--charter", "bad.json")
    assert not (terminal.folder / "bravo").exists()


def test_old_software_is_told_ahead_of_time_and_stops_at_it(terminal):
    at = int(time.time() * 1000) + 60_000
    wanted = {"modules": [{"name": "assets", "version": 9}], "software": "ab" * 32, "time": at}
    opened, which = _opened_and_voted(
        terminal, "upgrade", f"governance.schedule_upgrade {json.dumps(wanted)}"
    )
    _wait(opened["closes"])
    terminal.run("proposal", "tally", which, "--close", "--home", "alpha")
    _wait(opened["closes"] + 1_000)
    terminal.run("proposal", "execute", which, "--home", "alpha")
    (coming,) = terminal.facts("status", "--home", "alpha")["upgrades"]
    assert (coming["module"], coming["version"], coming["lacking"]) == ("assets", 9, ["alpha"])
    checks = terminal.facts("doctor", "--home", "alpha", code=1)["checks"]
    (told,) = [one for one in checks if one["check"] == "upgrade"]
    assert (told["level"], "ab" * 32 in told["remedy"]) == ("wrong", True)
    _wait(at)
    assert terminal.start("key", "rotate", "--home", "alpha").wait() != 0
    assert terminal.node.wait() == 4
    line = terminal.error("up", "--home", "alpha", code=4)
    assert "demands assets 9, and this software has assets 1: install" in line
    assert "ab" * 32 in line


def _opened_and_voted(terminal, kind="charter", action=f"governance.set_bounds {BOUNDS}"):
    """A proposal that alpha said yes to; opened anew where a busy machine came too late to vote."""
    for _ in range(4):
        opened = terminal.facts(
            *("proposal", "new", kind, "--title", "A tariff", "--home", "alpha"),
            *("--action", action),
        )
        which = opened["proposal"][:12]
        command = ["proposal", "vote", which, "yes", "--home", "alpha"]
        try:
            voted = terminal.facts(*command)
        except AssertionError:
            continue
        assert voted["content"] == opened["content"]
        return opened, which
    pytest.fail("no vote came in time")


def _wait(moment):
    """Until block time has come to a moment; a node's clock and this one's are the same."""
    until(lambda: time.time() * 1000 > moment + 100, "a deadline")
