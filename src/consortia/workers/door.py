"""What a worker asks of the world, in its own words: the member's node, and the member's own data.

A worker holds no connection and no key of its own in here, so that the same worker runs beside a real node
over HTTP, in a simulation in one process, and in tests.
"""

from typing import Protocol

from consortia.base.codec import R, Record
from consortia.engines.train.schema import Schema
from consortia.engines.train.table import Table
from consortia.modules.training.messages import Availability


class DoorClosed(Exception):
    """The node does not answer, or cannot do this now. The worker tries again later."""


class Door(Protocol):
    """The member's own node, as its worker sees it. Every method may raise DoorClosed."""

    @property
    def member(self) -> str:
        """The member whose worker this is."""

    def query(self, name: str, arguments: Record, kind: type[R]) -> R:
        """The answer to `module.query`, over the newest block that the node has."""

    def submit(self, *messages: Record) -> str:
        """Sign these messages as one transaction with the worker's key and wait for its receipt.

        Gives its code, "ok" or a refusal's.

        A transaction that is not admitted answers with the code for which it was not.
        """

    def put_blob(self, data: bytes) -> bytes:
        """Keep bytes at the node and give their blob id."""

    def get_blob(self, blob: bytes) -> bytes:
        """A blob's bytes, checked against its id, from the node or a peer of it."""

    def collect_availability(
        self,
        study: bytes,
        round_id: bytes,
        blob: bytes,
        size: int,
    ) -> tuple[Availability, ...]:
        """Signatures of nodes that hold the member's update and have checked it, sorted by member.

        The node asks the nodes of all members of the round; those that could not are left out.
        """

    def final_height(self) -> int:
        """The height of the newest block that a final ledger checkpoint covers; -1 before the first."""

    def now(self) -> int:
        """The time, UTC milliseconds, as the next block would have it."""

    def wait(self, seconds: float) -> None:
        """Return when the ledger has moved, or after `seconds` at the latest."""


class Data(Protocol):
    """The member's own records, which never leave it."""

    def table(self, dataset: bytes, version: int, schema: Schema) -> Table:
        """The records of a version of a data set (its asset id) under a study's schema; raises DataError."""

    def mismatches(self, dataset: bytes, version: int, schema: Schema) -> list[str]:
        """Every way in which they differ from the schema, one line each; empty when they fit."""
