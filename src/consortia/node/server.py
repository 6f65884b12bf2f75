# Long because one object starts, drives and stops all that a node's process runs
"""The node's process: one event loop that drives the core, serves HTTP, follows peers and minds the worker.

Order of starting: lock the home, open keys and ledger, listen, tell where (the ready line), go on. Order
of stopping (SIGTERM, SIGINT): take no new requests, end the worker, finish those under way, close the store.
A crash at any point loses nothing that was acknowledged: the store commits a block before anyone is answered.
"""

import asyncio
import errno
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import uvicorn

from consortia.app import application
from consortia.base.codec import Malformed, decode_record, encode_record
from consortia.base.keys import SigningKey, verify
from consortia.base.refusals import Refused
from consortia.kernel.ledger import Ledger
from consortia.kernel.upgrades import Outdated
from consortia.modules.identity.addresses import is_node_address
from consortia.node import descriptors, indexing
from consortia.node.auth import Gate
from consortia.node.blob_rights import BlobRights
from consortia.node.blobs import Blobs
from consortia.node.clockwatch import ClockWatch
from consortia.node.collector import settle
from consortia.node.config import Config, ConfigError
from consortia.node.core import Node
from consortia.node.embedded import EmbeddedNode
from consortia.node.forward import Forwarder, announcement
from consortia.node.heads import Unsound
from consortia.node.hindrance import PAUSE_SECONDS, Hindrance
from consortia.node.home import Home, Running
from consortia.node.http import application as http_application
from consortia.node.http_answers import HttpProblem
from consortia.node.http_protocol import settings
from consortia.node.index import Index
from consortia.node.invitations import Invitations
from consortia.node.limits import Rates
from consortia.node.memory import FolderMemory
from consortia.node.opening import blob_limits, damaged, open_ledger, settings_of
from consortia.node.peers import Peers, credentials_of
from consortia.node.places import PLACES
from consortia.node.reach import look_round
from consortia.node.refusals import HINDERED
from consortia.node.service import Counters, FinalFollowed, KeyStates, Service
from consortia.node.signatures import Signatures, check_ahead
from consortia.node.sync import MESSAGE_BYTES_MAX, SyncReply
from consortia.node.tls import ServerTls, tls_files
from consortia.node.tokens import Tokens
from consortia.node.webhooks import Webhooks, secret_at, sender
from consortia.node.workers import WorkerProcess
from consortia.sdk.errors import LedgerError, Unreachable
from consortia.sdk.moments import utc_milliseconds
from consortia.sdk.transport import JSON, Transport
from consortia.store.errors import NoRoom, StoreError

if TYPE_CHECKING:
    from consortia.node.cometbft.engine import Engine

LONG_POLL_SECONDS = 5
RETRY_SECONDS = 0.2
ANSWER_SECONDS = 0.001
"""So long takes an answer to whoever waits: what would hold it up, as a durable write, is done after it."""

STOP_SECONDS = 5
KEEP_SECONDS = 75
"""So long an idle connection is kept open."""

_LOG = logging.getLogger("consortia.node")


Make = type[EmbeddedNode]


def _listening(host: str, port: int, family: socket.AddressFamily) -> socket.socket:
    """A socket that listens; raises ConfigError, which says what may be in the way."""
    try:
        return socket.create_server((host, port), family=family, backlog=1_024)
    except OSError as error:
        why = "another program has it in use" if error.errno == errno.EADDRINUSE else str(error.strerror)
        raise ConfigError(
            f"the node cannot listen at {host}:{port}: {why}. `listen` in consortia.toml, or consortia up "
            f"--listen HOST:PORT, names another place; ss -ltnp 'sport = :{port}' names the program"
        ) from None


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that a node's process holds: those it cosigns with, newest last.

    `consensus` gives those with which its CometBFT may vote, newest last, also such as came since the start.
    """

    node: tuple[SigningKey, ...]
    consensus: Callable[[], Sequence[SigningKey]] = tuple

    @property
    def newest(self) -> SigningKey:
        """The key that signs requests."""
        return self.node[-1]

    def by_ledger(self, named: Callable[[bytes], object]) -> "Keys":
        """The same; node keys whose ids are not `named`, as of a rotation not executed, come first."""
        node = sorted(self.node, key=lambda key: named(key.key_id) is not None)
        return replace(self, node=tuple(node))


class NodeProcess:
    """A node that runs. `ready` is told once where it listens."""

    def __init__(self, home: Home, config: Config, keys: Keys, *, make: Make = EmbeddedNode) -> None:
        """Open what the home holds; raises StoreError, HomeError, TlsError. `make` makes the core."""
        self.home, self.config, self._make = home, config, make
        self._clock = ClockWatch(utc_milliseconds, lambda: time.monotonic_ns() // 1_000_000)
        self._wake, self._stopping = asyncio.Event(), asyncio.Event()
        counters = Counters()
        ledger = open_ledger(home, application(), lambda *failure: self._alarm(counters, *failure))
        self._check_rules(ledger, utc_milliseconds())
        self.keys = keys = keys.by_ledger(KeyStates(ledger))
        files = tls_files(home.keys)
        self._signatures = Signatures(workers=1)
        self._memory = FolderMemory(home.witness)
        self.peers = Peers(ledger, config, credentials_of(config, keys.newest, files), self._memory)
        self.node = self._core(ledger)
        hindrance = Hindrance(home.ledger, home.witness)
        self._forward = Forwarder(self.node, self.peers, hindrance, self._now, self.wake)
        self._engine = self._with_engine(ledger, hindrance) if config.driver == "cometbft" else None
        blobs = Blobs(home.blobs, blob_limits(config))
        self.service = Service(
            config=config,
            home=home,
            node=self.node,
            key=keys.newest,
            rights=BlobRights(ledger, config.member, blobs.allowances.left),
            blobs=blobs,
            index=Index(home.index_file),
            gate=self._gate(),
            hindrance=hindrance,
            submit=self._forward.submit if self._engine is None else self._engine.submit,
            peers=self.peers,
            now=self._now,
            wake=self.wake,
            tls=ServerTls(files) if config.tls else None,
            invitations=Invitations(home.path),
            driver=self._driver_facts,
            relay=None if self._engine is None else self._engine.relay,
            rates=Rates(config.requests_per_second_max),
            counters=counters,
        )
        self._certificates: list[tuple[str, bytes]] = []
        self._flying: set[str] = set()
        self._told = (0, ledger.tip.height)
        self._tasks: set[asyncio.Task[None]] = set()
        self._lasting: set[asyncio.Task[None]] = set()
        self._worker = WorkerProcess(home, config.trainer) if config.worker else None
        self._failure: StoreError | None = None
        self.url = ""

    @staticmethod
    def _check_rules(ledger: Ledger, now: int) -> None:
        """Raise Outdated where the members' rules of this hour are not in this software, and let go."""
        try:
            ledger.check_versions(max(now, ledger.tip.time))
        except Outdated:
            ledger.store.close()
            raise

    @property
    def ledger(self) -> Ledger:
        """The node's ledger."""
        return self.node.ledger

    def _core(self, ledger: Ledger) -> Node:
        """The node's core, as it starts from what is durable; raises NoRoom."""
        config = self.config
        if config.driver == "cometbft":
            from consortia.node.cometbft.core import EngineNode  # noqa: PLC0415 (protobuf is an extra)

            return EngineNode(
                ledger,
                config.member,
                self.keys.node,
                memory=self._memory,
                settings=settings_of(config),
                check=self._signatures.check,
            )
        return self._make(
            ledger,
            config.member,
            self.keys.node,
            orderer=config.orderer or config.member,
            memory=self._memory,
            settings=settings_of(config),
            check=self._signatures.check,
            elders=self.peers.elders,
        )

    def _with_engine(self, ledger: Ledger, hindrance: Hindrance) -> "Engine":
        """CometBFT beside this node; raises CometBftError."""
        from consortia.node.cometbft.condition import Means  # noqa: PLC0415 (protobuf is an extra)
        from consortia.node.cometbft.core import EngineNode  # noqa: PLC0415
        from consortia.node.cometbft.engine import Engine  # noqa: PLC0415

        def core() -> EngineNode:
            if not isinstance(self.node, EngineNode):
                raise TypeError("the core is not one for CometBFT")
            return self.node

        means = Means(
            core,
            now=self._now,
            wake=self.wake,
            renew=self._renew,
            ask=self._ask_member,
            reach=lambda member: self.peers.transport(member) is not None,
            consensus=self.keys.consensus,
            check=verify,
            hindrance=hindrance,
        )
        return Engine(self.home, self.config, ledger, means, os.environ)

    def _renew(self) -> None:
        """Read anew what was read of a ledger in whose place another was restored; raises NoRoom."""
        service = self.service
        self.node = service.node = self._forward.node = self._core(self.ledger)
        service.rights = BlobRights(self.ledger, self.config.member, service.blobs.allowances.left)

    async def _ask_member(self, member: str, path: str, body: bytes | None) -> bytes:
        """A member's node's answer; raises LedgerError."""
        transport = self.peers.transport(member)
        if transport is None:
            raise Unreachable(f"nobody knows where the node of {member} is")

        def ask() -> bytes:
            sent = transport.get(path) if body is None else transport.post(path, body, JSON)
            return sent.expect(200).body

        return await self.peers.run(ask, member)

    def _driver_facts(self) -> dict[str, Any]:
        """What `status` says of who orders the blocks."""
        facts: dict[str, Any] = {"name": self.config.driver}
        return facts if self._engine is None else facts | self._engine.facts()

    def _gate(self) -> Gate:
        """Who may ask, by the keys that the newest block knows."""
        config, ledger = self.config, self.node.ledger
        token = self.home.new_token()
        return Gate(
            config.network_id,
            config.member,
            token,
            KeyStates(ledger),
            awaited=self._awaits,
            clock=self._clock.heard,
            tokens=Tokens(self.home.path).find,
        )

    def _now(self) -> int:
        """The clock, in UTC milliseconds; when it leaps, an orderer is hindered."""
        now = self._clock.now()
        if self._clock.leapt and self.node.orders:
            self.service.hindrance.meet(f"the clock leapt by {self._clock.leapt:+} ms; set it right")
        return now

    def _awaits(self, public: bytes) -> bool:
        return self.node.awaits(public)

    def wake(self) -> None:
        """Have the core looked after at once."""
        self._wake.set()

    def stop(self) -> None:
        """Ask the process to end cleanly."""
        self._stopping.set()
        self._wake.set()

    async def run(self, ready: Callable[[Running], None]) -> None:
        """Serve until stopped."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        server = uvicorn.Server(self._http())
        host, port = self.config.address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sockets = [_listening(host, port, family)]
        self._trust()
        port = sockets[0].getsockname()[1]
        scheme = "https" if self.config.tls else "http"
        self.url = f"{scheme}://{'[' + host + ']' if ':' in host else host}:{port}"
        running = Running(self.url, self.config.network, self.config.member, os.getpid())
        serving = asyncio.create_task(server._serve(sockets))  # noqa: SLF001 (`serve` would take the signals)
        while not server.started and not serving.done():  # noqa: ASYNC110 (uvicorn has a flag, no event)
            await asyncio.sleep(0.005)
        self.home.announce(running)
        _LOG.info("listens at %s, at block %d", self.url, self.ledger.tip.height)
        settle()
        ready(running)
        if self._worker is not None:
            self._lasting.add(self._spawn(self._worker.run(self.url, self._stopping, self.service)))
        if self._engine is not None:
            self._lasting.add(self._spawn(self._engine.run(self._stopping)))
        self._spawn(indexing.follow(self.service, self._stopping, self._occupied))
        self._spawn(look_round(self.service, self._stopping))
        self._spawn(self._announce())
        if self.config.webhook:
            webhooks = await asyncio.to_thread(self._webhooks)
            self._spawn(webhooks.run(self._stopping, self.service.waiting.news))
        try:
            await self._drive(serving)
        finally:
            server.should_exit = True
            await self._close(serving)
        if self._failure is not None:
            raise self._failure

    def _webhooks(self) -> Webhooks:
        send = sender(self.config.webhook, secret_at(self.home.private))
        place = self.home.private / "webhook-place"
        return Webhooks(FinalFollowed(self.ledger), self.config.member, place, send)

    def _http(self) -> uvicorn.Config:
        tls = self.service.tls
        most = descriptors.connections(self.config.connections_max)
        config = settings(http_application(self.service, PLACES), most, STOP_SECONDS)
        config.date_header = False
        config.timeout_keep_alive = KEEP_SECONDS
        config.load()
        if tls is not None:
            config.ssl = tls.context
        return config

    async def _drive(self, serving: asyncio.Task[None]) -> None:
        """Tick the core whenever something is due, ask whom it wants to ask, and tell what came of it."""
        while not self._stopping.is_set() and not serving.done():
            now = self._now()
            if self.node.outdated is not None:
                raise self.node.outdated
            if self.service.hindrance.text and not self._recovers():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), PAUSE_SECONDS)
                continue
            if self._tell():  # receipts go out before the record of what this node cosigns is durable
                await asyncio.sleep(ANSWER_SECONDS)
            try:
                self.node.tick(now)
                self.peers.remember()
            except NoRoom as error:
                self.service.hindrance.meet(str(error))
                continue
            self._tell()
            hurried = self.node.wake(now) <= now
            for peer in self.node.targets(now):
                self._ask(peer, hurried=hurried)
            delay = max(0, self.node.wake(now) - self._now()) / 1000
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), delay or 0.0005)
            self._wake.clear()

    def _recovers(self) -> bool:
        """Start the core anew from what is durable, once this node can write again; False while it cannot.

        Who waits for a receipt is told that none comes, after those whose block is durable already.
        """
        hindrance = self.service.hindrance
        self._tell()
        if self.node.orders:
            self.service.waiting.refuse_all(Refused(HINDERED, hindrance.text))
        others = len(self.ledger.members().members) - 1
        if not (hindrance.is_gone() and self._clock.settle(others)):
            return False
        try:
            self.node = self.service.node = self._forward.node = self._core(self.ledger)
        except NoRoom as error:
            hindrance.meet(str(error))
            return False
        hindrance.end(f"the node goes on from block {self.ledger.tip.height}")
        return True

    def _tell(self) -> bool:
        """Hand on what the core has to tell; gives whether anybody waited for a receipt."""
        effects = self.node.drain()
        waiting = self.service.waiting
        for alert in effects.alerts:
            _LOG.warning("%s: %s", alert.kind, alert.text)
            self.service.alerts.append(alert)
        for transaction, refusal in effects.refused:
            waiting.refused(transaction, refusal)
        awaited = waiting.committed(effects.receipts)
        now = self.node.version, self.ledger.tip.height
        if effects.receipts or effects.finals or self._told != now:  # published, with no block: told too
            block = self._told[1] != now[1]
            self._told = now
            self._trust()
            waiting.tell(block=block)
        return awaited

    def _trust(self) -> None:
        if self.service.tls is not None:
            certificates = self.peers.certificates()
            if certificates != self._certificates:
                self._certificates = certificates
                self.service.tls.trust(certificates)

    def _ask(self, peer: str, *, hurried: bool) -> None:
        """Ask a peer, unless a question to it is under way; a hurried one goes beside a waiting one.

        Where none waits, the hurried one does: what it brings is taken in before it waits for news.
        """
        follows = peer == self.node.orderer and not self.node.orders
        name = f"{peer} now" if follows and hurried and peer in self._flying else peer
        if name in self._flying:
            return
        transport = self.peers.transport(peer)
        now = self._now()
        if transport is None:
            return
        body = encode_record(self.node.request(peer, now))
        wait = LONG_POLL_SECONDS if follows and name == peer else 0
        self._flying.add(name)
        self._spawn(self._asked(peer, name, transport, (f"/v1/sync?wait={wait}", body)))

    async def _asked(self, peer: str, name: str, transport: Transport, question: tuple[str, bytes]) -> None:
        try:
            answer = await self.peers.run(lambda: transport.post(*question).expect(200), peer)
            reply = decode_record(SyncReply, answer.body, size_max=MESSAGE_BYTES_MAX)
            await check_ahead(self._signatures, self.ledger, reply)
            if not self.service.hindrance.text:
                self.node.on_reply(peer, reply, self._now())
            self.service.reach.met(peer, self._now())
        except NoRoom as error:
            self.service.hindrance.meet(str(error))
        except (LedgerError, Malformed) as error:
            problem = str(error).removeprefix(f"{transport.url}: ")
            self.service.reach.missed(peer, problem, self._now())
            await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._flying.discard(name)
            self._wake.set()

    async def _announce(self) -> None:
        """Register this node's address and certificate where the ledger has others, or none."""
        url = self.config.url or self.url
        if not is_node_address(url):
            _LOG.warning("%s is no address that others can reach: set `url` in consortia.toml", url)
            return
        while not self._stopping.is_set():
            raw = announcement(self.node, self.keys.newest, url, self.service.tls, self._now())
            if raw is not None:
                with suppress(Refused, LedgerError, HttpProblem):  # the orderer's node may be away
                    await self.service.submit(raw)
                    await self.service.waiting.news(2.0)
            with suppress(TimeoutError):
                known = raw is None and self.config.member in self.peers.endpoints()
                await asyncio.wait_for(self._stopping.wait(), 5.0 if known else 0.5)

    def _occupied(self) -> bool:
        """Whether an engine has its hands full."""
        return self._engine is not None and self._engine.crowded

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _LOG.error("a task failed", exc_info=error)
        if isinstance(error, Outdated):
            self.node.outdated = error
            self.wake()
        elif isinstance(error, StoreError | Unsound):  # nothing that is read can be relied on
            self._failure = error if isinstance(error, StoreError) else damaged(self.home, error)
            self.stop()

    async def _close(self, serving: asyncio.Task[None]) -> None:
        self._stopping.set()
        self.service.waiting.tell()
        for task in list(self._tasks):
            if task not in self._lasting:
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
