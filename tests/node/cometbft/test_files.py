"""CometBFT's files follow from the settings and the ledger alone."""

import base64
import json
import tomllib

import pytest
from msgspec.structs import replace

from consortia.base.keys import SigningKey
from consortia.node.cometbft.files import Files, Sockets, Start, genesis, settings
from consortia.node.config import Config, ConfigError, build, load, render

KEY = SigningKey(bytes(range(32)))
OTHER = SigningKey(bytes(32))
START = Start("0f" * 20, 1_767_225_600_007)
CONFIG = Config(
    member="north",
    network="0" * 64,
    driver="cometbft",
    peer_listen="127.0.0.1:7001",
    peers=(f"{'ab' * 20}@east:7001",),
)


def test_the_genesis_names_the_chain_and_when_it_starts():
    told = json.loads(genesis(START))
    assert (told["chain_id"], told["genesis_time"]) == ("0f" * 20, "2026-01-01T00:00:00.007Z")
    assert told["consensus_params"]["block"]["max_bytes"] == str(4 << 20)


def test_a_network_makes_no_empty_blocks_and_waits_under_a_second_but_for_a_proposer(tmp_path):
    told = tomllib.loads(settings(CONFIG, Sockets(tmp_path / "app", tmp_path / "rpc")))
    assert told["consensus"]["create_empty_blocks"] is False
    waits = {
        name: int(text.removesuffix("ms"))
        for name, text in told["consensus"].items()
        if name.startswith("timeout")
    }
    assert 1_000 <= waits.pop("timeout_propose") < 2_000
    more = waits.pop("timeout_propose_delta")
    assert all(milliseconds < 1_000 for milliseconds in waits.values())
    assert told["mempool"]["type"] == "flood"
    more += waits["timeout_prevote_delta"] + waits["timeout_precommit_delta"]
    assert more * sum(range(4)) >= 12_000  # a full block, on a tenth of a machine


def test_nothing_of_it_but_the_peers_port_is_reachable_from_other_machines(tmp_path):
    told = tomllib.loads(settings(CONFIG, Sockets(tmp_path / "app", tmp_path / "rpc")))
    assert told["proxy_app"].startswith("unix://")
    assert told["rpc"]["laddr"].startswith("unix://")
    assert told["p2p"]["laddr"] == "tcp://127.0.0.1:7001"
    assert told["p2p"]["persistent_peers"] == CONFIG.peers[0]
    assert told["instrumentation"]["prometheus"] is False


@pytest.mark.parametrize(
    ("listens", "url", "named", "place"),
    [
        ("127.0.0.1:7601", "https://clinic.example:7600", "", "127.0.0.1:7601"),
        ("0.0.0.0:7601", "https://clinic.example:7600", "", "clinic.example:7601"),
        ("[::]:7601", "https://[2001:db8::1]:7600", "", "[2001:db8::1]:7601"),
        (
            "0.0.0.0:7601",
            "https://clinic.example:7600",
            "peers.example:443",
            "peers.example:443",
        ),
        ("0.0.0.0:7601", "", "", "0.0.0.0:7601"),
    ],
)
def test_peers_are_told_a_place_that_means_something_elsewhere(tmp_path, listens, url, named, place):
    config = replace(CONFIG, peer_listen=listens, url=url, peer_address=named)
    told = tomllib.loads(settings(config, Sockets(tmp_path / "app", tmp_path / "rpc")))
    assert told["p2p"]["laddr"] == f"tcp://{listens}"
    assert told["p2p"]["external_address"] == config.peer_place == place


def test_its_files_are_private_and_the_consensus_key_is_there_only_while_it_starts(tmp_path):
    files = Files(tmp_path)
    peer = files.prepare()
    files.write(CONFIG, START, KEY, Sockets(tmp_path / "app", tmp_path / "rpc"))
    held = json.loads(files.validator_key.read_text())
    assert base64.b64decode(held["priv_key"]["value"]) == KEY.seed + KEY.public
    assert files.validator_key.stat().st_mode & 0o077 == 0
    files.started()
    assert not files.validator_key.exists()
    assert len(bytes.fromhex(peer)) == 20


def test_who_it_is_to_its_peers_and_what_it_voted_last_outlive_a_start(tmp_path):
    files = Files(tmp_path)
    peer = files.prepare()
    files.write(CONFIG, START, KEY, Sockets(tmp_path / "app", tmp_path / "rpc"))
    voted = files.folder / "data" / "priv_validator_state.json"
    voted.write_text('{"height": "7", "round": 0, "step": 3}')
    assert files.prepare() == peer
    files.write(CONFIG, START, OTHER, Sockets(tmp_path / "app", tmp_path / "rpc"))
    assert json.loads(voted.read_text())["height"] == "7"


def test_the_settings_survive_their_file(tmp_path):
    (tmp_path / "consortia.toml").write_text(render(CONFIG))
    assert load(tmp_path, {}) == CONFIG


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("peers", ["east:7001"], "is not ID@HOST:PORT"),
        ("peer_listen", "7001", "peer_listen: an address is host:port"),
        ("peer_listen", "", "peer_listen = HOST:PORT is wanted"),
        ("metrics_listen", "here", "metrics_listen: an address is host:port"),
    ],
)
def test_a_setting_that_cannot_be_is_named(setting, value, told):
    values = {"member": "north", "network": "0" * 64, "driver": "cometbft", "peer_listen": "127.0.0.1:7001"}
    with pytest.raises(ConfigError, match=told):
        build({**values, setting: value}, "here")
