"""One vector of integers for each event: its values, and what it looks like beside what came before.

Everything is an integer and depends on nothing but the events so far, so that a vector can be made again by
anybody who has them. The state is bounded: of actors, pairs and targets, the ones longest unseen are
forgotten.
"""

from collections import OrderedDict
from typing import cast

from consortia.base.codec import Malformed, decode, encode
from consortia.base.times import DAY, HOUR
from consortia.engines.watch.events import KINDS, LOG, Event

SCHEMA = "watch/2"
"""The name of this way to make vectors; a state of another is refused."""

CONTEXT = ("gap", "hourly", "daily", "rarity", "known", "news", "ratio", "rise", "fall", "crowd")
"""What stands after an event's own values.

`gap`: seconds since the actor's last of the kind (sixteenths of a doubling). `hourly`, `daily`: how many it
did of late, this one included, in sixteenths. `rarity`: how seldom it is active at this hour. `known`: how
often it met this target. `news`: how many targets new to it came of late. `ratio`: its first value against
its own mean. `rise`, `fall`: sums of small deviations up and down (CUSUM). `crowd`: events at this target
of late.
"""
HABITS = {"access": ("spread", "repeated")}
"""What stands behind the context of some kinds: what shows over days, and in no single event.

`spread`: how steadily the actor has gone to targets new to it, over a week; 16 for a new target, counted once
in eight hours, less 1 for an event at one it knows. So an afternoon of looking around counts once, and an
insider's evenings add up. `repeated`: how often on end the same approval was used again at this target for as
many records.
"""
KEPT_MAX = 1 << 16
"""How many actors, pairs and targets are remembered, each."""

STATE_BYTES_MAX = 1 << 26
"""A saved state is not longer: at its bounds, among the most members that there may be, it has half of it."""

_SIXTEENTHS = (
    65536, 68438, 71468, 74632, 77936, 81386, 84990, 88752,
    92682, 96785, 101070, 105545, 110218, 115098, 120194, 125515,
)  # fmt: skip
"""2^(i/16) in 65,536ths, rounded."""
_SLACK = 6
_SPREAD_HOURS, _SPREAD_DAYS = 8, 7
_SAME = 8
_ALIKE = 64


class StateError(ValueError):
    """A saved state that is not one of this version."""


def kept_in(data: bytes, schema: str, what: str) -> object:
    """What a saved state keeps, or None; raises StateError unless it is `what`, of this schema."""
    try:
        found = decode(data, size_max=STATE_BYTES_MAX)
    except Malformed as error:
        raise StateError(f"not {what}: {error}") from None
    if not isinstance(found, dict) or "schema" not in found:
        raise StateError(f"not {what}")
    if found["schema"] != schema:
        raise StateError(f"{what} of version {found['schema']!r}; this program reads {schema!r}")
    return found.get("kept")


def columns(kind: str) -> tuple[str, ...]:
    """The names of the entries of a vector of this kind."""
    return (*(name for name, _ in KINDS[kind]), *CONTEXT, *HABITS.get(kind, ()))


def log16(value: int) -> int:
    """The logarithm to base 2 of 1 + |value|, in sixteenths rounded down, with the value's sign."""
    whole = abs(value) + 1
    bits = whole.bit_length() - 1
    mantissa = (whole << 16) >> bits
    step = sum(1 for bound in _SIXTEENTHS[1:] if mantissa >= bound)
    return (16 * bits + step) * (-1 if value < 0 else 1)


class Watcher:
    """Makes the vectors of a stream of events, in order; its state is small and can be saved."""

    def __init__(self, kept_max: int = KEPT_MAX) -> None:
        """Remember at most `kept_max` actors, pairs and targets, each."""
        self._kept_max = kept_max
        self._actors: OrderedDict[str, list[int]] = OrderedDict()
        self._pairs: OrderedDict[str, list[int]] = OrderedDict()
        self._targets: OrderedDict[str, list[int]] = OrderedDict()

    def vector(self, event: Event) -> tuple[int, ...]:
        """The vector of the next event (`columns` names its entries)."""
        own = tuple(
            log16(value) if scale == LOG else value
            for value, (_, scale) in zip(event.values, KINDS[event.kind], strict=True)
        )
        fresh = [event.time, 0, 0, 0, 0, 0, 0, 0, *[0] * 24, event.time, 0, -DAY]
        actor = self._kept(self._actors, f"{event.kind} {event.actor}", fresh)
        pair = self._kept(self._pairs, f"{event.kind} {event.actor} {event.target}", [0, 0, 0])
        target = self._kept(self._targets, f"{event.kind} {event.target}", [event.time, 0])
        habits = _habits(actor, pair, own, event) if event.kind in HABITS else ()
        context = (*_pace(actor, event.time, new=not pair[0]), *_level(actor, own[0]))
        target[1] = _faded(target[1], event.time - target[0], DAY) + 16
        target[0] = event.time
        gap, hourly, daily, rarity, news, ratio, rise, fall = context
        known = log16(pair[0])
        pair[0] += 1
        return (*own, gap, hourly, daily, rarity, known, news, ratio, rise, fall, target[1], *habits)

    def excerpt(self, event: Event) -> bytes:
        """The part of the state on which the vector of `event` depends, as a state of its own."""
        made = Watcher()
        keys = (
            f"{event.kind} {event.actor}",
            f"{event.kind} {event.actor} {event.target}",
            f"{event.kind} {event.target}",
        )
        for key, whole, part in zip(keys, self._tables(), made._tables(), strict=True):
            if key in whole:
                part[key] = whole[key]
        return made.save()

    def save(self) -> bytes:
        """The state as bytes."""
        kept = [[[key, list(row)] for key, row in each.items()] for each in self._tables()]
        return encode({"schema": SCHEMA, "kept": kept})

    @classmethod
    def load(cls, data: bytes, kept_max: int = KEPT_MAX) -> "Watcher":
        """The watcher whose state `data` is; raises StateError for another version or damaged bytes."""
        kept, made = kept_in(data, SCHEMA, "a watcher's state"), cls(kept_max)
        try:
            for table, rows, width in zip(
                made._tables(), cast("list[object]", kept), (35, 3, 2), strict=True
            ):
                table.update(_row(entry, width) for entry in cast("list[object]", rows))
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(f"a damaged watcher's state: {error}") from None
        return made

    def _kept(self, table: OrderedDict[str, list[int]], key: str, fresh: list[int]) -> list[int]:
        row = table.get(key)
        if row is None:
            row = table[key] = fresh
            if len(table) > self._kept_max:
                table.popitem(last=False)
        else:
            table.move_to_end(key)
        return row

    def _tables(self) -> tuple[OrderedDict[str, list[int]], ...]:
        return self._actors, self._pairs, self._targets


def _row(entry: object, width: int) -> tuple[str, list[int]]:
    key, row = cast("tuple[object, list[object]]", entry)
    if not isinstance(key, str) or len(row) != width or any(type(each) is not int for each in row):
        raise ValueError(f"an entry of {width} integers was due")
    return key, cast("list[int]", list(row))


def _faded(count: int, passed: int, window: int) -> int:
    return count * max(0, window - max(0, passed)) // window


def _pace(row: list[int], time: int, *, new: bool) -> tuple[int, int, int, int, int]:
    """Gap, hourly, daily, rarity and news; updates the row of the actor (last, hourly, daily, news, ...)."""
    passed = max(0, time - row[0])
    gap = log16(passed // 1000) if row[4] else log16(30 * DAY // 1000)
    row[1] = _faded(row[1], passed, HOUR) + 16
    row[2] = _faded(row[2], passed, DAY) + 16
    row[3] = _faded(row[3], passed, 2 * DAY) + (16 if new else 0)
    row[0] = max(row[0], time)
    hour = 8 + time // HOUR % 24
    near = 2 * row[hour] + row[8 + (hour - 9) % 24] + row[8 + (hour - 7) % 24]
    rarity = log16(row[4]) - log16(near)
    row[hour] += 1
    row[4] += 1
    return gap, row[1], row[2], rarity, row[3]


def _level(row: list[int], value: int) -> tuple[int, int, int]:
    """Ratio, rise and fall; updates the actor's mean (in 256ths) and its two sums."""
    count = row[4]
    if count == 1:
        row[5] = value * 256
    ratio = value - row[5] // 256
    row[5] += (value * 256 - row[5]) // min(count, _ALIKE)
    row[6] = max(0, row[6] + ratio - _SLACK)
    row[7] = max(0, row[7] - ratio - _SLACK)
    return ratio, min(row[6], 4096), min(row[7], 4096)


def _habits(actor: list[int], pair: list[int], own: tuple[int, ...], event: Event) -> tuple[int, int]:
    """Spread and repeated; updates the actor's last three entries (seen, spread, counted) and the pair's."""
    seen, spread, counted = actor[32:]
    spread = _faded(spread, event.time - seen, _SPREAD_DAYS * DAY)
    if pair[0]:
        spread = max(0, spread - 1)
    elif event.time - counted >= _SPREAD_HOURS * HOUR:
        spread, counted = spread + 16, event.time
    actor[32:] = max(seen, event.time), spread, counted
    size, again = own[0], own[2] > 1
    alike = pair[0] > 0 and abs(size - pair[1]) <= _SAME
    pair[1:] = size, (pair[2] * alike + 1) * again
    return min(spread, 4096), min(pair[2], 4096)
