"""Systems that stand beside ours in the figures, run in the same run where they are installed.

`make bench` installs them under `build/`: Flower in an environment of its own, as it pins older versions of
what we use; byzfl likewise, without torch; anvil through npm, where there is one. A peer that is not there
gives None, and the row says so.
"""

import json
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from bench.peers.flower_deployed import median_round

ROOT = Path(__file__).resolve().parents[2]
_PYTHON = ROOT / "build" / "peers" / "bin" / "python"
_BYZFL = ROOT / "build" / "byzfl" / "bin" / "python"
_ANVIL = ROOT / "build" / "anvil" / "node_modules" / ".bin" / "anvil"


def flower_open(members: int, parameters: int, rounds: int = 7) -> float | None:
    """Seconds of one open round of Flower's simulation, the median without the first; None without Flower."""
    return _flower("flower_open.py", members, parameters, rounds)


def flower_secagg(members: int, parameters: int, rounds: int = 5) -> float | None:
    """Seconds of one round of Flower's SecAgg+ in its simulation, taken likewise; None without Flower."""
    return _flower("flower_secagg.py", members, parameters, rounds)


def flower_deployed(members: int, parameters: int, rounds: int = 5) -> float | None:
    """Seconds of an unmasked round of a SuperLink and SuperNodes on loopback; None without Flower."""
    return median_round(_PYTHON.parent, members, parameters, rounds) if _PYTHON.exists() else None


def _flower(script: str, members: int, parameters: int, rounds: int) -> float | None:
    if not _PYTHON.exists():
        return None
    command = [str(_PYTHON), str(Path(__file__).with_name(script))]
    done = subprocess.run(
        [*command, str(members), str(parameters), str(rounds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=300,
        check=True,
    )
    return statistics.median(json.loads(done.stdout.strip().splitlines()[-1])[1:])


def statsmodels_cox(
    columns: list[list[float]], days: list[float], event: list[int], stratum: list[int]
) -> list[float] | None:
    """The coefficients of a stratified Cox fit, ties by Efron's method; None without statsmodels."""
    if not _PYTHON.exists():
        return None
    given = {"columns": columns, "days": days, "event": event, "stratum": stratum}
    done = subprocess.run(
        [str(_PYTHON), str(Path(__file__).with_name("statsmodels_cox.py"))],
        input=json.dumps(given),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=300,
        check=False,
    )
    return json.loads(done.stdout) if done.returncode == 0 else None


def anvil() -> Path | None:
    """The anvil program, or None where it is not installed."""
    return _ANVIL if _ANVIL.exists() else None


class Byzfl:
    """byzfl's rules in a process of its own; `version` is byzfl's, `numpy` that of its numpy."""

    def __init__(self, process: subprocess.Popen) -> None:
        self._process = process
        said = json.loads(process.stdout.readline())
        self.version, self.numpy = said["byzfl"], said["numpy"]

    def aggregate(
        self, rule: str, vectors: np.ndarray, tolerated: int, order: Sequence[int] = (), times: int = 1
    ) -> tuple[np.ndarray, list[float]]:
        """The outcome of byzfl's rule on float vectors, one row a member, and the seconds of each run."""
        asked = {"rule": rule, "tolerated": tolerated, "order": list(order), "times": times}
        asked |= {"shape": vectors.shape, "dtype": str(vectors.dtype)}
        self._process.stdin.write(json.dumps(asked).encode() + b"\n" + vectors.tobytes())
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        data = self._process.stdout.read(said["size"] * 8)
        return np.frombuffer(data, dtype=np.float64), said["seconds"]


@contextmanager
def byzfl() -> Iterator[Byzfl | None]:
    """byzfl's rules, ready; None where byzfl is not installed."""
    if not _BYZFL.exists():
        yield None
        return
    command = [str(_BYZFL), str(Path(__file__).with_name("byzfl_rules.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Byzfl(process)
        finally:
            process.stdin.close()
