"""A worker killed at any moment resumes, and never offers two updates for one round."""

import pytest

from consortia.base.codec import Record
from consortia.engines.train.table import Table
from consortia.testing.local import HeldTable, LocalDoor, LocalNet, worker_of
from consortia.testing.studies import MEMBERS
from consortia.workers.diary import Diary
from consortia.workers.terms import MASKED, OPEN
from consortia.workers.worker import Worker
from tests.workers.four import SCHEMA, Apart, Consortium


class Killed(BaseException):
    """As kill -9: nothing after it runs."""


class MortalDoor(LocalDoor):
    """A door at whose `fatal`-th use the worker dies, before or after the node did what was asked."""

    def __init__(self, net: LocalNet, member: str, fatal: int, *, after: bool) -> None:
        super().__init__(net, member)
        self.left = fatal
        self.after = after

    def _die(self) -> bool:
        self.left -= 1
        return self.left == 0

    def submit(self, *messages: Record) -> str:
        dies = self._die()
        if dies and not self.after:
            raise Killed
        code = super().submit(*messages)
        if dies:
            raise Killed
        return code

    def put_blob(self, data: bytes) -> bytes:
        if self._die():
            raise Killed
        return super().put_blob(data)

    def get_blob(self, blob: bytes) -> bytes:
        if self._die():
            raise Killed
        return super().get_blob(blob)


@pytest.mark.parametrize("summing", [OPEN, MASKED], ids=["open", "masked"])
@pytest.mark.parametrize("after", [False, True])
def test_a_worker_killed_anywhere_resumes_and_never_submits_two_updates(tmp_path, programme, after, summing):
    points = range(1, 40, programme(quick=13, test=3, nightly=1))
    for point in points:
        four = Consortium(tmp_path / str(point), rounds=1, summing=summing).join().start()
        door = MortalDoor(four.net, "west", point, after=after)
        west = Worker(door, HeldTable(four.tables["west"]), Diary(four.folder / "west"))
        four.workers["west"] = west
        work = west.work

        def mortal(work=work, four=four):
            try:
                return work()
            except Killed:
                four.workers["west"] = four.worker("west")
                return True

        west.work = mortal
        four.finish()
        assert four.progress.status == "finished"
        assert four.model() == four.expected(*MEMBERS), f"killed at {point}"
        assert all("west" in this.cohort for this in four.rounds())


def test_a_worker_that_lost_its_diary_opens_what_it_had_committed_to(tmp_path):
    four = Consortium(tmp_path, rounds=1, kinds=dict.fromkeys(MEMBERS, Apart)).join().start()
    four.net.drive(four.workers, lambda: four.rounds()[0].step == "open")
    assert four.rounds()[0].status == "open"
    four.workers = {"west": worker_of(four.net, "west", four.tables["west"], tmp_path / "elsewhere")}
    four.net.drive(four.workers, lambda: four.progress.index == 1)
    assert four.rounds()[0].status == "final"


def test_a_worker_that_lost_its_diary_computes_again_the_states_that_its_node_lost_too(tmp_path):
    four = Consortium(tmp_path, rounds=3).join().start()
    four.net.drive(four.workers, lambda: four.progress.index == 2)
    lost = [this.outcome.state for this in four.rounds() if this.outcome]
    assert all(four.net.blobs.pop(blob) for blob in lost)
    for name in MEMBERS:
        four.workers[name] = four.worker(name)
    four.finish()
    assert four.model() == four.expected(*MEMBERS)
    assert set(lost[-1:]) <= set(four.net.blobs)


def test_the_last_state_is_computed_again_where_every_worker_died_before_it_kept_it(tmp_path):
    four = Consortium(tmp_path, rounds=2).join().start()
    four.net.drive(four.workers, lambda: four.progress.index == 2)
    del four.net.blobs[four.progress.state]
    for name in MEMBERS:
        (four.folder / name / four.study.hex() / "state-2").unlink()
        four.workers[name] = four.worker(name)
    four.finish()
    assert four.progress.status == "finished"
    assert four.model() == four.expected(*MEMBERS)


def test_an_update_that_its_node_lost_is_made_again_only_if_it_is_the_very_same(tmp_path):
    four = Consortium(tmp_path, rounds=1, summing=OPEN).join().start()
    data = Restless(four.tables["west"])
    west = four.workers["west"] = Worker(LocalDoor(four.net, "west"), data, Diary(tmp_path / "west"))
    west.tell = four.net.teller("west")
    four.net.away |= {"north", "east"}
    four.net.drive({"west": west}, lambda: bool(four.net.said("west", "waits")))
    four.net.blobs.clear()
    four.net.away.clear()
    four.net.drive({"west": west}, lambda: len(four.net.said("west", "waits")) > 1)
    assert "is lost" in four.net.said("west", "waits")[-1].detail
    assert not four.net.said("west", "submitted")


class Restless(HeldTable):
    """Records that give another update each time they are read."""

    def table(self, dataset, version, schema):
        self.held = Table("west", SCHEMA, self.held.numbers + 0.001, self.held.labels)
        return self.held


@pytest.mark.parametrize("summing", [OPEN, MASKED], ids=["open", "masked"])
def test_a_worker_killed_over_and_over_offers_one_update_a_round_though_it_would_compute_another(
    tmp_path, summing
):
    four = Consortium(tmp_path, rounds=2, summing=summing).join().start()
    offered: dict[bytes, set[bytes]] = {}
    data = Restless(four.tables["west"])

    class Watched(MortalDoor):
        def collect_availability(self, study, round_id, blob, size):
            offered.setdefault(round_id, set()).add(blob)
            if self._die():
                raise Killed
            return super().collect_availability(study, round_id, blob, size)

    def reborn(lives: int) -> Worker:
        worker = Worker(Watched(four.net, "west", lives, after=False), data, Diary(tmp_path / "west"))
        work = worker.work

        def mortal() -> bool:
            try:
                return work()
            except Killed:
                four.workers["west"] = reborn(lives + 1)
                return True

        worker.work = mortal
        return worker

    four.workers["west"] = reborn(1)
    four.finish()
    assert four.progress.status == "finished"
    assert [len(blobs) for blobs in offered.values()] == [1, 1, 1]
