"""Audit of a store: replay from genesis, and compare everything that rests on the disk.

1. The genesis record hashes to the network's id. A home that was restored from a snapshot begins there
   instead: its copy must give the state, the header and the log's peaks by which the blocks after it hold.
2. Every block decodes, follows its parent and is admitted: signatures, sequences and quotas anew.
3. Its receipts and header, as replayed, are the leaves in the store; so are the log's nodes and the index
   of transactions.
4. At the end the replayed state, state tree and commit marker are those in the store, entry by entry.
5. Every kept checkpoint is final under the member set of its size, and has the replayed log's root.
"""

from collections.abc import Iterator
from pathlib import Path

from consortia.base.codec import Malformed, decode_record
from consortia.base.ids import network_id
from consortia.base.merkle import PathError
from consortia.base.note import parse_note
from consortia.drivers.cometbft.snapshot import BadSnapshot
from consortia.drivers.cometbft.snapshots import Snapshots
from consortia.kernel.application import Application
from consortia.kernel.block import Block, MemberSet
from consortia.kernel.checkpoint import NotFinal, check_final
from consortia.kernel.durable import Base, Mark, View
from consortia.kernel.genesis import Genesis
from consortia.kernel.ledger import Ledger
from consortia.kernel.machine import InvalidBlock
from consortia.kernel.store import Reader
from consortia.node.audit.findings import Findings
from consortia.node.chain import Chain
from consortia.store.memory import MemoryStore


class Replay:
    """A ledger replayed from the blocks of a store, with the member set that cosigns each size."""

    def __init__(self, ledger: Ledger) -> None:
        """Start from the genesis block."""
        self.ledger = ledger
        self.sizes: dict[int, MemberSet] = {ledger.tip.size: ledger.members()}

    def append(self, block: Block) -> None:
        """Replay one block; raises InvalidBlock."""
        before = self.ledger.members()
        self.ledger.append(block)
        self.sizes[self.ledger.tip.size] = before


def audit_store(
    view: View, app: Application, network: bytes, findings: Findings, snapshots: Path | None = None
) -> Replay | None:
    """Replay what a snapshot of a store holds, noting every mismatch; None when not even the start holds.

    In the folder `snapshots` a home has what it was restored from, if it was.
    """
    replay = _start(view, app, network, findings)
    if replay is None or not _restored(view, replay, findings, snapshots):
        return None
    height, begins = _mark_height(view, findings), replay.ledger.tip.height
    _compare_block(view, replay, begins, findings)
    for at in range(begins + 1, height + 1):
        if not _replay_block(view, replay, at, findings):
            return replay
    if view.block(height + 1) is not None:
        findings.wrong(f"block {height + 1}", "stands beyond the commit marker")
    findings.blocks = height + 1 - begins
    findings.tip_size, findings.tip_root = replay.ledger.tip.size, replay.ledger.tip.root.hex()
    _compare_state(view, replay, findings)
    _compare_notes(view, replay, findings)
    return replay


def _start(view: View, app: Application, network: bytes, findings: Findings) -> Replay | None:
    data = view.mark()
    if data is None:
        findings.wrong("commit marker", "is missing: the store holds no ledger")
        return None
    try:
        genesis = decode_record(Mark, data).genesis
        if network_id(genesis) != network:
            findings.wrong("genesis", f"hashes to {network_id(genesis).hex()}, not to the network's id")
            return None
        ledger = Ledger.create(MemoryStore(), app, decode_record(Genesis, genesis))
    except (Malformed, InvalidBlock) as error:
        findings.wrong("commit marker", str(error))
        return None
    return Replay(ledger)


def _restored(view: View, replay: Replay, findings: Findings, snapshots: Path | None) -> bool:
    """Go to where a restored home begins, and say where that is; whether the audit can go on."""
    data = view.base()
    if data is None:
        return True
    base, ledger = decode_record(Base, data), replay.ledger
    place = f"block {base.height}"
    try:
        if snapshots is not None:
            Snapshots(snapshots).restore_base(ledger)
    except (BadSnapshot, OSError) as error:
        findings.wrong(place, f"the copy of the snapshot that the ledger begins with: {error}")
        return False
    if not findings.expect(
        ledger.base == base, place, "the ledger begins there, and the copy of it does not"
    ):
        return False
    replay.sizes = {base.size: Chain(ledger).set_before(base.height)}
    findings.begins = f"block {base.height}, size {base.size}, root {ledger.tip.root.hex()}"
    findings.left_out.append(
        f"blocks before {base.height}: this home was restored from a snapshot; compare its checkpoint, "
        f"size {base.size} and root {ledger.tip.root.hex()}, with another member's"
    )
    return True


def _mark_height(view: View, findings: Findings) -> int:
    data = view.mark()
    if data is None:
        findings.wrong("commit marker", "is missing")
        return 0
    return decode_record(Mark, data).height


def _replay_block(view: View, replay: Replay, height: int, findings: Findings) -> bool:
    place = f"block {height}"
    data = view.block(height)
    if data is None:
        findings.wrong(place, "is missing")
        return False
    try:
        block = decode_record(Block, data)
        replay.append(block)
    except (Malformed, InvalidBlock) as error:
        findings.wrong(place, str(error))
        return False
    findings.transactions += len(block.transactions)
    _compare_block(view, replay, height, findings)
    return True


def _compare_block(view: View, replay: Replay, height: int, findings: Findings) -> None:
    """Step 3, for the block that was replayed last."""
    place = f"block {height}"
    with replay.ledger.store.snapshot() as ours:
        findings.expect(
            view.block(height) == ours.block(height), place, "its bytes differ from the replayed block's"
        )
        last, end = ours.header(height), replay.ledger.tip.size
        findings.expect(view.header(height) == last, place, "the place of its header differs")
        header = replay.ledger.header(height)
        first = 0 if header is None else header.first
        for index in range(first, end):
            kind = "header" if index == last else f"receipt {index - first}"
            findings.expect(
                view.leaf(index) == ours.leaf(index), f"{place}, {kind}", "differs from the replayed one"
            )
        for level, index in _completed(first, end):
            same = view.node(level, index) == ours.node(level, index)
            findings.expect(same, f"log node {level}/{index}", "differs from the replayed one")


def _completed(first: int, end: int) -> Iterator[tuple[int, int]]:
    """The complete nodes of a log that its growth from `first` to `end` leaves made complete."""
    level = 0
    while first >> level < end >> level:
        for index in range(first >> level, end >> level):
            yield level, index
        level += 1


def _compare_state(view: View, replay: Replay, findings: Findings) -> None:
    """Step 4."""
    with replay.ledger.store.snapshot() as ours:
        for key, text in _differences(view, ours):
            findings.wrong(f"state {key!r}", text)
        buckets = dict(view.buckets()), dict(ours.buckets())
        for name in sorted({*buckets[0], *buckets[1]}):
            same = buckets[0].get(name) == buckets[1].get(name)
            findings.expect(same, f"state tree record {name.hex()}", "differs from the replayed one")
        findings.expect(view.mark() == ours.mark(), "commit marker", "differs from the replayed one")
        for transaction, place in _transactions(replay):
            same = view.transaction(transaction) == place
            findings.expect(
                same, f"index of transaction {transaction.hex()}", "differs from the replayed one"
            )


def _transactions(replay: Replay) -> Iterator[tuple[bytes, tuple[int, int]]]:
    base = replay.ledger.base
    with replay.ledger.store.snapshot() as ours:
        for height in range(0 if base is None else base.height + 1, replay.ledger.tip.height + 1):
            header = replay.ledger.header(height)
            last = ours.header(height)
            if header is None or last is None:
                continue
            for index in range(header.first, last):
                transaction = replay.ledger.transaction_at(index)
                yield transaction, (height, index)


def _differences(theirs: Reader, ours: Reader) -> Iterator[tuple[bytes, str]]:
    """The keys at which two states differ, in order, walked side by side."""
    left, right = theirs.scan(b""), ours.scan(b"")
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[0] < other[0]):
            yield (one or other or (b"", b""))[0], "stands in the store, but no block wrote it"
            one = next(left, None)
        elif one is None or other[0] < one[0]:
            yield other[0], "is missing from the store"
            other = next(right, None)
        else:
            if one[1] != other[1]:
                yield one[0], "has another value than the blocks give it"
            one, other = next(left, None), next(right, None)


def _compare_notes(view: View, replay: Replay, findings: Findings) -> None:
    """Step 5."""
    for size, data in view.notes():
        place = f"ledger checkpoint {size}"
        members = replay.sizes.get(size)
        if members is None:
            findings.wrong(place, "is of a size at which no block ends")
            continue
        try:
            note = parse_note(data)
            check_final(note, replay.ledger.network, members)
            same = note.checkpoint.size == size and note.checkpoint.root == replay.ledger.root(size)
            findings.expect(same, place, "names another root than the replayed log has")
        except (Malformed, NotFinal, PathError) as error:
            findings.wrong(place, str(error))
        findings.checkpoints += 1
