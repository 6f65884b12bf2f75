"""The doctor finds what was done to a home, and says how to mend it."""

import socket

import pytest

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


def test_a_store_that_was_cut(terminal, home):
    terminal.up("a").stop()
    store = home / "ledger" / "data.mdb"
    store.write_bytes(store.read_bytes()[:5000])
    assert "data.mdb" in found(terminal, 1)["store", "wrong"]["text"]


def test_a_genesis_of_another_network_and_a_lost_key(terminal, home):
    (home / "genesis.cbor").write_bytes(b"\xa0")
    (home / "keys" / "node.key.json").unlink()
    assert {("settings", "wrong"), ("keys", "wrong")} <= set(found(terminal, 1))
