"""The index follows in the pauses, a little at a time, and not while others have their hands full."""

import asyncio
from types import SimpleNamespace

from consortia.kernel.block import Block
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import call, sign_transaction
from consortia.node import indexing
from consortia.node.index import Index
from consortia.node.service import Counters, LedgerFollowed
from consortia.node.waiting import Waiting
from consortia.store.memory import MemoryStore
from consortia.testing.plain import Member, Write, application, genesis

START = 1_700_000_000_000
MEMBER = Member("amber")


def grown(*counts):
    """A ledger with blocks of so many transactions."""
    ledger = Ledger.create(MemoryStore(), application(), genesis([MEMBER], time=START))
    sequence = 0
    for height, count in enumerate(counts, start=1):
        raws = []
        for _ in range(count):
            calls = (call(Write("x", b"1"), "plain", "write"),)
            raws.append(
                sign_transaction(
                    MEMBER.operator, ledger.network, calls, sequence=sequence, expires=START + 10**9
                )
            )
            sequence += 1
        ledger.append(Block(height, START + height, tuple(raws)))
    return ledger


def test_it_pauses_after_the_block_with_which_some_hundred_transactions_are_reached():
    followed, index = LedgerFollowed(grown(200, 200, 200, 3, 3)), Index(":memory:")
    assert index.follow(followed) == 4
    assert index.height == 3
    assert index.follow(followed) == 2
    assert index.follow(followed) == 0
    index.close()


def test_it_waits_while_an_engine_has_its_hands_full():
    ledger, index = grown(3), Index(":memory:")
    service = SimpleNamespace(ledger=ledger, index=index, counters=Counters(), waiting=Waiting())
    occupied = [True]

    async def run():
        stopping, looked = asyncio.Event(), asyncio.Event()
        looks = iter(range(1 << 30))

        def ask():
            if next(looks) == 3:
                looked.set()
            return occupied[0]

        following = asyncio.create_task(indexing.follow(service, stopping, ask))
        await looked.wait()
        assert index.height == -1
        occupied[0] = False
        while index.height < 1:  # noqa: ASYNC110 (the index tells nobody)
            await asyncio.sleep(0.01)
        stopping.set()
        service.waiting.tell()
        await following

    asyncio.run(run())
    index.close()
