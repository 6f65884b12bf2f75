"""A member's own two hands: one worker too many, an old diary back, places that were chosen by trying."""

import shutil
from pathlib import Path
from random import Random

import numpy as np
import pytest
from msgspec import structs

from consortia.exact import robust
from consortia.modules.training import masks, rounds, rules
from consortia.modules.training.messages import Return
from consortia.modules.training.state import keys_of
from consortia.modules.training.types import RoundKeys
from consortia.testing.local import HeldTable, LocalDoor
from consortia.testing.machine import BenchError
from consortia.testing.studies import MEMBERS
from consortia.workers.arithmetic import Summing
from consortia.workers.diary import FOLDER as DIARY
from consortia.workers.diary import Diary, is_passing
from consortia.workers.door import DoorClosed
from consortia.workers.masks import Masks
from consortia.workers.terms import MASKED
from consortia.workers.worker import Worker
from tests.attacks.coalition import Colluder, coalition, sent
from tests.attacks.removed import without
from tests.workers.four import Consortium, small

pytestmark = pytest.mark.slow

# ------------------------------------------------------------------ two workers of one member


def two_workers(tmp_path) -> Consortium:
    """North runs a second worker with the same key and a diary of its own; both drew secrets of the round."""
    four = Consortium(tmp_path, rounds=1, summing=MASKED).join().start()
    door = LocalDoor(four.net, "north")
    second = Worker(
        door, four.workers["north"].data, Diary(tmp_path / "second"), tell=four.net.teller("second")
    )
    second.masks.keys(four.study, four.rounds()[0].id)
    four.workers = {"second": second, **four.workers}
    four.net.drive({name: four.workers[name] for name in MEMBERS}, lambda: four.rounds()[0].step == "shares")
    return four


def test_without_a_look_at_its_keys_a_second_worker_spoils_the_try_for_everybody(tmp_path):
    with without(Masks._secrets, "published by another"):
        four = two_workers(tmp_path)
        four.net.drive(four.workers, lambda: len(four.rounds()) == 2)
    assert four.rounds()[0].status == "aborted"


def test_a_second_worker_of_a_member_does_nothing_in_a_try_whose_keys_are_not_its_own(tmp_path):
    four = two_workers(tmp_path).finish()
    assert [this.cohort for this in four.rounds()] == [tuple(sorted(MEMBERS))] * 2
    assert four.net.said("second", "waits")[0].detail == (
        "the keys of try 1 of round 1 were published by another worker of this member"
    )


# ------------------------------------------------------------------ an old diary


class Unanswered(LocalDoor):
    """Hands the update to all nodes, and dies before the ledger has it."""

    def submit(self, *messages):
        raise DoorClosed("killed")


def worker_at_home(
    four: Consortium, folder: Path, door: type[LocalDoor] = LocalDoor, seed: int = 0
) -> Worker:
    data = HeldTable(small("north", seed))
    return Worker(door(four.net, "north"), data, Diary(folder / DIARY), tell=four.net.teller("north"))


def restored(tmp_path, copied) -> tuple[Consortium, list[bytes]]:
    """North dies when it has offered its update; an old diary is put back, and its data change.

    Gives the updates of north's that others hold.
    """
    four = Consortium(tmp_path, rounds=1, summing=MASKED).join().start()
    home, backup = tmp_path / "home", tmp_path / "backup"
    four.workers["north"] = worker_at_home(four, home)
    four.net.drive(four.workers, lambda: four.rounds()[0].step == "submit")
    shutil.copytree(home, backup, ignore=lambda at, names: [n for n in names if not copied(Path(at) / n)])
    before = set(four.net.blobs)
    assert not worker_at_home(four, home, Unanswered).work()
    four.workers["north"] = worker_at_home(four, backup, seed=9)
    four.workers["north"].work()
    return four, [blob for name, blob in four.net.blobs.items() if name not in before]


def less(one: bytes, other: bytes) -> bytes:
    with np.errstate(over="ignore"):
        return (np.frombuffer(one, dtype="<i8") - np.frombuffer(other, dtype="<i8")).tobytes()


def test_a_whole_copy_of_a_diary_lets_one_mask_cover_two_updates_and_their_difference_is_bare(tmp_path):
    four, (first, second) = restored(tmp_path, lambda _path: True)
    this, old = four.rounds()[0], four.tables["north"]
    plain = sent(four, this, "north")
    four.tables["north"] = small("north", 9)
    assert less(second, first) == less(sent(four, this, "north"), plain)
    assert old.records == four.tables["north"].records


def test_a_backup_leaves_out_what_a_round_needs_so_that_a_restored_worker_sits_it_out(tmp_path):
    four, blobs = restored(tmp_path, lambda path: not is_passing(path))
    assert len(blobs) == 1
    assert four.net.said("north", "waits")[-1].detail == "this worker has no part in try 1 of round 1"
    assert four.finish().progress.status == "finished"


# ------------------------------------------------------------------ places in groups

NINE = tuple(f"member-{number}" for number in range(9))
FIFTEEN = tuple(f"member-{number}" for number in range(15))
LAST, FRIEND, VICTIM = NINE[8], NINE[4], NINE[0]


def in_groups(tmp_path, size: int, names=NINE, tolerated: int = 0) -> tuple[Consortium, int]:
    """Members in groups of so many; the last publishes its keys when it has all others', and tries many.

    Gives how often it drew until its friend and the victim were beside it.
    """
    summing = Summing("masked", "median", tolerated, group=size)
    kinds, last_name = dict.fromkeys((names[-1], FRIEND), Colluder), names[-1]
    many = Consortium(
        tmp_path, members=names, kinds=kinds, rounds=1, summing=summing, quorum=len(names), seconds=60
    )
    many.join().start()
    others = {name: worker for name, worker in many.workers.items() if name != last_name}
    this, last = many.rounds()[0], many.workers[last_name]
    many.net.drive(others, lambda: all(many.net.said(name, "keyed") for name in others))
    chance = Random(7)
    for tries in range(1, 3_000):
        last.diary.keep_secrets(this.study, this.id, chance.randbytes(128))
        mine = last.masks.keys(this.study, this.id)
        keys = keys_of(many.bench.context(), this.id)
        told = {**keys, last_name: RoundKeys(mine.masking, mine.sealing, mine.seed)}
        drawn = structs.replace(rules.with_keys(this, told), group=size)
        if {last_name, FRIEND, VICTIM} <= set(masks.neighbourhood(drawn, last_name)):
            many.net.drive(many.workers, lambda: many.rounds()[0].step == "commit")
            return many, tries
    raise AssertionError("in thousands of draws the three were never together")


def test_in_groups_of_three_two_who_choose_their_places_bare_the_third_and_this_is_left(tmp_path):
    many, tries = in_groups(tmp_path, 3)
    this = many.rounds()[0]
    assert tries < 1_000
    assert coalition(many, this, (LAST, FRIEND)).plain(VICTIM) == sent(many, this, VICTIM)


def test_in_groups_of_four_two_colluders_wherever_they_are_have_a_sum_of_two(tmp_path):
    many, _ = in_groups(tmp_path, 4)
    this = many.rounds()[0]
    them = coalition(many, this, (LAST, FRIEND))
    others = [name for name in masks.neighbourhood(this, LAST) if name not in {LAST, FRIEND}]
    assert all(them.plain(name) is None for name in others)
    assert them.sum(others) is not None


def test_where_groups_may_be_smaller_two_bad_members_that_a_study_tolerates_bare_a_third(tmp_path):
    with without(robust.check, "1 < group < tolerated + 2"):
        many, _ = in_groups(tmp_path, 3, FIFTEEN, tolerated=2)
    this = many.rounds()[0]
    assert coalition(many, this, (FIFTEEN[-1], FRIEND)).plain(VICTIM) == sent(many, this, VICTIM)


def test_groups_have_two_members_more_than_a_study_tolerates_bad_ones(tmp_path):
    with pytest.raises(BenchError, match=r"training\.bad_rule"):
        in_groups(tmp_path, 3, FIFTEEN, tolerated=2)


# ------------------------------------------------------------------ coming back to be waited for


class Away(Worker):
    """Does nothing at all."""

    def _act(self, task):
        return False


class Teasing(Away):
    """Says that it is there again whenever nobody waits for it, and does nothing."""

    def _act(self, task):
        if task.absent:
            self._send(Return(task.study))
        return task.absent


def waited(tmp_path, kind: type[Worker]) -> int:
    """For how many deadlines a study of four rounds waits, with west as it is."""
    four = Consortium(tmp_path, kinds={"west": kind}, rounds=3, summing=MASKED).join().start().finish()
    assert four.progress.status == "finished"
    assert [this.status for this in four.rounds()] == ["final"] * 4
    return sum(len(four.net.said(name, "closed")) for name in MEMBERS)


def test_where_nobody_has_to_wait_with_it_who_says_that_it_is_there_costs_a_deadline_each_time(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(rounds, "gone", lambda part, _this, _now: structs.replace(part, absent=True))
    assert waited(tmp_path, Teasing) == 4


def test_who_says_that_it_is_there_and_is_not_may_say_so_ever_later(tmp_path):
    assert waited(tmp_path / "away", Away) == 1
    assert waited(tmp_path / "teasing", Teasing) == 2
