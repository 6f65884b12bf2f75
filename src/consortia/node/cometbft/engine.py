"""CometBFT as a node's process runs it: the driver behind its socket, its key, and what looks after it."""

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from consortia.base.keys import SigningKey
from consortia.base.refusals import Refused, require
from consortia.drivers.cometbft import bundle as bundles
from consortia.drivers.cometbft.calls import Calls
from consortia.drivers.cometbft.driver import CometBft, Decided, OutOfStep
from consortia.drivers.cometbft.pool import REPEATED
from consortia.drivers.cometbft.server import serve
from consortia.drivers.cometbft.snapshots import Every, Snapshots, in_background
from consortia.kernel.block import OK
from consortia.kernel.context import Context
from consortia.kernel.ledger import Ledger
from consortia.kernel.ports import Validator
from consortia.kernel.upgrades import Outdated
from consortia.node.cometbft import binary, company
from consortia.node.cometbft.archives import Archives
from consortia.node.cometbft.condition import Condition, Means
from consortia.node.cometbft.files import Files, Sockets, Start
from consortia.node.cometbft.intake import Intake, check_signed
from consortia.node.cometbft.rpc import Rpc, RpcError
from consortia.node.cometbft.starting import Began, Block, Light, Starting, Way
from consortia.node.cometbft.supervisor import Supervisor
from consortia.node.cometbft.vouching import Vouching
from consortia.node.config import Config
from consortia.node.forward import refusal_of
from consortia.node.home import Home
from consortia.node.http_answers import HttpProblem
from consortia.node.refusals import HINDERED
from consortia.store.errors import NoRoom

LOOK_SECONDS = 1.0
"""So often the engine is asked how it is, and handed again what the log leaves out."""

AGAIN_SECONDS = 5.0
"""After so long what looks after the engine begins anew where it failed, which the log tells."""

VOTES_SECONDS = 0.001
"""After so long the vote on a proposal is on its way, and there is time to work the block out."""

ROTATION_BLOCKS = 2
"""A new consensus key votes from two blocks after the one that named it (CometBFT, ABCI 2.0)."""

_LOG = logging.getLogger("consortia.node")


class Engine:
    """One node's CometBFT."""

    def __init__(
        self, home: Home, config: Config, ledger: Ledger, means: Means, environment: Mapping[str, str]
    ) -> None:
        """Find CometBFT and make its folders; raises CometBftError."""
        self.config, self.ledger, self._means = config, ledger, means
        found = binary.find(config.cometbft, home.path, environment)
        self.files = Files(home.path)
        self.peer_id = self.files.prepare()
        self.condition = Condition(found.version)
        self._hindrance = means.hindrance
        self._key: SigningKey | None = None
        self._rotates_at: int | None = None
        self._driver: CometBft | None = None
        self.snapshots = Snapshots(home.snapshots, Every(config.snapshot_blocks), in_background)
        self.supervisor = Supervisor(
            found,
            self.files,
            serve=self._serve,
            prepare=self._prepare,
            halted=self._halted,
            environment=environment,
        )
        self._rpc = Rpc(self.supervisor.sockets.rpc)
        self._intake = Intake(self._rpc, ledger.network, config.group_milliseconds, means.now)
        light = self.supervisor.sockets.light
        guide = config.orderer or config.member
        self.starting = Starting(self.files, ledger, guide, means.ask, light)
        self._light = Light(light, self.starting.answer)
        self._way: Way | None = None
        self._vouching = Vouching(ledger, means.ask)
        self._earliest = 0
        self.archives = Archives(config.retain_blocks, ledger, config.member, means.ask)

    @property
    def crowded(self) -> bool:
        """Whether blocks are full of transactions just now: what can wait is better left for later."""
        return self._means.core().crowded(self._means.now())

    async def run(self, stopping: asyncio.Event) -> None:
        """Run CometBFT, hand it bundles, and look after it, until `stopping`."""
        tasks = [asyncio.create_task(work) for work in (self._lasting(self._intake.run), *self.cares())]
        try:
            await self.supervisor.run(stopping)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._rpc.close()
            self.snapshots.close()

    def cares(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """What looks after CometBFT, for ever."""
        return self._lasting(self._look), self._lasting(self._ask_around)

    async def _lasting(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do what is for ever, and begin it anew where it fails: nobody else would do it."""
        while True:
            try:
                await work()
            except NoRoom as error:
                self._hindrance.meet(str(error))
                self._means.wake()
            except Exception:  # noqa: BLE001 (logged whole; CometBFT is looked after all the same)
                _LOG.exception("looking after CometBFT failed; again in %s s", AGAIN_SECONDS)
            await asyncio.sleep(AGAIN_SECONDS)

    async def submit(self, raw: bytes) -> bytes:
        """Submit a transaction and give its id; raises Refused, or HttpProblem while CometBFT is away.

        An urgent one is kept all the same, handed in again, and told to the other members.
        """
        now = self._means.now()
        require(not self._hindrance.text, HINDERED, self._hindrance.text)
        node = self._means.core()
        transaction = node.submit(raw, now)
        check_signed(self.ledger, raw, self._means.check if self._driver is None else self._driver.check)
        if self._driver is not None and transaction in self._driver.pool:
            return transaction  # it waits already: a bundle with it would be refused as a whole
        try:
            code = await self._intake.hand_in(raw, transaction)
        except RpcError as error:
            if raw in node.witness.held():
                return transaction
            raise HttpProblem(503, str(error)) from None
        if code not in (OK, REPEATED):
            raise Refused(refusal_of(self.ledger.app, code))
        return transaction

    async def relay(self, question: bytes) -> bytes:
        """Pass on what another node's light client asks; raises HttpProblem."""
        try:
            return await self._rpc.relay(question)
        except RpcError as error:
            raise HttpProblem(503, str(error)) from None

    def facts(self) -> dict[str, Any]:
        """How CometBFT is, for `status`."""
        known: dict[str, Any] = asdict(self.condition) | {"peer": f"{self.peer_id}@{self.config.peer_place}"}
        text = [self.condition.text, self.starting.text, self.snapshots.problem, self.archives.text]
        known["archive"] = self.archives.own
        known["text"] = "; ".join(one for one in text if one)
        driver = self._driver
        if driver is not None and driver.mark is not None:
            known["chain"] = Began(driver.chain_id, driver.start, self._start(driver).time)
        return known

    # The driver behind its socket -----------------------------------------------------------

    async def _serve(self, path: Path, started: Callable[[], None]) -> None:
        """Serve one life of CometBFT, by a driver that goes on from what is durable."""
        while self._hindrance.text:  # noqa: ASYNC110 (a full disk tells nobody when it is no more)
            await asyncio.sleep(LOOK_SECONDS)
        if self.starting.forget():
            self._renew()
        start = CometBft(self.ledger).start
        self._way = await self.starting.way(start, lambda: self._means.reach(self.starting.guide))
        retention = self.archives.retention
        self._driver = CometBft(self.ledger, self._means.check, retention, self.snapshots, self.config.member)
        self.condition.height = self._driver.height
        later = partial(asyncio.get_running_loop().call_later, VOTES_SECONDS)
        calls = Calls(self._driver, self._means.now, self._decided, later)
        try:
            if self._way is not None:
                self._driver.begins = self._way.size
                await self._light.open()
            await serve(path, calls.answer, started, calls.ahead)
        except NoRoom as error:
            self._hindrance.meet(str(error))
            raise
        except Outdated as error:
            self._means.core().outdated = error
            self._means.wake()
            raise
        finally:
            self._driver = None
            self._light.close()

    def _renew(self) -> None:
        """Read anew what was read of another ledger; raises NoRoom, and it is done once there is some."""
        self._vouching = Vouching(self.ledger, self._means.ask)
        try:
            self._means.renew()
        except NoRoom as error:  # the node makes its core anew when it recovers, and no life begins before
            self._hindrance.meet(str(error))
            self._means.wake()
            raise

    def _halted(self) -> bool:
        """CometBFT stands still, or cannot write; gives whether this node cannot write either."""
        met = self._hindrance.look()
        if met:
            self._means.wake()
        return met

    def _prepare(self, sockets: Sockets) -> None:
        """Write CometBFT's files for the life that begins."""
        driver = self._driver
        if driver is None:
            raise RuntimeError("the driver is made before CometBFT starts")
        self._key = self._key_now()
        self._rotates_at = None
        self._look_at_seat()
        if self._way is None:
            self.files.write(self.config, self._start(driver), self._key, sockets)
        else:
            self.files.write(self.config, self._way.chain, self._key, sockets, self._way.trust)

    def _start(self, driver: CometBft) -> Start:
        """Where CometBFT's chain starts: at the time of the block with which the log had that size."""
        chain = self._means.core().chain
        height = chain.height_at(driver.start)
        began = self.files.began(driver.chain_id)
        if began is None:
            began = self.ledger.genesis.time if height is None else chain.header(height).time
        return Start(driver.chain_id, began)

    def _restored(self, decided: Decided) -> None:
        """The ledger was restored from a snapshot: go on from there."""
        if (
            self._driver is not None
            and self._way is not None
            and self._driver.chain_id != self._way.chain.chain
        ):
            raise OutOfStep(f"a snapshot of {self._driver.chain_id} was restored in {self._way.chain.chain}")
        self._renew()
        self.condition.height = decided.height
        _LOG.warning("restored the ledger from a snapshot: block %d", self.ledger.tip.height)
        self._means.wake()

    def _decided(self, decided: Decided) -> None:
        """A block is durable."""
        if decided.restored:
            self._restored(decided)
            return
        if self._way is not None:
            self._way = None
            self.starting.settled()
        node, now = self._means.core(), self._means.now()
        node.decided(decided, now)
        for transaction, refused in self._driver.refusals() if self._driver is not None else ():
            node.evicted(transaction, refused)
        node.waits_for_engine = len(self._intake)
        self.condition.height = decided.height
        self._follow_key(decided.height)
        self._means.wake()

    # The consensus key ------------------------------------------------------------------------

    def _validators(self) -> list[Validator]:
        """Who votes, by the newest block."""
        found: list[Validator] = []

        def read(ctx: Context) -> None:
            found.extend(self.ledger.app.keys.validators(ctx))

        self.ledger.ask(read)
        return found

    def _seat(self) -> Validator | None:
        """How this member votes, by the newest block."""
        return next((one for one in self._validators() if one.member == self.config.member), None)

    def _look_at_seat(self) -> Validator | None:
        """As `_seat`, with what `status` shows of it."""
        seat = self._seat()
        self.condition.votes = seat is not None and self._key is not None and seat.public == self._key.public
        self.condition.power = 0 if seat is None else seat.power
        return seat

    def _key_now(self) -> SigningKey:
        """The key of the member's seat; without one, its newest, which votes for nothing yet."""
        seat, keys = self._seat(), list(self._means.consensus())
        for key in keys:
            if seat is not None and key.public == seat.public:
                return key
        if seat is not None:
            _LOG.error("the consensus key that the ledger names is not in keys/: this node does not vote")
            return SigningKey(os.urandom(32))
        return keys[-1] if keys else SigningKey(os.urandom(32))

    def _follow_key(self, height: int) -> None:
        """Begin another life for another consensus key, before the first block that it votes on.

        Where a quorum is everybody, that block waits for it.
        """
        condition, seat = self.condition, self._look_at_seat()
        if seat is None or condition.votes:
            return
        if self._rotates_at is None and any(key.public == seat.public for key in self._means.consensus()):
            self._rotates_at = height + ROTATION_BLOCKS
            condition.text = f"votes with another consensus key from block {self._rotates_at} on"
        elif self._rotates_at is not None and height >= self._rotates_at - 1:
            condition.text = f"started anew for a consensus key that votes from block {self._rotates_at} on"
            self.supervisor.restart()

    # Looking after it ---------------------------------------------------------------------------

    async def _look(self) -> None:
        """Ask CometBFT how it is; hand in again what is urgent, and a tick where one is due."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            condition = self.condition
            if not self._hindrance.text and self._hindrance.is_tight() and self._hindrance.look():
                self._means.wake()
                self.supervisor.halt()
            condition.restarts = max(0, self.supervisor.starts - 1)
            self._look_at_restoration()
            try:
                found = await self._rpc.engine()
                condition.running, condition.catching_up = True, found.sync_info.catching_up
                self._look_around(await self._rpc.peers())
                if not condition.catching_up and self._way is None:
                    self.starting.text = ""
                await self._look_at_snapshots()
                self._earliest = int(found.sync_info.earliest_block_height)
            except RpcError:
                condition.running, condition.stands = False, ""
                continue
            node, now = self._means.core(), self._means.now()
            again = [bundles.pack([raw]) for raw in node.witness.held()]
            if node.wants_tick(now) and not condition.catching_up:
                again.append(bundles.Tick(self.ledger.tip.height).encode())
            waits = self._driver.waits(now) if self._driver is not None else None
            if waits is not None and not condition.catching_up:
                again.append(waits)
            for entry in again:
                with suppress(RpcError):  # asked again at the next look
                    await self._rpc.hand_in(entry)

    async def _ask_around(self) -> None:
        """Ask other members what can wait: each may take its time to answer, and holds up nothing else."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            doubt = await self._vouching.look(self.config.member, self.starting.guide)
            if doubt:
                self._means.core().doubt(doubt, self._means.now())
            if self._earliest and self.condition.running:
                await self.archives.look(self._earliest, self._driver)

    def _look_around(self, connected: tuple[str, ...]) -> None:
        """See who of those that vote is there, and whether what waits comes into blocks."""
        condition, driver = self.condition, self._driver
        powers = {one.member: one.power for one in self._validators()}
        condition.peers = len(connected)
        condition.away = company.away(powers, self.config.member, connected)
        condition.quorum = company.has_quorum(powers, condition.away)
        waited = 0 if driver is None or condition.catching_up else driver.waited(self._means.now())
        stood, condition.stands = condition.stands, company.standstill(waited, powers, condition.away)
        if condition.stands and condition.stands != stood:
            _LOG.warning("%s", condition.stands)
        elif stood and not condition.stands:
            _LOG.warning("blocks come again, or nothing waits any more")

    async def _look_at_snapshots(self) -> None:
        """Learn the hashes of the blocks whose snapshots are offered; raises RpcError."""
        known = {one.height: one for one in self.condition.snapshots}
        heights = self.snapshots.heights(self.condition.height)
        found = [known.get(at) or Block(at, await self._rpc.block_hash(at)) for at in heights]
        self.condition.snapshots = tuple(found)

    def _look_at_restoration(self) -> None:
        """Give a restoration up that does not go on, where the blocks can be fetched instead."""
        way, driver = self._way, self._driver
        if way is None or driver is None or driver.mark is not None:
            return
        if self.starting.stalls(driver.restoring, asyncio.get_running_loop().time()):
            if way.size == driver.start:
                self.starting.give_up()
            self.supervisor.restart()
