"""Calls within a call: carried out together or not at all, and never beyond what whoever asks may do."""

from dataclasses import replace

import pytest

from consortia.base.refusals import Refusal, Refused
from consortia.kernel.application import Application
from consortia.kernel.block import OK
from consortia.kernel.context import Ran, Signer
from consortia.kernel.nested import POSITION_SHIFT
from consortia.modules import identity
from consortia.testing.machine import Bench
from consortia.testing.probe import MODULE, NOTES, Note, Spend, Write, Written

STOPPED = Refusal("probe", 2, "stopped", "The method is stopped for a while.")
OPERATOR = Signer(b"key", b"public", "north", frozenset({"operator"}))
CLERK = Signer(b"other", b"public", "north", frozenset({"clerk"}))

WRITE_A = ("probe.write", {"name": "a", "text": "first"})
WRITE_B = ("probe.write", {"name": "b", "text": "second"})
REFUSE = ("probe.refuse", {"name": "c"})
FAIL = ("probe.fail", {"name": "c"})
SPEND = ("probe.spend", {"cost": 7})
VANISH = ("probe.vanish", {})
MISREAD = ("probe.write", {"name": "a"})


class Pause:
    """Stops erasing, always."""

    def check(self, ctx, method):
        if method == "probe.erase":
            raise Refused(STOPPED, method)


def governed():
    """The probe, all of whose methods but `spend` the council may have carried out; erasing may pause."""
    methods = tuple(
        replace(
            method,
            authority="" if method.message is Spend else "council",
            pausable=method.name == "erase",
        )
        for method in MODULE.methods
    )
    modules = (identity.module(), replace(MODULE, methods=methods))
    return Application(modules=modules, keys=identity.Keeper(), stops=Pause())


@pytest.fixture
def bench():
    return Bench(2, app=governed())


@pytest.fixture
def ctx(bench):
    """A context in the midst of a transaction: its third call, after an event of an earlier one."""
    made = bench.context()
    made.signer, made.transaction, made.call = OPERATOR, b"transaction", 2
    made.emit(Written("before"))
    return made


@pytest.fixture
def nested(bench):
    return bench.machine.nested


def notes(ctx):
    return [note.text for _, note in NOTES.scan(ctx)]


def test_calls_are_carried_out_in_order_and_tell_their_events(ctx, nested):
    assert nested.run(ctx, "council", [WRITE_A, WRITE_B]) == Ran(OK, 2, (Written("a"), Written("b")))
    assert notes(ctx) == ["first", "second"]
    assert ctx.events == [Written("before"), Written("a"), Written("b")]


def test_no_calls_are_carried_out_as_well(ctx, nested):
    assert nested.run(ctx, "council", []) == Ran(OK, 0, ())


@pytest.mark.parametrize(
    ("met", "code"),
    [
        (REFUSE, "probe.unwanted"),
        (VANISH, "kernel.unknown_method"),
        (MISREAD, "kernel.bad_arguments"),
        (SPEND, "kernel.wrong_role"),
        (("probe.erase", {"name": "a"}), "probe.stopped"),
    ],
)
def test_a_refusal_undoes_the_calls_and_nothing_that_stood_before(ctx, nested, met, code):
    NOTES.put(ctx, Note("kept"), "before")
    ran = nested.run(ctx, "council", [WRITE_A, met, WRITE_B])
    assert (ran.code, ran.position) == (code, 1)
    assert notes(ctx) == ["kept"]
    assert ctx.events == [Written("before")]


def test_whether_somebodys_call_is_stopped_is_told_and_nothing_carried_out(ctx, nested):
    for method in ("probe.write", "probe.vanish"):
        nested.check_stopped(ctx, CLERK, method)
    with pytest.raises(Refused, match="stopped"):
        nested.check_stopped(ctx, CLERK, "probe.erase")
    assert (ctx.signer, notes(ctx), ctx.events) == (OPERATOR, [], [Written("before")])


def test_the_events_of_calls_that_were_undone_are_told_to_whoever_asked(ctx, nested):
    assert nested.run(ctx, "council", [WRITE_A, REFUSE]).events == (Written("a"), Written("c"))


def test_what_nobody_foresaw_undoes_the_calls_and_raises_the_alarm(bench, ctx, nested):
    assert nested.run(ctx, "council", [WRITE_A, FAIL]) == Ran("kernel.internal", 1, (Written("a"),))
    assert notes(ctx) == []
    assert [type(error) for error in bench.alarms] == [ZeroDivisionError]


@pytest.mark.parametrize("last", [WRITE_B, REFUSE, FAIL])
def test_whoever_asked_goes_on_as_itself_at_its_own_place(ctx, nested, last):
    nested.run(ctx, "council", [WRITE_A, last])
    assert (ctx.signer, ctx.call) == (OPERATOR, 2)


def test_each_call_has_a_place_of_its_own_and_the_authority_as_its_signer():
    seen = []

    def look(ctx, message, ports):
        seen.append((ctx.call, ctx.signer))

    methods = tuple(replace(method, handler=look, authority="council") for method in MODULE.methods)
    modules = (identity.module(), replace(MODULE, methods=methods))
    bench = Bench(2, app=Application(modules=modules, keys=identity.Keeper()))
    ctx = bench.context()
    ctx.call = 2
    bench.machine.nested.run(ctx, "council", [WRITE_A, WRITE_B])
    council = Signer(b"", b"", "", frozenset({"council"}))
    assert seen == [(2 | 1 << POSITION_SHIFT, council), (2 | 2 << POSITION_SHIFT, council)]


def test_an_authority_may_have_nothing_carried_out_that_is_not_for_it(ctx, nested):
    assert nested.run(ctx, "court", [WRITE_A]).code == "kernel.wrong_role"


def test_a_signer_may_have_carried_out_what_its_roles_let_it_sign(ctx, nested):
    assert nested.run_as(ctx, OPERATOR, [SPEND, WRITE_A]) == Ran(OK, 2, (Written("a"),))
    assert nested.run_as(ctx, CLERK, [SPEND]) == Ran("kernel.wrong_role", 0, ())


def test_a_message_is_read_with_its_cost_before_it_is_carried_out(nested):
    assert nested.read("council", *WRITE_A) == (Write("a", "first"), 100)
    assert nested.read_as(OPERATOR.roles, *SPEND) == 7


@pytest.mark.parametrize("call", [VANISH, MISREAD, SPEND])
def test_what_would_be_refused_is_refused_when_it_is_read(nested, call):
    with pytest.raises(Refused):
        nested.read("council", *call)
    with pytest.raises(Refused):
        nested.read_as(CLERK.roles, *call)


def test_only_a_method_that_is_there_and_says_so_may_pause(nested):
    asked = ("probe.erase", "probe.write", "probe.vanish")
    assert [nested.may_pause(method) for method in asked] == [True, False, False]


def test_an_event_is_named_as_receipts_name_it(nested):
    assert nested.name(Written("a")) == "probe.written"
