"""A ledger seen as a chain of block ends and member sets: who cosigns which size.

A ledger checkpoint is published at the end of a block only, and the member set at the block's *start*
cosigns it. Of a ledger that was restored from a snapshot the ends are known from its base on.
"""

from bisect import bisect_right
from dataclasses import dataclass

from consortia.base.keys import SigningKey
from consortia.base.note import Note, NoteSignature
from consortia.kernel.block import Header, MemberSet
from consortia.kernel.checkpoint import signed_by
from consortia.kernel.context import Context
from consortia.kernel.durable import Base
from consortia.kernel.ledger import Ledger, Prepared
from consortia.kernel.store import MemoryReader, Overlay


@dataclass(frozen=True, slots=True)
class SetAt:
    """The member set in force after the block at `height`."""

    height: int
    members: MemberSet


class Chain:
    """Block ends and member sets of one ledger."""

    def __init__(self, ledger: Ledger) -> None:
        """Read the sets from the genesis and the state."""
        self.ledger = ledger
        self.base = ledger.base or Base(0, 0)
        self._founders = SetAt(0, _founders(ledger))
        self._sets = self._read()

    def end(self, height: int) -> int:
        """The size of the log at the end of a block of this ledger."""
        if height == self.ledger.tip.height:
            return self.ledger.tip.size
        index = self.ledger.header_index(height)
        if index is None:
            raise LookupError(f"the ledger has no block {height}")
        return index + 1

    def height_at(self, size: int) -> int | None:
        """The height of the block that ends at this size, or None."""
        if size == self.ledger.tip.size:
            return self.ledger.tip.height
        low, high = self.base.height, self.ledger.tip.height
        while low <= high:
            middle = (low + high) // 2
            end = self.end(middle)
            if end == size:
                return middle
            low, high = (middle + 1, high) if end < size else (low, middle - 1)
        return None

    def header(self, height: int) -> Header:
        """The header of a block of this ledger."""
        header = self.ledger.header(height)
        if header is None:
            raise LookupError(f"the ledger has no block {height}")
        return header

    def set_after(self, height: int) -> MemberSet:
        """The member set in force after a block: it cosigns the block that follows."""
        at = bisect_right(self._sets, height, key=lambda entry: entry.height) - 1
        return self._sets[max(at, 0)].members

    def set_before(self, height: int) -> MemberSet:
        """The set at the start of a block, which cosigns its end; the founders for the genesis block."""
        return self.set_after(max(height - 1, 0))

    def changes(self, after: int) -> list[int]:
        """The heights above `after` whose blocks changed the member set and end here, ascending."""
        low = max(after, 0, self.base.height - 1)
        return [entry.height for entry in self._sets if entry.height > low]

    def committed(self, prepared: Prepared) -> bool:
        """Take note of a block that is durable now; True when it changed the member set."""
        if prepared.result.header.members == self._sets[-1].members.hash():
            return False
        self._sets = self._read()
        return True

    def signer(self, note: Note, orderer: str) -> NoteSignature | None:
        """The log signature of `note` by the node key of `orderer`, or None.

        The key is that of the set at the start of the block which ends there, or of the newest set
        when the block is not here yet.
        """
        size = note.checkpoint.size
        height = self.height_at(size) if size <= self.ledger.tip.size else None
        members = self.set_after(self.ledger.tip.height) if height is None else self.set_before(height)
        for signature in note.signatures:
            if signature.name == note.checkpoint.origin and (
                signed_by(signature, note.checkpoint, members) == orderer
            ):
                return signature
        return None

    def _read(self) -> list[SetAt]:
        steps = self.ledger.set_changes()
        return [self._founders, *(SetAt(step.height, step.members) for step in steps)]


def _founders(ledger: Ledger) -> MemberSet:
    """The member set that the genesis brings."""
    machine, genesis = ledger.machine, ledger.genesis
    reader = MemoryReader()
    reader.update(machine.start(reader, lambda _changes: bytes(32)).changes)
    return ledger.app.keys.member_set(Context(Overlay(reader), ledger.network, 0, genesis.time))


class KeyFor:
    """Which of a node's keys signs for it at the end of a block: the one in the set at the block's start.

    The member's recovery key stands in for a lost node key, where the node was given it.
    """

    def __init__(self, chain: Chain, member: str, keys: tuple[SigningKey, ...]) -> None:
        self._chain, self._member = chain, member
        self._keys = {key.public: key for key in keys}

    def __call__(self, height: int) -> SigningKey:
        """The key; raises LookupError when the set names none that is here."""
        for member in self._chain.set_before(height).members:
            if member.name == self._member:
                for public in (member.witness, member.recovery):
                    if public in self._keys:
                        return self._keys[public]
        raise LookupError(f"{self._member} has no key here in the set at the start of block {height}")
