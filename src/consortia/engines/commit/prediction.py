"""The record that binds a model, an input, an output and a policy, and batches of them opened for replay.

    input digest  = H("consortia/input", salt | input)
    policy hash   = H("consortia/policy", text)

A record names its input by a salted digest, so it can be opened to whomever the decision concerns
with or without what was asked. It is itself a salted leaf of a batch (`batch`).
"""

import os
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import (
    I64,
    SIZE_MAX,
    Digest,
    Milliseconds,
    Record,
    Salt,
    Text80,
    decode_record,
    encode_record,
)
from consortia.base.commitments import SALT_BYTES
from consortia.base.hashing import tagged
from consortia.engines.commit.batch import Batch, WrongOpening, assemble, block_roots

INPUT_TAG = "consortia/input"
POLICY_TAG = "consortia/policy"
INPUT_BYTES_MAX = 1 << 16
OPENED_MAX = 1 << 16


class PredictionRecord(Record, frozen=True):
    """One answer of a model.

    `model` is the model's content (blob id), `input` the salted digest of the input, `score` the exact
    integer output on the model's grid, `probability_ppm` the probability of the second class in parts per
    million, `label` the class chosen under `policy` (the hash of its text), `time` the block time of the
    ledger's tip when it was made, `subject` the key of the person it concerns, if any.
    """

    model: Digest
    input: Digest
    score: I64
    probability_ppm: Annotated[int, Meta(ge=0, le=1_000_000)]
    label: Text80
    policy: Digest
    time: Milliseconds
    subject: Digest | None


class OpenedPrediction(Record, frozen=True):
    """A record with all that opens it: its own salt, and the input with its salt."""

    record: PredictionRecord
    salt: Salt
    input: Annotated[bytes, Meta(max_length=INPUT_BYTES_MAX)]
    input_salt: Salt


class OpenedBatch(Record, frozen=True):
    """All records of a batch, opened, in order: what a member publishes for replay."""

    predictions: Annotated[tuple[OpenedPrediction, ...], Meta(max_length=OPENED_MAX)]


def predicted(
    *,
    model: bytes,
    given: bytes,
    score: int,
    probability_ppm: int,
    label: str,
    policy: bytes,
    time: int,
    subject: bytes | None = None,
) -> OpenedPrediction:
    """A new record, under fresh salts, of an answer to the input `given`; its fields are those here."""
    input_salt = os.urandom(SALT_BYTES)
    record = PredictionRecord(
        model=model,
        input=input_digest(input_salt, given),
        score=score,
        probability_ppm=probability_ppm,
        label=label,
        policy=policy,
        time=time,
        subject=subject,
    )
    return OpenedPrediction(record, os.urandom(SALT_BYTES), given, input_salt)


def committed(predictions: Sequence[OpenedPrediction]) -> tuple[Batch, list[bytes]]:
    """The batch of these records under their own salts, and the records as they stand in it."""
    records = [encode_record(one.record) for one in predictions]
    salts = b"".join(one.salt for one in predictions)
    return assemble(salts, block_roots(records, salts)), records


def input_digest(salt: bytes, data: bytes) -> bytes:
    """The salted digest of an input. Raise ValueError for a salt that has not 32 bytes."""
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 32 bytes")
    return tagged(INPUT_TAG, salt + data)


def policy_hash(text: str) -> bytes:
    """The hash of a policy's text, 32 bytes."""
    return tagged(POLICY_TAG, text.encode())


def encode_opened(predictions: Sequence[OpenedPrediction]) -> bytes:
    """The bytes of an opened batch, to be published as a blob."""
    return encode_record(OpenedBatch(tuple(predictions)))


def read_opened(data: bytes, root: bytes, count: int) -> tuple[OpenedPrediction, ...]:
    """The records of an opened batch, checked against its root and count on the ledger.

    1. The bytes are the one encoding of an opened batch.
    2. It has `count` records.
    3. Their salted leaf hashes lead to `root`.
    4. Every input has the digest that its record names.

    Raise base.codec.Malformed at step 1, WrongOpening at the others.
    """
    predictions = decode_record(OpenedBatch, data, size_max=SIZE_MAX).predictions  # 1
    if len(predictions) != count:  # 2
        raise WrongOpening(f"{len(predictions)} records were opened, {count} were committed")
    if committed(predictions)[0].root != root:  # 3
        raise WrongOpening("the opened records do not lead to the root")
    for index, one in enumerate(predictions):  # 4
        if input_digest(one.input_salt, one.input) != one.record.input:
            raise WrongOpening(f"record {index} was opened with another input than it names")
    return predictions
