"""An alert on a payment: what it commits to, what opens it, and how anybody computes it again.

The ledger gets three salted hashes: whom the alert is about, its score, and the evidence, which is the
payment and the integers that the model answered to. A public alert would tip off the suspect. Whoever is
shown what opens it computes the same score by the pinned model, to the bit.
"""

import secrets
from typing import Annotated, Any

from msgspec import Meta

from consortia.base.codec import I64, U63, Digest, Name, Record, Salt, Text80, encode_record
from consortia.base.commitments import record_leaf
from consortia.engines.infer.predict import predict_features

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
