"""An alert on a payment: what it commits to, what opens it, and how anybody computes it again.

The ledger gets three salted hashes: whom the alert is about, its score, and the evidence, which is the
payment and the integers that the model answered to. A public alert would tip off the suspect. Whoever is
shown what opens it computes the same score by the pinned model, to the bit.
"""

import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from consortia.base.codec import I64, U63, Digest, Name, Record, Salt, Text80, decode_record, encode_record
from consortia.base.commitments import record_leaf
from consortia.engines.commit.chunks import blob_id
from consortia.engines.infer.predict import predict_features
from consortia.solutions.finance.iso20022.payments import Payment

SCHEMA = "cards/1"
KIND = "payment"
REASON = f"learned.{KIND}"
"""The reason of an alert that a model gives, as the law has it."""

CELLS_MAX = 128


class Target(Record, frozen=True):
    """Whom an alert is about: the member, and the payment's reference. As the law's `Opening`."""

    member: Name
    subject: Text80


class Score(Record, frozen=True):
    """The model's answer: log odds of a fraud on the 2^-24 grid. As the guard's."""

    value: I64


class Evidence(Record, frozen=True):
    """The payment, and the integers that the model answered to (see `engines.infer.predict.Features`)."""

    schema: Text80
    reference: Text80
    made: U63
    amount: U63
    currency: Annotated[str, Meta(min_length=3, max_length=3)]
    payee: Text80
    cells: Annotated[tuple[int | None, ...], Meta(min_length=1, max_length=CELLS_MAX)]


class Shown(Record, frozen=True):
    """What opens an alert: the three things that it commits to, each with its salt; and its model's blob."""

    target: Target
    target_salt: Salt
    score: Score
    score_salt: Salt
    evidence: Evidence
    evidence_salt: Salt
    model: Digest


def of_payment(payment: Payment, cells: tuple[int | None, ...]) -> Evidence:
    """The evidence that a payment, and the integers that the model answered to, make."""
    return Evidence(
        SCHEMA,
        payment.reference,
        payment.made,
        payment.amount,
        payment.currency,
        payment.creditor.account,
        cells,
    )


def shown(member: str, seen: Evidence, score: int, model: bytes) -> Shown:
    """What opens an alert on a payment, under fresh salts."""
    salts = [secrets.token_bytes(32) for _ in range(3)]
    return Shown(Target(member, seen.reference), salts[0], Score(score), salts[1], seen, salts[2], model)


def commitments(opened: Shown) -> tuple[bytes, bytes, bytes]:
    """What an alert says instead of target, score and evidence."""
    return (
        record_leaf(opened.target_salt, encode_record(opened.target)),
        record_leaf(opened.score_salt, encode_record(opened.score)),
        record_leaf(opened.evidence_salt, encode_record(opened.evidence)),
    )


def finding(opened: Shown, policy: str, population: bytes, state: bytes) -> dict[str, Any]:
    """The fields of the alert: `population` is the study that the model is of, `state` the sums used."""
    target, score, evidence = commitments(opened)
    return {
        "policy": policy,
        "kind": KIND,
        "code": REASON,
        "model": opened.model,
        "population": population,
        "state": state,
        "target": target,
        "score": score,
        "evidence": evidence,
    }


def again(opened: Shown, model: bytes) -> int:
    """The score by the model's bytes; raises ValueError for cells that it cannot answer to."""
    return predict_features(model, [opened.evidence.cells])[0].score


def kept_at(private: Path, name: bytes) -> Path:
    """Where a home keeps what opens an alert, by the hash of its evidence, or a model, by its blob id."""
    return private / "payments" / name.hex()


def keep(private: Path, opened: Sequence[Shown], model: bytes) -> None:
    """Keep what opens alerts, and their model, in a home's private folder: before the ledger has them."""
    kept_at(private, b"").mkdir(mode=0o700, parents=True, exist_ok=True)
    for one in opened:
        _, _, hashed = commitments(one)
        _write(kept_at(private, hashed), encode_record(one))
        _write(kept_at(private, one.model), model)


def kept(private: Path) -> Iterator[Shown]:
    """Everything that a home keeps to open alerts on payments; raises base.codec.Malformed."""
    folder = kept_at(private, b"")
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        data = path.read_bytes()
        if blob_id(data).hex() != path.name:
            yield decode_record(Shown, data)


def _write(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, durably."""
    opening = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opening, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
