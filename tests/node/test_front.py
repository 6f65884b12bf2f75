"""`consortia.open` over a node of its own process."""

import pytest

import consortia
from consortia.node.config import ConfigError
from consortia.node.home import HomeError
from consortia.sdk.errors import LedgerError
from tests.node.running import Process, homes, key_of


def test_a_home_opens_by_its_folder_and_a_node_by_its_url(tmp_path):
    [home] = homes(tmp_path, "north")
    with pytest.raises(HomeError, match="consortia up"):
        consortia.open(home.path)
    with pytest.raises(ConfigError, match="no home"):
        consortia.open(tmp_path)
    with Process(home) as process:
        with consortia.open(home.path) as ledger:
            rows = [{"age": 40 + n, "outcome": "yes" if n % 2 else "no"} for n in range(10)]
            asset = ledger.assets.register_dataset(rows, name="records", process=["*"])
            assert (asset.owner, asset.kind) == ("north", "dataset")
            assert ledger.members.names() == ["north"]
        network = home.config({}).network
        with consortia.open(process.url, key=key_of(home), network=network, member="north") as ledger:
            assert ledger.assets.get("north/records").id == asset.id
            assert ledger.assets.withdraw("records").withdrawn is not None
        with pytest.raises(LedgerError, match="whose node"):
            consortia.open(process.url, key=key_of(home), network=network)


def test_a_data_frame_registers_as_its_rows(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"age": [40.0, None, 42.5], "patient": ["a", "b", "a"]})
    with consortia.simulate(1) as ledger:
        ledger.assets.register_dataset(frame, name="clinic", subject="patient")
        vault = ledger.network.orderer.vault
        assert {key: len(rows) for key, rows in vault.rows("clinic").items()} == {b"a": 2, b"b": 1}
