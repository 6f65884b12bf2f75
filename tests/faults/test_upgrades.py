"""An agreed upgrade reaches two real nodes that CometBFT orders, of which one has the old software."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from consortia.node.localnet import NodeDown
from tests.cometbft import needs_cometbft
from tests.faults import agreed
from tests.faults.network import HOSPITALS, Network, wait_until

pytestmark = [pytest.mark.slow, needs_cometbft]
NEW, OLD = HOSPITALS[:2]
DEMANDED = "demands assets 2, and this software has assets 1: install the software with the digest abab"


def test_old_software_stops_at_the_upgrade_with_clear_words_and_newer_goes_on_from_there(
    tmp_path, monkeypatch
):
    decision = tmp_path / "decision"
    monkeypatch.setenv(agreed.AT, str(decision))
    with Network(tmp_path / "net", HOSPITALS[:2], driver="cometbft", workers=False) as network:
        network.build("upgrading")

        def runs(name):
            network.party(name).node.stop()
            network.restart(name, program=agreed.__name__)

        runs(OLD)
        monkeypatch.setenv(agreed.HAS, "1")
        runs(NEW)
        before = network.register(OLD)
        at = time.time_ns() // 1_000_000 + 500
        decision.write_text(str(at))
        wait_until(lambda: time.time_ns() // 1_000_000 > at, "the upgrade's time")
        node = network.party(OLD).node
        with ThreadPoolExecutor(1) as person:
            submitted = person.submit(network.patiently, lambda: network.register(NEW))
            wait_until(lambda: node.pid is None, "the old software's end")
            monkeypatch.delenv(agreed.HAS)
            with pytest.raises(NodeDown, match=DEMANDED):
                runs(OLD)
            assert not submitted.done()
            monkeypatch.setenv(agreed.HAS, "1")
            runs(OLD)
            receipt = submitted.result()
        network.agrees()
        assert receipt.height > before.height
        said = (node.home / "logs" / "stderr.log").read_text()
        assert said.count("stopped before a block that it has no rules for: the members' upgrade of") == 2
