"""Two faults of the story that need a running study: a hospital killed in mid-round, and a false result."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping

from consortia.cli.demo import study
from consortia.cli.demo.consortium import Consortium
from consortia.cli.demo.telling import Teller
from consortia.engines.train import recipe
from consortia.engines.train.schema import Schema
from consortia.modules.training import queries
from consortia.modules.training.types import Round
from consortia.node import joining
from consortia.workers.terms import terms_of

SURVIVES = 4
"""From so many members on, the network goes on while one of them is down."""

DOWN_SECONDS = 3.0
LIAR_MILLISECONDS = 20_000
"""For each step of the study with the liar in it, who starts just then: a busy machine may take its time."""

_STOP_SECONDS = 5.0


class Victim:
    """A member that is killed when round `at` waits for updates, and comes back later."""

    def __init__(self, consortium: Consortium, name: str, at: int) -> None:
        """Nothing happens until `seen`."""
        self.consortium, self.name, self.at = consortium, name, at
        self._killed: float | None = None
        self._down = 0.0

    def seen(self, now: queries.Awaited, teller: Teller) -> None:
        """Kill when the round is there; start again once the round went on without it, or after a while."""
        if self._killed is None:
            if (now.index, now.action) == (self.at, "submit"):
                self.consortium.party(self.name).node.kill()
                self._killed = time.monotonic()
                teller.line(
                    f"{self.name} is killed in mid-round {self.at + 1}: its node and its worker, kill -9"
                )
                if len(self.consortium.names) < SURVIVES:
                    teller.line(
                        "below four members nothing is final without it, so all wait until it is back"
                    )
            return
        waited = time.monotonic() - self._killed
        if not self._down and (now.index > self.at or waited > DOWN_SECONDS):
            self.back(teller)

    def back(self, teller: Teller) -> None:
        """Start the node again, if it is down."""
        if self._killed is None or self._down:
            return
        self._down = time.monotonic() - self._killed
        node = self.consortium.party(self.name).node
        node.start()
        node.wait_ready()
        teller.line(f"{self.name} is back after {self._down:.1f} s: it catches up and takes part again")

    def verdict(self, rounds: list[Round], teller: Teller) -> None:
        """Say who noticed, and how."""
        missed = [this for this in rounds if self.name in this.missing]
        later = [this for this in rounds if this.index > self.at and self.name in this.cohort]
        again = f"{len(later)} later round{'s' if len(later) > 1 else ''}"
        back = f"back, it is in {again}" if later else "it came back after the last round"
        few = len(self.consortium.names)
        if few < SURVIVES:
            check = f"of {few} members all must cosign: the network stood still, then went on; {back}"
        elif missed:
            numbers = ", ".join(str(this.index + 1) for this in missed)
            rounds_ = f"round{'s' if len(missed) > 1 else ''} {numbers}"
            check = f"no update by the deadline: {rounds_} done without it; {back}"
        else:
            check = f"restarted from its own disk, it sent the same update again in time; {back}"
        others = ", ".join(name for name in self.consortium.names if name != self.name)
        by = others if few < SURVIVES else "all other members"
        teller.catch(f"{self.name} is killed in mid-round {self.at + 1}", by, check, word="missed")


def false_result(
    consortium: Consortium, shared: Mapping[str, study.DataSet], schema: Schema, teller: Teller
) -> None:
    """One member's worker is replaced by one that lies about the sum of a small second study."""
    liar = consortium.party(consortium.names[-1])
    liar.node.stop()
    liar.node.start("--no-worker")
    liar.node.wait_ready()
    joining.arrive(consortium.client(liar.name))
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "consortia.cli.demo.liar", "--home", str(liar.home.path)),
            *("--url", liar.node.url, "--parent", str(os.getpid())),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(liar.home.logs / "liar.log").open("ab"),
    )
    try:
        _statistics(consortium, liar.name, shared, schema, teller)
        if process.poll() is not None:
            raise study.StudyFailed(f"{liar.name} was to lie about a sum, and ended by itself")
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _statistics(
    consortium: Consortium, liar: str, shared: Mapping[str, study.DataSet], schema: Schema, teller: Teller
) -> None:
    rule = recipe("statistics")
    wanted = study.wanted("statistics", "How many patients, how old", consortium.names, LIAR_MILLISECONDS)
    name = study.agree(consortium, *terms_of(rule, {}, schema, wanted), shared)
    study.watch(consortium, name, lambda now: teller.moving(f"second study: {now.action}"))
    rounds = study.rounds_of(consortium, name)
    differing = sorted({member for this in rounds for member in this.differing})
    others = [member for member in consortium.names if member != liar]
    what = f"{liar} commits to a false sum"
    if liar in differing:
        check = "its commitment is not the sum that more than two thirds computed from the same updates"
        teller.catch(what, ", ".join(others), f"{check}; the round is final without it")
    elif len(consortium.names) < SURVIVES and _committed(consortium, liar, rounds):
        check = (
            f"of {len(consortium.names)} members all must agree on a sum: nothing is final, the study ends"
        )
        teller.catch(what, ", ".join(others), check)
    else:
        raise study.StudyFailed(f"{liar} lied about a sum, and nobody noticed")


def _committed(consortium: Consortium, member: str, rounds: list[Round]) -> bool:
    """Whether a member committed to a result in any try of a study's rounds."""
    client = consortium.client(consortium.names[0])
    asked = [queries.ByRound(this.study, this.index, this.attempt) for this in rounds]
    views = [client.query("training.round", one, queries.RoundView) for one in asked]
    return any(result.member == member for view in views for result in view.results)
