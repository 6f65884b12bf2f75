"""A network ordered by CometBFT from five commands, a rotated consensus key, and a localnet."""

import json

import pytest

from tests.cli.terminal import until
from tests.cometbft import needs_cometbft

pytestmark = [pytest.mark.slow, needs_cometbft]


def driver(terminal, home):
    return terminal.facts("status", "--home", home)["driver"]


def everything_is_final(terminal, homes):
    found = [terminal.facts("status", "--home", home) for home in homes]
    return len({one["root"] for one in found}) == 1 and all(one["size"] == one["final_size"] for one in found)


def test_init_invite_join_up_and_status_make_a_network_of_two_and_a_key_is_rotated(terminal):
    keys = ("--plain-keys", "--no-worker")
    terminal.run("init", "heart", "--org", "alpha", "--home", "alpha", "--driver", "cometbft", *keys)
    terminal.up("alpha")
    terminal.run("invite", "bravo", "--home", "alpha")
    joining = terminal.start("join", "bravo.invite", "--home", "bravo", *keys)
    joining.says("Waiting for")
    terminal.run("member", "admit", "bravo", "--home", "alpha")
    assert joining.wait() == 0, joining.errors
    other = terminal.up("bravo")
    until(lambda: driver(terminal, "bravo")["votes"], "the second member votes")
    until(lambda: everything_is_final(terminal, ("alpha", "bravo")), "both cosign")
    assert "all members' CometBFT 0." in terminal.run("status", "--home", "alpha").stdout

    before = driver(terminal, "alpha")
    terminal.run("key", "rotate", "--consensus", "--home", "alpha")
    until(
        lambda: driver(terminal, "alpha")["restarts"] > before["restarts"], "CometBFT starts with the new key"
    )
    until(lambda: driver(terminal, "alpha")["votes"], "it votes with the new key")
    said = terminal.run("status", "--home", "alpha").stdout
    assert "started anew for a consensus key that votes from block" in said
    terminal.run("key", "new", "desk", "--role", "operator", "--home", "bravo")
    until(lambda: everything_is_final(terminal, ("alpha", "bravo")), "blocks go on under the new key")
    terminal.run("member", "power", "bravo", "2", "--home", "alpha")
    said = terminal.run("member", "approve", "bravo", "--power", "--home", "bravo").stdout
    assert "bravo votes with power 2." in said
    until(lambda: driver(terminal, "bravo")["power"] == 2, "bravo's power is two")
    found = terminal.facts("doctor", "--home", "alpha")["checks"]
    assert [one["level"] for one in found if one["check"] == "cometbft"] == ["ok"]

    other.stop()
    terminal.start("key", "new", "night", "--role", "operator", "--home", "alpha")
    until(lambda: driver(terminal, "alpha")["stands"], "nothing goes on without bravo")
    said = terminal.run("status", "--home", "alpha").stderr
    assert "no blocks: what was submitted waits" in said
    assert "this node sees nothing of bravo" in said
    assert "nothing of bravo" in terminal.run("doctor", "--home", "alpha", code=1).stdout
    terminal.up("bravo")
    until(lambda: driver(terminal, "bravo")["height"], "bravo knows at once where it stood")
    until(lambda: not driver(terminal, "alpha")["stands"], "blocks come again, or what waited is over")


def test_a_localnet_stays_up_and_goes_on_where_it_ended(terminal):
    running = terminal.start("localnet", "--home", "net", "--members", "4", "--driver", "cometbft", "--json")
    first = json.loads(running.line())
    assert [sorted(one) for one in first["members"]] == [["home", "name", "pid", "url"]] * 4
    assert running.stop() == 0
    running = terminal.start("localnet", "--home", "net", "--json")
    again = json.loads(running.line())
    homes = [one["home"] for one in again["members"]]
    terminal.run("key", "new", "desk", "--role", "operator", "--home", homes[2])
    until(lambda: everything_is_final(terminal, homes), "all four agree")
    assert again["network"] == first["network"]
    assert running.stop() == 0
