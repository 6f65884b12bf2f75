"""Predictions of a demo: held-out patients, answered by the agreed model, recorded on the ledger."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from consortia.base.codec import decode_record, encode_record
from consortia.cli.demo.consortium import Consortium, Party
from consortia.cli.demo.study import PURPOSE, StudyFailed
from consortia.engines.commit.prediction import OpenedPrediction, PredictionRecord, input_digest, policy_hash
from consortia.engines.infer.predict import Features, features_of, predict_features
from consortia.engines.train.table import Table
from consortia.kernel.block import Receipt
from consortia.kernel.proof import Extra, Proof, RecordOpening, parse_proof
from consortia.modules.predictions.messages import RecordBatch
from consortia.modules.predictions.state import BATCHES

POLICY = "The second class from a probability of 500,000 ppm on. A person decides; this is advice."
_SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Answered:
    """A member's batch of prediction records: its id and root on the ledger, and how many there are."""

    member: str
    batch: bytes
    root: bytes
    count: int


@dataclass(frozen=True, slots=True)
class Answering:
    """The model that answers: its asset, its content on the ledger (the last state), and its bytes."""

    asset: bytes
    content: bytes
    model: bytes


def answer(consortium: Consortium, model: Answering, held_out: Table) -> list[Answered]:
    """Let every member answer its share of the held-out patients, and record the answers."""
    names = consortium.names
    found = []
    for at, name in enumerate(names):
        rows = list(range(at, held_out.records, len(names)))
        if rows:
            found.append(_answer(consortium, consortium.party(name), model, held_out.take(rows)))
    return found


def _answer(consortium: Consortium, party: Party, model: Answering, patients: Table) -> Answered:
    client = consortium.client(party.name)
    features = [features_of(model.model, row) for row in _cells(patients)]
    time = client.status().time
    opened = []
    for cells, said in zip(features, predict_features(model.model, features), strict=True):
        asked, salt = encode_record(Features(cells)), os.urandom(_SALT_BYTES)
        record = PredictionRecord(
            model=model.content,
            input=input_digest(salt, asked),
            score=said.score,
            probability_ppm=said.probability_ppm,
            label=said.label,
            policy=policy_hash(POLICY),
            time=time,
            subject=None,
        )
        opened.append(OpenedPrediction(record, os.urandom(_SALT_BYTES), asked, salt))
    kept = party.vault.add_predictions(opened)
    receipt = client.submit(
        RecordBatch(model.asset, model.content, PURPOSE, policy_hash(POLICY), kept.root, kept.count, None)
    )
    return Answered(party.name, _batch(receipt), kept.root, kept.count)


def _cells(table: Table) -> list[list[object]]:
    """Rows of cells in the schema's order: numbers, the text of levels, None where missing."""
    rows: list[list[object]] = []
    for row in table.numbers.tolist():
        cells: list[object] = []
        for field, value in zip(table.schema.fields, row, strict=True):
            missing = value != value  # noqa: PLR0124 (NaN is the one number that is not itself)
            level = field.kind == "category" and not missing
            cells.append(None if missing else field.levels[int(value)] if level else value)
        rows.append(cells)
    return rows


def _batch(receipt: Receipt) -> bytes:
    value = receipt.events[0].body.get("batch")
    if not isinstance(value, bytes):
        raise StudyFailed("the receipt names no batch of predictions")
    return value


def prove(consortium: Consortium, answered: Answered, index: int) -> bytes:
    """A proof file of one prediction: its record, in the batch, in the state, under a final checkpoint."""
    party = consortium.party(answered.member)
    bare = parse_proof(consortium.client(answered.member).proof_of_state(BATCHES.state_key(answered.batch)))
    _, opening = party.vault.open_prediction(answered.root, index)
    shown = RecordOpening(opening.record, opening.salt, opening.index, opening.count, opening.path)
    extra = bare.extra
    return Proof(
        Extra(
            genesis=extra.genesis,
            changes=extra.changes,
            header=extra.header,
            receipt=extra.receipt,
            state=extra.state,
            record=shown,
            subject=None,
            evidence=None,
            since=extra.since,
        ),
        bare.index,
        bare.path,
        bare.note,
    ).encode()


def proved_record(proof: bytes) -> PredictionRecord:
    """The prediction record that a proof opens; raises StudyFailed for another kind of proof."""
    opened = parse_proof(proof).extra.record
    if opened is None:
        raise StudyFailed("the proof opens no record")
    return decode_record(PredictionRecord, opened.record)


def percent(said: PredictionRecord, classes: Sequence[str]) -> float:
    """How probable the told class is, in per cent: a record has the probability of the second one."""
    second = said.probability_ppm / 10_000
    return second if said.label == classes[1] else 100 - second
