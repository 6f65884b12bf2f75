"""What the story of the frauds keeps in mind: what each bank has, what came in, and what the studies gave."""

from dataclasses import dataclass, field
from pathlib import Path

from consortia.engines.train.files import DataError
from consortia.engines.train.rates import Counts
from consortia.engines.train.schema import Schema
from consortia.solutions.finance.fraud.arrivals import cards_in, quarantine, receive, send
from consortia.solutions.finance.fraud.cards import Cards, Numbers
from consortia.solutions.finance.fraud.week import BANKS, Weeks
from consortia.solutions.finance.iso20022.payments import Payment
from consortia.solutions.rejects import Rejected, write_rejects
from consortia.solutions.story import Stage, StoryFailed

PURPOSE = "fraud"
LEAD = BANKS[0]
"""Who founded the network, and proposes the studies."""

BROKEN_AT = BANKS[2]
"""Whose last file comes in cut short."""

MODEL, RATES = "frauds", "terminals"


@dataclass(slots=True)
class Bureau:
    """The stage, the payments, and what came of them so far.

    `cards` are a bank's payments as it has them: its own books, and then what came in; `arrived` the latter
    as messages, in the same order. `counts` are the sums over all banks, by terminal and day; `sums` and
    `state` are the ids of the two models' blobs, `study` is that of the second study, `open_rounds` of the
    third, `trees` of the fourth.
    """

    stage: Stage
    weeks: Weeks
    cards: dict[str, Cards] = field(default_factory=dict)
    arrived: dict[str, tuple[Payment, ...]] = field(default_factory=dict)
    quarantined: list[Path] = field(default_factory=list)
    counts: Counts | None = None
    sums: bytes = b""
    study: bytes = b""
    open_rounds: bytes = b""
    trees: bytes = b""
    state: bytes = b""
    model: bytes = b""
    schema: Schema | None = None
    features: dict[str, Numbers] = field(default_factory=dict)

    def receive(self) -> None:
        """Each bank's payments of the tested days come in; a file that is broken is put aside."""
        stage, weeks = self.stage, self.weeks
        folder, rejected = stage.folder / "payments", list[Rejected]()
        files = 0
        for bank in BANKS:
            tested = weeks.of_days(bank, weeks.tested)
            sent = send(folder, bank, weeks.banks[bank].take(tested), BANKS)
            payments: list[Payment] = []
            for path in sent.files:
                payments += self._one(path, bank, rejected, is_last=path == sent.files[-1])
            files += len(sent.files)
            self.arrived[bank] = tuple(sorted(payments, key=lambda one: one.made))
            before = weeks.banks[bank].take(~tested)
            came = cards_in(self.arrived[bank], sent.disowned, weeks.first_day)
            self.cards[bank] = before.followed_by(came)
        rejects = stage.asked.rejects or stage.folder / "rejects.csv"
        write_rejects(rejects, (*weeks.rejected, *rejected))
        count = sum(map(len, self.arrived.values()))
        stage.line(
            f"{count:,} payments in {files} files, read by each bank; {rejects.name} says what was not"
        )

    def _one(self, path: Path, bank: str, rejected: list[Rejected], *, is_last: bool) -> tuple[Payment, ...]:
        """A file's payments; the last of one bank comes in cut short, and then whole."""
        whole = path.read_bytes()
        if not is_last or bank != BROKEN_AT:
            return receive(path)
        path.write_bytes(whole[: len(whole) * 2 // 3])
        try:
            receive(path)
        except DataError as error:
            self.quarantined.append(quarantine(path, error, rejected))
            self.stage.catch("a file of payments comes in cut short", bank, str(error))
        else:
            raise StoryFailed(f"{path.name} was cut short, and nobody noticed")
        path.write_bytes(whole)
        return receive(path)
