"""A worker that commits to a false result, for the reel of cheating; started in place of an honest one."""

import sys

from consortia.base.hashing import tagged
from consortia.modules.training import queries
from consortia.modules.training.types import Outcome
from consortia.node.worker import main
from consortia.workers.arithmetic import Computed
from consortia.workers.worker import Worker


class Liar(Worker):
    """Computes every round as it should, and tells the ledger something else."""

    def result(self, view: queries.StudyView, seen: queries.RoundView) -> Computed:
        """A sum and a state that nothing adds up to."""
        honest = super().result(view, seen)
        false = tagged("consortia/demo/lie", seen.round.id)
        return Computed(Outcome(false, false), honest.state)


if __name__ == "__main__":
    sys.exit(main(make=Liar))
