"""Workers train together on the real machine: whole studies, and what failing and cheating lead to."""

import numpy as np
import pytest
from msgspec.structs import replace

from consortia.engines.commit.chunks import blob_id
from consortia.engines.train.files import CellError
from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.splits import wisconsin_hospitals
from consortia.engines.train.table import Table
from consortia.modules.training.messages import Join, Propose, Start
from consortia.testing.faults import InflatingWorker, LyingWorker, StallingWorker, TwistingWorker
from consortia.testing.local import HeldTable, LocalDoor, terms_of, worker_of
from consortia.testing.studies import MEMBERS, dataset
from consortia.workers.diary import Diary
from consortia.workers.door import DoorClosed
from consortia.workers.errors import CannotJoin, Refused
from consortia.workers.loop import run
from consortia.workers.worker import AFTERWARDS_MILLISECONDS, Worker
from tests.workers.four import SCHEMA, Apart, Behind, Consortium, Hasty


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


def test_a_round_takes_one_update_and_one_commitment_a_member_and_the_last_opens_with_its_own(four):
    before = four.bench.tip.height
    four.finish()
    assert four.bench.tip.height - before == 3 * (4 + 4) + 1
    assert len(four.net.said("north", "submitted")) == 3
    opened = [len(four.net.said(name, "opened")) for name in MEMBERS]
    assert sum(opened) == 3


@pytest.mark.parametrize("kind", [Apart, Behind, Hasty])
def test_a_commitment_goes_alone_where_others_are_awaited(tmp_path, kind):
    four = Consortium(tmp_path, rounds=1, kinds=dict.fromkeys(MEMBERS, kind)).join().start().finish()
    assert four.progress.status == "finished", four.progress.reason
    assert four.model() == four.expected(*MEMBERS)
    assert [len(four.net.said(name, "committed")) for name in MEMBERS] == [2] * 4
    assert sum(len(four.net.said(name, "opened")) for name in MEMBERS) == 2


def test_a_worker_waits_no_longer_than_to_what_the_clock_makes_due(four):
    north = four.workers["north"]
    north.work()
    assert north.patience() == 1.0  # the deadline of the step lies hours ahead
    deadline = four.rounds()[0].deadline
    four.net.bench.time = deadline - 400
    north.work()
    assert north.patience() == 0.4
    four.net.bench.time = deadline
    assert north.patience() == 0.0


def test_a_member_that_vanishes_is_counted_out_and_comes_back(four):
    gone = four.workers.pop("west")
    four.net.drive(four.workers, lambda: four.progress.index == 1)
    four.workers["west"] = gone
    four.finish()
    first, *later = four.rounds()
    assert first.missing == ("west",)
    assert later[-1].cohort == tuple(sorted(MEMBERS))
    assert four.progress.status == "finished"


def test_a_worker_tells_no_cell_of_its_records(four):
    """A cell that does not fit, as after a join by another program: its place is told, and no more."""

    class Damaged:
        def table(self, dataset, version, schema):
            raise CellError('rows, row 3, column "age"', '"Maria Huber" is not a number')

        def mismatches(self, dataset, version, schema):
            return ["rows: Maria Huber is not a number"]

    west = four.workers["west"]
    west.data, told = Damaged(), []
    west.tell = told.append
    four.net.drive(four.workers, lambda: any(one.kind == "waits" for one in told))
    with pytest.raises(CannotJoin, match="Maria Huber") as caught:
        west.join(four.study, four.rounds()[0].id, 1)
    lines = [one.detail for one in told] + [caught.value.told]
    assert any("row 3" in line for line in lines)
    assert not any("Huber" in line for line in lines)


def test_nobody_waits_twice_for_a_member_that_stays_away(four):
    del four.workers["west"]
    four.finish()
    assert [this.cohort for this in four.rounds()] == [("east", "north", "south")] * 3
    assert sum(len(four.net.said(name, "closed")) for name in MEMBERS) == 1


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


def test_terms_of_another_software_are_not_joined_and_not_worked_on(tmp_path):
    four = Consortium(tmp_path, rounds=1)
    terms, _ = terms_of("other", SCHEMA, rounds=1)
    other = replace(terms, recipe=replace(terms.recipe, digest=bytes(32)))
    four.bench.ok("north", "analyst", Propose(other))
    study = four.bench.query("training.find", proposer="north", name="other").study
    with pytest.raises(CannotJoin, match=r"another version of glm\.logistic"):
        four.workers["west"].join(study, bytes(32), 1)
    for name in MEMBERS:
        four.bench.ok(name, "operator", Join(study, dataset(four.bench, name), 1, 10))
    four.bench.ok("north", "analyst", Start(study))
    four.net.drive(four.workers, lambda: len(four.net.said("west", "stopped")) == 1)
    assert "another version of glm.logistic" in four.net.said("west", "stopped")[0].detail


def test_a_worker_without_fitting_data_does_not_join_by_itself(tmp_path):
    four = Consortium(tmp_path, rounds=1)
    west = four.workers["west"]
    assert not west.work()
    west.data = HeldTable(
        Table("west", Schema((number("age"),), SCHEMA.label), np.zeros((2, 1)), np.zeros(2))
    )
    west.consent = lambda study: (bytes(32), 1)
    assert west.work()
    assert "do not fit the study's schema (1 reasons)" in four.net.said("west", "stopped")[0].detail


def test_a_worker_goes_no_further_on_a_result_that_is_not_its_own(tmp_path):
    liars = dict.fromkeys(("north", "east", "south"), LyingWorker)
    four = Consortium(tmp_path, kinds=liars, rounds=2).join().start().finish()
    assert four.rounds()[1].differing == ("west",)
    assert "is not this worker's own" in four.net.said("west", "stopped")[0].detail
    assert four.progress.status == "aborted"


def test_a_study_may_start_from_a_model_and_names_it_as_a_parent(tmp_path):
    four = Consortium(tmp_path, rounds=1)
    model = dataset(four.bench, "north", kind="model")
    terms, initial = terms_of("onward", SCHEMA, rounds=1)
    four.bench.ok("north", "analyst", Propose(replace(terms, model=model)))
    four.study = four.bench.query("training.find", proposer="north", name="onward").study
    four.net.blobs[terms.initial] = initial
    four.join().start().finish()
    parents = four.bench.query("assets.asset", asset=four.progress.model).asset.parents
    assert model in {parent.asset for parent in parents}
    assert len(parents) == 5


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


def test_a_worker_that_was_away_at_the_end_recomputes_the_model_before_it_lets_go(four):
    four.net.drive(four.workers, lambda: four.progress.index == 1)
    west = four.workers.pop("west")
    four.finish()
    held = four.net.blobs.copy()
    four.net.blobs.clear()
    west.work()
    assert west.diary.studies() == [four.study]
    assert "nobody has blob" in four.net.said("west", "waits")[-1].detail
    four.net.blobs.update({blob: data for blob, data in held.items() if blob != four.progress.state})
    four.bench.time += AFTERWARDS_MILLISECONDS
    west.work()
    assert west.diary.studies() == []
    assert four.net.blobs[four.progress.state] == held[four.progress.state]


def test_a_worker_that_was_away_from_its_joining_to_the_end_recomputes_the_model_too(four):
    del four.workers["west"]
    four.finish()
    assert four.progress.status == "finished"
    model = four.net.blobs.pop(four.progress.state)
    west = four.worker("west")
    assert west.diary.studies() == [four.study]
    west.work()
    assert west.diary.studies() == []
    assert four.model() == model


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
