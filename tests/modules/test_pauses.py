"""Clocks stand still with what the council stops: nothing is forfeited meanwhile, and nothing comes back."""

import pytest

from consortia.kernel.block import OK
from consortia.modules.bank.messages import Refund, Release
from consortia.modules.bank.types import Condition
from consortia.modules.governance import messages as asked
from consortia.modules.predictions.messages import Perform
from consortia.modules.training.messages import Finish
from consortia.testing.machine import Bench
from consortia.testing.scenarios import governance_parts as decided
from consortia.testing.scenarios.assets import dataset, right
from consortia.testing.scenarios.bank_parts import Grant, on_call, opened, registered
from consortia.testing.scenarios.governance_agents import delegate
from consortia.testing.scenarios.governance_parts import GENESIS, PAUSE, paused
from consortia.testing.scenarios.predictions_acting import deferred
from consortia.testing.studies import all_final
from tests.modules.test_governance import _with, run

GRANT = "assets.grant"
SHORT = 20_000


@pytest.fixture
def bench():
    return Bench(4, genesis=GENESIS)


def sold(bench, milliseconds=SHORT):
    """An escrow for a right to south's data, the call that gives it, and its deadline."""
    grant = Grant(registered(bench, dataset(), "south"), "process", right(("north", "research")))
    deadline = bench.time + milliseconds
    return opened(bench, on_call("south", GRANT, grant), deadline=deadline), grant, deadline


def refund(bench, escrow):
    return bench.run("north", "operator", Refund(escrow)).code


def deliver(bench, escrow, grant):
    return bench.run("south", "operator", grant, Release(escrow, None)).code


def test_a_seller_whose_call_was_stopped_has_its_time_afterwards(bench):
    escrow, grant, deadline = sold(bench)
    paused(bench, GRANT)
    bench.time = deadline + 1
    assert deliver(bench, escrow, grant) == "governance.paused"
    assert refund(bench, escrow) == "bank.too_early"
    bench.time = bench.query("governance.pauses").pauses[0].pause.until
    assert refund(bench, escrow) == "bank.too_early"
    assert deliver(bench, escrow, grant) == OK


def test_a_buyer_gets_its_value_back_once_the_clock_has_run_its_time(bench):
    escrow, grant, deadline = sold(bench)
    paused(bench, GRANT)
    bench.time = deadline + PAUSE - 1
    assert refund(bench, escrow) == "bank.too_early"
    bench.time = deadline + PAUSE
    assert deliver(bench, escrow, grant) == "bank.too_late"
    assert refund(bench, escrow) == OK


def test_a_pause_that_ends_early_gives_back_no_more_than_it_took(bench):
    escrow, grant, deadline = sold(bench)
    paused(bench, GRANT)
    since = bench.query("governance.pauses").pauses[0].pause.since
    bench.ok("east", "admin", asked.WithdrawPause(GRANT))
    stood = bench.query("governance.pauses").pauses[0].pause.until - since
    bench.time = deadline + stood
    assert deliver(bench, escrow, grant) == "bank.too_late"
    assert refund(bench, escrow) == OK


def test_a_pause_after_the_deadline_brings_nothing_back(bench):
    escrow, _, deadline = sold(bench)
    bench.time = deadline
    paused(bench, GRANT)
    assert refund(bench, escrow) == OK


def test_a_pause_of_something_else_stops_no_clock(bench):
    escrow, grant, deadline = sold(bench)
    paused(bench, "assets.register")
    bench.time = deadline
    assert deliver(bench, escrow, grant) == "bank.too_late"
    assert refund(bench, escrow) == OK


def test_a_pause_before_an_escrow_was_opened_stops_none_of_its_time(bench):
    paused(bench, GRANT)
    bench.time = bench.query("governance.pauses").pauses[0].pause.until
    escrow, grant, deadline = sold(bench)
    bench.time = deadline
    assert deliver(bench, escrow, grant) == "bank.too_late"


@pytest.mark.parametrize(("method", "code"), [("training.start", OK), (GRANT, "bank.not_met")])
def test_a_study_that_could_not_begin_is_paid_for_when_it_ends_later(bench, method, code):
    study = all_final(bench)
    escrow = opened(bench, Condition("study", None, None, None, study), deadline=bench.time + SHORT)
    paused(bench, method)
    bench.time += SHORT
    bench.ok("north", "worker", Finish(study))
    bench.time += 10 * PAUSE
    assert bench.run("west", "worker", Release(escrow, None)).code == code


def test_what_waits_for_a_stopped_proposal_waits_longer_by_as_much():
    bench = Bench(4, app=_with("set_bounds", pausable=True), genesis=GENESIS)
    proposal = decided.ready(bench, "charter", decided.BOUNDS)
    deadline = bench.time + SHORT
    escrow = opened(bench, Condition("proposal", None, None, None, proposal.id), deadline=deadline)
    paused(bench, "governance.set_bounds")
    bench.time = deadline + 1
    assert run(bench, proposal).code == "governance.paused"
    assert refund(bench, escrow) == "bank.too_early"
    bench.time = bench.query("governance.pauses").pauses[0].pause.until
    assert run(bench, proposal).code == OK
    assert bench.run("west", "worker", Release(escrow, None)).code == OK


def test_an_act_that_waited_waits_while_its_call_is_stopped(bench):
    deed = deferred(bench, SHORT)
    bench.time += SHORT
    paused(bench, "predictions.record_batch")
    assert bench.run("east", "operator", Perform(deed)).code == "governance.paused"
    bench.time = bench.query("governance.pauses").pauses[0].pause.until
    assert bench.ok("east", "operator", Perform(deed)).events[-1].body["code"] == OK


def test_two_seats_of_long_ago_and_one_of_today_end_no_agent(bench):
    mandate = delegate(bench, "west")
    for seat in ("north", "east"):
        bench.ok(seat, "admin", asked.EndAgent(mandate))
    bench.time += PAUSE
    bench.ok("south", "admin", asked.EndAgent(mandate))
    assert bench.query("identity.mandate", mandate=mandate).live
    for seat in ("north", "east"):
        bench.ok(seat, "admin", asked.EndAgent(mandate))
    assert not bench.query("identity.mandate", mandate=mandate).live
