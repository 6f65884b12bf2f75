"""bft.latency, bft.moment: how long a transaction takes at half of what four validators order.

The networks are those of bft.throughput, ours and the kvstore's. Each is flooded first, to learn what it
orders here, and then, once nothing of the flood is left to do, handed half of that. Meanwhile single
transactions are handed in at all four nodes: ours by HTTP, until their receipt; the kvstore's to CometBFT,
until it says that their block is executed. Both clients ask once.

The bar is for who hands in the next as soon as the last has its receipt: each waits for about one block. Who
hands in at any moment meets blocks at all their stages, waits for half a block and then for its execution,
of which ours have more: bft.moment tells that ratio, the harder one.

Any other program that runs meanwhile makes blocks late, ours more than the kvstore's, since ours leave less
of the machine idle: the note says how much CPU others took.
"""

import asyncio
import base64
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import chain, cycle
from pathlib import Path

from bench.bft_throughput import (
    BUNDLE,
    NAMES,
    SIGNED_A_VALUE,
    WARM_SECONDS,
    Ours,
    drained,
    kvstore_rate,
    ours_rate,
    ready,
)
from bench.peers.kvstore import Kvstore
from consortia.modules.identity.messages import SetEndpoint
from consortia.node.cometbft import binary
from consortia.node.cometbft.rpc import RpcError

SECONDS = 15.0
PROBES = 60
"""So many transactions are timed at each node, one after the other, and so many at any moment."""

PAUSE_SECONDS_MAX = 0.5
"""Before a transaction at any moment passes any time up to this."""

BAR = "<= 1.2x the kvstore's, one after the other"
MOMENT = "as bft.latency, in the same run, but each handed in at any moment of a block"
VALUES = 10
"""So many of the kvstore's values are handed in one after the other."""


@dataclass(frozen=True)
class Found:
    """What a system orders a second, seconds to a receipt at half of that, and the cores that others took."""

    rate: float
    in_turn: float
    at_any_moment: float
    others: float


class Watch:
    """The CPU that other programs take: what the machine spent, without this process and its children's."""

    def __init__(self) -> None:
        self._begin, self._spent = time.monotonic(), _machine() - _family(os.getpid())

    def others(self) -> float:
        """In cores, since the watch was made."""
        spent = _machine() - _family(os.getpid()) - self._spent
        return max(0.0, spent) / (time.monotonic() - self._begin)


def _machine() -> float:
    """The CPU seconds of everything so far (proc(5): `stat`, without idling and waiting for disks)."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    ticks = sum(int(field) for place, field in enumerate(fields) if place not in {3, 4})
    return ticks / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> float:
    """The CPU seconds so far of a process and of those that it and its children started and that live."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    told = " ".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(_family(int(child)) for child in told.split())


async def _found(
    rate: float, size: int, load: Callable[[], Awaitable[None]], probe: Callable[[str], Awaitable[object]]
) -> Found:
    """The median times of probes while `load`, of so many transactions, makes half of a rate."""
    over, per_second = asyncio.Event(), rate / 2 / size

    async def loading() -> None:
        due = time.monotonic()
        while not over.is_set():
            due += 1 / per_second
            try:
                await load()
            except RpcError:
                await asyncio.sleep(0.05)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def probing(name: str, pause: float) -> list[float]:
        times, pauses = list[float](), random.Random(name)
        for _ in range(PROBES):
            await asyncio.sleep(pauses.uniform(0.0, pause))
            begin = time.monotonic()
            await probe(name)
            times.append(time.monotonic() - begin)
        return times

    async def median(pause: float) -> float:
        return statistics.median(chain(*await asyncio.gather(*(probing(name, pause) for name in NAMES))))

    task, watch = asyncio.create_task(loading()), Watch()
    await asyncio.sleep(2.0)
    in_turn, at_any_moment = await median(0.0), await median(PAUSE_SECONDS_MAX)
    over.set()
    await task
    return Found(rate, in_turn, at_any_moment, watch.others())


async def _ours(ours: Ours, seconds: float) -> Found:
    rate = await ours_rate(ours, seconds)
    await drained(ours.rpcs)
    await ours.indexed()
    names = cycle(NAMES)
    urls = {name: party.node.url for name, party in ours.network.parties.items()}
    clients = {name: ours.network.client(name) for name in NAMES}

    async def load() -> None:
        await ours.hand_in(next(names))

    async def probe(name: str) -> None:
        await asyncio.to_thread(clients[name].submit, SetEndpoint(urls[name], None), lane=15)

    return await _found(rate, BUNDLE, load, probe)


async def _kvstore(store: Kvstore, seconds: float) -> Found:
    await ready(store.rpcs)
    rate = await kvstore_rate(store, seconds)
    await drained(store.rpcs)
    turn, names = iter(range(1 << 60)), cycle(NAMES)

    def value(kind: str) -> dict[str, str]:
        return {"tx": base64.b64encode(f"{kind}{next(turn):019}=".encode() + b"v" * 229).decode()}

    async def load() -> None:
        for _ in range(VALUES):
            await store.rpcs[next(names)]._ask("broadcast_tx_async", value("l"))

    async def probe(name: str) -> None:
        await store.rpcs[name]._ask("broadcast_tx_commit", value("p"))

    return await _found(rate, VALUES, load, probe)


def measured(seconds: float) -> tuple[Found, Found]:
    """Ours and the kvstore's, one after the other."""
    with tempfile.TemporaryDirectory(prefix="bft-") as name:
        folder = Path(name)
        store = Kvstore(folder / "kv", NAMES, binary.find("", folder, os.environ).path)
        try:
            kvstore = asyncio.run(_kvstore(store, seconds))
        finally:
            store.stop()
        with (ours := Ours(folder / "net")).network:
            probing = PROBES * (PAUSE_SECONDS_MAX / 2 + 2.0)
            count = SIGNED_A_VALUE * kvstore.rate * (seconds + WARM_SECONDS + probing / 2)
            ours.sign(int(count / BUNDLE / len(NAMES)))
            return asyncio.run(_ours(ours, seconds)), kvstore


def run(seconds: float = SECONDS) -> list[dict[str, object]]:
    """Both rows."""
    in_turn: dict[str, object] = {"id": "bft.latency", "value": None, "unit": "s", "bar": BAR, "met": False}
    at_any_moment = in_turn | {"id": "bft.moment", "bar": "told beside bft.latency", "met": None}
    try:
        binary.find("", Path(sys.prefix), os.environ)
    except binary.CometBftError as error:
        return [row | {"note": f"not run: {error}"} for row in (in_turn, at_any_moment)]
    ours, kvstore = measured(seconds)
    note = (
        f"medians of {PROBES * len(NAMES)} at all four nodes; blocks wait 200 ms for votes; half loads "
        f"{ours.rate / 2:,.0f} and {kvstore.rate / 2:,.0f} tx/s; other programs took {ours.others:.2f} of a "
        f"core during ours and {kvstore.others:.2f} during the kvstore's"
    )
    in_turn |= _beside(ours.in_turn, kvstore.in_turn)
    in_turn |= {
        "met": ours.in_turn / kvstore.in_turn <= 1.2,
        "note": f"each handed in as the last one's receipt came; {note}",
    }
    return [in_turn, at_any_moment | _beside(ours.at_any_moment, kvstore.at_any_moment) | {"note": MOMENT}]


def _beside(value: float, peer_value: float) -> dict[str, object]:
    peer = "persistent_kvstore, broadcast_tx_commit"
    return {"value": value, "peer": peer, "peer_value": peer_value, "ratio": value / peer_value}


if __name__ == "__main__":
    print(run())
