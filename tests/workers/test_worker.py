"""Workers train together on the real machine: whole studies, and what failing and cheating lead to."""

import numpy as np
import pytest

from consortia.base.codec import Record
from consortia.engines.commit.chunks import blob_id
from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.splits import wisconsin_hospitals
from consortia.engines.train.table import Table
from consortia.modules.training.messages import Propose, Start
from consortia.testing.faults import InflatingWorker, LyingWorker, StallingWorker, TwistingWorker
from consortia.testing.local import HeldTable, LocalDoor, LocalNet, terms_of, worker_of
from consortia.testing.machine import Bench
from consortia.testing.studies import MEMBERS, dataset
from consortia.workers import CannotJoin, Diary, DoorClosed, Worker, run
from consortia.workers.worker import Refused

SCHEMA = Schema((number("age"), number("dose")), Label("ill", ("no", "yes"), 0))


def small(member: str) -> Table:
    """Ten records of two columns, different at every member."""
    numbers = np.random.default_rng(MEMBERS.index(member)).normal(size=(10, 2))
    return Table(member, SCHEMA, numbers, (numbers.sum(axis=1) > 0).astype(np.float64))


class Consortium:
    """Four members with their workers, and a study of them all."""

    def __init__(self, folder, tables=None, kinds=None, **parameters) -> None:
        self.tables = {name: small(name) for name in MEMBERS} if tables is None else tables
        schema = next(iter(self.tables.values())).schema
        self.bench = Bench(4)
        self.net = LocalNet(self.bench)
        self.folder = folder
        kinds = kinds or {}
        self.workers = {name: self.worker(name, kinds.get(name, Worker)) for name in MEMBERS}
        self.parameters = parameters
        terms, _ = terms_of("diagnosis", schema, **parameters)
        self.bench.ok("north", "analyst", Propose(terms))
        self.study = self.bench.query("training.find", proposer="north", name="diagnosis").study

    def worker(self, name: str, kind=Worker) -> Worker:
        table, tell = self.tables[name], self.net.teller(name)
        return worker_of(self.net, name, table, self.folder, kind=kind, tell=tell)

    def join(self, *names: str) -> "Consortium":
        for name in names or MEMBERS:
            data = dataset_of(self.bench, name, self.tables[name].records)
            self.workers[name].join(self.study, data, 1)
        return self

    def start(self) -> "Consortium":
        self.bench.ok("north", "analyst", Start(self.study))
        return self

    @property
    def progress(self):
        return self.bench.query("training.study", study=self.study).progress

    def rounds(self):
        return self.bench.query("training.rounds", study=self.study, first=0, limit=100).rounds

    def finish(self) -> "Consortium":
        self.net.drive(self.workers, lambda: self.progress.status in {"finished", "aborted"})
        return self

    def model(self) -> bytes:
        return self.net.blobs[self.progress.state]

    def expected(self, *names: str) -> bytes:
        parameters = {name: value for name, value in self.parameters.items() if type(value) is int}
        return train(recipe("glm.logistic"), parameters, {name: self.tables[name] for name in names}).model


def dataset_of(bench: Bench, member: str, records: int) -> bytes:
    from consortia.base.hashing import tagged
    from consortia.modules.assets.messages import Register

    commitment = tagged("consortia/testing", f"rows of {member}".encode())
    message = Register("rows", "dataset", "Rows", "batch", commitment, records, None, None, (), None)
    return bench.ok(member, "operator", message).events[0].body["asset"]


@pytest.fixture
def four(tmp_path) -> Consortium:
    return Consortium(tmp_path, rounds=2).join().start()


def test_four_hospitals_train_the_shipped_data_to_the_model_that_one_process_gives(tmp_path):
    split = wisconsin_hospitals()
    tables = dict(zip(MEMBERS, split.tables.values(), strict=True))
    four = Consortium(tmp_path, tables, rounds=4).join().start().finish()
    assert four.progress.status == "finished"
    assert four.model() == four.expected(*MEMBERS)
    assert [this.differing for this in four.rounds()] == [()] * 5
    asset = four.bench.query("assets.asset", asset=four.progress.model)
    assert asset.version.commitment == blob_id(four.model())
    assert asset.version.count == sum(table.records for table in tables.values())


def test_a_round_takes_one_update_and_one_commitment_a_member_and_one_opening(four):
    before = four.bench.tip.height
    four.finish()
    assert four.bench.tip.height - before == 3 * (4 + 4 + 1) + 1
    assert len(four.net.said("north", "submitted")) == 3


def test_a_member_that_vanishes_is_counted_out_and_comes_back(four):
    gone = four.workers.pop("west")
    four.net.drive(four.workers, lambda: four.progress.index == 1)
    four.workers["west"] = gone
    four.finish()
    first, *later = four.rounds()
    assert first.missing == ("west",)
    assert all(this.cohort == tuple(sorted(MEMBERS)) for this in later)
    assert four.progress.status == "finished"


def test_two_that_vanish_stop_the_study_and_are_named(four):
    del four.workers["west"], four.workers["south"]
    four.finish()
    assert four.progress.status == "aborted"
    assert [this.missing for this in four.rounds()] == [("south", "west")] * 4


def test_a_false_result_is_caught_and_named_and_the_study_goes_on(tmp_path):
    four = Consortium(tmp_path, kinds={"west": LyingWorker}, rounds=2).join().start().finish()
    assert [this.differing for this in four.rounds()] == [(), ("west",), ()]
    assert four.progress.status == "finished"
    assert four.model() == four.expected(*MEMBERS)


def test_two_false_results_of_four_are_disputed(tmp_path):
    liars = {"west": LyingWorker, "south": LyingWorker}
    four = Consortium(tmp_path, kinds=liars, rounds=2).join().start().finish()
    assert four.progress.status == "aborted"
    assert four.rounds()[-1].status == "disputed"


def test_a_worker_that_stalls_is_left_out_of_the_sum(tmp_path):
    four = Consortium(tmp_path, kinds={"west": StallingWorker}, rounds=2).join().start().finish()
    assert [this.missing for this in four.rounds()] == [(), ("west",), ("west",)]
    assert four.progress.status == "finished"


def test_an_update_beyond_the_clip_is_held_by_nobody(tmp_path):
    four = Consortium(tmp_path, kinds={"west": TwistingWorker}, rounds=1).join().start().finish()
    assert {this.missing for this in four.rounds()} == {("west",)}
    assert four.net.said("west", "waits")[0].detail == "0 nodes hold the update, 3 are needed"


def test_an_update_that_its_records_cannot_give_is_held_by_nobody(tmp_path):
    four = Consortium(tmp_path, kinds={"west": InflatingWorker}, rounds=1).join().start().finish()
    assert {this.missing for this in four.rounds()} == {("west",)}
    assert four.net.refused[0][0] == "west"
    assert four.progress.status == "finished"


def test_workers_act_only_under_a_final_checkpoint(four):
    four.net.lag = 1
    assert [worker.work() for worker in four.workers.values()] == [False] * 4
    four.net.lag = 0
    assert [worker.work() for worker in four.workers.values()] == [True] * 4


def test_a_worker_waits_while_too_few_nodes_hold_its_update(four):
    four.net.away = {"south", "west"}
    assert not four.workers["north"].work()
    assert four.net.said("north", "waits")[0].detail == "2 nodes hold the update, 3 are needed"
    four.net.away = set()
    assert four.finish().progress.status == "finished"


def test_every_mismatch_is_listed_before_anything_is_signed(tmp_path):
    four = Consortium(tmp_path, rounds=1)
    other = Schema((number("age"),), Label("ill", ("no", "yes"), 0))
    stranger = Worker(
        LocalDoor(four.net, "west"),
        HeldTable(Table("west", other, np.zeros((2, 1)), np.zeros(2))),
        Diary(tmp_path),
    )
    height = four.bench.tip.height
    with pytest.raises(CannotJoin, match="another schema") as caught:
        stranger.join(four.study, bytes(32), 1)
    assert len(caught.value.mismatches) == 1
    assert four.bench.tip.height == height


def test_a_refused_join_says_its_code(tmp_path):
    four = Consortium(tmp_path, rounds=1)
    with pytest.raises(Refused, match=r"training\.unknown_dataset"):
        four.workers["west"].join(four.study, bytes(32), 1)


def test_a_worker_with_consent_joins_by_itself_and_all_start_when_the_time_is_over(tmp_path):
    four = Consortium(tmp_path, rounds=1)
    for name, worker in four.workers.items():
        held = dataset(four.bench, name)
        worker.consent = lambda study, held=held: (held, 1) if study.terms.name == "diagnosis" else None
    four.finish()
    assert four.progress.status == "finished"
    assert len(four.progress.contributors) == 4


def test_a_worker_that_lost_its_diary_recomputes_the_rounds_it_missed(four):
    four.net.drive(four.workers, lambda: four.progress.index == 2)
    four.workers["west"] = worker_of(four.net, "west", four.tables["west"], four.folder / "elsewhere")
    four.finish()
    assert all(this.cohort == tuple(sorted(MEMBERS)) for this in four.rounds())


def test_a_worker_stops_when_its_records_are_not_those_it_joined_with(four):
    four.workers["west"].data = HeldTable(four.tables["west"].take(range(9)))
    four.finish()
    assert four.net.said("west", "stopped")[0].detail == "joined with 10 records, the data set has 9"
    assert four.progress.contributors == ("east", "north", "south")


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

    def submit(self, message: Record) -> str:
        dies = self._die()
        if dies and not self.after:
            raise Killed
        code = super().submit(message)
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


@pytest.mark.parametrize("after", [False, True])
def test_a_worker_killed_anywhere_resumes_and_never_submits_two_updates(tmp_path, programme, after):
    points = range(1, 40, programme(quick=13, test=3, nightly=1))
    for point in points:
        four = Consortium(tmp_path / str(point), rounds=1).join().start()
        west = four.workers["west"]
        west.door = MortalDoor(four.net, "west", point, after=after)
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


class Restless(HeldTable):
    """Records that give another update each time they are read."""

    def table(self, dataset, version, schema):
        self.held = Table("west", SCHEMA, self.held.numbers + 0.001, self.held.labels)
        return self.held


def test_a_worker_killed_over_and_over_offers_one_update_a_round_even_if_it_would_compute_another(tmp_path):
    four = Consortium(tmp_path, rounds=2).join().start()
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


def test_the_loop_outlives_a_node_that_is_away(four):
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            four.net.away = set()

    four.net.away = {"north"}
    count = iter(range(6))
    run(four.workers["north"], lambda: next(count, None) is None, nap)
    assert naps == [0.2, 0.5, 1.0]
    assert four.net.said("north", "submitted")


def test_nothing_is_kept_of_a_study_that_is_over(four):
    four.finish()
    for worker in four.workers.values():
        worker.work()
        assert worker.diary.studies() == []


def test_a_door_that_closes_in_mid_task_holds_up_no_other_study(four):
    west = four.workers["west"]
    four.net.drive(four.workers, lambda: four.rounds()[0].step == "commit")
    lost = four.net.blobs.copy()
    four.net.blobs.clear()
    assert not west.work()
    assert "nobody has blob" in four.net.said("west", "waits")[0].detail
    four.net.blobs.update(lost)
    four.net.away = {"west"}
    with pytest.raises(DoorClosed):
        west.work()
    four.net.away = set()
    assert four.finish().progress.status == "finished"
