"""`python -m consortia.node.worker`: the worker's process beside its node, with a key of its own."""

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from consortia.engines.train.api import RecipeError
from consortia.engines.train.learner import load_trainer
from consortia.modules.assets.queries import ById, ListVersions, MaybeAsset, VersionPage
from consortia.node.collector import settle
from consortia.node.config import ConfigError
from consortia.node.door import HttpDoor
from consortia.node.home import Home
from consortia.node.keys import KeyFileError, find_key, open_key, passphrase_from
from consortia.node.tls import TlsError, pins_at
from consortia.sdk.client import Client
from consortia.workers.curves import FOLDER as CURVES_FOLDER
from consortia.workers.curves import Curves
from consortia.workers.diary import FOLDER, Diary
from consortia.workers.door import Data, Door
from consortia.workers.loop import Together, run
from consortia.workers.priority import be_nice, when_idle
from consortia.workers.report import Report
from consortia.workers.trustee import FOLDER as TRUSTEE_FOLDER
from consortia.workers.trustee import Trustee
from consortia.workers.vault import Vault
from consortia.workers.vault_data import VaultData
from consortia.workers.worker import Worker

_LOG = logging.getLogger("consortia.worker")
Make = type[Worker]


def main(arguments: list[str] | None = None, make: Make = Worker) -> int:
    """Work for the home's member until told to stop, or until the node that started this is gone."""
    parser = argparse.ArgumentParser(prog="consortia.node.worker", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--url", required=True, help="where the member's own node listens")
    parser.add_argument("--trainer", default="", help="module:name of the member's own program, for weights")
    parser.add_argument("--parent", type=int, default=0, help="end when this process is no longer the parent")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    be_nice()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if given.parent:
        os.setpgrp()  # what a terminal sends is for the node, which then ends this
        threading.Thread(target=_watch, args=(given.parent, stop), daemon=True).start()
    try:
        worker = _worker(Home.find(given.home, os.environ), given.url, given.trainer, make)
    except (ConfigError, KeyFileError, TlsError, RecipeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    settle()
    run(worker, stop.is_set, stop.wait)
    return 0


def client_of(home: Home, url: str) -> Client:
    """A client for a home's worker of its own node at `url`; raises ConfigError, KeyFileError, TlsError."""
    config = home.config(os.environ)
    key = open_key(find_key(home.keys, "worker"), lambda: passphrase_from(os.environ))
    pins = pins_at(home.keys, url)
    return Client(url, network=config.network_id, member=config.member, key=key, pins=pins)


def _worker(home: Home, url: str, trainer: str, make: Make) -> Together:
    config = home.config(os.environ)
    named = trainer or config.trainer
    door: Door = HttpDoor(client_of(home, url), config.member, home.blobs)

    known: dict[tuple[bytes, int], tuple[str, bytes]] = {}

    def committed(dataset: bytes, version: int) -> tuple[str, bytes] | None:
        if (dataset, version) in known:  # what a version commits to never changes
            return known[dataset, version]
        found = door.query("assets.asset", ById(dataset), MaybeAsset).asset
        page = door.query("assets.versions", ListVersions(dataset, version - 1, 1), VersionPage).versions
        if found is None or not page or page[0].number != version:
            return None
        known[dataset, version] = found.name, page[0].commitment
        return known[dataset, version]

    data: Data = VaultData(Vault(home.private), committed)
    own = load_trainer(named) if named else None
    diary, curves = Diary(home.private / FOLDER), Curves(home.private / CURVES_FOLDER)
    worker = make(door, data, diary, tell=_tell, trainer=own, apart=when_idle, curves=curves)
    return Together(worker, Trustee(door, config.network_id, home.private / TRUSTEE_FOLDER, tell=_tell))


def _tell(report: Report) -> None:
    name = report.study.hex()[:16]
    _LOG.info("%s %s, round %s.%s: %s", report.kind, name, report.index, report.attempt, report.detail)


def _watch(parent: int, stop: threading.Event) -> None:
    """Stop once the process that started this one is gone, however it went."""
    while not stop.wait(0.2):
        if os.getppid() != parent:
            stop.set()


if __name__ == "__main__":
    sys.exit(main())
