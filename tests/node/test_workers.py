"""A member's worker beside its node, which starts when there may be something to do."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from consortia.node.workers import WorkerProcess
from tests.node.running import Process, client, homes, until


@pytest.fixture
def home(tmp_path):
    [made] = homes(tmp_path, "north")
    return made


def workers_of(process):
    """The process ids of a node's workers."""
    told = " ".join(path.read_text() for path in Path(f"/proc/{process.process.pid}/task").glob("*/children"))
    return [
        pid for pid in told.split() if b"consortia.node.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def test_where_the_ledger_has_no_study_and_no_election_it_is_not_started(home):
    with Process(home, "--worker") as process:
        with client(home, process.url) as admin:
            admin.status()
        assert workers_of(process) == []
        assert process.stop() == 0
    assert not (home.logs / "worker.log").exists()


def test_an_own_trainer_is_tried_at_once(home):
    with Process(home, "--worker", "--trainer", "nowhere:train"):
        until(lambda: "nowhere" in log_of(home, "worker.log"))


def test_a_key_that_it_could_not_open_is_told_at_the_start(home):
    [path] = [path for path in home.keys.glob("*.json") if b'"worker"' in path.read_bytes()]
    path.unlink()
    with Process(home, "--worker"):
        until(lambda: "the worker will not start" in log_of(home, "node.log"))


def log_of(home, name):
    path = home.logs / name
    return path.read_text() if path.exists() else ""


def test_one_that_cannot_be_started_now_is_tried_again(home, caplog):
    home.logs.rename(home.path / "away")

    async def go():
        worker, stopping = WorkerProcess(home, "nowhere:train"), asyncio.Event()
        running = asyncio.create_task(
            worker.run("http://127.0.0.1:1", stopping, SimpleNamespace(ledger=None))
        )
        while worker.starts < 2:  # noqa: ASYNC110 (it has a count, no event)
            await asyncio.sleep(0.01)
        stopping.set()
        await running

    asyncio.run(asyncio.wait_for(go(), 60))
    assert "the worker ended with [Errno 2]" in caplog.text
