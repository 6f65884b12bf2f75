"""Updates that nobody else has, that have the wrong length, or that add up to nonsense."""

import numpy as np
import pytest

from consortia.base.codec import decode
from consortia.engines.commit.chunks import blob_id
from consortia.modules.training import messages as ask
from consortia.modules.training import rules, steps
from consortia.modules.training.messages import Availability
from consortia.workers import arithmetic
from consortia.workers.terms import MASKED
from consortia.workers.worker import Worker
from tests.attacks.removed import without
from tests.workers.four import Consortium

pytestmark = pytest.mark.slow

OTHERS = ("east", "north", "south")


def study(tmp_path, kind: type[Worker], **parameters) -> Consortium:
    given = {"rounds": 1, "summing": MASKED} | parameters
    return Consortium(tmp_path, kinds={"west": kind}, **given).join().start()


def spoilt(four: Consortium) -> bool:
    """Whether the honest came to no result over a cohort with west in it, and stand there as the missing."""
    this = four.rounds()[0]
    return "west" in this.cohort and this.status == "aborted" and set(OTHERS) <= set(this.missing)


# ------------------------------------------------------------------ withheld


class Withholding(Worker):
    """Fixes an update that it shows to nobody, with signatures of its own making."""

    def submit(self, task, view, seen):
        this = seen.round
        part = next(part.part for part in view.parts if part.member == self.door.member)
        blob = self._covered(view, this, part)
        self._do(task, ask.Submit(this.study, this.id, blob_id(blob), len(blob), self.held(this)))
        return True

    def held(self, this):
        return tuple(Availability(name, bytes(64)) for name in this.members)


class Unheld(Withholding):
    """As it is, with no signature but one."""

    def held(self, this):
        return (Availability("west", bytes(64)),)


@pytest.mark.parametrize(
    ("kind", "guards"),
    [(Withholding, ["BAD_AVAILABILITY"]), (Unheld, ["TOO_FEW_HOLDERS", "BAD_AVAILABILITY"])],
)
def test_without_holders_an_update_that_is_withheld_stops_everybody(tmp_path, kind, guards):
    four = study(tmp_path, kind)
    with without(steps.submit, *guards):
        four.net.drive(four.workers, lambda: len(four.rounds()) == 2)
    assert spoilt(four)


@pytest.mark.parametrize(
    ("kind", "code"),
    [(Withholding, "training.bad_availability"), (Unheld, "training.too_few_holders")],
)
def test_an_update_that_is_withheld_is_not_in_the_cohort(tmp_path, kind, code):
    four = study(tmp_path, kind).finish()
    assert four.net.said("west", "refused")[0].detail == code
    assert four.rounds()[0].cohort == OTHERS
    assert four.progress.status == "finished"


# ------------------------------------------------------------------ too short, too long


class Short(Worker):
    """Says of an update that it has the stage's length; it has not."""

    words = -1

    def submit(self, task, view, seen):
        this, study = seen.round, view.study
        size = rules.blob_bytes(study.terms.stages[this.stage])
        blob = bytes(size + 8 * self.words)
        address = self.door.put_blob(blob)
        held = self.door.collect_availability(study.id, this.id, address, size)
        held = held or (Availability("west", bytes(64)),)
        self._do(task, ask.Submit(study.id, this.id, address, size, held))
        return True


class Long(Short):
    """The same, too long."""

    words = 1


@pytest.mark.parametrize("kind", [Short, Long])
def test_a_vector_of_another_length_stops_everybody_where_holders_do_not_look(tmp_path, kind):
    four = study(tmp_path, kind)
    with without(arithmetic.check_update, "check_length"):
        four.net.drive(four.workers, lambda: len(four.rounds()) == 2)
    assert spoilt(four)


@pytest.mark.parametrize("kind", [Short, Long])
def test_a_vector_of_another_length_is_held_by_nobody(tmp_path, kind):
    four = study(tmp_path, kind).finish()
    assert four.net.said("west", "refused")[0].detail == "training.too_few_holders"
    assert four.net.refused[0][0] == "west"
    assert four.rounds()[0].cohort == OTHERS


class Honest(Short):
    """Says the length that it has."""

    def submit(self, task, view, seen):
        this, study = seen.round, view.study
        held = tuple(Availability(name, bytes(64)) for name in this.members)
        self._do(task, ask.Submit(study.id, this.id, blob_id(b"short"), 5, held))
        return True


def test_a_vector_that_is_said_to_have_another_length_is_refused(tmp_path):
    four = study(tmp_path, Honest).finish()
    assert four.net.said("west", "refused")[0].detail == "training.bad_size"
    assert four.rounds()[0].cohort == OTHERS


# ------------------------------------------------------------------ out of range


class Scribbling(Worker):
    """Masks what no training gives: every word at the ring's edge."""

    def _covered(self, view, this, part):
        stage = self.states.plans(view.study).stages[this.stage]
        if this.index == 0:
            return super()._covered(view, this, part)
        return self.masks.masked(stage, this, b"\xff\xff\xff\x7f" * stage.length)


NETWORK = {"recipe_name": "mlp.fedavg", "hidden": 2}


def weights(four: Consortium) -> np.ndarray:
    return np.frombuffer(decode(four.model())["weights"], dtype="<i4")


def test_without_the_bound_of_the_sum_one_member_makes_the_model(tmp_path, monkeypatch):
    monkeypatch.setattr(arithmetic, "check_total", lambda _stage, total, _members: total.astype(np.int64))
    four = study(tmp_path, Scribbling, **NETWORK).finish()
    assert four.progress.status == "finished"
    honest = Consortium(tmp_path / "honest", rounds=1, summing=MASKED, **NETWORK).join().start().finish()
    assert np.abs(weights(four) - weights(honest)).min() > 1 << 25  # 32 and more in every weight


def test_a_sum_beyond_what_its_members_can_make_is_void(tmp_path):
    four = study(tmp_path, Scribbling, **NETWORK).finish()
    assert (
        four.progress.reason == "round 2, try 4: nothing lawful has this sum: of 4 members one sent nonsense"
    )
    assert all(this.outcome is None for this in four.rounds()[1:])
    assert four.progress.model is None
