"""Run the benchmarks: `python -m bench [--only ID]`.

Every script of this folder that has a `run()` is one or more claims. `run()` returns rows, each a dictionary
with `id, value, unit, peer, peer_value, ratio, bar, met, note` (`peer`, `peer_value`, `ratio` and `note` may
be left out where there is none; `bar` is the promise in words and `met` whether this run kept it, None where
nothing was promised and the figure is only reported). Each script runs in a process of its own, so that none
warms or crowds another.

Written: `bench/results.json` ({id: row}) and `docs/reference/benchmarks.md`. Rows that were not run stay as
they are. The exit code is 1 when a script breaks, not when a bar is missed: the table says that.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
RESULTS = FOLDER / "results.json"
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"
COLUMNS = ("value", "unit", "bar", "met", "peer", "peer_value", "ratio")
FIELDS = ("value", "unit", "peer", "peer_value", "ratio", "bar", "met", "note")
LIBRARIES = ("cryptography", "lmdb", "msgspec", "numpy", "py-ed25519-zebra-bindings", "starlette", "uvicorn")
SECONDS_MAX = 1800


def scripts(only: str | None) -> list[str]:
    """The scripts that have a `run()`; with `only`, those that name that id."""
    found = []
    for path in sorted(FOLDER.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if path.stem.startswith("_") or "\ndef run(" not in text:
            continue
        if only is None or only in text:
            found.append(path.stem)
    return found


def checked(row: dict) -> dict:
    """The row with every field in its place; raises ValueError for one that says too little."""
    unknown = set(row) - {"id", *FIELDS}
    lacking = {"id", "value", "unit", "bar", "met"} - set(row)
    if unknown or lacking:
        raise ValueError(f"{row.get('id')}: unknown fields {sorted(unknown)}, lacking {sorted(lacking)}")
    return {name: row.get(name) for name in FIELDS}


def execute(script: str) -> list[dict] | None:
    """The rows of one script, run in its own process; None when it breaks (and what it said is shown)."""
    begin = time.monotonic()
    print(f"{script} ...", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "bench", "--script", script]
    try:
        done = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=SECONDS_MAX, check=False
        )
    except subprocess.TimeoutExpired:
        print(f"{script}: not done after {SECONDS_MAX} s", file=sys.stderr)
        return None
    if done.returncode:
        print(f"{script}: exit {done.returncode}", file=sys.stderr)
        return None
    print(f"{script}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def processor() -> str:
    """The processor's model, as the system names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def shown(value: object) -> str:
    """A figure as people read it."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "**no**", None: ""}[value]
    if isinstance(value, int | float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value).replace("|", "\\|")


def tally(results: dict[str, dict]) -> str:
    """How many bars are met, of how many; figures without a bar are counted apart."""
    met = [bool(row["met"]) for row in results.values() if row["met"] is not None]
    reported = len(results) - len(met)
    return f"{sum(met)} of {len(met)}" + (f"; only reported: {reported}" if reported else "")


def page(results: dict[str, dict]) -> str:
    """The reference page of the figures."""
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    lines = [
        "# Benchmarks",
        "",
        "Made by `make bench`; do not edit. A script under `bench/` for each claim, with its peer beside it.",
        "A row stays as it was printed until its script runs again, so rows are of several runs, not all of",
        "the machine and the libraries named here, and may be older than the code: run it on yours.",
        "",
        f"- Newest row: {datetime.now(UTC):%Y-%m-%d}",
        f"- Its machine: {processor()}, {os.cpu_count()} cores",
        f"- Consortia {version('consortia')}, Python {platform.python_version()}, {versions}",
        f"- Bars met: {tally(results)}",
        "",
        "| id | ours | unit | bar | met | peer | peer's | ratio |",
        "|---|---:|---|---|---|---|---:|---:|",
    ]
    for name, row in results.items():
        cells = [name, *(shown(row[column]) for column in COLUMNS)]
        lines.append("| " + " | ".join(cells) + " |")
    notes = [f"- `{name}`: {row['note']}" for name, row in results.items() if row.get("note")]
    if notes:
        lines += ["", "## Notes", "", *notes]
    return "\n".join(lines) + "\n"


def write(results: dict[str, dict]) -> None:
    """Write both files, and say how many bars are met."""
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(results), encoding="utf-8")
    print(f"bars met: {tally(results)} ({PAGE.relative_to(ROOT)})")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Run the benchmarks.")
    parser.add_argument(
        "--only", metavar="ID", help="run the script that gives this id, and keep the other rows"
    )
    parser.add_argument("--list", action="store_true", help="name the scripts and stop")
    parser.add_argument("--script", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.script:
        print(json.dumps(import_module(f"bench.{options.script}").run()))
        return 0
    chosen = scripts(options.only)
    if options.list:
        print("\n".join(chosen))
        return 0
    if not chosen:
        print(f"no script gives {options.only}; `python -m bench --list` names them", file=sys.stderr)
        return 2
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    broken = []
    for script in chosen:
        rows = execute(script)
        if rows is None:
            broken.append(script)
            continue
        for row in rows:
            results[row["id"]] = checked(row)
            kept = "" if row["met"] is None else f", met: {shown(row['met'])}"
            print(f"{row['id']:<22} {shown(row['value'])} {row['unit']} (bar {row['bar']}{kept})")
    write(dict(sorted(results.items())))
    if broken:
        print(f"broken: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
