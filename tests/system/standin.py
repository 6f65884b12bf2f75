"""Stands in for the tools of a machine that a test must not change: docker, sudo, systemctl and their like.

It runs under the name of the tool that it stands in for, with that tool's arguments, and does of it what can
be done in a folder: it runs the same program with the same arguments and environment. Folders of the machine
(`/var/lib/consortia`), ports and host names in them are replaced by those that `STANDIN`, a file, names.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from itertools import takewhile
from pathlib import Path

PLACE = {}
"""What the file STANDIN says: `root`, a folder; `replace`, pairs of texts; what the tools start, and how."""


def root():
    """The folder that stands for the machine."""
    return Path(PLACE["root"])


def here(text):
    """The same text with the places of this machine."""
    for there, replaced in PLACE["replace"]:
        text = text.replace(there, replaced)
    return text


def run(arguments, **environment):
    """Run a program as a container or a unit does: what is not in its environment is not there."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME")}
    given = kept | {name: here(text) for name, text in environment.items()}
    (root() / "read-only").mkdir(exist_ok=True)
    return subprocess.Popen([here(one) for one in arguments], env=given, cwd=root() / "read-only")


def start(arguments, **environment):
    (root() / "pid").write_text(str(run(arguments, **environment).pid))
    return 0


def stop(seconds):
    """End what was started, as whoever supervises it does; an error if it does not end in time."""
    pid, deadline = int((root() / "pid").read_text()), time.monotonic() + seconds
    os.kill(pid, signal.SIGTERM)
    while runs(pid):
        if time.monotonic() > deadline:
            return 1
        time.sleep(0.1)
    return 0


def runs(pid):
    """Whether a process goes on; one that ended may wait for somebody to note that."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def docker(compose, command, *arguments):
    """`docker compose`, of the service `node`."""
    assert compose == "compose"
    service, words = PLACE["service"], list(arguments)
    if command == "run":
        while words[0] != "node":
            if words.pop(0) == "-v":
                host, inside, _ = words.pop(0).split(":")
                PLACE["replace"].append([inside, host])
        return run([*PLACE["entrypoint"], *words[1:]], **service).wait()
    if command == "up":
        return start([*PLACE["entrypoint"], *PLACE["command"]], **service)
    if command == "exec":
        return run(words[1:], **service).wait()
    if command == "cp":
        shutil.copy(here(words[0].removeprefix("node:")), words[1])
        return 0
    return stop(PLACE["seconds"]) if command == "stop" else {"build": 0}[command]


def sudo(*arguments):
    """The rest of the line, as whoever we are."""
    words = list(arguments[2:] if arguments[0] == "-u" else arguments)
    given = dict(word.split("=", 1) for word in takewhile(re.compile(r"[A-Z_]+=").match, words))
    return subprocess.call(words[len(given) :], env=os.environ | given)


def install(*arguments):
    """The system's own, which gives nothing to another user."""
    words = list(arguments)
    if "-o" in words:
        del words[words.index("-o") : words.index("-o") + 2]
    return subprocess.call(["/usr/bin/install", *words])


def systemctl(*arguments):
    """Start a unit as it says, or end it."""
    if arguments[0] == "enable":
        return start(PLACE["command"], **PLACE["service"])
    return stop(PLACE["seconds"])


def python3(*arguments):
    """No environment is made: there is one."""
    return 0 if arguments[:2] == ("-m", "venv") else 1


def go(*arguments):
    sys.stdout.write(f"{root()}/go\n")
    return 0


TOOLS = {
    "docker": docker,
    "sudo": sudo,
    "install": install,
    "systemctl": systemctl,
    "systemd-creds": lambda _encrypt, _name, source, target: bool(shutil.copy(source, target)) - 1,
    "python3": python3,
    "go": go,
    "chown": lambda *_: 0,
    "useradd": lambda *_: 0,
    "pip": lambda *_: 0,
    "journalctl": lambda *_: 0,
}

if __name__ == "__main__":
    PLACE.update(json.loads(Path(os.environ["STANDIN"]).read_text()))
    sys.exit(TOOLS[Path(sys.argv[0]).name](*sys.argv[1:]))
