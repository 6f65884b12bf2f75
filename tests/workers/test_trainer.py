"""Studies of weights on the ledger: each member's worker trains with the program that its member named."""

import numpy as np
import pytest

from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.engines.train.weights import weights_of
from consortia.workers.arithmetic import Summing
from consortia.workers.errors import CannotJoin
from tests.engines.learners import Failing, Logistic
from tests.workers.four import Consortium, dataset_of


class Larger(Logistic):
    """Has three weights more than the study."""

    def weights_out(self):
        return [*self.weights, np.zeros(3)]


class Broken(Logistic):
    """Cannot even begin."""

    def __init__(self, records):
        raise OSError("no disk")


def consortium(folder, mode="open"):
    four = Consortium(folder, recipe_name="weights.fedavg", summing=Summing(mode), rounds=3)
    for worker in four.workers.values():
        worker.trainer = Logistic
    return four


@pytest.mark.parametrize("mode", ["open", "masked"])
def test_workers_train_the_weights_that_one_process_gives(tmp_path, mode):
    four = consortium(tmp_path, mode).join().start().finish()
    assert four.progress.status == "finished"
    programs = dict.fromkeys(four.tables, Logistic)
    assert four.model() == train(recipe("weights.fedavg"), {"rounds": 3}, four.tables, programs).model
    assert np.abs(weights_of(four.model())).max() > 0.1


def test_a_member_without_a_program_cannot_join(tmp_path):
    four = consortium(tmp_path)
    four.workers["west"].trainer = None
    data = dataset_of(four.bench, "west", 10)
    with pytest.raises(CannotJoin, match="trainer = module:name"):
        four.workers["west"].join(four.study, data, 1)


@pytest.mark.parametrize(
    ("program", "why"),
    [(Larger, "the trainer has 6 weights, the study has 3"), (Broken, "fails over west: OSError: no disk")],
)
def test_a_member_whose_program_does_not_fit_cannot_join(tmp_path, program, why):
    four = consortium(tmp_path)
    four.workers["west"].trainer = program
    data = dataset_of(four.bench, "west", 10)
    with pytest.raises(CannotJoin, match=why):
        four.workers["west"].join(four.study, data, 1)


def test_a_program_that_fails_leaves_its_member_out_of_the_sum(tmp_path):
    four = consortium(tmp_path).join().start()
    four.workers["west"].trainer = Failing
    four.finish()
    assert four.progress.status == "finished"
    assert [this.missing for this in four.rounds()] == [(), (), ("west",), ("west",), ("west",)]
    assert any("the disk is full" in report.detail for report in four.net.said("west", "waits"))
