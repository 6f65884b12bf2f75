"""The health story: hospitals train a diagnosis model together, and anyone can check it.

Real: the processes, keys, sockets, ledger, training and checks, and the Wisconsin records. Split by us: which
hospital holds which records. Simulated: that the hospitals are apart; all run on this machine.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from consortia.cli.awaiting import awaited_line
from consortia.cli.demo import faults, masks, predicting, reel, study
from consortia.cli.demo.consortium import Consortium
from consortia.cli.demo.playing import clear
from consortia.cli.demo.summary import Outcome, tell, to_json
from consortia.cli.demo.telling import Teller, wait_until
from consortia.cli.output import Failure, facts
from consortia.cli.own_data import tell_identifiers
from consortia.engines.evaluate import compare
from consortia.engines.train import recipe
from consortia.engines.train.files import DataError, place, read_file
from consortia.engines.train.schema import Schema
from consortia.engines.train.splits import Split, hold_out, wisconsin_hospitals
from consortia.engines.train.table import Table, csv_files, read_folder
from consortia.modules.training import queries
from consortia.modules.training.rules import rounds_of
from consortia.modules.training.types import Round, Terms
from consortia.node.audit.run import audit_homes
from consortia.sdk.errors import LedgerError
from consortia.solutions.pacing import pace_of_workers
from consortia.workers.terms import terms_of

RECIPE = "glm.logistic"
PARAMETERS = {"rounds": 6, "ridge_milli": 1_000}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for."""

    folder: Path
    data: Path | None
    label: str | None
    seed: int
    as_json: bool


def run(wanted: Wanted, stay: threading.Event | None) -> None:
    """Run the story to its end, and with `stay` keep the nodes up until interrupted; raises Failure."""
    teller = Teller(to_error=wanted.as_json)
    try:
        split = _split(wanted)
    except DataError as error:
        raise Failure(str(error)) from None
    clear(wanted.folder)
    try:
        _tell_story(wanted, split, teller, stay)
    except (LedgerError, study.StudyFailed, reel.Missed) as error:
        raise Failure(f"the story broke off: {error}", f"look at the logs in {wanted.folder}") from error


def _split(wanted: Wanted) -> Split:
    if wanted.data is None or wanted.label is None:
        return wisconsin_hospitals(wanted.seed)
    tables = read_folder(wanted.data, wanted.label)
    for file in csv_files(wanted.data):
        tell_identifiers(read_file(file), wanted.label, "take the column out of every file")
    for table in tables.values():
        _check_filled(table)
    return hold_out(tables, wanted.seed)


def _check_filled(table: Table) -> None:
    """Raise DataError for a column without any value: a newcomer most likely exported it wrongly."""
    for at, field in enumerate(table.schema.fields):
        if bool(np.isnan(table.numbers[:, at]).all()):
            where = place(table.name, None, field.name)
            raise DataError(f"{where}: no row has a value. Fill it in, or take the column out of every file.")


def _tell_story(wanted: Wanted, split: Split, teller: Teller, stay: threading.Event | None) -> None:
    names = sorted(split.tables, key=lambda name: (-split.tables[name].records, name))
    with Consortium(wanted.folder, names, teller) as consortium:
        teller.chapter("1. Members found a network and admit one another")
        consortium.build("health")
        teller.chapter("2. Each commits to its own records, by patient; none leaves its hospital")
        teller.line(split.describe)
        shared = study.share(consortium, split.tables)
        for name, data in shared.items():
            teller.line(f"{name}: {data.records} records stay; their salted hash is on the ledger")
        outcome = _train(consortium, split, shared, teller)
        _predict(consortium, split, outcome, teller)
        _cheat(consortium, shared, outcome, wanted.seed, teller)
        consortium.settle()
        outcome.height, outcome.transactions = _size(consortium)
        outcome.url = consortium.founder.way_in
        if stay is not None:
            _finish(wanted, outcome, teller)
            wait_until(stay, outcome.url, as_json=wanted.as_json)
            return
        consortium.stop()
    _finish(wanted, outcome, teller)


def _train(consortium: Consortium, split: Split, shared: dict[str, study.DataSet], teller: Teller) -> Outcome:
    teller.chapter("3. They agree a study and train; every member re-computes every round")
    rule = recipe(RECIPE)
    step = int(study.STEP_MILLISECONDS * pace_of_workers())
    wanted = study.wanted("diagnosis", "Diagnosis model", consortium.names, step)
    asked, initial = terms_of(rule, PARAMETERS, split.held_out.schema, wanted)
    name = study.agree(consortium, asked, initial, shared)
    total = rounds_of(asked.stages)
    teller.line(f"study agreed: {RECIPE}, {total} {wanted.summing.mode} rounds, {len(shared)} members joined")
    if wanted.summing.mode == "open":
        teller.line("open, so each sees the other's updates: a sum of two, masked, would show them as well")
    victim = faults.Victim(consortium, consortium.names[-1], at=2)
    progress = _Progress(consortium, name, asked, teller)

    def seen(now: queries.Awaited) -> None:
        progress.seen(now)
        victim.seen(now, teller)

    view = study.watch(consortium, name, seen)
    victim.back(teller)
    if view.progress.status != "finished" or view.progress.model is None:
        raise study.StudyFailed(f"the study was aborted: {view.progress.reason}")
    rounds = study.rounds_of(consortium, name)
    victim.verdict(rounds, teller)
    model = consortium.client(consortium.names[0]).blob(view.progress.state, study.PURPOSE)
    teller.line(f"model {view.progress.state.hex()[:16]} stands as an asset, with its lineage")
    return Outcome(consortium, name, view, rounds, model)


class _Progress:
    """Tells each try of a round when it has ended, and until then whom it awaits."""

    def __init__(self, consortium: Consortium, name: bytes, asked: Terms, teller: Teller) -> None:
        self.consortium, self.name, self.asked, self.teller = consortium, name, asked, teller
        self.total = rounds_of(asked.stages)
        self._told = 0
        self._at: tuple[int, str] | None = None

    def seen(self, now: queries.Awaited) -> None:
        """Take in what the study awaits; the rounds are asked for only where that changed."""
        at = (now.index, now.action)
        if at != self._at:
            self._at = at
            for this in study.rounds_of(self.consortium, self.name)[self._told :]:
                if this.status == "open":
                    break
                self.teller.line(_round_line(this, self.total))
                for line in masks.shown(self.consortium, self.asked, this):
                    self.teller.line(line)
                self._told += 1
        self.teller.moving(awaited_line(now, self.total))


def _round_line(this: Round, total: int) -> str:
    what = f"round {this.index + 1} of {total}, {len(this.cohort)} updates of {this.cohort_records} records"
    if this.status != "final":
        where = f"round {this.index + 1} of {total}"
        return f"{where}: not finished in time, awaited {', '.join(this.missing)}; tried again"
    agree = len(this.members) - len(this.missing) - len(this.differing)
    without = f", without {', '.join(this.missing)}" if this.missing else ""
    return f"{what}: {agree} of {len(this.members)} agree{without}"


def _predict(consortium: Consortium, split: Split, outcome: Outcome, teller: Teller) -> None:
    teller.chapter("4. Held-out patients get predictions; their records are on the ledger")
    progress = outcome.view.progress
    if progress.model is None:
        raise study.StudyFailed("the study has no model")
    model = predicting.Answering(progress.model, progress.state, outcome.model)
    answers = predicting.answer(consortium, model, split.held_out)
    outcome.predictions = sum(batch.count for batch in answers)
    teller.line(f"{outcome.predictions} predictions in {len(answers)} batches, one salted root each")
    consortium.settle()
    proof = predicting.prove(consortium, answers[-1], 0)
    outcome.proof = consortium.folder / "health.proof"
    outcome.proof.write_bytes(proof)
    said = predicting.proved_record(proof)
    sure = predicting.percent(said, split.held_out.schema.label.classes)
    teller.line(f"health.proof shows one of them: {said.label!r} at {sure:.1f} %, by {answers[-1].member}")
    with teller.doing("the referee, outside the network, compares every site alone, together, and pooled"):
        outcome.comparison = compare(
            recipe(RECIPE), PARAMETERS, split.tables, split.held_out, federated=outcome.model
        )


def _cheat(
    consortium: Consortium, shared: dict[str, study.DataSet], outcome: Outcome, seed: int, teller: Teller
) -> None:
    teller.chapter("5. The reel of cheating")
    schema = Schema.decode(outcome.view.study.terms.schema)
    faults.false_result(consortium, shared, schema, teller)
    height = consortium.settle()
    reel.rewrite(consortium, min(outcome.view.study.height, height), teller)
    if outcome.proof is not None:
        reel.flip(outcome.proof.read_bytes(), consortium.network, seed, teller)


def _size(consortium: Consortium) -> tuple[int, int]:
    status = consortium.client(consortium.names[0]).status()
    return status.height, status.size - (status.height + 1)


def _finish(wanted: Wanted, outcome: Outcome, teller: Teller) -> None:
    with teller.doing("every member's home is audited: all blocks, rounds and predictions again"):
        outcome.audit = audit_homes(wanted.folder).facts()
    outcome.caught = list(teller.caught)
    outcome.seconds = teller.seconds
    if wanted.as_json:
        facts(to_json(outcome))
    else:
        tell(outcome)
    if outcome.audit["mismatches"]:
        raise Failure(f"the audit found {outcome.audit['mismatches']} mismatches", "consortia audit HOME")
