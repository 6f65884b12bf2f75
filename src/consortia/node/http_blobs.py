"""Blobs over HTTP: whole or by range, their chunk hashes, single chunks; and blobs coming in.

A blob is served to the home's own programs, to those of its member, and to whom the ledger's rights allow.
"""

import asyncio
import re
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from consortia.base.codec import Malformed
from consortia.base.hashing import DIGEST_BYTES
from consortia.engines.commit.chunks import CHUNK_BYTES, ChunkTree, WrongChunk, chunk_count
from consortia.node.auth import Caller
from consortia.node.blob_rights import ROUND_BLOB_BYTES_MAX
from consortia.node.exchange import NotFetched, fetch
from consortia.node.http import Asked, Place
from consortia.node.http_answers import CBOR, HttpProblem, hex_digest, plain, whole_number
from consortia.node.service import Service
from consortia.sdk.transport import BYTES

TREE_BYTES_MAX = 9 << 20
_OTHERS_TREE_BYTES_MAX = 64 + DIGEST_BYTES * chunk_count(ROUND_BLOB_BYTES_MAX)
_RANGE = re.compile(r"bytes=([0-9]{0,16})-([0-9]{0,16})\Z")


async def read(asked: Asked) -> Response:
    """A blob's bytes; with a Range header a part of them (RFC 9110, section 14)."""
    blob = await _here(asked)
    blobs = asked.service.blobs
    size = blobs.size(blob)
    mark = f'"{blob.hex()}"'
    wanted = asked.request.headers.get("range", "")
    if asked.request.headers.get("if-range", mark) != mark:
        wanted = ""  # the caller has a part of something else: it gets the whole (RFC 9110, section 13.1.5)
    start, end, status = _range(wanted, size)
    headers = {"ETag": mark, "Accept-Ranges": "bytes", "Content-Length": str(end - start)}
    if status == 206:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    asked.service.counters.blobs_served += 1
    asked.service.counters.blob_bytes_served += end - start
    if end - start <= CHUNK_BYTES:
        data = await asyncio.to_thread(lambda: b"".join(blobs.slice(blob, start, end)))
        return Response(data, status, headers, BYTES)
    return StreamingResponse(_pieces(asked.service, blob, start, end), status, headers, BYTES)


async def _pieces(service: Service, blob: bytes, start: int, end: int) -> AsyncIterator[bytes]:
    pieces = service.blobs.slice(blob, start, end)
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece


async def tree(asked: Asked) -> Response:
    """A blob's size and chunk hashes: what its id is the root of."""
    blob = await _here(asked)
    found = asked.service.blobs.tree(blob)
    return Response(found.encode(), 200, {"ETag": f'"{blob.hex()}-tree"'}, CBOR)


async def chunk(asked: Asked) -> Response:
    """One chunk of 4 MiB; the last is what is left."""
    blob = await _here(asked)
    index = whole_number(asked.path("index"), "a chunk's index")
    try:
        data = await asyncio.to_thread(asked.service.blobs.chunk, blob, index)
    except IndexError as error:
        raise HttpProblem(404, str(error)) from None
    asked.service.counters.blobs_served += 1
    asked.service.counters.blob_bytes_served += len(data)
    return Response(data, 200, {"ETag": f'"{blob.hex()}-{index}"'}, BYTES)


async def put(asked: Asked) -> Response:
    """Keep a blob of at most one chunk, from this member's own programs or left by another member."""
    by = _leaves(asked, len(asked.body))
    blob = await asyncio.to_thread(asked.service.blobs.put, asked.body, by)
    return plain({"blob": blob}, 201)


async def adopt(asked: Asked) -> Response:
    """Keep a file that an own program wrote beside the blobs, named in the body; gives its id."""
    if not asked.own:
        raise HttpProblem(403, "only this member's own programs have files adopted")
    name = asked.body.decode("ascii", "replace")
    return plain({"blob": await asyncio.to_thread(asked.service.blobs.adopt, name)}, 201)


async def offer(asked: Asked) -> Response:
    """Begin the arrival of a blob: its size and chunk hashes. Answers with the chunks still missing.

    Own programs may offer any blob; another member one of at most the limit that a round's blob has.
    """
    blob = hex_digest(asked.path("id"), "a blob's id")
    if not asked.own and len(asked.body) > _OTHERS_TREE_BYTES_MAX:
        raise HttpProblem(413, f"a round's blob has at most {ROUND_BLOB_BYTES_MAX} bytes")
    try:
        found = await asyncio.to_thread(ChunkTree.decode, asked.body, blob)
    except (Malformed, WrongChunk, ValueError) as error:
        raise HttpProblem(400, str(error)) from None
    by = _leaves(asked, found.size)
    if _known_to_be_here(asked, blob):
        return plain({"blob": blob, "missing": []})
    arrival = asked.service.blobs.receive(found, by)
    if not found.chunks:
        arrival.finish()
    return plain({"blob": blob, "missing": arrival.missing() if found.chunks else []})


async def put_chunk(asked: Asked) -> Response:
    """One chunk of an offered blob, checked as it arrives; the last puts the blob in its place."""
    blob = hex_digest(asked.path("id"), "a blob's id")
    index = whole_number(asked.path("index"), "a chunk's index")
    blobs = asked.service.blobs
    if _known_to_be_here(asked, blob):
        return plain({"blob": blob, "missing": []})
    found = blobs.begun(blob)
    if found is None:
        raise HttpProblem(409, "offer the blob's chunk hashes first")
    by = _leaves(asked, found.size)

    def keep() -> list[int]:
        arrival = blobs.receive(found, by)
        arrival.put(index, asked.body)
        missing = arrival.missing()
        if not missing:
            arrival.finish()
        return missing

    try:
        missing = await asyncio.to_thread(keep)
    except (WrongChunk, IndexError) as error:
        asked.service.counters.blobs_refused += 1
        raise HttpProblem(422, f"{who(asked.caller)} sent a blob that does not match: {error}") from None
    return plain({"blob": blob, "missing": missing})


def who(caller: Caller) -> str:
    """How a caller is named."""
    return caller.member or "the caller"


def _leaves(asked: Asked, size: int) -> str:
    """The other member that leaves `size` bytes here, empty for own programs; raises HttpProblem."""
    if asked.own:
        return ""
    if asked.caller.member not in {member.name for member in asked.service.ledger.members().members}:
        raise HttpProblem(403, "only members leave blobs here")
    if size > ROUND_BLOB_BYTES_MAX:
        raise HttpProblem(413, f"a round's blob has at most {ROUND_BLOB_BYTES_MAX} bytes")
    return asked.caller.member


def _known_to_be_here(asked: Asked, blob: bytes) -> bool:
    """Whether a blob is here, and the caller may know: an own program, who left the blob, or may read it.

    To anybody else it arrives as if it were not here.
    """
    blobs, member = asked.service.blobs, asked.caller.member
    if not blobs.has(blob):
        return False
    left = blobs.allowances.left(member, blob) and blobs.begun(blob) is None
    return asked.own or left or asked.service.rights.may_read(member, blob)


async def _here(asked: Asked) -> bytes:
    """The id of a blob that the caller may read; one that own programs want is fetched from a peer."""
    blob, service = _readable(asked), asked.service
    if asked.own and not service.blobs.has(blob):
        sources = service.peers.sources(member.name for member in service.ledger.members().members)
        try:
            bad = await service.peers.run(lambda: fetch(service.blobs, blob, sources))
        except NotFetched as error:
            service.counters.blobs_refused += len(error.bad)
            raise HttpProblem(404, str(error), peers=error.bad) from None
        service.counters.blobs_refused += len(bad)
    return blob


def _readable(asked: Asked) -> bytes:
    """The id of a blob that the caller may read; any other looks like one that is not here.

    `?purpose=` says what an asset's bytes are wanted for.
    """
    blob = hex_digest(asked.path("id"), "a blob's id")
    purpose = asked.argument("purpose", "*")
    if not asked.own and not asked.service.rights.may_read(asked.caller.member, blob, purpose):
        raise HttpProblem(404, f"no blob {blob.hex()} for {who(asked.caller)}")
    return blob


def _range(header: str, size: int) -> tuple[int, int, int]:
    """Start, end and status of the one range asked for; raises HttpProblem."""
    if not header:
        return 0, size, 200
    match = _RANGE.match(header)
    if match is None or not (match[1] or match[2]):
        return 0, size, 200  # a range in another unit or form is passed over (RFC 9110, section 14.2)
    if not match[1]:
        start, end = max(0, size - int(match[2])), size
    else:
        start, end = int(match[1]), min(size, int(match[2]) + 1 if match[2] else size)
    if start >= end:
        raise HttpProblem(416, f"the blob has {size} bytes")
    return start, end, 206


PLACES = (
    Place("GET", "/v1/blobs/{id}", read, "A blob, or a range of it."),
    Place("GET", "/v1/blobs/{id}/tree", tree, "A blob's chunk hashes."),
    Place("GET", "/v1/blobs/{id}/chunks/{index}", chunk, "One chunk of a blob."),
    Place("POST", "/v1/blobs", put, "Keep a small blob.", body_bytes_max=CHUNK_BYTES),
    Place("POST", "/v1/blobs/adopt", adopt, "Adopt a file that lies beside the blobs.", body_bytes_max=64),
    Place("PUT", "/v1/blobs/{id}/tree", offer, "Offer a blob.", body_bytes_max=TREE_BYTES_MAX),
    Place("PUT", "/v1/blobs/{id}/chunks/{index}", put_chunk, "One chunk.", body_bytes_max=CHUNK_BYTES),
)
