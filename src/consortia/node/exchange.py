"""Blobs between nodes: fetched or pushed chunk by chunk, each checked as it arrives, resumed after a break.

What is known to be no longer than a chunk is fetched in one piece.

These functions block; a node runs them in threads.
"""

import msgspec

from consortia.base.codec import Malformed
from consortia.engines.commit.chunks import CHUNK_BYTES, ChunkTree, WrongChunk
from consortia.node.blobs import Arrival, Blobs, TooLarge
from consortia.sdk.errors import LedgerError
from consortia.sdk.transport import BYTES, Transport

CHUNK_SECONDS_MAX = 60.0
Source = tuple[str, Transport]
"""A member's name and how its node is reached."""


class BadBlob(LedgerError):
    """A peer sent what does not match the blob's hash; `peer` is its name."""

    def __init__(self, peer: str, text: str) -> None:
        super().__init__(f"{peer} sent a blob that does not match its hash: {text}")
        self.peer = peer


class NotFetched(LedgerError):
    """No peer could give the blob; `bad` names the peers whose bytes did not match."""

    def __init__(self, blob: bytes, reasons: list[str], bad: list[str]) -> None:
        super().__init__(f"blob {blob.hex()}: {'; '.join(reasons) or 'nobody to ask'}")
        self.bad = bad


def fetch(
    blobs: Blobs,
    blob: bytes,
    sources: list[Source],
    *,
    size_max: int | None = None,
    by: str = "",
    anew: bool = False,
) -> list[str]:
    """Get a blob from the first sources that have it; gives the names of peers whose bytes did not match.

    After a break the next source goes on where the last one ended. It is charged to the member `by`, if it is
    got for one. With `anew` it is got though it is here, from whom it has to be shown. Raises NotFetched,
    TooLarge, AllowanceSpent.
    """
    reasons: list[str] = []
    bad: list[str] = []
    for peer, transport in sources:
        if blobs.has(blob) and not anew:
            return bad
        try:
            if size_max is not None and size_max <= CHUNK_BYTES:
                blobs.keep(blob, _whole_from(blob, (peer, transport), size_max), by)
            else:
                tree = _tree_from(blobs, blob, peer, transport)
                _check_size(peer, tree.size, size_max)
                _chunks_from(blobs.receive(tree, by), peer, transport)
            if anew:
                return bad
        except WrongChunk as error:
            bad.append(peer)
            reasons.append(str(BadBlob(peer, str(error))))
        except BadBlob as error:
            bad.append(peer)
            reasons.append(str(error))
        except LedgerError as error:
            reasons.append(f"{peer}: {error}")
    if anew or not blobs.has(blob):
        raise NotFetched(blob, reasons, bad)
    return bad


def _whole_from(blob: bytes, source: Source, size_max: int) -> bytes:
    peer, transport = source
    data = transport.get(f"/v1/blobs/{blob.hex()}", timeout=CHUNK_SECONDS_MAX).expect(200).body
    _check_size(peer, len(data), size_max)
    return data


def _check_size(peer: str, size: int, size_max: int | None) -> None:
    if size_max is not None and size > size_max:
        raise TooLarge(f"{peer} offers {size} bytes, at most {size_max} are wanted")


def _tree_from(blobs: Blobs, blob: bytes, peer: str, transport: Transport) -> ChunkTree:
    tree = blobs.begun(blob)
    if tree is not None:
        return tree
    body = transport.get(f"/v1/blobs/{blob.hex()}/tree").expect(200).body
    try:
        return ChunkTree.decode(body, blob)
    except (Malformed, WrongChunk, ValueError) as error:
        raise BadBlob(peer, str(error)) from None


def _chunks_from(arrival: Arrival, peer: str, transport: Transport) -> None:
    for index in arrival.missing():
        path = f"/v1/blobs/{arrival.tree.id.hex()}/chunks/{index}"
        chunk = transport.get(path, timeout=CHUNK_SECONDS_MAX).expect(200).body
        try:
            arrival.put(index, chunk)
        except WrongChunk as error:
            raise BadBlob(peer, str(error)) from None
    arrival.finish()


def push(blobs: Blobs, blob: bytes, transport: Transport) -> None:
    """Leave a blob at another node, which may have a part of it already; raises LedgerError."""
    if blobs.size(blob) <= CHUNK_BYTES:
        transport.post("/v1/blobs", blobs.read(blob), BYTES, timeout=CHUNK_SECONDS_MAX).expect(201)
        return
    tree = blobs.tree(blob)
    base = f"/v1/blobs/{blob.hex()}"
    answer = transport.request("PUT", f"{base}/tree", tree.encode()).expect(200)
    for index in answer.json(_Missing).missing:
        chunk = blobs.chunk(blob, index)
        transport.request("PUT", f"{base}/chunks/{index}", chunk, timeout=CHUNK_SECONDS_MAX).expect(200)


class _Missing(msgspec.Struct):
    """What a node answers to an offer."""

    missing: list[int]
