"""Consent decides which version of a data set a round reads."""

from contextlib import nullcontext

import pytest

from consortia.base import setcommit
from consortia.base.times import DAY
from consortia.modules.assets.messages import NewVersion
from consortia.modules.bank.messages import Settle
from consortia.modules.training.messages import Finish, Renew, Start
from consortia.testing.machine import Bench, BenchError
from consortia.testing.scenarios import training_consent as scenes
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.bank_parts import newest
from consortia.testing.scenarios.bank_payouts import payout, play_round
from consortia.testing.scenarios.consent_parts import PURPOSE, covered, people, subject
from consortia.testing.studies import MEMBERS, all_committed, current, joined, opened, submitted


def next_round(bench, this):
    last = all_committed(bench, submitted(bench, this))
    bench.ok("north", "worker", opened(last))
    return current(bench, this.study)


def part(bench, this):
    return next(
        each.part for each in bench.query("training.study", study=this.study).parts if each.member == "north"
    )


def test_somebody_who_withdrew_is_provably_absent_from_the_next_round():
    bench = Bench()
    found, this = scenes.withdrawn(bench)
    bench.ok("north", "worker", Renew(this.study, 2, 78))
    assert part(bench, this).version == 1, "the round under way is finished as it is"
    following = next_round(bench, this)
    assert (following.index, part(bench, this).version, following.records) == (1, 2, 78 + 30)
    root = bench.query("assets.versions", asset=found.id, after=0, limit=10).versions[1].commitment
    assert root == part(bench, this).commitment
    setcommit.verify_absence(root, subject(7), setcommit.path(people(gone=7), subject(7)))
    before = bench.query("training.round", study=this.study, index=0, attempt=None)
    assert {each.member: each.records for each in before.updates}["north"] == 80


def test_without_another_version_a_member_sits_out_and_may_come_back():
    bench = Bench()
    found, this = scenes.begun(bench)
    bench.ok("north", "operator", found.withdraw())
    following = next_round(bench, this)
    assert following.members == ("east", "south", "west")
    assert part(bench, this).until is None


def test_a_cover_ends_with_the_first_consent_in_it():
    bench = Bench()
    found = covered(bench)

    def allowed():
        return bench.query("consent.cover", dataset=found.id, version=1, purpose=PURPOSE).allowed

    assert allowed()
    bench.time += 30 * DAY
    bench.block()
    bench.ok("north", "operator", found.give(99))
    assert not allowed()


def test_the_log_says_who_asked_for_whose_records():
    bench = Bench()
    found = covered(bench)
    bench.ok("east", "analyst", found.access())
    bench.ok("west", "admin", found.break_glass())
    page = bench.query("consent.uses", dataset=found.id, first=0, limit=100)
    assert [(use.member, use.purpose, use.justified) for use in page.uses] == [
        ("east", PURPOSE, None),
        ("west", None, None),
    ]
    assert (page.total, page.next) == (2, None)
    assert bench.query("consent.consents", dataset=found.id, subject=subject(7)).consents[0].stands


@pytest.mark.parametrize(
    ("records", "counted", "paid"),
    [(4, 4, [47, 118, 119, 119]), (1_000_000, 10, [100, 101, 101, 101])],
    ids=["fewer are paid for as fewer", "more than it joined with are refused"],
)
def test_records_that_a_member_renews_late(records, counted, paid):
    bench = Bench(5)
    study = joined(bench)
    bench.ok("north", "operator", payout(bench, study, "records"))
    bench.ok("north", "analyst", Start(study))
    found = {each.member: each.part for each in bench.query("training.study", study=study).parts}["east"]
    bench.ok("east", "worker", NewVersion(found.dataset, digest("other"), records, None, None))
    with nullcontext() if records == counted else pytest.raises(BenchError, match="bad_records"):
        bench.ok("east", "worker", Renew(study, 2, records))
    play_round(bench, study, MEMBERS)
    assert current(bench, study).records == counted + 30
    play_round(bench, study, MEMBERS)
    bench.ok("north", "worker", Finish(study))
    receipt = bench.ok("west", "worker", Settle(newest(bench)))
    shares = {event.body["member"]: event.body["amount"] for event in receipt.events}
    assert sorted(shares.values()) == paid
