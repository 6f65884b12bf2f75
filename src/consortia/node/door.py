"""The worker's door over HTTP: the member's own node, as its worker sees it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from consortia.base.codec import Malformed, R, Record, decode_record, encode_record
from consortia.engines.commit.chunks import WrongChunk, blob_id
from consortia.kernel.block import OK
from consortia.modules.training.messages import Availability
from consortia.node.blobs import BlobError, left_blob, read_blob
from consortia.node.rounds import AskAvailability, Gathered
from consortia.sdk.client import Client
from consortia.sdk.errors import LedgerError, TransactionRefused
from consortia.sdk.moments import utc_milliseconds
from consortia.workers.door import DoorClosed

GATHER_SECONDS = 90.0


class HttpDoor:
    """A worker's door through a client that holds the worker's key."""

    def __init__(
        self,
        client: Client,
        member: str,
        blobs: Path | None = None,
    ) -> None:
        """`blobs` is the folder of the node's blobs, for a worker on the same machine.

        What is there it reads and checks itself, and bothers the node with the rest.
        """
        self._client, self._member, self._blobs = client, member, blobs
        self._height: int | None = None
        self._put: tuple[bytes, bytes] | None = None

    @property
    def member(self) -> str:
        """The member whose worker this is."""
        return self._member

    def query(self, name: str, arguments: Record, kind: type[R]) -> R:
        """The answer to `module.query`."""
        with _closing():
            return self._client.query(name, arguments, kind)

    def submit(self, *messages: Record) -> str:
        """Sign and hand in; the receipt's code, or that for which it was not admitted."""
        with _closing():
            try:
                self._client.submit(*messages)
            except TransactionRefused as refused:
                return refused.code
            return OK

    def put_blob(self, data: bytes) -> bytes:
        """Keep bytes at the node: as a file that it adopts, where its folder is known."""
        with _closing():
            if self._blobs is None:
                return self._client.put_blob(data)
            try:
                with left_blob(self._blobs, data) as name:
                    kept = self._client.adopt_blob(name)
            except OSError as error:
                raise DoorClosed(f"nothing can be written beside the node's blobs: {error}") from error
        if kept != blob_id(data):
            raise DoorClosed(f"the bytes of blob {kept.hex()[:16]} changed on the way to the node")
        self._put = kept, data
        return kept

    def get_blob(self, blob: bytes) -> bytes:
        """A blob's bytes, checked; the node fetches from its peers what it lacks. The last put is at hand."""
        if self._put is not None and self._put[0] == blob:
            return self._put[1]
        if self._blobs is not None:
            with suppress(BlobError, OSError):  # the node says what is wrong with it
                return read_blob(self._blobs, blob)
        with _closing():
            return self._client.blob(blob)

    def collect_availability(
        self,
        study: bytes,
        round: bytes,  # noqa: A002 (the word of the law)
        blob: bytes,
        size: int,
    ) -> tuple[Availability, ...]:
        """Signatures of the nodes that hold the update and have checked it."""
        ask = AskAvailability(study, round, self._member, blob, size)
        with _closing():
            body = self._client.post("/v1/availability/gather", encode_record(ask), timeout=GATHER_SECONDS)
            return decode_record(Gathered, body).signatures

    def final_height(self) -> int:
        """The height of the newest block that a final checkpoint was known to cover when this last asked.

        It is asked for when nothing is known yet, and in `wait`. More may be final by now: who acts only on
        what is final acts a little later then, and never too early.
        """
        if self._height is None:
            with _closing():
                self._height = self._client.final_height()
        return self._height

    def now(self) -> int:
        """The time in UTC milliseconds."""
        return utc_milliseconds()

    def wait(self, seconds: float) -> None:
        """Return when more is final than before, or after `seconds`."""
        known = -1 if self._height is None else self._height
        self._height = None  # a node that lost its final checkpoints is asked anew
        with _closing():
            self._height = self._client.final_height(covering=known + 1, seconds=seconds)


@contextmanager
def _closing() -> Iterator[None]:
    """Say of every failure to get an answer from the node that the door is closed."""
    try:
        yield
    except (LedgerError, WrongChunk, Malformed) as error:
        raise DoorClosed(str(error)) from error
