"""A network from nothing: init, up, invite, join, status, over real processes."""

import json
import signal

import pytest

from tests.cli.terminal import found_and_join, until

pytestmark = pytest.mark.slow


def test_a_network_is_founded_and_named_by_its_hash(terminal):
    made = terminal.facts("init", "heart", "--org", "alpha", "--home", "a", "--plain-keys")
    assert len(made["network"]) == 64
    assert made["member"] == "alpha"
    assert made["url"].startswith("http://127.0.0.1:")
    assert sorted(path.name for path in (terminal.folder / "a" / "keys").glob("*.key.json")) == [
        "admin.key.json",
        "node.key.json",
        "recovery.key.json",
        "worker.key.json",
    ]


def test_a_second_network_in_the_same_home_is_refused(terminal):
    terminal.run("init", "heart", "--org", "alpha", "--home", "a", "--plain-keys")
    assert "a home already" in terminal.error("init", "lung", "--org", "alpha", "--home", "a", "--plain-keys")


def test_keys_are_encrypted_unless_asked_otherwise(terminal):
    secret = terminal.folder / "passphrase"
    secret.write_text("correct horse battery\n")
    terminal.run("init", "heart", "--org", "alpha", "--home", "a", CONSORTIA_PASSPHRASE_FILE=str(secret))
    kept = json.loads((terminal.folder / "a" / "keys" / "admin.key.json").read_text())
    assert kept["protection"] == "aes-256-gcm-pbkdf2-sha256"
    assert "nobody to ask" in terminal.error("up", "--home", "a")
    secret.write_text("wrong\n")
    said = terminal.error("up", "--home", "a", CONSORTIA_PASSPHRASE_FILE=str(secret))
    assert "wrong passphrase" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_node_says_where_it_is_and_stops_when_told(terminal, number):
    made = terminal.facts("init", "heart", "--org", "alpha", "--home", "a", "--plain-keys", "--no-worker")
    node = terminal.up("a")
    assert {name: node.facts[name] for name in ("url", "network", "member")} == {
        "url": made["url"],
        "network": made["network"],
        "member": "alpha",
    }
    assert "runs already" in terminal.error("up", "--home", "a")
    assert node.stop(number) == 0


def test_an_organisation_joins_once_the_members_approve_it(terminal):
    found_and_join(terminal, ["alpha", "bravo", "charlie"])
    states = [terminal.facts("status", "--home", name) for name in ("alpha", "bravo", "charlie")]
    until(
        lambda: terminal.facts("status", "--home", "charlie")["cosigned"] == ["alpha", "bravo", "charlie"],
        "everybody cosigns",
    )
    assert {state["network"] for state in states} == {states[0]["network"]}
    assert {state["orderer"] for state in states} == {"alpha"}
    shown = terminal.run("status", "--home", "bravo").stdout
    assert "alpha, bravo, charlie" in shown
    listed = terminal.facts("member", "list", "--home", "alpha")
    assert [one["name"] for one in listed["members"]] == ["alpha", "bravo", "charlie"]


def test_an_interrupted_join_goes_on_where_it_was(terminal):
    terminal.run("init", "heart", "--org", "alpha", "--home", "a", "--plain-keys", "--no-worker")
    terminal.up("a")
    terminal.run("invite", "bravo", "--home", "a")
    join = ["join", "bravo.invite", "--home", "b", "--plain-keys", "--no-worker"]
    assert terminal.facts(*join, "--no-wait")["state"] == "waiting"
    first = terminal.start(*join)
    first.says("Waiting for alpha")
    first.stop(signal.SIGKILL)
    terminal.run("member", "admit", "bravo", "--home", "a")
    assert terminal.facts(*join)["state"] == "member"
    assert terminal.facts(*join)["state"] == "member"


def test_an_invitation_lets_in_nobody_else_and_only_once(terminal):
    terminal.run("init", "heart", "--org", "alpha", "--home", "a", "--plain-keys", "--no-worker")
    terminal.up("a")
    terminal.run("invite", "bravo", "--home", "a")
    said = terminal.error("join", "bravo.invite", "--org", "mallory", "--home", "m", "--plain-keys", code=2)
    assert "invites bravo, not mallory" in said
    terminal.run("join", "bravo.invite", "--home", "b", "--plain-keys", "--no-wait")
    again = terminal.error("join", "bravo.invite", "--home", "c", "--plain-keys", "--no-wait")
    assert "used before" in again
    assert "which alpha makes: consortia invite bravo" in again
    assert "alpha is a member already" in terminal.error("invite", "alpha", "--home", "a")
    assert "has posted no keys here" in terminal.error("member", "admit", "charlie", "--home", "a")
    terminal.run("member", "admit", "bravo", "--home", "a")
    said = terminal.error("member", "admit", "bravo", "--home", "a")
    assert "identity.proposal_open: admission of bravo: approved; bravo's own acceptance is awaited" in said


def test_a_network_under_tls_is_joined_by_the_pin_in_the_invitation(terminal):
    terminal.run("init", "heart", "--org", "alpha", "--home", "a", "--plain-keys", "--no-worker", "--tls")
    node = terminal.up("a")
    assert node.facts["url"].startswith("https://")
    terminal.run("invite", "bravo", "--home", "a")
    joining = terminal.start("join", "bravo.invite", "--home", "b", "--plain-keys", "--no-worker", "--tls")
    joining.says("Waiting for alpha")
    terminal.run("member", "admit", "bravo", "--home", "a")
    assert joining.wait() == 0, joining.errors
    terminal.up("b")
    until(
        lambda: terminal.facts("status", "--home", "a")["cosigned"] == ["alpha", "bravo"],
        "both cosign",
    )


def test_a_node_that_does_not_run_is_said_so(terminal):
    terminal.run("init", "heart", "--org", "alpha", "--home", "a", "--plain-keys", "--no-worker")
    assert terminal.facts("status", "--home", "a", code=3)["running"] is False
    terminal.up("a").stop()
    known = terminal.facts("status", "--home", "a", code=3)
    assert known["height"] >= 0
    assert known["members"] == ["alpha"]
    assert "no node runs" in terminal.error("member", "list", "--home", "a", code=3)
