"""A member joins a network that CometBFT orders from a snapshot, and its node is one like all others."""

from contextlib import ExitStack, closing

import pytest

from consortia.app import application
from consortia.kernel.verify import verify_proof
from consortia.node.joining import arrive
from consortia.node.keys import find_key, open_key
from consortia.sdk.client import Client
from consortia.sdk.errors import RequestFailed
from tests.cli.filling import fill
from tests.cli.terminal import until
from tests.cometbft import needs_cometbft
from tests.faults.network import thing

pytestmark = [pytest.mark.slow, needs_cometbft]
KEYS = ("--plain-keys", "--no-worker")


@pytest.fixture
def client(terminal):
    """Gives whoever acts for a member at its node."""
    with ExitStack() as stack:

        def made(name, node):
            key = open_key(find_key(terminal.folder / name / "keys", "admin"), lambda: "")
            network = bytes.fromhex(node.facts["network"])
            return stack.enter_context(
                closing(Client(node.facts["url"], network=network, member=name, key=key))
            )

        yield made


def founded(terminal, client, blocks):
    """A network of one member, which makes a snapshot every so many blocks; a client of its node."""
    terminal.environment["CONSORTIA_SNAPSHOT_BLOCKS"] = str(blocks)
    terminal.facts("init", "heart", "--org", "alpha", "--home", "alpha", "--driver", "cometbft", *KEYS)
    return client("alpha", terminal.up("alpha"))


def joined(terminal, name):
    """The node of a member that has just joined."""
    terminal.run("invite", name, "--home", "alpha")
    joining = terminal.start("join", f"{name}.invite", "--home", name, *KEYS)
    joining.says("Waiting for")
    terminal.run("member", "admit", name, "--home", "alpha")
    assert joining.wait() == 0, joining.errors
    return terminal.up(name)


def agree(*clients):
    found = [one.status() for one in clients]
    return len({one.root for one in found}) == 1 and all(one.final_size == one.size for one in found)


def test_a_member_joins_from_a_snapshot_and_is_a_member_like_all_others(terminal, client, programme):
    count = programme(quick=300, test=2_000, nightly=100_000)
    alpha = founded(terminal, client, 5)
    fill(terminal.folder / "alpha", alpha.network, count)
    until(lambda: alpha.status().size > count, "everything stands in blocks")
    for number in range(8):  # an idle network makes no blocks, and a snapshot is offered two below the newest
        alpha.submit(thing(f"shelf-{number}"))
    until(lambda: alpha.status().driver["snapshots"], "a snapshot is offered")
    node = joined(terminal, "bravo")
    bravo = client("bravo", node)
    arrive(bravo)
    until(lambda: bravo.status().driver["votes"], "it votes")
    until(lambda: agree(alpha, bravo), "both agree, and all is final")

    base = bravo.status().base
    assert base["height"] > 1
    told = f"restored from a snapshot of block {base['height']:,}"
    assert told in terminal.run("status", "--home", "bravo").stdout
    assert alpha.status().base is None
    until(lambda: bravo.status().indexed == bravo.status().height, "it is indexed")

    bravo.submit(thing("of-bravo"))
    until(lambda: agree(alpha, bravo), "both went on")
    node.process.kill()
    node.stop()
    bravo = client("bravo", terminal.up("bravo"))
    until(lambda: agree(alpha, bravo), "it is back")
    assert bravo.status().base == base

    proofs(alpha, bravo)
    audited = terminal.facts("audit", "bravo")["homes"][0]
    assert audited["begins"].startswith(f"block {base['height']}, size {base['size']}, root ")
    assert audited["mismatches"] == []
    assert "begins at block" in terminal.error("export", "bravo.tar", "--home", "bravo")


def proofs(alpha, bravo):
    """What the restored node proves is verified from the genesis on, and from what was trusted before."""
    app, key = application(), b"nothing stands here"
    until(lambda: proof(bravo, key) is not None, "others have told what vouches for its members")
    found = verify_proof(app, proof(bravo, key), alpha.network)
    assert found.ok, found.steps
    assert len(found.proof.extra.changes) == 1, "how bravo came in"
    alpha.submit(thing("one-more"))
    until(lambda: agree(alpha, bravo), "one more block")
    since = found.anchor
    later = proof(bravo, key, since.size)
    assert verify_proof(app, later, alpha.network, since).ok
    assert verify_proof(app, later, alpha.network).ok


def proof(asked, key, since=None):
    """The proof that nothing stands at a key; None while the node cannot give one."""
    try:
        return asked.proof_of_state(key, since)
    except RequestFailed:
        return None


def test_without_a_snapshot_a_joiner_fetches_all_blocks_and_says_so(terminal, client):
    alpha = founded(terminal, client, 0)
    bravo = client("bravo", joined(terminal, "bravo"))
    arrive(bravo)
    until(lambda: bravo.status().driver["votes"], "it votes")
    until(lambda: agree(alpha, bravo), "both agree")
    assert bravo.status().base is None
    said = (terminal.folder / "bravo" / "logs" / "node.log").read_text()
    assert "alpha offers no snapshot: all blocks are fetched, one by one" in said
