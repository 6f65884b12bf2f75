"""bft.throughput, bft.memory: four validators on this machine, beside CometBFT's own kvstore.

Ours: four nodes as `consortia localnet --driver cometbft` starts them, each with its CometBFT; transactions
of about 250 bytes, signed beforehand, are handed to the four CometBFTs as bundles, as a node does. The peer:
four CometBFTs of the same program and settings with the Go application that is built in
(`persistent_kvstore`), which is handed values of 250 bytes one by one and verifies no signature. Both are
kept supplied for the same time; what counts is what stands in blocks. What the kvstore would do if it checked
one Ed25519 signature a transaction and node is modelled from the cost of a check, measured here, over this
machine's cores. `bft_latency` is how long one transaction takes at half of each one's load.
"""

import asyncio
import base64
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from bench.peers.kvstore import Kvstore
from consortia.base.codec import to_value
from consortia.base.keys import SigningKey, verify
from consortia.cli.demo.consortium import Consortium
from consortia.cli.demo.telling import Teller
from consortia.drivers.cometbft.bundle import pack, squeezed
from consortia.kernel.transaction import Call, sign_transaction
from consortia.modules.identity.messages import SetEndpoint
from consortia.node.cometbft import binary
from consortia.node.cometbft.files import Files
from consortia.node.cometbft.rpc import Rpc, RpcError

SECONDS = 60.0
WARM_SECONDS = 5.0
CHECKS = 20_000
NAMES = ("north", "east", "south", "west")
BUNDLE = 256
"""As a node gathers where much is handed in (`bundle.Gathering`)."""

LANES = 14
SIGNED_A_VALUE = 1.1
"""So many transactions are signed beforehand for each value that the kvstore ordered in the same time."""

MEMORY_AFTER = 100_000
"""After so many transactions the memory of a node's process is read."""

MEMORY_MAX = 400.0
THROUGHPUT_BAR = ">= 0.6x kvstore, and >= 1.0x kvstore with one verification a transaction and node"
MEMORY_BAR = "<= 400 MB after 10^5 transactions, flat"


class Ours:
    """Four nodes of a network, and who hands transactions in."""

    def __init__(self, folder: Path) -> None:
        self.network = Consortium(folder, NAMES, Teller(to_error=True), driver="cometbft")
        self.network.workers = False
        self.network.build("bench")
        self.rpcs = {name: Rpc(Files(folder / name).folder / "rpc.sock") for name in NAMES}
        self._next = {(name, lane): 0 for name in NAMES for lane in range(LANES)}
        self.bytes = 0
        self.bundles: dict[str, Iterator[bytes]] = {}

    def sign(self, count: int) -> None:
        """Sign so many bundles for each node, beforehand: what one run leaves, the next hands in."""
        for name in NAMES:
            raws = self.signed(name, count * BUNDLE)
            self.bundles[name] = iter(
                [squeezed(pack(raws[at : at + BUNDLE])) for at in range(0, len(raws), BUNDLE)]
            )

    async def hand_in(self, name: str) -> None:
        """Hand in a node's next bundle; the order of a lane must be kept, so none is left out."""
        bundle = next(self.bundles[name], None)
        while bundle is not None:
            try:
                await self.rpcs[name].hand_in(bundle)
            except RpcError:
                await asyncio.sleep(0.05)
                continue
            return
        await asyncio.sleep(0.1)

    def signed(self, name: str, count: int) -> list[bytes]:
        """The next transactions of a member, over its lanes in turn."""
        party, url = self.network.parties[name], self.network.parties[name].node.url
        key, call = party.key("admin"), Call("identity.set_endpoint", dict(to_value(SetEndpoint(url, None))))
        expires = time.time_ns() // 1_000_000 + 3_600_000
        found = []
        for at in range(count):
            lane = at % LANES
            sequence = self._next[name, lane]
            self._next[name, lane] += 1
            found.append(
                sign_transaction(
                    key, self.network.network, (call,), sequence=sequence, expires=expires, lane=lane
                )
            )
        self.bytes = len(found[0])
        return found

    def done(self) -> int:
        """How many transactions stand in blocks: leaves without headers."""
        status = self.network.client(NAMES[0]).status()
        return status.size - status.height

    async def indexed(self) -> None:
        """Wait until the nodes' indexes are at the newest block, which a flood puts off until it is over."""
        for name in NAMES:
            client, behind = self.network.client(name), True
            while behind:
                await asyncio.sleep(0.2)
                status = await asyncio.to_thread(client.status)
                behind = status.indexed < status.height

    def resident(self) -> tuple[float, float]:
        """The memory of the largest node process, as `_resident` gives it."""
        return max(_resident(party.node.pid or 0) for party in self.network.parties.values())

    def spent(self) -> tuple[float, float]:
        """The CPU seconds of all four node processes so far, and those of their CometBFTs."""
        nodes = [party.node.pid or 0 for party in self.network.parties.values()]
        engines = [child for pid in nodes for child in _children(pid, "cometbft")]
        return sum(map(_cpu, nodes)), sum(map(_cpu, engines))


def _children(pid: int, name: str) -> list[int]:
    """The processes of a name that a process has started."""
    told = " ".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return [int(child) for child in told.split() if Path(f"/proc/{child}/comm").read_text().strip() == name]


def _cpu(pid: int) -> float:
    """The CPU seconds of a process so far (proc(5): `utime` and `stime` of `stat`)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> tuple[float, float]:
    """A process's memory in MB: all of it, and without the files that it maps, which the kernel may drop."""
    found = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in {"VmRSS", "RssAnon"}:
            found[name] = int(value.split()[0]) / 1024
    return found.get("VmRSS", 0.0), found.get("RssAnon", 0.0)


async def _supply(supply: Callable[[str], Awaitable[None]], until: float, beside: int) -> None:
    """Hand in at all four nodes, several at once, until a time."""

    async def one(name: str) -> None:
        while time.monotonic() < until:
            try:
                await supply(name)
            except RpcError:  # a full mempool, or a node that is busy
                await asyncio.sleep(0.05)

    await asyncio.gather(*(one(name) for name in NAMES for _ in range(beside)))


async def _rate(
    supply: Callable[[str], Awaitable[None]], done: Callable[[], Awaitable[int]], seconds: float, beside: int
) -> float:
    """What stands in blocks each second, while both are kept supplied."""
    begin = time.monotonic()
    supplying = asyncio.create_task(_supply(supply, begin + WARM_SECONDS + seconds, beside))
    await asyncio.sleep(WARM_SECONDS)
    first, since = await done(), time.monotonic()
    await asyncio.sleep(seconds)
    last, spent = await done(), time.monotonic() - since
    await supplying
    return (last - first) / spent


async def ours_rate(ours: Ours, seconds: float) -> float:
    return await _rate(ours.hand_in, partial(asyncio.to_thread, ours.done), seconds, 1)


async def kvstore_rate(store: Kvstore, seconds: float) -> float:
    numbers = iter(range(1 << 60))

    async def supply(name: str) -> None:
        for _ in range(10):
            value = f"{next(numbers):020}=".encode() + b"v" * 229
            await store.rpcs[name]._ask("broadcast_tx_async", {"tx": base64.b64encode(value).decode()})

    return await _rate(supply, store.done, seconds, 8)


def _verification(_core: int = 0) -> float:
    """Seconds of one Ed25519 check of 250 bytes."""
    key, message = SigningKey(bytes(32)), bytes(250)
    signature = key.sign(message)
    begin = time.process_time()
    for _ in range(CHECKS):
        verify(key.public, message, signature)
    return (time.process_time() - begin) / CHECKS


def _verifications() -> float:
    """The same while all cores do nothing else, as under load."""
    cores = os.cpu_count() or 1
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        return statistics.mean(pool.map(_verification, range(cores)))


async def ready(rpcs: dict[str, Rpc]) -> None:
    """Wait until every CometBFT has blocks."""
    for rpc in rpcs.values():
        while True:
            try:
                if int((await rpc.engine()).sync_info.latest_block_height) >= 1:
                    break
            except RpcError:
                pass
            await asyncio.sleep(0.1)


async def drained(rpcs: dict[str, Rpc]) -> None:
    """Wait until nothing of a flood waits any more: it is no part of the load that follows."""
    for rpc in rpcs.values():
        waits = 1
        while waits:
            await asyncio.sleep(0.1)
            waits = int(json.loads(await rpc._ask("num_unconfirmed_txs", {}))["total"])


def measured(seconds: float) -> dict[str, float]:
    """All figures, each system run for so many seconds, one after the other."""
    found: dict[str, float] = {"verify": _verifications()}
    with tempfile.TemporaryDirectory(prefix="bft-") as name:
        folder = Path(name)
        store = Kvstore(folder / "kv", NAMES, binary.find("", folder, os.environ).path)
        try:

            async def kvstore() -> None:
                await ready(store.rpcs)
                begin, first = time.process_time(), await store.done()
                found["kv"] = await kvstore_rate(store, seconds)
                await drained(store.rpcs)
                found["kv_load"] = 1e6 * (time.process_time() - begin) / (await store.done() - first)

            asyncio.run(kvstore())
        finally:
            store.stop()
        with (ours := Ours(folder / "net")).network:
            count = MEMORY_AFTER + SIGNED_A_VALUE * found["kv"] * (seconds + 6 * WARM_SECONDS)
            ours.sign(int(count / BUNDLE / len(NAMES)))

            async def nodes() -> None:
                while ours.done() < MEMORY_AFTER:
                    await _supply(ours.hand_in, time.monotonic() + WARM_SECONDS, 1)
                found["early"], (found["memory"], found["own"]) = ours.done(), ours.resident()
                begin, before, first = time.process_time(), ours.spent(), ours.done()
                found["ours"] = await ours_rate(ours, seconds)
                await drained(ours.rpcs)
                parts = zip(("node_cpu", "engine_cpu"), ours.spent(), before, strict=True)
                found["load"] = 1e6 * (time.process_time() - begin) / (ours.done() - first)
                count = len(NAMES) * (ours.done() - first)
                found.update({name: 1e6 * (now - then) / count for name, now, then in parts})
                before = ours.spent()
                await ours.indexed()
                found["index_cpu"] = 1e6 * (ours.spent()[0] - before[0]) / (len(NAMES) * ours.done())

            asyncio.run(nodes())
            found["done"], (found["memory_late"], found["own_late"]) = ours.done(), ours.resident()
        found["bytes"] = ours.bytes
    return found


def run(seconds: float = SECONDS) -> list[dict[str, object]]:
    """Both rows."""
    try:
        binary.find("", Path(sys.prefix), os.environ)
    except binary.CometBftError as error:
        return [
            {"id": name, "value": None, "unit": unit, "bar": bar, "met": False, "note": f"not run: {error}"}
            for name, unit, bar in (
                ("bft.throughput", "tx/s", THROUGHPUT_BAR),
                ("bft.memory", "MB", MEMORY_BAR),
            )
        ]
    found = measured(seconds)
    return [_throughput(found, seconds), _memory(found)]


def _throughput(found: dict[str, float], seconds: float) -> dict[str, object]:
    cores = os.cpu_count() or 1
    modelled = 1 / (1 / found["kv"] + 4 * found["verify"] / cores)
    raw, checked = found["ours"] / found["kv"], found["ours"] / modelled
    return {
        "id": "bft.throughput",
        "value": found["ours"],
        "unit": "tx/s",
        "peer": "CometBFT's persistent_kvstore, four validators, 250-byte values",
        "peer_value": found["kv"],
        "ratio": raw,
        "bar": THROUGHPUT_BAR,
        "met": raw >= 0.6 and checked >= 1.0,
        "note": f"{found['bytes']:.0f}-byte transactions in bundles of {BUNDLE}, {seconds:.0f} s; "
        f"{checked:.2f}x the kvstore with a check of {found['verify'] * 1e6:.0f} us a transaction and "
        f"node on {cores} cores (modelled: {modelled:,.0f} tx/s); CPU a transaction and node: "
        f"{found['node_cpu']:.0f} us in our process, {found['engine_cpu']:.0f} us in CometBFT, and "
        f"afterwards {found['index_cpu']:.0f} us until the index, which waits for a pause, had caught up; "
        f"handing in takes {found['load']:.0f} us of CPU a transaction, and {found['kv_load']:.0f} us a "
        "kvstore's value",
    }


def _memory(found: dict[str, float]) -> dict[str, object]:
    growth = found["own_late"] / found["own"]
    return {
        "id": "bft.memory",
        "value": found["memory"],
        "unit": "MB",
        "bar": MEMORY_BAR,
        "met": found["early"] >= MEMORY_AFTER and found["memory"] <= MEMORY_MAX and growth <= 1.25,
        "note": f"the largest of four node processes after {found['early']:,.0f} transactions, "
        f"{found['own']:.0f} MB without the store's mapped pages; after {found['done']:,.0f} it is "
        f"{found['memory_late']:.0f} MB, and without them {growth:.2f}x as much",
    }
