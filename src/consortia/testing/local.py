"""Workers and nodes in one process: a door onto a bench, without sockets, clocks or disks of a node."""

from collections.abc import Callable, Mapping
from pathlib import Path

from consortia.base.codec import R, Record
from consortia.engines.commit.chunks import blob_id
from consortia.engines.train import recipe
from consortia.engines.train.files import DataError
from consortia.engines.train.schema import Schema
from consortia.engines.train.table import Table
from consortia.kernel.block import OK
from consortia.modules.training import rules
from consortia.modules.training.messages import Availability
from consortia.modules.training.types import Deadlines, Terms
from consortia.testing.machine import Bench
from consortia.workers.arithmetic import BadRound, Summing, check_update, plans
from consortia.workers.diary import Diary
from consortia.workers.door import DoorClosed
from consortia.workers.report import Report, Tell, nobody
from consortia.workers.terms import OPEN, Private, Wanted
from consortia.workers.terms import terms_of as workers_terms_of
from consortia.workers.worker import Worker

TICK_MILLISECONDS = 250


class LocalNet:
    """A bench, the blobs that all its nodes share, and the members whose nodes are away."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.blobs: dict[bytes, bytes] = {}
        self.away: set[str] = set()
        self.refused: list[tuple[str, str]] = []
        self.lag = 0
        self.reports: list[tuple[str, Report]] = []

    def teller(self, member: str) -> Tell:
        """Collects the reports of a member's worker."""
        return lambda report: self.reports.append((member, report))

    def said(self, member: str, kind: str) -> list[Report]:
        """What a member's worker reported of a kind."""
        return [report for name, report in self.reports if name == member and report.kind == kind]

    def drive(self, workers: Mapping[str, Worker], until: Callable[[], bool], turns: int = 10_000) -> None:
        """Let the workers work in turn until told; time goes on where none has anything to do."""
        for _ in range(turns):
            done = False
            for worker in list(workers.values()):
                if until():
                    return
                done |= worker.work()
            if not done:
                self.bench.time += TICK_MILLISECONDS
        raise AssertionError("the workers came to no end")


class LocalDoor:
    """The door of one member's worker onto a bench."""

    def __init__(self, net: LocalNet, member: str) -> None:
        self.net = net
        self._member = member

    @property
    def member(self) -> str:
        """The member whose worker this is."""
        return self._member

    def query(self, name: str, arguments: Record, kind: type[R]) -> R:
        """The answer of the bench."""
        self._knock()
        answer = self.net.bench.query(name, arguments)
        if not isinstance(answer, kind):
            raise TypeError(f"{name} answers with {type(answer).__name__}")
        return answer

    def submit(self, *messages: Record) -> str:
        """A block of one transaction."""
        self._knock()
        bench = self.net.bench
        raw = bench.sign(self._member, "worker", *messages)
        code = bench.admission_code(raw)
        return bench.block(raw)[0].code if code == OK else code

    def put_blob(self, data: bytes) -> bytes:
        """Keep bytes for all nodes."""
        self._knock()
        address = blob_id(data)
        self.net.blobs[address] = data
        return address

    def get_blob(self, blob: bytes) -> bytes:
        """The bytes that any node put here."""
        self._knock()
        if blob not in self.net.blobs:
            raise DoorClosed(f"nobody has blob {blob.hex()[:16]}")
        return self.net.blobs[blob]

    def collect_availability(
        self, study: bytes, round_id: bytes, blob: bytes, size: int
    ) -> tuple[Availability, ...]:
        """Signatures of every node that is not away, if the blob keeps the round's terms."""
        self._knock()
        bench = self.net.bench
        view = bench.query("training.study", study=study)
        this = bench.query("training.round", study=study, index=view.progress.index, attempt=None).round
        known = plans(view.study.terms)
        state = known.plan.initial if this.index == 0 else self.net.blobs[this.state]
        records = next(part.part.records for part in view.parts if part.member == self._member)
        try:
            check_update(known, this, state, self.net.blobs[blob], records)
        except BadRound as error:
            self.net.refused.append((self._member, str(error)))
            return ()
        signed = rules.availability(bench.network, study, round_id, member=self._member, blob=blob, size=size)
        return tuple(
            Availability(name, bench.key(name, "node").sign(signed))
            for name in this.members
            if name not in self.net.away
        )

    def final_height(self) -> int:
        """The bench's tip, less the net's lag."""
        self._knock()
        return self.net.bench.tip.height - self.net.lag

    def now(self) -> int:
        """The bench's time."""
        return self.net.bench.time

    def wait(self, seconds: float) -> None:
        """Let the bench's time go on."""
        self.net.bench.time += int(seconds * 1000)

    def _knock(self) -> None:
        if self._member in self.net.away:
            raise DoorClosed(f"the node of {self._member} is away")


class HeldTable:
    """A member's data as one table in memory."""

    def __init__(self, table: Table) -> None:
        self.held = table

    def table(self, dataset: bytes, version: int, schema: Schema) -> Table:
        """The table, if it is of this schema."""
        if schema != self.held.schema:
            raise DataError(f"{self.held.name}: read under another schema than the study's.")
        return self.held

    def mismatches(self, dataset: bytes, version: int, schema: Schema) -> list[str]:
        """One line where the schema is another one."""
        return [] if schema == self.held.schema else [f"{self.held.name}: another schema than the study's."]


def worker_of(
    net: LocalNet,
    member: str,
    table: Table,
    folder: Path,
    *,
    kind: type[Worker] = Worker,
    tell: Tell = nobody,
) -> Worker:
    """A member's worker, with its diary in a folder of its own."""
    return kind(LocalDoor(net, member), HeldTable(table), Diary(folder / member), tell=tell)


def terms_of(
    name: str,
    schema: Schema,
    *,
    recipe_name: str = "glm.logistic",
    quorum: int = 3,
    summing: Summing = OPEN,
    private: Private | None = None,
    seconds: int = 30,
    **parameters: int,
) -> tuple[Terms, bytes]:
    """The terms of a study of a recipe, and the initial state's bytes; a step may take so many seconds."""
    deadlines = Deadlines(600_000, 2_000 * seconds, 1_000 * seconds)
    wanted = Wanted(
        name, f"A study of {name}", "DUO:0000007", deadlines, quorum=quorum, summing=summing, private=private
    )
    return workers_terms_of(recipe(recipe_name), parameters, schema, wanted)
