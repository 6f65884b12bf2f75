"""CometBFT's own files, made from a node's settings and the ledger: nobody edits them.

    cometbft/config/config.toml               how it runs
    cometbft/config/genesis.json              where its chain starts; the same bytes at every member
    cometbft/config/node_key.json             who it is to its peers; made once
    cometbft/config/priv_validator_key.json   the consensus key; there only while CometBFT starts
    cometbft/data/                            its blocks, and what it last voted (never restored from a copy)

Consensus keys rest in the home's key files; CometBFT reads its file once, at its start; then it is removed.
"""

import base64
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from consortia.base.hashing import sha256
from consortia.base.keys import SigningKey
from consortia.drivers.cometbft import pool
from consortia.drivers.cometbft.parameters import BLOCK_BYTES, EVIDENCE_BLOCKS, EVIDENCE_SECONDS
from consortia.node.config import Config
from consortia.node.home import write_private

FOLDER = "cometbft"
TRANSACTION_BYTES_MAX = 1 << 20
"""One of CometBFT's transactions is a whole bundle of ours."""

REQUEST_BYTES_MAX = 2 * TRANSACTION_BYTES_MAX
POOL_MAX = 5_000
POOL_BYTES_MAX = 4 * pool.SHARED_BYTES_MAX
"""The application lets less wait: there is room for a tick, and for what is sent again."""

PROPOSE_MILLISECONDS = 1_000
"""A proposer is given up after so long: a block of as much as may wait is made and sent well within it."""

MORE_MILLISECONDS = 1_000
"""With each round that a block lost, proposer and votes are given so much, and half so much, more time.

On machines that are overloaded a full block may take longer than all of the first rounds.
"""

_KEY = "tendermint/PubKeyEd25519"
_PRIVATE_KEY = "tendermint/PrivKeyEd25519"


@dataclass(frozen=True, slots=True)
class Start:
    """Where a chain of CometBFT's starts: its name, and the ledger's block time there (UTC milliseconds).

    Who votes and what the root is, the driver answers when the chain begins (InitChain).
    """

    chain: str
    time: int


@dataclass(frozen=True, slots=True)
class Trust:
    """What CometBFT's light client trusts to restore a snapshot: the hash (hex) of the block at a height.

    `server` is the socket at which it asks for all else.
    """

    height: int
    hash: str
    server: str


@dataclass(frozen=True, slots=True)
class Sockets:
    """The unix sockets of one node: where it serves ABCI, and where CometBFT takes requests."""

    app: Path
    rpc: Path

    @property
    def light(self) -> Path:
        """Where CometBFT's light client asks, while it restores a snapshot."""
        return self.app.with_name("light.sock")


@dataclass(frozen=True, slots=True)
class Files:
    """CometBFT's folder in a node's home."""

    home: Path

    @property
    def folder(self) -> Path:
        """What CometBFT knows as its home."""
        return self.home / FOLDER

    @property
    def config(self) -> Path:
        """The folder of its settings and keys."""
        return self.folder / "config"

    @property
    def node_key(self) -> Path:
        """Who it is to its peers."""
        return self.config / "node_key.json"

    @property
    def validator_key(self) -> Path:
        """The consensus key, while CometBFT starts."""
        return self.config / "priv_validator_key.json"

    def prepare(self) -> str:
        """Make the folders, and who CometBFT is to its peers, if they are not there; gives that id."""
        for folder in (self.folder, self.config, self.folder / "data"):
            folder.mkdir(mode=0o700, exist_ok=True)
        if not self.node_key.exists():
            write_private(
                self.node_key, msgspec.json.encode({"priv_key": _private(SigningKey(os.urandom(32)))})
            )
        return self.peer_id()

    def peer_id(self) -> str:
        """The id by which peers know it: the first 20 bytes of the hash of its key, in hex."""
        held = msgspec.json.decode(self.node_key.read_bytes())
        return address(base64.b64decode(held["priv_key"]["value"])[32:]).hex()

    def write(
        self, config: Config, start: Start, key: SigningKey, sockets: Sockets, trust: Trust | None = None
    ) -> None:
        """Write everything that CometBFT reads at its start; with `trust` it restores a snapshot first."""
        write_private(self.config / "config.toml", settings(config, sockets, trust).encode())
        write_private(self.config / "genesis.json", genesis(start))
        write_private(self.validator_key, _validator_key(key))
        state = self.folder / "data" / "priv_validator_state.json"
        if not state.exists():
            write_private(state, b'{"height": "0", "round": 0, "step": 0}')

    def began(self, chain: str) -> int | None:
        """When a chain of CometBFT's began (UTC milliseconds); None where its genesis is not here."""
        path = self.config / "genesis.json"
        told = msgspec.json.decode(path.read_bytes()) if path.exists() else {}
        if told.get("chain_id") != chain:
            return None
        return round(datetime.fromisoformat(told["genesis_time"]).timestamp() * 1000)

    def started(self) -> None:
        """CometBFT has read its key: take the file away."""
        self.validator_key.unlink(missing_ok=True)


def address(public: bytes) -> bytes:
    """CometBFT's 20-byte address of an Ed25519 key."""
    return sha256(public)[:20]


def genesis(start: Start) -> bytes:
    """CometBFT's genesis document: the same bytes wherever the start is the same."""
    seconds, milliseconds = divmod(start.time, 1000)
    second = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    document = {
        "genesis_time": f"{second}.{milliseconds:03}Z",
        "chain_id": start.chain,
        "initial_height": "1",
        "consensus_params": {
            "block": {"max_bytes": str(BLOCK_BYTES), "max_gas": "-1"},
            "evidence": {
                "max_age_num_blocks": str(EVIDENCE_BLOCKS),
                "max_age_duration": str(EVIDENCE_SECONDS * 10**9),
                "max_bytes": "1048576",
            },
            "validator": {"pub_key_types": ["ed25519"]},
            "version": {"app": "1"},
            "abci": {"vote_extensions_enable_height": "0"},
        },
        "app_hash": "",
    }
    return msgspec.json.format(msgspec.json.encode(document)) + b"\n"


def settings(config: Config, sockets: Sockets, trust: Trust | None = None) -> str:
    """CometBFT's config.toml. What is left out keeps CometBFT's default."""
    sections: dict[str, dict[str, object]] = {
        "": {
            "proxy_app": f"unix://{sockets.app}",
            "abci": "socket",
            "moniker": config.member,
            "log_level": config.cometbft_log,
            "log_format": "json",
        },
        "rpc": {"laddr": f"unix://{sockets.rpc}", "max_body_bytes": REQUEST_BYTES_MAX},
        "p2p": {
            "laddr": f"tcp://{config.peer_listen}",
            "external_address": config.peer_place,
            "persistent_peers": ",".join(config.peers),
            "addr_book_strict": False,
            "allow_duplicate_ip": True,
            "max_num_outbound_peers": 40,
            "max_num_inbound_peers": 128,
            "flush_throttle_timeout": "5ms",
            "send_rate": 50 << 20,
            "recv_rate": 50 << 20,
            "persistent_peers_max_dial_period": "2s",
        },
        "mempool": {
            "type": "flood",
            "size": POOL_MAX,
            "max_txs_bytes": POOL_BYTES_MAX,
            "max_tx_bytes": TRANSACTION_BYTES_MAX,
        },
        "statesync": _statesync(trust),
        "consensus": _consensus(config.block_milliseconds),
        "storage": {"discard_abci_responses": True},
        "tx_index": {"indexer": "null"},
        "instrumentation": {
            "prometheus": bool(config.metrics_listen),
            "prometheus_listen_addr": config.metrics_listen,
        },
    }
    lines = ["# Made from consortia.toml at each start: what is changed here is lost."]
    for name, values in sections.items():
        lines += ["", f"[{name}]"] if name else [""]
        lines += [f"{key} = {_toml(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def _statesync(trust: Trust | None) -> dict[str, object]:
    """How a snapshot is restored, if one is. CometBFT wants two servers named; both are one.

    The trusted hash was told just now, so how old its block is says nothing of it.
    """
    if trust is None:
        return {"enable": False}
    return {
        "enable": True,
        "rpc_servers": f"unix://{trust.server},unix://{trust.server}",
        "trust_height": trust.height,
        "trust_hash": trust.hash,
        "trust_period": "87600h0m0s",
        "discovery_time": "5s",
    }


def _consensus(block: int) -> dict[str, object]:
    """How long each step of a block waits, for blocks that wait so many milliseconds for late votes."""
    vote = max(200, block)
    return {
        "timeout_propose": f"{PROPOSE_MILLISECONDS + vote}ms",
        "timeout_propose_delta": f"{MORE_MILLISECONDS}ms",
        "timeout_prevote": f"{vote}ms",
        "timeout_prevote_delta": f"{MORE_MILLISECONDS // 2}ms",
        "timeout_precommit": f"{vote}ms",
        "timeout_precommit_delta": f"{MORE_MILLISECONDS // 2}ms",
        "timeout_commit": f"{block}ms",
        "create_empty_blocks": False,
        "peer_gossip_sleep_duration": "10ms",
    }


def _toml(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _private(key: SigningKey) -> dict[str, str]:
    return {"type": _PRIVATE_KEY, "value": _base64(key.seed + key.public)}


def _validator_key(key: SigningKey) -> bytes:
    return msgspec.json.encode(
        {
            "address": address(key.public).hex().upper(),
            "pub_key": {"type": _KEY, "value": _base64(key.public)},
            "priv_key": _private(key),
        }
    )
