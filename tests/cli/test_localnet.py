"""A whole network on one machine: it comes up, goes on where it ended, and leaves no process behind."""

import json
import os

import pytest

from tests.cli.terminal import until


def started(terminal, *arguments):
    running = terminal.start("localnet", "--home", "net", "--json", *arguments)
    return running, json.loads(running.line())


def is_alive(pid) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def heights(terminal, facts) -> set[int]:
    return {terminal.facts("status", "--home", member["home"])["height"] for member in facts["members"]}


@pytest.mark.slow
def test_a_network_comes_up_and_goes_on_where_it_ended(terminal):
    running, first = started(terminal, "--members", "3")
    assert [member["name"] for member in first["members"]] == ["member-1", "member-2", "member-3"]
    assert running.stop() == 0
    until(lambda: not any(is_alive(member["pid"]) for member in first["members"]), "every node has ended")
    running, again = started(terminal)
    assert again["network"] == first["network"]
    assert [member["url"] for member in again["members"]] == [member["url"] for member in first["members"]]
    until(lambda: len(heights(terminal, again)) == 1, "all stand at the same block")
    last = again["members"][-1]["home"]
    before = terminal.facts("status", "--home", last)["height"]
    terminal.run("key", "new", "desk", "--role", "operator", "--home", last)
    until(lambda: min(heights(terminal, again)) > before, "a later transaction reaches everybody")
    assert running.stop() == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--name", "Nobody!"], "is no name"),
        (["--name", "one", "--name", "one"], "stands twice"),
        (["--name", "one", "--members", "2"], "2 members, and 1 names"),
    ],
)
def test_names_that_cannot_be_are_refused_before_anything_is_made(terminal, arguments, said):
    assert said in terminal.error("localnet", "--home", "net", *arguments, code=2)
    assert not (terminal.folder / "net").exists()


def test_a_folder_with_something_else_in_it_is_left_alone(terminal):
    (terminal.folder / "thesis.txt").write_text("months of work")
    assert "not empty, and holds no network" in terminal.error("localnet", "--home", ".")
