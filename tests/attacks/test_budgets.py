"""Budgets that two studies race for, that would be passed, raised again, or gone around."""

import pytest

from consortia.modules.training import budgets, handlers
from consortia.modules.training.messages import LimitBudget, Start
from consortia.testing.machine import BenchError
from consortia.testing.studies import MEMBERS
from consortia.workers.errors import Refused
from consortia.workers.terms import MASKED, Private
from tests.attacks.coalition import Colluder, coalition
from tests.attacks.removed import without
from tests.attacks.studies import again
from tests.workers.four import Consortium

PRIVATE = {
    "recipe_name": "glm.logistic.private",
    "rounds": 1,
    "summing": MASKED,
    "private": Private(epsilon=4.0, delta=1e-4, colluders=1),
}


def data_of(four: Consortium, name: str) -> bytes:
    view = four.bench.query("training.study", study=four.study)
    return next(part.part.dataset for part in view.parts if part.member == name)


def budget_of(four: Consortium, name: str):
    return four.bench.query("training.budget", dataset=data_of(four, name)).populations[0].budget


def limited(tmp_path, share: float) -> Consortium:
    """A private study that all joined, north with a budget for so many such studies."""
    four = Consortium(tmp_path, **PRIVATE).join()
    planned = four.bench.query("training.cost", study=four.study).planned
    four.bench.ok("north", "admin", LimitBudget(data_of(four, "north"), int(planned * share)))
    return four


# ------------------------------------------------------------------ two studies race for one budget


def raced(tmp_path) -> Consortium:
    """Two studies, each of which north's budget could pay alone, begin together and are worked on in turn."""
    four = limited(tmp_path, 1.5)
    first = four.study
    again(four, MEMBERS, "second")
    four.bench.ok("north", "analyst", Start(first))
    return four


def both(four: Consortium) -> list[bytes]:
    """The ids of the two studies; which of them comes first depends on nothing that matters."""
    names = ("diagnosis", "second")
    return [four.bench.query("training.find", proposer=four.members[0], name=name).study for name in names]


def over(four: Consortium) -> bool:
    return not four.bench.query("training.studies", status="running", after=None, limit=9).studies


def test_where_nobody_looks_at_what_is_left_two_studies_pass_one_budget(tmp_path, monkeypatch):
    monkeypatch.setattr(handlers.can_pay, "__code__", (lambda ctx, dataset, cost, ports: True).__code__)
    four = raced(tmp_path)
    with pytest.raises(BenchError, match=r"training\.budgets"):  # the books show it
        four.net.drive(four.workers, lambda: over(four))
    assert budget_of(four, "north").spent > budget_of(four, "north").limit


def test_two_studies_that_race_for_one_budget_stay_within_it(tmp_path):
    four = raced(tmp_path)
    four.net.drive(four.workers, lambda: over(four))
    north, east = budget_of(four, "north"), budget_of(four, "east")
    assert 0 < north.spent <= north.limit < east.spent
    cohorts = [this.cohort for study in both(four) for this in four.rounds(study) if this.index == 1]
    assert sorted(cohorts, key=len) == [("east", "south", "west"), ("east", "north", "south", "west")]


# ------------------------------------------------------------------ a budget that would be passed


def spent(tmp_path) -> Consortium:
    """A finished study that left north less than the same once more would cost."""
    four = limited(tmp_path, 1.5)
    return four.start().finish()


def test_without_the_rule_that_limits_only_fall_a_spent_budget_is_raised_and_spent_again(tmp_path):
    four = spent(tmp_path)
    first = budget_of(four, "north")
    with without(handlers.limit_budget, "ONLY_LOWER"):
        four.bench.ok("north", "admin", LimitBudget(data_of(four, "north"), 10 * first.limit))
    again(four, MEMBERS).finish()
    assert budget_of(four, "north").spent > first.limit


def test_a_budget_that_would_be_passed_is_not_joined_with_and_not_raised(tmp_path):
    four = spent(tmp_path)
    north = budget_of(four, "north")
    raising = LimitBudget(data_of(four, "north"), 10 * north.limit)
    assert four.bench.run("north", "admin", raising).code == "training.only_lower"
    with pytest.raises(Refused, match=r"training\.over_budget"):
        again(four, MEMBERS)
    assert four.bench.query("training.budget", dataset=raising.dataset).populations[0].budget == north


# ------------------------------------------------------------------ a sum without noise


def exact_study(tmp_path) -> Consortium:
    """The same members' study without noise, when north's data have a budget."""
    kinds = dict.fromkeys(MEMBERS, Colluder)
    four = Consortium(tmp_path, kinds=kinds, rounds=1, summing=MASKED).join()
    four.bench.ok("north", "admin", LimitBudget(data_of(four, "north"), 1))
    return four


def test_without_the_need_of_noise_an_exact_sum_is_told_of_data_with_a_budget(tmp_path, monkeypatch):
    monkeypatch.setattr(budgets, "limited", lambda budgets: False)
    four = again(exact_study(tmp_path), MEMBERS)
    four.net.drive(four.workers, lambda: four.rounds()[0].status == "final")
    this = four.rounds()[0]
    assert "north" in this.cohort
    assert coalition(four, this, ("west",)).sum(this.cohort) is not None
    assert budget_of(four, "north").spent == 0


def test_data_with_a_budget_are_in_no_sum_without_noise(tmp_path):
    four = exact_study(tmp_path)
    assert four.start().finish().rounds()[0].cohort == ("east", "south", "west")  # limited once it had joined
    with pytest.raises(Refused, match=r"training\.needs_noise"):
        again(four, MEMBERS)
