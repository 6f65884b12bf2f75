"""The embedded driver gathers transactions into blocks, and answers only for what is durable."""

from dataclasses import replace

import pytest

from consortia.base.refusals import Refused
from consortia.drivers.embedded import Embedded, Grouping
from consortia.kernel.application import Application
from consortia.kernel.genesis import Limits
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import call, sign_transaction
from consortia.testing.plain import QUOTA, Member, Settle, Stop, Write, application, genesis
from consortia.testing.simulator import Disk

START = 1_700_000_000_000
AMBER, BIRCH = Member("amber"), Member("birch")


def driver(*, grouping: Grouping | None = None, quota=QUOTA, limits: Limits | None = None) -> Embedded:
    options = {} if limits is None else {"limits": limits}
    record = genesis([AMBER, BIRCH], time=START, quota=quota, **options)
    ledger = Ledger.create(Disk(), application(), record)
    return Embedded(ledger, grouping=grouping or Grouping(transactions_max=3, wait_ms=10))


def write(
    orders: Embedded, sequence: int, *, member: Member = AMBER, message=None, expires: int = 10**9
) -> bytes:
    message = message or Write("x", b"1")
    method = type(message).__name__.lower()
    calls = (call(message, "plain", method),)
    network = orders.ledger.network
    return sign_transaction(member.operator, network, calls, sequence=sequence, expires=START + expires)


def refused_with(code: str, orders: Embedded, raw: bytes, now: int = START) -> None:
    with pytest.raises(Refused) as caught:
        orders.submit(raw, now)
    assert caught.value.code == code


def test_a_block_closes_when_its_first_transaction_has_waited_long_enough():
    orders = driver()
    orders.submit(write(orders, 0), START + 100)
    assert orders.due() == START + 110
    assert orders.step(START + 109).committed is None
    block = orders.step(START + 110).committed
    assert block is not None
    assert (block.block.height, block.block.time) == (1, START + 100)
    assert orders.due() is None


def test_a_block_closes_at_once_when_enough_transactions_wait():
    orders = driver()
    for sequence in range(3):
        orders.submit(write(orders, sequence), START)
    block = orders.step(START).committed
    assert block is not None
    assert len(block.block.transactions) == 3


def test_a_block_is_never_older_than_its_parent_even_when_the_clock_is_set_back():
    orders = driver()
    orders.submit(write(orders, 0), START + 1_000)
    orders.step(START + 1_010)
    orders.submit(write(orders, 1), START + 10)
    block = orders.step(START + 20).committed
    assert block is not None
    assert block.block.time == START + 1_000
    orders.submit(write(orders, 2), START + 500)
    assert orders.step(START + 400).committed is not None


def test_what_a_block_has_no_room_for_waits_for_the_next_in_its_order():
    orders = driver(
        grouping=Grouping(transactions_max=10, wait_ms=10),
        limits=Limits(block_cost=10**6, block_transactions=2, epoch_milliseconds=3_600_000),
    )
    ids = [orders.submit(write(orders, sequence), START) for sequence in range(5)]
    assert len(orders.pool) == 5
    blocks = []
    for now in range(START + 10, START + 100, 10):
        outcome = orders.step(now)
        if outcome.committed is not None:
            blocks.append([receipt.transaction for receipt in outcome.committed.result.receipts])
    assert blocks == [ids[:2], ids[2:4], ids[4:]]


def test_what_is_urgent_goes_before_what_else_waits_but_not_before_its_own_lane():
    orders = driver(
        grouping=Grouping(transactions_max=10, wait_ms=10),
        limits=Limits(block_cost=10**6, block_transactions=2, epoch_milliseconds=3_600_000),
    )
    first = [orders.submit(write(orders, sequence), START) for sequence in range(4)]
    late = orders.submit(write(orders, 4, message=Stop("x")), START)
    urgent = orders.submit(write(orders, 0, member=BIRCH, message=Stop("y")), START)
    blocks = []
    for now in range(START + 10, START + 100, 10):
        outcome = orders.step(now)
        if outcome.committed is not None:
            blocks.append([receipt.transaction for receipt in outcome.committed.result.receipts])
    assert blocks == [first[:2], [urgent, first[2]], [first[3], late]]


def test_of_what_is_urgent_one_more_may_wait_than_of_all_else():
    quota = QUOTA.__class__(QUOTA.cost_per_block, QUOTA.cost_per_epoch, QUOTA.state_bytes, 2)
    orders = driver(quota=quota)
    for sequence in range(2):
        orders.submit(write(orders, sequence), START)
    refused_with("node.pool_full", orders, write(orders, 2))
    orders.submit(write(orders, 2, message=Stop("x")), START)
    refused_with("node.pool_full", orders, write(orders, 3, message=Stop("x")))


def test_of_one_member_only_so_many_transactions_wait():
    quota = QUOTA.__class__(QUOTA.cost_per_block, QUOTA.cost_per_epoch, QUOTA.state_bytes, 2)
    orders = driver(quota=quota)
    orders.submit(write(orders, 0), START)
    orders.submit(write(orders, 1), START)
    refused_with("node.pool_full", orders, write(orders, 2))
    orders.submit(write(orders, 0, member=BIRCH), START)
    orders.step(START)
    orders.submit(write(orders, 2), START + 20)


def test_handing_in_the_same_transaction_twice_is_the_same_as_once():
    orders = driver()
    raw = write(orders, 0)
    assert orders.submit(raw, START) == orders.submit(raw, START)
    assert len(orders.pool) == 1
    orders.step(START + 10)
    refused_with("kernel.replayed", orders, raw, START + 20)


def test_a_transaction_that_waited_too_long_is_refused_with_its_reason():
    orders = driver(limits=Limits(block_cost=10**6, block_transactions=1, epoch_milliseconds=3_600_000))
    orders.submit(write(orders, 0), START)
    waiting = orders.submit(write(orders, 1, expires=5), START)
    outcome = orders.step(START + 10)
    assert [(name, reason.code) for name, reason in outcome.refused] == [(waiting, "kernel.expired")]
    assert len(orders.pool) == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda raw: raw[:-1], "kernel.malformed"),
        (lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]), "kernel.bad_signature"),
        (lambda raw: raw + bytes(1 << 16), "kernel.oversize"),
    ],
)
def test_what_is_not_admissible_is_refused_at_once_and_nothing_changes(change, code):
    orders = driver()
    refused_with(code, orders, change(write(orders, 0)))
    assert len(orders.pool) == 0
    orders.submit(write(orders, 0), START)


def test_a_forged_transaction_does_not_wait_for_a_later_block_either():
    orders = driver(limits=Limits(block_cost=10**6, block_transactions=1, epoch_milliseconds=3_600_000))
    orders.submit(write(orders, 0), START)
    raw = write(orders, 1)
    refused_with("kernel.bad_signature", orders, raw[:-1] + bytes([raw[-1] ^ 1]))
    refused_with("kernel.out_of_order", orders, write(orders, 2))
    orders.submit(raw, START)
    orders.submit(write(orders, 2), START)
    refused_with("kernel.replayed", orders, write(orders, 1, message=Write("y", b"")))


def test_a_full_disk_loses_nothing_that_waits():
    orders = driver()
    ids = [orders.submit(write(orders, sequence), START) for sequence in range(3)]
    orders.ledger.store.fails = 1
    with pytest.raises(OSError, match="no space left"):
        orders.step(START + 10)
    assert orders.ledger.tip.height == 0
    block = orders.step(START + 30).committed
    assert block is not None
    assert [receipt.transaction for receipt in block.result.receipts] == ids


def test_an_empty_block_keeps_what_waits():
    orders = driver()
    orders.submit(write(orders, 0), START)
    assert orders.header(START + 5).block.transactions == ()
    block = orders.step(START + 20).committed
    assert block is not None
    assert len(block.block.transactions) == 1


def test_a_block_with_a_prompt_method_says_so():
    orders = driver()
    orders.submit(write(orders, 0), START)
    assert not orders.step(START + 10).prompt
    orders.submit(write(orders, 1, message=Settle("x")), START + 20)
    assert orders.step(START + 30).prompt


def test_a_method_may_be_prompt_for_what_it_led_to_alone():
    app = application()
    module = app.modules[0]
    asked = []

    def waits(ctx, message):
        asked.append(ctx.height)
        return message.name == "y"

    methods = tuple(replace(one, prompt=waits) if one.prompt else one for one in module.methods)
    ledger = Ledger.create(
        Disk(), Application((replace(module, methods=methods),), app.keys), genesis([AMBER], time=START)
    )
    orders = Embedded(ledger, grouping=Grouping(wait_ms=0))
    for sequence, (name, prompt) in enumerate((("x", False), ("y", True))):
        orders.submit(write(orders, sequence, message=Settle(name)), START)
        assert orders.step(START).prompt == prompt
    assert asked == [1, 2]
