"""What a block of CometBFT's means here: which of its transactions are admitted, by one rule on every node.

The rule is a pure function of the ledger's state and the block: proposers filter by it, everybody else
refuses a block that breaks it, and a block that is decided all the same has what breaks it skipped.

1. An entry is a bundle, be it squeezed or sent again, or a tick; anything else is skipped.
2. A bundle's transactions are admitted one by one, in order, at the block's time (or the newest block's, if
   that is later). One that is not admitted, or no longer fits the block's bytes, is skipped.
3. A tick stands if no transaction was admitted, it names the newest height, the block is at least
   `TICK_AFTER_MS` later than that, and no tick stands before it.
"""

from dataclasses import dataclass

from consortia.base.codec import Malformed
from consortia.base.refusals import Refused
from consortia.drivers.cometbft.bundle import Tick, pack
from consortia.drivers.cometbft.readings import Found, Readings
from consortia.drivers.cometbft.varint import varint
from consortia.drivers.mempool import BLOCK_FRAME_BYTES, TRANSACTION_FRAME_BYTES
from consortia.kernel.admission import Admission, Check
from consortia.kernel.batch import Admitted, Batch
from consortia.kernel.block import BLOCK_BYTES_MAX
from consortia.kernel.ledger import Ledger

TICK_AFTER_MS = 2_000


@dataclass(frozen=True, slots=True)
class Convicted:
    """What CometBFT found a validator guilty of: its address (20 bytes), the driver's height, the kind."""

    address: bytes
    height: int
    kind: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A block of CometBFT's, proposed or decided. `time` is UTC milliseconds, rounded down."""

    height: int
    time: int
    entries: tuple[bytes, ...]
    convicted: tuple[Convicted, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a proposal stands.

    `kept` is what of each entry to propose, in order: the entry itself where all of it was admitted, a bundle
    of the rest, or nothing; `whole` says that nothing was skipped.
    """

    time: int
    admission: Admission
    admitted: tuple[Admitted, ...]
    kept: tuple[bytes, ...]
    tick: Tick | None
    whole: bool


def choose(
    ledger: Ledger, proposal: Proposal, readings: Readings, check: Check, *, whole: bool = False
) -> Choice:
    """Apply the rule to a proposal that follows the newest block.

    Where only a `whole` one will do, nothing is read behind the first entry of which something is skipped:
    few bytes can hold many transactions.
    """
    time = max(proposal.time, ledger.tip.time)
    with ledger.store.snapshot() as view:
        fold = _Fold(ledger.admission(view, time), readings, check)
        kept, ticks = list[bytes](), list[Tick]()
        for entry in proposal.entries:
            kept.append(fold.take(entry, ticks))
            if whole and not fold.whole:
                break
    stands = not fold.admitted and ticks[:1] == [Tick(ledger.tip.height)]
    stands = stands and time - ledger.tip.time >= TICK_AFTER_MS
    tick = ticks[0] if stands else None
    stands = fold.whole and len(ticks) == (0 if tick is None else 1)
    return Choice(time, fold.admission, tuple(fold.admitted), tuple(kept), tick, stands)


def packed(choice: Choice, bytes_max: int) -> tuple[bytes, ...]:
    """The entries to propose, cut off where CometBFT's block would have more than `bytes_max` bytes."""
    out, size = list[bytes](), 0
    wanted = [entry for entry in choice.kept if entry]
    if choice.tick is not None:
        wanted = [choice.tick.encode()]
    for entry in wanted:
        size += 1 + len(varint(len(entry))) + len(entry)
        if size > bytes_max:
            break
        out.append(entry)
    return tuple(out)


class _Fold:
    """The admission of one block, entry by entry."""

    def __init__(self, admission: Admission, readings: Readings, check: Check) -> None:
        self.admission, self.check = admission, check
        self.admitted: list[Admitted] = []
        self.whole = True
        self._readings = readings
        self._bytes = BLOCK_FRAME_BYTES

    def take(self, entry: bytes, ticks: list[Tick]) -> bytes:
        """Admit what an entry holds, and give the entry of what was admitted, or nothing."""
        try:
            found = self._readings.read(entry)
        except Malformed:
            self.whole = False
            return b""
        if isinstance(found, Tick):
            ticks.append(found)
            return b""
        batch = self._readings.batch(entry)
        if batch is not None and self._admit_batch(batch):
            return entry
        before = len(self.admitted)
        for one in found:
            self._admit(one)
        kept = [item.parsed.raw for item in self.admitted[before:]]
        if len(kept) == len(found):
            if batch is not None:
                batch.found_valid({item.signer.key: item.signer.public for item in self.admitted[before:]})
            return entry
        self.whole = False
        return pack(kept) if kept else b""

    def _admit_batch(self, batch: Batch) -> bool:
        """Admit all of an entry at once; False where its transactions have to be admitted one by one."""
        size = batch.size + len(batch.items) * TRANSACTION_FRAME_BYTES
        if self._bytes + size > BLOCK_BYTES_MAX:
            return False
        admitted = self.admission.admit_batch(batch)
        if admitted is None:
            return False
        self.admitted += admitted
        self._bytes += size
        return True

    def _admit(self, found: Found) -> None:
        if isinstance(found, Refused):
            return
        parsed, calls = found
        size = len(parsed.raw) + TRANSACTION_FRAME_BYTES
        if self._bytes + size > BLOCK_BYTES_MAX:
            return
        try:
            self.admitted.append(self.admission.admit_parsed(parsed, calls, self.check))
        except Refused:
            return
        self._bytes += size
