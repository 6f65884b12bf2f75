"""hash.data: the address of a warm file of half a GiB, all cores, with `sha256sum` beside it in the same run.

The bound is what this processor's SHA-256 gives on every core at once (hashed from memory, no file read);
both are medians of alternating runs.
"""

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from consortia.engines.commit.chunks import blob_id, hash_file

SIZE = 512 << 20
TIMES = 5
BAR = 2.0
BUFFER = bytes(4 << 20)


def seconds(function):
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def bare(threads):
    """SHA-256 of as many bytes from memory, on every core: nothing that hashes can be faster."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: sha256(BUFFER).digest(), range(SIZE // len(BUFFER))))


def command(name, path):
    return lambda: subprocess.run([name, str(path)], check=True, stdout=subprocess.DEVNULL)


def run():
    """One row: bytes a second of the chunk tree, and how many times those of `sha256sum`."""
    cores = os.cpu_count() or 1
    program = shutil.which("sha256sum") or shutil.which("shasum")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data"
        piece = os.urandom(1 << 20)
        with path.open("wb") as file:
            for number in range(SIZE // len(piece)):
                file.write(number.to_bytes(8, "big") + piece[8:])
        if hash_file(path).id != blob_id(path.read_bytes()):
            raise RuntimeError("the file and its bytes have different addresses")
        ours, theirs, bound = [], [], []
        for _ in range(TIMES):
            ours.append(seconds(lambda: hash_file(path)))
            theirs.append(seconds(command(program, path)) if program else None)
            bound.append(seconds(lambda: bare(cores)))
    value = SIZE / statistics.median(ours) / 1e9
    peer = SIZE / statistics.median(theirs) / 1e9 if program else None
    limit = SIZE / statistics.median(bound) / 1e9
    return [
        {
            "id": "hash.data",
            "value": round(value, 2),
            "unit": "GB/s",
            "peer": "sha256sum (one core)",
            "peer_value": None if peer is None else round(peer, 2),
            "ratio": None if peer is None else round(value / peer, 2),
            "bar": f">= {BAR} GB/s",
            "met": value >= BAR,
            "note": (
                f"warm, {SIZE >> 20} MiB, {cores} cores; {value / limit:.0%} of the {limit:.2f} GB/s "
                f"that bare SHA-256 from memory gave on the same cores in the same run"
            ),
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
