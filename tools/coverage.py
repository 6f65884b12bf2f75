"""Say how much of each package the tests reach: `python -m tools.coverage`, after `coverage combine`.

Branches count. Targets: all of `base` and `kernel`, 95 % elsewhere. Packages named as arguments are the only
ones looked at. Exits 1 when a package is short, with the lines and branches that it lacks.
"""

import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from coverage import Coverage
from coverage.exceptions import NoDataError

WHOLE = ("base", "kernel")
ELSEWHERE = 95.0


def measured(only: set[str]) -> dict[str, dict]:
    """The summary of every file by its path, those of these packages alone where there are any."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "coverage.json"
        data = Coverage(config_file="pyproject.toml")
        data.load()
        asked = [f"*/consortia/{each}{kind}" for each in sorted(only) for kind in ("/*", ".py")]
        try:
            data.json_report(outfile=str(out), include=asked or None)
        except NoDataError:
            return {}
        return json.loads(out.read_text(encoding="utf-8"))["files"]


def report(files: dict[str, dict], only: set[str]) -> tuple[list[str], set[str]]:
    """A line for each package, with what a short one lacks below it, and the packages that are short.

    A package that was asked for and not measured at all is short of everything.
    """
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    gaps: dict[str, list[str]] = defaultdict(list)
    for name, file in sorted(files.items()):
        package = Path(name).parts[2].removesuffix(".py")
        if only and package not in only:
            continue
        summary = file["summary"]
        reached = summary["covered_lines"] + summary["covered_branches"]
        there = summary["num_statements"] + summary["num_branches"]
        totals[package][0] += reached
        totals[package][1] += there
        if reached < there:
            lines = ", ".join(str(line) for line in file["missing_lines"][:12])
            branches = ", ".join(f"{a}->{b}" for a, b in file["missing_branches"][:6])
            gaps[package].append(f"  {name}: lines {lines or 'none'}; branches {branches or 'none'}")
    said, short = [], only - set(totals)
    for package, (reached, there) in sorted(totals.items()):
        target = 100.0 if package in WHOLE else ELSEWHERE
        figure = 100.0 * reached / there if there else 100.0
        mark = "" if figure >= target else "   short"
        said.append(f"{package:<12} {figure:6.1f} %   of {target:.0f} %{mark}")
        if mark:
            short.add(package)
            said += gaps[package]
    return said, short


def main(arguments: list[str]) -> int:
    said, short = report(measured(set(arguments)), set(arguments))
    print("\n".join(said))
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
