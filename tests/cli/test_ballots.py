"""A secret election over real nodes: trustees' workers make the key and count, people vote and check."""

import json
import subprocess

import pytest

from consortia.exact.ballot import make_ballot
from consortia.modules.ballots.messages import Cast
from consortia.modules.ballots.queries import ById, ElectionView
from consortia.modules.ballots.rules import terms
from consortia.node.home import Home
from consortia.node.keys import find_key, open_key
from consortia.sdk.client import Client
from consortia.sdk.elections import draw_nonces
from consortia.sdk.errors import TransactionRefused
from tests.cli.terminal import COMMAND, SECONDS_MAX, until

pytestmark = pytest.mark.slow
TRIES = (6, 24, 96)
"""The seconds of a trustees' step: more on a machine that is too busy for fewer."""

CHOICES = ("yes", "no", "abstain")


@pytest.fixture
def network(terminal):
    running = terminal.start("localnet", "--home", "net", "--members", "5", "--json")
    facts = json.loads(running.line())
    return terminal, facts["members"], facts["network"]


def progress(terminal, election, home):
    return terminal.facts("ballot", "show", election, "--home", home)["progress"]


def opened(terminal, home, seconds):
    """An election whose trustees made the key, or None where they had too little time."""
    trustees = [part for number in range(1, 5) for part in ("--trustee", f"member-{number}")]
    choices = [part for choice in CHOICES for part in ("--choice", choice)]
    times = ["--prepare-seconds", seconds, "--vote-seconds", 6 * seconds, "--decrypt-seconds", 10 * seconds]
    election = terminal.facts("ballot", "open", "Release?", *choices, *trustees, *times, "--home", home)[
        "election"
    ]
    until(
        lambda: progress(terminal, election, home)["status"] != "preparing",
        "the key is made, or never will be",
    )
    return election if progress(terminal, election, home)["status"] == "voting" else None


def cast(member, election, chosen):
    """Cast a ballot as a program does."""
    home = Home.find(member["home"], {})
    key = open_key(find_key(home.keys, "admin"), lambda: "")
    with Client(member["url"], network=home.config({}).network_id, member=member["name"], key=key) as client:
        view = client.query("ballots.election", ById(bytes.fromhex(election)), ElectionView)
        bound = terms(client.network, view.election, view.progress.key)
        made = make_ballot(bound, member["name"], CHOICES.index(chosen), draw_nonces(3))
        client.submit(Cast(view.election.id, made))


def answered(terminal, *arguments, said="challenge"):
    """A cast that gets an answer when it asks; it may be refused."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=terminal.folder,
        env=terminal.environment,
        input=f"{said}\n",
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


def voted(terminal, members):
    """An election in which all voted, the last member twice; on a busy machine not at the first try."""
    for seconds in TRIES:
        election = opened(terminal, members[0]["home"], seconds)
        try:
            for member, choice in zip(members, ("no", "yes", "no", "yes", "no"), strict=True):
                cast(member, election or "00" * 32, choice)
        except (TransactionRefused, AttributeError):
            continue
        flags = ("--yes", "--json", "--home", members[4]["home"])
        done = answered(terminal, "ballot", "cast", election, "yes", *flags, said="")
        if done.returncode == 0:
            return election, json.loads(done.stdout)
        assert "ballots.too_late" in done.stderr
    raise AssertionError("nobody could vote in time")


def test_members_vote_in_secret_and_a_stranger_counts_again(network):
    terminal, members, name = network
    first, last = members[0]["home"], members[4]["home"]
    election, last_cast = voted(terminal, members)
    until(lambda: progress(terminal, election, first)["status"] == "decided", "the trustees count")
    checked = terminal.facts("ballot", "check", election[:12], "--proof", "mine.proof", "--home", last)
    assert (checked["ballot"], checked["casts"], checked["as_cast_here"]) == (last_cast["ballot"], 2, True)
    terminal.run("verify", "mine.proof", "--network", name)
    tallied = lambda: terminal.facts("ballot", "tally", election, "--out", "count.proof", "--home", first)  # noqa: E731
    until(lambda: tallied()["ok"], "the count is final")
    told = terminal.run("verify", "count.proof", "--network", name).stdout
    assert "counted again from 5 ballots" in told
    assert "yes 3, no 2, abstain 0" in told
    assert "yes 3" in terminal.run("ballot", "show", election, "--home", last).stdout
    assert election[:16] in terminal.run("ballot", "list", "--home", first).stdout
    said = terminal.error("ballot", "cast", election, "maybe", "--home", first, code=2)
    assert "one of yes, no, abstain" in said
    done = answered(terminal, "ballot", "cast", election, "no", "--home", first)
    assert "not cast" in done.stdout, done.stderr
    held = terminal.run("ballot", "check", "challenged.json").stdout
    assert "holds: no" in held
    assert done.stderr.split()[1] in held
    assert "too_late" in terminal.error("ballot", "cast", election, "no", "--yes", "--home", first)
    broken = (terminal.folder / "count.proof").read_bytes().replace(b"index ", b"index 1", 1)
    (terminal.folder / "broken.proof").write_bytes(broken)
    terminal.run("verify", "broken.proof", "--network", name, code=1)


def test_what_is_asked_wrongly_says_what_to_try(terminal, tmp_path):
    (tmp_path / "nothing.json").write_text("{}")
    assert "no challenged ballot" in terminal.error("ballot", "check", "nothing.json", code=3)
    asked = ["ballot", "open", "Release?", "--choice", "yes", "--trustee", "north", "--home", str(tmp_path)]
    terminal.error(*asked, code=3)
