"""What a member keeps at home: it moves on with each round that counts its update, and with no other."""

import numpy as np
import pytest

from consortia.base.codec import decode_record
from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.engines.train.mlp import MlpState, unpacked
from consortia.testing.faults import StallingWorker
from consortia.workers.arithmetic import Own, Summing, contribute
from consortia.workers.diary import Diary
from consortia.workers.worker import Worker
from tests.workers.four import Consortium

PARAMETERS = {"rounds": 4, "hidden": 3}
STUDY = b"\x01" * 32


class SeenHome(Worker):
    """Notes what it would keep at home after each round."""

    kept: dict[str, dict[int, bytes]]

    def update(self, view, this, part):
        blob = super().update(view, this, part)
        self.kept.setdefault(self.door.member, {})[this.index] = self.diary.home(this.study, this.index)
        return blob


class Stalling(SeenHome, StallingWorker):
    """Stalls in one round alone."""

    def submit(self, task, view, seen):
        return task.index != 2 and SeenHome.submit(self, task, view, seen)


def consortium(folder, mode="open", **kinds):
    SeenHome.kept = {}
    kinds = {name: kinds.get(name, SeenHome) for name in ("north", "east", "south", "west")}
    return Consortium(folder, kinds=kinds, recipe_name="mlp.scaffold", summing=Summing(mode), **PARAMETERS)


@pytest.mark.parametrize("mode", ["open", "masked"])
def test_workers_train_the_model_that_one_process_gives(tmp_path, mode):
    four = consortium(tmp_path, mode).join().start().finish()
    assert four.progress.status == "finished"
    assert four.model() == train(recipe("mlp.scaffold"), PARAMETERS, four.tables).model


def test_the_servers_control_is_the_mean_of_what_stays_at_home_whoever_was_away(tmp_path):
    four = consortium(tmp_path, west=Stalling).join().start()
    four.net.drive(four.workers, lambda: four.progress.index == 4 or four.progress.status != "running")
    rounds = four.rounds()
    assert [this.missing for this in rounds if this.outcome] == [(), (), ("west",), ()]
    state = decode_record(MlpState, four.net.blobs[rounds[3].outcome.state])
    homes = {name: kept[3] for name, kept in SeenHome.kept.items()}
    assert [index for index in SeenHome.kept["west"] if index < 4] == [0, 1, 3]
    mean = sum(unpacked(home) for home in homes.values()) / 4
    assert np.abs(mean).max() > 1 << 10
    assert np.abs(unpacked(state.first) - mean).max() <= 16


def test_a_worker_that_starts_anew_finds_what_it_kept(tmp_path):
    four = consortium(tmp_path).join().start()
    four.net.drive(four.workers, lambda: four.progress.index == 3)
    four.workers = {name: four.worker(name) for name in four.workers}
    four.finish()
    assert four.model() == train(recipe("mlp.scaffold"), PARAMETERS, four.tables).model


def test_what_is_kept_of_rounds_long_past_is_let_go(tmp_path):
    diary = Diary(tmp_path)
    assert diary.homes(STUDY, 9) == []
    diary.keep_home(STUDY, 2, b"two")
    diary.keep_home(STUDY, 10, b"ten")
    assert diary.homes(STUDY, 11) == [10, 2]
    assert diary.homes(STUDY, 10) == [2]
    diary.forget_homes(STUDY, 10)
    assert diary.home(STUDY, 2) == b""
    assert diary.home(STUDY, 10) == b"ten"


@pytest.mark.parametrize("name", ["glm.logistic", "mlp.fedavg"])
def test_recipes_that_keep_nothing_give_back_what_they_got(tmp_path, name):
    four = Consortium(tmp_path, recipe_name=name, rounds=1)
    view = four.bench.query("training.study", study=four.study)
    worker = four.workers["north"]
    known = worker.states.plans(view.study)
    four.join().start()
    this = four.bench.query("training.round", study=four.study, index=0, attempt=None).round
    assert contribute(known, this, known.plan.initial, four.tables["north"], Own(b"kept"))[1] == b"kept"
