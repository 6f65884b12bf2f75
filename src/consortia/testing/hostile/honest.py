"""Honest life: what each kind of event looks like when nobody attacks, look-alikes of attacks included.

Every actor has traits of its own (how large, at which hours, with whom), so that what is odd for one is
usual for another. An *episode* is a stretch of honest oddness: a rollout, a nightly copy, a campaign, a
payroll.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from consortia.testing.hostile.chance import Chance


@dataclass(frozen=True, slots=True)
class Traits:
    """What stays the same of one actor in one kind of event.

    `level` shifts its sizes (sixteenths of a doubling); `hour` is the middle of its day (UTC); `lean` is a
    second shift that each kind uses in its way; `peculiar` marks the few whose honest ways look odd (a
    treasury that sweeps, a market maker, a site unlike the others); `favourites` are whom or what it deals
    with.
    """

    level: int
    hour: int
    lean: int
    peculiar: bool
    favourites: tuple[int, ...]
    since: int


@dataclass(frozen=True, slots=True)
class Now:
    """When something happens: hours since the beginning, and whether within an episode."""

    hours: int
    odd: bool


@dataclass(frozen=True, slots=True)
class Life:
    """How a kind of event is lived: its share of all events (per mille), targets, favourites, exploration."""

    share: int
    targets: int
    favourites: int
    explores: int
    values: Callable[[Chance, Traits, Now], tuple[int, ...]]


def _act(chance: Chance, traits: Traits, now: Now) -> tuple[int, ...]:
    age = (traits.since + now.hours) % 2160
    return (
        chance.power(80 + traits.level, 16),
        int(chance.often(300 if now.odd else 30)),
        chance.below(48) if now.odd and chance.often(400) else age,
    )


def _access(chance: Chance, traits: Traits, now: Now) -> tuple[int, ...]:
    retries = chance.often(260 if now.odd else 60)
    return (
        chance.power(160 + traits.level + (24 if now.odd else 0), 20),
        chance.power(96, 32),
        1 + (chance.between(1, 5 if now.odd else 2) if retries else 0),
    )


def _spend(chance: Chance, traits: Traits, now: Now) -> tuple[int, ...]:
    overlap = chance.between(600, 999) if now.odd else chance.between(0, 600 + 4 * traits.lean)
    return chance.power(112 + traits.level, 12), overlap, chance.between(200, 1000)


def _update(chance: Chance, traits: Traits, now: Now) -> tuple[int, ...]:
    apart = 260 if traits.peculiar else 0
    return (
        chance.power(128 + traits.level + (8 if now.odd else 0), 8),
        chance.normal(700 - apart + 2 * traits.lean - (200 if now.odd else 0), 80),
        chance.power(80, 24),
        max(0, chance.normal(480 if traits.peculiar else 300, 90)),
    )


def _admission(chance: Chance, _: Traits, now: Now) -> tuple[int, ...]:
    shared = chance.between(1, 4) if now.odd else int(chance.often(100))
    return (
        chance.power(130 - (16 if now.odd else 0), 32),
        shared,
        chance.power(150 - (16 if now.odd else 0), 24),
    )


def _vote(chance: Chance, traits: Traits, now: Now) -> tuple[int, ...]:
    paid = chance.often(500 if traits.peculiar else 250)
    received = chance.power(100 + traits.level + (16 if traits.peculiar else 0), 24) if paid else 0
    return chance.power(140 + (16 if now.odd else 0), 32), received, int(chance.often(150 if now.odd else 40))


def _transfer(chance: Chance, traits: Traits, now: Now) -> tuple[int, ...]:
    amount = chance.power(176 + traits.level + (8 if now.odd else 0), 24)
    if traits.peculiar:
        return amount, chance.between(820, 1000), chance.power(64, 16)
    return amount, chance.between(0, 500), chance.power(130, 32)


def _order(chance: Chance, traits: Traits, now: Now) -> tuple[int, ...]:
    mutual = chance.between(280, 600) if traits.peculiar else chance.between(40, 300)
    held = chance.power(60 if traits.peculiar else 110, 32)
    return (
        chance.power(100 + traits.level, 20),
        min(1000, mutual + (320 if now.odd else 0)),
        held,
        abs(chance.normal(0, 10 if traits.peculiar else 40)),
    )


def _reading(chance: Chance, traits: Traits, now: Now) -> tuple[int, ...]:
    season = abs(now.hours % 24 - 12) - 6
    spread = 52 if now.odd else 12
    return chance.normal(traits.lean // 4 + season, spread), chance.normal(0, spread - 2)


def _mandate(chance: Chance, traits: Traits, now: Now) -> tuple[int, ...]:
    used = chance.between(700, 980) if now.odd else chance.between(60, 600 + 4 * traits.lean)
    return (
        used,
        int(chance.often(200 if now.odd else 40)),
        1 + int(chance.often(300)) + (chance.below(5) if now.odd else int(chance.often(100))),
    )


LIVES: Mapping[str, Life] = {
    "act": Life(180, 30, 5, 30, _act),
    "access": Life(130, 60, 6, 40, _access),
    "spend": Life(40, 20, 3, 40, _spend),
    "update": Life(120, 10, 2, 10, _update),
    "admission": Life(12, 5000, 1, 1000, _admission),
    "vote": Life(70, 12, 12, 0, _vote),
    "transfer": Life(190, 140, 7, 60, _transfer),
    "order": Life(128, 8, 3, 20, _order),
    "reading": Life(80, 24, 1, 0, _reading),
    "mandate": Life(50, 15, 4, 20, _mandate),
}
"""How each kind is lived. The shares add up to 1,000."""


def traits(chance: Chance, kind: str) -> Traits:
    """The traits of one actor in one kind of event."""
    life = LIVES[kind]
    return Traits(
        level=chance.normal(0, 16),
        hour=chance.between(7, 18),
        lean=chance.normal(0, 30),
        peculiar=chance.often(80),
        favourites=tuple(chance.below(life.targets) for _ in range(life.favourites)),
        since=chance.below(2160),
    )
