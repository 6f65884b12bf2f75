"""The studies of the story: counts by terminal, the model beside each bank's own, a bank that poisons."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consortia.engines.infer.predict import score_numbers
from consortia.engines.robust import per_joined
from consortia.engines.robust.distances import pairwise
from consortia.engines.robust.krum import ranked
from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.engines.train.rates import read_rates
from consortia.engines.train.schema import Schema
from consortia.engines.train.table import Table
from consortia.exact.ring import unpack
from consortia.sdk.training import Study, Summing, Times
from consortia.solutions.finance.fraud.cards import (
    EPOCH,
    OWN,
    SHARED,
    Numbers,
    groups_of,
    not_yet_known,
    terminal_counts,
    write_cards,
)
from consortia.solutions.finance.fraud.ranking import average_precision, precision_at, saved_at
from consortia.solutions.finance.fraud.tables import FRAUD, arranged, features, table_of
from consortia.solutions.finance.fraud.week import BANKS
from consortia.solutions.finance.scenarios.fraud_bureau import BROKEN_AT, LEAD, MODEL, PURPOSE, RATES, Bureau
from consortia.solutions.story import StoryFailed

ALERTS = 100
LINEAR, AVERAGING = "glm.logistic", "mlp.fedavg"
ROUNDS = {"rounds": 2}
POISONED = {"layers": 0, "rounds": 2, "epochs": 4, "batch": 32}
RULE: Final = "multi_krum"
TOLERATED = 1
INVENTED = 4
"""Whoever poisons joins with each of its records so many times, with the labels swapped."""

POISONER = BANKS[-1]
TIMES = Times(join=120_000, submit=20_000, result=20_000)
OPEN = "open-rounds"
FORGED = "payments-of-its-own-making"
PAYMENTS = "payments"
BOOKS = "cards.csv"
"""A bank's payments, as its people have them, in its home."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How well a way of answering ranks all tested payments: average precision, the top's, money saved."""

    precision: float
    top: float
    saved: float


def count(bureau: Bureau) -> None:
    """Add up payments and frauds by terminal and day over all banks, as far as they are known."""
    stage, weeks = bureau.stage, bureau.weeks
    known = weeks.days - weeks.delay
    for bank in BANKS:
        cards = bureau.cards[bank]
        upto = cards.take(cards.day < known)
        rows = [
            {"terminal and day": str(group), FRAUD.name: str(int(fraud))}
            for group, fraud in zip(groups_of(upto, weeks.days).tolist(), upto.fraud.tolist(), strict=True)
        ]
        _register(bureau, bank, RATES, rows)
    study = propose(bureau, RATES, RATES, "rates", {"groups": weeks.terminals * weeks.days})
    bureau.sums = study.wait().view().progress.state
    bureau.counts = read_rates(stage.client(LEAD).blob(bureau.sums, PURPOSE))
    bureau.features = {
        bank: features(bureau.cards[bank], bureau.counts, weeks.days, weeks.delay) for bank in BANKS
    }
    total = int(bureau.counts.records.sum())
    stage.line(f"{total:,} payments at {weeks.terminals:,} terminals added up under masks, in one round")
    _typed(bureau, BROKEN_AT)
    stage.line(
        f"each bank makes {len(OWN) + len(SHARED)} features; `consortia payments features` gives the same"
    )


def agreed(bureau: Bureau) -> tuple[str, ...]:
    """What all banks agreed on, as the commands on card payments are told it."""
    weeks = bureau.weeks
    first = (EPOCH + timedelta(days=weeks.first_day)).isoformat()
    known = ("--known-after", str(weeks.delay))
    return ("--counts", f"{LEAD}/{RATES}", "--first", first, "--days", str(weeks.days), *known)


def _typed(bureau: Bureau, bank: str) -> None:
    """Make a bank's features by the command that its people have, from a CSV of its payments."""
    folder = bureau.stage.home(bank)
    books, made = folder / BOOKS, folder / "features.csv"
    write_cards(books, bureau.cards[bank])
    bureau.stage.run(bank, "payments", "features", str(books), *agreed(bureau), "--out", str(made))
    with made.open(encoding="utf-8", newline="") as file:
        rows = [[float(cell) for cell in row[:-1]] for row in list(csv.reader(file))[1:]]
    if not np.array_equal(np.array(rows), bureau.features[bank]):
        raise StoryFailed("the command made other features")


def learn(bureau: Bureau) -> None:
    """One linear model of the frauds, on features of the sums, by masked rounds.

    The study that one bank will poison runs beside it.
    """
    for bank in BANKS:
        _register(bureau, bank, PAYMENTS, _rows(bureau, bank))
    _register(bureau, POISONER, FORGED, _rows(bureau, POISONER, swapped=True) * INVENTED)
    study = propose(bureau, MODEL, PAYMENTS, LINEAR, ROUNDS)
    bureau.open_rounds = propose(bureau, OPEN, PAYMENTS, AVERAGING, POISONED, forged=True).id
    view = study.wait().view()
    bureau.study, bureau.state = study.id, view.progress.state
    bureau.model = bureau.stage.client(LEAD).blob(bureau.state, PURPOSE)
    bureau.schema = Schema.decode(view.study.terms.schema)
    bureau.features = {bank: arranged(bureau.schema, each) for bank, each in bureau.features.items()}
    rounds = sum(stage.rounds for stage in view.study.terms.stages)
    bureau.stage.line(f"{rounds} masked rounds over five banks; the model is an asset of {LEAD}")


def compare(bureau: Bureau) -> dict[str, Measured]:
    """Each bank alone, the consortium and the pooled payments, each on all tested payments."""
    weeks = bureau.weeks
    shared = {bank: table(bureau, bank, bureau.features[bank]) for bank in BANKS}
    own = {
        bank: arranged(
            _agreed_schema(bureau),
            features(cards, terminal_counts(cards, weeks.terminals, weeks.days), weeks.days, weeks.delay),
        )
        for bank, cards in bureau.cards.items()
    }
    found = {"together": measure(bureau, bureau.model, bureau.features)}
    found["pooled"] = measure(bureau, trained(LINEAR, ROUNDS, {"pooled": pooled(shared)}), bureau.features)
    for bank in BANKS:
        alone = trained(LINEAR, ROUNDS, {bank: table(bureau, bank, own[bank])})
        found[f"{bank} alone"] = measure(bureau, alone, own)
    local = [
        measure(bureau, trained(LINEAR, ROUNDS, {bank: shared[bank]}), bureau.features) for bank in BANKS
    ]
    found["best own model, shared features"] = max(local, key=lambda one: one.precision)
    say(bureau, found)
    return found


def say(bureau: Bureau, found: Mapping[str, Measured]) -> None:
    """A line for each way of answering."""
    for name, one in found.items():
        bureau.stage.line(
            f"{name}: average precision {one.precision:.3f}, at {ALERTS} alerts {one.top:.2f} are frauds, "
            f"{one.saved:,.0f} EUR saved"
        )


def poison(bureau: Bureau) -> dict[str, float]:
    """The same banks in open rounds under a robust rule; one trains on records that it made up."""
    stage = bureau.stage
    study = stage.ledger(LEAD).training.get(bureau.open_rounds).wait()
    progress = study.view().progress
    left_out = _left_out(bureau, study)
    if set(left_out) != {POISONER}:
        raise StoryFailed(f"the rule left out {', '.join(left_out) or 'nobody'}, and not {POISONER}")
    model = stage.client(LEAD).blob(progress.state, PURPOSE)
    tables = {bank: table(bureau, bank, bureau.features[bank]) for bank in BANKS}
    honest = measure(bureau, trained(AVERAGING, POISONED, tables), bureau.features).precision
    forged = tables[POISONER]
    numbers, labels = np.tile(forged.numbers, (INVENTED, 1)), np.tile(1.0 - forged.labels, INVENTED)
    tables[POISONER] = Table(forged.name, forged.schema, numbers, labels)
    plain = measure(bureau, trained(AVERAGING, POISONED, tables), bureau.features).precision
    kept = measure(bureau, model, bureau.features).precision
    stage.catch(
        f"{POISONER} sends updates learned from swapped labels, and from {INVENTED} times its records",
        "every member, by the rule that all re-compute",
        f"{RULE} leaves it out of all {len(left_out)} rounds of averaging: average precision {kept:.3f}, and "
        f"{plain:.3f} by a plain mean",
    )
    return {"together": kept, "plain mean, poisoned": plain, "plain mean, nobody poisons": honest}


def _left_out(bureau: Bureau, study: Study) -> list[str]:
    """Whom the rule leaves out of each round of averaging, by the open updates, computed again."""
    client = bureau.stage.client(LEAD)
    terms = study.view().study.terms
    found = []
    for index in range(sum(stage.rounds for stage in terms.stages)):
        seen = client.ask("training.round", study=study.id, index=index, attempt=None)
        stage = terms.stages[seen.round.stage]
        if stage.weighting == "sum":  # the statistics, where labels hardly count
            continue
        rows = [
            per_joined(
                unpack(
                    client.blob(one.submission.blob, PURPOSE), ring_bits=stage.ring_bits, length=stage.length
                ),
                one.records,
                seen.round.records,
            )
            for one in seen.updates
        ]
        found.append(seen.updates[ranked(pairwise(rows), TOLERATED)[-1]].member)
    return found


def _register(bureau: Bureau, bank: str, name: str, rows: list[dict[str, str]]) -> None:
    bureau.stage.ledger(bank).assets.register_dataset(
        rows, name=name, process=["*"], purposes=[PURPOSE], title=f"{name} of {bank}"
    )


def propose(
    bureau: Bureau, name: str, data: str, rule: str, parameters: Mapping[str, int], *, forged: bool = False
) -> Study:
    """A study of all banks, begun; `forged`: in open rounds, and one of them joins with lies."""
    summing = Summing(mode="open", rule=RULE, tolerated=TOLERATED) if forged else Summing()
    study = bureau.stage.ledger(LEAD).training.propose(
        name,
        data=data,
        label=FRAUD.name,
        recipe=rule,
        parameters=parameters,
        purpose=PURPOSE,
        members=BANKS,
        times=TIMES,
        summing=summing,
    )
    bureau.stage.settle()  # so that every bank's node knows the study
    for bank in BANKS:
        own = FORGED if forged and bank == POISONER else data
        bureau.stage.ledger(bank).training.get(study.id).join(own)
    return study.start()


def _rows(bureau: Bureau, bank: str, *, swapped: bool = False) -> list[dict[str, str]]:
    """A bank's payments of the days to learn from, as a data set; `swapped`: fraud for honest."""
    chosen = bureau.weeks.of_days(bank, bureau.weeks.learned)
    numbers, fraud = bureau.features[bank][chosen], bureau.cards[bank].fraud[chosen]
    names = (*OWN, *SHARED) if bureau.schema is None else [one.name for one in bureau.schema.fields]
    return [
        {**dict(zip(names, map(repr, row), strict=True)), FRAUD.name: str(int(said != swapped))}
        for row, said in zip(numbers.tolist(), fraud.tolist(), strict=True)
    ]


def _agreed_schema(bureau: Bureau) -> Schema:
    """The columns that the banks agreed on."""
    if bureau.schema is None:
        raise StoryFailed("there is no schema yet")
    return bureau.schema


def table(bureau: Bureau, bank: str, numbers: Numbers) -> Table:
    """A bank's payments of the days to learn from."""
    chosen = bureau.weeks.of_days(bank, bureau.weeks.learned)
    return table_of(bank, _agreed_schema(bureau), numbers[chosen], bureau.cards[bank].take(chosen))


def pooled(tables: Mapping[str, Table]) -> Table:
    """All banks' payments as one bank would have them."""
    rows = list(tables.values())
    numbers, labels = (np.concatenate([getattr(one, name) for one in rows]) for name in ("numbers", "labels"))
    return Table("pooled", rows[0].schema, numbers, labels)


def trained(name: str, parameters: Mapping[str, int], tables: Mapping[str, Table]) -> bytes:
    """The model that a recipe makes of these tables, without a network."""
    return train(recipe(name), dict(parameters), tables).model


def tested(bureau: Bureau, bank: str) -> NDArray[np.bool_]:
    """A bank's payments that are scored: of the tested days, of cards not known to be stolen."""
    weeks = bureau.weeks
    return weeks.of_days(bank, weeks.tested) & not_yet_known(bureau.cards[bank], weeks.delay)


def measure(bureau: Bureau, model: bytes, numbers: Mapping[str, Numbers]) -> Measured:
    """How well a model ranks all banks' tested payments, with features as given."""
    scores, truth, amounts = [], [], []
    for bank, cards in bureau.cards.items():
        chosen = tested(bureau, bank)
        scores.append(score_numbers(model, numbers[bank][chosen]))
        truth.append(cards.fraud[chosen])
        amounts.append(cards.amount[chosen])
    said, frauds, money = np.concatenate(scores), np.concatenate(truth), np.concatenate(amounts)
    return Measured(
        average_precision(said, frauds),
        precision_at(said, frauds, ALERTS),
        saved_at(said, frauds, money, ALERTS),
    )
