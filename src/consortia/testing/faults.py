"""Workers that misbehave, for tests and the reel of cheating; no worker that ships for work has a switch."""

import numpy as np

from consortia.base.hashing import tagged
from consortia.exact.ring import pack, unpack
from consortia.modules.training import queries
from consortia.modules.training.types import Joined, Outcome, Round
from consortia.workers.arithmetic import Computed
from consortia.workers.worker import Worker


class LyingWorker(Worker):
    """Commits to a false result in round `lie_index`, and is honest otherwise."""

    lie_index = 1

    def result(self, view: queries.StudyView, seen: queries.RoundView) -> Computed:
        """The round's result; in the round of the lie, a sum and a state that nothing adds up to."""
        honest = super().result(view, seen)
        if seen.round.index != self.lie_index:
            return honest
        false = tagged("consortia/testing/lie", seen.round.id)
        return Computed(Outcome(false, false), honest.state)


class StallingWorker(Worker):
    """Sees that an update is due from round `stall_index` on, and does nothing."""

    stall_index = 1

    def submit(self, task: queries.Task, view: queries.StudyView, seen: queries.RoundView) -> bool:
        """Submit before the stall, and never from then on."""
        return task.index < self.stall_index and super().submit(task, view, seen)


class TwistingWorker(Worker):
    """Submits an update with one word beyond the clip, which no honest node says that it holds."""

    def update(self, view: queries.StudyView, this: Round, part: Joined) -> bytes:
        """The update with its first word at the ring's edge."""
        blob = super().update(view, this, part)
        width = view.study.terms.stages[this.stage].ring_bits // 8
        return b"\xff" * (width - 1) + b"\x7f" + blob[width:]


class InflatingWorker(Worker):
    """Submits its update a million times over: within the clip, and more than its records can give."""

    def update(self, view: queries.StudyView, this: Round, part: Joined) -> bytes:
        """The update, multiplied."""
        stage = view.study.terms.stages[this.stage]
        honest = unpack(super().update(view, this, part), ring_bits=stage.ring_bits, length=stage.length)
        return pack(np.clip(honest, -(1 << 30), 1 << 30) << 20, ring_bits=stage.ring_bits)
