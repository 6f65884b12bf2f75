"""Members whose CometBFT keeps only its newest blocks, beside one archive that keeps all."""

import asyncio
from contextlib import closing

import pytest

from consortia.node.cometbft.files import Files
from consortia.node.cometbft.rpc import Rpc
from consortia.node.keys import find_key, open_key
from consortia.sdk.client import Client
from tests.cli.terminal import found_and_join, until
from tests.cometbft import needs_cometbft
from tests.faults.network import thing

pytestmark = [pytest.mark.slow, needs_cometbft]
KEPT = 8


def earliest(home):
    """The oldest block that a home's CometBFT has, as it says itself."""

    async def asked():
        rpc = Rpc(Files(home).folder / "rpc.sock")
        try:
            return int((await rpc.engine()).sync_info.earliest_block_height)
        finally:
            rpc.close()

    return asyncio.run(asked())


def test_a_member_prunes_old_blocks_while_another_keeps_all_and_prunes_none_without(terminal, programme):
    blocks = programme(quick=3 * KEPT, test=3 * KEPT, nightly=2_000)
    homes = {name: terminal.folder / name for name in ("alpha", "bravo")}
    nodes = found_and_join(terminal, list(homes), driver="cometbft")
    assert nodes["bravo"].stop() == 0
    terminal.environment["CONSORTIA_RETAIN_BLOCKS"] = str(KEPT)
    nodes["bravo"] = terminal.up("bravo")
    until(lambda: terminal.facts("status", "--home", "alpha")["driver"]["archive"], "alpha is an archive")

    network, facts = bytes.fromhex(nodes["alpha"].facts["network"]), nodes["alpha"].facts
    key = open_key(find_key(homes["alpha"] / "keys", "admin"), lambda: "")
    with closing(Client(facts["url"], network=network, member="alpha", key=key)) as alpha:
        for number in range(blocks):
            alpha.submit(thing(f"shelf-{number}"))
        beyond = iter(range(10**6))

        def pruned():
            alpha.submit(thing(f"more-{next(beyond)}"))
            return earliest(homes["bravo"]) > KEPT

        until(pruned, "bravo knows of the archive, and prunes")
        height = alpha.status().driver["height"]
        assert height - earliest(homes["bravo"]) <= KEPT + 2
        assert earliest(homes["alpha"]) == 1
    assert not terminal.facts("status", "--home", "bravo")["driver"]["archive"]
    for name in homes:
        (audited,) = terminal.facts("audit", name)["homes"]
        assert audited["mismatches"] == [], "the ledger itself is whole at both"

    assert nodes["alpha"].stop() == 0
    nodes["alpha"] = terminal.up("alpha")
    told = "NO MEMBER IS KNOWN TO KEEP ALL BLOCKS: this node prunes none of them"
    until(lambda: told in terminal.run("status", "--home", "alpha").stdout, "no archive is left")
    assert earliest(homes["alpha"]) == 1
