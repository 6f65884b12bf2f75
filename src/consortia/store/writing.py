"""How entries are put into an open transaction of a ledger's LMDB file. `store.lmdb` says what they are."""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from consortia.store.view import MARK, key_of, transaction_key

if TYPE_CHECKING:
    import lmdb
    from lmdb import _Database


def put_mark(txn: "lmdb.Transaction[bytes]", meta: "_Database", height: int, mark: bytes) -> None:
    """Write the commit marker with its height and the hash over both."""
    checked = key_of(height) + mark
    txn.put(MARK, hashlib.sha256(checked).digest() + checked, db=meta)


def write_changes(
    txn: "lmdb.Transaction[bytes]", db: "_Database", changes: Iterable[tuple[bytes, bytes | None]]
) -> None:
    """Put every key with a value, delete every key with None."""
    puts = list[tuple[bytes, bytes]]()
    for key, value in changes:
        if value is None:
            txn.delete(key, db=db)
        else:
            puts.append((key, value))
    put_all(txn, db, puts)


def put_all(txn: "lmdb.Transaction[bytes]", db: "_Database", entries: Iterable[tuple[bytes, bytes]]) -> None:
    """Put every key with its value."""
    txn.cursor(db).putmulti(entries)


def put_transactions(
    txn: "lmdb.Transaction[bytes]", db: "_Database", height: int, found: Iterable[tuple[bytes, int]]
) -> None:
    """Put where transactions of a block are found: ids with the leaf indexes of their receipts."""
    block = key_of(height)
    put_all(txn, db, sorted([(transaction_key(index, name), block + key_of(index)) for name, index in found]))
