"""CometBFT's JSON-RPC over its unix socket: handing in a bundle, and asking where it stands."""

import asyncio
import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from consortia.base.codec import decode
from consortia.drivers.cometbft.pool import FULL

SECONDS_MAX = 10.0
ANSWER_BYTES_MAX = 8 << 20
_NOT_NOW = ("while node is catching up", "mempool is full", "considered as full")
_HEAD = b"POST / HTTP/1.1\r\nHost: cometbft\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class RpcError(RuntimeError):
    """CometBFT could not be asked, or answered with an error; the text says which."""


class NotNow(RpcError):
    """CometBFT is starting, ended while it was asked, fetches older blocks first, or has a full pool."""


LIGHT = frozenset({"commit", "validators", "consensus_params"})
"""What a light client asks: signed headers, who signed them, and the rules of blocks."""


class _Question(msgspec.Struct):
    method: str
    id: int | str = 0
    params: dict[str, str | int | bool | None] = {}


class _BlockId(msgspec.Struct):
    hash: str


class _Commit(msgspec.Struct):
    block_id: _BlockId


class _SignedHeader(msgspec.Struct):
    commit: _Commit


class _Committed(msgspec.Struct):
    signed_header: _SignedHeader


class _Error(msgspec.Struct):
    message: str = ""
    data: str = ""


class _Answer(msgspec.Struct):
    result: msgspec.Raw = msgspec.Raw(b"")
    error: _Error | None = None


class Handed(msgspec.Struct):
    """What the application's check of a bundle said: 0 or not, its words, and its data in hex."""

    code: int = 0
    log: str = ""
    data: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        """For each transaction of the bundle "ok", or the code of its refusal; empty where none were told."""
        found = decode(bytes.fromhex(self.data)) if self.data else []
        return tuple(code for code in found if isinstance(code, str)) if isinstance(found, list) else ()


class Sync(msgspec.Struct):
    """How far CometBFT's blocks are; `catching_up` while it fetches older ones from its peers."""

    latest_block_height: str = "0"
    earliest_block_height: str = "0"
    catching_up: bool = True


class Engine(msgspec.Struct):
    """Where CometBFT stands."""

    sync_info: Sync


class _Node(msgspec.Struct):
    moniker: str = ""


class _Peer(msgspec.Struct):
    node_info: _Node


class _Peers(msgspec.Struct):
    peers: tuple[_Peer, ...] = ()


class Rpc:
    """A client of one CometBFT. Its connections are kept and used again; for one event loop."""

    def __init__(self, path: Path) -> None:
        """Ask at the unix socket `path`; nothing is opened yet."""
        self._path = str(path)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def hand_in(self, bundle: bytes) -> Handed:
        """Hand a bundle to CometBFT, which checks and spreads it; raises RpcError, NotNow for want of room.

        A bundle that it has already is as good as handed in.
        """
        try:
            answer = await self._ask("broadcast_tx_sync", {"tx": base64.b64encode(bundle).decode("ascii")})
        except RpcError as error:
            if "tx already exists in cache" in str(error):
                return Handed()
            raise
        handed = msgspec.json.decode(answer, type=Handed)
        if handed.code and FULL in handed.codes:
            raise NotNow(f"CometBFT: {handed.log}")
        return handed

    async def engine(self) -> Engine:
        """Where CometBFT stands; raises RpcError."""
        return msgspec.json.decode(await self._ask("status", {}), type=Engine)

    async def peers(self) -> tuple[str, ...]:
        """The peers that CometBFT is connected to, by what they call themselves; raises RpcError."""
        found = msgspec.json.decode(await self._ask("net_info", {}), type=_Peers)
        return tuple(one.node_info.moniker for one in found.peers)

    async def block_hash(self, height: int) -> str:
        """The hash (hex) of the block at a height; raises RpcError."""
        found = msgspec.json.decode(await self._ask("commit", {"height": str(height)}), type=_Committed)
        return found.signed_header.commit.block_id.hash

    async def relay(self, question: bytes) -> bytes:
        """CometBFT's answer to a light client's question; raises RpcError for any other question.

        The question is written anew: CometBFT reads names in capitals too, so the sender's bytes could ask
        for something else than what was looked at here.
        """
        try:
            asked = msgspec.json.decode(question, type=_Question)
            if asked.method not in LIGHT:
                raise RpcError(f"none but {', '.join(sorted(LIGHT))} is passed on")
            async with asyncio.timeout(SECONDS_MAX):
                return await self._exchange(_request(asked.id, asked.method, asked.params))
        except (ValueError, TimeoutError, msgspec.MsgspecError, OSError, EOFError) as error:
            raise RpcError(f"CometBFT does not answer: {type(error).__name__} {error}".rstrip()) from error

    def close(self) -> None:
        """Close all connections."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()

    async def _ask(self, method: str, parameters: dict[str, Any]) -> bytes:
        try:
            async with asyncio.timeout(SECONDS_MAX):
                data = await self._exchange(_request(0, method, parameters))
            answer = msgspec.json.decode(data, type=_Answer)
        except (ValueError, TimeoutError, msgspec.MsgspecError) as error:
            raise RpcError(f"CometBFT does not answer: {type(error).__name__} {error}".rstrip()) from error
        except (OSError, EOFError) as error:
            raise NotNow(f"CometBFT does not run: {type(error).__name__} {error}".rstrip()) from error
        if answer.error is not None or not bytes(answer.result):
            told = answer.error or _Error("an empty answer")
            kind = NotNow if any(text in told.data for text in _NOT_NOW) else RpcError
            raise kind(f"CometBFT: {told.message} {told.data}".rstrip())
        return bytes(answer.result)

    async def _exchange(self, body: bytes) -> bytes:
        """One request; a kept connection that CometBFT has closed meanwhile is replaced once."""
        request = _HEAD % len(body) + body
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                try:
                    return await self._over(reader, writer, request)
                except (EOFError, ConnectionError):
                    continue
        reader, writer = await asyncio.open_unix_connection(self._path, limit=ANSWER_BYTES_MAX)
        return await self._over(reader, writer, request)

    async def _over(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
    ) -> bytes:
        try:
            writer.write(request)
            await writer.drain()
            fields = _fields(await reader.readuntil(b"\r\n\r\n"))
            data = await _body(reader, fields)
        except BaseException:
            writer.close()
            raise
        if fields.get("connection", "").lower() == "close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        return data


def _request(name: int | str, method: str, parameters: Mapping[str, Any]) -> bytes:
    """A call of JSON-RPC."""
    return msgspec.json.encode({"jsonrpc": "2.0", "id": name, "method": method, "params": parameters})


def _fields(head: bytes) -> dict[str, str]:
    """The header fields of an HTTP/1.1 answer, by name in lower case."""
    fields = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        fields[name.strip().lower()] = value.strip()
    return fields


async def _body(reader: asyncio.StreamReader, fields: dict[str, str]) -> bytes:
    """The body of an HTTP/1.1 answer, of a given length or in chunks (RFC 9112); raises ValueError."""
    if "content-length" in fields:
        return await reader.readexactly(_allowed(int(fields["content-length"])))
    if fields.get("transfer-encoding", "").lower() != "chunked":
        raise ValueError("an answer without a length")
    data = bytearray()
    while True:
        size = int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16)
        _allowed(len(data) + size)
        chunk = await reader.readexactly(size + 2)
        if not size:
            return bytes(data)
        data += chunk[:-2]


def _allowed(length: int) -> int:
    if not 0 <= length <= ANSWER_BYTES_MAX:
        raise ValueError(f"an answer of {length} bytes")
    return length
