"""The audit of one home, or of every member's home in a folder, each in a process of its own.

A damaged page can crash whoever reads it, so a home is read by a child process; if that dies, the
audit says so instead of dying with it.
"""

import tempfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from consortia.app import application
from consortia.base.codec import Malformed
from consortia.base.ids import network_id
from consortia.kernel.ledger import Ledger
from consortia.node.audit.acts import audit_acts
from consortia.node.audit.findings import Findings
from consortia.node.audit.folder import Shelf, copied, unreadable
from consortia.node.audit.ledger import audit_store
from consortia.node.audit.predictions import audit_predictions
from consortia.node.audit.rounds import audit_rounds
from consortia.node.blobs import BlobError
from consortia.node.config import FILE, ConfigError
from consortia.node.home import Home, HomeError
from consortia.store.errors import StoreError
from consortia.store.lmdb import LmdbStore
from consortia.workers.vault import Vault, VaultError

PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Audit:
    """What the audit of one or several homes of one network found."""

    homes: tuple[Findings, ...]

    @property
    def mismatches(self) -> int:
        """All mismatches of all homes."""
        return sum(findings.count for findings in self.homes)

    def facts(self) -> dict[str, int]:
        """The counts: blocks of the longest home, rounds and predictions over all homes."""
        return {
            "blocks": max((findings.blocks for findings in self.homes), default=0),
            "rounds_recomputed": sum(findings.rounds_recomputed for findings in self.homes),
            "predictions_replayed": sum(findings.predictions_replayed for findings in self.homes),
            "acts_executed": sum(findings.acts_executed for findings in self.homes),
            "mismatches": self.mismatches,
        }


def homes_in(folder: Path) -> list[Path]:
    """The homes to audit: the folder itself, or the homes in it; raises ConfigError when there are none."""
    if (folder / FILE).is_file():
        return [folder]
    found = sorted(path.parent for path in folder.glob(f"*/{FILE}"))
    if not found:
        raise ConfigError(f"{folder} is no home and holds none: no {FILE} in it or in a folder below it")
    if (link := next((home for home in found if home.is_symlink()), None)) is not None:
        raise ConfigError(f"{link} is a link: audit the home that it leads to by its own name")
    return found


def audit_homes(folder: Path) -> Audit:
    """Audit every home in a folder; raises ConfigError when there is none."""
    homes = homes_in(folder)
    context = get_context("spawn")
    found: list[Findings] = []
    with ProcessPoolExecutor(min(PROCESSES, len(homes)), mp_context=context) as pool:
        waiting = [(home, pool.submit(audit_home, home)) for home in homes]
        for home, future in waiting:
            try:
                found.append(future.result())
            except BrokenProcessPool:
                found.append(_alone(home))
    _compare(found)
    return Audit(tuple(found))


def _alone(home: Path) -> Findings:
    """Audit a home again after the process that read some home died."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(audit_home, home).result()
        except BrokenProcessPool:
            findings = Findings(str(home))
            findings.wrong("store", "is so damaged that reading it ends the process")
            return findings


def audit_home(path: Path) -> Findings:
    """Audit one home, working on a copy of its store so that a running node is not disturbed.

    Nothing is written there, and no link in it is followed: it may be a stranger's.
    """
    findings = Findings(str(path))
    home = Home(path.absolute())
    for place, why in unreadable(home):
        findings.wrong(place, why)
    if findings.count:
        return findings
    try:
        config = home.config({})
        findings.member, findings.network = config.member, config.network
        genesis = home.genesis()
    except (ConfigError, HomeError) as error:
        findings.wrong("home", str(error))
        return findings
    findings.expect(
        network_id(genesis) == config.network_id, "genesis.cbor", "does not hash to the network's id"
    )
    with tempfile.TemporaryDirectory(prefix="consortia-audit-") as folder:
        copy = Path(folder) / "ledger"
        try:
            refused = copied(home.ledger, copy)
        except OSError as error:
            refused = f"cannot be read ({error.strerror})"
        if refused is not None:
            findings.wrong("ledger", refused)
        else:
            _audit_copy(copy, home, config.network_id, findings)
    return findings


def _audit_copy(copy: Path, home: Home, network: bytes, findings: Findings) -> None:
    try:
        store = LmdbStore(copy, read_only=True)
    except StoreError as error:
        findings.wrong("store", str(error))
        return
    try:
        with store.snapshot() as view:
            replay = audit_store(view, application(), network, findings, home.snapshots)
        if replay is not None:
            _audit_work(replay.ledger, home, findings)
    except (StoreError, Malformed) as error:
        findings.wrong("store", str(error))
    finally:
        store.close()


def _audit_work(ledger: Ledger, home: Home, findings: Findings) -> None:
    blobs = Shelf(home.blobs)
    for path in blobs.files():
        try:
            blobs.check(path)
        except BlobError as error:
            findings.wrong(f"blob {ascii(path.name)[1:-1]}", str(error))
        findings.blobs += 1
    audit_rounds(ledger, blobs, findings)
    vault = Vault(home.private)

    def own(root: bytes) -> bytes | None:
        try:
            return vault.opened_batch(root)
        except VaultError as error:
            findings.wrong(f"private predictions {root.hex()[:16]}", str(error))
            return None

    audit_predictions(ledger, blobs, own, findings)
    audit_acts(ledger, blobs, own, findings)


def _compare(found: Iterable[Findings]) -> None:
    """Homes of one network hold one history: no two roots for one size."""
    roots: dict[tuple[str, int], tuple[str, str]] = {}
    for findings in found:
        key = findings.network, findings.tip_size
        root, home = roots.setdefault(key, (findings.tip_root, findings.home))
        text = f"at {findings.tip_size} leaves its root is another than that of {home}"
        findings.expect(root == findings.tip_root, "log", text)
