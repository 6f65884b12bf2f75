"""A network moves from the default driver to CometBFT by export and import; its history stays provable."""

import pytest

from consortia.app import application
from consortia.kernel.verify import verify_proof
from consortia.node.joining import arrive
from tests.cli.terminal import found_and_join, until
from tests.cli.test_state_sync import agree, client, proof
from tests.cometbft import needs_cometbft
from tests.faults.network import thing

__all__ = ["client"]
pytestmark = [pytest.mark.slow, needs_cometbft]
NAMES = ("alpha", "bravo")


def test_a_network_moves_to_cometbft_and_old_and_new_proofs_hold_under_one_hash(terminal, client):
    nodes = found_and_join(terminal, NAMES)
    network = bytes.fromhex(nodes["alpha"].facts["network"])
    one, two = (client(name, nodes[name]) for name in NAMES)
    until(lambda: agree(one, two), "everything is final")
    terminal.run("export", "early.tar", "--home", "alpha")
    said = terminal.error("import", "early.tar", "--home", "early", "--driver", "cometbft")
    assert "no member has a consensus key" in said
    assert not (terminal.folder / "early" / "consortia.toml").exists()

    for name in NAMES:
        terminal.run("key", "rotate", "--consensus", "--home", name)
    before = one.submit(thing("before"))
    until(lambda: agree(one, two), "everything is final")
    old = one.proof(before.transaction)
    ended = one.status()
    for name in NAMES:
        assert nodes[name].stop() == 0
        terminal.run("export", f"{name}.tar", "--private", "--home", name)
    peers = ()
    for name in NAMES:
        made = terminal.facts(
            "import", f"{name}.tar", "--home", f"new-{name}", "--driver", "cometbft", *peers
        )
        assert (made["root"], made["size"], made["votes"]) == (ended.root, ended.size, list(NAMES))
        peers = ("--peer", made["peer"])
    one, two = (client(name, terminal.up(f"new-{name}")) for name in NAMES)
    until(lambda: one.status().driver["votes"] and two.status().driver["votes"], "both vote")
    after = two.submit(thing("after"))
    until(lambda: agree(one, two), "everything is final")

    app = application()
    anchor = verify_proof(app, old, network).anchor
    assert anchor is not None
    until(lambda: proof(one, b"nothing") is not None, "there are proofs")
    for asked, receipt in ((one, before), (one, after), (two, after)):
        assert verify_proof(app, asked.proof(receipt.transaction), network).ok
        assert verify_proof(app, asked.proof(receipt.transaction, anchor.size), network, anchor).ok
    three = client("charlie", joined(terminal))
    arrive(three)
    until(lambda: agree(one, two, three), "who joined has what came before CometBFT from a snapshot")
    assert three.status().base["size"] >= ended.size
    assert [found["mismatches"] for found in terminal.facts("audit", "new-alpha")["homes"]] == [[]]


def joined(terminal):
    """The node of a third member."""
    terminal.run("invite", "charlie", "--home", "new-alpha")
    joining = terminal.start("join", "charlie.invite", "--home", "charlie", "--plain-keys", "--no-worker")
    joining.says("Waiting for")
    terminal.run("member", "admit", "charlie", "--home", "new-alpha")
    terminal.run("member", "approve", "charlie", "--home", "new-bravo")
    assert joining.wait() == 0, joining.errors
    return terminal.up("charlie")
