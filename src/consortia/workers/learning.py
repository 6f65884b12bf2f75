"""A guard learns from its own ledger: what is usual there, and what officers called hostile or honest.

The past is read again from its first block, as the guard read it. What is usual is fitted without labels;
the trees learn from the labels that two officers gave to the guard's own alerts. What nobody was alarmed
about counts as honest; what was called unclear, and alerts that nobody has labelled yet, are left out.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from consortia.base.codec import U63, Digest, Record, Text80
from consortia.engines.watch import Event, Watcher
from consortia.engines.watch.features import SCHEMA
from consortia.engines.watch.learned import POPULATION_MIN, Learned, fit_odd, fit_sure
from consortia.exact.fixed import Integers
from consortia.modules.guard.queries import Filed
from consortia.modules.guard.types import Policy
from consortia.workers.guard import REMEMBERED, GuardDoor
from consortia.workers.guarding import Drawer, Fact, GuardError, Kept, Models, exact
from consortia.workers.observing import SCHEMA as READ
from consortia.workers.observing import Observer

HOSTILE_MIN = 3
"""With fewer alerts that were called hostile there is nothing for trees to learn."""

LABELS_MAX = 4_096
Key = tuple[int, str, str, str, tuple[int, ...]]


class Labelled(Record, frozen=True):
    """An alert, and what two officers called it."""

    alert: Digest
    label: Literal["hostile", "honest"]


class Lesson(Record, frozen=True):
    """What models were trained on: a stretch of a ledger, how it was read, and which labels were used.

    Whoever follows the same ledger reads the same events from it; which of them a label is about stands in
    the evidence of its alert, which its author keeps.
    """

    schema: Text80
    read: Text80
    network: Digest
    first: U63
    last: U63
    time: U63
    events: tuple[tuple[Text80, U63], ...]
    labels: Annotated[tuple[Labelled, ...], Meta(max_length=LABELS_MAX)]


@dataclass(frozen=True, slots=True)
class Trained:
    """Models, and what they were trained on."""

    models: Models
    lesson: Lesson

    def told(self) -> str:
        """In a line."""
        called = [one.label for one in self.lesson.labels]
        return (
            f"blocks {self.lesson.first}-{self.lesson.last}, "
            f"{called.count('hostile')} hostile, {called.count('honest')} honest"
        )


def train(
    door: GuardDoor, drawer: Drawer, policy: Policy, labelled: Sequence[Filed], seed: int = 0
) -> Trained:
    """Models of all that the ledger has final, beside a policy's rules; raises GuardError, DoorClosed."""
    first, last = door.first(), door.final()
    labels, left_out, used = _labels(drawer, labelled)
    rows, marks = defaultdict[str, list[tuple[int, ...]]](list), defaultdict[str, list[int]](list)
    observer, watcher, time = Observer(), Watcher(REMEMBERED), 0
    for height in range(first, last + 1):
        whole = door.whole(height)
        time = whole.header.time
        for event, _ in observer.block(whole, door.who):
            vector, key = watcher.vector(event), _key(event)
            if key not in left_out:
                rows[event.kind].append(vector)
                marks[event.kind].append(labels.get(key, 0))
    arrays = {kind: np.array(each, dtype=np.int64) for kind, each in rows.items()}
    odd = fit_odd(arrays, seed)
    if not odd:
        most = max(map(len, arrays.values()), default=0)
        raise GuardError(
            f"the ledger is too young: a kind of event needs {POPULATION_MIN} to learn from, and has {most}"
        )
    told = {kind: np.array(each, dtype=np.int64) for kind, each in marks.items()}
    sure = _sure(policy, odd, (arrays, told), seed)
    models = Models(SCHEMA, _kept(odd), _kept(sure))
    counts = tuple(sorted((kind, len(each)) for kind, each in arrays.items()))
    return Trained(models, Lesson(SCHEMA, READ, door.network, first, last, time, counts, used))


def _sure(
    policy: Policy,
    odd: dict[str, bytes],
    learned: tuple[dict[str, Integers], dict[str, Integers]],
    seed: int,
) -> dict[str, bytes]:
    """The trees, where enough was called hostile; else none, and rules and oddness rank alone."""
    rows, labels = learned
    if sum(int(each.sum()) for each in labels.values()) < HOSTILE_MIN:
        return {}
    usual = Learned.load(odd, {})
    beside = Learned(usual.odd, usual.sure, exact(policy.rules))
    return fit_sure({kind: beside.widened(kind, each) for kind, each in rows.items()}, labels, seed)


def _labels(
    drawer: Drawer, labelled: Sequence[Filed]
) -> tuple[dict[Key, int], set[Key], tuple[Labelled, ...]]:
    """What the alerts say of events: labels, the ones to leave out, and the alerts that were used."""
    labels: dict[Key, int] = {}
    left_out: set[Key] = set()
    used = []
    for filed in labelled:
        shown = drawer.read(filed.alert.id)
        if shown is None:
            continue
        label, key = filed.case.label, _key(shown.fact)
        if label == "unclear" or label is None or filed.case.second is None:
            left_out.add(key)
        else:
            labels[key] = int(label == "hostile")
            used.append(Labelled(filed.alert.id, label))
    return labels, left_out - set(labels), tuple(used)


def _key(of: Event | Fact) -> Key:
    return of.time, of.kind, of.actor, of.target, of.values


def _kept(models: dict[str, bytes]) -> tuple[Kept, ...]:
    return tuple(Kept(kind, model) for kind, model in sorted(models.items()))
