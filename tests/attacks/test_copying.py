"""A member that works on nothing and sends another's update, slightly changed, to be paid for it.

In a masked round nobody has another's update to change before the cohort is fixed, nor after it; in an open
round it lies there as soon as others hold it, and a copy that was changed passes. In a sealed round, which
payouts by value ask for, whoever sees one has fixed its own before.
"""

import numpy as np
import pytest

from consortia.modules.training import rules
from consortia.modules.training.keeper import Keeper
from consortia.modules.training.messages import Seal, Submit, Unseal
from consortia.workers.errors import Refused
from consortia.workers.terms import MASKED, SEALED
from consortia.workers.worker import Worker
from tests.attacks.coalition import Colluder, coalition, heard, sent
from tests.workers.four import Consortium

pytestmark = pytest.mark.slow

VICTIM, COPIER = "north", "west"


def blob_of(bench, round_id, member):
    """The blob of a member's update in a round, or None before it stands on the ledger."""
    said = [
        message.blob
        for name, message in heard(bench)
        if name == member and isinstance(message, Submit | Unseal) and message.round == round_id
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


class LateCopier(Copier):
    """Seals what it has, waits for what another shows, and would show that with one word changed."""

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.answers = {}

    def submit(self, task, view, seen):
        this = seen.round
        there = blob_of(self.door.net.bench, this.id, VICTIM)
        if there is None or this.id in self.answers:
            return False
        copy = self.door.put_blob(changed(self.door.net.blobs[there]))
        held = self.door.collect_availability(this.study, this.id, copy, len(self.door.net.blobs[there]))
        if not held:
            return False  # of the round of counts: nobody holds what cannot be
        salt = self._salt(this.study, rules.first_try(this))
        size = len(self.door.net.blobs[there])
        try:
            self._do(task, Unseal(this.study, this.id, copy, size, salt, held))
        except Refused as code:
            self.answers[this.id] = str(code)
        return False

    def _covered(self, view, this, part):
        return Worker._covered(self, view, this, part)


class Withholder(Worker):
    """Seals an update and never shows it."""

    def submit(self, task, view, seen):
        return False


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
    """The attack at work: in open rounds whoever sends last has seen what the others sent.

    (It is left out of the round of counts, where one person more than there are records is no lawful sum.)
    Nothing is paid by value over such rounds: `bank.unsealed_study`.
    """
    four = Consortium(tmp_path, kinds={COPIER: Copier}, rounds=1).join().start().finish()
    assert four.progress.status == "finished"
    assert earned(four) == {VICTIM: 2, "east": 2, "south": 2, COPIER: 1}
    assert Keeper().copied(four.bench.context(), four.study) is None
    assert Keeper().standing(four.bench.context(), four.study) == (True, True, False)


def test_a_copy_of_a_sealed_update_is_refused_and_earns_nothing(tmp_path):
    four = Consortium(tmp_path, kinds={COPIER: LateCopier}, rounds=1, summing=SEALED).join().start().finish()
    assert four.progress.status == "finished"
    assert Keeper().standing(four.bench.context(), four.study) == (True, True, True)
    assert set(four.workers[COPIER].answers.values()) == {"training.not_as_sealed"}
    assert earned(four) == {VICTIM: 2, "east": 2, "south": 2}


def test_before_all_have_sealed_no_update_and_no_blob_of_one_is_anywhere_but_at_home(tmp_path):
    four = Consortium(tmp_path, rounds=1, summing=SEALED).join().start()
    this = four.rounds()[0]
    others = {name: worker for name, worker in four.workers.items() if name != COPIER}
    four.net.drive(others, lambda: four.bench.query("training.due", member=COPIER).tasks[0].action == "seal")
    for _ in range(20):
        for worker in others.values():
            worker.work()
    assert four.rounds()[0].step == "seal"
    assert blob_of(four.bench, this.id, VICTIM) is None
    sealed = [message for name, message in heard(four.bench) if isinstance(message, Seal) and name == VICTIM]
    assert len(sealed) == 1


def test_who_seals_and_shows_nothing_counts_as_not_given(tmp_path):
    four = Consortium(tmp_path, kinds={COPIER: Withholder}, rounds=1, summing=SEALED).join().start().finish()
    assert four.progress.status == "finished"
    assert earned(four) == {VICTIM: 2, "east": 2, "south": 2}


def test_a_worker_that_is_killed_between_seal_and_showing_shows_what_it_sealed(tmp_path):
    four = Consortium(tmp_path, rounds=1, summing=SEALED).join().start()
    four.net.drive(four.workers, lambda: four.rounds()[0].step == "submit")
    four.workers[VICTIM] = four.worker(VICTIM)
    four.finish()
    assert earned(four) == dict.fromkeys(four.members, 2)
    assert four.model() == four.expected(*four.members)
