"""Alerts on payments go to the ledger: which payments, and in which order things are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from consortia.engines.infer.predict import features_of, score_numbers
from consortia.sdk.builder import message
from consortia.sdk.client import Client
from consortia.sdk.payment_alerts import Shown, finding
from consortia.solutions.finance.fraud import evidence
from consortia.solutions.finance.fraud.cards import Indices, Numbers

AT_ONCE = 16
"""So many alerts in one transaction."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """The model that alerts are raised by, and the policy that pins it.

    `model` is its bytes, `blob` their blob id; `study` is the study that it is of, `sums` the blob id of the
    counts that its features are of.
    """

    policy: str
    model: bytes
    blob: bytes
    study: bytes
    sums: bytes


def highest(model: bytes, numbers: Numbers, rows: Indices) -> Indices:
    """Some rows of features, the highest score first; of one score, earlier first."""
    return rows[np.argsort(-score_numbers(model, numbers[rows]), kind="stable")]


def answered(model: bytes, numbers: Numbers, row: int) -> tuple[tuple[int | None, ...], int]:
    """The integers that the model answers to for a row of features, and its score."""
    score = int(score_numbers(model, numbers[row : row + 1])[0])
    return features_of(model, numbers[row].tolist()), score


def raise_alerts(
    client: Client, private: Path, opened: Sequence[Shown], by: Pinned, *, lane: int = 0
) -> list[bytes]:
    """Keep what opens the alerts in the home's private folder, then raise them; gives their ids, in order.

    In that order, so that no alert stands on the ledger that nobody can open. Raises
    sdk.errors.TransactionRefused for the first that the ledger does not take, and what came before stands.
    """
    evidence.keep(private, opened, by.model)
    ids: list[bytes] = []
    for begin in range(0, len(opened), AT_ONCE):
        findings = [
            message(
                client.app,
                "guard.raise_alert",
                {"finding": finding(one, by.policy, by.study, by.sums)},
            )
            for one in opened[begin : begin + AT_ONCE]
        ]
        receipt = client.submit(*findings, lane=lane)
        found = [event.body["alert"] for event in receipt.events if event.name == "guard.alert_raised"]
        ids += [one for one in found if isinstance(one, bytes)]
    return ids
