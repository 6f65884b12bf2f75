"""Wrong usage is told in one line, with exit code 2, and nothing happens."""

import subprocess
import sys

import pytest

from consortia.cli.output import Failure
from consortia.cli.proposing import terms_of
from consortia.engines.train.schema import Label, Schema, number
from consortia.modules.training.types import Deadlines
from consortia.workers.terms import Private, Wanted

PROPOSE = ["study", "propose", "risk", "--data", "x", "--label", "ill", "--purpose", "research"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["frobnicate"], 2, "No such command"),
        (["veriy", "x.proof"], 2, "No such command 'veriy'. Did you mean 'verify'"),
        (["audit", "nowhere"], 3, "the folder that holds several"),
        (["init"], 2, "Missing argument"),
        (["init", "heart"], 2, "--org"),
        (["init", "heart", "--org", "Not A Name", "--plain-keys"], 2, "no name"),
        (["init", "heart", "--org", "alpha", "--plain-keys", "--url", "ftp://x"], 2, "http://"),
        (["init", "heart", "--org", "alpha", "--plain-keys", "--listen", "nowhere"], 3, "host:port"),
        (["init", "heart", "--org", "alpha"], 1, "CONSORTIA_PASSPHRASE_FILE"),
        (["join", "no-such.invite", "--plain-keys"], 1, "there is no file"),
        (["status"], 3, "no home"),
        (["up"], 1, "try: --home DIR, or consortia init"),
        (["member", "list"], 3, "no home"),
        (["member", "admit"], 2, "Missing argument"),
        (["verify", "x"], 2, "--network HASH is missing: `consortia status` prints it"),
        (["demo", "dao", "--skip-bad-rows"], 2, "takes no --rejects"),
        (["demo", "fraud", "--label", "fraud"], 1, "takes no --label"),
        (["demo", "fraud", "--data", "nothing.csv"], 1, "nothing.csv"),
        ([*PROPOSE, "--unit", "member", "--epsilon", "1"], 2, "--member-records"),
        ([*PROPOSE, "--member-records", "9", "--epsilon", "1"], 2, "--unit member"),
        ([*PROPOSE, "--unit", "member", "--member-records", "9"], 2, "--epsilon"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(terminal, arguments, code, said):
    assert said in terminal.error(*arguments, code=code)
    assert not (terminal.folder / "share").exists()


def test_a_file_that_is_no_invitation_is_refused(terminal):
    (terminal.folder / "x.invite").write_text("{}")
    assert "is no invite" in terminal.error("join", "x.invite", "--plain-keys")


@pytest.mark.slow
def test_a_story_takes_no_folder_from_one_that_still_runs(terminal):
    terminal.run("init", "heart", "--org", "alpha", "--home", "story/a", "--plain-keys", "--no-worker")
    (terminal.folder / "story" / ".consortia-demo").touch()
    terminal.up("story/a")
    for name in ("health", "dao"):
        assert "a demo still runs in" in terminal.error("demo", name, "--home", "story")
    assert terminal.facts("status", "--home", "story/a")["member"] == "alpha"


def test_a_proof_is_not_audited_but_verified(terminal):
    (terminal.folder / "x.proof").write_bytes(b"x")
    assert "try: consortia verify x.proof --network HASH" in terminal.error("audit", "x.proof", code=3)


def test_the_stories_can_be_listed_as_facts(terminal):
    names = [story["name"] for story in terminal.facts("demo", "--list")["stories"]]
    assert names[0] == "health"
    assert "trading" in names
    assert "Four hospitals train" in terminal.run("demo", "--list").stdout.splitlines()[0]


def test_where_a_recipe_can_hide_no_record_one_that_can_is_named():
    schema = Schema((number("age"),), Label("ill", ("no", "yes"), 0))
    wanted = Wanted("risk", "Risk", "research", Deadlines(60_000, 60_000, 60_000), private=Private(3.0))
    with pytest.raises(Failure, match="does not bound") as caught:
        terms_of("glm.logistic", {}, schema, wanted)
    assert caught.value.remedy == "--recipe glm.logistic.private"


EVERYDAY = (
    *("accounts", "archive", "assets", "consents", "joining", "keys", "mandates", "members", "network"),
    *("operations", "persons", "proposals", "standing", "tokens", "units", "verify"),
)


def test_a_command_that_neither_learns_nor_clears_pays_for_no_numpy():
    imports = ", ".join(f"consortia.cli.{name}" for name in EVERYDAY)
    code = f"import sys, {imports}; print({{'numpy', 'asyncio'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
