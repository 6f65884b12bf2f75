"""The mutation score of the law: how many small faults put into kernel and modules the tests notice.

    python -m tools.mutation --sample 300 --seed 1 --write

1. The tests of the law run once, unchanged, and it is kept which test runs which line, and for how long.
2. A sample of all mutants (`tools.mutants`) is drawn by a seed.
3. For each, a process is forked that imports the changed source in the place of the file, no file being
   touched, and runs the tests that run its line, the quickest first, or, where it runs on import alone, all
   tests; the first failure ends it. A mutant that no test fails for has survived; one that runs beyond its
   limit has not.
4. The score of every file is printed, and written to `docs/reference/mutation.md`; and the survivors, with
   the reasons of `tools/equal_mutants.toml` where a change is none that anybody could see.

An interrupt (Ctrl-C) ends the run early: what was tried by then is told.

Tests run with the quick programme: the longer ones find no less.
"""

import argparse
import importlib.abc
import importlib.util
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import tomllib
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import coverage
import pytest

from tools.mutants import mutants

SOURCE = Path("src")
ROOMS = ("kernel", "modules")
REFERENCE = "tests/docs/test_reference.py"
"""The reference pages hold every limit: what changes one is noticed there first."""

TESTS = ("tests/kernel", "tests/modules", REFERENCE, "tests/fuzz/test_audited.py")
PAGE = Path("docs/reference/mutation.md")
EQUALS = Path(__file__).with_name("equal_mutants.toml")
TEST_SECONDS_MAX = 4.0
"""Slower tests are left out: those that start processes of their own would run the unchanged source there."""

PROCESSOR_SECONDS_MAX = 90
WALL_SECONDS_MAX = 1_800
"""For what waits for ever instead of computing for ever."""

TARGET = 90.0
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--hypothesis-seed=0", "--no-header")


@dataclass(frozen=True)
class Reach:
    """Which tests run which line, by path and line; how many seconds of processor time each test takes."""

    lines: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]


class Watch:
    """Tells coverage which test runs, and takes its time."""

    def __init__(self, measure):
        self.measure, self.seconds, self.failed = measure, {}, []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.measure.switch_context(item.nodeid)
        start = time.process_time()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.process_time() - start
            self.measure.switch_context("")

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed.append(report.nodeid)


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from changed source."""

    def __init__(self, mutant):
        parts = Path(mutant.path).relative_to(SOURCE).with_suffix("").parts
        self.package = parts[-1] == "__init__"
        self.name = ".".join(parts[:-1] if self.package else parts)
        self.mutant = mutant

    def find_spec(self, name, path, target=None):
        if name != self.name:
            return None
        origin = str(Path(self.mutant.path).resolve())
        folder = [str(Path(origin).parent)] if self.package else None
        return importlib.util.spec_from_file_location(
            name, origin, loader=self, submodule_search_locations=folder
        )

    def exec_module(self, module):
        code = compile(self.mutant.source, str(Path(self.mutant.path).resolve()), "exec")
        exec(code, vars(module))  # noqa: S102 (this is what the tool is for)


def forked(work, seconds=PROCESSOR_SECONDS_MAX):
    """Run `work` in a process of its own, in silence; its exit code, or -1 beyond a limit."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.environ["CONSORTIA_TESTS"] = "quick"
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os._exit(int(work()))
    until = time.monotonic() + WALL_SECONDS_MAX
    done = status = 0
    try:
        while not done and time.monotonic() < until:
            done, status = os.waitpid(pid, os.WNOHANG)
            time.sleep(0 if done else 0.02)
    finally:
        if not done:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) if done and os.WIFEXITED(status) else -1


def reach():
    """Run the tests once, as they are."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "reach.json"

        def work():
            measure = coverage.Coverage(
                data_file=None, config_file=False, include=[f"{SOURCE}/consortia/{room}/*" for room in ROOMS]
            )
            watch = Watch(measure)
            measure.start()
            pytest.main([*TESTS, *OPTIONS[1:]], plugins=[watch])
            measure.stop()
            data = measure.get_data()
            lines = {
                str(Path(path).relative_to(Path.cwd())): {
                    line: sorted(filter(None, names)) for line, names in data.contexts_by_lineno(path).items()
                }
                for path in data.measured_files()
            }
            out.write_text(json.dumps([lines, watch.seconds, watch.failed]), encoding="utf-8")
            return 0

        if forked(work, 600) != 0 or not out.is_file():
            raise SystemExit("the tests do not run as they are")
        lines, seconds, failed = json.loads(out.read_text(encoding="utf-8"))
    if failed:
        raise SystemExit(f"fails without any mutant: {', '.join(failed)}")
    if forked(lambda: pytest.main([*seconds, "--collect-only", *OPTIONS])) != 0:
        raise SystemExit("the tests cannot be asked for one by one")
    return Reach(
        {path: {int(line): names for line, names in held.items()} for path, held in lines.items()}, seconds
    )


def narrow(mutant, known):
    """The tests that run a mutant's line, the quickest first; empty where it runs only on import."""
    names = known.lines.get(mutant.path, {}).get(mutant.line, [])
    quick = [name for name in names if known.seconds[name] <= TEST_SECONDS_MAX]
    return sorted(quick, key=lambda name: (known.seconds[name], name))


def wide(mutant, known):
    """All quick tests of the mutant's room, its own first; training's, which are many, for itself alone."""
    parts = Path(mutant.path).parts
    own = "tests/kernel" if parts[2] == "kernel" else f"tests/modules/test_{parts[3]}"
    names = [
        name
        for name, seconds in known.seconds.items()
        if seconds <= TEST_SECONDS_MAX and ("training" in mutant.path or "training" not in name)
    ]
    first = (own, REFERENCE)
    return sorted(names, key=lambda name: (not name.startswith(first), known.seconds[name]))


def survives(mutant, known):
    """Whether no test notices."""
    tests = narrow(mutant, known) or wide(mutant, known)

    def work():
        sys.meta_path.insert(0, Changed(mutant))
        return pytest.main([*tests, *OPTIONS])

    return forked(work) == 0


def spent():
    """Seconds of processor time so far, those of all children included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime + time.process_time()


def population(only):
    """All mutants of the files whose path holds one of these words, or of all files."""
    files = [path for room in ROOMS for path in sorted((SOURCE / "consortia" / room).rglob("*.py"))]
    chosen = [path for path in files if not only or any(word in str(path) for word in only)]
    return [mutant for path in chosen for mutant in mutants(str(path), path.read_text(encoding="utf-8"))]


def equals():
    """Why a change is none that anybody could see, by path, line, text before and text after."""
    held = tomllib.loads(EQUALS.read_text(encoding="utf-8"))["mutant"]
    return {
        (str(SOURCE / "consortia" / o["path"]), o["line"], o["before"], o["after"]): o["reason"] for o in held
    }


def change(mutant):
    """What tells one mutant from all others, wherever its line has moved."""
    return mutant.path, mutant.whole, mutant.before, mutant.after


def listed(survivors, reasons):
    """The survivors, one a line, each with its reason if it has one."""
    said = []
    for mutant in survivors:
        reason = reasons.get(change(mutant), "")
        place = f"`{mutant.path.removeprefix('src/consortia/')}:{mutant.line}`"
        became = f"`{mutant.before}` became `{mutant.after}`"
        said.append(f"- {place} ({mutant.kind}): {became}" + (f". {reason}" if reason else ""))
    return said or ["Nothing."]


def page(sample, survivors, total, seed):
    """The page: the score of all and of every file, and what survived."""
    tally = defaultdict(lambda: [0, 0])
    for mutant in sample:
        tally[mutant.path][0] += 1
        tally[mutant.path][1] += mutant not in survivors
    killed = len(sample) - len(survivors)
    share = 100 * killed / len(sample)
    said = f"""# Mutation score

How many small faults in kernel and modules the tests notice. Written by `make mutation`: `tools/mutants.py`
says which faults, `tools/mutation.py` how they are tried.

Date: {datetime.now(tz=UTC).date()}. Sample: {len(sample)} of {total} mutants, seed {seed}.
Noticed: {killed}, which is **{share:.1f} %** (target {TARGET:.0f} %).

For what no test noticed in this run a test is written next, so some of it is noticed by now; and as the same
seed then flatters the run after, `make mutation SEED=2` draws afresh.

| file | sample | noticed | score |
|---|---:|---:|---:|""".split("\n")
    for path, (tried, found) in sorted(tally.items()):
        said.append(
            f"| `{path.removeprefix('src/consortia/')}` | {tried} | {found} | {100 * found / tried:.0f} % |"
        )
    reasons = equals()
    equal = [one for one in survivors if change(one) in reasons]
    said += ["", "## What no test noticed", "", *listed([m for m in survivors if m not in equal], reasons)]
    said += [
        "",
        "## What changes nothing that anybody could see",
        "",
        "It counts as not noticed all the same.",
    ]
    said += ["", *listed(equal, reasons)]
    return "\n".join(said) + "\n"


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=40, help="of processor time, after which it ends")
    parser.add_argument("--only", nargs="*", default=[], help="words of the paths to draw from")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE}")
    chosen = parser.parse_args(arguments)
    every = population(chosen.only)
    drawn = random.Random(chosen.seed).sample(every, min(chosen.sample, len(every)))
    known = reach()
    tried, survivors = [], []
    with suppress(KeyboardInterrupt):
        for mutant in drawn:
            if spent() > 60 * chosen.minutes:
                break
            alive = survives(mutant, known)
            tried.append(mutant)
            survivors += [mutant] * alive
            outcome = "survived" if alive else "noticed"
            print(f"{outcome}: {mutant.path}:{mutant.line}: {mutant.before} -> {mutant.after}", flush=True)
    text = page(tried, survivors, len(every), chosen.seed)
    print(text)
    if chosen.write:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
