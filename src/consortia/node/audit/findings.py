"""What an audit finds: the counts of what it checked, and every mismatch with its place."""

from dataclasses import dataclass, field

from consortia.modules.training.queries import Awaited

MISMATCHES_MAX = 200
"""More mismatches than this are counted, not listed."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Something in `place` that is not as the ledger's rules make it: `text` says what."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A study that is not over: what it waits for, as of the audited ledger's last block."""

    study: str
    rounds: int
    now: Awaited
    absent: tuple[str, ...]


@dataclass(slots=True)
class Findings:
    """The outcome of the audit of one home."""

    home: str
    member: str = ""
    network: str = ""
    blocks: int = 0
    transactions: int = 0
    checkpoints: int = 0
    blobs: int = 0
    rounds_recomputed: int = 0
    predictions_replayed: int = 0
    acts_executed: int = 0
    tip_size: int = 0
    tip_root: str = ""
    begins: str = ""
    mismatches: list[Mismatch] = field(default_factory=list)
    unlisted: int = 0
    left_out: list[str] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)

    def wrong(self, place: str, text: str) -> None:
        """Note a mismatch."""
        if len(self.mismatches) < MISMATCHES_MAX:
            self.mismatches.append(Mismatch(place, text))
        else:
            self.unlisted += 1

    def expect(self, holds: object, place: str, text: str) -> bool:
        """Note a mismatch unless `holds`; gives whether it held."""
        if not holds:
            self.wrong(place, text)
        return bool(holds)

    @property
    def count(self) -> int:
        """How many mismatches there are, listed or not."""
        return len(self.mismatches) + self.unlisted
