"""A study on the real machine, where the scenario table only looks at codes."""

import pytest
from msgspec.structs import replace

from consortia.base.codec import encode_record
from consortia.base.refusals import Refused
from consortia.modules.training import rules
from consortia.modules.training.messages import Cancel, Close, Finish, Leave, Return, Start
from consortia.modules.training.state import OPEN, PROGRESS, ROUNDS
from consortia.modules.training.types import Outcome
from consortia.testing.machine import Bench
from consortia.testing.masked import dealt, keyed, running_masked, sent
from consortia.testing.studies import (
    GOOD,
    MEMBERS,
    TERMS,
    all_committed,
    all_final,
    committed,
    current,
    ended,
    falsehood,
    joined,
    opened,
    opening,
    proposed,
    running,
    submitted,
    update,
)


@pytest.fixture
def bench() -> Bench:
    return Bench(4)


def progress(bench: Bench, study: bytes):
    return bench.query("training.study", study=study).progress


def names(receipt) -> list[str]:
    return [event.name.removeprefix("training.") for event in receipt.events]


def due(bench: Bench, member: str) -> list[str]:
    return [task.action for task in bench.query("training.due", member=member).tasks]


def test_one_opening_makes_a_round_final_and_the_next_begins_in_the_same_block(bench):
    this = opening(bench)
    receipt = bench.ok("south", "worker", opened(this))
    assert names(receipt) == ["result_opened", "round_final", "round_started"]
    following = current(bench, this.study)
    assert (following.index, following.attempt, following.step) == (1, 0, "submit")
    assert following.state == GOOD.state
    assert following.height == bench.tip.height


def test_a_liar_is_named_although_it_never_opens(bench):
    this = opening(bench, lying=("west",))
    receipt = bench.ok("south", "worker", opened(this))
    assert "result_differs" in names(receipt)
    final = bench.query("training.round", study=this.study, index=0, attempt=None).round
    assert (final.status, final.differing, final.outcome) == ("final", ("west",), GOOD)


def test_a_liar_that_opens_first_holds_nobody_up(bench):
    this = opening(bench, lying=("west",))
    bench.ok("west", "worker", opened(this, falsehood("west")))
    assert current(bench, this.study).status == "open"
    bench.ok("north", "worker", opened(this))
    view = bench.query("training.round", study=this.study, index=0, attempt=0)
    assert view.round.differing == ("west",)
    evidence = {result.member: result.result.opened for result in view.results}
    assert evidence["west"] == falsehood("west")


def test_a_dispute_ends_the_study_and_keeps_the_openings(bench):
    this = opening(bench, lying=("south", "west"))
    bench.ok("west", "worker", opened(this, falsehood("west")))
    receipt = bench.ok("north", "worker", opened(this))
    assert names(receipt) == ["result_opened", "result_disputed", "study_aborted"]
    assert receipt.events[1].body["opened"] == ("north", "west")
    assert progress(bench, this.study).status == "aborted"
    assert current(bench, this.study).status == "disputed"


def test_a_missing_member_is_named_and_may_come_back_in_the_next_round(bench):
    this = submitted(bench, running(bench), ("north", "east", "south"))
    assert (this.cohort, this.missing) == (("east", "north", "south"), ("west",))
    assert (this.cohort_records, this.records) == (30, 40)
    this = all_committed(bench, this)
    bench.ok("north", "worker", opened(this))
    assert "west" in current(bench, this.study).members
    assert progress(bench, this.study).contributors == ("east", "north", "south")


def test_a_try_below_the_quorum_names_the_missing_and_gets_a_new_id(bench):
    this = running(bench)
    bench.ok("north", "worker", update(bench, this, "north"))
    again = ended(bench, this)
    assert (again.index, again.attempt) == (0, 1)
    assert again.id != this.id
    before = bench.query("training.round", study=this.study, index=0, attempt=0).round
    assert (before.status, before.missing) == ("aborted", ("east", "south", "west"))


def test_a_study_whose_tries_are_used_up_is_aborted(bench):
    this = ended(bench, running(bench))
    bench.time = this.deadline
    receipt = bench.ok("north", "worker", Close(this.study, this.id))
    assert names(receipt) == ["round_aborted", "study_aborted"]
    assert progress(bench, this.study).reason == "round 1, try 2: members were missing"


@pytest.mark.parametrize("offset", [-1, 0])
def test_at_its_deadline_a_step_is_over_and_may_be_closed_not_before(bench, offset):
    this = running(bench)
    bench.time = this.deadline + offset
    done = bench.run("east", "worker", update(bench, this, "east")).code
    bench.time = this.deadline + offset
    closed = bench.run("north", "worker", Close(this.study, this.id)).code
    wanted = ("ok", "training.too_early") if offset else ("training.too_late", "ok")
    assert (done, closed) == wanted


def test_leaving_counts_from_the_next_round_and_keeps_the_lineage(bench):
    this = opening(bench)
    bench.ok("east", "operator", Leave(this.study))
    receipt = bench.ok("north", "worker", opened(this))
    assert "member_left" in names(receipt)
    following = current(bench, this.study)
    assert following.members == ("north", "south", "west")
    assert progress(bench, this.study).contributors == tuple(sorted(MEMBERS))


def test_the_model_comes_from_every_contributor_and_names_its_study(bench):
    study = all_final(bench)
    bench.ok("east", "worker", Finish(study))
    view = bench.query("training.study", study=study)
    model = bench.query("assets.asset", asset=view.progress.model)
    assert model.asset.study == study
    assert model.asset.owner == "north"
    assert model.version.commitment == view.progress.state == GOOD.state
    assert {parent.asset for parent in model.asset.parents} == {part.part.dataset for part in view.parts}
    assert model.version.count == 40


def test_the_history_chains_every_final_round(bench):
    study = all_final(bench)
    history = rules.NO_HISTORY
    for this in bench.query("training.rounds", study=study, first=0, limit=100).rounds:
        history = rules.chained(history, this.id, this.outcome)
    assert progress(bench, study).history == history


def test_everybody_sees_what_it_has_to_do_and_who_is_awaited(bench):
    study = proposed(bench)
    assert due(bench, "east") == ["join"]
    assert bench.query("training.awaited", study=study).action == "join"
    bench = Bench(4)
    study = joined(bench)
    assert due(bench, "east") == ["start"]
    assert not bench.query("training.due", member="east").tasks[0].ready
    bench.time = bench.query("training.study", study=study).study.join_until
    bench.block()
    assert bench.query("training.due", member="east").tasks[0].ready
    bench.ok("north", "analyst", Start(study))
    this = current(bench, study)
    assert due(bench, "east") == ["submit"]
    bench.ok("east", "worker", update(bench, this, "east"))
    assert due(bench, "east") == ["wait"]
    awaited = bench.query("training.awaited", study=study)
    assert (awaited.action, awaited.members) == ("submit", ("north", "south", "west"))
    assert awaited.deadline == this.deadline
    others = ("north", "south", "west")
    bench.block(*[bench.sign(name, "worker", update(bench, this, name)) for name in others])
    assert due(bench, "east") == ["commit"]
    all_committed(bench, current(bench, study))
    assert due(bench, "east") == ["open"]


def test_who_committed_to_nothing_has_nothing_to_open(bench):
    this = submitted(bench, running(bench))
    bench.block(*[bench.sign(name, "worker", committed(this, name)) for name in ("east", "north", "south")])
    assert (due(bench, "east"), due(bench, "west")) == (["wait"], ["commit"])
    assert ended(bench, this).step == "open"
    assert (due(bench, "east"), due(bench, "west")) == (["open"], ["wait"])
    bench.ok("north", "analyst", Cancel(this.study, "that is enough"))
    assert due(bench, "east") == []
    assert bench.query("training.awaited", study=this.study).action == "wait"


def test_a_member_without_a_study_has_nothing_to_do(bench):
    study = all_final(bench)
    assert due(bench, "east") == ["finish"]
    assert bench.query("training.awaited", study=study).action == "finish"
    assert bench.query("training.due", member="nobody").tasks == ()


def test_studies_are_listed_page_by_page(bench):
    for number in range(3):
        proposed(bench, replace(TERMS, name=f"study-{number}"))
    first = bench.query("training.studies", status="proposed", after=None, limit=2)
    rest = bench.query("training.studies", status=None, after=first.next, limit=2)
    assert (len(first.studies), len(rest.studies), rest.next) == (2, 1, None)
    assert bench.query("training.studies", status="finished", after=None, limit=2).studies == ()


def test_a_commitment_binds_member_round_sum_and_state():
    one = rules.commitment(bytes(32), "east", GOOD)
    assert one != rules.commitment(bytes(32), "west", GOOD)
    assert one != rules.commitment(b"\x01" * 32, "east", GOOD)
    assert one != rules.commitment(bytes(32), "east", Outcome(GOOD.state, GOOD.sum))


@pytest.mark.parametrize(("members", "needed"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (63, 43)])
def test_more_than_two_thirds_are_needed(members, needed):
    assert rules.needed(members) == needed


def broken(bench: Bench, table, record, *key) -> str:
    """What the invariants say once a record is put where no handler would put it."""
    bench.state.update({table.state_key(*key): None if record is None else encode_record(record)})
    return "; ".join(bench.machine.violations(bench.state, bench.tip))


def test_the_invariants_see_a_study_that_is_listed_otherwise_than_it_is(bench):
    study = proposed(bench)
    assert "listed otherwise" in broken(bench, OPEN, None, "north", study)


def test_the_invariants_see_a_contributor_that_never_joined(bench):
    study = proposed(bench)
    changed = replace(progress(bench, study), contributors=("east",))
    assert "somebody who never joined" in broken(bench, PROGRESS, changed, study)


def test_the_invariants_see_a_model_of_an_unfinished_study(bench):
    study = proposed(bench)
    changed = replace(progress(bench, study), model=bytes(32))
    assert "its model says otherwise" in broken(bench, PROGRESS, changed, study)


def test_the_invariants_see_two_open_rounds_of_one_study(bench):
    this = running(bench)
    assert "2 open rounds" in broken(bench, ROUNDS, replace(this, index=7), this.study, 7, 0)


def test_the_invariants_see_a_round_that_the_study_does_not_name(bench):
    this = running(bench)
    changed = replace(progress(bench, this.study), round=None)
    assert "another open round than it has" in broken(bench, PROGRESS, changed, this.study)


def test_the_invariants_see_a_running_study_without_a_round(bench):
    this = running(bench)
    broken(bench, PROGRESS, replace(progress(bench, this.study), round=None), this.study)
    found = broken(bench, ROUNDS, replace(this, status="aborted"), this.study, 0, 0)
    assert "is running at round 0" in found


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"members": ("east", "north")}, "somebody outside it"),
        ({"cohort": ("mars",)}, "a member of the cohort has no update"),
        ({"cohort": ()}, "results without a cohort"),
        ({"outcome": None}, "its outcome says otherwise"),
        ({"outcome": Outcome(bytes(32), bytes(32))}, "0 of 4 members are behind its outcome"),
    ],
)
def test_the_invariants_see_a_round_that_its_records_do_not_carry(bench, change, text):
    this = opening(bench)
    bench.ok("north", "worker", opened(this))
    final = bench.query("training.round", study=this.study, index=0, attempt=0).round
    assert text in broken(bench, ROUNDS, replace(final, **change), this.study, 0, 0)


def test_a_question_about_what_is_not_there_is_refused(bench):
    with pytest.raises(Refused, match=r"training\.unknown_study"):
        bench.query("training.study", study=bytes(32))
    study = proposed(bench)
    with pytest.raises(Refused, match=r"training\.wrong_round"):
        bench.query("training.round", study=study, index=0, attempt=None)
    assert bench.query("training.find", proposer="north", name="nothing").study is None


def test_only_the_invited_are_asked_to_join(bench):
    proposed(bench, replace(TERMS, invited=("east", "north", "south")))
    assert due(bench, "east") == ["join"]
    assert due(bench, "west") == []


def test_rounds_are_listed_page_by_page_with_every_try(bench):
    this = ended(bench, running(bench))
    bench.block(*[bench.sign(name, "worker", update(bench, this, name)) for name in MEMBERS])
    this = all_committed(bench, current(bench, this.study))
    bench.ok("north", "worker", opened(this))
    first = bench.query("training.rounds", study=this.study, first=0, limit=1)
    assert [(one.index, one.attempt) for one in first.rounds] == [(0, 0), (0, 1)]
    rest = bench.query("training.rounds", study=this.study, first=first.next, limit=100)
    assert ([(one.index, one.attempt) for one in rest.rounds], rest.next) == ([(1, 0)], None)


def test_who_missed_a_step_and_leaves_is_not_waited_for_again(bench):
    this = submitted(bench, running(bench), MEMBERS[:3])
    bench.ok("west", "worker", Leave(this.study))
    for name in MEMBERS[:3]:
        bench.ok(name, "worker", committed(this, name))
    assert current(bench, this.study).step == "open"


def test_who_returned_to_a_round_that_goes_on_without_it_does_not_miss_what_it_cannot_do():
    bench = Bench(4)
    this = keyed(bench, running_masked(bench), MEMBERS[:3])
    bench.ok("west", "worker", Return(this.study))
    after = sent(bench, dealt(bench, this, MEMBERS[:3]), MEMBERS[:3])
    parts = bench.query("training.study", study=this.study).parts
    assert (after.step, after.missing) == ("reveal", ("west",))
    assert not any(part.part.absent for part in parts)


def test_who_commits_to_nothing_costs_the_others_one_deadline_and_not_one_in_the_next_round_too():
    bench = Bench(4)
    this = submitted(bench, running(bench))
    for name in MEMBERS[:3]:
        bench.ok(name, "worker", committed(this, name))
    after = ended(bench, current(bench, this.study))
    parts = bench.query("training.study", study=this.study).parts
    assert (after.step, [part.member for part in parts if part.part.absent]) == ("open", ["west"])
