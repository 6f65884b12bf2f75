"""An orderer that shows the survivors of a round two cohorts, so that they reveal both kinds of share."""

import pytest

from consortia.modules.training import masks
from consortia.testing.studies import MEMBERS
from consortia.workers.arithmetic import Summing
from consortia.workers.diary import Diary
from consortia.workers.terms import MASKED
from tests.attacks.coalition import Colluder, coalition, sent
from tests.attacks.views import Side, work
from tests.workers.four import Consortium

pytestmark = pytest.mark.slow

EIGHT = tuple(f"member-{number}" for number in range(8))
GROUPS = Summing("masked", "median", 0, group=4)


def at_submit(tmp_path, members=MEMBERS, **terms) -> Consortium:
    """A study whose first round waits for updates; all could collude, a coalition is whoever does."""
    kinds = dict.fromkeys(members, Colluder)
    four = Consortium(tmp_path, members=members, kinds=kinds, rounds=1, **terms).join().start()
    four.net.drive(four.workers, lambda: four.rounds()[0].step == "submit")
    return four


def two_views(four: Consortium, liars, seeing, others) -> Side:
    """Show `seeing` a cohort with its first member, and `others` one without, and give the second side.

    The liars cosign both, and help both along.
    """
    for name in four.members:
        if name != seeing[0]:
            assert four.workers[name].work()
    helpers = [four.workers[name] for name in liars]
    with_it, without_it = (Side(four, (*liars, *names)) for names in (seeing, others))
    for side, names in ((with_it, seeing), (without_it, others)):
        work(side, [*(four.workers[name] for name in names), *helpers], turns=120)
    four.bench = with_it.bench
    return without_it


# ------------------------------------------------------------------ two of four


def test_two_colluders_of_four_with_an_honest_orderer_get_nothing(tmp_path):
    four = at_submit(tmp_path, summing=MASKED)
    four.finish()
    assert four.progress.status == "finished"
    for this in four.rounds():
        liars = coalition(four, this, ("south", "west"))
        assert liars.plain("north") is None
        assert liars.plain("east") is None
        assert liars.sum(("east", "north")) is not None  # what the sum and their own updates say, and no more
        assert coalition(four, this, ("east", "south", "west")).plain("north") == sent(four, this, "north")


def test_two_colluders_of_four_with_a_lying_orderer_bare_a_third_and_this_is_left(tmp_path):
    four = at_submit(tmp_path, summing=MASKED)
    this = four.rounds()[0]
    other = two_views(four, ("south", "west"), ("north",), ("east",))
    assert coalition(four, this, ("south", "west"), other.bench).plain("north") == sent(four, this, "north")


def test_one_of_four_that_orders_and_lies_gets_nothing_even_if_all_it_shows_were_final(tmp_path, monkeypatch):
    monkeypatch.setattr("consortia.kernel.checkpoint.quorum", lambda members: 1)
    four = at_submit(tmp_path, summing=MASKED)
    this = four.rounds()[0]
    other = two_views(four, ("west",), ("north", "south"), ("east",))
    assert coalition(four, this, ("west",), other.bench).plain("north") is None


# ------------------------------------------------------------------ finality


def split_groups(tmp_path):
    """Two of a group of four, of eight members, order and lie: their other history, and what they get."""
    four = at_submit(tmp_path, EIGHT, summing=GROUPS, quorum=4)
    this = four.rounds()[0]
    group = masks.sums(this)[0]
    victim, honest, *liars = group
    rest = [name for name in EIGHT if name not in group]
    other = two_views(four, liars, (victim, *rest[:2]), (honest, *rest[2:]))
    return other, coalition(four, this, liars, other.bench).plain(victim), sent(four, this, victim)


def test_without_a_quorum_of_two_thirds_two_views_bare_a_member(tmp_path, monkeypatch):
    monkeypatch.setattr("consortia.kernel.checkpoint.quorum", lambda members: members // 2)
    _, got, plain = split_groups(tmp_path)
    assert got == plain


def test_workers_act_on_no_view_that_fewer_than_two_thirds_cosigned(tmp_path):
    other, got, _ = split_groups(tmp_path)
    assert got is None
    assert other.final_height() == other.forked_at < other.bench.tip.height


# ------------------------------------------------------------------ one worker asked twice


def asked_twice(tmp_path):
    """An orderer shows two members both cohorts, one after the other, each as if it were final."""
    four = at_submit(tmp_path, summing=MASKED)
    this = four.rounds()[0]
    every = [four.workers[name] for name in ("north", "east", "south")]
    first, second = Side(four, MEMBERS), Side(four, MEMBERS)
    work(first, [*every, four.workers["west"]], turns=4)
    work(second, [*every[1:], four.workers["west"]], turns=150)
    four.bench = first.bench
    return four, coalition(four, this, ("west",), second.bench).plain("north"), sent(four, this, "north")


def test_without_its_diary_a_worker_reveals_both_kinds_to_one_liar(tmp_path, monkeypatch):
    monkeypatch.setattr(Diary, "keep_cohort", lambda _self, _study, _round, cohort: cohort)
    _, got, plain = asked_twice(tmp_path)
    assert got == plain


def test_a_worker_reveals_for_one_cohort_of_a_round_and_no_other(tmp_path):
    four, got, _ = asked_twice(tmp_path)
    assert got is None
    for name in ("east", "south"):
        assert four.net.said(name, "refused")[0].detail == (
            "round 1: another cohort than the one for which shares were revealed"
        )
