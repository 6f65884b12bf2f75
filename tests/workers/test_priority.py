"""Training gives way to everybody, a worker's steps to the node, and nothing of that outlasts the work."""

import os
import subprocess
import sys
import threading

import pytest

from consortia.workers.priority import NICE, here, when_idle


def test_a_worker_gives_way_to_the_node_that_it_works_beside():
    code = "import os; from consortia.workers.priority import be_nice; be_nice(); print(os.nice(0))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(told.stdout) == min(os.nice(0) + NICE, 19)


def test_training_gives_what_it_gives_and_raises_what_it_raises():
    for way in (here, when_idle):
        assert way(lambda: 7) == 7
        with pytest.raises(KeyError, match="weights"):
            way(lambda: {}["weights"])


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="only Linux has the policy SCHED_IDLE")
def test_training_runs_while_nobody_else_wants_the_core_and_the_policy_ends_with_it():
    before = os.sched_getscheduler(0)
    policy, thread = when_idle(lambda: (os.sched_getscheduler(0), threading.current_thread()))
    assert policy == os.SCHED_IDLE
    assert thread is not threading.current_thread()
    assert os.sched_getscheduler(0) == before


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="only Linux has the policy SCHED_IDLE")
def test_the_threads_that_a_numeric_library_began_give_way_as_training_does():
    code = (
        "import os, threading\n"
        "from consortia.workers.priority import be_nice\n"
        "stop = threading.Event()\n"
        "helper = threading.Thread(target=stop.wait)\n"
        "helper.start()\n"
        "be_nice()\n"
        "print(os.sched_getscheduler(helper.native_id) == os.SCHED_IDLE, os.sched_getscheduler(0))\n"
        "stop.set()\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", str(os.SCHED_OTHER)]
