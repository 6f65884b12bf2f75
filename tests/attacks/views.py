"""An orderer that shows different members different histories, each under checkpoints that may be final."""

from collections.abc import Iterable

from consortia.base.note import parse_note
from consortia.kernel.checkpoint import NotFinal, check_final
from consortia.testing.local import LocalDoor, LocalNet
from consortia.testing.machine import Bench
from consortia.workers.worker import Worker
from tests.workers.four import Consortium


class View(LocalNet):
    """A history that goes its own way, with those who cosign it: who follows it, and whoever lies."""

    def __init__(self, bench: Bench, cosigners: Iterable[str]) -> None:
        """Fork a ledger at its tip; the histories so far are one, and final."""
        super().__init__(twin(bench))
        self.forked_at = self.bench.tip.height
        self.cosigners = tuple(cosigners)

    def final_height(self) -> int:
        """The newest block, if its checkpoint with these cosignatures is final, or where it was forked."""
        bench = self.bench
        signers = {name: bench.key(name, "node") for name in self.cosigners}
        members = bench.app.keys.member_set(bench.context())
        try:
            check_final(parse_note(bench.checkpoint(signers=signers)), bench.network, members)
        except NotFinal:
            return self.forked_at
        return bench.tip.height


class ViewDoor(LocalDoor):
    """A member's door onto one view."""

    def final_height(self) -> int:
        """What the view's cosignatures make final."""
        return self.net.final_height()


class Side(View):
    """A view of four members' training, with the blobs and reports that there are."""

    def __init__(self, four: Consortium, cosigners: Iterable[str]) -> None:
        """Fork the consortium's ledger at its tip."""
        super().__init__(four.bench, cosigners)
        self.blobs, self.reports = four.net.blobs, four.net.reports


def twin(bench: Bench) -> Bench:
    """The same network with the same history, block by block."""
    other = Bench(tuple(bench.parties))
    for block in bench.blocks:
        other.time = block.time
        other.block(*block.transactions)
    other.time = bench.time
    return other


def show(worker: Worker, side: Side) -> Worker:
    """Let a worker see one side from now on."""
    door = ViewDoor(side, worker.door.member)
    worker.door = worker.masks._door = worker.states._door = door
    return worker


def work(side: Side, workers: Iterable[Worker], turns: int = 300) -> None:
    """Let workers work on a side as long as there is something to do, and some time beyond its deadlines."""
    shown = [show(worker, side) for worker in workers]
    for _ in range(turns):
        done = [worker.work() for worker in shown]
        if not any(done):
            side.bench.time += 1_000
