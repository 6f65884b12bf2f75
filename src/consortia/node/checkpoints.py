"""The ledger checkpoints that an orderer publishes, and the cosignatures it gathers until they are final."""

from consortia.base.codec import Malformed
from consortia.base.ids import cosigner_name, origin
from consortia.base.note import Checkpoint, Note, NoteSignature, is_cosignature, parse_note, sign_log
from consortia.kernel.block import MemberSet
from consortia.kernel.checkpoint import NotFinal, check_final
from consortia.node.chain import Chain, KeyFor

WAITING_MAX = 8
"""So many checkpoints wait for cosignatures; older ones give way, but for those that change the set."""

REST_MS = 100
"""So long nothing is published that nobody waits for, however soon the last one was final."""

BUSY_LEAVES = 100
"""With so many new leaves an orderer is busy, and rests for the whole interval.

To publish, cosign and keep takes the disk from those who wait for a receipt.
"""


class Checkpoints:
    """What one orderer has published.

    `interval_ms` lies at least between two that nobody waits for, while the first of them is not final or
    much is going on.
    """

    def __init__(self, chain: Chain, key_for: KeyFor, interval_ms: int, final: Note | None) -> None:
        """Start from the newest final checkpoint."""
        self.chain, self.ledger = chain, chain.ledger
        self._key_for = key_for
        self._interval = interval_ms
        self._waiting: dict[int, Note] = {}
        self._published_size = 0 if final is None else final.checkpoint.size
        self._published_at = 0
        self.final = final

    def head(self, height: int) -> Note:
        """The checkpoint at the end of a block, with this node's log signature."""
        size = self.chain.end(height)
        checkpoint = Checkpoint(origin(self.ledger.network), size, self.ledger.root(size))
        return Note(checkpoint, (sign_log(checkpoint, self._key_for(height)),))

    def due(self, *, prompt: bool) -> int | None:
        """The clock time from which the newest size is to be published; None when it is."""
        if self.ledger.tip.size <= self._published_size:
            return None
        if prompt or not self._published_size:
            return 0
        settled = self.final is not None and self.final.checkpoint.size >= self._published_size
        calm = settled and self.ledger.tip.size - self._published_size < BUSY_LEAVES
        return self._published_at + (min(REST_MS, self._interval) if calm else self._interval)

    def restore(self, size: int) -> None:
        """Publish a size at which a block ended, such as one that the last run did not see become final."""
        self._waiting.setdefault(size, self.head(self._height(size)))
        self._trim()

    def publish(self, now: int) -> Note:
        """Publish the newest size."""
        tip = self.ledger.tip
        note = self.head(tip.height)
        self._waiting[tip.size] = note
        self._published_size, self._published_at = tip.size, now
        self._trim()
        return note

    def waiting(self) -> list[Note]:
        """What is published and not final, with the cosignatures so far, ascending by size."""
        return [self._waiting[size] for size in sorted(self._waiting)]

    def forget(self, size: int) -> None:
        """Publish a size no more, as it became final elsewhere."""
        self._waiting.pop(size, None)

    def known(self, size: int) -> Note | None:
        """What is published at a size and not final, with the cosignatures so far."""
        return self._waiting.get(size)

    def add(self, data: bytes) -> Note | None:
        """Take in cosignatures of a published size; the note when it has become final, otherwise None.

        Raises Malformed when the bytes are no note, name another root than was published, or carry a line
        that is not the valid cosignature of a member of the set at that size.
        """
        note = parse_note(data)
        size = note.checkpoint.size
        known = self._waiting.get(size)
        if known is None:
            return None
        if note.checkpoint != known.checkpoint:
            raise Malformed(f"another root was published at size {size}")
        members = self.chain.set_before(self._height(size))
        held = {(line.key_hash, line.name) for line in known.signatures}
        fresh = (line for line in note.signatures if (line.key_hash, line.name) not in held)
        lines = tuple(line for line in fresh if line.name != note.checkpoint.origin)
        for line in lines:
            _check_line(line, note.checkpoint, members, self.ledger.network)
        merged = known.with_signatures(lines)
        self._waiting[size] = merged
        try:
            check_final(merged, self.ledger.network, members)
        except NotFinal:
            return None
        del self._waiting[size]
        self._settle(merged)
        return merged

    def _settle(self, note: Note) -> None:
        """A final size makes earlier ones needless, but for those that change the member set."""
        size = note.checkpoint.size
        if self.final is None or size > self.final.checkpoint.size:
            self.final = note
        self._trim()

    def _trim(self) -> None:
        final = 0 if self.final is None else self.final.checkpoint.size
        kept = {self.chain.end(height) for height in self.chain.changes(0)}
        free = [size for size in sorted(self._waiting) if size not in kept]
        surplus = len(free) - WAITING_MAX
        for place, size in enumerate(free):
            if size < final or place < surplus:
                del self._waiting[size]

    def _height(self, size: int) -> int:
        height = self.chain.height_at(size)
        if height is None:
            raise Malformed(f"no block ends at size {size}")
        return height


def _check_line(line: NoteSignature, checkpoint: Checkpoint, members: MemberSet, network: bytes) -> None:
    for member in members.members:
        name = cosigner_name(member.name, network)
        keys = (member.witness, member.recovery)
        if name == line.name and any(is_cosignature(line, checkpoint, name, public) for public in keys):
            return
    raise Malformed(f"{line.name} is not a valid cosignature of size {checkpoint.size}")
