"""Starting a node from its home: settings, keys, the lock, the event loop."""

import logging
import logging.handlers
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import uvloop

from consortia.base.keys import SigningKey
from consortia.kernel.upgrades import Outdated
from consortia.node.cometbft.binary import CometBftError
from consortia.node.config import Config, ConfigError
from consortia.node.embedded import EmbeddedNode
from consortia.node.home import Home, HomeError, Running
from consortia.node.keys import SUFFIX, KeyFileError, find_keys, list_keys, open_key, passphrase_from
from consortia.node.server import Keys, NodeProcess
from consortia.node.tls import TlsError
from consortia.sdk.errors import outdated
from consortia.store.errors import StoreError

LOG_BYTES_MAX = 8 << 20
_LOG = logging.getLogger("consortia.node")


TOO_OLD = 4
"""The exit code of a node whose software lacks rules that are in force: starting it again does not help."""


class Cannot(RuntimeError):
    """Why a node cannot start, or go on, in one clear line; `code` is the exit code that goes with it."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


def serve(
    path: Path | None,
    environment: Mapping[str, str],
    flags: Mapping[str, object],
    ready: Callable[[Running], None],
    make: type[EmbeddedNode] = EmbeddedNode,
) -> None:
    """Run the node of the home at `path` until SIGTERM; raises Cannot. `ready` is told where it listens.

    `make` makes the node's core.
    """
    try:
        home = Home.find(path, environment)
        config = home.config(environment, flags)
        with home.locked():
            _log_to(home)
            _LOG.info(
                "Consortia %s starts for %s, ordered by %s",
                version("consortia"),
                config.member,
                config.driver,
            )
            uvloop.run(_run(home, config, node_keys(home, environment), ready, make))
            _LOG.info("ended as asked")
    except (ConfigError, HomeError, KeyFileError, TlsError, StoreError, CometBftError, OSError) as error:
        raise Cannot(str(error)) from error
    except Outdated as error:
        raise Cannot(f"stopped before a block that it has no rules for: {outdated(error)}", TOO_OLD) from None


def node_keys(home: Home, environment: Mapping[str, str]) -> Keys:
    """The home's node keys; raises KeyFileError."""
    phrase: list[str] = []

    def ask() -> str:
        if not phrase:
            phrase.append(passphrase_from(environment))
        return phrase[0]

    opened: dict[Path, SigningKey] = {}

    def consensus() -> tuple[SigningKey, ...]:
        paths = [
            home.keys / f"{info.label}{SUFFIX}" for info in list_keys(home.keys) if info.role == "consensus"
        ]
        for path in paths:
            if path not in opened:
                opened[path] = open_key(path, ask)
        return tuple(opened[path] for path in paths)

    return Keys(tuple(open_key(one, ask) for one in find_keys(home.keys, "node")), consensus)


async def _run(
    home: Home, config: Config, keys: Keys, ready: Callable[[Running], None], make: type[EmbeddedNode]
) -> None:
    process = NodeProcess(home, config, keys, make=make)
    await process.run(ready)


class _LogFile(logging.handlers.RotatingFileHandler):
    """A log that goes on without the lines for which its disk has no room."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the library's name)
        """A line is lost; a node that cannot write says so where people look (`hindrance`)."""


def _log_to(home: Home) -> None:
    """Write warnings and what matters to the home's log, in turn over two files; the worst also to stderr."""
    handler = _LogFile(home.logs / "node.log", maxBytes=LOG_BYTES_MAX, backupCount=1, encoding="utf-8")
    loud = logging.StreamHandler(sys.stderr)
    loud.setLevel(logging.CRITICAL)
    root = logging.getLogger("consortia")
    for each in (handler, loud):
        each.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root.addHandler(each)
    root.setLevel(logging.INFO)
    root.propagate = False
    for name in ("asyncio", "uvicorn"):
        logging.getLogger(name).addHandler(handler)
