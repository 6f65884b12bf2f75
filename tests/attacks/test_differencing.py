"""Sums that say nothing alone, and together bare one member: by a retry, by another study, by two members."""

import numpy as np
import pytest
from msgspec.structs import replace

from consortia.base.hashing import tagged
from consortia.engines.train.statistics import contribution
from consortia.modules.assets.messages import NewVersion
from consortia.modules.training import masks, rounds, state
from consortia.testing.local import HeldTable, terms_of
from consortia.testing.studies import MEMBERS
from consortia.workers.terms import MASKED
from tests.attacks.coalition import Colluder, coalition, sent
from tests.attacks.studies import again
from tests.workers.four import SCHEMA, Consortium, small

pytestmark = pytest.mark.slow

APART = "its sum would set too few members apart"
FIVE = ("amber", "birch", "cedar", "delta", "ember")


def everything(_earlier, _new, _excluded):
    """`masks.told_apart` where every sum may be told."""
    return ()


def by_members(earlier, new, faulted):
    """`masks.told_apart` by members alone, whatever their data are."""
    return masks._apart(
        [replace(one, data=(b"",) * len(one.data)) for one in (*earlier, *new)], len(earlier), faulted
    )


def less(total: bytes, *parts: bytes) -> bytes:
    """A sum without some of its parts."""
    words = [np.frombuffer(each, dtype="<i8") for each in (total, *parts)]
    with np.errstate(over="ignore"):
        return (words[0] - sum(words[1:])).tobytes()


# ------------------------------------------------------------------ by a retry


def lost_after_the_sum(tmp_path) -> Consortium:
    """Two of four vanish when all updates are in; west has the sum already, and north does not come back."""
    kinds = {"west": Colluder}
    four = Consortium(tmp_path, kinds=kinds, rounds=1, summing=MASKED).join().start()
    four.net.drive(four.workers, lambda: four.rounds()[0].step == "reveal")
    del four.workers["north"]
    west = four.workers.pop("west")
    four.net.drive(four.workers, lambda: len(four.rounds()) == 2)
    four.workers["west"] = west
    return four


def test_a_retry_without_one_member_bares_it_where_every_sum_may_be_told(tmp_path, monkeypatch):
    monkeypatch.setattr(masks, "told_apart", everything)
    four = lost_after_the_sum(tmp_path)
    four.net.drive(four.workers, lambda: four.rounds()[1].status == "final")
    first, second = four.rounds()[:2]
    with_it = coalition(four, first, ("west",)).sum(first.cohort)
    without_it = coalition(four, second, ("west",)).sum(second.cohort)
    assert less(with_it, without_it) == sent(four, first, "north")


def test_a_sum_that_was_begun_is_told_of_the_same_members_or_of_none(tmp_path):
    four = lost_after_the_sum(tmp_path).finish()
    assert four.progress.status == "aborted"
    assert [this.cohort for this in four.rounds()] == [tuple(sorted(MEMBERS)), (), (), ()]
    assert four.progress.reason.endswith((APART, "members were missing"))


# ------------------------------------------------------------------ by another study


def asked_twice(tmp_path, members, fewer, *, quorum=3) -> Consortium:
    """A finished study of all, and the same asked of fewer."""
    kinds = dict.fromkeys(members, Colluder)
    four = Consortium(tmp_path, members=members, kinds=kinds, rounds=1, summing=MASKED, quorum=quorum)
    four.join().start().finish()
    four.first = four.rounds()[0]
    return again(four, fewer)


def both_sums(four: Consortium, name: str) -> tuple[bytes, bytes]:
    """The first sums of both studies, as one member has them."""
    second = four.rounds()[0]
    return tuple(coalition(four, this, (name,)).sum(this.cohort) for this in (four.first, second))


def test_another_study_without_one_member_bares_it_where_every_sum_may_be_told(tmp_path, monkeypatch):
    monkeypatch.setattr(masks, "told_apart", everything)
    four = asked_twice(tmp_path, MEMBERS, MEMBERS[:3]).finish()
    assert less(*both_sums(four, "north")) == sent(four, four.first, "west")


def test_another_study_asks_no_sum_that_leaves_one_member_over(tmp_path):
    four = asked_twice(tmp_path, MEMBERS, MEMBERS[:3]).finish()
    assert four.progress.reason == f"round 1, try 4: {APART}"
    assert all(this.cohort == () for this in four.rounds())


# ------------------------------------------------------------------ by two members, one of whom knows itself


def one_only(earlier, new, _excluded):
    """`masks.told_apart` as "cohorts are the same, or differ by two members at least"."""
    apart = [set(one.members) ^ set(other.members) for one in earlier for other in new]
    return next((tuple(each) for each in apart if len(each) == 1), ())


def test_where_two_members_may_be_set_apart_each_bares_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr(masks, "told_apart", one_only)
    four = asked_twice(tmp_path, FIVE, FIVE[:3]).finish()
    own = sent(four, four.first, "ember")
    assert less(*both_sums(four, "ember"), own) == sent(four, four.first, "delta")


def test_two_members_are_not_set_apart(tmp_path):
    four = asked_twice(tmp_path, FIVE, FIVE[:3]).finish()
    assert four.progress.reason == f"round 1, try 4: {APART}"


def of_seven(tmp_path) -> Consortium:
    """A finished study of seven who agreed to sums of four or more, and the same asked of four of them."""
    seven = (*FIVE, "fir", "gorse")
    return asked_twice(tmp_path, seven, seven[:4], quorum=4).finish()


def test_without_their_quorum_members_who_agreed_to_sums_of_four_are_summed_as_three(tmp_path, monkeypatch):
    rule = masks.told_apart

    def of_three(earlier, new, excluded):
        return rule(*([replace(one, quorum=3) for one in each] for each in (earlier, new)), excluded)

    monkeypatch.setattr(masks, "told_apart", of_three)
    four = of_seven(tmp_path)
    three = [sent(four, four.first, name) for name in four.members[4:]]
    assert less(*both_sums(four, "amber"), *three) == bytes(len(three[0]))


def test_members_who_agreed_to_sums_of_four_are_not_set_apart_as_three(tmp_path):
    assert of_seven(tmp_path).progress.reason == f"round 1, try 4: {APART}"


# ------------------------------------------------------------------ the same sum in other words


def in_other_words(tmp_path, **parameters) -> Consortium:
    """A finished study of all, and one of all but west that begins with the same sum, or comes to it."""
    four = Consortium(tmp_path, kinds=dict.fromkeys(MEMBERS, Colluder), rounds=1, summing=MASKED)
    four.join().start().finish()
    four.first = four.rounds()[0]
    terms, _ = terms_of("again", SCHEMA, summing=MASKED, **parameters)
    return again(four, MEMBERS[:3], terms=terms).finish()


def as_it_says(this, terms, sums) -> bytes:
    """`rules.query` as the study words it: its state, its recipe, its parameters."""
    return tagged("consortia/attack", this.state + terms.recipe.digest + terms.recipe.parameters)


OTHER_WORDS = pytest.mark.parametrize(
    "words",
    [{"rounds": 2}, {"ridge_milli": 7, "rounds": 1}, {"recipe_name": "mlp.fedavg", "rounds": 1, "hidden": 4}],
    ids=["rounds", "ridge", "recipe"],
)


@OTHER_WORDS
def test_where_a_study_says_what_its_query_is_other_words_bare_the_member_that_they_leave_out(
    tmp_path, monkeypatch, words
):
    monkeypatch.setattr(rounds, "query", as_it_says)
    monkeypatch.setattr(state, "query", as_it_says)
    four = in_other_words(tmp_path, **words)
    assert less(*both_sums(four, "north")) == sent(four, four.first, "west")


@OTHER_WORDS
def test_the_same_sum_in_other_words_is_the_same_query(tmp_path, words):
    four = in_other_words(tmp_path, **words)
    assert four.progress.reason == f"round 1, try 4: {APART}"
    assert all(this.cohort == () for this in four.rounds())


def left_later(tmp_path) -> Consortium:
    """Two studies whose first Newton steps are one sum; west is in the second's statistics, and then away."""
    four = Consortium(tmp_path, kinds=dict.fromkeys(MEMBERS, Colluder), rounds=1, summing=MASKED)
    four.join().start().finish()
    four.first = four.rounds()[1]
    terms, _ = terms_of("again", SCHEMA, rounds=2, summing=MASKED)
    again(four, MEMBERS, terms=terms)
    four.net.drive(four.workers, lambda: four.progress.index == 1)
    west = four.workers.pop("west")
    four.net.drive(four.workers, lambda: bool(four.rounds()[-1].cohort) or four.progress.status == "aborted")
    four.workers["west"] = west
    return four


def test_where_a_study_says_what_its_query_is_a_later_sum_in_other_words_bares_who_dropped_out(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(rounds, "query", as_it_says)
    monkeypatch.setattr(state, "query", as_it_says)
    four = left_later(tmp_path)
    four.net.drive(four.workers, lambda: four.rounds()[-1].status == "final")
    second = next(this for this in four.rounds() if this.index == 1 and this.cohort)
    sums = [coalition(four, this, ("north",)).sum(this.cohort) for this in (four.first, second)]
    assert less(*sums) == sent(four, four.first, "west")


def test_a_later_sum_after_the_same_sums_is_the_same_query_too(tmp_path):
    four = left_later(tmp_path)
    assert four.progress.status == "aborted"
    assert all(this.cohort == () for this in four.rounds() if this.index == 1)


def test_one_sum_of_the_same_members_is_asked_for_by_as_many_studies_as_like(tmp_path, monkeypatch):
    monkeypatch.setattr(rounds, "COHORTS_MAX", 1)
    four = Consortium(tmp_path, rounds=1, summing=MASKED).join().start().finish()
    for name in ("second", "third"):
        assert again(four, MEMBERS, name).finish().progress.status == "finished"


# ------------------------------------------------------------------ data that changed in between


def grown(tmp_path) -> Consortium:
    """The same study twice; in between west's data set gets one record more, and nobody else's changes."""
    tables = {name: small(name, at) for at, name in enumerate(MEMBERS)}
    more = tables["west"]
    tables["west"] = more.take(range(9))
    kinds = dict.fromkeys(MEMBERS, Colluder)
    four = Consortium(tmp_path, tables, kinds=kinds, rounds=1, summing=MASKED).join().start().finish()
    four.first = four.rounds()[0]
    west = four.bench.query("training.study", study=four.study).parts[-1]
    assert west.member == "west"
    four.bench.ok(
        "west", "operator", NewVersion(west.part.dataset, tagged("consortia/attack", b"ten"), 10, None, None)
    )
    four.workers["west"].data = HeldTable(more)
    four.newest = more.take([9])
    return again(four, MEMBERS, versions={"west": 2}).finish()


def test_where_members_are_the_same_whatever_their_data_the_record_by_which_one_grew_is_bare(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(masks, "told_apart", by_members)
    four = grown(tmp_path)
    before, after = both_sums(four, "north")
    record = contribution(four.newest)
    assert less(after, before) == record.astype("<i8").tobytes()


def test_a_record_by_which_one_member_grew_between_two_studies_is_not_set_apart(tmp_path):
    four = grown(tmp_path)
    assert four.progress.reason == f"round 1, try 4: {APART}"
    assert all(this.cohort == () for this in four.rounds())
