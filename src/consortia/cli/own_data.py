"""Rows of one's own, from a data set or a file, for commands that learn from them."""

from dataclasses import dataclass
from pathlib import Path

from consortia.cli.lookup import find_asset
from consortia.cli.output import Failure, note
from consortia.cli.session import Session
from consortia.engines.train.files import RawTable, read_file
from consortia.engines.train.identifiers import advice
from consortia.engines.train.schema import Schema
from consortia.engines.train.table import Table, make_table, mismatches
from consortia.workers.rows import whole_table
from consortia.workers.vault import Vault


def own_rows(session: Session, name: str, version: int) -> RawTable:
    """The rows of an own data set, as a table of text; raises VaultError, DataError."""
    return whole_table(name, Vault(session.home.private).rows(name, version))


@dataclass(frozen=True, slots=True)
class OwnData:
    """Rows of one's own: of a data set of this asset id and version, or of a file that is none."""

    rows: RawTable
    name: str
    asset: bytes | None
    version: int


def own_data(session: Session, data: str) -> OwnData:
    """The rows of a file FILE.csv, else of an own data set; raises Failure, VaultError, DataError."""
    if Path(data).suffix.lower() == ".csv":
        return OwnData(read_file(Path(data)), data, None, 0)
    one, version = find_asset(session, data)
    return OwnData(own_rows(session, one.name, version.number), one.name, one.id, version.number)


def tell_identifiers(raw: RawTable, leave: str | None, remedy: str) -> None:
    """Advise to take columns out that look like identifiers; `leave` is none, or is taken care of."""
    for text in advice(raw, () if leave is None else (leave,), remedy):
        note(text)


def own_table(own: OwnData, schema: Schema) -> Table:
    """Own rows under a study's schema; raises Failure, naming every way in which they differ."""
    faults = mismatches(schema, own.rows)
    if faults:
        for fault in faults:
            note(f"  {fault}")
        raise Failure(f"{own.name} does not fit the study's schema in {len(faults)} ways", "other data")
    return make_table(own.rows, schema)
