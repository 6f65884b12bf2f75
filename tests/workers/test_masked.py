"""Workers train together under masks: the same models as in the open, and nobody sees an update."""

import pytest

from consortia.engines.privacy import epsilon
from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.testing.studies import MEMBERS
from consortia.workers import Worker
from consortia.workers.terms import Private
from tests.workers.four import Consortium


@pytest.fixture
def four(tmp_path) -> Consortium:
    return Consortium(tmp_path, rounds=2, mode="masked").join().start()


def test_masked_rounds_give_the_model_that_one_process_gives(four):
    four.finish()
    assert four.progress.status == "finished", four.progress.reason
    assert four.model() == four.expected(*MEMBERS)


def test_a_round_whose_keys_came_early_takes_four_steps_of_all_and_one_opening(four):
    before = four.bench.tip.height
    four.finish()
    # keys of the first round; then shares, update, shares of three revealed, commitment; one opening
    assert four.bench.tip.height - before == 4 + 3 * (4 + 4 + 3 + 4 + 1) + 1


@pytest.mark.parametrize("step", ["keys", "shares", "submit", "reveal", "commit", "open"])
def test_a_member_may_vanish_at_any_step_and_comes_back(four, step):
    gone = vanish(four, "west", step)
    four.net.drive(four.workers, lambda: four.progress.index == 1)
    four.workers["west"] = gone
    four.finish()
    assert four.progress.status == "finished", four.progress.reason
    final = [this for this in four.rounds() if this.status == "final"]
    assert len(final) == len(four.rounds()) == 3
    assert final[-1].cohort == tuple(sorted(MEMBERS))
    closed = sum(len(four.net.said(name, "closed")) for name in MEMBERS)
    assert closed == (step not in {"commit", "open"})  # by then it has done its part


def test_the_sum_without_a_member_is_the_sum_of_the_others(tmp_path):
    four = Consortium(tmp_path, rounds=1, mode="masked").join().start()
    vanish(four, "west", "submit")
    four.finish()
    assert [this.cohort for this in four.rounds()] == [("east", "north", "south")] * 2
    open_one = Consortium(tmp_path / "open", rounds=1)
    open_one.join().start()
    open_one.net.drive(open_one.workers, lambda: open_one.progress.index == 0 and running(open_one))
    del open_one.workers["west"]
    open_one.finish()
    assert four.rounds()[0].outcome == open_one.rounds()[0].outcome


def test_of_three_members_none_may_vanish_and_the_missing_is_named(tmp_path):
    four = Consortium(tmp_path, rounds=1, mode="masked").join("north", "east", "south").start()
    del four.workers["west"]
    vanish(four, "south", "submit")
    four.finish()
    assert four.progress.status == "aborted"
    assert four.rounds()[0].missing == ("south",)


def test_a_private_study_is_noisy_charged_and_shows_what_it_cost(tmp_path):
    private = Private(epsilon=4.0, delta=1e-4, colluders=1)
    kind = {"recipe_name": "glm.logistic.private", "mode": "masked", "private": private}
    four = Consortium(tmp_path, rounds=2, **kind).join().start().finish()
    assert four.progress.status == "finished", four.progress.reason
    plain = train(recipe("glm.logistic.private"), {"rounds": 2}, four.tables).model
    assert four.model() != plain
    cost = four.bench.query("training.cost", study=four.study)
    assert 0 < cost.charged == cost.planned
    assert epsilon(cost.charged, 1e-4) <= 4.0
    for part in four.bench.query("training.study", study=four.study).parts:
        (spent,) = four.bench.query("training.budget", dataset=part.part.dataset).populations
        assert spent.budget.spent == cost.charged


def running(four: Consortium) -> bool:
    return four.progress.status == "running"


def vanish(four: Consortium, name: str, step: str) -> Worker:
    """Take a worker away when the first round waits for a step."""

    def there() -> bool:
        awaited = four.bench.query("training.awaited", study=four.study)
        return (awaited.index, awaited.action) == (0, step)

    four.net.drive(four.workers, there)
    return four.workers.pop(name)
