"""Mandates: an agent acts within them, its owners' agents spend within them together, and then they end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from consortia.base.keys import key_id
from consortia.base.refusals import Refused
from consortia.base.times import DAY, HOUR
from consortia.kernel.block import OK
from consortia.kernel.context import Context, Signer
from consortia.kernel.store import Overlay
from consortia.modules import identity
from consortia.modules.identity.mandate_invariants import MANDATE_INVARIANTS
from consortia.modules.identity.mandate_messages import EndMandate
from consortia.modules.identity.mandate_state import AGENT_NAMES, MANDATES, MARKS, OUTFLOWS
from consortia.modules.identity.mandate_types import (
    LIFETIME_MILLISECONDS_MAX,
    WINDOW_MILLISECONDS_MAX,
    Cap,
    Mark,
    Named,
    Outflow,
)
from consortia.modules.identity.messages import Leave, RevokeKey, SetQuota
from consortia.modules.identity.state import AGENTS
from consortia.modules.identity.types import Agent
from consortia.testing.machine import Bench
from consortia.testing.scenarios.identity_parts import SMALL, added
from consortia.testing.scenarios.mandates_parts import UNIT, agent, granted, mandate

KEEPER = identity.Keeper()
MANY = 1 << 62


def acting(bench, member="north", name="clerk", *, later=0, number=0):
    """A context in which an agent of a member signs a transaction."""
    key = agent(member, name)
    signer = Signer(key.key_id, key.public, member, frozenset({"agent"}))
    transaction = number.to_bytes(32, "big")
    return Context(
        Overlay(bench.state),
        bench.network,
        bench.tip.height + 1,
        bench.time + later,
        signer=signer,
        transaction=transaction,
    )


def code(call):
    try:
        call()
    except Refused as refused:
        return refused.code
    return OK


def spend(ctx, amount, unit=UNIT, number=None):
    if number is not None:
        ctx.transaction = number.to_bytes(32, "big")
    return code(lambda: KEEPER.charge(ctx, unit, amount))


def test_an_agent_acts_under_its_mandate_and_a_person_under_none():
    bench = Bench(2)
    id_ = mandate(bench)
    found = KEEPER.acting(acting(bench))
    assert found is not None
    assert (found.id, found.owner, found.agent) == (id_, "north", "clerk")
    assert KEEPER.acting(bench.context()) is None
    assert KEEPER.mandate(bench.context(), id_) == found
    assert not KEEPER.ended(bench.context(), id_)
    assert KEEPER.ended(bench.context(), bytes(32))
    assert KEEPER.ended_at(bench.context(), id_) is None
    assert KEEPER.ended_at(bench.context(), bytes(32)) == 0
    assert KEEPER.ended_at(acting(bench, later=20 * DAY), id_) == found.expires + 1


def test_an_agents_key_acts_from_the_block_after_the_grant_to_that_of_its_expiry():
    bench = Bench(2)
    key = agent()
    assert KEEPER.key(bench.context(), key.key_id) is None
    id_ = mandate(bench)
    state = KEEPER.key(bench.context(), key.key_id)
    assert state.active
    assert state.signer.roles == {"agent"}
    last = KEEPER.mandate(bench.context(), id_).expires
    assert KEEPER.key(acting(bench, later=last - bench.time), key.key_id).active
    assert not KEEPER.key(acting(bench, later=last - bench.time + 1), key.key_id).active
    assert KEEPER.key_of(bench.context(), key.key_id) is None
    assert KEEPER.owner_of(bench.context(), key.key_id) is None


@pytest.mark.parametrize("ending", ["owner", "council", "leave"])
def test_an_agent_whose_mandate_is_over_acts_no_more(ending):
    bench = Bench(3)
    id_ = mandate(bench)
    if ending == "owner":
        bench.ok("north", "analyst", EndMandate(id_))
    elif ending == "leave":
        bench.ok("north", "admin", Leave(None))
    ctx = acting(bench)
    if ending == "council":
        KEEPER.end_mandate(ctx, id_, "council")
        assert ctx.events[-1].by == "council"
    assert KEEPER.ended(ctx, id_)
    assert KEEPER.ended_at(ctx, id_) == (ctx.time if ending == "council" else bench.tip.time)
    assert not KEEPER.key(ctx, agent().key_id).active
    assert code(lambda: KEEPER.acting(ctx)) == "identity.mandate_over"
    assert code(lambda: KEEPER.end_mandate(ctx, id_, "council")) == "identity.mandate_over"
    assert code(lambda: KEEPER.end_mandate(ctx, bytes(32), "council")) == "identity.no_mandate"


def test_an_agent_is_admitted_to_no_method_of_identity():
    bench = Bench(2)
    id_ = mandate(bench)
    key = agent()
    for message in (
        granted(bench, name="child", word="child"),
        EndMandate(id_),
        added(bench, "north", "admin")[0],
        RevokeKey(key.key_id),
        SetQuota(SMALL),
        Leave(None),
    ):
        assert bench.admission_code(bench.sign_with(key, message, sequence=0)) == "kernel.wrong_role"
    assert not any("agent" in method.roles for method in identity.module().methods)


def test_a_mandate_may_name_a_method_of_people_and_the_agent_signs_it_no_more_than_before():
    bench = Bench(2)
    mandate(bench, methods=("identity.end_mandate", "identity.grant_mandate"))
    child = granted(bench, name="child", word="child")
    assert bench.admission_code(bench.sign_with(agent(), child)) == "kernel.wrong_role"


def test_spending_is_bounded_by_act_and_by_window():
    bench = Bench(2)
    mandate(bench)  # 100 an act, 250 an hour
    ctx = acting(bench)
    assert spend(ctx, 1, unit=bytes(32)) == "identity.unit_not_mandated"
    assert spend(ctx, 101) == "identity.over_act_cap"
    assert spend(ctx, 60) == OK
    assert spend(ctx, 41) == "identity.over_act_cap"
    assert spend(ctx, 40) == OK
    assert spend(ctx, 100, number=1) == OK
    assert spend(ctx, 51, number=2) == "identity.over_window_cap"
    assert spend(ctx, 50, number=2) == OK
    ctx.time += HOUR - 1
    assert spend(ctx, 1, number=3) == "identity.over_window_cap"
    ctx.time += 1
    assert spend(ctx, 100, number=4) == OK


def test_a_person_is_not_counted():
    bench = Bench(2)
    mandate(bench)
    ctx = bench.context()
    assert spend(ctx, MANY) == OK
    assert not ctx.state.changes()


def test_all_agents_of_an_owner_are_counted_together_and_anothers_apart():
    bench = Bench(2)
    mandate(bench)
    mandate(bench, name="trader", caps=(Cap(UNIT, 250, 250),))
    mandate(bench, "east")
    first = acting(bench)
    assert spend(first, 100) == OK
    second = acting(bench, name="trader", number=1)
    second.state = first.state
    assert spend(second, 151) == "identity.over_window_cap"
    assert spend(second, 150) == OK
    third = acting(bench, "east", number=2)
    third.state = first.state
    assert spend(third, 100) == OK
    fourth = acting(bench, number=3)
    fourth.state = first.state
    assert spend(fourth, 1) == "identity.over_window_cap"


def test_what_was_spent_does_not_overflow():
    bench = Bench(2)
    top = (1 << 63) - 1
    mandate(bench, caps=(Cap(UNIT, top, top),), window=1)
    ctx = acting(bench)
    for number in range(5):
        ctx.time += 2
        assert spend(ctx, top, number=number) == OK
    assert int.from_bytes(OUTFLOWS.get(ctx, "north", UNIT).total, "big") == 5 * top
    assert spend(ctx, 1, number=9) == "identity.over_window_cap"


STEPS = st.lists(
    st.tuples(
        st.sampled_from((0, 1, 7, 999, 1000, 1001, 5000, WINDOW_MILLISECONDS_MAX // 3)), st.integers(1, 90)
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.sampled_from((1, 1000, 5000, WINDOW_MILLISECONDS_MAX)))
def test_a_sliding_window_is_exact_whatever_was_forgotten(steps, window):
    bench = Bench(1)
    mandate(bench, window=window, expires=bench.time + 89 * DAY)
    ctx = acting(bench)
    spent = []
    for number, (later, amount) in enumerate(steps):
        if ctx.time + later > bench.time + 88 * DAY:
            break
        ctx.time += later
        within = sum(paid for when, paid in spent if when > ctx.time - window)
        fits = within + amount <= 250
        assert spend(ctx, amount, number=number) == (OK if fits else "identity.over_window_cap")
        if fits:
            spent.append((ctx.time, amount))
        for invariant in MANDATE_INVARIANTS:
            assert invariant.check(ctx, None) is None


def test_marks_that_no_window_reaches_are_let_go():
    bench = Bench(1)
    mandate(bench, expires=bench.time + 89 * DAY)
    ctx = acting(bench)
    for number in range(60):
        ctx.time += DAY
        assert spend(ctx, 1, number=number) == OK
    assert sum(1 for _ in MARKS.scan(ctx)) <= 33


def test_questions_about_mandates_are_answered():
    bench = Bench(2)
    id_ = mandate(bench)
    mandate(bench, name="broker")
    views = bench.query("identity.mandates", owner="north").mandates
    assert [view.mandate.agent for view in views] == ["broker", "clerk"]
    view = bench.query("identity.mandate", mandate=id_)
    assert view.live
    assert [(one.spent, one.per_act, one.per_window) for one in view.spending] == [(0, 100, 250)]
    assert bench.query("identity.agent", key=agent().key_id) == view
    bench.ok("north", "node", EndMandate(id_))
    assert not bench.query("identity.mandate", mandate=id_).live
    for query, fields in (("mandate", {"mandate": bytes(32)}), ("agent", {"key": bytes(32)})):
        with pytest.raises(Refused, match="no_mandate"):
            bench.query(f"identity.{query}", **fields)


def test_a_grant_says_whose_agent_it_is():
    bench = Bench(2)
    event = bench.ok("north", "admin", granted(bench)).events[0]
    assert event.name == "identity.mandate_granted"
    assert (event.body["owner"], event.body["agent"], event.body["key"]) == ("north", "clerk", agent().key_id)


def test_only_administrators_grant():
    bench = Bench(2)
    for role in ("operator", "worker", "node", "recovery", "approver"):
        message = granted(bench)
        assert bench.admission_code(bench.sign("north", role, message, sequence=0)) == "kernel.wrong_role"


def held(ctx, **fields):
    found = next(record for _, record in MANDATES.scan(ctx))
    MANDATES.put(ctx, replace(found, **fields), found.id)


def twin(ctx):
    """A second mandate under the name of one that is live."""
    found = next(record for _, record in MANDATES.scan(ctx))
    MANDATES.put(ctx, replace(found, id=bytes(32)), bytes(32))
    AGENT_NAMES.put(ctx, Named(bytes(32)), "north", "clerk")


def flow(*marks, total):
    def write(ctx):
        for number, mark in enumerate(marks):
            if mark is not None:
                MARKS.put(ctx, Mark(mark[0], mark[1].to_bytes(16, "big")), "north", UNIT, number)
        wide = total.to_bytes(16, "big")
        OUTFLOWS.put(ctx, Outflow(0, len(marks), wide, bytes(32), 0), "north", UNIT)

    return write


BREAKS = {
    "agents_have_mandates": [
        lambda c: AGENTS.put(c, Agent("north", bytes(32), bytes(32)), bytes(32)),
        lambda c: AGENTS.put(c, Agent("north", bytes(32), bytes(32)), key_id(bytes(32))),
        lambda c: AGENTS.delete(c, agent().key_id),
    ],
    "mandates_are_bounded": [
        lambda c: held(c, owner="nobody"),
        lambda c: held(c, expires=c.time + LIFETIME_MILLISECONDS_MAX + 1),
        lambda c: held(c, ended=1),
    ],
    "one_mandate_acts": [twin],
    "outflows_add_up": [
        flow(total=0),
        flow(None, total=1),
        flow((5, 1), (4, 2), total=2),
        flow((4, 2), (5, 1), total=1),
        flow((4, 2), total=3),
    ],
}


@pytest.mark.parametrize("invariant", MANDATE_INVARIANTS, ids=lambda each: each.name)
def test_a_broken_invariant_is_told(invariant):
    for broken in BREAKS[invariant.name]:
        bench = Bench(2)
        mandate(bench)
        ctx = bench.context()
        assert invariant.check(ctx, None) is None
        broken(ctx)
        assert invariant.check(ctx, None) is not None
