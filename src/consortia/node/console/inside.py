"""What the screens ask: the ledger's own queries, the blocks decoded, and who signed."""

from dataclasses import dataclass
from typing import Any

from consortia.base.codec import R, Record, decode_record
from consortia.base.envelope import open_envelope
from consortia.kernel.block import OK, Header, Receipt
from consortia.kernel.transaction import TRANSACTION_BYTES_MAX, Transaction
from consortia.node.console.sayings import said
from consortia.node.service import LedgerFollowed, Service, key_state
from consortia.sdk.values import short
from consortia.sdk.views import Cell, Link, Moment, Table


class Inside:
    """The way to the node's own ledger, for asking alone."""

    def __init__(self, service: Service) -> None:
        self._ledger = service.ledger

    def query(self, name: str, arguments: Record, kind: type[R]) -> R:
        """Ask a module; raises Refused."""
        found = self._ledger.query(name, arguments)
        if not isinstance(found, kind):
            raise TypeError(f"{name} gives {type(found).__name__}, not {kind.__name__}")
        return found

    def submit(self, *_records: Record) -> Receipt:
        """The console signs nothing."""
        raise PermissionError("a page only asks")


@dataclass(frozen=True, slots=True)
class Done:
    """A transaction with its place, who signed it, and its receipt."""

    height: int
    time: int
    receipt: Receipt
    transaction: Transaction
    signer: str

    @property
    def words(self) -> str:
        """What it asks for."""
        calls = (said(call.method, arguments(call.args)) for call in self.transaction.calls)
        return f"{self.signer} {'; '.join(calls)}"


def arguments(value: object) -> dict[str, Any]:
    """The fields of a call."""
    return {str(name): item for name, item in value.items()} if isinstance(value, dict) else {}


def block(service: Service, height: int) -> tuple[Header, tuple[Done, ...]] | None:
    """A block with its transactions decoded, or None."""
    found = LedgerFollowed(service.ledger).indexed(height)
    if found is None:
        return None
    held, header, receipts = found
    done = []
    for raw, receipt in zip(held.transactions, receipts, strict=False):
        payload = open_envelope(raw, size_max=TRANSACTION_BYTES_MAX).payload
        transaction = decode_record(Transaction, payload, size_max=TRANSACTION_BYTES_MAX)
        done.append(Done(height, header.time, receipt, transaction, signer(service, transaction.key)))
    return header, tuple(done)


def signer(service: Service, key: bytes) -> str:
    """The member whose key it is, in words; the key's beginning where the ledger knows none."""
    state = key_state(service.ledger, key)
    return short(key) if state is None else state.signer.member


def latest(service: Service, count: int, key: str = "") -> list[Done]:
    """The newest transactions, newest first, of the newest 200 blocks at most; of one member where named."""
    found: list[Done] = []
    height = service.ledger.tip.height
    for at in range(height, max(-1, height - 200), -1):
        seen = block(service, at)
        found += [one for one in reversed(seen[1] if seen else ()) if not key or one.signer == key]
        if len(found) >= count:
            break
    return found[:count]


def told(title: str, done: list[Done], note: str = "") -> Table:
    """Transactions as a table."""
    rows: list[tuple[Cell, ...]] = [
        (
            Link(str(one.height), f"/console/ledger/{one.height}"),
            Moment(one.time),
            one.words,
            one.receipt.code if one.receipt.code == OK else f"refused: {one.receipt.code}",
            Link(short(one.receipt.transaction), f"/console/transactions/{one.receipt.transaction.hex()}"),
        )
        for one in done
    ]
    return Table(title, ("block", "when", "what", "outcome", "transaction"), tuple(rows), note)
