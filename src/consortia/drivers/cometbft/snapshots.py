"""A node's snapshots on disk, and the restoring of another's.

Snapshots are made at every so many of CometBFT's heights, each in a folder named for its height, from a view
of the state at that height while blocks go on, and offered
from two heights below the newest on: whoever checks one needs the two blocks after it. A restoration checks
chunk by chunk and lays them aside; when all are there, one durable step puts them in the place of what the
store holds. Whoever reads before it, or after a node was killed meanwhile, finds the ledger that was there.
What was restored is kept beside the snapshots, as the *base* from which an audit replays.
"""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from consortia.base.codec import encode_record
from consortia.drivers.cometbft.snapshot import (
    FORMAT,
    BadSnapshot,
    Checked,
    Ending,
    check_metadata,
    chunks_of,
    digest_of,
    ending_of,
    entries_of,
    height_of,
    metadata_of,
    nodes_of,
    own_root,
    read_chunk,
)
from consortia.kernel.context import Context
from consortia.kernel.durable import Base, DriverMark, Part, Power, RestoreWrite, View
from consortia.kernel.ledger import Ledger
from consortia.kernel.store import Overlay, Reader
from consortia.kernel.tree import bucket_name
from consortia.store.errors import StoreError

OFFERED_BELOW = 2
"""A snapshot is offered when CometBFT has so many heights above it."""

_METADATA, _UNFINISHED, _BASE, _RESTORING = "metadata", "unfinished", "base", "restoring"


@dataclass(frozen=True, slots=True)
class Every:
    """How often a snapshot is made, in CometBFT's heights (0: never), and how many are kept."""

    heights: int = 0
    kept: int = 2


@dataclass(frozen=True, slots=True)
class Offer:
    """A snapshot as CometBFT passes it on."""

    height: int
    chunks: int
    digest: bytes
    metadata: bytes
    format: int = FORMAT


Run = Callable[[Callable[[], None]], None]
"""Has work done: at once, or by somebody else while its caller goes on."""


def at_once(work: Callable[[], None]) -> None:
    """Do the work."""
    work()


def in_background(work: Callable[[], None]) -> None:
    """Have a thread do the work."""
    threading.Thread(target=work, name="snapshot", daemon=True).start()


class Snapshots:
    """The snapshots in a folder of a node's home.

    `problem` says why the newest that was due is not there; `run` has a snapshot made.
    """

    def __init__(self, folder: Path, every: Every | None = None, run: Run = at_once) -> None:
        self.folder, self.every, self._run = folder, every or Every(), run
        self.problem: str | None = None
        self._busy = threading.Lock()
        self._closed = False

    def due(self, height: int, start: int) -> bool:
        """Whether a snapshot is to be made at a height of a chain that began at this size of the log.

        Whoever joins a network that was moved cannot have what came before but from a snapshot: there is
        one of the first height.
        """
        every = self.every.heights
        return every > 0 and (height % every == 0 or (height == 1 and start > 1))

    def begin(self, ledger: Ledger, height: int, start: int) -> None:
        """Have the snapshot of the newest state made from a view of it, while blocks go on.

        It is left out where the last one is still being made.
        """
        if not self._busy.acquire(blocking=False):
            self.problem = f"no snapshot of height {height}: the one before is still being made"
            return
        try:
            ending, held = ending_of(ledger), ExitStack()
            view = held.enter_context(ledger.store.hold())
        except BaseException:
            self._busy.release()
            raise

        def work() -> None:
            try:
                with held:
                    self._write(view, ending, height, start)
                self.problem = None
            except (OSError, StoreError) as error:
                self.problem = f"no snapshot of height {height}: {error}"
            finally:
                self._busy.release()

        self._run(work)

    def close(self) -> None:
        """Make no more, and wait for the end of the one that is being made, which is left out."""
        self._closed = True
        self._busy.acquire()  # never given back: whoever would make another finds it taken

    def make(self, ledger: Ledger, height: int, start: int) -> None:
        """Make the snapshot of the newest state, and forget the oldest beyond those kept.

        It is there whole or not at all. Raises OSError when the disk does not take it.
        """
        with ledger.store.snapshot() as view:
            self._write(view, ending_of(ledger), height, start)

    def _write(self, view: View, ending: Ending, height: int, start: int) -> None:
        unfinished, chunks = self.folder / _UNFINISHED, []
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        for number, (chunk, data) in enumerate(chunks_of(view)):
            if self._closed:
                return
            (unfinished / str(number)).write_bytes(data)
            chunks.append(chunk)
        (unfinished / _METADATA).write_bytes(metadata_of(ending, height, start, chunks))
        shutil.rmtree(self._place(height), ignore_errors=True)
        unfinished.replace(self._place(height))
        for old in sorted(self._heights())[: -self.every.kept]:
            shutil.rmtree(self._place(old), ignore_errors=True)

    def offered(self, height: int) -> tuple[Offer, ...]:
        """The snapshots to offer when CometBFT stands at `height`, oldest first."""
        return tuple(self._offer_in(self._place(at)) for at in self.heights(height))

    def heights(self, height: int) -> tuple[int, ...]:
        """The heights of those to offer when CometBFT stands at `height`, ascending."""
        return tuple(at for at in sorted(self._heights()) if at <= height - OFFERED_BELOW)

    def oldest(self) -> int | None:
        """The height of the oldest snapshot, or None."""
        return min(self._heights(), default=None)

    def restore_base(self, ledger: Ledger) -> None:
        """Restore into a fresh ledger what this node was restored from; raises BadSnapshot, or OSError.

        It is checked by itself: that it is what the members signed, the checkpoints after it must show.
        """
        offer = self._offer_in(self.folder / _BASE)
        restoring = Restoring(ledger, offer, own_root(offer.metadata))
        for number in range(offer.chunks):
            restoring.put(number, (self.folder / _BASE / str(number)).read_bytes())
        restoring.finish()

    def chunk(self, height: int, number: int, kind: int = FORMAT) -> bytes:
        """A chunk's bytes; empty where there is none."""
        place = self._place(height) / str(number)
        return place.read_bytes() if kind == FORMAT and place.is_file() else b""

    @staticmethod
    def _offer_in(place: Path) -> Offer:
        metadata = (place / _METADATA).read_bytes()
        chunks = sum(1 for _ in place.iterdir()) - 1
        return Offer(height_of(metadata), chunks, digest_of(metadata), metadata)

    def _heights(self) -> Iterator[int]:
        if self.folder.is_dir():
            for place in self.folder.iterdir():
                if place.name.isdecimal():
                    yield int(place.name)

    def _place(self, height: int) -> Path:
        return self.folder / str(height)


class Restoring:
    """A snapshot that was accepted and is being put into the store, chunk by chunk."""

    def __init__(self, ledger: Ledger, offer: Offer, root: bytes, keep: Path | None = None) -> None:
        """Check the offer against CometBFT's hash of the application at its height; raises BadSnapshot.

        A copy of what is restored is kept below `keep`.
        """
        if offer.format != FORMAT or digest_of(offer.metadata) != offer.digest:
            raise BadSnapshot("the snapshot is of another format, or its hash is wrong")
        self.ledger, self.root = ledger, root
        self.checked: Checked = check_metadata(offer.metadata, offer.height, root, ledger.network)
        if len(self.checked.metadata.chunks) != offer.chunks:
            raise BadSnapshot(f"the snapshot has {len(self.checked.metadata.chunks)} chunks")
        self._metadata, self._keep = offer.metadata, keep
        self._buckets: list[dict[bytes, bytes]] = []
        self._chunks: list[bytes] = []

    @property
    def count(self) -> tuple[int, int]:
        """How many chunks are here, and of how many."""
        return len(self._buckets), len(self.checked.metadata.chunks)

    @property
    def done(self) -> bool:
        """Whether every chunk is here."""
        return len(self._buckets) == len(self.checked.metadata.chunks)

    def put(self, number: int, data: bytes) -> None:
        """Check a chunk and lay it aside, in order; raises BadSnapshot where it is not what it should be."""
        if self.done or number != len(self._buckets):
            raise BadSnapshot(f"chunk {number} comes before chunk {len(self._buckets)}")
        _, buckets = read_chunk(self.checked.metadata.chunks[number], data)
        self._lay_aside(number, data)
        self._buckets.append({bucket_name(place): packed for place, packed in buckets.items()})

    def finish(self) -> DriverMark:
        """Put what was laid aside in the place of the ledger here; raises BadSnapshot for other members."""
        metadata, size = self.checked.metadata, self.checked.frontier.size
        write = RestoreWrite(
            mark=encode_record(metadata.mark),
            driver=lambda view: encode_record(self._driver_mark(view)),
            base=encode_record(Base(metadata.mark.height, size)),
            header=(metadata.mark.height, size - 1, metadata.header),
            nodes=nodes_of(self.checked),
            parts=self._parts,
        )
        if self._keep is not None:
            (self._keep / _RESTORING / _METADATA).write_bytes(self._metadata)
            shutil.rmtree(self._keep / _BASE, ignore_errors=True)
            (self._keep / _RESTORING).replace(self._keep / _BASE)
        self.ledger.store.restore(write)
        self.ledger.reload()
        with self.ledger.store.snapshot() as view:
            return self._driver_mark(view)

    def _lay_aside(self, number: int, data: bytes) -> None:
        if self._keep is None:
            self._chunks.append(data)
            return
        place = self._keep / _RESTORING
        if number == 0:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
        (place / str(number)).write_bytes(data)

    def _parts(self) -> Iterator[Part]:
        """All entries and buckets, of chunks that were checked."""
        for number, buckets in enumerate(self._buckets):
            place = None if self._keep is None else self._keep / _BASE / str(number)
            yield dict(entries_of(self._chunks[number] if place is None else place.read_bytes())), buckets

    def _driver_mark(self, view: Reader) -> DriverMark:
        """Where the driver stands, with who votes by the state that was put."""
        keys, metadata, size = self.ledger.app.keys, self.checked.metadata, self.checked.frontier.size
        mark = metadata.mark
        ctx = Context(Overlay(view), self.ledger.network, mark.height, mark.time, size)
        if keys.member_set(ctx).hash() != self.checked.header.members:
            raise BadSnapshot("the state has other members than the header names")
        powers = {one.public: one.power for one in keys.validators(ctx)}
        voting = tuple(Power(key, power) for key, power in sorted(powers.items()))
        return DriverMark(metadata.height, self.root, metadata.start, voting)
