"""Transfers between accounts of several banks, made from a seed, with rings of money launderers among them.

Synthetic, and simple: accounts pay one another within circles of friends, are paid weekly, and pay merchants;
rings follow six typologies of the literature, over three banks at least or, as controls, inside one. Accounts
of rings behave like all others besides. Amounts are in cents, times in minutes.

Source: the typologies are those of AMLSim (Suzumura and Kanezashi): fan-in, fan-out, cycle, scatter-gather,
gather-scatter, bipartite.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

DAY = 24 * 60
DAYS = 30
BANKS_LEAST = 3
"""A ring that is no control has accounts at so many banks."""

TYPOLOGIES = ("fan-in", "fan-out", "cycle", "scatter-gather", "gather-scatter", "bipartite")


class Transfer(NamedTuple):
    """Money from one account to another: minute, payer, payee, cents. Accounts are any names."""

    time: int
    payer: bytes
    payee: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class Ring:
    """A ring: its typology and its accounts; a control stays inside one bank."""

    typology: str
    accounts: tuple[bytes, ...]
    control: bool


@dataclass(slots=True)
class World:
    """All banks' transfers, in the order of time, whose account is at which bank, and the truth."""

    bank_of: Mapping[bytes, str]
    transfers: list[Transfer] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)

    def seen_by(self, bank: str) -> list[Transfer]:
        """What one bank sees: transfers with an account of its own at either end."""
        return [one for one in self.transfers if bank in {self.bank_of[one.payer], self.bank_of[one.payee]}]


def world(seed: int, *, banks: int = 5, accounts: int = 3_000, rings: int = 6, controls: int = 2) -> World:
    """A world of so many accounts, with `rings` of each typology over banks, and `controls` inside one."""
    draw = random.Random(seed)  # noqa: S311 (made-up data)
    names = [f"account {at:05}".encode() for at in range(accounts)]
    found = World({name: f"bank {1 + draw.randrange(banks)}" for name in names})
    _daily_life(draw, names, found.transfers)
    for typology in TYPOLOGIES:
        for at in range(rings + controls):
            ring = _ring(draw, names, found.bank_of, typology, control=at >= rings)
            found.rings.append(ring)
            begin = draw.randrange(2 * DAY, (DAYS - 6) * DAY)
            _PLAYED[typology](_Play(draw, found.transfers, begin), list(ring.accounts))
    found.transfers.sort()
    return found


def _daily_life(draw: random.Random, names: list[bytes], into: list[Transfer]) -> None:
    """Wages every week, purchases at merchants, and payments within circles of friends."""
    employers, merchants, people = names[:30], names[30:120], names[120:]
    for name in people:
        employer, wage = draw.choice(employers), draw.randrange(30_000, 120_000)
        for week in range(DAYS // 7 + 1):
            minute = (7 * week + 4) * DAY + draw.randrange(600)
            into.append(Transfer(minute, employer, name, wage))
        bought = range(draw.randrange(4, 14))
        into += [Transfer(_minute(draw), name, draw.choice(merchants), _cents(draw, 4_000)) for _ in bought]
    for begin in range(0, len(people) - 8, 8):
        circle = people[begin : begin + 8]
        for _ in range(draw.randrange(6, 30)):
            payer, payee = draw.sample(circle, 2)
            into.append(Transfer(_minute(draw), payer, payee, _cents(draw, 20_000)))
    for _ in range(len(people)):
        payer, payee = draw.sample(people, 2)
        into.append(Transfer(_minute(draw), payer, payee, _cents(draw, 60_000)))
    for merchant in merchants:
        for week in range(DAYS // 7):
            minute = (7 * week + 6) * DAY + draw.randrange(600)
            into.append(Transfer(minute, merchant, draw.choice(employers), draw.randrange(100_000, 900_000)))


def _minute(draw: random.Random) -> int:
    return draw.randrange(DAYS * DAY)


def _cents(draw: random.Random, usual: int) -> int:
    """An amount around the usual one: mostly less, now and then ten times as much."""
    return 1 + usual * (1 + draw.randrange(40)) * (1 + draw.randrange(40)) * (1 + draw.randrange(40)) // 8_000


def _ring(
    draw: random.Random, names: list[bytes], bank_of: Mapping[bytes, str], typology: str, *, control: bool
) -> Ring:
    """Accounts of a ring: over three banks at least, or all at one."""
    size = draw.randrange(6, 10)
    pool = names[120:]
    while True:
        one = bank_of[draw.choice(pool)]
        chosen = draw.sample([name for name in pool if bank_of[name] == one] if control else pool, size)
        if control or len({bank_of[name] for name in chosen}) >= BANKS_LEAST:
            return Ring(typology, tuple(chosen), control)


@dataclass(slots=True)
class _Play:
    """A ring at work: money moves on within hours, a little of it staying behind each time."""

    draw: random.Random
    into: list[Transfer]
    now: int

    def pay(self, payer: bytes, payee: bytes, amount: int, *, within: int = 600) -> int:
        """Pay some time after now; gives when."""
        minute = self.now + self.draw.randrange(30, within)
        self.into.append(Transfer(minute, payer, payee, amount))
        return minute

    def sum(self) -> int:
        """An amount as rings move it."""
        return self.draw.randrange(250_000, 900_000)

    def less(self, amount: int) -> int:
        """What is left of an amount after somebody's commission."""
        return amount * self.draw.randrange(90, 99) // 100


def _fan_in(play: _Play, accounts: list[bytes]) -> None:
    usual = play.sum() // 2
    for payer in accounts[1:]:
        play.pay(payer, accounts[0], usual * play.draw.randrange(92, 108) // 100, within=2 * DAY)


def _fan_out(play: _Play, accounts: list[bytes]) -> None:
    usual = play.sum() // 2
    for payee in accounts[1:]:
        play.pay(accounts[0], payee, usual * play.draw.randrange(92, 108) // 100, within=2 * DAY)


def _cycle(play: _Play, accounts: list[bytes]) -> None:
    amount = play.sum()
    for payer, payee in zip(accounts, [*accounts[1:], accounts[0]], strict=True):
        play.now = play.pay(payer, payee, amount)
        amount = play.less(amount)


def _scatter_gather(play: _Play, accounts: list[bytes]) -> None:
    source, sink, *between = accounts
    start = play.now
    for middle in between:
        play.now, amount = start, play.sum()
        play.now = play.pay(source, middle, amount, within=DAY)
        play.pay(middle, sink, play.less(amount))


def _gather_scatter(play: _Play, accounts: list[bytes]) -> None:
    centre, *others = accounts
    half = len(others) // 2
    start, total = play.now, 0
    for payer in others[:half]:
        amount = play.sum()
        total += amount
        play.pay(payer, centre, amount)
    play.now = start + 610
    for payee in others[half:]:
        play.pay(centre, payee, play.less(total // (len(others) - half)))


def _bipartite(play: _Play, accounts: list[bytes]) -> None:
    half = len(accounts) // 2
    usual = play.sum() // 2
    for payer in accounts[:half]:
        for payee in accounts[half:]:
            play.pay(payer, payee, usual * play.draw.randrange(92, 108) // 100, within=2 * DAY)


_PLAYED: dict[str, Callable[[_Play, list[bytes]], None]] = {
    "fan-in": _fan_in,
    "fan-out": _fan_out,
    "cycle": _cycle,
    "scatter-gather": _scatter_gather,
    "gather-scatter": _gather_scatter,
    "bipartite": _bipartite,
}
