"""Leaving with everything, and starting again from it: one archive file.

The file is a plain tar with, in this order:

    archive.json        format, network, member, orderer; height, size and root of the log
    genesis.cbor        the network's first facts
    blocks/HEIGHT       every block as its driver decided it, from height 1
    notes/SIZE          every kept final ledger checkpoint
    blobs/ID            every blob that the home holds
    keys/*, private/*   with `private` only: the member's keys, and its own records with their salts

Nothing of an archive is believed: whoever starts from it replays every block under the genesis and arrives
at the root, checks every checkpoint's root and cosignatures, and hashes every blob.
"""

import io
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, Self

import msgspec

from consortia.app import application
from consortia.base.codec import U63, Malformed, Milliseconds, Record, decode_record
from consortia.base.ids import network_id
from consortia.base.note import parse_note
from consortia.kernel.block import BLOCK_BYTES_MAX, Block, Header, MemberSet, parse_leaf
from consortia.kernel.checkpoint import check_final
from consortia.kernel.genesis import Genesis
from consortia.kernel.ledger import Ledger
from consortia.kernel.machine import InvalidBlock
from consortia.node.blobs import Blobs
from consortia.node.config import build
from consortia.node.home import Home
from consortia.store.lmdb import LmdbStore
from consortia.workers.diary import is_passing

MANIFEST = "archive.json"
FORMAT: Literal["consortia-archive-2"] = "consortia-archive-2"
OLD_FORMAT: Literal["consortia-archive-1"] = "consortia-archive-1"
"""Its blocks have no accusations; it is read, and not written any more."""

MEMBER_BYTES_MAX = 64 << 20
Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


class ArchiveError(ValueError):
    """An archive that cannot be made or used; the text names the entry and says why."""


class _OldBlock(Record, frozen=True):
    """A block of format 1."""

    height: U63
    time: Milliseconds
    transactions: tuple[bytes, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an archive says of itself; hashes in hex."""

    format: Literal["consortia-archive-2", "consortia-archive-1"]
    network: str
    member: str
    orderer: str
    height: int
    size: int
    root: str
    private: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a ledger stands: height, leaves, root in hex; and how many blobs came along."""

    height: int
    size: int
    root: str
    blobs: int


@contextmanager
def ledger_of(folder: Path) -> Iterator[Ledger]:
    """The ledger in a folder that nobody writes to, for reading; raises StoreError."""
    with LmdbStore(folder, read_only=True) as store:
        yield Ledger.open(store, application())


def export_home(home: Home, ledger: Ledger, file: Path, *, private: bool, progress: Progress) -> Standing:
    """Write the archive of a home with its ledger, which is read only; raises OSError, BlobError."""
    config = home.config({})
    tip, blobs = ledger.tip, Blobs(home.blobs)
    manifest = Manifest(
        FORMAT,
        config.network,
        config.member,
        config.orderer or config.member,
        tip.height,
        tip.size,
        tip.root.hex(),
        private,
    )
    beside = file.with_name(f"{file.name}.part")
    try:
        with (
            beside.open("xb") as out,
            tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar,
        ):
            _put(tar, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
            _put(tar, "genesis.cbor", home.genesis())
            count = _put_ledger(tar, ledger, blobs, progress)
            if private:
                for folder in (home.keys, home.private):
                    _put_folder(tar, folder, home.path)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
    return Standing(tip.height, tip.size, tip.root.hex(), count)


def import_home(
    file: Path, path: Path, *, progress: Progress, settings: Mapping[str, object] | None = None
) -> tuple[Home, Manifest, Standing]:
    """Make a home of an archive by replaying it; raises ArchiveError, HomeError.

    `settings` are further ones of the new home. Under another driver the network goes on from the last block:
    so that all begin at the same one, it must be final, and somebody must be able to vote.

    1. The genesis hashes to the network's name. 2. Every block is executed anew, all signatures checked, and
    follows the one before. 3. Every checkpoint has the root that the replay computed at its size, and was
    made final by the member set at the start of its last block. 4. Every blob hashes to its id. 5. The log
    ends at the size and root that the archive names.
    """
    try:
        with tarfile.open(file, mode="r:", tarinfo=_Entry) as tar:
            return _Import(tar, file.stat().st_size, path, progress, settings or {}).run()
    except tarfile.TarError as error:
        raise ArchiveError(f"{file} is no archive: {error}") from None


class _Entry(tarfile.TarInfo):
    """An entry of an archive, a plain file: a tar holds links too, and holes that are huge in a few bytes."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read a header; raises ArchiveError for one that is no plain file's, before anything follows it."""
        entry = super().frombuf(buf, encoding, errors)
        if entry.type not in {tarfile.REGTYPE, tarfile.AREGTYPE} or entry.size < 0:
            raise ArchiveError(f"{entry.name!r} is no plain file, and belongs in no archive")
        return entry


class _Import:
    """The making of a home, which is taken away again when anything is wrong."""

    def __init__(
        self, tar: tarfile.TarFile, size: int, path: Path, progress: Progress, settings: Mapping[str, object]
    ) -> None:
        self._settings = settings
        self._entries = _whole(tar, size)
        self._tar, self._path, self._progress = tar, path, progress
        self._founders = MemberSet(())
        self._sets: list[tuple[int, MemberSet]] = []

    def run(self) -> tuple[Home, Manifest, Standing]:
        manifest = self._manifest()
        genesis = self._take("genesis.cbor")
        if network_id(genesis).hex() != manifest.network:
            raise ArchiveError(f"genesis.cbor does not hash to {manifest.network}")  # 1
        existed = self._path.exists()
        values = {"member": manifest.member, "network": manifest.network, "orderer": manifest.orderer}
        config = build({**values, **self._settings}, "the settings of the new home")
        home = Home.create(self._path, config, genesis)
        try:
            standing = self._fill(home, manifest, genesis)
        except BaseException:
            shutil.rmtree(home.path)
            if existed:
                home.path.mkdir(mode=0o700)
            raise
        return home, manifest, standing

    def _manifest(self) -> Manifest:
        try:
            return msgspec.json.decode(self._take(MANIFEST), type=Manifest)
        except ValueError as error:
            raise ArchiveError(f"{MANIFEST}: {error}") from None

    def _fill(self, home: Home, manifest: Manifest, genesis: bytes) -> Standing:
        blobs, count = Blobs(home.blobs), 0
        with LmdbStore(home.ledger) as store:
            try:
                ledger = Ledger.create(store, application(), decode_record(Genesis, genesis))
            except (Malformed, InvalidBlock) as error:
                raise ArchiveError(f"genesis.cbor: {error}") from None
            self._founders = ledger.members()
            for entry in self._entries:
                kind, _, name = entry.name.partition("/")
                if kind == "blocks":
                    self._block(ledger, entry, manifest)  # 2
                    self._progress("blocks", ledger.tip.height, manifest.height)
                elif kind == "notes":
                    self._note(ledger, entry)  # 3
                elif kind == "blobs":
                    self._blob(blobs, name, entry)  # 4
                    count += 1
                elif manifest.private and kind in {"keys", "private"}:
                    self._own(home, entry)
                else:
                    raise ArchiveError(f"{entry.name} belongs in no archive")
            if self._settings.get("driver") == "cometbft":
                _check_end(ledger)
            tip = ledger.tip
        found = (tip.height, tip.size, tip.root.hex())
        if found != (manifest.height, manifest.size, manifest.root):  # 5
            raise ArchiveError(
                f"the blocks lead to height {tip.height} and root {tip.root.hex()}, "
                f"the archive names height {manifest.height} and root {manifest.root}"
            )
        return Standing(tip.height, tip.size, tip.root.hex(), count)

    def _block(self, ledger: Ledger, entry: tarfile.TarInfo, manifest: Manifest) -> None:
        data = self._read(entry)
        try:
            if manifest.format == OLD_FORMAT:
                old = decode_record(_OldBlock, data, size_max=BLOCK_BYTES_MAX)
                ledger.append(Block(old.height, old.time, old.transactions))
            else:
                ledger.append(decode_record(Block, data, size_max=BLOCK_BYTES_MAX))
        except (Malformed, InvalidBlock) as error:
            raise ArchiveError(f"{entry.name}: {error}") from None

    def _note(self, ledger: Ledger, entry: tarfile.TarInfo) -> None:
        data = self._read(entry)
        try:
            note = parse_note(data)
            point = note.checkpoint
            known = ledger.root(point.size)
            check_final(note, ledger.network, self._set_at(ledger, point.size))
        except (ValueError, LookupError) as error:
            raise ArchiveError(f"{entry.name}: {error}") from None
        if known != point.root or entry.name != f"notes/{point.size:012}":
            raise ArchiveError(f"{entry.name} is not the root at size {point.size}")
        ledger.store.put_note(point.size, data)

    def _set_at(self, ledger: Ledger, size: int) -> MemberSet:
        """The member set at the start of the block that ends at a log size; raises LookupError."""
        if not self._sets:
            self._sets = [
                (0, self._founders),
                *((step.height, step.members) for step in ledger.set_changes()),
            ]
        data = ledger.leaf(size - 1)
        header = None if data is None else parse_leaf(data)
        if not isinstance(header, Header):
            raise LookupError(f"no block ends at size {size}")  # noqa: TRY004 (what lies there is no fault of a type)
        return [members for height, members in self._sets if height < max(1, header.height)][-1]

    def _blob(self, blobs: Blobs, name: str, entry: tarfile.TarInfo) -> None:
        source = self._opened(entry)
        temporary = blobs.folder / "part" / "import.new"
        try:
            with temporary.open("wb") as out:
                shutil.copyfileobj(source, out)
            found = blobs.put_file(temporary)
        finally:
            temporary.unlink(missing_ok=True)
        if found.hex() != name:
            raise ArchiveError(f"{entry.name} hashes to {found.hex()}")

    def _own(self, home: Home, entry: tarfile.TarInfo) -> None:
        target = home.path / entry.name
        if ".." in Path(entry.name).parts:
            raise ArchiveError(f"{entry.name!r} belongs in no archive")
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target.write_bytes(self._read(entry))
        target.chmod(0o600)

    def _take(self, name: str) -> bytes:
        """The next entry, which must have this name."""
        entry = next(self._entries, None)
        if entry is None or entry.name != name:
            raise ArchiveError(f"{name} is missing, or not in its place")
        return self._read(entry)

    def _read(self, entry: tarfile.TarInfo) -> bytes:
        if entry.size > MEMBER_BYTES_MAX and not entry.name.startswith("private/"):
            raise ArchiveError(f"{entry.name} is longer than any there is")
        return self._opened(entry).read()

    def _opened(self, entry: tarfile.TarInfo) -> IO[bytes]:
        source = self._tar.extractfile(entry)
        if source is None:  # pragma: no cover (every entry is a plain file; the types do not tell)
            raise ArchiveError(f"{entry.name} is no file")
        return source


def _whole(tar: tarfile.TarFile, size: int) -> Iterator[tarfile.TarInfo]:
    """The entries of an archive of so many bytes; raises ArchiveError for one that would end after it."""
    for entry in tar:
        if entry.offset_data + entry.size > size:
            raise ArchiveError(f"{entry.name} is not there to its end")
        yield entry


def _check_end(ledger: Ledger) -> None:
    """Raise ArchiveError unless CometBFT's chain can begin at the end of this ledger."""
    with ledger.store.snapshot() as view:
        newest = view.newest_note()
    final = 0 if newest is None else newest[0]
    if final != ledger.tip.size:
        raise ArchiveError(
            f"the log has {ledger.tip.size} leaves, and {final} of them are final: let all nodes run until "
            "`consortia status` says that everything is, then stop them and export again"
        )
    if not voters(ledger):
        raise ArchiveError(
            "no member has a consensus key: each makes one by `consortia key rotate --consensus` first"
        )


def voters(ledger: Ledger) -> list[str]:
    """The members who would vote under CometBFT."""
    found: list[str] = []
    ledger.ask(lambda ctx: found.extend(one.member for one in ledger.app.keys.validators(ctx)))
    return found


def _put_ledger(tar: tarfile.TarFile, ledger: Ledger, blobs: Blobs, progress: Progress) -> int:
    if (base := ledger.base) is not None:
        raise ArchiveError(
            f"this home was restored from a snapshot and begins at block {base.height}; "
            "export from a member's home that has all blocks"
        )
    with ledger.store.snapshot() as view:
        for height in range(1, ledger.tip.height + 1):
            data = view.block(height)
            if data is None:
                raise ArchiveError(
                    f"block {height} is missing from the store; consortia audit names what else is"
                )
            _put(tar, f"blocks/{height:012}", data)
            progress("blocks", height, ledger.tip.height)
        for size, data in view.notes():
            _put(tar, f"notes/{size:012}", data)
    ids = list(blobs.ids())
    for count, blob in enumerate(ids, 1):
        info = tarfile.TarInfo(f"blobs/{blob.hex()}")
        info.size = blobs.size(blob)
        blobs.tree(blob)
        with (blobs.folder / blob.hex()[:2] / blob.hex()).open("rb") as source:
            tar.addfile(info, source)
        progress("blobs", count, len(ids))
    return len(ids)


def _put_folder(tar: tarfile.TarFile, folder: Path, base: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not is_passing(path):
            _put(tar, path.relative_to(base).as_posix(), path.read_bytes())


def _put(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o600
    tar.addfile(info, io.BytesIO(data))
