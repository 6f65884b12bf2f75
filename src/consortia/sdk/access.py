"""The way to a ledger, as the nouns of the front door see it."""

from typing import Protocol

from consortia.base.codec import R, Record
from consortia.kernel.block import Receipt


class Way(Protocol):
    """The way to a ledger for nouns that only ask and sign."""

    def query(self, name: str, arguments: Record, kind: type[R]) -> R:
        """Ask a module: `module.query`."""

    def submit(self, *records: Record) -> Receipt:
        """Sign these messages as one transaction and wait for the receipt; raises TransactionRefused."""


class Access(Way, Protocol):
    """The whole way to a ledger: `sdk.client.Client` over HTTP, or a network simulated in one process."""

    network: bytes

    def put_blob(self, data: bytes) -> bytes:
        """Keep bytes and give their id."""

    def blob(self, blob: bytes, purpose: str = "") -> bytes:
        """A blob's bytes, checked against its id."""

    def proof(self, transaction: bytes) -> bytes:
        """A proof file of a transaction's receipt; raises LedgerError while it is not final."""

    def pause(self, seconds: float) -> None:
        """Let time pass."""

    def close(self) -> None:
        """Release the connection."""
