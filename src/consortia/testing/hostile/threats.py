"""The twelve threats: what each does, from hardly to boldly, also where the attacker knows the rules.

`bold` runs from 0 to 255. A step gives the actor, the milliseconds since the step before, the target (None:
one of the actor's own) and the values of one hostile event.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from consortia.base.times import HOUR, MINUTE
from consortia.testing.hostile.chance import Chance
from consortia.testing.hostile.honest import LIVES, Traits


@dataclass(frozen=True, slots=True)
class Scene:
    """What an incident is played with: number, boldness, its actors' traits and the hour it began."""

    number: int
    bold: int
    traits: tuple[Traits, ...]
    hours: int
    adaptive: bool

    def toward(self, mild: int, bold: int) -> int:
        """A value between what a mild and what a bold attacker shows."""
        return mild + (bold - mild) * self.bold // 255

    def capped(self, value: int, most: int) -> int:
        """At most `most` for an attacker who knows the rules."""
        return min(value, most) if self.adaptive else value

    def floored(self, value: int, least: int) -> int:
        """At least `least` for an attacker who knows the rules."""
        return max(value, least) if self.adaptive else value


@dataclass(frozen=True, slots=True)
class Step:
    """One hostile event: which actor, how long after the one before, at what, with which values."""

    actor: int
    after: int
    target: int | None
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Threat:
    """A threat: the kind of event it shows in, how many actors and events an incident has, and its steps."""

    name: str
    kind: str
    actors: tuple[int, int]
    events: tuple[int, int]
    step: Callable[[Chance, Scene, int], Step]


def _any(chance: Chance, kind: str) -> int:
    return chance.below(LIVES[kind].targets)


def _stolen_key(chance: Chance, scene: Scene, _: int) -> Step:
    """A thief tries what the key may do: methods its owner never used, fast, at the thief's own hours."""
    own = scene.traits[0]
    fresh = chance.often(scene.toward(350, 900))
    after = chance.between(1, scene.toward(240, 40)) * MINUTE
    return Step(
        0,
        scene.floored(after, 50 * MINUTE),
        _any(chance, "act") if fresh and not (scene.adaptive and chance.often(700)) else None,
        (
            chance.power(80 + own.level + scene.toward(4, 28), 16),
            int(chance.often(scene.capped(scene.toward(60, 450), 60))),
            (own.since + scene.hours) % 2160,
        ),
    )


def _replayed_export(chance: Chance, scene: Scene, place: int) -> Step:
    """An approval that was meant for once is used again and again, for the same records."""
    own = scene.traits[0]
    return Step(
        0,
        chance.between(1, 14) * HOUR,
        scene.number % LIVES["access"].targets if chance.often(700) else None,
        (
            chance.power(160 + own.level, 4),
            chance.power(scene.toward(110, 190), 20),
            scene.capped(2 + place * scene.toward(1, 5) // 3, 3),
        ),
    )


def _slow_exfiltration(chance: Chance, scene: Scene, _: int) -> Step:
    """A little every evening, out of many data sets that the insider never needed."""
    own = scene.traits[0]
    return Step(
        0,
        chance.between(6, scene.toward(30, 14)) * HOUR,
        _any(chance, "access") if chance.often(scene.toward(550, 950)) else None,
        (
            scene.capped(chance.power(160 + own.level + scene.toward(2, 44), 12), 1 << 11),
            chance.power(scene.toward(84, 56), 24),
            1,
        ),
    )


def _budget_fishing(chance: Chance, scene: Scene, place: int) -> Step:
    """The same question again and again, a little changed: what differs between the answers is one record."""
    own = scene.traits[0]
    overlap = chance.between(scene.toward(620, 900), 999)
    return Step(
        0,
        scene.floored(chance.between(8, scene.toward(900, 240)) * MINUTE, 4 * HOUR),
        scene.number % LIVES["spend"].targets,
        (
            chance.power(112 + own.level - scene.toward(4, 28), 8),
            scene.capped(overlap, 799),
            max(20, 1000 - place * scene.toward(40, 90) - chance.below(200)),
        ),
    )


def _poisoned_updates(chance: Chance, scene: Scene, _: int) -> Step:
    """Updates that push the model elsewhere: somewhat too large, and against the others."""
    own = scene.traits[0]
    agreement = chance.normal(640 + 2 * own.lean - scene.toward(120, 720), 70)
    return Step(
        0,
        chance.between(5, 20) * HOUR,
        None,
        (
            chance.power(128 + own.level + scene.capped(scene.toward(6, 34), 12), 6),
            scene.floored(agreement, 210),
            chance.power(80, 24),
            max(0, chance.normal(300, 90)),
        ),
    )


def _free_riding(chance: Chance, scene: Scene, _: int) -> Step:
    """Nothing is trained: the last model or another's update comes back, small and late."""
    own = scene.traits[0]
    return Step(
        0,
        chance.between(5, 20) * HOUR,
        None,
        (
            chance.power(128 + own.level - scene.toward(4, 44), 8),
            chance.normal(760 + scene.toward(0, 120), 60),
            chance.power(scene.floored(scene.toward(66, 24), 96), 16),
            scene.capped(min(1000, chance.normal(scene.toward(470, 930), 60)), 640),
        ),
    )


def _sybil_admission(chance: Chance, scene: Scene, _: int) -> Step:
    """One sponsor brings in many young applicants that share what only one owner would share."""
    shared = scene.toward(1, 4) - int(chance.often(300))
    return Step(
        0,
        chance.between(1, scene.toward(30, 6)) * HOUR,
        _any(chance, "admission"),
        (
            chance.power(scene.floored(scene.toward(100, 50), 124), 20),
            scene.capped(max(0, shared), 2),
            chance.power(scene.toward(134, 88), 20),
        ),
    )


def _vote_buying(chance: Chance, scene: Scene, place: int) -> Step:
    """Several voters are paid before the close, and change their votes within hours of one another."""
    return Step(
        place % len(scene.traits),
        chance.between(3, scene.toward(240, 30)) * MINUTE,
        scene.number % LIVES["vote"].targets,
        (
            chance.power(scene.toward(150, 176), 12),
            scene.capped(chance.power(scene.toward(112, 168), 10), 1 << 8),
            int(chance.often(scene.toward(200, 800))),
        ),
    )


def _wash_trade(chance: Chance, scene: Scene, place: int) -> Step:
    """Two accounts of one owner trade with each other, to make a market look alive."""
    own = scene.traits[place % len(scene.traits)]
    return Step(
        place % len(scene.traits),
        chance.between(2, scene.toward(600, 180)) * MINUTE,
        scene.number % LIVES["order"].targets,
        (
            chance.power(104 + own.level + scene.toward(0, 20), 5),
            scene.capped(min(1000, chance.normal(scene.toward(430, 900), 60)), 530),
            chance.power(scene.toward(84, 40), 16),
            abs(chance.normal(0, scene.toward(20, 5))),
        ),
    )


def _laundering_chain(chance: Chance, scene: Scene, place: int) -> Step:
    """Money that came in leaves at once, nearly whole, to somebody new, and so on down a chain."""
    own = scene.traits[place % len(scene.traits)]
    return Step(
        place % len(scene.traits),
        chance.between(5, scene.toward(600, 120)) * MINUTE,
        _any(chance, "transfer") if chance.often(800) else None,
        (
            chance.power(180 + own.level + scene.capped(scene.toward(0, 44), 12), 10),
            scene.capped(chance.between(scene.toward(520, 900), 1000), 810),
            scene.floored(chance.power(scene.toward(104, 44), 16), 40),
        ),
    )


def _oracle_drift(chance: Chance, scene: Scene, place: int) -> Step:
    """Readings that creep away in one direction, each step within what is usual."""
    sign = 1 if scene.number % 2 else -1
    reach = (8 + scene.toward(10, 100) * min(place + 1, 8) // 8) * sign
    deviation = chance.normal(scene.traits[0].lean // 4 + reach, 8)
    return Step(
        0,
        chance.between(6, 16) * HOUR,
        None,
        (
            max(-54, min(54, deviation)) if scene.adaptive else deviation,
            chance.normal(sign * scene.toward(3, 12), 7),
        ),
    )


def _mandate_probing(chance: Chance, scene: Scene, _: int) -> Step:
    """An agent tries where its mandate ends: near the cap, refused, with one method after another."""
    return Step(
        0,
        scene.floored(chance.between(1, scene.toward(480, 90)) * MINUTE, 90 * MINUTE),
        _any(chance, "mandate") if chance.often(scene.toward(300, 800)) else None,
        (
            scene.capped(chance.between(scene.toward(640, 900), 1000), 950),
            int(chance.often(scene.capped(scene.toward(150, 800), 100))),
            scene.capped(chance.between(1, scene.toward(3, 8)), 3),
        ),
    )


THREATS: Mapping[str, Threat] = {
    each.name: each
    for each in (
        Threat("stolen_key", "act", (1, 1), (4, 10), _stolen_key),
        Threat("replayed_export", "access", (1, 1), (3, 7), _replayed_export),
        Threat("budget_fishing", "spend", (1, 1), (6, 12), _budget_fishing),
        Threat("poisoned_updates", "update", (1, 1), (4, 9), _poisoned_updates),
        Threat("free_riding", "update", (1, 1), (4, 9), _free_riding),
        Threat("sybil_admission", "admission", (1, 1), (3, 7), _sybil_admission),
        Threat("vote_buying", "vote", (4, 8), (4, 8), _vote_buying),
        Threat("wash_trade", "order", (2, 2), (6, 14), _wash_trade),
        Threat("laundering_chain", "transfer", (3, 6), (5, 12), _laundering_chain),
        Threat("oracle_drift", "reading", (1, 1), (7, 14), _oracle_drift),
        Threat("slow_exfiltration", "access", (1, 1), (6, 12), _slow_exfiltration),
        Threat("mandate_probing", "mandate", (1, 1), (4, 10), _mandate_probing),
    )
}
"""The threats by name."""
