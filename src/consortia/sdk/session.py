"""A session: one key at one node, speaking the protocol's own records.

Everything above it (the Python door, the command line, demos) goes through here: sign and submit messages,
ask typed queries, fetch blobs, checkpoints and proofs.
"""

import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from consortia.app import application
from consortia.base.codec import Record, decode_record, encode_record
from consortia.base.keys import SigningKey
from consortia.kernel.block import OK, Receipt
from consortia.sdk.builder import Builder
from consortia.sdk.errors import LedgerError, RequestFailed, TransactionRefused, Unreachable
from consortia.sdk.transport import CBOR, Credentials, Transport

T = TypeVar("T", bound=Record)
WAIT_SECONDS = 30.0
_PAUSE_SECONDS = 0.02


class Session:
    """One key's dealings with one node. Not for use from two threads at once."""

    def __init__(self, transport: Transport, network: bytes, key: SigningKey | None = None) -> None:
        """Speak through `transport`; without a `key` only questions can be asked."""
        self.transport, self.network, self.key = transport, network, key
        self.app = application()
        self._builder = None if key is None else Builder(self.app, network, key, self._next_sequence)

    @classmethod
    def at(
        cls, url: str, network: bytes, key: SigningKey, *, pins: frozenset[bytes] = frozenset()
    ) -> "Session":
        """A session of `key` with the node at `url`."""
        return cls(Transport(url, Credentials(key=key, network=network), pins=pins), network, key)

    def submit(self, *messages: Record, lane: int = 0) -> Receipt:
        """Sign the messages as one transaction and wait for its durable receipt.

        Raises TransactionRefused with the stable code when it was refused, before a block or in one.
        """
        if self._builder is None:
            raise LedgerError("this session has no key to sign with")
        raw, name = self._builder.sign(*messages, lane=lane)
        try:
            answer = self.transport.request(
                "POST", "/v1/transactions?wait=receipt", raw, {"Content-Type": CBOR, "Accept": CBOR}
            ).expect(200, 202)
        except LedgerError:
            self._builder.resync(lane)
            raise
        if answer.status == 202:
            return self.receipt(name)
        return _accepted(decode_record(Receipt, answer.body))

    def receipt(self, transaction: bytes, seconds: float = WAIT_SECONDS) -> Receipt:
        """Wait for a transaction's receipt; raises TransactionRefused for a refused one."""
        path = f"/v1/transactions/{transaction.hex()}?wait={int(seconds)}"
        answer = self.transport.request("GET", path, headers={"Accept": CBOR}, timeout=seconds + 5).expect(
            200
        )
        return _accepted(decode_record(Receipt, answer.body))

    def query(self, kind: type[T], name: str, arguments: Record) -> T:
        """Ask `module.query` and read the answer as a record of `kind`."""
        module, _, query = name.partition(".")
        answer = self.transport.request(
            "POST",
            f"/v1/query/{module}/{query}",
            encode_record(arguments),
            {"Content-Type": CBOR, "Accept": CBOR},
        )
        return decode_record(kind, answer.expect(200).body)

    def status(self) -> dict[str, Any]:
        """Where the node stands."""
        found: dict[str, Any] = self.transport.get("/v1/status").expect(200).json(dict)
        return found

    def checkpoint(self, size: int | None = None) -> bytes | None:
        """The newest final checkpoint note, or the one kept of a size; None when there is none."""
        path = "/v1/checkpoint" if size is None else f"/v1/checkpoint?size={size}"
        answer = self.transport.get(path)
        return None if answer.status == 404 else answer.expect(200).body

    def put_blob(self, data: bytes) -> bytes:
        """Keep a small blob at the node and give its id."""
        answer = self.transport.post("/v1/blobs", data, "application/octet-stream").expect(200, 201)
        return bytes.fromhex(answer.json(dict)["id"])

    def get_blob(self, blob: bytes) -> bytes:
        """A blob's bytes; the caller may check them against the id."""
        return self.transport.get(f"/v1/blobs/{blob.hex()}").expect(200).body

    def prove_receipt(self, transaction: bytes) -> bytes:
        """A proof file of a transaction's receipt."""
        return self.transport.get(f"/v1/proofs/transactions/{transaction.hex()}").expect(200).body

    def prove_state(self, key: bytes) -> bytes:
        """A proof file of what stands at a state key."""
        return self.transport.get(f"/v1/proofs/state?key={quote(key.hex())}").expect(200).body

    def wait_final(self, seconds: float = WAIT_SECONDS) -> int:
        """Wait until all that the node has now is final; gives the final log size. Raises Unreachable."""
        size = self.status()["size"]
        self.wait_until(lambda: self.status()["final_size"] >= size, "a final checkpoint", seconds)
        return int(size)

    def wait_until(self, holds: Callable[[], bool], what: str, seconds: float = WAIT_SECONDS) -> None:
        """Ask until `holds`; raises Unreachable, naming `what`, after so many seconds."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise Unreachable(f"{self.transport.url}: no {what} within {seconds:.0f} s")
            time.sleep(_PAUSE_SECONDS)

    def _next_sequence(self, key: bytes, lane: int) -> int:
        answer = self.transport.get(f"/v1/sequences/{key.hex()}/{lane}").expect(200)
        return int(answer.json(dict)["next"])


def _accepted(receipt: Receipt) -> Receipt:
    if receipt.code != OK:
        name = receipt.transaction.hex()
        raise TransactionRefused(receipt.code, transaction=name, height=receipt.height)
    return receipt


__all__ = ["RequestFailed", "Session", "TransactionRefused"]
