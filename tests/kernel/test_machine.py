"""What a block does: atomic, pure, closed by a header, and never stopped by what a handler meets."""

import pytest

from consortia.base.codec import encode_record, to_value
from consortia.base.keys import key_id
from consortia.base.merkle import leaf_hash, root
from consortia.base.refusals import Refused
from consortia.kernel.admission import USAGE
from consortia.kernel.application import Application
from consortia.kernel.block import OK, Accusation, Block, Header, parse_leaf
from consortia.kernel.context import Context
from consortia.kernel.genesis import Genesis, ModuleVersion
from consortia.kernel.ledger import Ledger
from consortia.kernel.machine import InvalidBlock, Machine, Tip
from consortia.kernel.module import Method
from consortia.kernel.ports import Quota
from consortia.kernel.store import MemoryReader, Overlay
from consortia.modules.identity.messages import Leave, SetEndpoint
from consortia.modules.identity.rules import FULL_QUOTA
from consortia.store.memory import MemoryStore
from consortia.testing import plain
from consortia.testing.machine import START, Bench, BenchError
from consortia.testing.probe import (
    MODULE,
    NOTES,
    Ask,
    Erase,
    Fail,
    Mutter,
    Note,
    Refuse,
    Spend,
    Swell,
    Write,
    probe_application,
)


def bench_of(members=2, **settings):
    return Bench(members, app=probe_application(), **settings)


@pytest.fixture
def bench():
    return bench_of()


def executed(bench, *raws, **fields):
    block = Block(fields.get("height", bench.tip.height + 1), fields.get("time", bench.time), raws)
    return bench.machine.execute(bench.state, bench.tip, block, bench._root_of)


def usage(bench, member):
    return USAGE.get(bench.context(), member)


def test_a_receipt_tells_what_a_transaction_did_and_what_it_cost(bench):
    raw = bench.sign("north", "operator", Write("a", "text"), Write("b", "text"))
    (receipt,) = bench.block(raw)
    assert (receipt.height, receipt.index, receipt.code) == (1, 0, OK)
    assert receipt.cost == 200 + len(raw) // 16
    assert [(event.name, event.body) for event in receipt.events] == [
        ("probe.written", {"name": "a"}),
        ("probe.written", {"name": "b"}),
    ]
    assert NOTES.get(bench.context(), "a") == Note("text")


def test_a_refused_call_rolls_back_the_calls_before_it(bench):
    receipt = bench.run("north", "operator", Write("a", "text"), Refuse("b"), Write("c", "text"))
    assert (receipt.code, receipt.events) == ("probe.unwanted", ())
    assert list(NOTES.scan(bench.context())) == []


def test_a_refusal_spends_the_sequence_and_the_quota_and_nothing_else(bench):
    before = bench.state.entries()
    key = bench.key("north", "operator")
    receipt = bench.run("north", "operator", Refuse("a"))
    changed = {k for k, v in bench.state.entries().items() if before.get(k) != v}
    assert {k.split(b"/")[1] for k in changed} == {b"sequence", b"usage"}
    assert bench.next_sequence(key) == 1
    assert usage(bench, "north").cost == receipt.cost


def test_the_transaction_after_a_refused_one_is_carried_out(bench):
    raws = [bench.sign("north", "operator", message) for message in (Refuse("a"), Write("a", "kept"))]
    assert [receipt.code for receipt in bench.block(*raws)] == ["probe.unwanted", OK]
    assert NOTES.get(bench.context(), "a") == Note("kept")


@pytest.mark.alarm
def test_an_unforeseen_exception_is_rolled_back_and_raises_the_alarm(bench):
    raws = [bench.sign("north", "operator", message) for message in (Fail("a"), Write("b", "kept"))]
    first, second = bench.block(*raws)
    assert (first.code, first.events, second.code) == ("kernel.internal", (), OK)
    assert not NOTES.has(bench.context(), "a")
    assert [type(error) for error in bench.alarms] == [ZeroDivisionError]


@pytest.mark.alarm
def test_an_event_that_no_module_declares_is_unforeseen(bench):
    (receipt,) = bench.block(bench.sign("north", "operator", Write("a", "text"), Mutter("a")))
    assert receipt.code == "kernel.internal"
    assert not NOTES.has(bench.context(), "a")


def test_what_a_record_does_not_hold_is_refused_where_it_would_be_written(bench):
    assert bench.run("north", "operator", Swell("a", 1000)).code == OK
    before = NOTES.get(bench.context(), "a")
    assert bench.run("north", "operator", Write("b", "text"), Swell("a", 1001)).code == "kernel.out_of_range"
    assert NOTES.get(bench.context(), "a") == before
    assert not NOTES.has(bench.context(), "b")


@pytest.mark.alarm
def test_the_bench_itself_does_not_pass_over_an_alarm(bench):
    with pytest.raises(BenchError, match="ZeroDivisionError"):
        bench.run("north", "operator", Fail("a"))


def test_a_member_whose_state_is_full_may_still_erase():
    tight = bench_of(quota=Quota(1 << 40, 1 << 40, 1_500, 10))
    assert tight.run("north", "operator", Write("a", "t" * 1000)).code == OK
    full = usage(tight, "north").state_bytes
    assert tight.run("north", "operator", Write("b", "t" * 1000)).code == "kernel.state_full"
    assert usage(tight, "north").state_bytes == full
    assert not NOTES.has(tight.context(), "b")
    assert tight.run("north", "operator", Erase("a")).code == OK
    assert usage(tight, "north").state_bytes == 0
    assert tight.run("north", "operator", Write("b", "t" * 1000)).code == OK


def test_state_bytes_add_up_within_a_block():
    tight = bench_of(quota=Quota(1 << 40, 1 << 40, 1_500, 10))
    raws = [tight.sign("north", "operator", Write(name, "t" * 700)) for name in "abc"]
    raws += [tight.sign("east", "operator", Write("d", "t" * 700))]
    codes = [receipt.code for receipt in tight.block(*raws)]
    assert codes == [OK, OK, "kernel.state_full", OK]


def test_one_members_erasure_of_anothers_entry_frees_nothing_below_zero(bench):
    bench.run("north", "operator", Write("a", "text"))
    bench.run("east", "operator", Erase("a"))
    assert usage(bench, "east").state_bytes == 0
    assert usage(bench, "north").state_bytes > 0


def test_the_cost_of_an_epoch_adds_up_and_starts_anew(bench):
    one = bench.run("north", "operator", Spend(500)).cost
    two = bench.run("north", "operator", Spend(500)).cost
    assert usage(bench, "north").cost == one + two
    bench.time += bench.genesis.limits.epoch_milliseconds
    three = bench.run("north", "operator", Spend(500)).cost
    assert usage(bench, "north").cost == three


def test_a_block_that_does_not_follow_its_parent_is_invalid(bench):
    with pytest.raises(InvalidBlock, match="height 2 does not follow 0"):
        executed(bench, height=2)
    with pytest.raises(InvalidBlock, match="lies before its parent's"):
        executed(bench, time=START - 1)
    assert executed(bench, time=START).receipts == ()


def test_a_block_with_a_transaction_that_is_not_admitted_is_invalid(bench):
    good, other = (bench.sign("north", role, Write("a", "t")) for role in ("operator", "admin"))
    with pytest.raises(InvalidBlock, match=r"transaction 1 is not admitted: kernel\.wrong_role"):
        executed(bench, good, other)


def test_a_block_is_run_only_with_what_was_admitted_to_it(bench):
    raw = bench.sign("north", "operator", Write("a", "text"))
    fold = bench.machine.admission(bench.state, bench.tip, bench.time)
    admitted = (fold.admit(raw),)
    for height, time in ((2, bench.time), (1, bench.time + 1)):
        with pytest.raises(InvalidBlock, match="admitted to another block"):
            bench.machine.run(
                bench.state,
                bench.tip,
                Block(height, time, (raw,)),
                fold,
                admitted,
                root_of=lambda _: bytes(32),
            )


class Overwhelmed(plain.Directory):
    """Takes down what a key was convicted of, and fails where that is an attack on light clients."""

    def accuse(self, ctx, public, height, misdeed):
        super().accuse(ctx, public, height, misdeed)
        if misdeed == "light_client_attack":
            raise ZeroDivisionError(misdeed)


def test_an_accusation_is_taken_down_without_a_receipt_and_one_that_fails_changes_nothing():
    guilty, alarms = plain.Member("guilty"), []
    ledger = Ledger.create(
        MemoryStore(),
        Application(modules=(plain.MODULE,), keys=Overwhelmed()),
        plain.genesis([guilty], time=START),
        lambda transaction, error: alarms.append((transaction, type(error))),
    )
    accusations = (
        Accusation(guilty.operator.public, 7, "duplicate_vote"),
        Accusation(guilty.operator.public, 8, "light_client_attack"),
        Accusation(guilty.operator.public, 9, "duplicate_vote"),
    )
    assert ledger.append(Block(1, START, (), accusations)).receipts == ()
    offences = [ledger.ask(offence(guilty.operator.public, height)) for height in (7, 8, 9)]
    assert offences == [plain.Offence("duplicate_vote"), None, plain.Offence("duplicate_vote")]
    assert alarms == [(b"", ZeroDivisionError)]


def offence(public, height):
    return lambda ctx: plain.OFFENCES.get(ctx, key_id(public), height)


def test_execution_is_pure(bench):
    raw = bench.sign("north", "operator", Write("a", "text"))
    before = bench.state.entries()
    assert executed(bench, raw) == executed(bench, raw)
    assert bench.state.entries() == before


def test_the_leaves_are_the_receipts_and_then_the_header(bench):
    bench.block(*[bench.sign("north", "operator", Write(name, "t")) for name in "ab"])
    first, *receipts, header = [parse_leaf(leaf) for leaf in bench.leaves]
    assert isinstance(first, Header)
    assert [receipt.index for receipt in receipts] == [0, 1]
    assert header == Header(1, bench.time - 1000, bench.tip.state, first.members, 1)
    assert bench.tip.root == root([leaf_hash(leaf) for leaf in bench.leaves])


def test_the_header_names_the_set_in_force_after_its_block(bench):
    before = bench.app.keys.member_set(bench.context()).hash()
    bench.ok("east", "admin", Leave(None))
    header = parse_leaf(bench.leaves[-1])
    assert header.members == bench.app.keys.member_set(bench.context()).hash() != before


def test_the_state_root_depends_on_the_state_alone():
    one, two = bench_of(), bench_of()
    for name in "abc":
        one.ok("north", "operator", Write(name, "t"))
    two.block(*[two.sign("north", "operator", Write(name, "t")) for name in "abc"])
    assert one.tip.height != two.tip.height
    assert one.tip.state == two.tip.state


def test_a_query_reads_and_may_be_refused(bench):
    bench.ok("north", "operator", Write("a", "text"))
    assert bench.query("probe.note", Ask("a")) == Note("text")
    with pytest.raises(Refused, match=r"probe\.unwanted"):
        bench.query("probe.note", name="b")
    with pytest.raises(LookupError, match=r"no query probe\.vanish"):
        bench.machine.query(bench.state, bench.tip, "probe.vanish", Ask("a"))


def test_a_broken_invariant_is_told(bench):
    with pytest.raises(BenchError, match="there is an omen"):
        bench.ok("north", "operator", Write("omen", "text"))
    assert bench.machine.violations(bench.state, bench.tip) == ["probe.no_omen: there is an omen"]


def genesis(bench, **fields):
    record = {name: getattr(bench.genesis, name) for name in Genesis.__struct_fields__} | fields
    return Genesis(**record)


def started(bench, record):
    machine = Machine(bench.app, record, record.network())
    return machine.start(MemoryReader(), bench._root_of)


def test_the_genesis_block_is_the_first_leaf(bench):
    result = started(bench, bench.genesis)
    assert result.header.height == result.header.first == 0
    assert len(result.leaves) == 1
    assert bench.genesis.network() == bench.network


@pytest.mark.parametrize("fault", ["no modules", "other version", "no identity", "more", "unread", "twice"])
def test_a_bad_genesis_starts_nothing(bench, fault):
    state = bench.genesis.state
    members = state["identity"]["members"]
    wrong = {
        "no modules": {"modules": ()},
        "other version": {"modules": (ModuleVersion("identity", 2), ModuleVersion(MODULE.name, 1))},
        "no identity": {"state": {}},
        "more": {"state": {**state, "probe": {}}},
        "unread": {"state": {"identity": {"members": []}}},
        "twice": {"state": {"identity": {**state["identity"], "members": [members[0], members[0]]}}},
    }
    with pytest.raises(InvalidBlock):
        started(bench, genesis(bench, **wrong[fault]))


def test_any_other_byte_of_the_genesis_is_another_network(bench):
    other = genesis(bench, name="bencH")
    assert other.network() != bench.network
    assert encode_record(other) != encode_record(bench.genesis)


def test_the_machine_starts_at_the_height_zero_that_a_tip_of_its_own_continues(bench):
    result = started(bench, bench.genesis)
    tip = Tip(0, START, 1, result.header.state, b"")
    reader = MemoryReader({key: value for key, value in result.changes.items() if value is not None})
    machine = Machine(bench.app, bench.genesis, bench.network)
    raw = bench.sign("north", "node", SetEndpoint("http://127.0.0.1:1", None))
    after = machine.execute(reader, tip, Block(1, START, (raw,)), bench._root_of)
    assert [receipt.code for receipt in after.receipts] == [OK]


def test_a_quota_is_written_as_the_genesis_says(bench):
    assert bench.query("identity.member", name="north").quota == FULL_QUOTA
    assert to_value(FULL_QUOTA) == bench.genesis.state["identity"]["joiner_quota"]


def test_a_message_is_prompt_always_never_or_as_it_and_the_state_say():
    ctx = Context(Overlay(MemoryReader()), bytes(32), 7, 1)
    for prompt, told in ((True, [True, True]), (False, [False, False]), (by_height, [False, True])):
        method = Method(Spend, lambda *_: None, frozenset(), prompt=prompt)
        assert [method.is_prompt(ctx, Spend(cost)) for cost in (6, 7)] == told


def by_height(ctx, message):
    return message.cost >= ctx.height
