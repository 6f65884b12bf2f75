"""What the story of the frauds needs: five banks' card payments, and transfers with rings among them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from consortia.engines.train.files import DataError
from consortia.solutions.finance.fraud.cards import DAY_SECONDS, DELAY_DAYS, Cards, read_cards
from consortia.solutions.finance.fraud.synthetic import made_cards
from consortia.solutions.finance.fraud.tables import split_by_customer
from consortia.solutions.finance.iso20022.tree import needs_library
from consortia.solutions.finance.rings.laundering import World, world
from consortia.solutions.rejects import Rejected, usable, write_rejects
from consortia.solutions.story import Asked

BANKS = ("amber", "basalt", "cobalt", "dolomite", "ember")
TEST_DAYS, WARM_DAYS = 7, 4
"""The last days are tested; of the first too little is known to learn from."""

SHORT_TEST_DAYS, SHORT_WARM_DAYS, SHORT_DELAY_DAYS = 2, 2, 1
"""As many where there are fewer than WHOLE_DAYS days, and a fraud is taken to be known a day later."""

WHOLE_DAYS, DAYS_LEAST, FRAUDS_LEAST = 15, 7, 5
PAYMENTS_MAX = 20_000
"""A story takes no more: of larger files some customers are drawn, by the seed."""

ACCOUNTS, RINGS, CONTROLS = 600, 2, 1


@dataclass(frozen=True, slots=True)
class Weeks:
    """Each bank's payments, how many days they span, how many terminals there are, and the transfers.

    `drawn` is how many payments the file had where some customers were drawn from it, else 0; `rejected` are
    its rows that cannot be used.
    """

    banks: Mapping[str, Cards]
    days: int
    terminals: int
    first_day: int
    transfers: World
    drawn: int = 0
    rejected: tuple[Rejected, ...] = ()

    @property
    def tested(self) -> range:
        """The days on which payments come in and are scored: the last ones."""
        last = SHORT_TEST_DAYS if self.is_short else TEST_DAYS
        return range(self.days - last, self.days)

    @property
    def is_short(self) -> bool:
        """Whether there are too few days for a fraud to be known as late as it is in life."""
        return self.days < WHOLE_DAYS

    @property
    def delay(self) -> int:
        """So many days after a payment it is known whether it was a fraud."""
        return SHORT_DELAY_DAYS if self.is_short else DELAY_DAYS

    @property
    def learned(self) -> range:
        """The days to learn from: frauds on them are known when the first payment comes in."""
        return range(SHORT_WARM_DAYS if self.is_short else WARM_DAYS, self.tested.start - self.delay)

    def of_days(self, bank: str, days: range) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which of a bank's payments are of some days."""
        day = self.banks[bank].day
        return (day >= days.start) & (day < days.stop)


def prepare(asked: Asked) -> Weeks:
    """The payments that `--data` names, else made-up ones of the seed; raises DataError."""
    if asked.label is not None:
        raise DataError("the fraud story takes no --label: its CSV has a column fraud, of 0 and 1")
    needs_library()
    if asked.data is None:
        cards, drawn, rejected = made_cards(asked.seed), 0, tuple[Rejected, ...]()
    else:
        cards, drawn, rejected = _read(asked.data, asked)
    days = int(cards.day.max(initial=-1)) + 1
    if days < DAYS_LEAST:
        raise DataError(f"{days} days of payments; at least {DAYS_LEAST} are needed, with frauds in them")
    banks = split_by_customer(cards, dict.fromkeys(BANKS, 1.0), asked.seed)
    found = Weeks(
        banks,
        days,
        int(cards.terminal.max()) + 1,
        int(cards.seconds[0]) // DAY_SECONDS,
        _transfers(asked.seed),
        drawn,
        rejected,
    )
    for name, bank in banks.items():
        for what, part in (("to learn from", found.learned), ("to be tested", found.tested)):
            frauds = int(bank.fraud[found.of_days(name, part)].sum())
            if frauds < FRAUDS_LEAST:
                raise DataError(
                    f"the fifth of the customers that {name} has meet {frauds} frauds on the days {what}; "
                    f"{FRAUDS_LEAST} at least are needed: use more payments, or another --seed"
                )
    return found


def _read(data: Path, asked: Asked) -> tuple[Cards, int, tuple[Rejected, ...]]:
    """The payments of a file, or some customers' of it and how many it had; and what cannot be used."""
    read = read_cards(data)
    if asked.rejects is not None:
        write_rejects(asked.rejects, read.rejected)
    usable((), read.rejected, skip=asked.skip_bad_rows)
    cards = read.cards
    if len(cards) <= PAYMENTS_MAX:
        return _numbered(cards), 0, read.rejected
    customers = np.unique(cards.customer)
    kept = np.random.default_rng(asked.seed).permutation(customers)
    kept = kept[: max(len(BANKS), len(customers) * PAYMENTS_MAX // len(cards))]
    return _numbered(cards.take(np.isin(cards.customer, kept))), len(cards), read.rejected


def _numbered(cards: Cards) -> Cards:
    """Terminals numbered from 0 without gaps, so that groups are as few as can be."""
    terminal = np.unique(cards.terminal, return_inverse=True)[1].astype(np.int64)
    return Cards(cards.seconds, cards.day, cards.customer, terminal, cards.amount, cards.fraud)


def _transfers(seed: int) -> World:
    """A month of transfers; its banks are called as the members are."""
    made = world(seed, banks=len(BANKS), accounts=ACCOUNTS, rings=RINGS, controls=CONTROLS)
    names = {f"bank {at + 1}": name for at, name in enumerate(BANKS)}
    return World({account: names[bank] for account, bank in made.bank_of.items()}, made.transfers, made.rings)
