"""Backing up a home while its node runs, and making a home of a backup.

A backup is a folder with the parts of a home, and `backup.json`, which names every file with its size and
SHA-256. The witness's memory is copied before the ledger, so a backup never remembers more than its
ledger holds; blobs after it, so none that the ledger names is missing.

Restoring over a home that is still there keeps that home's witness memory and keys: what a witness has signed
must outlive the ledger that is put in its place. The node then cosigns nothing until its ledger has caught
up with what it signed, and an orderer hears its followers first, and follows the longer history.
"""

import shutil
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path
from typing import Literal

import msgspec

from consortia.kernel.ledger import Ledger
from consortia.node.archive import Progress, Standing, ledger_of
from consortia.node.config import FILE
from consortia.node.home import Home, HomeError, write_private
from consortia.node.invitations import FILE as INVITATIONS
from consortia.store.disk import sync
from consortia.workers.diary import is_passing

MANIFEST = "backup.json"
COPIED = ("keys", "private", "blobs")


class BackupError(ValueError):
    """A backup that cannot be made or used; the text names the file and says why."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup says of itself: where its ledger stands, and its files with size and SHA-256 in hex."""

    format: Literal["consortia-backup-1"]
    network: str
    member: str
    height: int
    size: int
    root: str
    files: dict[str, tuple[int, str]]


def begin_backup(home: Home, folder: Path) -> None:
    """Make the folder of a backup, and copy what must be older than the ledger; raises BackupError."""
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in (FILE, "genesis.cbor", INVITATIONS):
        if (home.path / name).is_file():
            shutil.copy2(home.path / name, folder / name)
    _copy_folder(home.witness, folder / "witness")


def finish_backup(home: Home, ledger: Ledger, folder: Path, progress: Progress) -> Standing:
    """Copy the rest, once the ledger's copy is in `folder`; name every file, and force all to disk."""
    config, tip = home.config({}), ledger.tip
    for name in COPIED:
        _copy_folder(home.path / name, folder / name)
    paths = list(_files(folder))
    found: dict[str, tuple[int, str]] = {}
    for count, path in enumerate(paths, 1):
        found[path.relative_to(folder).as_posix()] = (path.stat().st_size, _hash(path))
        sync(path)
        progress("files", count, len(paths))
    manifest = Manifest(
        "consortia-backup-1", config.network, config.member, tip.height, tip.size, tip.root.hex(), found
    )
    write_private(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    blobs = sum(1 for name in found if name.startswith("blobs/"))
    return Standing(tip.height, tip.size, tip.root.hex(), blobs)


def restore_home(backup: Path, path: Path, progress: Progress) -> tuple[Home, Manifest, bool]:
    """Make a home of a backup, or put its ledger in the place of a home's; True for the latter.

    Raises BackupError for a file that is not as it was, HomeError while a node runs on the home.

    1. Every file that the backup names is there, and as it was; there is no other. 2. The ledger stands
    at the height and root that the backup names. 3. Over a home of the same network and member, its witness
    memory and keys stay, its ledger is set aside, and blobs and private data are added to those it has.
    """
    manifest = check_backup(backup, progress)  # 1
    with ledger_of(backup / "ledger") as ledger:
        tip = ledger.tip
        if (tip.height, tip.size, tip.root.hex()) != (manifest.height, manifest.size, manifest.root):  # 2
            raise BackupError(f"{backup / 'ledger'} does not stand where {MANIFEST} says")
    home = Home(path.expanduser().absolute())
    if not (home.path / FILE).exists():
        _fresh(backup, home)
        return home, manifest, False
    config = home.config({})
    if (config.network, config.member) != (manifest.network, manifest.member):
        raise HomeError(f"{home.path} is the home of {config.member} in network {config.network[:16]}")
    with home.locked():
        _over(backup, home)  # 3
    return home, manifest, True


def check_backup(backup: Path, progress: Progress) -> Manifest:
    """The manifest of a backup whose files are all as they were; raises BackupError naming another."""
    try:
        manifest = msgspec.json.decode((backup / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise BackupError(f"{backup} is no backup, or not a whole one: it has no {MANIFEST}") from None
    except ValueError as error:
        raise BackupError(f"{backup / MANIFEST}: {error}") from None
    present = {path.relative_to(backup).as_posix() for path in _files(backup)} - {MANIFEST}
    wrong = sorted(present.symmetric_difference(manifest.files) - {"ledger/writer.lock"})
    if wrong:
        state = "missing" if wrong[0] in manifest.files else "not of this backup"
        raise BackupError(f"{backup / wrong[0]} is {state}")
    for count, (name, (size, digest)) in enumerate(sorted(manifest.files.items()), 1):
        path = backup / name
        if path.stat().st_size != size or _hash(path) != digest:
            raise BackupError(f"{path} was changed after the backup was made")
        progress("files", count, len(manifest.files))
    return manifest


def _fresh(backup: Path, home: Home) -> None:
    if home.path.exists() and any(home.path.iterdir()):
        raise HomeError(f"{home.path} is not empty")
    home.path.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in _files(backup):
        name = path.relative_to(backup)
        if name.as_posix() not in {MANIFEST, FILE}:
            _put(path, home.path / name)
    for folder in (home.keys, home.ledger, home.blobs, home.private, home.witness, home.logs):
        folder.mkdir(exist_ok=True, mode=0o700)
    _put(backup / FILE, home.path / FILE)  # last: before this there is no home


def _over(backup: Path, home: Home) -> None:
    aside = home.path / "ledger-before-restore"
    if aside.exists():
        raise HomeError(
            f"{aside} is there from an earlier restore: see whether it is still needed, and remove it"
        )
    fresh = home.path / "ledger-restored"
    shutil.rmtree(fresh, ignore_errors=True)
    _copy_folder(backup / "ledger", fresh)
    for name in ("blobs", "private"):
        for path in _files(backup / name):
            target = home.path / name / path.relative_to(backup / name)
            if not target.exists():
                _put(path, target)
    home.ledger.replace(aside)
    fresh.replace(home.ledger)
    home.index_file.unlink(missing_ok=True)


def _copy_folder(source: Path, target: Path) -> None:
    """Copy a folder's files, all but those still being written and what a round's secrecy needs gone."""
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in _files(source):
        unfinished = path.suffix == ".new" or "part" in path.relative_to(source).parts[:-1]
        if not unfinished and not is_passing(path):
            _put(path, target / path.relative_to(source))


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copy2(source, target)
    target.chmod(0o600)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
