"""The node's process: one event loop that drives the core, serves HTTP, follows peers and minds the worker.

Order of starting: lock the home, open keys and ledger, listen, tell where (the ready line), go on. Order
of stopping (SIGTERM, SIGINT): take no new requests, end the worker, finish those under way, close the store.
A crash at any point loses nothing that was acknowledged: the store commits a block before anyone is answered.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass

import uvicorn

from consortia.app import application
from consortia.base.codec import Malformed, decode_record, encode_record
from consortia.base.keys import SigningKey
from consortia.base.refusals import Refused
from consortia.kernel.block import Block
from consortia.kernel.ledger import Ledger
from consortia.modules.identity.addresses import is_node_address
from consortia.node.auth import Gate
from consortia.node.blob_rights import BlobRights
from consortia.node.blobs import BlobLimits, Blobs
from consortia.node.collector import settle
from consortia.node.config import Config
from consortia.node.core import Node
from consortia.node.forward import Forwarder, announcement
from consortia.node.home import Home, Running
from consortia.node.http import application as http_application
from consortia.node.http_protocol import PeerProtocol
from consortia.node.index import Index
from consortia.node.invitations import Invitations
from consortia.node.limits import Rates
from consortia.node.memory import FolderMemory
from consortia.node.opening import open_ledger, settings_of
from consortia.node.peers import Peers
from consortia.node.places import PLACES
from consortia.node.service import Counters, LedgerFollowed, Service, key_state
from consortia.node.signatures import Signatures, known
from consortia.node.sync import MESSAGE_BYTES_MAX, SyncReply
from consortia.node.tls import ServerTls, TlsFiles, tls_files
from consortia.node.workers import WorkerProcess
from consortia.sdk.errors import LedgerError
from consortia.sdk.transport import Credentials, Transport

LONG_POLL_SECONDS = 5
RETRY_SECONDS = 0.2
INDEX_SECONDS = 0.05
INDEX_BEHIND_BLOCKS = 1_000
SWITCH_SECONDS = 0.0005
STOP_SECONDS = 5
_LOG = logging.getLogger("consortia.node")


def utc_milliseconds() -> int:
    """The clock: UTC milliseconds."""
    return time.time_ns() // 1_000_000


AHEAD_MIN = 512
"""From so many transactions in one answer on, a process of its own checks their signatures."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that a node's process holds: those it cosigns with, newest last."""

    node: tuple[SigningKey, ...]

    @property
    def newest(self) -> SigningKey:
        """The key that signs requests."""
        return self.node[-1]


class NodeProcess:
    """A node that runs. `ready` is told once where it listens."""

    def __init__(
        self, home: Home, config: Config, keys: Keys, *, now: Callable[[], int] = utc_milliseconds
    ) -> None:
        """Open what the home holds; raises StoreError, HomeError, TlsError."""
        self.home, self.config, self.keys, self._now = home, config, keys, now
        self._wake, self._stopping = asyncio.Event(), asyncio.Event()
        counters = Counters()
        ledger = open_ledger(home, application(), lambda *failure: self._alarm(counters, *failure))
        files = tls_files(home.keys)
        self._signatures = Signatures(workers=1)
        self.node = Node(
            ledger,
            config.member,
            keys.node,
            orderer=config.orderer or config.member,
            memory=FolderMemory(home.witness),
            settings=settings_of(config),
            check=self._signatures.check,
        )
        self.peers = Peers(ledger, config, _credentials(config, keys, files))
        self._forward = Forwarder(self.node, self.peers, now, self.wake)
        self.service = Service(
            config=config,
            home=home,
            node=self.node,
            key=keys.newest,
            rights=BlobRights(ledger, config.member),
            blobs=Blobs(home.blobs, _blob_limits(config)),
            index=Index(home.index_file),
            gate=self._gate(),
            submit=self._forward.submit,
            peers=self.peers,
            now=now,
            wake=self.wake,
            tls=ServerTls(files) if config.tls else None,
            invitations=Invitations(home.path),
            rates=Rates(config.requests_per_second_max),
            counters=counters,
        )
        self._certificates: list[tuple[str, bytes]] = []
        self._flying: set[str] = set()
        self._lost: set[str] = set()
        self._height = ledger.tip.height
        self._tasks: set[asyncio.Task[None]] = set()
        self._worker = WorkerProcess(home, config.trainer) if config.worker else None
        self.url = ""

    @property
    def ledger(self) -> Ledger:
        """The node's ledger."""
        return self.node.ledger

    def _gate(self) -> Gate:
        """Who may ask, by the keys that the newest block knows."""
        config, ledger = self.config, self.node.ledger
        token = self.home.new_token()
        return Gate(
            config.network_id, config.member, token, lambda key: key_state(ledger, key), self.node.awaits
        )

    def wake(self) -> None:
        """Have the core looked after at once."""
        self._wake.set()

    def stop(self) -> None:
        """Ask the process to end cleanly."""
        self._stopping.set()
        self._wake.set()

    async def run(self, ready: Callable[[Running], None]) -> None:
        """Serve until stopped."""
        sys.setswitchinterval(SWITCH_SECONDS)  # what runs in threads here mostly waits
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        server = uvicorn.Server(self._http())
        host, port = self.config.address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sockets = [socket.create_server((host, port), family=family, backlog=1_024)]
        self._trust()
        port = sockets[0].getsockname()[1]
        scheme = "https" if self.config.tls else "http"
        self.url = f"{scheme}://{'[' + host + ']' if ':' in host else host}:{port}"
        running = Running(self.url, self.config.network, self.config.member, os.getpid())
        serving = asyncio.create_task(server._serve(sockets))  # noqa: SLF001 (`serve` would take the signals)
        while not server.started and not serving.done():  # noqa: ASYNC110 (uvicorn has a flag, no event)
            await asyncio.sleep(0.005)
        self.home.announce(running)
        settle()
        ready(running)
        if self._worker is not None:
            self._spawn(self._worker.run(self.url, self._stopping))
        self._spawn(self._index())
        self._spawn(self._announce())
        try:
            await self._drive(serving)
        finally:
            server.should_exit = True
            await self._close(serving)

    def _http(self) -> uvicorn.Config:
        host, port = self.config.address
        tls = self.service.tls
        config = uvicorn.Config(
            http_application(self.service, PLACES),
            host=host,
            port=port,
            http=PeerProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            limit_concurrency=self.config.connections_max,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        config.load()
        if tls is not None:
            config.ssl = tls.context
        return config

    async def _drive(self, serving: asyncio.Task[None]) -> None:
        """Tick the core whenever something is due, ask whom it wants to ask, and tell what came of it."""
        while not self._stopping.is_set() and not serving.done():
            now = self._now()
            self.node.tick(now)
            self._tell()
            hurried = self.node.wake(now) <= now
            for peer in self.node.targets(now):
                self._ask(peer, hurried=hurried)
            delay = max(0, self.node.wake(now) - self._now()) / 1000
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), delay or 0.0005)
            self._wake.clear()

    def _tell(self) -> None:
        """Hand on what the core has to tell."""
        effects = self.node.drain()
        waiting = self.service.waiting
        for alert in effects.alerts:
            _LOG.warning("%s: %s", alert.kind, alert.text)
            self.service.alerts.append(alert)
        for transaction, refusal in effects.refused:
            waiting.refused(transaction, refusal)
        waiting.committed(effects.receipts)
        if effects.receipts or effects.finals or self._height != self.ledger.tip.height:
            self._height = self.ledger.tip.height
            self._trust()
            waiting.tell()

    def _trust(self) -> None:
        if self.service.tls is not None:
            certificates = self.peers.certificates()
            if certificates != self._certificates:
                self._certificates = certificates
                self.service.tls.trust(certificates)

    def _ask(self, peer: str, *, hurried: bool) -> None:
        """Ask a peer, unless a question to it is under way; a hurried one goes beside a waiting one."""
        follows = peer == self.node.orderer and not self.node.orders
        name = f"{peer} now" if follows and hurried else peer
        if name in self._flying:
            return
        transport = self.peers.transport(peer)
        now = self._now()
        if transport is None:
            return
        body = encode_record(self.node.request(peer, now))
        wait = LONG_POLL_SECONDS if follows and not hurried else 0
        self._flying.add(name)
        self._spawn(self._asked(peer, name, transport, (f"/v1/sync?wait={wait}", body)))

    async def _asked(self, peer: str, name: str, transport: Transport, question: tuple[str, bytes]) -> None:
        try:
            answer = await self.peers.run(lambda: transport.post(*question).expect(200))
            reply = decode_record(SyncReply, answer.body, size_max=MESSAGE_BYTES_MAX)
            await self._check_ahead(reply)
            self.node.on_reply(peer, reply, self._now())
            self._reached(peer, None)
        except (LedgerError, Malformed) as error:
            self._reached(peer, str(error))
            await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._flying.discard(name)
            self._wake.set()

    async def _check_ahead(self, reply: SyncReply) -> None:
        """When many blocks come at once, have their signatures checked by a process beside this one."""
        found = [decode_record(Block, vouched.block) for vouched in reply.blocks]
        raws = [raw for block in found for raw in block.transactions]
        if len(raws) >= AHEAD_MIN:
            items = known(self.ledger, raws)
            ahead = self._signatures.ahead(self.ledger.network, items)
            await asyncio.gather(*[asyncio.wrap_future(future) for future in ahead])

    def _reached(self, peer: str, problem: str | None) -> None:
        """Log a peer once when it is lost and once when it is back."""
        if problem is not None and peer not in self._lost:
            _LOG.warning("%s cannot be reached: %s", peer, problem)
            self._lost.add(peer)
        elif problem is None and peer in self._lost:
            _LOG.warning("%s is reached again", peer)
            self._lost.discard(peer)

    async def _index(self) -> None:
        """Let the index follow, block by block, while nobody waits for the ledger or when it is far behind.

        Not in a thread: two threads that both run Python slow each other down far more than they share.
        """
        followed = LedgerFollowed(self.ledger)
        index = self.service.index
        submitted = 0
        while not self._stopping.is_set():
            behind = followed.height - index.height
            busy = submitted != self.service.counters.submitted
            submitted = self.service.counters.submitted
            if behind and (not busy or behind > INDEX_BEHIND_BLOCKS):
                index.follow(followed, 1)
            await asyncio.sleep(INDEX_SECONDS if busy or not behind else 0)

    async def _announce(self) -> None:
        """Register this node's address and certificate where the ledger has others, or none."""
        url = self.config.url or self.url
        if not is_node_address(url):
            _LOG.warning("%s is no address that others can reach: set `url` in consortia.toml", url)
            return
        while not self._stopping.is_set():
            raw = announcement(self.node, self.keys.newest, url, self.service.tls, self._now())
            if raw is not None:
                with suppress(Refused, LedgerError):
                    await self._forward.submit(raw)
                    await self.service.waiting.news(2.0)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 5.0 if raw is None else 0.5)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _LOG.error("a task failed", exc_info=task.exception())

    async def _close(self, serving: asyncio.Task[None]) -> None:
        self._stopping.set()
        self.service.waiting.tell()
        for task in list(self._tasks):
            if self._worker is None or task is not self._worker.task:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(TimeoutError):
            await asyncio.wait_for(serving, STOP_SECONDS + 2)
        self.peers.close()
        self._signatures.close()
        self.service.index.close()
        self.ledger.store.close()

    @staticmethod
    def _alarm(counters: Counters, transaction: bytes, error: BaseException) -> None:
        counters.alarms += 1
        _LOG.critical("transaction %s met an unforeseen failure", transaction.hex(), exc_info=error)


def _blob_limits(config: Config) -> BlobLimits:
    """What the settings allow to be kept."""
    return BlobLimits(
        blob_bytes_max=config.blob_bytes_max,
        total_bytes_max=config.blobs_bytes_max,
        member_bytes_max=config.member_blobs_bytes_max,
        free_bytes_min=config.disk_free_bytes_min,
    )


def _credentials(config: Config, keys: Keys, files: TlsFiles) -> Credentials:
    """What this node shows to others: its node key, and its certificate where it has one."""
    has_tls = files.certificate.exists()
    return Credentials(
        key=keys.newest,
        network=config.network_id,
        certificate=str(files.certificate) if has_tls else "",
        certificate_key=str(files.key) if has_tls else "",
    )
