"""The story of five parties of a cold chain: a trace, a warm truck, a recall, and a serial that was copied.

Real: the processes, keys, sockets, ledger, study, masks, claims, the recall and its answers, all checks. Made
up, from a seed: the goods and their events, unless `--data` names EPCIS files, and the deliveries. Simulated:
that the members are apart.
"""

from collections.abc import Mapping

import numpy as np

from consortia.engines.infer.predict import probabilities, score_numbers
from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Schema
from consortia.engines.train.table import Table
from consortia.sdk.training import Study, Times
from consortia.solutions.story import Metric, Stage, Story, StoryFailed, Told
from consortia.solutions.supply import policy, tasks
from consortia.solutions.supply.deliveries import FIELDS, Delivery, deliveries, lateness, numbers
from consortia.solutions.supply.scenarios import recalling
from consortia.solutions.supply.scenarios.chain import DEPOT, GROWER, PARTIES, Chain, Goods, prepare

OWN, TESTED = 60, 400
"""Deliveries that each party has to learn from, and those of each that are scored."""

GRID = 1 << 24
"""A probability of one, as integer models write it."""

TIMES = Times(join=120_000, submit=20_000, result=20_000)
CLOSING = (
    """Simulated: that the members are apart. The deliveries are made up, and their lateness alike for all
    parties: on real ones it differs by country and year, and the benchmarks say how much less is gained.""",
    """A recall is complete and minimal for the events that the parties recorded. What nobody recorded is in
    no trace, and of two things with one serial the ledger knows which was claimed first, not which is
    genuine.""",
)


def tell(stage: Stage, goods: Goods) -> Told:
    """Play the story."""
    chain = Chain(stage, goods)
    stage.chapter("1. Five parties found a network; nobody runs a platform for the others")
    stage.build("supply")
    recalling.record(chain)
    study = _propose(stage)
    stage.chapter("2. Serials are claimed once: a copy and an invention are caught")
    recalling.claim(chain)
    stage.chapter("3. Which delivery will be late? Only masked sums leave a party")
    metric = _lateness(stage, study)
    stage.chapter("4. A truck is too warm: what is to be recalled, and nothing else")
    found = recalling.breach(chain)
    stage.chapter("5. The recall is asked of those who hold the goods, and they answer")
    proof = recalling.answered(chain, found)
    stage.chapter("6. The inspector gets a sheet")
    sheet = recalling.inspected(chain, found)
    more = {"events": len(goods.events), "recalled": found.recalled, "sheet": str(sheet)}
    return Told(proof, (metric, found.metric), tuple(" ".join(text.split()) for text in CLOSING), more)


def _past(stage: Stage, party: str) -> list[Delivery]:
    return deliveries(stage.asked.seed, PARTIES.index(party), OWN + TESTED)


def _propose(stage: Stage) -> Study:
    """A study of all parties on what each has delivered, begun; its rounds go on beside the story."""
    for name in PARTIES:
        rows = [each.row() for each in _past(stage, name)[:OWN]]
        stage.ledger(name).assets.register_dataset(
            rows, name=tasks.DATASET, process=list(policy.RIGHTS), purposes=[policy.PURPOSE]
        )
    study = stage.ledger(GROWER).training.propose(
        tasks.STUDY,
        data=tasks.DATASET,
        label=tasks.LABEL,
        recipe=tasks.RECIPE,
        parameters=tasks.PARAMETERS,
        purpose=policy.PURPOSE,
        title="Which deliveries will be late",
        members=PARTIES,
        times=TIMES,
    )
    stage.settle()  # so that every member's node knows the study
    for name in PARTIES:
        stage.ledger(name).training.get(study.id).join(tasks.DATASET)
    return study.start()


def _lateness(stage: Stage, study: Study) -> Metric:
    """The model of all parties beside each alone, on deliveries that none of them learned from."""
    view = study.wait().view()
    model = stage.client(GROWER).blob(view.progress.state, policy.PURPOSE)
    schema = Schema.decode(view.study.terms.schema)
    past = {name: _past(stage, name) for name in PARTIES}
    tested = [each for name in PARTIES for each in past[name][OWN:]]
    known, late = _arranged(schema, tested), lateness(tested)
    ours = tasks.area_under_curve(score_numbers(model, known), late)
    beside = {"always the same answer": 0.5}
    for name in PARTIES:
        alone = Table(name, schema, _arranged(schema, past[name][:OWN]), _labels(past[name][:OWN]))
        own = train(recipe(tasks.RECIPE), dict(tasks.PARAMETERS), {name: alone}).model
        beside[f"{name} alone"] = tasks.area_under_curve(score_numbers(own, known), late)
    _tell(stage, ours, beside)
    scores = score_numbers(model, _arranged(schema, past[DEPOT][OWN:]))
    coming, chance = past[DEPOT][OWN + int(scores.argmax())], int(probabilities(scores).max()) / GRID
    words = ", ".join(f"{name} {value:g}" for name, value in zip(FIELDS, coming.known, strict=True))
    was = "late" if coming.late else "in time after all"
    stage.line(f"the depot's riskiest delivery ({words}): {chance:.0%} likely to be late; it was {was}")
    return Metric("late deliveries, area under the curve", "area", "higher", ours, beside)


def _tell(stage: Stage, ours: float, beside: Mapping[str, float]) -> None:
    alone = {name: value for name, value in beside.items() if name.endswith("alone")}
    best = max(alone, key=lambda name: alone[name])
    mean = sum(alone.values()) / len(alone)
    stage.line(
        f"area under the curve: together {ours:.3f}, parties alone {mean:.3f} on average, the best ({best}) "
        f"{alone[best]:.3f}"
    )


def _arranged(schema: Schema, found: list[Delivery]) -> np.ndarray:
    order = [FIELDS.index(one.name) for one in schema.fields]
    return numbers(found)[:, order]


def _labels(found: list[Delivery]) -> np.ndarray:
    if not found:
        raise StoryFailed("a party has no deliveries")
    return lateness(found).astype(np.float64)


STORY = Story(members=PARTIES, prepare=prepare, tell=tell, rejects=True)
