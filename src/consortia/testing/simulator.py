# Long because a world and the judge who looks into it after every step are two halves of one model
"""A network of nodes in one process, under one seed: clocks, messages, disks and crashes all simulated.

Everything that happens follows from the seed, so a failing seed replays exactly. Time moves in steps;
in each step messages that are due arrive, and every node that is up does what is due. After every step
the *safety* of the network is checked against a judge outside it; after the faults end, its *liveness*:
within a bounded time all honest nodes stand at one final root.

A node that lies is a `Traitor`: it changes what its node says to others, holding no keys but its own.
"""

import heapq
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random

from consortia.base.codec import Malformed, Record, decode_record, encode_record
from consortia.base.refusals import Refused
from consortia.base.times import HOUR
from consortia.drivers.embedded import Grouping
from consortia.kernel.block import Receipt
from consortia.kernel.durable import BlockWrite
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import Call, call, sign_transaction
from consortia.node.embedded import EmbeddedNode
from consortia.node.memory import PlainMemory
from consortia.node.records import Alert, Settings
from consortia.node.sync import MESSAGE_BYTES_MAX, SyncReply, SyncRequest
from consortia.store.memory import MemoryStore
from consortia.testing.plain import QUOTA, Member, application, genesis

START = 1_700_000_000_000
STEP_MS = 50
NAMES = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove")


class Violation(AssertionError):
    """The network broke a promise. The text names the seed, the time and the promise."""


class Disk(MemoryStore):
    """A store that fails when told to, leaving nothing written."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = 0

    def commit(self, write: BlockWrite) -> None:
        """Write, or raise OSError."""
        if self.fails:
            self.fails -= 1
            raise OSError("no space left on the device")
        super().commit(write)


class Traitor:
    """What a lying node says. The default is the truth; scenarios override what they lie about."""

    def request(self, peer: str, request: SyncRequest) -> SyncRequest | None:
        """The question that really goes out to `peer`; None for silence."""
        return request

    def reply(self, peer: str, request: SyncRequest, reply: SyncReply) -> SyncReply | None:
        """The answer that really goes out to `peer`; None for silence."""
        return reply

    def face(self, peer: str, node: EmbeddedNode) -> EmbeddedNode:
        """Which of its nodes, all with its own keys, answers `peer`."""
        return node

    def hear(self, peer: str, request: SyncRequest) -> SyncRequest:
        """What it lets its own node hear of a question."""
        return request

    def submit(self, raw: bytes) -> bool:
        """Whether a transaction handed in is taken at all."""
        return True


@dataclass(slots=True)
class Site:
    """One member in the simulation: its keys, its disk, its clock, and its node while it is up."""

    member: Member
    disk: Disk
    memory: PlainMemory
    node: EmbeddedNode | None = None
    skew_ms: int = 0
    stalled_until: int = 0
    traitor: Traitor | None = None
    alerts: list[Alert] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Weather:
    """How messages fare: delay bounds in milliseconds, and how many of a thousand are lost."""

    delay_min_ms: int = 5
    delay_max_ms: int = 60
    lost_per_mille: int = 0


class World:
    """A simulated network. `seed` decides everything; `members` is how many there are, the first orders."""

    def __init__(self, seed: int = 0, members: int = 4, *, settings: Settings | None = None) -> None:
        self.seed, self.random = seed, Random(seed)
        self.now = START
        self.settings = settings or Settings(grouping=Grouping(wait_ms=STEP_MS // 2))
        self.weather = Weather()
        self.cut: frozenset[frozenset[str]] = frozenset()
        names = NAMES[:members]
        keys = [Member(name) for name in names]
        self.genesis = genesis(keys, time=START, quota=QUOTA)
        self.sites = {member.name: Site(member, Disk(), PlainMemory()) for member in keys}
        self.orderer = names[0]
        self.judge = Judge(self)
        self._messages: list[tuple[int, int, str, str, bytes, bool]] = []
        self._count = 0
        self._sequences: dict[str, int] = {}
        for site in self.sites.values():
            Ledger.create(site.disk, application(), self.genesis)
            self.start(site.member.name)

    @property
    def network(self) -> bytes:
        """The network id."""
        return self.genesis.network()

    def node(self, name: str) -> EmbeddedNode:
        """A node that is up."""
        node = self.sites[name].node
        if node is None:
            raise LookupError(f"{name} is down")
        return node

    def clock(self, name: str) -> int:
        """What a member's own clock shows."""
        return self.now + self.sites[name].skew_ms

    # What can happen ------------------------------------------------------------------------

    def start(self, name: str) -> None:
        """Start a node on what its disk and memory hold."""
        site = self.sites[name]
        ledger = Ledger.open(site.disk, application(), alarm=_alarm)
        site.node = EmbeddedNode(
            ledger,
            name,
            (site.member.node,),
            orderer=self.orderer,
            memory=site.memory,
            settings=self.settings,
        )
        self.judge.started(name)

    def crash(self, name: str) -> None:
        """Kill a node: only what was durable remains."""
        self.sites[name].node = None

    def backup(self, name: str) -> Disk:
        """A copy of a member's store as it is now."""
        return deepcopy(self.sites[name].disk)

    def restore(self, name: str, backup: Disk) -> None:
        """Put an older store in the place of a node that is down. Its memory stays: it is kept apart."""
        self.sites[name].disk = deepcopy(backup)
        self.judge.restored(name)

    def partition(self, *groups: tuple[str, ...]) -> None:
        """Let messages pass within the groups only; members in no group form one together."""
        named = {name for group in groups for name in group}
        rest = tuple(name for name in self.sites if name not in named)
        self.cut = frozenset(frozenset(group) for group in (*groups, rest))

    def heal(self) -> None:
        """End all faults: everyone up, connected, with a right clock and a working disk."""
        self.cut, self.weather = frozenset(), Weather()
        for name, site in self.sites.items():
            site.skew_ms = site.stalled_until = site.disk.fails = 0
            if site.node is None:
                self.start(name)

    def sign(self, name: str, *messages: Record) -> bytes:
        """A transaction of a member's operator, with the next sequence that the orderer's state expects."""
        calls: list[Call] = [call(message, "plain", _method(message)) for message in messages]
        sequence = self._sequences.get(name, 0)
        self._sequences[name] = sequence + 1
        key = self.sites[name].member.operator
        expires = self.now + HOUR
        return sign_transaction(key, self.network, tuple(calls), sequence=sequence, expires=expires)

    def submit(self, name: str, *messages: Record, at: str | None = None) -> bytes | None:
        """Sign and hand in a transaction at a node (default: the orderer's); None when it was not taken."""
        site = self.sites[at or self.orderer]
        if site.node is None or site.stalled_until > self.now:
            return None
        raw = self.sign(name, *messages)
        if site.traitor is not None and not site.traitor.submit(raw):
            return raw
        try:
            site.node.submit(raw, self.clock(site.member.name))
        except Refused:
            self._sequences[name] -= 1
            return None
        return raw

    def resync(self, name: str) -> None:
        """Let a member's operator look up its next sequence, as a client does after it was refused."""
        node = self.sites[self.orderer].node
        if node is not None:
            key = self.sites[name].member.operator.key_id
            with node.ledger.store.snapshot() as view:
                admission = node.ledger.admission(view, node.ledger.tip.time)
                self._sequences[name] = admission.next_sequence(key, 0)

    # The passing of time --------------------------------------------------------------------

    def run(self, ms: int, each: "Callable[[World], None] | None" = None) -> None:
        """Let time pass; `each` is called before every step."""
        for _ in range(ms // STEP_MS):
            if each is not None:
                each(self)
            self.step()

    def step(self) -> None:
        """One step: messages due arrive, nodes act, the judge looks."""
        self.now += STEP_MS
        while self._messages and self._messages[0][0] <= self.now:
            _, _, source, target, data, is_reply = heapq.heappop(self._messages)
            self._arrive(source, target, data, is_reply=is_reply)
        for name, site in self.sites.items():
            if site.node is not None and site.stalled_until <= self.now:
                self._act(name, site, site.node)
        self.judge.look()

    def settled(self) -> bool:
        """Whether nothing waits, and all honest nodes stand at one root, which is final."""
        orderer = self.sites[self.orderer].node
        if orderer is not None and orderer.status().waiting:
            return False
        states = {
            (node.ledger.tip.size, node.ledger.tip.root, node.finals.size)
            for node in (site.node for site in self.sites.values() if site.traitor is None)
            if node is not None
        }
        return len(states) == 1 and all(size == final for size, _, final in states)

    def settle(self, within_ms: int = 20_000) -> None:
        """Run until settled; raises Violation when that takes longer than `within_ms`."""
        for _ in range(within_ms // STEP_MS):
            if self.settled():
                return
            self.step()
        lines = [str(site.node.status()) for site in self.sites.values() if site.node is not None]
        self.judge.fail("the network does not settle: " + "; ".join(lines))

    def _act(self, name: str, site: Site, node: EmbeddedNode) -> None:
        now = self.clock(name)
        try:
            node.tick(now)
        except OSError:
            self.crash(name)
            return
        for peer in node.targets(now):
            if peer in self.sites:
                request: SyncRequest | None = node.request(peer, now)
                if site.traitor is not None and request is not None:
                    request = site.traitor.request(peer, request)
                if request is not None:
                    self._send(name, peer, encode_record(request), is_reply=False)
        self._drain(name, site, node)

    def _drain(self, name: str, site: Site, node: EmbeddedNode) -> None:
        effects = node.drain()
        site.alerts += effects.alerts
        self.judge.heard(name, effects.receipts, node)

    def _send(self, source: str, target: str, data: bytes, *, is_reply: bool) -> None:
        together = not self.cut or any(source in group and target in group for group in self.cut)
        if not together or self.random.randrange(1000) < self.weather.lost_per_mille:
            return
        delay = self.random.randint(self.weather.delay_min_ms, self.weather.delay_max_ms)
        self._count += 1
        heapq.heappush(self._messages, (self.now + delay, self._count, source, target, data, is_reply))

    def _arrive(self, source: str, target: str, data: bytes, *, is_reply: bool) -> None:
        site = self.sites[target]
        node = site.node
        if node is None:
            return
        if site.stalled_until > self.now:
            self._count += 1
            entry = (site.stalled_until, self._count, source, target, data, is_reply)
            heapq.heappush(self._messages, entry)
            return
        now = self.clock(target)
        try:
            if is_reply:
                node.on_reply(source, decode_record(SyncReply, data, size_max=MESSAGE_BYTES_MAX), now)
            else:
                request = decode_record(SyncRequest, data, size_max=MESSAGE_BYTES_MAX)
                reply = self._answer(site, node, source, request)
                if reply is not None:
                    self._send(target, source, encode_record(reply), is_reply=True)
        except OSError:
            self.crash(target)
            return
        except (Malformed, Refused):
            return
        self._drain(target, site, node)

    def _answer(self, site: Site, node: EmbeddedNode, source: str, request: SyncRequest) -> SyncReply | None:
        now, traitor = self.clock(site.member.name), site.traitor
        if traitor is None:
            return node.on_request(source, request, now)
        heard = traitor.hear(source, request)
        return traitor.reply(source, heard, traitor.face(source, node).on_request(source, heard, now))


class Judge:
    """Watches a world from outside: what was acknowledged, what became final, that neither is ever lost."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.finals: dict[int, bytes] = {}
        self.acknowledged: dict[bytes, int] = {}
        self.forgiven: set[str] = set()
        self._roots: dict[int, bytes] = {}
        self._looked: dict[str, tuple[int, int]] = {}

    def heard(self, name: str, receipts: list[Receipt], node: EmbeddedNode) -> None:
        """A node told of receipts: those of an honest orderer are acknowledgements."""
        if name == node.orderer and self.world.sites[name].traitor is None:
            self.acknowledged.update({receipt.transaction: receipt.height for receipt in receipts})

    def started(self, name: str) -> None:
        """A node came up: nothing that its disk held may be gone."""
        self._looked.pop(name, None)
        if name == self.world.orderer and name not in self.forgiven:
            self.check_acknowledged(name)

    def restored(self, name: str) -> None:
        """A store was replaced by a backup: until it caught up it may lack what was acknowledged."""
        self.forgiven.add(name)

    def look(self) -> None:
        """Check safety; raises Violation."""
        for name, site in self.world.sites.items():
            node = site.node
            if node is None or site.traitor is not None:
                continue
            tip, final = node.ledger.tip, node.finals.newest
            state = (tip.height, node.finals.size)
            if self._looked.get(name) == state:
                continue
            self._looked[name] = state
            if final is not None:
                self._look_final(name, final.checkpoint.size, final.checkpoint.root)
            for size, root in list(self.finals.items())[-3:]:
                if size <= tip.size and node.ledger.root(size) != root:
                    self.fail(f"{name} has another root than the final one at size {size}")
            if not self.lying():
                self._look_tip(name, tip.height, tip.root)

    def lying(self) -> bool:
        """Whether the orderer is a traitor."""
        return self.world.sites[self.world.orderer].traitor is not None

    def check_acknowledged(self, name: str) -> None:
        """Every acknowledged transaction stands in the ledger of `name`."""
        node = self.world.node(name)
        for transaction, height in self.acknowledged.items():
            placed = node.ledger.receipt(transaction)
            if placed is None or placed.height != height:
                self.fail(f"{name} lost {transaction.hex()[:16]}, acknowledged at height {height}")

    def check_end(self) -> None:
        """What must hold when all is quiet: nothing lost, invariants, nobody convicted who is honest."""
        for name, site in self.world.sites.items():
            if site.traitor is None and site.node is not None:
                if not self.lying():
                    self.check_acknowledged(name)
                found = site.node.ledger.violations()
                if found:
                    self.fail(f"{name}: {found[0]}")

    def fail(self, text: str) -> None:
        """Raise Violation with what is needed to replay."""
        world = self.world
        raise Violation(f"seed {world.seed} at {world.now - START} ms: {text}")

    def _look_final(self, name: str, size: int, root: bytes) -> None:
        if self.finals.setdefault(size, root) != root:
            self.fail(f"two final checkpoints of size {size}; {name} holds the second")

    def _look_tip(self, name: str, height: int, root: bytes) -> None:
        if self._roots.setdefault(height, root) != root:
            self.fail(f"{name} has another root at height {height}")


def _method(message: Record) -> str:
    return type(message).__name__.lower()


def _alarm(transaction: bytes, error: BaseException) -> None:
    raise Violation(f"the machine failed at transaction {transaction.hex()}") from error
