"""A bench's history as a ledger with final checkpoints: what proofs are made from.

kept = Witnessed.of(bench)
data = prove_receipt(kept.ledger, transaction).encode()
verify_proof(bench.app, data, bench.network)
"""

from collections.abc import Callable
from dataclasses import dataclass

from consortia.base.codec import encode
from consortia.base.hashing import tagged
from consortia.engines.commit.batch import Batch, assemble, block_roots
from consortia.engines.commit.dataset import Absence, DataSet, Presence, create, prove
from consortia.kernel.ledger import Ledger
from consortia.kernel.proof import RecordOpening, SubjectOpening
from consortia.store.memory import MemoryStore
from consortia.testing.machine import Bench


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A ledger in memory that holds a bench's blocks, and final checkpoints over them."""

    bench: Bench
    ledger: Ledger

    @classmethod
    def of(cls, bench: Bench, behind: int = 0) -> "Witnessed":
        """Replay a bench's blocks and keep the checkpoint of every block but the last `behind`."""
        ledger = Ledger.create(MemoryStore(), bench.app, bench.genesis)
        for block in bench.blocks:
            ledger.append(block)
        kept = cls(bench, ledger)
        for height in range(ledger.tip.height + 1 - behind):
            kept.keep(height)
        return kept

    def keep(self, height: int) -> None:
        """Keep the final checkpoint of the log that ends with the block at `height`."""
        size = self.bench.size_at(height)
        self.ledger.store.put_note(size, self.bench.checkpoint(size))


def salts(word: str) -> Callable[[int], bytes]:
    """Bytes that look random and follow from a word, so that what they salt can be told again."""
    drawn = 0

    def draw(count: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return tagged("consortia/testing/salt", f"{word} {drawn}".encode())[:count]

    return draw


def batch_of(records: list[bytes], word: str) -> Batch:
    """The batch of these records, its salts following from a word."""
    draw = salts(word)
    joined = b"".join(draw(32) for _ in records)
    return assemble(joined, block_roots(records, joined))


def opened_record(batch: Batch, records: list[bytes], index: int) -> RecordOpening:
    """One record of a batch, as a proof opens it."""
    found = batch.open(index, records)
    return RecordOpening(found.record, found.salt, found.index, found.count, found.path)


def dataset_of(word: str, subjects: int, enrolled: tuple[bytes, ...] = ()) -> DataSet:
    """A data set of so many subjects with two rows each; the salts follow from a word."""
    rows = {
        f"patient-{at}".encode(): [f"{word} {at} {row}".encode() for row in range(2)]
        for at in range(subjects)
    }
    return create(rows, enrolled, salts(word))


def opened_subject(data: DataSet, name: bytes) -> SubjectOpening:
    """A subject's presence in, or absence from, the newest version, as a proof opens it."""
    found: Presence | Absence = prove(data, name)
    if isinstance(found, Absence):
        return SubjectOpening(found.subject, found.salt, None, None, found.path)
    return SubjectOpening(found.subject, found.salt, encode(list(found.rows)), found.rows_salt, found.path)
