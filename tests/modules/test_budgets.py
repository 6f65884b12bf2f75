"""Who may be in a sum for what is left of its budget, on the real machine."""

import pytest
from msgspec.structs import replace

from consortia.modules.training import budgets
from consortia.modules.training.messages import LimitBudget, Start
from consortia.modules.training.types import Privacy
from consortia.testing.machine import Bench
from consortia.testing.masked import dealt, keyed, revealed, revealing, sent
from consortia.testing.scenarios.training_budgets import NOISE, ONCE, PRIVATE
from consortia.testing.studies import (
    MEMBERS,
    committed,
    current,
    ended,
    joined,
    opened,
    running,
    update,
)

(STAGE,) = PRIVATE.stages
DEAR = replace(NOISE, sensitivity=2 * NOISE.sensitivity)
RISING = replace(
    PRIVATE,
    stages=(replace(STAGE, rounds=1), replace(STAGE, name="dear", rounds=1)),
    privacy=Privacy((NOISE, DEAR), 10),
)
"""A round that costs ONCE, and then one that costs more."""


@pytest.fixture
def bench() -> Bench:
    return Bench(4)


def limited(bench: Bench, study: bytes, member: str, limit: int) -> None:
    """Let a member limit the budget of the data that it joined a study with."""
    parts = bench.query("training.study", study=study).parts
    (data,) = (part.part.dataset for part in parts if part.member == member)
    bench.ok(member, "analyst", LimitBudget(data, limit))


def spent(bench: Bench, study: bytes, member: str) -> int:
    parts = bench.query("training.study", study=study).parts
    (data,) = (part.part.dataset for part in parts if part.member == member)
    return bench.query("training.budget", dataset=data).populations[0].budget.spent


def started(bench: Bench, terms):
    study = joined(bench, terms=terms)
    bench.ok("north", "analyst", Start(study))
    return current(bench, study)


def summed(bench: Bench, this):
    """A round whose cohort is fixed: everybody."""
    return sent(bench, dealt(bench, keyed(bench, this)))


def test_data_whose_budget_is_limited_after_joining_is_in_no_sum_without_noise(bench):
    this = running(bench)
    for name in MEMBERS[:3]:
        bench.ok(name, "worker", update(bench, this, name))
    limited(bench, this.study, "west", 1_000)
    bench.ok("west", "worker", update(bench, this, "west"))
    after = current(bench, this.study)
    assert after.cohort == tuple(sorted(MEMBERS[:3]))
    bench.block(*[bench.sign(name, "worker", committed(after, name)) for name in MEMBERS])
    receipt = bench.ok("north", "worker", opened(after))
    assert "training.member_left" in [event.name for event in receipt.events]
    assert "west" not in current(bench, this.study).members


def test_who_can_pay_the_sum_again_but_not_the_dearer_one_after_it_is_in_another_try(bench):
    this = revealed(bench, summed(bench, started(bench, RISING)))
    limited(bench, this.study, "west", 2 * ONCE)
    bench.block(*[bench.sign(name, "worker", committed(this, name)) for name in MEMBERS])
    assert "west" in ended(bench, current(bench, this.study)).members


def test_who_cannot_pay_the_dearer_round_is_not_in_it(bench):
    this = revealed(bench, summed(bench, started(bench, RISING)))
    limited(bench, this.study, "west", 2 * ONCE)
    bench.block(*[bench.sign(name, "worker", committed(this, name)) for name in MEMBERS])
    bench.ok("north", "worker", opened(this))
    assert current(bench, this.study).members == tuple(sorted(MEMBERS[:3]))


def test_a_sum_that_was_paid_for_is_asked_for_again_though_nothing_is_left(bench):
    terms = replace(PRIVATE, stages=(replace(STAGE, rounds=1),))
    assert budgets.study_cost(terms) == ONCE
    this = summed(bench, started(bench, terms))
    limited(bench, this.study, "west", ONCE)
    for name in MEMBERS[:2]:
        bench.ok(name, "worker", revealing(this, name))
    again = ended(bench, this)
    assert (again.attempt, again.members) == (1, this.members)
    after = summed(bench, again)
    assert (after.step, after.cohort) == ("reveal", this.members)
    assert spent(bench, this.study, "west") == ONCE
