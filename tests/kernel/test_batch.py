"""Transactions admitted at once are admitted as one by one; where that is not sure, nothing is said."""

from dataclasses import replace

import pytest

from consortia.base.refusals import Refused
from consortia.base.times import HOUR
from consortia.kernel.admission import parse
from consortia.kernel.application import Application
from consortia.kernel.batch import batch
from consortia.kernel.genesis import Limits
from consortia.kernel.ports import Purse
from consortia.modules import identity
from consortia.modules.identity.messages import RevokeKey
from consortia.testing.machine import Bench
from consortia.testing.probe import Spend, Write, probe_application

MEMBERS = ("north", "east", "south", "west")
WHOLE = Limits(1 << 40, 20_000, HOUR)


def founded(limits=WHOLE):
    return Bench(4, app=probe_application(), limits=limits)


def fold(bench):
    return bench.machine.admission(bench.state, bench.tip, bench.time)


def signed(bench, raws):
    """The batch of these transactions, by keys that are known to have signed them."""
    made = batch([parse(bench.app, raw, bench.network) for raw in raws])
    made.found_valid(
        {bench.key(name, "operator").key_id: bench.key(name, "operator").public for name in MEMBERS}
    )
    return made


def written(bench):
    return [
        bench.sign(name, "operator", Write(f"{name}{number}", "text"), lane=number % 2)
        for number in range(4)
        for name in MEMBERS
    ]


def test_what_is_admitted_all_at_once_is_what_is_admitted_one_by_one():
    bench = founded()
    raws, (whole, single) = written(bench), (fold(bench), fold(bench))
    made = signed(bench, raws)
    alone = tuple(single.admit(raw) for raw in raws)
    assert whole.admit_batch(made) == alone
    assert fold(bench).admit_batch(made) == alone  # for the block, after the pool
    assert whole.consumed() == single.consumed()
    later = bench.sign("north", "operator", Write("later", "text"))
    assert whole.admit(later) == single.admit(later)


def test_nothing_is_said_of_what_does_not_follow_or_is_urgent():
    bench = founded()
    first, second, third = (bench.sign("north", "operator", Write(name, "text")) for name in "abc")
    parsed = [parse(bench.app, raw, bench.network) for raw in (first, third)]
    assert batch(parsed) is None
    urgent = bench.sign("east", "admin", RevokeKey(bench.key("south", "operator").key_id))
    assert batch([parse(bench.app, urgent, bench.network)]) is None
    admission = fold(bench)
    assert admission.admit_batch(signed(bench, [second, third])) is None
    assert admission.consumed() == {}
    assert admission.admit_batch(signed(bench, [first, second])) is not None
    assert admission.admit_batch(signed(bench, [third])) is not None


def test_nothing_is_said_of_keys_that_have_a_purse_of_their_own():
    class Purses(identity.Keeper):
        def key(self, ctx, key):
            state = super().key(ctx, key)
            return state and replace(state, purse=Purse("theirs", 1 << 20))

    probe = probe_application()
    bench = Bench(4, app=Application(probe.modules, Purses()), limits=WHOLE)
    raws, admission = written(bench), fold(bench)
    assert admission.admit_batch(signed(bench, raws)) is None
    assert admission.taken() == {}
    cost = sum(admission.admit(raw).cost for raw in raws)
    assert admission.taken() == {"theirs": cost}
    bench.block(*raws)
    later = fold(bench)
    more = later.admit(bench.sign("north", "operator", Write("later", "text"))).cost
    assert later.taken() == {"theirs": cost + more}


@pytest.mark.parametrize(
    "limits",
    [
        Limits(1 << 40, 4, HOUR),
        Limits(1 << 40, 5, HOUR),
        Limits(3_000, 1_000, HOUR),
        Limits(3_600, 1_000, HOUR),
    ],
    ids=["transactions", "ordinary transactions", "cost", "ordinary cost"],
)
def test_nothing_is_said_of_more_than_a_block_has_room_for(limits):
    bench = founded(limits)
    raws = [bench.sign(name, "operator", Spend(700)) for name in MEMBERS]
    raws += [bench.sign("north", "operator", Spend(1), lane=1)]
    admission = fold(bench)
    assert admission.admit_batch(signed(bench, raws)) is None
    assert admission.consumed() == {}


def test_nothing_is_said_of_more_than_a_member_may_have():
    bench = founded(Limits(400_000, 1_000, HOUR))
    raws = [bench.sign("north", "operator", Spend(50_000)) for _ in range(3)]
    assert fold(bench).admit_batch(signed(bench, raws)) is None
    bench = founded()
    spent = [bench.sign("north", "operator", Spend(fold(bench).quota("north").cost_per_block))]
    assert fold(bench).admit_batch(signed(bench, spent)) is None


def test_nothing_is_said_of_who_may_not_sign_or_is_not_known_to_have():
    bench = founded()
    unchecked = batch([parse(bench.app, bench.sign("north", "operator", Write("a", "text")), bench.network)])
    assert fold(bench).admit_batch(unchecked) is None
    wrong = bench.sign("north", "admin", Write("a", "text"))
    with pytest.raises(Refused, match=r"kernel\.wrong_role"):
        fold(bench).admit(wrong)
    assert fold(bench).admit_batch(batch([parse(bench.app, wrong, bench.network)])) is None
    late = bench.sign("north", "operator", Write("b", "text"), sequence=0, expires=bench.time - 1)
    assert fold(bench).admit_batch(signed(bench, [late])) is None
