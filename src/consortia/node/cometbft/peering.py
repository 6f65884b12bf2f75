"""How CometBFT nodes find one another: by the addresses in `consortia.toml`, and then by asking around."""

import socket
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from consortia.node.cometbft.files import Files
from consortia.node.config import Config, save
from consortia.node.home import Home


def peer_of(home: Home, config: Config) -> str:
    """Where a home's CometBFT is reached: id@host:port. Makes its identity where there is none."""
    return f"{Files(home.path).prepare()}@{config.peer_place}"


def introduce(homes: Sequence[Home]) -> None:
    """Write into each of these homes' settings where the others' CometBFT is."""
    configs = [home.config({}) for home in homes]
    peers = [peer_of(home, config) for home, config in zip(homes, configs, strict=True)]
    for place, (home, config) in enumerate(zip(homes, configs, strict=True)):
        save(replace(config, peers=(*peers[:place], *peers[place + 1 :])), home.path)


def local_settings(names: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
    """For nodes on this machine: a free port each to serve on, and one for CometBFT's peers."""
    ports = iter(free_ports(2 * len(names)))
    return {
        name: {"listen": f"127.0.0.1:{next(ports)}", "peer_listen": f"127.0.0.1:{next(ports)}"}
        for name in names
    }


def free_ports(count: int) -> list[int]:
    """Different ports of 127.0.0.1 that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
