"""The ledger's facts as a watcher sees them: blocks in, events of `engines.watch` out, in order.

A transaction is always an `act` of its key; what its receipt tells may be more: a vote, a payment, a charge
on a privacy budget, a member admitted, an asset used, an agent's act, an order filled, a reading billed. Some
of an event's values depend on what came before (how old an approval was, what came in that day), so there
is a state: it is bounded, it is saved as bytes, and whoever starts from it goes on with the same events. An
alert that the law took is no event: else every alert would be one more thing to look at.

`update` is not among them: how large an update is and how it agrees with the sum stands in blobs, which the
masks hide.
"""

from collections.abc import Callable
from typing import cast

from consortia.base.codec import Value, encode
from consortia.base.envelope import open_envelope
from consortia.engines.watch.features import StateError, kept_in
from consortia.kernel.block import OK, Receipt, Whole
from consortia.kernel.quick import quick_payload
from consortia.kernel.transaction import TRANSACTION_BYTES_MAX, Transaction
from consortia.workers.seen import TABLES, Observed, Row, Seen, Signer, Tables
from consortia.workers.seen_acts import ACTS
from consortia.workers.seen_money import MONEY

SCHEMA = "observe/1"
"""The name of this way to read a ledger; a state of another is refused."""


ALERTING = frozenset({"guard.raise_alert", "predictions.act"})


Who = Callable[[bytes], Signer | None]
"""Gives whose a key is, by its id; None where the ledger does not know it any more."""


class Observer:
    """Reads blocks in order; its state is small and can be saved."""

    def __init__(self) -> None:
        self._tables = Tables()

    def block(self, whole: Whole, who: Who) -> list[Observed]:
        """The events of the next block, each with whom it is about."""
        found: list[Observed] = []
        for raw, receipt in zip(whole.block.transactions, whole.receipts, strict=True):
            transaction = quick_payload(open_envelope(raw, size_max=TRANSACTION_BYTES_MAX).payload)
            signer = who(transaction.key)
            if signer is None or _is_alert(transaction, receipt):
                continue
            seen = Seen(self._tables, whole.header.time, signer, transaction, receipt)
            for look in (*ACTS, *MONEY):
                look(seen)
            found += seen.out
        return found

    def save(self) -> bytes:
        """The state as bytes."""
        kept = {name: [[key, row] for key, row in rows.items()] for name, rows in self._tables.kept.items()}
        return encode({"schema": SCHEMA, "kept": cast("Value", kept)})

    @classmethod
    def load(cls, data: bytes) -> "Observer":
        """The observer whose state `data` is; raises StateError for another version or damaged bytes."""
        kept, made = kept_in(data, SCHEMA, "an observer's state"), cls()
        try:
            tables = cast("dict[str, list[tuple[str, Row]]]", kept)
            for name in TABLES:
                made._tables.kept[name].update((str(key), list(row)) for key, row in tables[name])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StateError(f"a damaged observer's state: {error}") from None
        return made


def _is_alert(transaction: Transaction, receipt: Receipt) -> bool:
    """Whether a transaction did nothing but raise alerts, which the law bounds by itself."""
    methods = {call.method for call in transaction.calls}
    return receipt.code == OK and "guard.raise_alert" in methods and methods <= ALERTING
