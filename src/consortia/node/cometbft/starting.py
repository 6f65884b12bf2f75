"""How the node of a member that joined comes to the newest block: from a snapshot, or block by block.

Before CometBFT first starts over a ledger that holds the genesis alone, the node asks its *guide*, the member
that invited it and whose certificate the invitation pins, what its engine offers. With a snapshot CometBFT
restores that (state sync): the guide's word for the hash of one block is what its light client trusts, all
else follows from the validators' signatures. Without one it fetches all blocks, and says so.

The light client's questions go to a socket of this node, which passes them on to the guide's node over the
members' own connections: no member opens CometBFT's RPC to anybody.
"""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from consortia.kernel.ledger import Ledger
from consortia.node.cometbft.files import Files, Start, Trust
from consortia.sdk.errors import LedgerError

ASK_SECONDS = 15.0
"""So long the guide is asked again while it does not answer; then all blocks are fetched."""

PAUSE_SECONDS = 0.5
STALL_SECONDS = 60.0
"""A restoration that takes in nothing for so long is given up."""

UNDER_WAY = "restoring"
"""The file that is there from the beginning of a restoration until the first block after it."""

QUESTION_BYTES_MAX = 64 << 10
_VOTED = "priv_validator_state.json"

_LOG = logging.getLogger("consortia.node")

Ask = Callable[[str, str, bytes | None], Awaitable[bytes]]
"""Asks a member's node at a path (POST with a body, GET without); raises LedgerError."""


class Block(msgspec.Struct, frozen=True):
    """A block of CometBFT's, by height and hash (hex)."""

    height: int
    hash: str


class Began(msgspec.Struct, frozen=True):
    """CometBFT's chain: its name, the size of the log where it began, and the block time there."""

    id: str
    start: int
    time: int


class Told(msgspec.Struct, frozen=True):
    """What a member's node says of its engine: the chain, if it began, and the snapshots that it offers."""

    name: str
    chain: Began | None = None
    snapshots: tuple[Block, ...] = ()


class _Status(msgspec.Struct, frozen=True):
    network: str
    driver: Told


@dataclass(frozen=True, slots=True)
class Way:
    """How one life of CometBFT begins: with which chain, and what its light client trusts to restore."""

    chain: Start
    trust: Trust
    size: int


class Starting:
    """What a node does before CometBFT starts over its ledger. `text` says what it waits for, or chose."""

    def __init__(self, files: Files, ledger: Ledger, guide: str, ask: Ask, light: Path) -> None:
        """CometBFT's light client is to ask at the socket `light`."""
        self.files, self.ledger, self.guide, self.light = files, ledger, guide, light
        self.text = ""
        self._ask = ask
        self._given_up = False
        self._taken: tuple[object, float] = (None, 0.0)

    @property
    def _mark(self) -> Path:
        return self.files.folder / UNDER_WAY

    async def way(self, start: int, known: Callable[[], bool]) -> Way | None:
        """How to begin, where the ledger stands at `start`; None to fetch blocks.

        `known` tells whether anybody knows where the guide's node is.
        """
        self.forget()
        if self._given_up or self.ledger.tip.height or self._has_blocks() or not known():
            return None
        told = await self._offer(start)
        if told is None:
            return None
        if told.chain is None or not told.snapshots:
            self._say(f"{self.guide} offers no snapshot: all blocks are fetched, one by one")
            return None
        oldest = told.snapshots[0]
        self._taken = (None, asyncio.get_running_loop().time())
        self._mark.touch()
        self._say(f"restores a snapshot of the ledger, by a block that {self.guide} vouches for")
        chain = Start(told.chain.id, told.chain.time)
        return Way(chain, Trust(oldest.height, oldest.hash, str(self.light)), told.chain.start)

    def forget(self) -> bool:
        """Let go of what a life left that ended before CometBFT took note of its restoration, if one did.

        True where the ledger begins anew: whatever was read of it was of another.
        """
        restored = self._mark.exists() and self.ledger.base is not None
        if self._mark.exists():
            self._begin_anew()
        return restored

    def settled(self) -> None:
        """CometBFT has decided a block after the restored one: both have it."""
        self._mark.unlink(missing_ok=True)

    def stalls(self, taken: object, now: float) -> bool:
        """Whether a restoration has taken in nothing more than this for long; `now` in seconds."""
        if taken != self._taken[0]:
            self._taken = (taken, now)
        return now - self._taken[1] > STALL_SECONDS

    def give_up(self) -> None:
        """Restore nothing in this run of the node: fetch all blocks."""
        self._given_up = True
        self._mark.unlink(missing_ok=True)
        self._say("no snapshot could be restored: all blocks are fetched, one by one")

    async def answer(self, question: bytes) -> bytes:
        """The guide's answer to a question of CometBFT's light client; raises LedgerError."""
        return await self._ask(self.guide, "/v1/engine", question)

    async def _offer(self, start: int) -> Told | None:
        """What the guide offers. Who cannot fetch the blocks from this start on waits for a snapshot."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ASK_SECONDS
        while True:
            try:
                answer = await self._ask(self.guide, "/v1/status", None)
                told = msgspec.json.decode(answer, type=_Status).driver
            except (LedgerError, ValueError) as error:
                if loop.time() > deadline:
                    self._say(f"{self.guide} does not say what it offers ({error}): all blocks are fetched")
                    return None
            else:
                moved = told.chain is not None and told.chain.start != start
                if told.snapshots or not moved:
                    return told
                self._say(f"waits for a snapshot of {self.guide}: the log is older than CometBFT's chain")
            await asyncio.sleep(PAUSE_SECONDS)

    def _say(self, text: str) -> None:
        """Say something in `status`, and once in the log."""
        if text != self.text:
            self.text = text
            _LOG.warning("%s", text)

    def _has_blocks(self) -> bool:
        return (self.files.folder / "data" / "blockstore.db").exists()

    def _begin_anew(self) -> None:
        """Forget what a broken restoration left in either place; what was voted is kept."""
        for path in (self.files.folder / "data").iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != _VOTED:
                path.unlink()
        if self.ledger.base is not None:
            store, app, genesis = self.ledger.store, self.ledger.app, self.ledger.genesis
            store.clear()
            Ledger.create(store, app, genesis)
            self.ledger.reload()
        self._mark.unlink()


class Light:
    """A unix socket on which CometBFT's light client asks (JSON-RPC over HTTP/1.1)."""

    def __init__(self, path: Path, answer: Callable[[bytes], Awaitable[bytes]]) -> None:
        self._path, self._answer = path, answer
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=QUESTION_BYTES_MAX)

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                _, _, length = head.partition("content-length:")
                size = int(length.partition("\r\n")[0] or 0)
                if size > QUESTION_BYTES_MAX:
                    return
                answer = await self._answer(await reader.readexactly(size))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n" % len(answer) + answer)
                await writer.drain()
        except (EOFError, OSError, ValueError, LedgerError):
            return  # CometBFT asks again, and gives the connection up
        finally:
            writer.close()
