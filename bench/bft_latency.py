"""bft.latency: how long one transaction takes at half of what four validators order, beside the kvstore's.

The networks are those of bft.throughput. Each is flooded first, to learn what it orders here, and then, once
nothing of the flood is left to do, handed half of that. Meanwhile single transactions are handed in at all
four nodes: ours by HTTP, until their receipt; the kvstore's to CometBFT, until it says that their block is
executed. Both clients ask once.

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
from itertools import cycle
from pathlib import Path

from bench.bft_throughput import (
    BUNDLE,
    NAMES,
    SIGNED_A_SECOND,
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
"""So many transactions are timed at each node."""

PAUSE_SECONDS_MAX = 0.5
"""Between two probes passes any time up to this: they meet blocks at all their stages."""

BAR = "<= 1.2x the kvstore's"
VALUES = 10
"""So many of the kvstore's values are handed in one after the other."""


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


async def _times(
    probe: Callable[[str], Awaitable[object]], load: Callable[[], Awaitable[None]], per_second: float
) -> tuple[float, float]:
    """The median time of a probe in seconds, while `load` is done so often; and what others took."""
    over, times = asyncio.Event(), list[float]()

    async def loading() -> None:
        due = time.monotonic()
        while not over.is_set():
            due += 1 / per_second
            try:
                await load()
            except RpcError:
                await asyncio.sleep(0.05)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def probing(name: str, pauses: random.Random) -> None:
        for _ in range(PROBES):
            await asyncio.sleep(pauses.uniform(0.0, PAUSE_SECONDS_MAX))
            begin = time.monotonic()
            await probe(name)
            times.append(time.monotonic() - begin)

    task, watch = asyncio.create_task(loading()), Watch()
    await asyncio.sleep(2.0)
    await asyncio.gather(*(probing(name, random.Random(name)) for name in NAMES))
    over.set()
    await task
    return statistics.median(times), watch.others()


async def _ours(ours: Ours, seconds: float) -> tuple[float, float, float]:
    """What ours orders a second, a probe's median time at half of that, and what others took."""
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

    return rate, *await _times(probe, load, rate / 2 / BUNDLE)


async def _kvstore(store: Kvstore, seconds: float) -> tuple[float, float, float]:
    """As `_ours`."""
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

    return rate, *await _times(probe, load, rate / 2 / VALUES)


def measured(seconds: float) -> dict[str, tuple[float, float, float]]:
    """Both systems, one after the other."""
    with tempfile.TemporaryDirectory(prefix="bft-") as name:
        folder = Path(name)
        store = Kvstore(folder / "kv", NAMES, binary.find("", folder, os.environ).path)
        try:
            kvstore = asyncio.run(_kvstore(store, seconds))
        finally:
            store.stop()
        with (ours := Ours(folder / "net")).network:
            probing = PROBES * (PAUSE_SECONDS_MAX / 2 + 1.0)
            count = SIGNED_A_SECOND * (seconds + WARM_SECONDS + probing / 2)
            ours.sign(int(count / BUNDLE / len(NAMES)))
            return {"ours": asyncio.run(_ours(ours, seconds)), "kvstore": kvstore}


def run(seconds: float = SECONDS) -> list[dict[str, object]]:
    """The row."""
    row: dict[str, object] = {"id": "bft.latency", "value": None, "unit": "s", "bar": BAR, "met": False}
    try:
        binary.find("", Path(sys.prefix), os.environ)
    except binary.CometBftError as error:
        return [row | {"note": f"not run: {error}"}]
    found = measured(seconds)
    (rate, value, others), (kv_rate, kv_value, kv_others) = found["ours"], found["kvstore"]
    note = (
        f"medians of {PROBES * len(NAMES)}, submit to receipt at all four nodes; blocks wait 200 ms for "
        f"votes; half loads {rate / 2:,.0f} and {kv_rate / 2:,.0f} tx/s; other programs took {others:.2f} "
        f"of a core during ours and {kv_others:.2f} during the kvstore's"
    )
    return [
        row
        | {
            "value": value,
            "peer": "persistent_kvstore, broadcast_tx_commit",
            "peer_value": kv_value,
            "ratio": value / kv_value,
            "met": value / kv_value <= 1.2,
            "note": note,
        }
    ]


if __name__ == "__main__":
    print(run()[0])
