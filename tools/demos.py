"""Run every story and check what it promises: `python -m tools.demos [NAME ...]`.

A story ends within a minute on two cores, has caught what it shows, holds its figures beside baselines, and
its proof and its homes are checked again by commands of their own. The exit code is 1 when one falls short.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from consortia.cli.demo import STORIES

SECONDS_MAX = 60.0
WAIT_SECONDS = 600
FIELDS = (
    "audit",
    "caught",
    "height",
    "home",
    "members",
    "metrics",
    "network",
    "proof",
    "seconds",
    "transactions",
)


def told(name: str, home: Path) -> dict[str, Any]:
    """What a story tells at its end, run in `home`; raises RuntimeError when it breaks off."""
    done = _consortia("demo", name, "--home", str(home), "--json")
    if done.returncode:
        raise RuntimeError(f"{name}: exit {done.returncode}: {done.stderr.strip().splitlines()[-2:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def short_of(found: Mapping[str, Any]) -> Iterator[str]:
    """In what a story falls short of what stories promise."""
    yield from (f"it does not tell its {name}" for name in FIELDS if name not in found)
    if not found.get("caught") or not found.get("metrics"):
        yield "nothing is caught, or nothing measured"
    if found.get("seconds", 0.0) > SECONDS_MAX:
        yield f"{found['seconds']:.0f} s, {SECONDS_MAX:.0f} are allowed"
    if _consortia("verify", str(found.get("proof")), "--network", str(found.get("network"))).returncode:
        yield "its proof is refused"
    again = _consortia("audit", str(found.get("home")), "--json")
    replayed = json.loads(again.stdout.strip().splitlines()[-1]) if again.stdout.strip() else {}
    if again.returncode or not replayed.get("rounds_recomputed", 0) + replayed.get("predictions_replayed", 0):
        yield "its audit differs, or replays nothing"


def _consortia(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "consortia.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False)


def main(names: list[str]) -> int:
    """Run stories (all where none is named), and tell a line of each."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in names or STORIES:
            print(f"{name} ...", file=sys.stderr, flush=True)
            try:
                found = told(name, Path(folder) / name)
                faults = list(short_of(found))
            except RuntimeError as error:
                found, faults = {}, [str(error)]
            wrong += bool(faults)
            said = "; ".join(faults) or "as promised"
            print(f"{name:10} {found.get('seconds', 0.0):5.1f} s  {said}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
