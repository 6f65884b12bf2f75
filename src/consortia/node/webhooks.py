"""Alerts of the member's guard, handed to a URL of its own as they become final: the public fact, no more.

Each is a POST of one CloudEvent (JSON, structured mode, CloudEvents 1.0) with the headers of Standard
Webhooks: `webhook-id` (the alert's), `webhook-timestamp` (seconds), and `webhook-signature`: `v1,` and the
base64 of the HMAC-SHA256 of `id.timestamp.body` under the secret in `private/webhook-secret`. Whoever answers
2xx has it. Any other answer, or none, is tried again, ever later and ten times at most; then it is logged and
passed over.
Nothing waits for it: neither the guard nor the ledger, and what is written is written in a thread of its own,
so that the node's loop never waits for a disk. After a restart it goes on where it was, so that a
receiver may get an alert twice, under the same id.
"""

import asyncio
import base64
import hmac
import json
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from consortia.kernel.block import Block, Header, Receipt
from consortia.sdk.errors import LedgerError
from consortia.sdk.transport import Transport
from consortia.workers import files

TRIES_MAX = 10
PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
"""Seconds before a message is tried again; the last one for all further tries."""

TIMEOUT_SECONDS = 5.0
NEWS_SECONDS = 5.0
PLACE_BLOCKS = 256
"""Its place is written down after every alert, and else once in so many blocks: no disk turns for each."""

RAISED = "guard.alert_raised"
PREFIX = "whsec_"
_LOG = logging.getLogger("consortia.webhooks")


class FinalBlocks(Protocol):
    """The ledger, as far as it is final."""

    @property
    def network(self) -> bytes:
        """The network id."""
        ...

    @property
    def final(self) -> int:
        """The height of the newest final block, -1 before the first."""
        ...

    def indexed(self, height: int) -> tuple[Block, Header, tuple[Receipt, ...]] | None:
        """A block with its header and receipts, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: an id, and a body in JSON."""

    id: str
    body: bytes


Send = Callable[[Message], bool]
"""Sends a message and says whether it was taken."""


def secret_at(private: Path) -> bytes:
    """The secret under which messages are signed, drawn when it is first asked for (32 bytes)."""
    path = private / "webhook-secret"
    if not path.exists():
        text = PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
        files.write(path, text.encode() + b"\n")
    return base64.b64decode(path.read_text(encoding="ascii").strip().removeprefix(PREFIX))


def signature(secret: bytes, message: Message, timestamp: int) -> str:
    """The header `webhook-signature` of a message."""
    signed = f"{message.id}.{timestamp}.".encode() + message.body
    return "v1," + base64.b64encode(hmac.new(secret, signed, sha256).digest()).decode()


def sender(url: str, secret: bytes, clock: Callable[[], float] = time.time) -> Send:
    """What posts messages to a URL; redirects are not followed."""
    parts = urlsplit(url)
    transport = Transport(f"{parts.scheme}://{parts.netloc}", timeout=TIMEOUT_SECONDS)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def send(message: Message) -> bool:
        now = int(clock())
        headers = {
            "Content-Type": "application/cloudevents+json",
            "webhook-id": message.id,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(secret, message, now),
        }
        try:
            answer = transport.request("POST", path, message.body, headers)
        except LedgerError as error:
            _LOG.info("the webhook was not reached: %s", error)
            return False
        return 200 <= answer.status < 300

    return send


class Webhooks:
    """Follows the final blocks, and hands the member's alerts out in their order."""

    def __init__(self, ledger: FinalBlocks, member: str, place: Path, send: Send) -> None:
        """`place` is the file of the block and the alert in it that was handed out last."""
        self._ledger, self._member, self._place, self._send = ledger, member, place, send

    async def run(
        self,
        stopping: asyncio.Event,
        news: Callable[[float], Awaitable[object]],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Hand out what is final until `stopping`; `news(seconds)` waits for more, or so long."""
        height, done = await asyncio.to_thread(self._start)
        while not stopping.is_set():
            while height < self._ledger.final and not stopping.is_set():
                await asyncio.sleep(0)  # blocks of which nothing is told are read all the same
                messages = self.messages(height + 1)
                for number, message in enumerate(messages):
                    if number >= done:
                        await self._deliver(message, stopping, sleep)
                        if stopping.is_set():
                            return
                        done = number + 1
                        await self._save(height, done)
                height, done = height + 1, 0
                if messages or height % PLACE_BLOCKS == 0:
                    await self._save(height, done)
            await news(NEWS_SECONDS)

    def messages(self, height: int) -> list[Message]:
        """The alerts of the member in a block, as they are public."""
        found = self._ledger.indexed(height)
        if found is None:
            return []
        _, header, receipts = found
        bodies = [event.body for one in receipts for event in one.events if event.name == RAISED]
        return [self._message(body, header) for body in bodies if body["member"] == self._member]

    def _message(self, body: dict[str, object], header: Header) -> Message:
        alert = body["alert"]
        name = alert.hex() if isinstance(alert, bytes) else str(alert)
        public = {field: body[field] for field in ("member", "kind", "code", "exact")}
        event = {
            "specversion": "1.0",
            "id": name,
            "source": f"consortia/{self._ledger.network.hex()}/{self._member}",
            "type": RAISED,
            "time": datetime.fromtimestamp(header.time / 1000, UTC).isoformat(),
            "datacontenttype": "application/json",
            "data": {"alert": name, "height": header.height} | public,
        }
        return Message(name, json.dumps(event, sort_keys=True, separators=(",", ":")).encode())

    async def _deliver(
        self, message: Message, stopping: asyncio.Event, sleep: Callable[[float], Awaitable[object]]
    ) -> None:
        for number in range(TRIES_MAX):
            if await asyncio.to_thread(self._send, message) or stopping.is_set():
                return
            if number + 1 < TRIES_MAX:
                await sleep(PAUSES[min(number, len(PAUSES) - 1)])
        _LOG.warning("alert %s was handed out to nobody: %s tries failed", message.id[:16], TRIES_MAX)

    def _start(self) -> tuple[int, int]:
        """Where it left off; at first, at the newest block: what is past is known."""
        try:
            height, done = (int(part) for part in self._place.read_text(encoding="ascii").split())
        except (FileNotFoundError, ValueError):
            height, done = self._ledger.final, 0
            self._write(height, done)
        return min(height, self._ledger.final), done

    async def _save(self, height: int, done: int) -> None:
        await asyncio.to_thread(self._write, height, done)

    def _write(self, height: int, done: int) -> None:
        files.write(self._place, f"{height} {done}\n".encode())
