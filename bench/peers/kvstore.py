"""CometBFT's own application, a store of keys and values in Go: what bft.throughput is held against."""

import base64
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from consortia.base.keys import SigningKey
from consortia.node.cometbft.files import Files, Sockets, Start, address, settings
from consortia.node.cometbft.peering import free_ports
from consortia.node.cometbft.rpc import Rpc
from consortia.node.config import Config


class Kvstore:
    """CometBFTs, one for each name, with the application that is built in."""

    def __init__(self, folder: Path, names: Sequence[str], program: Path) -> None:
        self.folder, ports = folder, free_ports(len(names))
        keys = {name: SigningKey(os.urandom(32)) for name in names}
        homes = {name: Files(folder / name) for name in names}
        for name in names:
            (folder / name).mkdir(parents=True)
        places = [
            f"{homes[name].prepare()}@127.0.0.1:{port}" for name, port in zip(names, ports, strict=True)
        ]
        self.rpcs, self.processes = {}, []
        for place, name in enumerate(names):
            peers = tuple(places[:place] + places[place + 1 :])
            listen = f"127.0.0.1:{ports[place]}"
            config = Config(member=name, network="0" * 64, driver="cometbft", peer_listen=listen, peers=peers)
            sockets = Sockets(folder / name / "app.sock", folder / name / "rpc.sock")
            homes[name].write(config, Start("kvstore", 1_767_225_600_000), keys[name], sockets)
            text = settings(config, sockets).replace(f"unix://{sockets.app}", "persistent_kvstore")
            (homes[name].config / "config.toml").write_text(text)
            document = json.loads((homes[name].config / "genesis.json").read_text())
            document["validators"] = [_validator(*one) for one in keys.items()]
            (homes[name].config / "genesis.json").write_text(json.dumps(document))
            self.rpcs[name] = Rpc(sockets.rpc)
        for name in names:
            with (folder / name / "log").open("wb") as log:
                self.processes.append(
                    subprocess.Popen([program, "start", "--home", homes[name].folder], stdout=log, stderr=log)
                )

    def stop(self) -> None:
        """End them all."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()

    async def done(self) -> int:
        """How many values stand in blocks, as the application counts them."""
        told = json.loads(await next(iter(self.rpcs.values()))._ask("abci_info", {}))
        return int(json.loads(told["response"]["data"])["size"])


def _validator(name: str, key: SigningKey) -> dict[str, object]:
    """A validator as CometBFT's genesis names it."""
    value = base64.b64encode(key.public).decode()
    return {
        "address": address(key.public).hex().upper(),
        "pub_key": {"type": "tendermint/PubKeyEd25519", "value": value},
        "power": "1",
        "name": name,
    }
