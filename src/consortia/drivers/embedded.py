"""The embedded driver: one process orders, in groups.

A block closes when `transactions_max` wait or `wait_ms` have passed since its first came, and whoever
submitted is answered once the block is durable. The driver keeps no clock: it is told the time. It never
builds a block at a time before its parent's.
"""

from dataclasses import dataclass, field

from consortia.base.codec import Record
from consortia.base.keys import verify
from consortia.base.refusals import Refused
from consortia.drivers.mempool import Mempool
from consortia.kernel.admission import Check
from consortia.kernel.application import Bound
from consortia.kernel.block import Block
from consortia.kernel.ledger import Ledger, Prepared


@dataclass(frozen=True, slots=True)
class Grouping:
    """When a block closes: at so many transactions, or so many milliseconds after its first."""

    transactions_max: int = 1000
    wait_ms: int = 5


@dataclass(slots=True)
class Outcome:
    """What a step brought.

    The block that is durable now (`prompt`: somebody waits for it to be final), and what the new state
    refuses of what waited.
    """

    committed: Prepared | None = None
    prompt: bool = False
    refused: list[tuple[bytes, Refused]] = field(default_factory=list)


class Embedded:
    """Orders transactions into the blocks of one ledger."""

    def __init__(self, ledger: Ledger, check: Check = verify, grouping: Grouping | None = None) -> None:
        self.ledger = ledger
        self.check = check
        self.grouping = grouping or Grouping()
        self.pool = Mempool(ledger, check)

    def submit(self, raw: bytes, now: int) -> bytes:
        """Take in a transaction at clock time `now` (UTC milliseconds) and give its id; raises Refused."""
        return self.pool.submit(raw, now)

    def due(self) -> int | None:
        """The clock time from which the gathered block is to be closed; None while nothing waits."""
        opened = self.pool.opened
        if opened is None:
            return None
        return opened if self.pool.ready >= self.grouping.transactions_max else opened + self.grouping.wait_ms

    def step(self, now: int) -> Outcome:
        """Close the block if it is due at `now`, and make it durable.

        Raises what the store raises, with nothing lost. A clock that was set back closes the block at once.
        """
        outcome = Outcome()
        due, opened = self.due(), self.pool.opened
        if due is None or opened is None or opened <= now < due:
            return outcome
        fold = self.pool.take(now)
        if fold is None:
            return outcome
        block = Block(self.ledger.tip.height + 1, fold.time, tuple(item.parsed.raw for item in fold.admitted))
        try:
            prepared = self.ledger.prepare_admitted(block, fold.admission, tuple(fold.admitted))
            self.ledger.commit(prepared)
        except BaseException:
            self.pool.pause(fold)
            self.pool.refill(now)
            raise
        outcome.committed = prepared
        calls = [call for item in fold.admitted for call in item.calls if call[0].method.prompt]
        outcome.prompt = bool(calls) and self._somebody_waits(calls)
        outcome.refused = self.pool.done(fold, now)
        return outcome

    def _somebody_waits(self, calls: list[tuple[Bound, Record]]) -> bool:
        """Whether one of these calls of the newest block led to what somebody waits for."""
        found: list[bool] = []
        self.ledger.ask(
            lambda ctx: found.append(any(bound.method.is_prompt(ctx, message) for bound, message in calls))
        )
        return found[0]

    def header(self, now: int) -> Prepared:
        """Append a block without transactions: a header at time `now`, or its parent's if that is later."""
        self.pool.pause()
        try:
            block = Block(self.ledger.tip.height + 1, max(now, self.ledger.tip.time), ())
            prepared = self.ledger.prepare(block)
            self.ledger.commit(prepared)
        finally:
            self.pool.refill(now)
        return prepared
