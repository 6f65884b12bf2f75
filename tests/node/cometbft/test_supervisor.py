"""CometBFT is started when the application listens, started anew when it ends, and ends with its node.

A shell script stands for the program: what is supervised is a process, whatever it computes.
"""

import asyncio
import json

import pytest

from consortia.node.cometbft import supervisor
from consortia.node.cometbft.binary import Binary
from consortia.node.cometbft.files import Files
from consortia.node.cometbft.supervisor import Supervisor, sockets

SECONDS_MAX = 30


def supervised(folder, script, work, serve=None, halted=lambda: False):
    """Run `script` under a supervisor while `work(supervisor)` goes on, then stop; gives the supervisor."""
    (folder / "logs").mkdir(exist_ok=True)
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    prepared = []

    async def listens(_path, started):
        started()
        await asyncio.Event().wait()

    async def run():
        files = Files(folder)
        files.prepare()
        stopping = asyncio.Event()
        one = Supervisor(
            Binary(path, "0.39.4"),
            files,
            serve=serve or listens,
            prepare=prepared.append,
            halted=halted,
            environment={"PATH": "/usr/bin:/bin", "CONSORTIA_PASSPHRASE_FILE": "secret", "KEPT": "yes"},
        )
        running = asyncio.create_task(one.run(stopping))
        try:
            await asyncio.wait_for(work(one), SECONDS_MAX)
        finally:
            stopping.set()
            await asyncio.wait_for(running, SECONDS_MAX)
        return one

    return asyncio.run(run()), prepared


async def until(holds):
    while not holds():  # noqa: ASYNC110 (another process makes it so)
        await asyncio.sleep(0.01)


def lines(folder):
    path = folder / "logs" / "cometbft.log"
    return path.read_text().splitlines() if path.exists() else []


def test_it_runs_with_its_files_written_and_stops_when_asked(tmp_path):
    script = 'echo "$1 $2 $3 $KEPT $CONSORTIA_PASSPHRASE_FILE"; exec sleep 100'
    one, prepared = supervised(tmp_path, script, lambda _: until(lambda: lines(tmp_path)))
    assert lines(tmp_path)[0] == f"start --home {tmp_path}/cometbft yes"
    assert prepared == [one.sockets]
    assert (one.starts, one.pid) == (1, None)


def test_it_is_started_anew_when_it_ends(tmp_path):
    one, prepared = supervised(tmp_path, "echo life; exit 3", lambda one: until(lambda: one.starts >= 2))
    assert one.starts == len(prepared) >= 2


def telling(folder, *told):
    """A script that says these things as CometBFT does, and goes on."""
    (folder / "told").write_text("".join(f"{json.dumps(line)}\n" for line in told))
    return f"cat {folder / 'told'}; exec sleep 100"


FULL = {"_msg": "failed writing to WAL", "err": "write cs.wal/wal: no space left on device", "level": "error"}


PANIC = {"_msg": "CONSENSUS FAILURE!!!", "err": "a panic", "level": "error"}


@pytest.mark.parametrize("said", [PANIC, PANIC | {"stack": "main.go:1\n" * 10_000}, FULL])
def test_it_is_ended_and_started_anew_when_it_says_that_it_stands_still(tmp_path, said):
    told = []
    one, _ = supervised(
        tmp_path,
        telling(tmp_path, said),
        lambda one: until(lambda: one.starts >= 2),
        halted=lambda: not told.append(said),
    )
    assert one.starts >= 2
    assert told[:1] == [said]


def test_what_others_write_into_its_log_does_not_end_it(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "FULL_SECONDS", 3_600.0)
    words, asked = "CONSENSUS FAILURE!!!", []
    evidence = f"Invalid evidence: don't have header #7. Evidence: ... ChainID: {words}\n{words} ..."
    lies = [{"_msg": evidence}, {"_msg": "prevote step", "err": f"got {words}"}, FULL, FULL, {"_msg": "done"}]
    script = telling(tmp_path, *lies)
    wait = until(lambda: any("done" in line for line in lines(tmp_path)))
    one, _ = supervised(tmp_path, script, lambda _: wait, halted=lambda: bool(asked.append(1)))
    assert (one.starts, len(asked)) == (1, 1)


def test_it_is_ended_and_started_anew_when_the_application_lost_it(tmp_path):
    async def lost_once(_path, started):
        started()
        if len(lines(tmp_path)) < 1:
            await until(lambda: lines(tmp_path))
            raise ConnectionError("lost")
        await asyncio.Event().wait()

    script = "echo life; exec sleep 100"
    supervised(tmp_path, script, lambda _: until(lambda: len(lines(tmp_path)) == 2), lost_once)


def test_a_restart_that_is_asked_for_happens_at_once(tmp_path):
    async def work(one):
        await until(lambda: len(lines(tmp_path)) == 1)
        one.restart()
        await until(lambda: len(lines(tmp_path)) == 2)

    one, _ = supervised(tmp_path, "echo life; exec sleep 100", work)
    assert one.starts == 2


def test_the_consensus_key_is_taken_away_once_it_answers(tmp_path):
    async def work(one):
        await until(lambda: one.pid is not None)
        one.files.validator_key.write_text("secret")
        one.sockets.rpc.touch()
        await until(lambda: not one.files.validator_key.exists())

    supervised(tmp_path, "exec sleep 100", work)


def test_an_application_that_does_not_listen_starts_nothing(tmp_path):
    async def fails(_path, _started):
        raise OSError("no socket")

    one, prepared = supervised(tmp_path, "echo life", lambda _: asyncio.sleep(0.1), fails)
    assert (one.starts, prepared) == (0, [])


@pytest.mark.parametrize("length", [10, 200])
def test_sockets_lie_in_the_home_unless_its_path_is_too_long(tmp_path, length):
    folder = tmp_path / ("x" * length)
    folder.mkdir()
    found = sockets(folder)
    assert (found.app.parent == folder) == (len(str(folder)) < 90)
    assert len(str(found.app)) < 107
    if found.app.parent != folder:
        found.app.parent.rmdir()
