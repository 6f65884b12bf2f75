"""The final checkpoints that a node knows: the newest, and that of every change of the member set."""

from collections.abc import Sequence

from consortia.base.codec import Malformed
from consortia.base.note import Note, parse_note
from consortia.kernel.checkpoint import NotFinal, check_final
from consortia.node.chain import Chain
from consortia.node.heads import Conflict
from consortia.node.sync import NOTES_MAX, Evidence


class Finals:
    """Final checkpoints, kept in the ledger's store."""

    def __init__(self, chain: Chain) -> None:
        """Find the newest in the store, and what is lacking."""
        self.chain, self.ledger = chain, chain.ledger
        self.newest: Note | None = None
        with self.ledger.store.snapshot() as view:
            newest = view.newest_note()
            ends = [chain.end(height) for height in chain.changes(0)]
            self.wanted = {size for size in ends if view.note(size) is None}
        if newest is not None:
            self.newest = parse_note(newest[1])

    @property
    def size(self) -> int:
        """The size of the newest, or 0."""
        return 0 if self.newest is None else self.newest.checkpoint.size

    def holds(self, note: Note) -> bool:
        """Whether a checkpoint, of this log or of what comes next, is final under the sets known here."""
        size = note.checkpoint.size
        height = self.chain.height_at(size) if size <= self.ledger.tip.size else None
        after = self.chain.set_after(self.ledger.tip.height)
        try:
            check_final(note, self.ledger.network, after if height is None else self.chain.set_before(height))
        except NotFinal:
            return False
        return True

    def next_after(self, height: int) -> Note | None:
        """The kept checkpoint of the first change of the set above a height, else the newest final one.

        Who stands at that height knows the set that made it final, whoever orders now.
        """
        for change in self.chain.changes(height)[:1]:
            with self.ledger.store.snapshot() as view:
                data = view.note(self.chain.end(change))
            return None if data is None else parse_note(data)
        return self.newest

    def want(self, size: int) -> None:
        """The block that ends at this size changed the member set: its final checkpoint must be kept."""
        self.wanted.add(size)

    def keep(self, note: Note) -> bool:
        """Keep a checkpoint known to be final; False when it brings nothing new.

        Those of changes of the set are durable at once. Of the others only the newest counts, and after a
        crash its witnesses cosign again, so it costs no write of its own.
        """
        size = note.checkpoint.size
        if size <= self.size and size not in self.wanted:
            return False
        if size in self.wanted:
            self.ledger.store.put_note(size, note.encode())
        else:
            self.ledger.store.lay_note(size, note.encode())
        self.wanted.discard(size)
        if size > self.size:
            self.newest = note
        return True

    def take(self, data: bytes) -> Note | None:
        """Check and keep a final checkpoint; None when it is old, or of a block that is not here.

        Raises Malformed when it is not final, and Conflict when the log here has another root: then a third
        or more of the members cosigned two histories.
        """
        note = parse_note(data)
        point = note.checkpoint
        if not self.chain.base.size <= point.size <= self.ledger.tip.size or (
            point.size <= self.size and point.size not in self.wanted
        ):
            return None
        height = self.chain.height_at(point.size)
        if height is None:
            raise Malformed(f"no block ends at size {point.size}")
        try:
            check_final(note, self.ledger.network, self.chain.set_before(height))
        except NotFinal as error:
            raise Malformed(f"not final: {error}") from None
        if self.ledger.root(point.size) != point.root:
            text = f"a final checkpoint has another root at size {point.size} than the log here"
            raise Conflict(Evidence(text, (data,), ()))
        return note if self.keep(note) else None

    def answer(self, size: int, wanted: Sequence[int]) -> tuple[bytes, ...]:
        """The final checkpoints that somebody lacks who knows the one at `size`."""
        found = []
        with self.ledger.store.snapshot() as view:
            for asked in wanted[:NOTES_MAX]:
                data = view.note(asked)
                if data is not None:
                    found.append(data)
        if self.newest is not None and self.size > size:
            found.append(self.newest.encode())
        return tuple(found)
