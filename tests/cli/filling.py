"""A lot of transactions for a network that CometBFT orders, handed in beside the node."""

import asyncio
import time

from consortia.base.codec import to_value
from consortia.drivers.cometbft.bundle import pack
from consortia.kernel.transaction import Call, sign_transaction
from consortia.node.cometbft.files import Files
from consortia.node.cometbft.rpc import NotNow, Rpc
from consortia.node.keys import find_key, open_key
from tests.faults.network import thing

BUNDLE = 64
LANES = range(1, 15)


def fill(home, network, count):
    """Register so many things for a member, from a home whose node runs; gives the names, when all are in."""
    key = open_key(find_key(home / "keys", "admin"), lambda: "")
    expires = time.time_ns() // 1_000_000 + 3_600_000
    raws = []
    for number in range(count):
        call = Call("assets.register", dict(to_value(thing(f"thing-{number}"))))
        lane, sequence = LANES[number % len(LANES)], number // len(LANES)
        raws.append(sign_transaction(key, network, (call,), sequence=sequence, expires=expires, lane=lane))

    async def hand_in():
        rpc = Rpc(Files(home).folder / "rpc.sock")
        for at in range(0, count, BUNDLE):
            bundle = pack(raws[at : at + BUNDLE])
            while True:
                try:
                    handed = await rpc.hand_in(bundle)
                except NotNow:
                    await asyncio.sleep(0.1)
                    continue
                assert set(handed.codes) <= {"ok"}, handed
                break
        rpc.close()

    asyncio.run(hand_in())
