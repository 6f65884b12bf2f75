"""What the story of the goods keeps in mind: who recorded which events, and the keys of lots."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from consortia.engines.train.files import DataError
from consortia.solutions.rejects import files_in, usable, write_rejects
from consortia.solutions.story import Asked, Stage
from consortia.solutions.supply import synthetic
from consortia.solutions.supply.epcis.reading import Recorded, read, recorded
from consortia.solutions.supply.sealing import Sealed, seal

PARTIES = ("grower", "packer", "carrier", "depot", "grocer")
GROWER, PACKER, CARRIER, DEPOT, GROCER = PARTIES
SIZE = synthetic.Size(packed=12)
EVENTS = "events.ndjson"
WARM = 11.4
"""Degrees Celsius in the truck."""

RECORDERS = {1: GROWER, 2: PACKER, 3: CARRIER, 4: DEPOT}
"""Who records at which place; at all others it is the grocer."""


@dataclass(frozen=True, slots=True)
class Goods:
    """The events of the story, each as its party's document has it, and all as read.

    `sealed` is what the depot took out of its own before others got them: what it paid, and whom. None where
    the events are not of our generator, but of files of one's own.
    """

    bodies: dict[str, list[synthetic.Event]]
    events: tuple[Recorded, ...]
    sealed: Sealed | None

    @property
    def made_up(self) -> bool:
        """Whether the events are of our generator."""
        return self.sealed is not None


def prepare(asked: Asked) -> Goods:
    """The goods of the seed, with one truck too warm; raises DataError for what `--data` cannot name."""
    if asked.label is not None:
        raise DataError("the supply story predicts which deliveries are late, and takes no --label")
    if asked.data is not None:
        return _own(asked, asked.data)
    chain = list(synthetic.chain(asked.seed, SIZE))
    trips = [at for at, each in enumerate(chain) if each["bizStep"] == "transporting"]
    hot = trips[asked.seed % len(trips)]
    trip = dict(chain[hot])
    time = recorded(trip, {}, 1, "").time
    trip["sensorElementList"] = [synthetic.sensed(time, WARM)]
    chain[hot] = trip
    bodies: dict[str, list[synthetic.Event]] = {name: [] for name in PARTIES}
    for each in chain:
        number = next(n for n in range(1, 200) if synthetic.place(n) == each["bizLocation"]["id"])
        bodies[RECORDERS.get(number, GROCER)].append(each)
    events = tuple(recorded(each, {}, at, f"event {at}") for at, each in enumerate(chain, 1))
    sealed = _sealed(bodies[DEPOT])
    bodies[DEPOT] = list(sealed.shared)
    return Goods(bodies, events, sealed)


def _sealed(bodies: list[synthetic.Event]) -> Sealed:
    """The depot's events as others get them, and what it paid for what it received, taken out."""
    own = [
        synthetic.bought(each, at) if each["bizStep"] == "receiving" else each
        for at, each in enumerate(bodies, 1)
    ]
    return seal([recorded(each, {}, at, f"event {at}") for at, each in enumerate(own, 1)], [synthetic.PRICE])


def _own(asked: Asked, path: Path) -> Goods:
    """Events of one's own, dealt out to the five parties by place; raises DataError."""
    files = files_in(path, ("",), "files of EPCIS events") if path.is_dir() else [path]
    found = read(*files)
    if asked.rejects is not None:
        write_rejects(asked.rejects, found.rejected)
    events = tuple(usable(found.found, found.rejected, skip=asked.skip_bad_rows))
    if not events:
        raise DataError(f"{path}: no event in it can be used.")
    places = sorted({event.place for event in events})
    bodies: dict[str, list[synthetic.Event]] = {name: [] for name in PARTIES}
    for event in events:
        bodies[PARTIES[places.index(event.place) % len(PARTIES)]].append(event.body)
    return Goods(bodies, events, None)


@dataclass(slots=True)
class Chain:
    """The stage, the goods, and what came of them so far.

    `key` is what the parties of a lot share. `registers` are those of the serials that were made and sold.
    """

    stage: Stage
    goods: Goods
    files: dict[str, Path] = field(default_factory=dict)
    registers: dict[str, bytes] = field(default_factory=dict)

    @property
    def key(self) -> bytes:
        """The key under which the parties claim serials; a real one is drawn at random and handed out."""
        return sha256(f"lot key/{self.stage.asked.seed}".encode()).digest()

    @property
    def serials(self) -> list[str]:
        """The serials that were commissioned, in their one form."""
        born = [event for event in self.goods.events if event.kind == "ObjectEvent" and event.action == "ADD"]
        return sorted({each.thing for event in born for each in event.things if "/21/" in each.thing})

    def write(self) -> None:
        """Each party's events as a file in its own home."""
        for name, bodies in self.goods.bodies.items():
            self.files[name] = self.stage.home(name) / EVENTS
            lines = (json.dumps(each, ensure_ascii=False) for each in bodies)
            self.files[name].write_text("\n".join(lines) + "\n", encoding="utf-8")

    def arguments(self) -> Sequence[str]:
        """All parties' files, as commands are told them."""
        return [str(self.files[name]) for name in PARTIES if self.goods.bodies[name]]
