"""The evidence of alerts on payments: what a payment makes of it, and where a bank keeps it.

What an alert commits to, and how anybody computes it again, stands in `consortia.sdk.payment_alerts`.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from consortia.base.codec import decode_record, encode_record
from consortia.engines.commit.chunks import blob_id
from consortia.sdk.payment_alerts import SCHEMA, Evidence, Shown, commitments
from consortia.solutions.finance.iso20022.payments import Payment


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
