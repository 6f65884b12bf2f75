"""A member that works on nothing and sends another's update, slightly changed, to be paid for it.

In a masked round nobody has another's update to change before the cohort is fixed, nor after it; in an open
round it lies there as soon as others hold it, and a copy that was changed passes.
"""

import numpy as np
import pytest

from consortia.modules.training.keeper import Keeper
from consortia.modules.training.messages import Submit
from consortia.workers import Worker
from consortia.workers.terms import MASKED
from tests.attacks.coalition import Colluder, coalition, heard, sent
from tests.workers.four import Consortium

pytestmark = pytest.mark.slow

VICTIM, COPIER = "north", "west"


def blob_of(bench, round_id, member):
    """The blob of a member's update in a round, or None before it stands on the ledger."""
    said = [
        message.blob
        for name, message in heard(bench)
        if name == member and isinstance(message, Submit) and message.round == round_id
    ]
    return said[0] if said else None


def changed(update):
    """An update with one of its words a little larger."""
    words = np.frombuffer(update, dtype="<i8").copy()
    words[0] += 1
    return words.tobytes()


class Copier(Colluder):
    """Waits for another's update, and sends that with one word changed."""

    def submit(self, task, view, seen):
        there = blob_of(self.door.net.bench, seen.round.id, VICTIM)
        return there is not None and Worker.submit(self, task, view, seen)

    def _covered(self, view, this, part):
        return changed(self.door.net.blobs[blob_of(self.door.net.bench, this.id, VICTIM)])


def earned(four):
    """Who is paid for having taken part, and with how many rounds."""
    return {name: rounds for name, _, rounds in Keeper().contributions(four.bench.context(), four.study)}


def test_a_copy_of_a_masked_update_is_noise_and_earns_nothing(tmp_path):
    four = Consortium(tmp_path, kinds={COPIER: Copier}, rounds=1, summing=MASKED).join().start().finish()
    assert {one.status for one in four.rounds()} == {"aborted"}
    assert all(COPIER in one.cohort for one in four.rounds())
    assert four.progress.reason.endswith("nothing lawful has this sum: of 4 members one sent nonsense")
    assert earned(four) == {}


def test_a_copier_that_knows_all_its_own_secrets_gets_nothing_to_copy(tmp_path):
    """When the victim's update is there and its own is due, what it has of that is under masks."""
    four = Consortium(tmp_path, kinds={COPIER: Colluder}, rounds=1, summing=MASKED).join().start()
    this = four.rounds()[0]
    others = {name: worker for name, worker in four.workers.items() if name != COPIER}
    four.net.drive(four.workers, lambda: four.rounds()[0].step == "submit")
    four.net.drive(others, lambda: blob_of(four.bench, this.id, VICTIM) is not None)
    this = four.rounds()[0]
    assert this.step == "submit"
    assert coalition(four, this, (COPIER,)).plain(VICTIM) is None
    assert four.net.blobs[blob_of(four.bench, this.id, VICTIM)] != sent(four, this, VICTIM)


def test_a_copy_of_an_open_update_that_was_changed_passes(tmp_path):
    """What no rule keeps: in open rounds whoever sends last has seen what the others sent.

    (It is left out of the round of counts, where one person more than there are records is no lawful sum.)
    """
    four = Consortium(tmp_path, kinds={COPIER: Copier}, rounds=1).join().start().finish()
    assert four.progress.status == "finished"
    assert earned(four) == {VICTIM: 2, "east": 2, "south": 2, COPIER: 1}
    assert Keeper().copied(four.bench.context(), four.study) is None
