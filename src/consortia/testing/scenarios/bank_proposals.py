"""Value that waits for what the members decide, and what the bank answers."""

from consortia.base.times import HOUR
from consortia.modules.bank.messages import Refund, Release
from consortia.modules.bank.types import Condition
from consortia.modules.governance.messages import Close
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Step, step
from consortia.testing.scenarios import governance_parts as decided
from consortia.testing.scenarios.bank_parts import escrow, made, opened
from consortia.testing.studies import proposed

GRACE = 2 * HOUR


def _proposal_escrow(bench: Bench, members: tuple[str, ...], milliseconds: int = HOUR) -> tuple[bytes, Step]:
    """An escrow on a proposal that these members said yes to and that was counted, and its execution."""
    proposal = decided.opened(bench)
    condition = Condition("proposal", None, None, None, proposal.id)
    identity = opened(bench, condition, deadline=bench.time + milliseconds)
    decided.voted(bench, proposal, *members)
    decided.later(bench, decided.VOTE)
    bench.ok("west", "worker", Close(proposal.id))
    decided.later(bench, decided.LOCK)
    return identity, decided.executes(proposal)


def _on_proposal(bench: Bench) -> Step:
    condition = Condition("proposal", None, None, None, decided.opened(bench).id)
    return step("north", "admin", escrow(bench, made(bench), condition))


def _on_no_proposal(bench: Bench) -> Step:
    condition = Condition("proposal", None, None, None, bytes(32))
    return step("north", "admin", escrow(bench, made(bench), condition))


def _on_a_study(bench: Bench) -> Step:
    condition = Condition("proposal", None, None, None, proposed(bench))
    return step("north", "admin", escrow(bench, made(bench), condition))


def _by_proposal(bench: Bench) -> Step:
    identity, execution = _proposal_escrow(bench, decided.MEMBERS)
    bench.block(execution.sign(bench))
    bench.time += GRACE
    return step("west", "worker", Release(identity, None))


def _by_proposal_that_waits(bench: Bench) -> Step:
    return step("west", "worker", Release(_proposal_escrow(bench, decided.MEMBERS)[0], None))


def _by_proposal_that_is_refused(bench: Bench) -> Step:
    return step("west", "worker", Release(_proposal_escrow(bench, ("north",))[0], None))


def _back_as_it_was_refused(bench: Bench) -> Step:
    return step("west", "worker", Refund(_proposal_escrow(bench, ("north",))[0]))


def _back_too_early(bench: Bench) -> Step:
    return step("north", "operator", Refund(_proposal_escrow(bench, decided.MEMBERS)[0]))


def _back_as_it_came_late(bench: Bench) -> Step:
    identity, execution = _proposal_escrow(bench, decided.MEMBERS, 60_000)
    bench.block(execution.sign(bench))
    return step("north", "operator", Refund(identity))


def _back_although_it_was_executed(bench: Bench) -> Step:
    identity, execution = _proposal_escrow(bench, decided.MEMBERS)
    bench.block(execution.sign(bench))
    bench.time += GRACE
    return step("north", "operator", Refund(identity))


DONE = (
    decided.row("value is put aside until a proposal is carried out", _on_proposal),
    decided.row("a proposal was carried out in time, and anybody releases what waits for it", _by_proposal),
    decided.row("a proposal was refused, and what waited for it goes back at once", _back_as_it_was_refused),
    decided.row("a proposal carried out too late is not paid for", _back_as_it_came_late),
)
REFUSED = (
    decided.row("an escrow on no proposal", _on_no_proposal, "bank.bad_condition"),
    decided.row("an escrow on a study as if it were a proposal", _on_a_study, "bank.bad_condition"),
    decided.row("a release for a proposal that passed and waits", _by_proposal_that_waits, "bank.not_met"),
    decided.row("a release for a proposal that was refused", _by_proposal_that_is_refused, "bank.not_met"),
    decided.row("a refund while a proposal may be carried out", _back_too_early, "bank.too_early"),
    decided.row("a refund of what a proposal earned", _back_although_it_was_executed, "bank.met"),
)
SCENARIOS = DONE + REFUSED
