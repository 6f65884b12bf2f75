"""The doctor finds what was done to a home, and says how to mend it."""

import socket

import pytest

from tests.cli.terminal import until

pytestmark = pytest.mark.slow


@pytest.fixture
def home(terminal):
    terminal.run("init", "heart", "--org", "alpha", "--home", "a", "--plain-keys", "--no-worker")
    return terminal.folder / "a"


def found(terminal, code=0):
    report = terminal.facts("doctor", "--home", "a", code=code)
    assert report["ok"] == (code == 0)
    return {(one["check"], one["level"]): one for one in report["checks"] if one["level"] != "ok"}


def test_a_sound_home_gets_advice_alone(terminal, home):
    assert set(found(terminal)) == {("keys", "advice"), ("recovery key", "advice"), ("node", "advice")}
    (home / "keys" / "recovery.key.json").unlink()
    terminal.up("a")
    assert set(found(terminal)) == {("keys", "advice")}
    assert "Nothing is wrong." in terminal.run("doctor", "--home", "a").stdout


def test_keys_that_others_may_read(terminal, home):
    (home / "keys" / "admin.key.json").chmod(0o644)
    one = found(terminal, 1)["permissions", "wrong"]
    assert one["remedy"].startswith("chmod go-rwx")


def test_a_port_that_is_taken(terminal, home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = home / "consortia.toml"
        lines = [line for line in settings.read_text().splitlines() if not line.startswith("listen")]
        settings.write_text("\n".join([*lines, f'listen = "127.0.0.1:{port}"']) + "\n")
        assert str(port) in found(terminal, 1)["port", "wrong"]["text"]


def test_a_port_that_the_node_chooses(terminal, home):
    settings = home / "consortia.toml"
    lines = [line for line in settings.read_text().splitlines() if not line.startswith("listen")]
    settings.write_text("\n".join([*lines, 'listen = "127.0.0.1:0"']) + "\n")
    assert "port: the node takes a free port" in terminal.run("doctor", "--home", "a").stdout


def test_a_setting_that_there_is_not_is_told_once(terminal, home):
    settings = home / "consortia.toml"
    settings.write_text(settings.read_text() + "lissten = 1\n")
    report = terminal.facts("doctor", "--home", "a", code=1)["checks"]
    [wrong] = [one for one in report if one["level"] == "wrong"]
    assert (wrong["check"], "did you mean listen?" in wrong["text"]) == ("settings", True)
    assert "consortia init" not in terminal.error("status", "--home", "a", code=3)


def test_who_is_no_member_yet_and_an_orderer_that_is_away_are_told_with_encrypted_keys(terminal):
    phrase = terminal.folder / "phrase"
    phrase.write_text("correct horse battery\n")
    phrase.chmod(0o644)
    terminal.environment["CONSORTIA_PASSPHRASE_FILE"] = str(phrase)
    terminal.run("init", "heart", "--org", "alpha", "--home", "a", "--no-worker")
    orderer = terminal.up("a")
    terminal.run("invite", "bravo", "--home", "a")
    joining = ("join", "bravo.invite", "--home", "b", "--no-worker", "--no-wait")
    terminal.run(*joining)
    early = terminal.up("b")
    said = terminal.run("status", "--home", "b").stdout
    assert "bravo is none by block 0, and this node has just begun to fetch: consortia join INVITE" in said
    assert "consortia join INVITE, which goes on" in terminal.run("doctor", "--home", "b", code=1).stdout
    early.stop()
    terminal.run("member", "admit", "bravo", "--home", "a")
    terminal.run(*joining)
    terminal.up("b")
    terminal.run("status", "--home", "b", "--wait", "60")
    said = terminal.run("doctor", "--home", "b").stdout
    assert "alpha answers" in said
    assert f"chmod go-rwx {phrase}" in said
    orderer.stop()
    told = []

    def is_away():
        told.append(terminal.run("status", "--home", "b"))
        return "away" in told[-1].stdout

    until(is_away, "alpha is told to be away")
    assert "away: alpha has not answered since" in told[-1].stderr
    assert "it orders, so no block is made" in told[-1].stderr
    said = terminal.run("doctor", "--home", "b", code=1).stdout
    assert "no block is made: the orderer alpha" in " ".join(said.split())
    assert "does not answer, since 2" in " ".join(said.split())
    assert "consortia network hand-over MEMBER" in said


def test_a_store_that_was_cut(terminal, home):
    terminal.up("a").stop()
    store = home / "ledger" / "data.mdb"
    store.write_bytes(store.read_bytes()[:5000])
    assert "data.mdb" in found(terminal, 1)["store", "wrong"]["text"]


def test_a_genesis_of_another_network_and_a_lost_key(terminal, home):
    (home / "genesis.cbor").write_bytes(b"\xa0")
    (home / "keys" / "node.key.json").unlink()
    assert {("settings", "wrong"), ("keys", "wrong")} <= set(found(terminal, 1))
