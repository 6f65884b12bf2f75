"""Results that are false, and results that somebody copied instead of computing."""

import pytest

from consortia.base.hashing import tagged
from consortia.modules.training import messages as ask
from consortia.modules.training import rounds, rules
from consortia.modules.training.types import Outcome
from consortia.testing.machine import BenchError
from consortia.testing.studies import MEMBERS
from consortia.workers.terms import MASKED
from consortia.workers.worker import Worker
from tests.workers.four import Consortium

FALSE = tagged("consortia/attack", b"a model of my own")


class Lying(Worker):
    """Commits to a next state of its own making."""

    def _own_result(self, view, seen):
        outcome = Outcome(super()._own_result(view, seen).sum, FALSE)
        self.diary.keep_result(seen.round.study, seen.round.id, outcome)
        return outcome


class Last(Lying):
    """The same, when all others have committed: so it opens first."""

    def commit(self, task, view, seen):
        return len(seen.results) == len(MEMBERS) - 1 and super().commit(task, view, seen)


class Copying(Worker):
    """Computes nothing: commits to the bytes that north committed to, and opens nothing."""

    def commit(self, task, view, seen):
        theirs = [one.result.commitment for one in seen.results if one.member == "north"]
        if not theirs:
            return False
        self._do(task, ask.CommitResult(task.study, seen.round.id, theirs[0]))
        return True

    def open(self, task, view, seen):
        return False


def study(tmp_path, **kinds) -> Consortium:
    return Consortium(tmp_path, kinds=kinds, rounds=1, summing=MASKED).join().start()


def judged(four: Consortium) -> Consortium:
    """The study once its first round is over."""
    four.net.drive(four.workers, lambda: four.rounds()[0].status != "open")
    return four


# ------------------------------------------------------------------ false


def test_where_one_commitment_is_enough_the_liar_that_opens_makes_the_model(tmp_path, monkeypatch):
    monkeypatch.setattr(rounds, "needed", lambda members: 1)
    four = study(tmp_path, west=Last)
    with pytest.raises(BenchError, match="1 of 4 members are behind its outcome"):  # the books show it
        judged(four)
    assert four.rounds()[0].outcome.state == FALSE


def test_a_false_result_is_outvoted_and_named(tmp_path):
    four = judged(study(tmp_path, west=Last))
    assert four.rounds()[0].differing == ("west",)
    assert four.finish().model() == four.expected(*MEMBERS)


# ------------------------------------------------------------------ copied


def unbound(round_id: bytes, _member: str, outcome: Outcome) -> bytes:
    """`rules.commitment` that is the same for every member."""
    return tagged("consortia/result", round_id + outcome.sum + outcome.state)


def test_where_commitments_can_be_copied_two_who_compute_nothing_make_a_lie_final(tmp_path, monkeypatch):
    monkeypatch.setattr(rules, "commitment", unbound)
    monkeypatch.setattr(rounds, "commitment", unbound)
    four = judged(study(tmp_path, north=Lying, south=Copying, west=Copying))
    assert four.rounds()[0].outcome.state == FALSE
    assert four.rounds()[0].differing == ("east",)


def test_a_copied_commitment_is_nobodys(tmp_path):
    four = judged(study(tmp_path, north=Lying, south=Copying, west=Copying))
    assert four.rounds()[0].status == "disputed"
    assert four.progress.reason == "the results of round 1 differ; see its evidence"


def test_who_copies_an_honest_commitment_is_named(tmp_path):
    four = judged(study(tmp_path, west=Copying))
    assert four.rounds()[0].differing == ("west",)
    assert four.rounds()[0].status == "final"
