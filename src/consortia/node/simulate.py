"""`consortia.simulate(members=10)`: the whole protocol in one process, for research and tests.

Every member has its own node core, ledger in memory, keys, vault and worker, as in a real network: blocks are
ordered, replayed and cosigned, updates are checked and re-computed by all. What is left out is only what
lies between processes: sockets, disks and the clock, which here moves as fast as the work does.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from consortia.app import application
from consortia.base.codec import R, Record
from consortia.base.ids import is_name
from consortia.base.refusals import Refused as RefusedByLaw
from consortia.engines.commit.chunks import blob_id
from consortia.engines.train.learner import MakeLearner
from consortia.exact.ring import RingError
from consortia.kernel.block import OK, Receipt
from consortia.kernel.context import Context
from consortia.kernel.ledger import Ledger as KernelLedger
from consortia.kernel.prove import CannotProve, final_height, prove_receipt
from consortia.modules.assets.queries import ById, ListVersions, MaybeAsset, VersionPage
from consortia.modules.training.messages import Availability
from consortia.modules.training.rules import availability
from consortia.modules.training.state import JOINS, PROGRESS, STUDIES, open_round
from consortia.node.embedded import EmbeddedNode
from consortia.node.founding import MemberKeys, make_genesis
from consortia.node.memory import PlainMemory
from consortia.sdk.builder import Builder
from consortia.sdk.errors import LedgerError, TransactionRefused
from consortia.sdk.ledger import Ledger
from consortia.store.memory import MemoryStore
from consortia.workers.arithmetic import BadRound, check_update, plans
from consortia.workers.diary import Diary
from consortia.workers.door import DoorClosed
from consortia.workers.vault import Vault
from consortia.workers.vault_data import VaultData
from consortia.workers.worker import Worker

START = 1_767_225_600_000
"""The clock of a simulation starts at 2026-01-01 00:00 UTC, in milliseconds."""

STEP_MILLISECONDS = 20
STEPS_MAX = 500


class Party:
    """One member: its node, its keys, its blobs, its vault and its worker."""

    def __init__(self, network: "Network", keys: MemberKeys, ledger: KernelLedger, orderer: str) -> None:
        self.network, self.name, self.keys, self.ledger = network, keys.member, keys, ledger
        self.blobs: dict[bytes, bytes] = {}
        folder = network.folder / keys.member
        self.vault = Vault(folder)
        self.node = EmbeddedNode(
            ledger,
            keys.member,
            (keys.keys["node"],),
            orderer=orderer,
            memory=PlainMemory(),
        )
        self._builders = {
            label: Builder(ledger.app, ledger.network, key, self._next, clock=lambda: network.now)
            for label, key in keys.keys.items()
        }
        self.worker = Worker(_Door(self), VaultData(self.vault, self._committed), Diary(folder / "diary"))

    def submit(self, label: str, *records: Record) -> Receipt:
        """Sign with a key of the member and wait until all have the receipt; raises TransactionRefused."""
        builder = self._builders[label]
        raw, transaction = builder.sign(*records)
        try:
            self.network.orderer.node.submit(raw, self.network.now)
        except RefusedByLaw as refused:
            builder.resync()
            raise TransactionRefused(refused.code, refused.detail, transaction=transaction.hex()) from None
        for _ in range(STEPS_MAX):
            self.network.step()
            placed = self.ledger.receipt(transaction)
            if placed is not None and self.network.level():
                if placed.receipt.code != OK:
                    raise TransactionRefused(
                        placed.receipt.code, transaction=transaction.hex(), height=placed.height
                    )
                return placed.receipt
        raise LedgerError(f"transaction {transaction.hex()} found its way into no block")

    def attest(self, study: bytes, wanted: bytes, member: str, blob: bytes) -> Availability | None:
        """Hold an update, check it as a real node does, and sign; None for one that does not fit."""
        data = self.network.find(blob)
        found: list[Availability] = []

        def check(ctx: Context) -> None:
            record, progress = STUDIES.get(ctx, study), PROGRESS.get(ctx, study)
            this = None if record is None or progress is None else open_round(ctx, progress, study)
            part = JOINS.get(ctx, study, member)
            if record is None or this is None or part is None or this.id != wanted or data is None:
                return
            planned = plans(record.terms)
            start = planned.plan.initial
            state = start if blob_id(start) == this.state else self.network.find(this.state)
            if state is None:
                return
            try:
                check_update(planned, this, state, data, part.records)
            except (RingError, BadRound):
                return
            self.blobs[blob] = data
            message = availability(
                self.ledger.network, study, wanted, member=member, blob=blob, size=len(data)
            )
            found.append(Availability(self.name, self.keys.keys["node"].sign(message)))

        self.ledger.ask(check)
        return found[0] if found else None

    def _next(self, key: bytes, lane: int) -> int:
        with self.network.orderer.ledger.store.snapshot() as view:
            ledger = self.network.orderer.ledger
            return ledger.admission(view, ledger.tip.time).next_sequence(key, lane)

    def _committed(self, dataset: bytes, version: int) -> tuple[str, bytes] | None:
        found = self.ledger.query("assets.asset", ById(dataset))
        page = self.ledger.query("assets.versions", ListVersions(dataset, version - 1, 1))
        if not isinstance(found, MaybeAsset) or not isinstance(page, VersionPage):
            return None
        if found.asset is None or not page.versions or page.versions[0].number != version:
            return None
        return found.asset.name, page.versions[0].commitment


class _Door:
    """The worker's door (`workers.door.Door`) to a member's node in this process."""

    def __init__(self, party: Party) -> None:
        self._party = party

    @property
    def member(self) -> str:
        """The member whose worker this is."""
        return self._party.name

    def query(self, name: str, arguments: Record, kind: type[R]) -> R:
        """The answer to `module.query`."""
        answer = self._party.ledger.query(name, arguments)
        if not isinstance(answer, kind):
            raise DoorClosed(f"{name} answers with a {type(answer).__name__}")
        return answer

    def submit(self, *messages: Record) -> str:
        """Sign with the worker's key; the code of the receipt, or of the refusal."""
        try:
            return self._party.submit("worker", *messages).code
        except TransactionRefused as refused:
            return refused.code

    def put_blob(self, data: bytes) -> bytes:
        """Keep bytes at the node."""
        blob = blob_id(data)
        self._party.blobs[blob] = data
        return blob

    def get_blob(self, blob: bytes) -> bytes:
        """A blob's bytes, from whoever has them."""
        data = self._party.network.find(blob)
        if data is None:
            raise DoorClosed(f"nobody has blob {blob.hex()}")
        return data

    def collect_availability(
        self,
        study: bytes,
        round: bytes,  # noqa: A002 (the door's word)
        blob: bytes,
        size: int,
    ) -> tuple[Availability, ...]:
        """Every node that holds the update and has checked it says so."""
        parties = self._party.network.parties
        found = [parties[name].attest(study, round, self.member, blob) for name in sorted(parties)]
        return tuple(one for one in found if one is not None)

    def final_height(self) -> int:
        """The height of the newest block that is final."""
        try:
            return final_height(self._party.ledger)
        except CannotProve:
            return -1

    def now(self) -> int:
        """The simulation's clock."""
        return self._party.network.now

    def wait(self, seconds: float) -> None:
        """Let the network take a step."""
        self._party.network.step()


class Network:
    """All members of a simulation, and the clock."""

    def __init__(self, names: Sequence[str], folder: Path) -> None:
        self.folder, self.now = folder, START
        keys = {name: MemberKeys.generate(name) for name in names}
        genesis = make_genesis("simulation", [one.founder(name) for name, one in keys.items()], START)
        self.parties = {
            name: Party(self, one, KernelLedger.create(MemoryStore(), application(), genesis), names[0])
            for name, one in keys.items()
        }
        self.orderer = self.parties[names[0]]

    def step(self) -> None:
        """Let the clock move, every node do what is due, and ask whom it wants to ask."""
        self.now += STEP_MILLISECONDS
        for name, party in self.parties.items():
            party.node.tick(self.now)
            for peer in party.node.targets(self.now):
                other = self.parties[peer]
                request = party.node.request(peer, self.now)
                party.node.on_reply(peer, other.node.on_request(name, request, self.now), self.now)
            party.node.drain()

    def level(self) -> bool:
        """Whether all members stand at the same block."""
        return len({party.ledger.tip.height for party in self.parties.values()}) == 1

    def work(self) -> None:
        """Let every worker do what is due, then the network take a step."""
        for party in self.parties.values():
            party.worker.work()
        self.step()

    def find(self, blob: bytes) -> bytes | None:
        """A blob's bytes, from any member that has them."""
        return next((one.blobs[blob] for one in self.parties.values() if blob in one.blobs), None)


class _Access:
    """The way of one member's people to the simulated network (`sdk.access.Access`)."""

    def __init__(self, party: Party) -> None:
        self._party, self._door = party, _Door(party)
        self.network = party.ledger.network

    def query(self, name: str, arguments: Record, kind: type[R]) -> R:
        """Ask a module."""
        try:
            return self._door.query(name, arguments, kind)
        except RefusedByLaw as refused:
            raise TransactionRefused(refused.code, refused.detail) from None

    def submit(self, *records: Record) -> Receipt:
        """Sign with the administrator's key."""
        return self._party.submit("admin", *records)

    def put_blob(self, data: bytes) -> bytes:
        """Keep bytes."""
        return self._door.put_blob(data)

    def blob(self, blob: bytes, purpose: str = "") -> bytes:
        """A blob's bytes."""
        try:
            return self._door.get_blob(blob)
        except DoorClosed as error:
            raise LedgerError(str(error)) from None

    def proof(self, transaction: bytes) -> bytes:
        """A proof file of a transaction's receipt."""
        try:
            return prove_receipt(self._party.ledger, transaction).encode()
        except CannotProve as error:
            raise LedgerError(str(error)) from None

    def pause(self, seconds: float) -> None:
        """Let the workers work."""
        self._party.network.work()

    def close(self) -> None:
        """Nothing to release."""


class Simulation(Ledger):
    """The first member's ledger, and `of(name)` any other's. Close it, or use it in a `with` block."""

    def __init__(self, names: Sequence[str], trainer: MakeLearner | None = None) -> None:
        """A network of these members; the first one's node orders."""
        self._folder = TemporaryDirectory(prefix="consortia-")
        self.network = Network(names, Path(self._folder.name))
        for party in self.network.parties.values():
            party.worker.trainer = trainer
        self.names = tuple(names)
        first = self.network.parties[names[0]]
        super().__init__(_Access(first), first.name, first.vault, closing=self._folder.cleanup)

    def of(self, name: str) -> Ledger:
        """Another member's ledger; raises LedgerError for a name that is none."""
        party = self.network.parties.get(name)
        if party is None:
            raise LedgerError(f"there is no member {name}; there are: {', '.join(self.names)}")
        return Ledger(_Access(party), party.name, party.vault)


def simulate(members: int | Sequence[str] = 4, *, trainer: MakeLearner | None = None) -> Simulation:
    """A network in this process, of so many members (member-01, ...) or of these names.

    `trainer` is the members' own program for studies of weights.
    """
    names = [f"member-{n:02}" for n in range(1, members + 1)] if isinstance(members, int) else list(members)
    if not names:
        raise LedgerError("a network has at least one member")
    for name in names:
        if not is_name(name) or names.count(name) > 1:
            raise LedgerError(f"{name!r} is no name, or stands twice: 1 to 32 of a-z, 0-9 and -")
    return Simulation(names, trainer)
