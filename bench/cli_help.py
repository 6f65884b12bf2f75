"""cli.help: how long `consortia --help` takes to answer, beside a Python that does nothing."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 20
BAR_SECONDS = 0.150
COMMAND = Path(sys.executable).parent / "consortia"


def seconds(*command):
    """Wall-clock seconds of one run, the first left out of the median by its caller."""
    begin = time.perf_counter()
    subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def run():
    """One row: the median of 20 warm runs, in milliseconds."""
    pairs = [(seconds(COMMAND, "--help"), seconds(sys.executable, "-c", "")) for _ in range(RUNS + 1)][1:]
    value = statistics.median(ours for ours, _ in pairs)
    peer = statistics.median(bare for _, bare in pairs)
    return [
        {
            "id": "cli.help",
            "value": round(value * 1000, 1),
            "unit": "ms",
            "peer": "python -c ''",
            "peer_value": round(peer * 1000, 1),
            "ratio": round(value / peer, 2),
            "bar": "<= 150 ms",
            "met": value <= BAR_SECONDS,
            "note": f"median of {RUNS} warm runs of the installed script",
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
