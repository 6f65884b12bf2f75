"""A client of one node: transactions, receipts, queries, blobs, ledger checkpoints, proofs. Synchronous."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http.client import HTTPResponse
from typing import Any, Self
from urllib.parse import quote, urlencode

import msgspec

from consortia.app import application
from consortia.base.codec import Malformed, R, Record, decode_record, encode_record
from consortia.base.keys import SigningKey
from consortia.engines.commit.chunks import CHUNK_BYTES, ChunkTree, hash_bytes
from consortia.kernel.block import OK, Receipt
from consortia.sdk.builder import Builder, message
from consortia.sdk.errors import LedgerError, TransactionRefused, Unreachable
from consortia.sdk.transport import BYTES, CBOR, Credentials, Response, Transport

RECEIPT_SECONDS_MAX = 60.0
LANE_TRIES = 3
CHUNK_SECONDS_MAX = 60.0
_OUT_OF_STEP = frozenset({"kernel.replayed", "kernel.out_of_order"})


class Away(msgspec.Struct, frozen=True):
    """A member's node that does not answer another: since when (UTC milliseconds), and why not."""

    since: int
    text: str


class Status(msgspec.Struct, frozen=True):
    """Where a node stands: hashes in hex, times in UTC milliseconds."""

    network: str
    member: str
    orderer: str
    ordering: bool
    term: int
    height: int
    time: int
    size: int
    root: str
    final_size: int
    waiting: int
    withheld: str | None
    stopped: str | None
    members: list[str]
    peers: dict[str, str]
    modules: dict[str, int]
    indexed: int
    seconds: int
    clock: int
    alerts: list[dict[str, Any]]
    hindered: str | None = None
    driver: dict[str, Any] = {}
    base: dict[str, int] | None = None
    away: dict[str, Away] = {}


class _Next(msgspec.Struct):
    next: int
    time: int


class _Missing(msgspec.Struct):
    blob: str
    missing: list[int] = []


class Client:
    """One node, as a program sees it; `key` signs transactions and requests.

    Safe to share between threads, but for `submit`: a lane has one user at a time.
    """

    def __init__(
        self,
        url: str,
        *,
        network: bytes | None = None,
        member: str = "",
        key: SigningKey | None = None,
        credentials: Credentials | None = None,
        pins: frozenset[bytes] = frozenset(),
    ) -> None:
        """Connect to the node at `url`; the network is asked for unless given. Raises Unreachable.

        A program that cares which network it talks to gives `network`, as a node could name another. With a
        `key` it gives `member`, whose node that is: requests are signed for that one alone.
        """
        self.app = application()
        self.key = key
        first = credentials or Credentials(key=key, network=network or b"", audience=member)
        self._transport = Transport(url, first, pins=pins)
        if network is None:
            asked = first if first.token else Credentials()
            self._transport.credentials = asked
            network = bytes.fromhex(self.status().network)
            self._transport.credentials = replace(first, network=network)
        self.network = network
        self._builder = None if key is None else Builder(self.app, network, key, self.next_sequence)

    @property
    def url(self) -> str:
        """The node's URL."""
        return self._transport.url

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        """Close at the end of the `with` block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the connections."""
        self.close()

    def status(self) -> Status:
        """Where the node stands."""
        return self._transport.get("/v1/status").expect(200).json(Status)

    def next_sequence(self, key: bytes, lane: int) -> int:
        """The sequence number that a lane's next transaction must have."""
        return self._transport.get(f"/v1/sequences/{key.hex()}/{lane}").expect(200).json(_Next).next

    def submit(self, *records: Record, lane: int = 0, expires: int | None = None) -> Receipt:
        """Sign these messages as one transaction, hand it in, and wait for its receipt.

        Raises TransactionRefused, with the code, when the ledger refuses it; Unreachable when no receipt came
        in time: the transaction may still be executed, and handing it in again does no harm.
        """
        if self._builder is None:
            raise LedgerError("this client holds no key to sign with")
        left = LANE_TRIES
        while True:
            raw, transaction = self._builder.sign(*records, lane=lane, expires=expires)
            try:
                return self.hand_in(raw, transaction)
            except TransactionRefused as error:
                left -= 1
                if error.height is None:
                    self._builder.resync(lane)
                if error.code not in _OUT_OF_STEP or not left:
                    raise

    def call(self, method: str, /, **arguments: Any) -> Receipt:  # noqa: ANN401 (fields of any message)
        """`submit` the message of a method by name: `client.call("assets.withdraw", asset=which)`."""
        return self.submit(message(self.app, method, arguments))

    def hand_in(self, raw: bytes, transaction: bytes) -> Receipt:
        """Hand in signed bytes and wait for the receipt; raises as `submit`."""
        answer = self._transport.request(
            "POST", "/v1/transactions?wait=receipt", raw, {"Content-Type": CBOR, "Accept": CBOR}
        ).expect(200, 202)
        if answer.status == 202:
            return self.receipt(transaction, RECEIPT_SECONDS_MAX)
        return self._accepted(decode_record(Receipt, answer.body))

    def receipt(self, transaction: bytes, seconds: float = 0.0) -> Receipt:
        """The receipt of a transaction, waited for up to `seconds`; raises as `submit`."""
        deadline = time.monotonic() + seconds
        while True:
            left = max(0.0, deadline - time.monotonic())
            path = f"/v1/transactions/{transaction.hex()}?wait={int(min(left, 20.0))}"
            answer = self._transport.request("GET", path, headers={"Accept": CBOR})
            if answer.status == 200:
                return self._accepted(decode_record(Receipt, answer.body))
            if answer.status != 404 or time.monotonic() >= deadline:
                raise Unreachable(f"no receipt of transaction {transaction.hex()} within {seconds} s")

    @staticmethod
    def _accepted(receipt: Receipt) -> Receipt:
        if receipt.code != OK:
            raise TransactionRefused(
                receipt.code, transaction=receipt.transaction.hex(), height=receipt.height
            )
        return receipt

    def query(self, name: str, arguments: Record, kind: type[R]) -> R:
        """Ask a module: `module.query`, its arguments, the record that it answers with."""
        module, _, query = name.partition(".")
        answer = self._transport.request(
            "POST",
            f"/v1/query/{module}/{query}",
            encode_record(arguments),
            {"Content-Type": CBOR, "Accept": CBOR},
        ).expect(200)
        return decode_record(kind, answer.body)

    def ask(self, name: str, /, **arguments: Any) -> Any:  # noqa: ANN401 (whatever the query answers with)
        """Ask a module by name: `client.ask("identity.member", name="x")` gives the query's record."""
        found = self.app.query(name)
        if found is None:
            raise Malformed(f"no query {name}")
        query = found[1]
        filled = {field: arguments.pop(field, None) for field in query.arguments.__struct_fields__}
        if arguments:
            raise Malformed(f"no argument {', '.join(sorted(arguments))} of {name}")
        return self.query(name, query.arguments(**filled), query.result)

    def get(self, path: str, /, **parameters: object) -> Any:  # noqa: ANN401 (plain JSON)
        """A place of the API as plain JSON values."""
        return self.fetch(path, parameters).json(dict)

    def fetch(self, path: str, parameters: Mapping[str, object] | None = None) -> Response:
        """A place of the API as it answers; raises what a problem stands for."""
        given = {name: str(value) for name, value in (parameters or {}).items() if value is not None}
        return self._transport.get(path + (f"?{urlencode(given)}" if given else "")).expect(200)

    def record(self, path: str, kind: type[R]) -> R:
        """A place of the API as a record; raises what a problem stands for."""
        return decode_record(
            kind, self._transport.request("GET", path, headers={"Accept": CBOR}).expect(200).body
        )

    def put_blob(self, data: bytes) -> bytes:
        """Keep bytes at the node and give their id; a large blob goes chunk by chunk, and resumes."""
        tree = hash_bytes(data)
        if len(data) <= CHUNK_BYTES:
            self._transport.post("/v1/blobs", data, BYTES, timeout=CHUNK_SECONDS_MAX).expect(201)
            return tree.id
        base = f"/v1/blobs/{tree.id.hex()}"
        answer = self._transport.request("PUT", f"{base}/tree", tree.encode()).expect(200).json(_Missing)
        for index in answer.missing:
            piece = data[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES]
            path = f"{base}/chunks/{index}"
            self._transport.request("PUT", path, piece, timeout=CHUNK_SECONDS_MAX).expect(200)
        return tree.id

    def adopt_blob(self, name: str) -> bytes:
        """Have the node keep a file that a program of its home wrote beside its blobs; gives the id."""
        answer = self._transport.post("/v1/blobs/adopt", name.encode("ascii"), BYTES).expect(201)
        return bytes.fromhex(answer.json(_Kept).blob)

    def blob(self, blob: bytes, purpose: str = "") -> bytes:
        """A blob's bytes, every chunk checked against its id; raises WrongChunk, RequestFailed."""
        base, wanted = f"/v1/blobs/{blob.hex()}", f"?purpose={quote(purpose)}" if purpose else ""
        tree = ChunkTree.decode(self._transport.get(f"{base}/tree{wanted}").expect(200).body, blob)
        parts = []
        for index in range(len(tree.chunks)):
            path = f"{base}/chunks/{index}{wanted}"
            part = self._transport.get(path, timeout=CHUNK_SECONDS_MAX).expect(200).body
            tree.verify(index, part)
            parts.append(part)
        return b"".join(parts)

    def post(self, path: str, body: bytes, *, timeout: float | None = None) -> bytes:
        """Post CBOR to a place of the API and give what it answers."""
        return self._transport.post(path, body, timeout=timeout).expect(200, 201, 202).body

    def checkpoint(self) -> bytes:
        """The newest final ledger checkpoint, a signed note."""
        return self.fetch("/v1/checkpoint").body

    def proof(self, transaction: bytes, since: int | None = None) -> bytes:
        """A proof file of a transaction's receipt; raises RequestFailed while it is not final."""
        return self.fetch(f"/v1/proofs/transactions/{transaction.hex()}", {"since": since}).body

    def proof_of_state(self, key: bytes, since: int | None = None) -> bytes:
        """A proof file of what stands at a state key, or that nothing does."""
        return self.fetch("/v1/proofs/state", {"key": key.hex(), "since": since}).body

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)

    def wait_final(self, height: int, seconds: float = 30.0) -> None:
        """Wait until a final ledger checkpoint covers the block at a height; raises Unreachable."""
        deadline = time.monotonic() + seconds
        while self.final_height(covering=height, seconds=1.0) < height:
            if time.monotonic() > deadline:
                raise Unreachable(f"block {height} did not become final within {seconds} s")

    def final_height(self, *, covering: int = 0, seconds: float = 0.0) -> int:
        """The height of the newest block that a final checkpoint covers, -1 before the first.

        The answer waits until that is the block at height `covering` or a later one, for up to `seconds`, 10
        at most.
        """
        wait = f"?covering={covering}&wait={int(seconds * 1000)}" if seconds else ""
        answer = self._transport.get("/v1/final" + wait)
        return int(answer.expect(200).json(_Final).height) if answer.status == 200 else -1

    def blocks(self, after: int, name: str = "") -> Iterator[dict[str, Any]]:
        """Blocks after a height as they come, each a header and its receipts in JSON form.

        The stream goes on until the caller stops; after a break it resumes where it ended.
        """
        while True:
            path = f"/v1/stream?after={after}" + (f"&name={quote(name)}" if name else "")
            try:
                with self._transport.stream(path, timeout=45.0) as answer:
                    for data in _events(answer):
                        after = int(data["header"]["height"])
                        yield data
            except Unreachable:
                time.sleep(0.5)


class _Kept(msgspec.Struct):
    blob: str


class _Final(msgspec.Struct):
    height: int


def _events(answer: HTTPResponse) -> Iterator[dict[str, Any]]:
    """The data of each server-sent event."""
    while line := answer.readline():
        if line.startswith(b"data: "):
            yield msgspec.json.decode(line[6:])
