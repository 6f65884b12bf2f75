"""The story of two crossings: departments vote how a program may switch them, and replay what it did.

Real: the processes, keys, sockets, ledger, votes, study, commands, journals and checks. Made up: the streets
and who travels on them, simulated by SUMO from a seed; with `--data`, the speeds that the forecast learns
from are yours. Event time is compressed: a quarter of an hour takes some seconds.
"""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from consortia.engines.infer.estimator import Estimator
from consortia.engines.train import recipe
from consortia.engines.train.files import DataError
from consortia.engines.train.loop import train
from consortia.sdk.errors import TransactionRefused
from consortia.sdk.training import Times
from consortia.solutions.city import rush, speeds, sumo
from consortia.solutions.city.flow_things import read_flows
from consortia.solutions.city.flows import as_entities
from consortia.solutions.city.observed import AHEAD, Observed, made_up, observed_in, simulated
from consortia.solutions.city.policy import CLASS, TERMS, charter
from consortia.solutions.city.scenarios.crossings import (
    BUSES,
    DEPARTMENTS,
    NAMES,
    POLICE,
    ROADS,
    TAKEN,
    Crossings,
    wanted_terms,
)
from consortia.solutions.city.signals import VEHICLE
from consortia.solutions.pacing import pace_here
from consortia.solutions.rejects import usable, write_rejects
from consortia.solutions.story import Asked, Metric, Stage, Story, StoryFailed, Told

STUDY, SPEEDS, PURPOSE = "speed-ahead", "speeds", "traffic"
STEP_MILLISECONDS = 20_000
WAIT_SECONDS, PAUSE_SECONDS, EARLY = 60.0, 0.1, "governance.too_early"
BEGINS, ENDS = 1_500, 2_400
"""The quarter of an hour that is driven, in seconds of a morning."""

TAKE_OVER, CHEAT = 1_800, 1_650
VOTED = "the voted rule"
CLOSING = (
    """Simulated: the streets and who travels on them, by SUMO; that the departments are apart; and the time,
    which goes as fast as the ledger takes commands down. In a street the lights would not wait for a ledger
    that does not answer: they would go on within the same bounds, and report later.""",
    """A journal shows that the decisions follow from the readings. That the sensors read well is the word of
    whoever installed them.""",
    """Sharing sums of sensors is no gain here: streets differ, and a department's own model fits its own.""",
)


@dataclass(frozen=True, slots=True)
class Given:
    """What there is before the story: the user's flows, or None; how many were left out."""

    observed: Observed | None
    seed: int


def prepare(wanted: Asked) -> Given:
    """The flows that `--data` names; raises DataError, also where SUMO is missing."""
    sumo.needed()
    if wanted.label is not None:
        raise DataError("the traffic story takes no --label: it forecasts speeds")
    if wanted.data is None:
        return Given(None, wanted.seed)
    read = read_flows(wanted.data)
    if wanted.rejects is not None:
        write_rejects(wanted.rejects, read.rejected)
    usable((), read.rejected, skip=wanted.skip_bad_rows)
    return Given(observed_in(read.found, wanted.data.name, len(read.rejected)), wanted.seed)


@contextmanager
def beside() -> Iterator[ProcessPoolExecutor]:
    """Fresh processes for simulations: a used one does not always repeat what a fresh one does."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        yield pool


def tell(stage: Stage, given: Given) -> Told:
    """Play the story."""
    routes = stage.folder / "morning.rou.xml"
    routes.write_text(rush.travellers(given.seed + 1_000), encoding="utf-8")
    ground = sumo.Ground(rush.NET, (routes,), BEGINS, ENDS, given.seed)
    with beside() as pool:
        minutes = None if given.observed else pool.submit(simulated, given.seed)
        plan = pool.submit(sumo.run, ground, None)
        stage.chapter("1. Three departments found a network, and vote how a program may switch lights")
        proposal = _found(stage)
        observed = given.observed or made_up(_of(minutes))
        stage.chapter("2. They train a forecast of speeds; no department's sensors leave it")
        metric = _learn(stage, observed)
        stage.chapter("3. A program switches the lights of two crossings, within what was voted")
        _decided(stage, proposal)
        with sumo.Streets(ground) as streets:
            crossings = Crossings(stage, streets)
            _drive(crossings)
            outcome = streets.outcome()
        return _told(stage, crossings, outcome, _of(plan)[0], metric)


def _of(waited: "Future[Any] | None") -> Any:  # noqa: ANN401 (what the process gives)
    if waited is None:
        raise StoryFailed("nothing was simulated")
    return waited.result()


def _found(stage: Stage) -> bytes:
    """Found the network, and vote on the terms; gives the proposal."""
    file = stage.folder / "charter.json"
    file.write_text(json.dumps(charter(stage.names, pace_here()), indent=1), encoding="utf-8")
    stage.build("traffic", file)
    title = "How a program may switch the lights of two crossings"
    opened = stage.ledger(ROADS).governance.propose(CLASS, *wanted_terms(), title=title)
    stage.settle()
    for name in DEPARTMENTS:
        stage.ledger(name).governance.vote(opened.proposal.id, "yes")
    stage.line(f"all three vote for {_words()}")
    return opened.proposal.id


def _words() -> str:
    """The terms in words."""
    return (
        f"greens of {TERMS.least} to {TERMS.most} s, nobody waits over {TERMS.wait} s, a bus weighs "
        f"{1 + TERMS.bus // VEHICLE} cars, {VEHICLE // TERMS.walk} people at a kerb weigh one"
    )


def _decided(stage: Stage, proposal: bytes) -> None:
    """Count the votes and put the terms in force, once their time has come."""
    governance = stage.ledger(ROADS).governance
    _late(lambda: governance.close(proposal))
    _late(lambda: governance.execute(proposal))
    version = stage.ledger(ROADS).operations.control(NAMES[0]).version
    stage.line(f"the vote is counted and in force: version {version} of the terms of both crossings")


def _late(action: Callable[[], object]) -> None:
    """Do what may be a moment too early."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            action()
        except TransactionRefused as refused:
            if refused.code != EARLY or time.monotonic() > until:
                raise
            time.sleep(PAUSE_SECONDS)
            continue
        return


def _learn(stage: Stage, observed: Observed) -> Metric:
    """The departments' study, from NGSI-LD files of their sensors; its forecast goes out as NGSI-LD."""
    for name in DEPARTMENTS:
        file = stage.folder / f"{name}.jsonld"
        file.write_text(as_entities(observed.flows(name)), encoding="utf-8")
        read = read_flows(file)
        rows = observed.rows(name)
        stage.ledger(name).assets.register_dataset(
            rows, name=SPEEDS, process=["*"], purposes=[PURPOSE], title=f"Speeds at {name}'s sensors"
        )
        sensors = len(observed.owners[name])
        stage.line(
            f"{name}: {len(read.found)} TrafficFlowObserved of {sensors} sensors; their hash is on the ledger"
        )
    study = stage.ledger(ROADS).training.propose(
        STUDY,
        data=SPEEDS,
        label=speeds.LABEL,
        recipe=speeds.RECIPE,
        parameters=speeds.PARAMETERS,
        purpose=PURPOSE,
        members=DEPARTMENTS,
        times=Times(120_000, STEP_MILLISECONDS, STEP_MILLISECONDS),
    )
    stage.settle()
    for name in DEPARTMENTS:
        stage.ledger(name).training.get(study.id).join(SPEEDS)
    study.start().wait()
    answers = study.result().predict(observed.columns(observed.tested))
    forecast = observed.forecast(answers)
    file = stage.folder / "forecast.jsonld"
    file.write_text(as_entities(forecast), encoding="utf-8")
    truth = observed.truth(observed.tested)
    ours = float(np.abs(answers - truth).mean())
    baselines = {"last value": float(np.abs(observed.now(observed.tested) - truth).mean())}
    baselines["each department alone"] = _alone(observed)
    stage.line(f"one model of all sensors' sums, off by {ours:.2f} km/h {AHEAD} steps ahead")
    stage.line(f"forecast.jsonld: {len(read_flows(file).found)} TrafficFlowObserved that lie ahead")
    name, called = f"forecast of speeds {AHEAD} steps ahead, mean error", "one model of all sensors' sums"
    return Metric(name, "km/h", "lower", ours, baselines, called)


def _alone(observed: Observed) -> float:
    """How far off the departments are who learn from their own sensors alone, over all sensors."""
    off = []
    for name in DEPARTMENTS:
        table = observed.table(name)
        model = train(recipe(speeds.RECIPE), dict(speeds.PARAMETERS), {name: table}).model
        answers = Estimator(model).predict(observed.columns(observed.tested, name))
        off.append(np.abs(answers - observed.truth(observed.tested, name)))
    return float(np.concatenate(off).mean())


def _drive(crossings: Crossings) -> None:
    """A quarter of an hour: a command that goes too far, an accident, an officer, and the rule again."""
    stage, streets = crossings.stage, crossings.streets
    crossings.begin()
    while not streets.over:
        if streets.at == CHEAT:
            _cheat(crossings)
        if streets.at == TAKE_OVER:
            crossings.take_over()
            values = crossings.values(TAKEN, 0)
            code = crossings.try_command(TAKEN, values)
            stage.line(f"an accident: {POLICE} take {TAKEN} over, by `consortia control take-over`")
            stage.catch(f"the program commands {TAKEN} all the same", "every node", code)
        crossings.second()
        if streets.at % 60 == 0:
            stage.moving(f"minute {(streets.at - BEGINS) // 60} of {(ENDS - BEGINS) // 60}")
    if crossings.taken:
        raise StoryFailed(f"{TAKEN} was not handed back")
    stage.line(f"{crossings.commands} commands, each taken down before its light switched")


def _cheat(crossings: Crossings) -> None:
    """The program tries a green that is too short to cross in, and to leave the buses out."""
    name = NAMES[0]
    lawful = {**crossings.values(name, 1), "green": crossings.journals[name].desk.terms.least}
    tried = {
        "the program commands a green of 3 seconds": lawful | {"green": 3},
        f"the program no longer counts {BUSES}": lawful | {"bus": 0},
    }
    for what, values in tried.items():
        crossings.stage.catch(what, "every node", crossings.try_command(name, values))


def _told(
    stage: Stage, crossings: Crossings, ours: sumo.Outcome, plan: sumo.Outcome, forecast: Metric
) -> Told:
    """The journals go to whoever is to check; and what the quarter of an hour came to."""
    stage.chapter("4. Beside it: the fixed plan, with the same travellers")
    for name, one in (("fixed plan", plan), (VOTED, ours)):
        stage.line(f"{name}: {one.lost:.1f} s lost on each of {one.finished} trips")
    stage.chapter("5. Somebody outside decides every decision again")
    proof, decisions = stage.folder / "lights.proof", 0
    for name, journal in crossings.journals.items():
        root, count = journal.commitment()
        assets = stage.ledger(ROADS).assets
        receipt = assets.register_batch(root, count, name=f"lights-{name}", title=f"Decisions at {name}")
        file = stage.folder / f"{name}.journal"
        file.write_bytes(journal.text())
        stage.settle()
        proof.write_bytes(stage.client(ROADS).proof(receipt.transaction))
        known = ("--proof", str(proof), "--network", stage.network.hex())
        again = stage.apart("signals", "replay", str(file), *known)
        decisions += again["decisions"]
        stage.line(
            f"{name}: {again['decisions']} decisions, {again['switches']} switches, all as the readings and "
            f"the terms say; greens of {again['shortest']} to {again['longest']} s"
        )
    _forged(stage, file, known)
    lost = Metric("time lost on a trip", "s", "lower", ours.lost, {"fixed plan": plan.lost}, VOTED)
    more = {
        "decisions": decisions,
        "commands": crossings.commands,
        "finished": {"fixed plan": plan.finished, "voted rule": ours.finished},
    }
    return Told(proof, (lost, forecast), tuple(" ".join(text.split()) for text in CLOSING), more)


def _forged(stage: Stage, file: Path, known: tuple[str, ...]) -> None:
    """Somebody takes a switch out of a journal afterwards."""
    pages = json.loads(file.read_bytes())
    at = next(at for at, page in enumerate(pages) if '"next":1' in page["record"])
    pages[at]["record"] = pages[at]["record"].replace('"next":1', '"next":null')
    forged = stage.folder / "forged.journal"
    forged.write_text(json.dumps(pages), encoding="utf-8")
    try:
        stage.apart("signals", "replay", str(forged), *known)
    except StoryFailed as refused:
        if "not what its readings lead to" not in str(refused):
            raise
        said = "the decision is not what its readings lead to"
        stage.catch("a switch is taken out of a journal afterwards", "somebody outside", said)
        return
    raise StoryFailed("a forged journal was taken for the true one")


STORY = Story(members=DEPARTMENTS, prepare=prepare, tell=tell, rejects=True)
