"""console.first, console.live, api.read and wheel.size: the console, and the reading of facts.

`console.first` counts every byte that a browser gets for the first page, squeezed, until it asks for nothing
more, and the node's own time for it. `console.live` opens 500 streams of headers, lets two blocks a second
come, and takes the node's CPU time; that viewers' pages are fetched anew is not in it. `api.read` asks for
proofs of random state entries over 32 connections. `wheel.size` is the file that is installed.
"""

import asyncio
import gc
import gzip
import http.client
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from consortia.app import application
from consortia.kernel.block import Block, Header, leaf
from consortia.kernel.machine import Result
from consortia.kernel.tree import Plan
from consortia.modules.identity.messages import SetEndpoint
from consortia.node.home import Home
from consortia.node.opening import open_ledger
from consortia.node.passes import way_in
from tests.node.running import Process, client, homes

ROOT = Path(__file__).resolve().parents[1]
VIEWERS, SECONDS, EVENTS_A_SECOND = 500, 10, 2
ENTRIES, CONNECTIONS, READS = 1_000_000, 32, 16_000
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def row(name: str, value: float, unit: str, *, bar: str, met: bool | None, note: str) -> dict:
    """A row of the results."""
    return {"id": name, "value": value, "unit": unit, "bar": bar, "met": met, "note": note}


def fetch(
    connection: http.client.HTTPConnection, path: str, cookie: str
) -> tuple[int, bytes, dict[str, str]]:
    connection.request("GET", path, headers={"Accept-Encoding": "gzip", "Cookie": cookie})
    answer = connection.getresponse()
    return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}


def first(process: Process, cookie: str) -> list[dict]:
    """All bytes of the first page, and the node's CPU time for them."""
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=60)
    files = re.compile(r'(?:src|href)="(/console/static/[^"]+)"')
    total, times = 0, []
    for number in range(21):
        begin = cpu_seconds(process.process.pid)
        sent = 0
        for _ in range(5):
            _, data, headers = fetch(connection, "/console", cookie)
            text = gzip.decompress(data) if headers.get("content-encoding") == "gzip" else data
            sent = len(data) + sum(
                len(fetch(connection, path, cookie)[1]) for path in set(files.findall(text.decode()))
            )
        if number:
            times.append((cpu_seconds(process.process.pid) - begin) / 5 * 1000)
        total = sent
    connection.close()
    ms = statistics.mean(times)
    note = f"{ms:.1f} ms of the node's CPU; the page, its styles, its script and its icon"
    met = total <= 60_000 and ms <= 100
    return [row("console.first", round(total / 1000, 1), "KB", bar="<= 60 KB, <= 100 ms", met=met, note=note)]


async def watch(port: int, cookie: str, seen: list[int], stop: asyncio.Event) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /v1/stream?brief=true HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()
    )
    waiting = asyncio.ensure_future(stop.wait())
    while not stop.is_set():
        reading = asyncio.ensure_future(reader.readline())
        done, _ = await asyncio.wait({reading, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if reading in done:
            seen[0] += reading.result().startswith(b"id:")
        else:
            reading.cancel()
    writer.close()


def live(process: Process, cookie: str) -> list[dict]:
    """The node's CPU while 500 streams are open and two blocks a second come, beside that without viewers."""
    admin = client(process.home, process.url)

    def blocks(seconds: float) -> tuple[float, int]:
        begin, count, ends = cpu_seconds(process.process.pid), 0, time.monotonic() + seconds
        while time.monotonic() < ends:
            admin.submit(
                SetEndpoint(process.url, None)
            )  # what it says of itself: it adds no block of its own
            count += 1
            time.sleep(1 / EVENTS_A_SECOND)
        return cpu_seconds(process.process.pid) - begin, count

    alone, _ = blocks(SECONDS)
    seen, stop, loop = [0], asyncio.Event(), asyncio.new_event_loop()

    def viewers() -> None:
        loop.run_until_complete(asyncio.wait_for(_all(process.port, cookie, seen, stop), 120))

    thread = threading.Thread(target=viewers)
    thread.start()
    time.sleep(3)
    seen[0] = 0
    watched, count = blocks(SECONDS)
    time.sleep(0.5)
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()
    admin.close()
    share = (watched - alone) / SECONDS * 100
    arrived = f"{seen[0]:,} events arrived at {VIEWERS} viewers from {count} transactions"
    note = f"{arrived}; beyond the {alone / SECONDS:.1%} that the blocks cost alone"
    return [row("console.live", round(share, 1), "% of a core", bar="<= 8 %", met=share <= 8, note=note)]


async def _all(port: int, cookie: str, seen: list[int], stop: asyncio.Event) -> None:
    await asyncio.gather(*(watch(port, cookie, seen, stop) for _ in range(VIEWERS)))


def fill(home: Home) -> None:
    """Put ENTRIES entries of 64 bytes into the state of a home whose node does not run: one block of its own.

    Written through the ledger's own store, tree and log, without transactions, which nothing here reads.
    """
    ledger = open_ledger(home, application(), lambda *_: None)
    chance, tip = random.Random(2), ledger.tip
    changes = {fact(number): chance.randbytes(64) for number in range(ENTRIES)}
    plans: list[Plan] = []
    with ledger.store.snapshot() as view:
        root = ledger._root_of(view, plans)(changes)
    block = Block(tip.height + 1, tip.time + 1, ())
    header = Header(block.height, block.time, root, ledger.members().hash(), tip.size)
    ledger.commit(ledger._prepare(block, Result((), header, changes, (leaf(header),)), plans[0]))
    ledger.store.close()


def fact(number: int) -> bytes:
    """The state key of an entry."""
    return b"bench/facts/%012d" % number


async def ask(port: int, headers: str, targets: list[str], times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for target in targets:
        begin = time.perf_counter()
        writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head.lower())[1])
        body = await reader.readexactly(length)
        if b" 200 " not in head[:20]:
            raise RuntimeError(body.decode())
        times.append(time.perf_counter() - begin)
    writer.close()


def read(folder: Path) -> list[dict]:
    """Random single facts with their proofs, each a whole proof file, made anew for every request.

    The node has one core and the caller, a process of its own, the other: in a closed loop every connection
    asks again as soon as it is answered, so the mean time of an answer is CONNECTIONS / rate.
    """
    [home] = homes(folder, "north")
    fill(home)
    with Process(home, CONSORTIA_REQUESTS_PER_SECOND_MAX="1000000") as process:
        with client(home, process.url) as admin:
            height = admin.submit(SetEndpoint("http://127.0.0.1:5", None)).height
            while admin.final_height(covering=height, seconds=10) < height:
                time.sleep(0.1)
        apart = os.cpu_count() >= 2
        if apart:
            os.sched_setaffinity(process.process.pid, {0})
        command = [sys.executable, "-m", "bench.console", str(process.port), home.token()]
        asking(process.port, home.token(), READS // 8)
        begin = cpu_seconds(process.process.pid)
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        cpu = cpu_seconds(process.process.pid) - begin
    wall, p50, p99, own = map(float, done.stdout.split())
    rate = READS / cpu
    met = rate >= 1_500 and p99 <= 20
    pace = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {READS / wall:,.0f}/s by the clock"
    where = " on the other core" if apart else ""
    note = (
        f"{pace} over {CONNECTIONS} connections; {ENTRIES:,} state entries; the caller{where} took {own:.0%}"
    )
    bar = ">= 1,500 a second of one core, p99 <= 20 ms, at 1,000,000 entries"
    return [row("api.read", round(rate), "proofs a second of one core", bar=bar, met=met, note=note)]


def asking(port: int, token: str, reads: int) -> tuple[float, list[float]]:
    """Ask for so many facts over CONNECTIONS connections; seconds of all, and of each."""
    chance, times = random.Random(reads), list[float]()
    targets = [f"/v1/proofs/state?key={fact(chance.randrange(ENTRIES)).hex()}" for _ in range(reads)]

    async def all_of_them() -> None:
        headers = f"Authorization: Bearer {token}\r\n"
        await asyncio.gather(
            *(ask(port, headers, targets[n::CONNECTIONS], times) for n in range(CONNECTIONS))
        )

    begin = time.perf_counter()
    asyncio.run(all_of_them())
    return time.perf_counter() - begin, sorted(times)


def caller(port: str, token: str) -> None:
    """The caller's process: prints seconds, p50 and p99 in ms, and the share of a core that it took."""
    if os.cpu_count() >= 2:
        os.sched_setaffinity(0, {1})
    gc.disable()
    begin = time.process_time()
    wall, times = asking(int(port), token, READS)
    own = (time.process_time() - begin) / wall
    print(wall, times[READS // 2] * 1000, times[int(READS * 0.99)] * 1000, own)


def wheel() -> list[dict]:
    """The size of the wheel."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        [made] = Path(folder).glob("*.whl")
        size = made.stat().st_size / 1_000_000
    return [row("wheel.size", round(size, 2), "MB", bar="<= 2 MB", met=size <= 2, note="")]


def run() -> list[dict]:
    """The rows of the console and of reading."""
    found = wheel()
    with tempfile.TemporaryDirectory() as folder:
        [home] = homes(Path(folder), "north")
        with Process(home, CONSORTIA_REQUESTS_PER_SECOND_MAX="1000000") as process:
            connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=60)
            target = way_in("", home.token(), time.time_ns() // 1_000_000)
            _, _, headers = fetch(connection, target, "")
            connection.close()
            cookie = headers["set-cookie"].partition(";")[0]
            found += first(process, cookie)
            found += live(process, cookie)
        found += read(Path(folder) / "read")
    return found


if __name__ == "__main__":
    if sys.argv[1:]:
        caller(*sys.argv[1:])
    else:
        for one in run():
            print(one)
