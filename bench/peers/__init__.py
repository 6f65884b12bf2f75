"""Systems that stand beside ours in the figures, run in the same run where they are installed.

`make bench` installs them under `build/`: Flower in an environment of its own, as it pins older versions of
what we use; anvil through npm, where there is one. A peer that is not there gives None, and the row says so.
"""

import json
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PYTHON = ROOT / "build" / "peers" / "bin" / "python"
_ANVIL = ROOT / "build" / "anvil" / "node_modules" / ".bin" / "anvil"


def flower_open(members: int, parameters: int, rounds: int = 7) -> float | None:
    """Seconds of one open round of Flower's simulation, the median without the first; None without Flower."""
    if not _PYTHON.exists():
        return None
    command = [str(_PYTHON), str(Path(__file__).with_name("flower_open.py"))]
    done = subprocess.run(
        [*command, str(members), str(parameters), str(rounds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=300,
        check=True,
    )
    return statistics.median(json.loads(done.stdout.strip().splitlines()[-1])[1:])


def anvil() -> Path | None:
    """The anvil program, or None where it is not installed."""
    return _ANVIL if _ANVIL.exists() else None
