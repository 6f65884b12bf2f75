"""The goods of the story: recorded by all, claimed once, recalled, and shown to an inspector."""

import csv
import json
import time
from dataclasses import dataclass
from pathlib import Path

from consortia.base.times import DAY
from consortia.sdk.moments import utc_milliseconds
from consortia.sdk.operations import tag_of
from consortia.solutions.moments import iso
from consortia.solutions.story import Metric, StoryFailed
from consortia.solutions.supply import policy, synthetic
from consortia.solutions.supply.backwards import Backwards
from consortia.solutions.supply.checking import findings
from consortia.solutions.supply.epcis.reading import read, recorded
from consortia.solutions.supply.scenarios.chain import (
    DEPOT,
    GROCER,
    GROWER,
    PACKER,
    PARTIES,
    Chain,
)
from consortia.solutions.supply.sealing import COLUMNS, TERMS, Sealed
from consortia.solutions.supply.sensing import Alarm, alarms
from consortia.solutions.supply.tracing import effective, recall, upstream


@dataclass(frozen=True, slots=True)
class Breach:
    """A truck that was too warm, what is recalled for it, and how that compares to recalling by the day."""

    alarm: Alarm
    things: tuple[str, ...]
    places: dict[str, str]
    metric: Metric

    @property
    def recalled(self) -> int:
        """How many things are recalled."""
        return len(self.things)


def record(chain: Chain) -> None:
    """Each party writes its events, checks them, and puts their salted commitment on the ledger."""
    stage = chain.stage
    chain.write()
    for name in PARTIES:
        if not chain.goods.bodies[name]:
            continue
        rows = [
            {"event": event.name, "place": event.place or "-", "step": event.step or "-"}
            for event in (recorded(each, {}, 1, "") for each in chain.goods.bodies[name])
        ]
        stage.ledger(name).assets.register_dataset(rows, name="events", title=f"EPCIS events of {name}")
    stage.line(f"{len(chain.goods.events):,} EPCIS events of {len(PARTIES)} parties, committed to by hash")
    if chain.goods.sealed is not None:
        rows = chain.goods.sealed.rows()
        stage.ledger(DEPOT).assets.register_dataset(rows, name=TERMS, subject=COLUMNS[0], known=True)
    if chain.goods.made_up:
        _lies(chain)


def _lies(chain: Chain) -> None:
    """An event that is recorded again, and one that is dated back, are flagged by the command."""
    first = chain.goods.bodies[GROWER][0]
    later = dict(chain.goods.bodies[GROWER][1])
    event = recorded(later, {}, 1, "")
    later["recordTime"] = iso(event.time + 3 * DAY)
    file = chain.stage.folder / "suspect.ndjson"
    file.write_text("\n".join(json.dumps(each) for each in (first, first, later)) + "\n", encoding="utf-8")
    found = {each.code for each in findings(read(file).found)}
    if not {"duplicate", "dated_back"} <= found:
        raise StoryFailed(f"the check found {', '.join(sorted(found)) or 'nothing'}")
    chain.stage.catch(
        "an event is recorded twice, and another dated three days back",
        "whoever reads the file",
        "one hash names both recordings; recorded a day and more after it is said to have happened",
    )


def claim(chain: Chain) -> None:
    """The packer claims each serial as made; the grocer claims those it sells; forgeries are refused."""
    stage, serials = chain.stage, chain.serials
    if not serials:
        stage.line("these events commission no serials: there is nothing to claim")
        return
    packer, grocer = stage.ledger(PACKER).operations, stage.ledger(GROCER).operations
    made = packer.open_register("cases, made", members=[PACKER])
    packer.claim(made, [tag_of(chain.key, each) for each in serials])
    sold = packer.open_register("cases, sold", members=[DEPOT, GROCER], after=made)
    genuine = serials[0]
    grocer.claim(sold, [tag_of(chain.key, genuine)])
    chain.registers |= {"made": made, "sold": sold}
    stage.line(f"{len(serials):,} serials claimed as made: HMACs under the lot's key, noise to others")
    _forged(chain, genuine, "a copied serial is to be sold a second time", "operations.claimed")
    invented = f"{genuine.rpartition('/')[0]}/no-such-case"
    _forged(chain, invented, "an invented serial is to be sold", "operations.unclaimed")


def _forged(chain: Chain, serial: str, what: str, code: str) -> None:
    stage = chain.stage
    file = stage.folder / "serials.txt"
    file.write_text(f"{serial}\n", encoding="utf-8")
    sold = chain.registers["sold"].hex()
    said = stage.refused(DEPOT, "register", "claim", sold, str(file), "--key", chain.key.hex())
    if code not in said:
        raise StoryFailed(f"a forged serial was not refused by {code}: {said}")
    stage.catch(what, "the ledger", f"{code}; the refusal stands in the log for anyone to see")


def breach(chain: Chain) -> Breach:
    """Find the warm truck, and what was on it; ask the other way round whether that is all and no more."""
    stage, events = chain.stage, effective(chain.goods.events)
    found = alarms(events, policy.LEAST_CELSIUS, policy.MOST_CELSIUS)
    if not found:
        raise StoryFailed("no reading in these events is out of bounds: there is nothing to recall")
    alarm = found[0]
    reading = alarm.exception if alarm.celsius is None else f"{alarm.celsius:.1f} C"
    bounds = f"{policy.LEAST_CELSIUS:g} to {policy.MOST_CELSIUS:g} C"
    stage.line(f"{alarm.event.where}: {reading} on {alarm.things[0]}, outside {bounds}")
    began = time.perf_counter()
    said = _typed(chain, alarm)
    seconds = time.perf_counter() - began
    things = tuple(sorted(each["thing"] for each in said["things"]))
    places = {each["thing"]: each["place"] for each in said["things"]}
    _proved(chain, alarm, things)
    stage.line(f"{len(things)} things by `consortia supply recall`, in {seconds:.1f} s, its start included")
    day = {each.thing for event in events for each in event.things if "/21/" in each.thing}
    metric = Metric(
        "things recalled for one warm truck",
        "things",
        "lower",
        float(len(things)),
        {"all cases of the chain, without a trace": float(max(len(day), len(things)))},
        "traced",
    )
    return Breach(alarm, things, places, metric)


def _typed(chain: Chain, alarm: Alarm) -> dict[str, list[dict[str, str]]]:
    """The recall as the depot's people ask for it, over all parties' files."""
    named = [part for each in sorted(set(alarm.things)) for part in ("--thing", each)]
    since = iso(alarm.event.time)
    return chain.stage.apart("supply", "recall", *chain.arguments(), *named, "--since", since)


def _proved(chain: Chain, alarm: Alarm, things: tuple[str, ...]) -> None:
    """Complete and minimal: asked for each thing by itself, going back, exactly these lead to the truck."""
    stage, events = chain.stage, chain.goods.events
    starts = set(alarm.things)
    again = set(recall(events, sorted(starts), alarm.event.time).things)
    if again != set(things):
        raise StoryFailed("the command and the trace in memory recall different things")
    wanted = _backwards(chain, alarm)
    if wanted != set(things):
        more, less = sorted(set(things) - wanted), sorted(wanted - set(things))
        raise StoryFailed(f"the recall set is not exact: too many {more[:3]}, too few {less[:3]}")
    stage.line(f"complete and minimal: each of {_count(chain):,} things asked by itself, backwards, agrees")


def _count(chain: Chain) -> int:
    return len(_everything(chain))


def _everything(chain: Chain) -> set[str]:
    groups = [(*event.things, *event.children, *event.inputs, *event.outputs) for event in chain.goods.events]
    parents = {event.parent for event in chain.goods.events if event.parent}
    return {each.thing for group in groups for each in group} | parents


def _backwards(chain: Chain, alarm: Alarm) -> set[str]:
    """All things whose own history, read backwards, passes through the alarm after it was raised."""
    asked = Backwards(effective(chain.goods.events), set(alarm.things), alarm.event.time)
    return {thing for thing in _everything(chain) if asked.leads(thing)}


def answered(chain: Chain, found: Breach) -> Path:
    """The depot asks who holds what; all answer, and the receipt of the close says that nobody is missing."""
    stage, asking = chain.stage, chain.stage.ledger(DEPOT).operations
    to = [name for name in PARTIES if name != DEPOT]
    due = utc_milliseconds() + policy.ANSWER_DAYS * DAY
    text = "\n".join(found.things).encode()
    notice, salt = asking.notify(policy.RECALL, found.alarm.event.name.encode(), text, to=to, due=due)
    owed = stage.run(GROCER, "notice", "awaited")["awaited"]
    if [each["notice"] for each in owed] != [notice.hex()]:
        raise StoryFailed("the grocer is not told that its answer is awaited")
    said = stage.refused(DEPOT, "notice", "close", notice.hex())
    if "still_awaited" not in said:
        raise StoryFailed(f"a recall was closed before its answers: {said}")
    what = "the depot wants to close the recall before anybody answered"
    stage.catch(what, "the ledger", "operations.still_awaited")
    typed = str(_held(chain, found, GROCER))
    stage.run(GROCER, "notice", "answer", notice.hex(), "--number", typed)
    for name in to:
        if name != GROCER:
            stage.ledger(name).operations.reply(notice, _held(chain, found, name))
    receipt = stage.client(DEPOT).call("operations.close_notice", notice=notice)
    stage.settle()
    proof = stage.folder / "recall.proof"
    proof.write_bytes(stage.client(DEPOT).proof(receipt.transaction))
    if not stage.outside(proof)["ok"]:
        raise StoryFailed("the proof of the recall is refused")
    del salt
    stage.line(f"{len(to)} answers; {proof.name} shows, offline, that nobody is missing")
    return proof


def _held(chain: Chain, found: Breach, name: str) -> int:
    """How many of the recalled things were last seen where a party records."""
    own = {recorded(each, {}, 1, "").place for each in chain.goods.bodies[name]}
    return sum(place in own for place in found.places.values())


def inspected(chain: Chain, found: Breach) -> Path:
    """The sheet that an inspector asks for, of the recalled goods back to the fields."""
    stage = chain.stage
    sheet = stage.folder / "fsma-204.csv"
    goods = [each for each in found.things if "/21/" in each] or list(found.things)
    steps = upstream(chain.goods.events, goods[0])
    lots = sorted({each for step in steps for each in step.things if "/10/" in each})
    chosen = [part for each in lots for part in ("--lot", each)]
    stage.apart("supply", "sheet", *chain.arguments(), *chosen, "--out", str(sheet))
    with sheet.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    stage.line(f"{sheet.name}: {len(rows) - 1} rows of {len(lots)} lots, back to where {goods[0]} came from")
    if chain.goods.sealed is not None:
        _shown(chain, chain.goods.sealed, found.alarm.things[0])
    return sheet


def _shown(chain: Chain, sealed: Sealed, pallet: str) -> None:
    """The depot opens to the inspector what it paid for the warm pallet, and nothing else."""
    stage, opening = chain.stage, chain.stage.folder / "price.opening"
    events = [recorded(each, {}, 1, "") for each in sealed.shared]
    event = next(
        each for each in events if each.step == "receiving" and pallet in (one.thing for one in each.things)
    )
    stage.run(DEPOT, "supply", "open", event.name, synthetic.PRICE, "--out", str(opening))
    network = stage.network.hex()
    said = stage.apart("supply", "verify", str(opening), str(chain.files[DEPOT]), "--network", network)
    if (said["event"], said["field"], said["member"]) != (event.name, synthetic.PRICE, DEPOT):
        raise StoryFailed("the opening shows another field than was asked for")
    stage.line(f"{opening.name}: {said['values'][0]} paid for it, opened to the inspector alone")
