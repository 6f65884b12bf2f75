"""A node that lies to the others; it runs in the place of `consortia.node`.

What it proposes is garbage of many kinds, of which it thinks well; and it takes in whatever it is given and
spreads it, with which it floods the others all the time: noise, and transactions with a wrong signature.
"""

import asyncio
import os
import sys
from contextlib import suppress
from itertools import count

from consortia.drivers.cometbft.bundle import Tick, pack
from consortia.drivers.cometbft.driver import CometBft
from consortia.drivers.cometbft.pool import ACCEPTED, Verdict
from consortia.node.__main__ import main
from consortia.node.cometbft.engine import Engine
from consortia.node.cometbft.rpc import Rpc, RpcError

PAUSE_SECONDS = 0.005
NOISE_BYTES = 2_000
TOLD = "the liar proposes "

_run = Engine.run


def garbage(driver, entries):
    """Of each kind: its name, and what to propose."""
    newest = driver.ledger.block(driver.ledger.tip.height)
    done = newest.transactions if newest is not None else ()
    yield "noise", [os.urandom(NOISE_BYTES)]
    yield "an empty entry", [b""]
    yield "a bundle of noise", [pack([os.urandom(200)])]
    yield "what waits, twice", [*entries, *entries]
    yield "what is done already", [pack([raw]) for raw in done] or [b"\1"]
    yield "what waits, with another signature", [entry[:-1] + bytes([entry[-1] ^ 1]) for entry in entries]
    yield "what waits, cut off", [entry[:-1] for entry in entries]
    yield "a tick that is not due", [Tick(driver.ledger.tip.height).encode(), *entries]
    yield "a tick of another height", [Tick(2**63).encode()]


def prepare(driver, proposal, bytes_max, now):
    """Propose garbage, of one kind after another."""
    kinds = list(garbage(driver, proposal.entries))
    name, entries = kinds[next(_turn) % len(kinds)]
    sys.stderr.write(f"{TOLD}{name}\n")
    sys.stderr.flush()
    return tuple(entries)


async def run(engine, stopping):
    """Run CometBFT as ever, and hand it what is to be spread."""
    flood = asyncio.create_task(spread(engine))
    try:
        await _run(engine, stopping)
    finally:
        flood.cancel()
        await asyncio.gather(flood, return_exceptions=True)


async def spread(engine):
    """Hand in noise without end."""
    rpc = Rpc(engine.supervisor.sockets.rpc)
    for number in count():
        await asyncio.sleep(PAUSE_SECONDS)
        newest = engine.ledger.block(engine.ledger.tip.height)
        wrong = [raw[:-8] + number.to_bytes(8, "big") for raw in newest.transactions] if newest else []
        with suppress(RpcError):  # its own pool is full now and then
            await rpc.hand_in(pack(wrong) if wrong and number % 2 else os.urandom(NOISE_BYTES))


_turn = count()


def lie():
    """Make every node of this process a liar; whoever only reads this module runs honest ones."""
    CometBft.prepare_proposal = prepare
    CometBft.process_proposal = lambda _driver, _proposal: True
    CometBft.check_tx = lambda _driver, _entry, _now, *, again=False: Verdict(ACCEPTED, ())
    Engine.run = run


if __name__ == "__main__":
    lie()
    sys.exit(main())
