"""Workers train together under masks: the same models as in the open, and nobody sees an update."""

import numpy as np
import pytest
from msgspec.structs import replace

from consortia.base.codec import decode
from consortia.engines.privacy import epsilon
from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.engines.train.table import Table
from consortia.modules.training.masks import complaints_end
from consortia.modules.training.messages import Leave
from consortia.modules.training.queries import ByRound
from consortia.testing.local import TICK_MILLISECONDS
from consortia.testing.studies import MEMBERS
from consortia.workers.arithmetic import Summing
from consortia.workers.terms import MASKED, Private
from consortia.workers.worker import Worker
from tests.workers.four import Apart, Consortium


@pytest.fixture
def four(tmp_path) -> Consortium:
    return Consortium(tmp_path, rounds=2, summing=MASKED).join().start()


def test_masked_rounds_give_the_model_that_one_process_gives(four):
    four.finish()
    assert four.progress.status == "finished", four.progress.reason
    assert four.model() == four.expected(*MEMBERS)


def test_a_round_whose_keys_came_early_takes_four_steps_and_no_more(four):
    before = four.bench.tip.height
    four.finish()
    # keys of the first round; then shares, update, shares of three revealed, commitment and one opening
    assert four.bench.tip.height - before == 4 + 3 * (4 + 4 + 3 + 4) + 1


@pytest.mark.parametrize("step", ["keys", "shares", "submit", "reveal", "commit", "open"])
def test_a_member_may_vanish_at_any_step_and_comes_back(tmp_path, step):
    kinds = dict.fromkeys(MEMBERS, Apart)  # or there is no step between commitments and an opening
    four = Consortium(tmp_path, rounds=2, summing=MASKED, kinds=kinds).join().start()
    gone = vanish(four, "west", step)
    four.net.drive(four.workers, lambda: four.progress.index == 1)
    four.workers["west"] = gone
    four.finish()
    assert four.progress.status == "finished", four.progress.reason
    final = [this for this in four.rounds() if this.status == "final"]
    assert len(final) == len(four.rounds()) == 3
    assert final[-1].cohort == tuple(sorted(MEMBERS))
    closed = sum(len(four.net.said(name, "closed")) for name in MEMBERS)
    assert closed == (step != "open")  # one opening is enough


def test_the_sum_without_a_member_is_the_sum_of_the_others(tmp_path):
    four = Consortium(tmp_path, rounds=1, summing=MASKED).join().start()
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
    four = Consortium(tmp_path, rounds=1, summing=MASKED).join("north", "east", "south").start()
    del four.workers["west"]
    vanish(four, "south", "submit")
    four.finish()
    assert four.progress.status == "aborted"
    assert four.rounds()[0].missing == ("south",)


@pytest.mark.parametrize("member_records", [None, 40])
def test_a_private_study_is_noisy_charged_and_shows_what_it_cost(tmp_path, member_records):
    private = Private(epsilon=4.0, delta=1e-4, colluders=1, member_records=member_records)
    kind = {"recipe_name": "glm.logistic.private", "summing": MASKED, "private": private}
    four = Consortium(tmp_path, rounds=2, **kind).join().start().finish()
    assert four.progress.status == "finished", four.progress.reason
    plain = train(recipe("glm.logistic.private"), {"rounds": 2}, four.tables).model
    assert four.model() != plain
    terms = four.bench.query("training.study", study=four.study).study.terms
    assert {noise.unit for noise in terms.privacy.noises} == {
        "record" if member_records is None else "member"
    }
    cost = four.bench.query("training.cost", study=four.study)
    assert 0 < cost.charged == cost.planned
    assert epsilon(cost.charged, 1e-4) <= 4.0
    for part in four.bench.query("training.study", study=four.study).parts:
        (spent,) = four.bench.query("training.budget", dataset=part.part.dataset).populations
        assert spent.budget.spent == cost.charged


def parts(four: Consortium):
    return four.bench.query("training.study", study=four.study).parts


def test_an_update_that_is_sent_again_counts_by_the_records_by_which_it_was_weighed(tmp_path):
    models = []
    for disturbed in (False, True):
        four = (
            Consortium(tmp_path / str(disturbed), recipe_name="mlp.fedavg", rounds=1, summing=MASKED)
            .join()
            .start()
        )
        vanish(four, "west", "submit", index=1)
        if disturbed:
            south = vanish(four, "south", "reveal", index=1)
            four.bench.ok("west", "operator", Leave(four.study))
            four.net.drive(four.workers, lambda four=four: four.rounds()[-1].attempt == 1)
            four.workers["south"] = south
        four.finish()
        assert four.rounds()[-1].cohort == ("east", "north", "south")
        models.append(four.model())
    assert four.rounds()[-1].members == ("east", "north", "south")
    assert models[0] == models[1]


def running(four: Consortium) -> bool:
    return four.progress.status == "running"


def vanish(four: Consortium, name: str, step: str, index: int = 0) -> Worker:
    """Take a worker away when a round waits for a step."""

    def there() -> bool:
        awaited = four.bench.query("training.awaited", study=four.study)
        return (awaited.index, awaited.action) == (index, step)

    four.net.drive(four.workers, there)
    return four.workers.pop(name)


TWELVE = tuple(f"member-{number:02}" for number in range(12))


def test_a_robust_rule_over_masked_groups_sees_sums_of_three(tmp_path):
    summing = Summing("masked", "median", 1, group=3)
    many = Consortium(tmp_path, members=TWELVE, rounds=2, summing=summing, quorum=9).join().start()
    gone = many.workers.pop("member-04")
    many.net.drive(many.workers, lambda: many.progress.index == 1)
    many.workers["member-04"] = gone
    many.finish()
    assert many.progress.status == "finished", many.progress.reason
    first, *_, last = many.rounds()
    assert len(first.cohort) == 11  # it had no keys yet: the others were dealt into groups without it
    assert last.cohort == TWELVE


def test_a_masked_group_with_too_few_left_is_not_summed(tmp_path):
    summing = Summing("masked", "median", 1, group=3)
    many = Consortium(tmp_path, members=TWELVE, rounds=1, summing=summing, quorum=9).join().start()
    vanish(many, "member-04", "submit")
    many.net.drive(many.workers, lambda: many.progress.index == 1)
    first = many.rounds()[0]
    assert len(first.cohort) == 9  # the two left of its group would each see through the other
    assert first.missing == tuple(sorted(set(TWELVE) - set(first.cohort)))
    assert [part.member for part in parts(many) if part.part.absent] == ["member-04"]


def test_a_robust_rule_bounds_what_flipped_labels_do(tmp_path):
    summing, kinds = Summing("open", "trimmed_mean", 1), {"west": Flipping}
    four = Consortium(tmp_path, rounds=2, kinds=kinds, summing=summing).join().start().finish()
    assert four.progress.status == "finished", four.progress.reason
    plain = Consortium(tmp_path / "mean", rounds=2, kinds=kinds).join().start().finish()
    honest = weights(four.expected(*MEMBERS))
    assert np.abs(weights(four.model()) - honest).max() < np.abs(weights(plain.model()) - honest).max()


def test_nonsense_under_a_mask_makes_a_round_void_and_names_nobody_missing(tmp_path):
    four = Consortium(tmp_path, rounds=1, kinds={"west": Scribbling}, summing=MASKED).join().start().finish()
    assert four.progress.status == "aborted"
    assert "sent nonsense" in four.progress.reason
    assert [this.missing for this in four.rounds()] == [()] * 4
    assert sum(len(four.net.said(name, "closed")) for name in MEMBERS) == 0


class Scribbling(Worker):
    """Masks what no records give: every word at the ring's edge."""

    def _covered(self, view, this, part):
        stage = self.states.plans(view.study).stages[this.stage]
        return self.masks.masked(stage, this, b"\xff" * 7 * stage.length + b"\x7f" * stage.length)


class Flipping(Worker):
    """Sends the update of records that it does not have: its labels the other way round."""

    def update(self, view, this, part):
        table = self.data.held
        self.data.held = Table(table.name, table.schema, table.numbers * 1.5, 1 - table.labels)
        try:
            return super().update(view, this, part)
        finally:
            self.data.held = table


def weights(model: bytes) -> np.ndarray:
    return np.array(decode(model)["weights"])


@pytest.mark.slow
def test_beyond_thirty_two_members_each_shares_with_its_neighbours_alone(tmp_path):
    names = tuple(f"member-{number:02}" for number in range(40))
    many = (
        Consortium(tmp_path, members=names, rounds=1, summing=MASKED, quorum=25, seconds=120).join().start()
    )
    many.net.drive(many.workers, lambda: many.rounds()[0].step == "submit")
    view = many.bench.query("training.shares", round=ByRound(many.study, 0, 0), member="member-07")
    assert len(view.neighbours) == 32
    assert view.threshold == 22
    for name in ("member-03", "member-11", "member-20"):
        del many.workers[name]
    many.net.drive(many.workers, lambda: many.progress.index == 1)
    assert len(many.rounds()[0].cohort) == 37
    assert many.rounds()[0].status == "final"


def test_a_dealer_shows_what_it_dealt_to_whoever_cannot_open_it(tmp_path):
    four = Consortium(tmp_path, rounds=1, kinds={"west": Garbling}, summing=MASKED).join().start().finish()
    assert four.progress.status == "finished", four.progress.reason
    assert four.rounds()[0].cohort == ("east", "north", "south", "west")
    assert "the shares of west do not open" in four.net.said("east", "complained")[0].detail
    assert four.net.said("west", "answered")


def test_a_dealer_that_shows_nothing_is_left_out_and_the_others_go_on(tmp_path):
    four = Consortium(tmp_path, rounds=1, kinds={"west": Silent}, summing=MASKED).join().start().finish()
    assert four.progress.status == "finished", four.progress.reason
    first, second = four.rounds()[:2]
    assert (first.status, first.step, first.missing) == ("aborted", "submit", ("west",))
    assert second.members == second.cohort == ("east", "north", "south")


def test_of_a_dealer_that_garbles_for_all_but_one_only_its_own_shares_are_seen(tmp_path):
    four = Consortium(tmp_path, rounds=1, kinds={"west": GarblingForMost}, summing=MASKED).join().start()
    four.net.drive(four.workers, lambda: len(four.net.said("west", "answered")) > 0)
    four.finish()
    assert four.progress.status == "finished", four.progress.reason
    complained = {name: [one.detail for one in four.net.said(name, "complained")] for name in four.workers}
    assert complained == {
        "east": ["the shares of west do not open"],
        "south": ["the shares of west do not open"],
        "north": [],
        "west": [],
    }


class Garbling(Worker):
    """Deals garbage to some, once, and honestly to everybody else."""

    victims = (0,)

    def deal(self, task, view, seen):
        dealt = self.masks.shares(seen.round)
        garbled = [
            replace(entry, sealed=bytes(len(entry.sealed))) if place in self.victims else entry
            for place, entry in enumerate(dealt.shares)
        ]
        self._do(task, replace(dealt, shares=tuple(garbled)) if task.index == 0 else dealt)
        return True


class GarblingForMost(Garbling):
    """Deals garbage to east and south."""

    victims = (0, 2)


class Silent(Garbling):
    """Deals garbage to east, and answers no complaint."""

    def answer(self, task, view, seen):
        return False


class Dawdling(Garbling):
    """Deals garbage to east, and answers when nobody may complain any more."""

    def since(self, this):
        return complaints_end(this)

    def answer(self, task, view, seen):
        if self.door.now() < self.since(seen.round):
            return False
        return super().answer(task, view, seen)


class LastMinute(Dawdling):
    """Deals garbage to east, and answers when there is no time left for east's update."""

    def since(self, this):
        return this.deadline - TICK_MILLISECONDS


def test_who_answers_late_does_not_keep_a_holder_from_complaining_of_another(tmp_path):
    kinds = {"south": Dawdling, "west": Garbling}
    four = Consortium(tmp_path, rounds=1, kinds=kinds, summing=MASKED).join().start().finish()
    assert four.progress.status == "finished", four.progress.reason
    assert len(four.net.said("east", "complained")) == 2
    assert four.rounds()[0].cohort == ("east", "north", "south", "west")


def test_a_dealer_chooses_nobody_to_be_left_out_by_answering_at_the_last_moment(tmp_path):
    four = Consortium(tmp_path, rounds=1, kinds={"west": LastMinute}, summing=MASKED).join().start().finish()
    first, second = four.rounds()[:2]
    assert (first.status, first.step, first.missing) == ("aborted", "submit", ("west",))
    assert second.cohort == ("east", "north", "south")
