"""An agent's act is accounted for first, and its statements are held to what was decided."""

import pytest
from msgspec.structs import replace

from consortia.kernel.block import OK
from consortia.kernel.context import Context
from consortia.modules import predictions
from consortia.modules.identity.mandate_messages import EndMandate
from consortia.modules.identity.mandate_types import Pin
from consortia.modules.predictions.invariants import deeds
from consortia.modules.predictions.messages import Act
from consortia.modules.predictions.rules import RESOLVED_MIN, brier, trusted
from consortia.modules.predictions.state import DEED_ROOTS, DEEDS, PLEDGES, TRACKS
from consortia.modules.predictions.types import Done, Track
from consortia.testing.machine import Bench
from consortia.testing.scenarios.mandates_parts import PROGRAM, account, agent, mandate
from consortia.testing.scenarios.predictions_acting import batch, modelled

KEEPER = predictions.Keeper()
SUBJECT = bytes(range(32))


@pytest.fixture
def bench():
    return Bench(3)


def code(bench, *messages, key=None, **fields):
    return bench.admission_code(bench.sign_with(key or agent(), *messages, sequence=0, **fields))


def acts(bench, word, stated=700_000, key=None):
    raw = bench.sign_with(key or agent(), Act(account(word, stated=stated)))
    (receipt,) = bench.block(raw)
    assert receipt.code == OK
    return receipt


def within(bench, receipt, call=1):
    """A context in which a later call of an act's transaction runs."""
    ctx = bench.context()
    ctx.transaction, ctx.call = receipt.transaction, call
    return ctx


def test_a_transaction_of_an_agent_begins_with_its_account(bench):
    made = modelled(bench)
    assert code(bench, batch(made)) == "kernel.no_act"
    assert code(bench, batch(made), Act(account())) == "kernel.no_act"
    assert code(bench, Act(account()), batch(made), Act(account("other"))) == "kernel.outside_mandate"
    assert code(bench, Act(account()), batch(made), batch(made, "other")) == OK


def test_an_agent_signs_only_what_its_mandate_names(bench):
    made = modelled(bench)
    mandate(bench, "east", pin=Pin(made, bytes(32)), methods=("bank.transfer",))
    assert code(bench, Act(account()), batch(made), key=agent("east")) == "kernel.outside_mandate"
    assert code(bench, Act(account()), EndMandate(bytes(32))) == "kernel.wrong_role"


def test_an_ended_agent_is_silent_in_the_next_block(bench):
    id_ = mandate(bench)
    assert code(bench, Act(account())) == OK
    bench.ok("north", "recovery", EndMandate(id_))
    assert code(bench, Act(account())) == "kernel.revoked_key"


def test_a_person_accounts_for_nothing(bench):
    for role in ("admin", "operator", "worker", "node"):
        raw = bench.sign("north", role, Act(account()), sequence=0)
        assert bench.admission_code(raw) == "kernel.wrong_role"


def test_the_act_behind_a_call_is_known(bench):
    mandate(bench)
    receipt = acts(bench, "first")
    deed = KEEPER.deed(within(bench, receipt))
    assert (deed.owner, deed.agent, deed.content, deed.model) == ("north", "clerk", PROGRAM, None)
    assert deed.account.stated == 700_000
    assert KEEPER.deed(bench.context()) is None
    assert bench.query("predictions.deed", deed=deed.id).deed == deed
    page = bench.query("predictions.deeds", owner="north", content=PROGRAM, first=0, limit=10)
    assert (page.deeds, page.track.acts, page.advises_only, page.next) == ((deed,), 1, False, None)


def test_a_models_act_is_a_prediction_record_too(bench):
    made = modelled(bench)
    acts(bench, "first")
    acts(bench, "second")
    page = bench.query("predictions.batches", model=made, first=0, limit=10)
    assert [one.count for one in page.batches] == [1, 1]
    found = bench.query("predictions.deeds", owner="north", content=page.batches[0].content, first=1, limit=1)
    assert [deed.account.root for deed in found.deeds] == [page.batches[1].root]


def test_statements_are_scored_beside_always_yes(bench):
    mandate(bench)
    ctx = within(bench, acts(bench, "first", 900_000))
    KEEPER.pledge(ctx, SUBJECT)
    KEEPER.resolve(ctx, SUBJECT, outcome=False)
    track = KEEPER.track(ctx, "north", PROGRAM)
    assert (track.resolved, track.brier, track.baseline) == (1, 810_000, 1_000_000)
    KEEPER.resolve(ctx, SUBJECT, outcome=False)
    assert KEEPER.track(ctx, "north", PROGRAM) == track


def test_of_several_statements_about_one_subject_the_last_counts(bench):
    mandate(bench)
    first, second = acts(bench, "first", 0), acts(bench, "second", 1_000_000)
    for receipt in (first, second):
        ctx = within(bench, receipt)
        KEEPER.pledge(ctx, SUBJECT)
        bench.state.update(ctx.state.changes())
    KEEPER.resolve(ctx, SUBJECT, outcome=True)
    assert KEEPER.track(ctx, "north", PROGRAM).brier == 0


def test_an_agent_granted_anew_states_anew_and_leaves_one_statement(bench):
    first = mandate(bench)
    ctx = within(bench, acts(bench, "first", 0))
    KEEPER.pledge(ctx, SUBJECT)
    bench.state.update(ctx.state.changes())
    bench.ok("north", "worker", EndMandate(first))
    mandate(bench, word="second")
    ctx = within(bench, acts(bench, "second", 1_000_000, agent(word="second")))
    KEEPER.pledge(ctx, SUBJECT)
    assert [pledge.stated for _, pledge in PLEDGES.scan(ctx, SUBJECT)] == [1_000_000]


def test_what_is_never_decided_scores_nothing(bench):
    mandate(bench)
    ctx = within(bench, acts(bench, "first"))
    KEEPER.pledge(ctx, SUBJECT)
    KEEPER.void(ctx, SUBJECT)
    KEEPER.resolve(ctx, SUBJECT, outcome=True)
    assert KEEPER.track(ctx, "north", PROGRAM).resolved == 0


def test_a_person_pledges_nothing(bench):
    ctx = bench.context()
    KEEPER.pledge(ctx, SUBJECT)
    assert not ctx.state.changes()


def test_an_agent_worse_than_always_yes_falls_back_to_advice(bench):
    mandate(bench)
    ctx: Context = within(bench, acts(bench, "first", 400_000))
    for number in range(RESOLVED_MIN):
        assert not KEEPER.advises_only(ctx, "north", PROGRAM)
        subject = bytes([number]) * 32
        KEEPER.pledge(ctx, subject)
        KEEPER.resolve(ctx, subject, outcome=True)
    assert KEEPER.advises_only(ctx, "north", PROGRAM)
    for number in range(9):  # sixteen noes later it is better than always-yes again
        subject = bytes([100 + number]) * 32
        KEEPER.pledge(ctx, subject)
        KEEPER.resolve(ctx, subject, outcome=False)
    assert not KEEPER.advises_only(ctx, "north", PROGRAM)


def test_overrides_and_vetoes_are_counted(bench):
    ctx = bench.context()
    KEEPER.overridden(ctx, "north", PROGRAM)
    KEEPER.vetoed(ctx, "north", PROGRAM)
    KEEPER.vetoed(ctx, "north", PROGRAM)
    track = KEEPER.track(ctx, "north", PROGRAM)
    assert (track.overrides, track.vetoes, track.acts) == (1, 2, 0)


@pytest.mark.parametrize(
    ("stated", "outcome", "error"),
    [
        (1_000_000, True, 0),
        (0, True, 1_000_000),
        (500_000, False, 250_000),
        (999, False, 1),
        (707, False, 0),
        (708, False, 1),
    ],
)
def test_an_error_is_squared_and_rounded(stated, outcome, error):
    assert brier(stated, outcome=outcome) == error


def test_as_good_as_always_yes_is_good_enough():
    track = Track(9, RESOLVED_MIN, 1_000_000, 1_000_000, 0, 0)
    assert trusted(track)
    assert not trusted(replace(track, brier=1_000_001))
    assert trusted(replace(track, brier=1_000_001, resolved=RESOLVED_MIN - 1))


def test_a_broken_account_is_told(bench):
    mandate(bench)
    acts(bench, "first")
    deed = next(record for _, record in DEEDS.scan(bench.context()))
    for broken in (
        lambda c: DEED_ROOTS.delete(c, deed.account.root),
        lambda c: DEED_ROOTS.put(c, Done(bytes(32)), deed.account.root),
        lambda c: DEEDS.delete(c, deed.id),
        lambda c: TRACKS.delete(c, "north", PROGRAM),
    ):
        ctx = bench.context()
        assert deeds(ctx, None) is None
        broken(ctx)
        assert deeds(ctx, None) is not None
