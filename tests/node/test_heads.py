"""What an orderer's head vouches for is taken in only if it holds."""

import pytest

from consortia.base.codec import encode_record
from consortia.base.ids import origin
from consortia.base.note import Checkpoint, Note
from consortia.kernel.block import Accusation, Block
from consortia.kernel.ledger import Ledger
from consortia.node.chain import Chain
from consortia.node.heads import Heads, Unfit
from consortia.node.memory import PlainMemory
from consortia.node.sync import Vouched
from consortia.store.memory import MemoryStore
from consortia.testing.plain import Member, application, genesis

START = 1_700_000_000_000
AMBER, BIRCH = Member("amber"), Member("birch")


def ledger():
    return Ledger.create(MemoryStore(), application(), genesis([AMBER, BIRCH], time=START))


@pytest.mark.parametrize("accuses", [False, True])
def test_where_one_process_orders_a_block_accuses_nobody(accuses):
    orders, follows = ledger(), Heads(Chain(ledger()), PlainMemory())
    accusations = (Accusation(BIRCH.operator.public, 7, "duplicate_vote"),) if accuses else ()
    block = Block(1, START, (), accusations)
    orders.append(block)
    head = Note(Checkpoint(origin(orders.network), orders.tip.size, orders.tip.root), ())
    vouched = Vouched(encode_record(block), ())
    if accuses:
        with pytest.raises(Unfit, match="no engine convicts"):
            follows.fit(vouched, head)
    else:
        assert follows.fit(vouched, head).tip == orders.tip
