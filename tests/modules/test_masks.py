"""What is particular to masked rounds, beside the scenario table."""

import hashlib
import itertools
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from consortia.base.hashing import tagged
from consortia.modules.assets.messages import Withdraw
from consortia.modules.training.masks import (
    Told,
    counted,
    dealers_of,
    neighbourhood,
    repeated,
    threshold,
    told_apart,
    written,
)
from consortia.modules.training.rules import Moment, gone, next_round_id
from consortia.modules.training.state import ASKED, keys_of
from consortia.modules.training.steps import moved_on
from consortia.modules.training.types import BACK_OFF_MAX, Cohort, Joined, Round
from consortia.testing.machine import Bench
from consortia.testing.masked import MASKED, dealing, dealt, keyed, keys, revealed, running_masked, sent
from consortia.testing.studies import MEMBERS, all_committed

NAMES = tuple("abcdefgh")
COHORTS = st.lists(
    st.sets(st.sampled_from(NAMES), min_size=3).map(lambda some: tuple(sorted(some))), max_size=8
)


def asked(*cohorts: str, quorum: int = 3, data: Mapping[str, bytes] | None = None) -> tuple[Cohort, ...]:
    """Sums over these members, with the data that they began with where none other is said."""
    given = dict.fromkeys(NAMES, bytes(32)) | (data or {})
    return tuple(Cohort(tuple(names), tuple(given[name] for name in names), quorum) for names in cohorts)


def apart(cohort, earlier, *, quorum=3, excluded=()) -> str:
    """The members whom a sum sets apart."""
    return "".join(told_apart(earlier, asked(cohort, quorum=quorum), excluded))


def follows(sums, known, name) -> bool:
    """Whether a member's update is a rational combination of these sums and of the updates that are known."""
    vectors = [*sums, *((each,) for each in known)]
    rows = np.array([[float(one in members) for one in NAMES] for members in vectors])
    unit = np.array([[float(one == name) for one in NAMES]])
    return bool(np.linalg.matrix_rank(np.vstack([rows, unit])) == np.linalg.matrix_rank(rows))


@given(COHORTS)
def test_from_the_sums_that_may_be_told_no_member_learns_what_another_sent(cohorts):
    told: list[tuple[str, ...]] = []
    for cohort in cohorts:
        if not apart(cohort, asked(*told)):
            told.append(cohort)
    pairs = itertools.permutations(NAMES, 2)
    assert not any(follows(told, (curious,), name) for curious, name in pairs if told)


def test_one_member_more_or_less_is_set_apart():
    assert apart("abc", asked("abcd")) == "d"
    assert apart("abcd", asked("abc")) == "d"
    assert apart("abcd", asked("abcd", "abcd")) == ""


def test_two_members_are_set_apart_too_since_each_knows_its_own_update():
    assert apart("abc", asked("abcde")) == "de"
    assert apart("abd", asked("abc")) == "ab"


def test_a_quorum_to_which_members_agreed_holds_for_every_group_of_them():
    assert apart("abcd", asked("abcdefg")) == ""
    assert apart("abcd", asked("abcdefg", quorum=4)) == "efg"
    assert apart("abcdefg", asked("abcd"), quorum=4) == "efg"
    assert apart("efg", asked("abcd")) == ""


def test_a_member_with_other_data_is_set_apart_from_what_it_was_and_from_the_others():
    new = {name: bytes([1]) * 32 for name in NAMES}
    assert told_apart(asked("abcd"), asked("abcd", data={"d": new["d"]}), ()) == ("d",)
    assert told_apart(asked("abcd"), asked("abcd", data=new), ()) == ()
    assert told_apart(asked("abcdef"), asked("abcdef", data={name: new[name] for name in "def"}), ()) == ()
    assert told_apart(asked("abcd"), asked("abc", data=new), ()) == ("d",)  # as if nothing had changed


def test_whoever_dealt_falsely_is_kept_from_nobody():
    assert apart("abc", asked("abcd"), excluded=("d",)) == ""
    assert apart("abc", asked("abcde"), excluded=("d",)) == "e"


@pytest.fixture
def this() -> Round:
    bench = Bench(4)
    return replace(keyed(bench, running_masked(bench)), keyed=tuple("abcd"))


def told(this: Round, *own: str, earlier: tuple[Cohort, ...] = (), data: Mapping[str, bytes] | None = None):
    """What a try is held against: earlier tries of its round over these members, and earlier sums."""
    tries = tuple(replace(this, id=bytes([at]) * 32, cohort=tuple(one)) for at, one in enumerate(own))
    return Told(earlier, tries, dict.fromkeys(NAMES, bytes(32)) | (data or {}), 3, ())


def test_who_came_back_late_is_left_out_of_a_sum_that_began_without_it(this):
    began = told(this, "abc", earlier=asked("abc"))
    assert dealers_of(this, "abcd", told(this)) == tuple("abcd")
    assert dealers_of(this, "abcd", began) == tuple("abc")
    assert dealers_of(this, "abd", began) is None
    assert dealers_of(this, "abcd", told(this, earlier=asked("abc"))) == tuple("abc")
    assert dealers_of(this, "abcd", told(this, earlier=asked("abcd"))) == tuple("abcd")
    assert dealers_of(this, "ab", told(this)) is None
    assert dealers_of(this, "abcd", told(this, "abc", "abcd")) == tuple("abcd")


def test_a_sum_that_another_study_asked_for_is_asked_for_again_over_the_same_data_alone(this):
    earlier = asked("abc", data={"a": bytes([1]) * 32})
    assert dealers_of(this, "abcd", told(this, earlier=earlier, data={"a": bytes([1]) * 32})) == tuple("abc")
    assert dealers_of(this, "abcd", told(this, earlier=earlier)) is None


def test_a_sum_is_repeated_under_the_try_that_asked_for_it_first(this):
    again = replace(this, dealers=tuple("abc"))
    assert repeated(again, told(this, "abcd", "abc", "abc").own).id == bytes([1]) * 32
    assert repeated(again, told(this, "abcd").own) is None
    assert repeated(replace(again, group=3), told(this, "abc").own) is None


def test_a_sum_that_many_studies_ask_for_is_written_down_once_with_the_largest_quorum():
    sums = written(asked("abcd", "abce"), (*asked("abcd", quorum=4), *asked("abce")))
    assert sums == (*asked("abcd", quorum=4), *asked("abce"))
    assert len(written(sums, asked("abcd", data={"d": bytes([1]) * 32}))) == 3


def test_in_a_large_round_every_neighbourhood_must_be_there_not_only_enough_members(this):
    names = tuple(f"member-{at:02}" for at in range(50))
    wide = replace(this, keyed=names, graph=tagged("consortia/testing", b"graph"))
    least = threshold(wide, names[0])
    assert counted(wide, names) == names
    near = [name for name in neighbourhood(wide, names[0]) if name != names[0]]
    left = [name for name in names if name not in near[: len(near) - least + 2]]
    assert len(left) > least
    kept = counted(wide, left)
    assert names[0] not in kept
    assert all(len(set(neighbourhood(wide, name)) & set(kept)) >= least for name in kept)


def test_the_graph_and_the_query_are_hashed_as_the_page_of_rounds_says():
    def tagged(tag, data):
        return hashlib.sha256(bytes([len(tag)]) + tag.encode() + data).digest()

    def text(name):
        return bytes([0x60 + len(name)]) + name.encode()

    def digest(data):
        return b"\x58\x20" + data

    bench = Bench(4)
    this = keyed(bench, running_masked(bench))
    rows = b"".join(
        b"\x84" + text(name) + digest(one.masking) + digest(one.sealing) + digest(one.seed)
        for name, one in sorted(keys_of(bench.context(), this.id).items())
    )
    assert this.graph == tagged("consortia/round-graph", b"\x82" + digest(this.id) + b"\x84" + rows)
    sent(bench, dealt(bench, this))
    stage = MASKED.stages[0]
    numbers = bytes([stage.length]) + b"\x18" + bytes([stage.ring_bits]) + bytes([stage.scale_bits])
    asked = b"\x86" + digest(bytes(32)) + digest(MASKED.schema_hash) + numbers + text(stage.weighting)
    ((key, found),) = ASKED.scan(bench.context())
    assert key == (tagged("consortia/query", asked),)
    assert [one.members for one in found.cohorts] == [this.members]


def test_finality_is_awaited_when_a_step_is_over_and_not_before():
    bench = Bench(MEMBERS)
    this = running_masked(bench)

    def awaited(member):
        message = keys(this.study, this.id, member)
        bench.ok(member, "worker", message)
        return moved_on(bench.context(), message)

    assert [awaited(member) for member in MEMBERS] == [False, False, False, True]


def test_keys_for_the_next_masked_round_are_asked_for_once_its_sum_is_known_and_until_they_are_there():
    bench = Bench(MEMBERS)

    def ahead():
        [task] = bench.query("training.due", member="east").tasks
        return task.keys

    this = sent(bench, dealt(bench, keyed(bench, running_masked(bench))))
    assert (this.step, ahead()) == ("reveal", None)
    this = revealed(bench, this)
    following = next_round_id(bench.query("training.study", study=this.study).study, this)
    assert (this.step, ahead()) == ("commit", following)
    this = all_committed(bench, this)
    assert (this.step, ahead()) == ("open", following)
    bench.ok("east", "worker", keys(this.study, following, "east"))
    assert ahead() is None


def test_a_member_that_withdrew_its_data_deals_no_shares():
    bench = Bench(MEMBERS)
    this = keyed(bench, running_masked(bench))
    part = bench.query("training.study", study=this.study).parts[0]
    bench.ok(part.member, "operator", Withdraw(part.part.dataset))
    assert bench.run(part.member, "worker", dealing(this, part.member)).code == "training.dataset_closed"


def test_who_is_waited_for_in_vain_again_and_again_may_come_back_ever_later(this):
    part = Joined(bytes(32), 1, bytes(32), 10, 0, False, None, absent=False, missed=0, back_from=0)
    step, waits = this.deadline - this.time, []
    for _ in range(BACK_OFF_MAX + 3):
        part = gone(replace(part, absent=False), this, Moment(this.height, this.deadline))
        waits.append((part.back_from - this.deadline) // step)
    assert waits[:4] == [0, 1, 3, 7]
    assert waits[-3:] == [2**BACK_OFF_MAX - 1] * 3
