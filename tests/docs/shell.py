"""Runs a page's commands as a reader would: one shell, one empty folder, nothing of this machine's homes."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.docs.blocks import Page, missing
from tests.tidy.source import ROOT

SECONDS_MAX = 900
"""What takes longer hangs: however busy a machine is, no page fails for being slow."""


def environment(home: Path) -> dict[str, str]:
    """Where everything a command keeps lies under `home`, and `consortia` and `python` are this project's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONSORTIA_", "XDG_"))}
    return kept | {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "share"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "120",
        "NO_COLOR": "1",
    }


def run_page(page: Page, folder: Path, demo: tuple[Path, str] | None) -> list[str]:
    """Run the commands of `page` in `folder`; what went otherwise than the page says, in words."""
    home, logs = folder / "home", folder / "logs"
    work = folder / "work"
    for each in (home, logs, work):
        each.mkdir(parents=True)
    (work / "examples").symlink_to(ROOT / "examples")
    variables = environment(home)
    if demo is not None:
        shutil.copytree(demo[0], work / "demo-health")
        variables["NETWORK"] = demo[1]
    script = ["set +e"]
    for number, command in enumerate(page.commands):
        out, code = logs / f"{number}.out", logs / f"{number}.code"
        script += [f"{{ {command.text}\n}} >'{out}' 2>&1", f"code=$?; echo $code >'{code}'"]
        script += [f"[ $code -eq {command.code} ] || exit 0"]
    with subprocess.Popen(
        ["bash", "-c", "\n".join(script)],
        cwd=work,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as shell:
        try:
            shell.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            return [f"{page.path.name}: not done after {SECONDS_MAX} s"]
        finally:
            _end(shell.pid)
    return _faults(page, logs)


def _end(group: int) -> None:
    """End what the page left running in the background."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _faults(page: Page, logs: Path) -> list[str]:
    faults = []
    for number, command in enumerate(page.commands):
        code = logs / f"{number}.code"
        shown = f"{command.place}: `{command.text}`"
        if not code.exists():
            faults.append(f"{shown} was not reached")
            break
        output = (logs / f"{number}.out").read_text(encoding="utf-8", errors="replace")
        got = int(code.read_text())
        lacking = missing(command.expected, output)
        if got != command.code:
            faults.append(f"{shown} exits {got}, not {command.code}:\n{output[-2000:]}")
        elif lacking is not None:
            faults.append(f"{shown} does not show {lacking!r}:\n{output[-2000:]}")
    return faults
