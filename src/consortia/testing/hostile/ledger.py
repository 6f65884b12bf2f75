"""The hostile ledger: honest events and incidents, mixed in order of time, from settings alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from consortia.base.codec import encode
from consortia.base.times import DAY, HOUR, MINUTE
from consortia.engines.watch.events import Event
from consortia.testing.hostile.chance import Chance
from consortia.testing.hostile.honest import LIVES, Now, Traits, traits
from consortia.testing.hostile.threats import THREATS, Scene, Threat


@dataclass(frozen=True, slots=True)
class Settings:
    """What a hostile ledger is made from.

    `events` in all, `base_rate_ppm` of them hostile (17,000: 1.7 %), over `days`, by `members` with
    `actors` keys each. `adaptive`: the attackers know the rules and stay just below them. `without`:
    threats left out. `bold_least` to `bold_most` (0 to 255): how boldly attackers act. `odd_permille`: how
    often an actor's day is an honest episode that looks odd. Raises ValueError for settings out of range.
    """

    seed: int
    base_rate_ppm: int = 17_000
    adaptive: bool = False
    events: int = 54_000
    days: int = 30
    members: int = 24
    actors: int = 3
    without: tuple[str, ...] = ()
    bold_least: int = 40
    bold_most: int = 255
    odd_permille: int = 40

    def __post_init__(self) -> None:
        if not (0 <= self.base_rate_ppm <= 200_000 and 1_000 <= self.events <= 10_000_000):
            raise ValueError(
                "a hostile ledger has 1,000 to 10,000,000 events, at most a fifth of them hostile"
            )
        if not (12 <= self.days <= 366 and 2 <= self.members <= 1000 and 2 <= self.actors <= 50):
            raise ValueError("12 to 366 days, 2 to 1,000 members, 2 to 50 actors each")
        if not 0 <= self.bold_least <= self.bold_most <= 255:
            raise ValueError("boldness runs from 0 to 255")
        if set(self.without) - set(THREATS) or len(set(self.without)) == len(THREATS):
            raise ValueError(f"the threats are {', '.join(THREATS)}; one must be left")


@dataclass(frozen=True, slots=True)
class Hostile:
    """A hostile ledger: events in order of time, and of each the threat ("" for honest) and incident (-1)."""

    settings: Settings
    events: tuple[Event, ...]
    threats: tuple[str, ...]
    incidents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _World:
    settings: Settings
    people: dict[str, tuple[Traits, ...]]
    odd: frozenset[tuple[str, int, int]]

    def actor(self, number: int) -> str:
        return f"m{number // self.settings.actors:02d}/a{number % self.settings.actors}"


def generate(settings: Settings) -> Hostile:
    """The hostile ledger of these settings: the same bytes on every machine."""
    world = _world(settings)
    hostile = settings.events * settings.base_rate_ppm // 1_000_000
    rows = [(event, "", -1) for event in _honest(world, settings.events - hostile)]
    rows += _hostile(world, hostile)
    # Whatever has one time stands in the order of its own words, so that truth does not show in the order.
    rows.sort(key=lambda row: (row[0].time, row[0].kind, row[0].actor, row[0].target, row[0].values))
    return Hostile(
        settings,
        tuple(event for event, _, _ in rows),
        tuple(threat for _, threat, _ in rows),
        tuple(incident for _, _, incident in rows),
    )


def digest(ledger: Hostile) -> str:
    """The SHA-256 of everything that was generated, in hex."""
    whole = sha256()
    for event, threat, incident in zip(ledger.events, ledger.threats, ledger.incidents, strict=True):
        row = [event.time, event.kind, event.actor, event.target, list(event.values), threat, incident]
        whole.update(encode(row))
    return whole.hexdigest()


def _world(settings: Settings) -> _World:
    chance = Chance(settings.seed, "world")
    count = settings.members * settings.actors
    people = {kind: tuple(traits(chance, kind) for _ in range(count)) for kind in LIVES}
    odd = frozenset(
        (kind, actor, day)
        for kind in LIVES
        for actor in range(count)
        for day in range(settings.days)
        if chance.often(settings.odd_permille)
    )
    return _World(settings, people, odd)


def _honest(world: _World, count: int) -> Iterator[Event]:
    """Honest events: days of the week differ, actors differ in how much they do, and episodes crowd."""
    chance = Chance(world.settings.seed, "honest")
    actors = len(world.people["act"])
    kinds = [kind for kind, life in LIVES.items() for _ in range(life.share)]
    weights = [sorted(chance.below(actors) for _ in range(4 * actors)) for _ in range(3)]
    ranks = {kind: weights[place % 3] for place, kind in enumerate(LIVES)}
    crowd = {(kind, day): actor for kind, actor, day in sorted(world.odd)}
    days = [day for day in range(world.settings.days) for _ in range(10 if day % 7 < 5 else 5)]
    for _ in range(count):
        kind, day = chance.pick(kinds), chance.pick(days)
        actor = chance.pick(ranks[kind])
        if (kind, day) in crowd and chance.often(60):
            actor = crowd[kind, day]
        yield _ordinary(world, chance, kind, actor, day)


def _ordinary(world: _World, chance: Chance, kind: str, actor: int, day: int) -> Event:
    life, own = LIVES[kind], world.people[kind][actor]
    odd = (kind, actor, day) in world.odd
    minute = chance.below(24 * 60) if chance.often(400 if odd else 60) else chance.normal(own.hour * 60, 150)
    time = day * DAY + minute % 1440 * MINUTE + chance.below(MINUTE)
    explored = chance.often(400 if odd else life.explores)
    target = chance.below(life.targets) if explored else chance.pick(own.favourites)
    return Event(
        time, kind, world.actor(actor), f"{kind}-{target}", life.values(chance, own, Now(time // HOUR, odd))
    )


def _hostile(world: _World, count: int) -> Iterator[tuple[Event, str, int]]:
    """Incidents, every threat as often as the others, until so many events are theirs."""
    settings = world.settings
    chance = Chance(settings.seed, "hostile")
    names = [name for name in THREATS if name not in settings.without]
    left, number, queue = count, 0, list[str]()
    while left:
        queue = queue or chance.shuffled(names)
        threat = THREATS[queue.pop()]
        events = min(left, chance.between(*threat.events))
        for event in _incident(world, chance, threat, number, events):
            yield event, threat.name, number
        left -= events
        number += 1


def _incident(world: _World, chance: Chance, threat: Threat, number: int, events: int) -> Iterator[Event]:
    settings = world.settings
    own = world.people[threat.kind]
    cast = [chance.below(len(own)) for _ in range(chance.between(*threat.actors))]
    start = chance.below(settings.days * DAY)
    scene = Scene(
        number,
        chance.between(settings.bold_least, settings.bold_most),
        tuple(own[actor] for actor in cast),
        start // HOUR,
        settings.adaptive,
    )
    time = start
    for place in range(events):
        step = threat.step(chance, scene, place)
        # What would come after the last day comes round on the first ones, so that no incident is cut short.
        time = (time + step.after) % (settings.days * DAY)
        target = chance.pick(own[cast[step.actor]].favourites) if step.target is None else step.target
        yield Event(time, threat.kind, world.actor(cast[step.actor]), f"{threat.kind}-{target}", step.values)
