"""What the screens ask: the ledger's own queries, the blocks decoded, and who signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from consortia.base.codec import R, Record
from consortia.base.envelope import kid_of, open_envelope
from consortia.kernel.block import OK, Header, Receipt, parse_leaf
from consortia.kernel.quick import quick_payload
from consortia.kernel.transaction import TRANSACTION_BYTES_MAX, Transaction
from consortia.node.console.sayings import said
from consortia.node.service import Service, key_state
from consortia.sdk.values import short
from consortia.sdk.views import Cell, Link, Moment, Table

BLOCKS_MAX = 200
LOOKED_MAX = 20_000


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


def block(service: Service, height: int, most: int) -> tuple[Header, int, tuple[Done, ...]] | None:
    """A block's header, how many transactions it has, and `most` of them at most, decoded; or None."""
    header, held = service.ledger.header(height), service.ledger.block(height)
    if header is None or held is None:
        return None
    raws = held.transactions[:most]
    return header, len(held.transactions), _done(service, header, 0, raws, {})


def at(service: Service, height: int, place: int) -> Done | None:
    """The transaction at a place of a block, or None. The others, maybe thousands, are not taken apart."""
    header, held = service.ledger.header(height), service.ledger.block(height)
    if header is None or held is None:
        return None
    return next(iter(_done(service, header, place, held.transactions[place : place + 1], {})), None)


def _done(
    service: Service, header: Header, first: int, raws: Sequence[bytes], signers: dict[bytes, str]
) -> tuple[Done, ...]:
    """Transactions of a block from a place on, decoded; `signers` are those known, and come to be known."""
    done = []
    for raw, data in zip(raws, service.ledger.leaves(header.first + first, len(raws)), strict=False):
        transaction = quick_payload(open_envelope(raw, size_max=TRANSACTION_BYTES_MAX).payload)
        receipt, who = parse_leaf(data), _known(service, transaction.key, signers)
        if isinstance(receipt, Receipt):
            done.append(Done(header.height, header.time, receipt, transaction, who))
    return tuple(done)


def _known(service: Service, key: bytes, signers: dict[bytes, str]) -> str:
    if key not in signers:
        signers[key] = signer(service, key)
    return signers[key]


def arguments(value: object) -> dict[str, Any]:
    """The fields of a call."""
    return {str(name): item for name, item in value.items()} if isinstance(value, dict) else {}


def signer(service: Service, key: bytes) -> str:
    """The member whose key it is, in words; the key's beginning where the ledger knows none."""
    state = key_state(service.ledger, key)
    return short(key) if state is None else state.signer.member


def latest(service: Service, count: int, member: str = "") -> list[Done]:
    """The newest transactions, newest first, of one member where named.

    They are looked for in the newest 200 blocks at most, and no further than `LOOKED_MAX` transactions. Only
    those that are told are taken apart: a page is made while everybody else waits.
    """
    found, looked, signers = list[Done](), 0, dict[bytes, str]()
    newest = service.ledger.tip.height
    for height in range(newest, max(-1, newest - BLOCKS_MAX), -1):
        header, held = service.ledger.header(height), service.ledger.block(height)
        if header is None or held is None or looked >= LOOKED_MAX:
            break
        looked += len(held.transactions)
        for place in reversed(range(len(held.transactions))):
            raw = held.transactions[place]
            if not member or _known(service, kid_of(raw) or b"", signers) == member:
                found += _done(service, header, place, (raw,), signers)
            if len(found) >= count:
                return found
    return found


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
