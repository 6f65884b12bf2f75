"""A member's private store: rows, records and the salts that open what stands on the ledger.

    private/datasets/NAME              a data set by subject, all versions (`engines.commit.dataset.DataSet`)
    private/batches/ROOT/head          a record batch: root, count, block roots
    private/batches/ROOT/N             its records number N x 65,536 and on, with their salts
    private/predictions/ROOT           a batch of prediction records, opened (`OpenedBatch`)

Folders are open to their owner alone (0700, files 0600), nothing here is ever logged, and errors name no
subject. Files are canonical CBOR, written whole, so a crash leaves the old or the new. One process writes at
a time; the others wait.

Erasure destroys salts and records here: the file is replaced by one without them, and the old one is
overwritten as far as the disk allows (`workers.files`): keep this folder on an encrypted disk, and see to
your backups.
"""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U32, U63, Digest, Malformed, R, Record, decode_record, encode_record
from consortia.base.commitments import SALT_BYTES
from consortia.base.ids import is_name
from consortia.engines.commit import dataset
from consortia.engines.commit.batch import (
    PIECE_RECORDS,
    Batch,
    Opening,
    block_path,
    leaf_hashes,
    root_of_blocks,
    split,
    stream,
    verify,
)
from consortia.engines.commit.dataset import Absence, Commitment, DataSet, Presence
from consortia.engines.commit.prediction import (
    OpenedBatch,
    OpenedPrediction,
    committed,
    encode_opened,
)
from consortia.store.disk import sync
from consortia.workers.files import destroy, private, write

FILE_BYTES_MAX = 1 << 32


class VaultError(ValueError):
    """Something is not in the vault, is there already, or is not what was put there."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A batch as it stands on the ledger: its root and the number of its records."""

    root: bytes
    count: int


class _Head(Record, frozen=True):
    """What a record batch is apart from its records."""

    root: Digest
    count: U63
    blocks: bytes


class _Piece(Record, frozen=True):
    """Some of a batch's records with their salts; of those erased, by place in the piece, the leaf hash."""

    records: tuple[bytes, ...]
    salts: bytes
    erased: Annotated[tuple[tuple[U32, Digest], ...], Meta(max_length=PIECE_RECORDS)]


class Vault:
    """The private store in one folder, which is made when something is first put in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __repr__(self) -> str:
        """Name the folder, and nothing in it."""
        return f"Vault({str(self._folder)!r})"

    # Data sets

    def datasets(self) -> list[str]:
        """The names of the data sets here, sorted."""
        folder = self._folder / "datasets"
        return sorted(path.name for path in folder.iterdir() if is_name(path.name)) if folder.is_dir() else []

    def add_dataset(
        self,
        name: str,
        rows: Mapping[bytes, Sequence[bytes]],
        enrolled: Iterable[bytes] = (),
        *,
        known: bool = False,
    ) -> Commitment:
        """Keep a data set, encoded rows by subject, under fresh salts; its commitment is for the ledger.

        `enrolled` subjects get a salt but no rows: their absence can be proved to them. `known` subjects are
        no secret and have no salt; their rows have. Raise VaultError when the name is taken.
        """
        with self._locked():
            path = self._dataset_path(name)
            if path.exists():
                raise VaultError(f"there is a data set {name} already")
            data = dataset.create(rows, enrolled, known=known)
            write(path, encode_record(data))
        return dataset.commitment(data)

    def append_rows(
        self, name: str, rows: Mapping[bytes, Sequence[bytes]], *, known: bool = False
    ) -> Commitment:
        """Add rows behind those of their subjects, as a new version; nothing else is hashed again."""
        return self._change(name, lambda data: dataset.append(data, rows, known=known))

    def remove_subjects(self, name: str, subjects: Iterable[bytes]) -> Commitment:
        """Leave subjects out of a new version; their absence from it can be proved to them."""
        return self._change(name, lambda data: dataset.remove(data, subjects))

    def erase_subject(self, name: str, subject: bytes) -> Commitment:
        """Destroy a subject's salts and rows in all versions; the commitment of the version without it."""
        return self._change(name, lambda data: dataset.erase(data, [subject]), wipe=True)

    def commitment(self, name: str, version: int | None = None) -> Commitment:
        """The commitment of a version of a data set (the newest unless given)."""
        data = self.dataset(name)
        with _told():
            return dataset.commitment(data, version)

    def dataset(self, name: str) -> DataSet:
        """A data set with all that opens it, for its owner's own use."""
        return _read(self._dataset_path(name), DataSet)

    def rows(self, name: str, version: int | None = None) -> dict[bytes, tuple[bytes, ...]]:
        """The rows of a version (the newest unless given) by subject: what the owner's worker computes on."""
        data = self.dataset(name)
        with _told():
            return dataset.rows(data, version)

    def version(self, name: str, version: int) -> tuple[Commitment, dict[bytes, tuple[bytes, ...]]]:
        """The commitment of a version and its rows by subject, from one reading."""
        data = self.dataset(name)
        with _told():
            return dataset.commitment(data, version), dataset.rows(data, version)

    def open_subject(self, name: str, subject: bytes, version: int | None = None) -> Presence | Absence:
        """The proof of a subject's rows in a version, or of its absence: for that subject alone."""
        data = self.dataset(name)
        with _told():
            return dataset.prove(data, subject, version)

    # Record batches

    def add_batch(self, records: Iterable[bytes], pool: Executor | None = None) -> Committed:
        """Keep a stream of records as one batch under fresh salts, in flat memory."""
        with self._locked():
            folder = private(self._folder / "batches")
            for stale in folder.glob(".new-*"):
                for path in stale.iterdir():
                    destroy(path)
                stale.rmdir()
            place = private(folder / f".new-{secrets.token_hex(8)}")
            count, blocks = 0, []
            for number, piece in enumerate(stream(records, pool)):
                write(place / str(number), encode_record(_Piece(tuple(piece.records), piece.salts, ())))
                blocks.append(piece.blocks)
                count += len(piece.records)
            root = root_of_blocks(b"".join(blocks))
            write(place / "head", encode_record(_Head(root, count, b"".join(blocks))))
            place.rename(folder / root.hex())
            sync(folder)
        return Committed(root, count)

    def open_record(self, root: bytes, index: int) -> Opening:
        """The opening of one record of the batch with this root."""
        head = self._head(root)
        with _told():
            places = Batch(head.root, head.count, b"", head.blocks).block(index)
        number, start = divmod(places.start, PIECE_RECORDS)
        piece = self._piece(root, number)
        offset = index % PIECE_RECORDS
        gone = dict(piece.erased)
        if offset in gone:
            raise VaultError(f"record {index} is erased")
        end = start + len(places)
        leaves = leaf_hashes(piece.records[start:end], piece.salts[start * SALT_BYTES : end * SALT_BYTES])
        leaves = [gone.get(start + at, leaf) for at, leaf in enumerate(leaves)]
        salt = piece.salts[offset * SALT_BYTES : (offset + 1) * SALT_BYTES]
        path = block_path(split(head.blocks), leaves, index - places.start, places.start)
        opening = Opening(piece.records[offset], salt, index, head.count, path)
        with _told():
            verify(root, opening)
        return opening

    def erase_record(self, root: bytes, index: int) -> None:
        """Destroy one record and its salt; its leaf hash stays, so the others still open."""
        head = self._head(root)
        if not 0 <= index < head.count:
            raise VaultError(f"there is no record {index} among {head.count}")
        number, offset = divmod(index, PIECE_RECORDS)
        with self._locked():
            piece = self._piece(root, number)
            if any(place == offset for place, _ in piece.erased):
                return
            at = offset * SALT_BYTES
            salt = piece.salts[at : at + SALT_BYTES]
            (leaf,) = leaf_hashes(piece.records[offset : offset + 1], salt)
            records = (*piece.records[:offset], b"", *piece.records[offset + 1 :])
            salts = piece.salts[:at] + bytes(SALT_BYTES) + piece.salts[at + SALT_BYTES :]
            left = _Piece(records, salts, tuple(sorted((*piece.erased, (offset, leaf)))))
            write(self._folder / "batches" / root.hex() / str(number), encode_record(left), wipe=True)

    # Predictions

    def add_predictions(self, predictions: Sequence[OpenedPrediction]) -> Committed:
        """Keep a batch of prediction records with what opens them; root and count are for the ledger."""
        batch, _ = committed(predictions)
        with self._locked():
            write(self._prediction_path(batch.root), encode_opened(predictions))
        return Committed(batch.root, batch.count)

    def opened_batch(self, root: bytes) -> bytes | None:
        """All records of the prediction batch with this root, opened (`read_opened`); None when not here."""
        path = self._prediction_path(root)
        return path.read_bytes() if path.is_file() else None

    def open_prediction(self, root: bytes, index: int) -> tuple[OpenedPrediction, Opening]:
        """One prediction with its input, and the opening of its record under the root on the ledger."""
        predictions = _read(self._prediction_path(root), OpenedBatch).predictions
        batch, records = committed(predictions)
        if batch.root != root:
            raise VaultError("the prediction records here are not those of their root")
        with _told():
            opening = batch.open(index, records)
            return predictions[index], opening

    def erase_predictions(self, root: bytes) -> None:
        """Destroy a whole batch of prediction records with its salts."""
        path = self._prediction_path(root)
        with self._locked():
            if not path.is_file():
                raise VaultError(f"there is no {path.name}")
            destroy(path)

    def _change(self, name: str, change: Callable[[DataSet], DataSet], *, wipe: bool = False) -> Commitment:
        with self._locked():
            before = self.dataset(name)
            with _told():
                data = change(before)
            write(self._dataset_path(name), encode_record(data), wipe=wipe)
        return dataset.commitment(data)

    def _dataset_path(self, name: str) -> Path:
        if not is_name(name):
            raise VaultError(f"{name!r} is not a name: 1 to 32 of a-z, 0-9 and -")
        return self._folder / "datasets" / name

    def _prediction_path(self, root: bytes) -> Path:
        return self._folder / "predictions" / root.hex()

    def _head(self, root: bytes) -> _Head:
        return _read(self._folder / "batches" / root.hex() / "head", _Head)

    def _piece(self, root: bytes, number: int) -> _Piece:
        return _read(self._folder / "batches" / root.hex() / str(number), _Piece)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the vault for writing."""
        lock = os.open(private(self._folder) / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the engines refuse into the vault's own error."""
    try:
        yield
    except (LookupError, ValueError) as error:
        raise VaultError(str(error.args[0])) from None


def _read(path: Path, kind: type[R]) -> R:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise VaultError(f"there is no {path.parent.name}/{path.name} in the vault") from None
    try:
        return decode_record(kind, data, size_max=FILE_BYTES_MAX)
    except Malformed as error:
        raise VaultError(f"{path} is damaged: {error}") from None
