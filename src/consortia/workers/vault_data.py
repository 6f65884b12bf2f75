"""A member's data sets in its vault, as the tables that recipes compute on."""

from collections.abc import Callable

from consortia.engines.train.files import DataError, RawTable
from consortia.engines.train.schema import Schema
from consortia.engines.train.table import Table, make_table, mismatches
from consortia.workers.rows import whole_table
from consortia.workers.vault import Vault, VaultError


class VaultData:
    """The data sets of a vault, by the asset ids under which the ledger knows them."""

    def __init__(self, vault: Vault, committed: Callable[[bytes, int], tuple[str, bytes] | None]) -> None:
        """Read from `vault`; `committed` gives a data set's name and the commitment of a version, or None."""
        self._vault = vault
        self._committed = committed

    def table(self, dataset: bytes, version: int, schema: Schema) -> Table:
        """The records under a schema; raises DataError, also when they are not what the ledger commits to."""
        return make_table(self._raw(dataset, version), schema)

    def mismatches(self, dataset: bytes, version: int, schema: Schema) -> list[str]:
        """Every way in which the records differ from the schema, one line each; empty when they fit."""
        try:
            return mismatches(schema, self._raw(dataset, version))
        except DataError as error:
            return [str(error)]

    def _raw(self, dataset: bytes, version: int) -> RawTable:
        known = self._committed(dataset, version)
        if known is None:
            raise DataError(f"the ledger has no version {version} of a data set {dataset.hex()[:16]}.")
        name, commitment = known
        try:
            own, rows = self._vault.version(name, version)
        except VaultError as error:
            raise DataError(f"{name}: {error}") from None
        if own.root != commitment:
            raise DataError(f"{name}: the records here are not those of version {version} on the ledger.")
        return whole_table(name, rows)
