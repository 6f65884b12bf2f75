"""Transactions that wait: admitted to the block being gathered, or queued for a later one.

The pool keeps one admission fold (`kernel.admission`) over the committed state, at the block time of
the block to come. What the fold admits is *ready*; what it only defers (a block or a member's share of
it is full) waits its turn, up to the member's cap of pending transactions, and a quarter more of urgent ones.
All else is refused at once. What is urgent goes before what else waits.
"""

from collections import deque
from collections.abc import Iterator

from msgspec import Struct

from consortia.base.codec import Record
from consortia.base.refusals import Refusal, Refused, require
from consortia.kernel import refusals as codes
from consortia.kernel.admission import (
    URGENT_PART,
    Admission,
    Check,
    is_deferred,
    parse,
)
from consortia.kernel.application import Bound
from consortia.kernel.batch import Admitted, Batch, is_urgent
from consortia.kernel.block import BLOCK_BYTES_MAX
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import Parsed

TRANSACTION_FRAME_BYTES = 8
"""What a transaction adds to the encoded block beside its own bytes, at most."""

BLOCK_FRAME_BYTES = 64
_FOR_URGENT = BLOCK_BYTES_MAX // URGENT_PART

POOL_FULL = Refusal("node", 1, "pool_full", "Too many of the member's transactions wait already.")
"""Refused by a node, not by the ledger: it stands in no receipt."""


Calls = tuple[tuple[Bound, Record], ...]


class Waiting(Struct, frozen=True):
    """A well-formed transaction in the pool, with its typed calls."""

    parsed: Parsed
    calls: Calls
    member: str


class Newest:
    """The newest state of a ledger, each read a snapshot of its own; nobody appends while a fold is open."""

    def __init__(self, ledger: Ledger) -> None:
        self._store = ledger.store

    def get(self, key: bytes) -> bytes | None:
        """The value at `key`, or None."""
        with self._store.snapshot() as view:
            return view.get(key)

    def scan(self, prefix: bytes, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """All (key, value) whose key starts with `prefix` and is above `after`, in key order."""
        with self._store.snapshot() as view:
            return iter(list(view.scan(prefix, after)))


class Fold:
    """The admission of the block being gathered, over the newest state."""

    def __init__(self, ledger: Ledger, now: int) -> None:
        """Start at block time `now`, or at the newest block's if that is later."""
        self.opened = now
        self.time = max(now, ledger.tip.time)
        self.admission: Admission = ledger.admission(Newest(ledger), self.time)
        self.admitted: list[Admitted] = []
        self.bytes = BLOCK_FRAME_BYTES


class Mempool:
    """What waits at an orderer. `check` verifies signatures; it may know results computed elsewhere."""

    def __init__(self, ledger: Ledger, check: Check) -> None:
        self.ledger = ledger
        self.check = check
        self.waiting: deque[Waiting] = deque()
        self._fold: Fold | None = None
        self._ids: dict[bytes, str] = {}
        self._pending: dict[str, int] = {}
        self._lanes: dict[tuple[bytes, int], int] = {}

    def __len__(self) -> int:
        """How many transactions wait."""
        return len(self._ids)

    def __contains__(self, transaction: object) -> bool:
        """Whether the transaction with this id waits."""
        return transaction in self._ids

    @property
    def ready(self) -> int:
        """How many transactions the next block has."""
        return 0 if self._fold is None else len(self._fold.admitted)

    @property
    def opened(self) -> int | None:
        """The clock time at which the block being gathered was begun, or None while it is empty."""
        return self._fold.opened if self._fold is not None and self._fold.admitted else None

    def submit(self, raw: bytes, now: int) -> bytes:
        """Take a transaction in and give its id; raises Refused. One that waits already is simply known."""
        parsed, calls = parse(self.ledger.app, raw, self.ledger.network)
        if parsed.id not in self._ids:
            self.enter(parsed, calls, now)
        return parsed.id

    def enter(self, parsed: Parsed, calls: Calls, now: int) -> None:
        """Take in what `parse` gave and does not wait yet; raises Refused."""
        fold = self._current(now)
        member = fold.admission.signer(parsed.transaction.key).member
        cap, waits = fold.admission.quota(member).pending, self._pending.get(member, 0)
        if waits >= cap:
            if is_urgent(calls):
                cap += max(1, cap // URGENT_PART)
            if waits >= cap:
                raise Refused(POOL_FULL, f"{member}: {cap}")
        self._enter(fold, parsed, calls, member)

    def enter_batch(self, batch: Batch, now: int) -> bool:
        """Take in those all at once, as `enter` would one by one; False, and nothing, where it has to."""
        fold = self._current(now)
        size = batch.size + len(batch.items) * TRANSACTION_FRAME_BYTES
        if self._lanes or BLOCK_BYTES_MAX - fold.bytes - size < _FOR_URGENT:
            return False
        counts = self._counts(batch, now)
        if counts is None:
            return False
        admitted = fold.admission.admit_batch(batch)
        if admitted is None:
            return False
        fold.admitted += admitted
        fold.bytes += size
        for item in admitted:
            self._ids[item.parsed.id] = item.signer.member
        for member, count in counts.items():
            self._pending[member] = self._pending.get(member, 0) + count
        return True

    def is_early(self, batch: Batch, now: int) -> bool:
        """Whether `enter` would refuse each of these, and for no other reason than its place in its lane."""
        if self._current(now).admission.signers(batch) is None or self._counts(batch, now) is None:
            return False
        return all(self.next_sequence(*lane, now) < first for lane, (first, _) in batch.lanes.items())

    def _counts(self, batch: Batch, now: int) -> dict[str, int] | None:
        """How many of a batch are each member's; None where more than its cap would wait."""
        counts, admission = dict[str, int](), self._current(now).admission
        for key, part in batch.parts.items():
            member = self.member(key, now)
            counts[member] = counts.get(member, 0) + part.count
        for member, count in counts.items():
            if self._pending.get(member, 0) + count > admission.quota(member).pending:
                return None
        return counts

    def holds_any(self, batch: Batch) -> bool:
        """Whether one of these transactions waits."""
        return not self._ids.keys().isdisjoint(batch.ids)

    def parsed(self) -> Iterator[Parsed]:
        """The transactions that wait, in their order."""
        yield from [item.parsed for item in ([] if self._fold is None else self._fold.admitted)]
        yield from [item.parsed for item in self.waiting]

    def public(self, key: bytes, now: int) -> bytes:
        """The public key under a key id; raises Refused where it signs nothing."""
        return self._current(now).admission.signer(key).public

    def next_sequence(self, key: bytes, lane: int, now: int) -> int:
        """The sequence number that a lane's next transaction must have, after those that wait."""
        expected = self._lanes.get((key, lane))
        return self._current(now).admission.next_sequence(key, lane) if expected is None else expected

    def member(self, key: bytes, now: int) -> str:
        """The member whose key has this id, or nothing where none has it."""
        try:
            return self._current(now).admission.signer(key).member
        except Refused:
            return ""

    def take(self, now: int) -> Fold | None:
        """The block gathered so far, for its driver to append and close; None when it is empty."""
        fold = self._current(now)
        if not fold.admitted:
            return None
        self._fold = None
        return fold

    def done(self, fold: Fold, now: int) -> list[tuple[bytes, Refused]]:
        """After `fold` was appended: forget it, and gather the next block from what waits.

        Gives the ids of those that the new state refuses, with the reason.
        """
        for item in fold.admitted:
            self._forget(item.parsed.id)
        return self.refill(now)

    def pause(self, fold: Fold | None = None) -> None:
        """Stop gathering, before blocks are appended that were not gathered here.

        What was gathered, or taken as `fold` and not appended after all, waits first in line.
        """
        fold = fold or self._fold
        self._fold = None
        if fold is not None:
            back = [Waiting(item.parsed, item.calls, item.signer.member) for item in fold.admitted]
            self.waiting.extendleft(reversed(back))

    def refill(self, now: int) -> list[tuple[bytes, Refused]]:
        """Gather anew on the newest state; as `done`."""
        queue, self.waiting = self.waiting, deque()
        self._lanes.clear()
        refused = []
        for item in _urgent_first(queue):
            self._forget(item.parsed.id)
            try:
                self._enter(self._current(now), item.parsed, item.calls, item.member)
            except Refused as reason:
                refused.append((item.parsed.id, reason))
        return refused

    def _current(self, now: int) -> Fold:
        """The fold of the block being gathered. While it is empty it moves with the clock."""
        fold = self._fold
        if fold is not None and (fold.admitted or fold.time == max(now, self.ledger.tip.time)):
            return fold
        self._fold = Fold(self.ledger, now)
        return self._fold

    def _enter(self, fold: Fold, parsed: Parsed, calls: Calls, member: str) -> None:
        """Let the transaction into the block, or into the queue for a later one; raises Refused."""
        if not self._admit(fold, parsed, calls):
            self._queue(fold, Waiting(parsed, calls, member))
        self._ids[parsed.id] = member
        self._pending[member] = self._pending.get(member, 0) + 1

    def _admit(self, fold: Fold, parsed: Parsed, calls: Calls) -> bool:
        """Admit to the block; False when the transaction must wait for a later one."""
        if self._lanes and (parsed.transaction.key, parsed.transaction.lane) in self._lanes:
            return False
        size = len(parsed.raw) + TRANSACTION_FRAME_BYTES
        room = BLOCK_BYTES_MAX - fold.bytes - size
        if room < _FOR_URGENT and (room < 0 or not is_urgent(calls)):
            return False
        try:
            fold.admitted.append(fold.admission.admit_parsed(parsed, calls, self.check))
        except Refused as refused:
            if is_deferred(refused.refusal) and fold.admitted:
                return False
            raise
        fold.bytes += size
        return True

    def _queue(self, fold: Fold, item: Waiting) -> None:
        """Let a transaction wait that its block has no room for: its signature and order are checked now."""
        transaction = item.parsed.transaction
        lane = (transaction.key, transaction.lane)
        expected = self._lanes.get(lane)
        if expected is None:
            expected = fold.admission.next_sequence(*lane)
        detail = f"sequence {transaction.sequence}, next is {expected}"
        require(transaction.sequence >= expected, codes.REPLAYED, detail)
        require(transaction.sequence == expected, codes.OUT_OF_ORDER, detail)
        public = fold.admission.signer(transaction.key).public
        require(self.check(public, item.parsed.signed, item.parsed.envelope.signature), codes.BAD_SIGNATURE)
        self._lanes[lane] = transaction.sequence + 1
        self.waiting.append(item)

    def _forget(self, transaction: bytes) -> None:
        member = self._ids.pop(transaction)
        left = self._pending[member] - 1
        if left:
            self._pending[member] = left
        else:
            del self._pending[member]


def _urgent_first(queue: deque[Waiting]) -> list[Waiting]:
    """What waits, the urgent in front where nothing of their lane waits before them; else in its order."""
    ahead, rest, seen = list[Waiting](), list[Waiting](), set[tuple[bytes, int]]()
    for item in queue:
        lane = (item.parsed.transaction.key, item.parsed.transaction.lane)
        if lane not in seen and is_urgent(item.calls):
            ahead.append(item)
        else:
            seen.add(lane)
            rest.append(item)
    return ahead + rest
