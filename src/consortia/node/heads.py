"""Heads: what the orderer signed, what of it this node holds, and what convicts it.

A head is a ledger checkpoint with the orderer's log signature. A node keeps the newest head that its
blocks reach, serves blocks up to it, and compares every other head it meets with its own log.
"""

from dataclasses import dataclass

from consortia.base.codec import Malformed, decode_record, encode_record
from consortia.base.ids import origin
from consortia.base.keys import verify
from consortia.base.merkle import PathError, verify_consistency
from consortia.base.note import Note, parse_note
from consortia.kernel.admission import Check
from consortia.kernel.block import Block
from consortia.kernel.ledger import Prepared
from consortia.kernel.machine import InvalidBlock
from consortia.kernel.tree import TreeError
from consortia.node.chain import Chain
from consortia.node.memory import Memory
from consortia.node.sync import BLOCKS_BYTES_MAX, BLOCKS_MAX, Evidence, Vouched

RECORD = "head"
KEPT_MAX = 64
FOREIGN_MAX = 16


class Unfit(ValueError):
    """What another node sent does not hold: blocks that are not vouched for, or break the rules."""


class Unsound(RuntimeError):
    """What rests in this node's own store is not what it wrote: it can blame nobody for a block."""


@dataclass(frozen=True, slots=True)
class Conflict(Exception):
    """Two things that an honest orderer never signed both; `evidence` holds them."""

    evidence: Evidence


class Heads:
    """The heads that one node knows."""

    def __init__(self, chain: Chain, memory: Memory) -> None:
        """Restore the newest head."""
        self.chain, self.ledger = chain, chain.ledger
        self._memory = memory
        self._kept: dict[int, Note] = {}
        self._foreign: dict[int, Note] = {}
        self.newest: Note | None = None
        self._newest_bytes = b""
        data = memory.load(RECORD)
        if data is not None:
            self.keep(parse_note(data), durable=False)

    def keep(self, note: Note, *, durable: bool = True) -> None:
        """Keep a head that this node's blocks reach."""
        if note.checkpoint.size > self.ledger.tip.size:
            return
        self._kept[note.checkpoint.size] = note
        if len(self._kept) > KEPT_MAX:
            del self._kept[min(self._kept)]
        if self.newest is None or note.checkpoint.size > self.newest.checkpoint.size:
            self.newest, self._newest_bytes = note, note.encode()
            if durable:
                self._memory.save(RECORD, self._newest_bytes)

    def examine(self, data: bytes, orderer: str) -> Note | None:
        """The head, when the orderer signed it; None when not. Raises Malformed, and Conflict for a fork.

        A head beyond this node's newest block is set aside, and compared when its size is reached.
        """
        if data == self._newest_bytes:
            return self.newest
        note = parse_note(data)
        if note.checkpoint.origin != origin(self.ledger.network):
            raise Malformed(f"a checkpoint of {note.checkpoint.origin}")
        if self.chain.signer(note, orderer) is None:
            return None
        self.compare(note)
        return note

    def review(self) -> None:
        """Compare the heads set aside with the log as it stands now; raises Conflict."""
        for size in [size for size in self._foreign if size <= self.ledger.tip.size]:
            self.compare(self._foreign.pop(size))

    def longer(self) -> bool:
        """Whether a head of the orderer beyond this node's newest block is known."""
        return bool(self._foreign)

    def serve(self, after: int, head: Note) -> tuple[Vouched, ...]:
        """The blocks above the height `after` up to `head`, as many as one answer carries."""
        blocks: list[Vouched] = []
        total = 0
        with self.ledger.store.snapshot() as view:
            for height in range(after + 1, after + 1 + BLOCKS_MAX):
                if height > self.ledger.tip.height or self.chain.end(height) > head.checkpoint.size:
                    break
                data = view.block(height) or b""
                total += len(data)
                if blocks and total > BLOCKS_BYTES_MAX:
                    break
                path = self.ledger.consistency(self.chain.end(height), head.checkpoint.size)
                blocks.append(Vouched(data, path))
        return tuple(blocks)

    def fit(self, vouched: Vouched, head: Note, check: Check = verify) -> Prepared | None:
        """Execute a block that `head` vouches for, in memory. None for one that is here already.

        Raises Unfit for anything that does not hold; nothing changes.
        """
        try:
            block = decode_record(Block, vouched.block)
            if block.height <= self.ledger.tip.height:
                return None
            if block.accusations:
                raise InvalidBlock("it accuses, and where one process orders no engine convicts anybody")
            prepared = self.ledger.prepare(block, check)
            point = head.checkpoint
            verify_consistency(prepared.tip.size, prepared.tip.root, point.size, point.root, vouched.path)
        except (Malformed, InvalidBlock, PathError) as error:
            raise Unfit(f"{type(error).__name__}: {error}") from error
        return prepared

    def check_own_state(self) -> None:
        """Before anybody is blamed for a block: raises Unsound when the state here is a damaged one."""
        try:
            self.ledger.check_state()
        except TreeError as error:
            raise Unsound(str(error)) from None

    def compare(self, note: Note) -> None:
        """Compare a head with this log, now or when its size is reached; raises Conflict."""
        point = note.checkpoint
        if point.size > self.ledger.tip.size:
            if point.size not in self._foreign and len(self._foreign) >= FOREIGN_MAX:
                del self._foreign[max(self._foreign)]
            self._foreign.setdefault(point.size, note)
            return
        if self.ledger.root(point.size) == point.root:
            return
        own = self._kept.get(point.size) or self.newest
        notes = (note.encode(),) if own is None else (note.encode(), own.encode())
        text = f"two histories: the log here has another root at size {point.size}"
        raise Conflict(Evidence(text, notes, ()))


def evidence_of(text: str, head: Note, vouched: Vouched) -> Evidence:
    """Evidence of a block that breaks the rules, with the head that vouches for it."""
    return Evidence(text[:1000], (head.encode(),), (vouched.block,))


def save_evidence(memory: Memory, evidence: Evidence) -> str:
    """Keep evidence for good under a name of its own; gives the name."""
    count = sum(name.startswith("evidence-") for name in memory.names())
    name = f"evidence-{count:03d}"
    memory.save(name, encode_record(evidence))
    return name
