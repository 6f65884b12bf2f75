"""Building of proof files from a ledger: the counterpart of `kernel.verify`."""

from dataclasses import dataclass

from consortia.base.codec import decode_record
from consortia.base.note import Note, parse_note
from consortia.kernel.block import Header, leaf, parse_leaf
from consortia.kernel.ledger import Ledger
from consortia.kernel.proof import (
    Extra,
    Proof,
    ReceiptClaim,
    RecordOpening,
    SetChange,
    Since,
    StateClaim,
    SubjectOpening,
)
from consortia.kernel.tree import key_hash, value_hash

CHANGE_BYTES_MAX = 1 << 20


class CannotProve(ValueError):
    """A fact that is not there, or not final yet; the text says which."""


@dataclass(frozen=True, slots=True)
class Openings:
    """What a proof of a state entry brings besides: a record of a batch, a subject's rows, or evidence."""

    record: RecordOpening | None = None
    subject: SubjectOpening | None = None
    evidence: bytes | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """What all proofs of state under one final checkpoint share: its note, the header before it, its changes.

    `height` is the header's, `header` its leaf, `index` where that stands, `path` that to the note's root.
    """

    height: int
    header: bytes
    index: int
    path: tuple[bytes, ...]
    note: Note
    changes: tuple[SetChange, ...]


def final_head(ledger: Ledger) -> Head:
    """The head of the newest final checkpoint; raises CannotProve before the first."""
    height = final_height(ledger)
    header, index, note = _final(ledger, height)
    size = note.checkpoint.size
    path, changes = ledger.inclusion(index, size), set_changes(ledger, size)
    return Head(height, leaf(header), index, path, note, changes)


def prove_receipt(ledger: Ledger, transaction: bytes, since: int | None = None) -> Proof:
    """A proof that a transaction's receipt stands in the final log; raises CannotProve."""
    placed = ledger.receipt(transaction)
    if placed is None:
        raise CannotProve(f"no receipt of transaction {transaction.hex()}")
    header, index, note = _final(ledger, placed.height)
    size = note.checkpoint.size
    claim = ReceiptClaim(leaf(placed.receipt), placed.leaf, ledger.inclusion(placed.leaf, size))
    path, changes = ledger.inclusion(index, size), set_changes(ledger, size)
    head = Head(placed.height, leaf(header), index, path, note, changes)
    return _assemble(ledger, head, claim, Openings(), since)


def prove_state(
    ledger: Ledger,
    key: bytes,
    *,
    openings: Openings = Openings(),
    since: int | None = None,
    head: Head | None = None,
) -> Proof:
    """A proof of what stands at a state key, or that nothing does, under the newest final header.

    `head` is that of the newest final checkpoint, from who has it at hand. Raises CannotProve when no
    checkpoint is final yet, or the newest final one is too far behind.
    """
    under = head or final_head(ledger)
    value, path = ledger.entry(key, under.height)
    there = dict(path.entries).get(key_hash(key))
    if there != (None if value is None else value_hash(value)):
        raise CannotProve(
            "the entry changed after the newest final checkpoint; ask again when the next is final"
        )
    claim = StateClaim(key, value, path)
    return _assemble(ledger, under, claim, openings, since)


def newest_final(ledger: Ledger) -> Note:
    """The newest final checkpoint that the ledger's store keeps; raises CannotProve when there is none."""
    with ledger.store.snapshot() as view:
        kept = view.newest_note()
    if kept is None:
        raise CannotProve("no ledger checkpoint is final yet")
    return parse_note(kept[1])


def final_height(ledger: Ledger) -> int:
    """The height of the newest block that a final checkpoint covers; raises CannotProve before the first."""
    last = newest_final(ledger).checkpoint.size - 1
    data = ledger.leaf(last)
    header = None if data is None else parse_leaf(data)
    if not isinstance(header, Header):
        raise CannotProve(f"leaf {last}, where the final checkpoint ends, is not a header")
    return header.height


def _final(ledger: Ledger, height: int) -> tuple[Header, int, Note]:
    note = newest_final(ledger)
    header, index = ledger.header(height), ledger.header_index(height)
    if header is None or index is None:
        raise CannotProve(f"there is no block {height}")
    if index >= note.checkpoint.size:
        raise CannotProve(
            f"block {height} is not final yet: the newest final checkpoint has {note.checkpoint.size} leaves"
        )
    return header, index, note


def _assemble(
    ledger: Ledger,
    head: Head,
    claim: ReceiptClaim | StateClaim,
    openings: Openings,
    since: int | None,
) -> Proof:
    size = head.note.checkpoint.size
    extra = Extra(
        genesis=ledger.genesis_bytes,
        changes=head.changes,
        header=head.header,
        receipt=claim if isinstance(claim, ReceiptClaim) else None,
        state=claim if isinstance(claim, StateClaim) else None,
        record=openings.record,
        subject=openings.subject,
        evidence=openings.evidence,
        since=None if since is None else Since(since, ledger.root(since), ledger.consistency(since, size)),
    )
    return Proof(extra, head.index, head.path, head.note)


def set_changes(ledger: Ledger, size: int) -> tuple[SetChange, ...]:
    """Every change of the member set before the last of `size` leaves, with what vouches for it.

    A change is vouched for by the checkpoint that the next change carried, or, for the newest, by the final
    note kept for the log that ends with its block. Raises CannotProve where that is missing. What stands
    below the base of a restored ledger was told by others, with its proof.
    """
    changes, base = [], ledger.base
    for step in ledger.set_changes():
        if base is not None and step.height < base.height:
            changes.append(_told(ledger, step.height))
            continue
        header, index = ledger.header(step.height), ledger.header_index(step.height)
        if header is None or index is None or index + 1 >= size:
            continue  # a change in the last block is not in force yet for the checkpoint that ends with it
        with ledger.store.snapshot() as view:
            note = step.vouched or view.note(index + 1)
        if note is None:
            raise CannotProve(
                f"no final checkpoint ends with block {step.height}, which changed the member set"
            )
        path = ledger.inclusion(index, parse_note(note).checkpoint.size)
        changes.append(SetChange(step.members, leaf(header), index, path, note))
    return tuple(changes)


def _told(ledger: Ledger, height: int) -> SetChange:
    """A change of the member set below the base of a restored ledger."""
    with ledger.store.snapshot() as view:
        data = view.vouched(height)
    if data is None:
        raise CannotProve(
            f"this ledger was restored from a snapshot, and no member has told yet what vouches for the "
            f"change of the member set at block {height}; ask again later, or a node that has all blocks"
        )
    return decode_record(SetChange, data, size_max=CHANGE_BYTES_MAX)
