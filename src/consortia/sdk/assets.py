"""Assets for programs: data sets from frames, files or rows; what is registered, and its rights."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from consortia.engines.train.files import DataError, RawTable, read_file
from consortia.engines.train.identifiers import advice
from consortia.kernel.block import Receipt
from consortia.modules.assets.messages import Register, Withdraw
from consortia.modules.assets.queries import AssetPage, ById, ListAssets, MaybeAsset
from consortia.modules.assets.queries import ByName as ByOwner
from consortia.modules.assets.types import Asset, Permission, Right, Rights
from consortia.sdk.access import Access
from consortia.sdk.errors import IdentifierWarning, LedgerError
from consortia.sdk.lineage import lineage
from consortia.sdk.notebook import Drawing, shown
from consortia.sdk.paging import PAGE, pages
from consortia.sdk.views import Table
from consortia.workers.rows import apart, by_subject, table_of
from consortia.workers.vault import Vault

Rows = Any
"""A pandas data frame, the path of a CSV file with a header, or a sequence of mappings."""


class Assets:
    """What members share, and on which terms."""

    def __init__(self, access: Access, member: str, vault: Vault | None) -> None:
        self._access, self._member, self._vault = access, member, vault

    def register_dataset(
        self,
        data: Rows,
        *,
        name: str,
        title: str = "",
        process: Sequence[str] = (),
        download: Sequence[str] = (),
        purposes: Sequence[str] = ("*",),
        subject: str | None = None,
        known: bool = False,
    ) -> Asset:
        """Put rows into the vault, and register their salted commitment.

        `process` and `download` name the members who may compute on them or have them ("*": everyone), for
        `purposes`. `subject` is the column that says whom a row is about; it stays private. Of `known`
        subjects, which are no secret, one version says one thing. The member itself may always compute.
        Warns (IdentifierWarning) of columns that look like identifiers, as the command line does.
        Raises DataError, VaultError, TransactionRefused.
        """
        if self._vault is None:
            raise LedgerError("a data set goes to a home's vault: open the ledger by its home's folder")
        raw = raw_of(data, name)
        warn_of_identifiers(raw, subject, "name it as the subject, or leave it out")
        made = self._vault.add_dataset(name, rows_of(raw, subject), known=known)
        rights = Rights(
            process=permissions({self._member, *process}, purposes), download=permissions(download, purposes)
        )
        self._access.submit(
            Register(
                name=name,
                kind="dataset",
                title=title or name,
                form="set",
                commitment=made.root,
                count=made.count,
                subjects=made.subjects,
                schema=None,
                parents=(),
                rights=rights,
            )
        )
        return self.get(name)

    def register_batch(self, root: bytes, count: int, *, name: str, title: str = "") -> Receipt:
        """Register a record batch that is kept elsewhere, by its salted root and how many records it has."""
        batch = Register(name, "batch", title or name, "batch", root, count, None, None, (), None)
        return self._access.submit(batch)

    def get(self, which: str | bytes) -> Asset:
        """An asset: NAME (own), MEMBER/NAME, or its id; raises LedgerError when there is none."""
        if isinstance(which, bytes):
            found = self._access.query("assets.asset", ById(which), MaybeAsset).asset
        else:
            owner, slash, name = which.partition("/")
            asked = ByOwner(owner, name) if slash else ByOwner(self._member, which)
            found = self._access.query("assets.by_name", asked, MaybeAsset).asset
        if found is None:
            raise LedgerError(f"there is no asset {which if isinstance(which, str) else which.hex()}")
        return found

    def list(self, owner: str | None = None) -> list[Asset]:
        """All assets, or those of one owner."""
        query = self._access.query
        found = pages(query, "assets.assets", lambda at: ListAssets(owner, None, at, PAGE), AssetPage)
        return [asset for page in found for asset in page.assets]

    def lineage(self, which: str | bytes) -> Drawing:
        """What an asset was made from and what was made from it; the graph is its `view`."""
        return Drawing(lineage(self._access, self.get(which)))

    def _repr_html_(self) -> str:
        headings = ("owner", "name", "kind", "title", "version")
        rows = tuple((one.owner, one.name, one.kind, one.title, one.version) for one in self.list())
        return shown(Table("Assets", headings, rows))

    def withdraw(self, which: str | bytes) -> Asset:
        """Close an own asset to every new use, for good."""
        found = self.get(which)
        self._access.submit(Withdraw(found.id))
        return self.get(found.id)


def permissions(grantees: Iterable[str], purposes: Iterable[str]) -> Right:
    """A right of these grantees for these purposes, in the law's order."""
    wanted = tuple(sorted(set(purposes)))
    return tuple(Permission(grantee, wanted) for grantee in sorted(set(grantees)))


def raw_of(data: Rows, name: str) -> RawTable:
    """Rows as a table of text, a file's under its own name; raises DataError."""
    if isinstance(data, str | Path):
        return read_file(Path(data).expanduser())
    if hasattr(data, "columns"):
        data = data.to_dict(orient="records")
    found = list(data) if isinstance(data, Iterable) else [data]
    if not all(isinstance(row, Mapping) for row in found):
        raise DataError(f"{name}: rows are a data frame, the path of a CSV file, or mappings.")
    return table_of(name, [{str(column): _text(value) for column, value in row.items()} for row in found])


def rows_of(raw: RawTable, subject: str | None) -> dict[bytes, list[bytes]]:
    """Encoded rows by subject, whose column is left out; without `subject` each row is its own subject."""
    return by_subject(raw) if subject is None else by_subject(*apart(raw, subject))


def warn_of_identifiers(raw: RawTable, leave: str | None, remedy: str) -> None:
    """Warn whoever called the caller of columns that look like identifiers, but for the one to `leave`."""
    for text in advice(raw, () if leave is None else (leave,), remedy):
        warnings.warn(text, IdentifierWarning, stacklevel=3)


def _text(value: object) -> str:
    """A cell as a CSV file would have it; what is missing is empty."""
    if value is None or value != value:  # noqa: PLR0124 (only what is not a number differs from itself)
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1 << 53 else repr(float(value))
    return str(value).strip()
