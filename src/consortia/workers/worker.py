"""A member's worker: it follows the ledger and does the member's part of every study.

    due -> wait until a final ledger checkpoint covers the step -> do it -> tell the ledger

It keeps nothing in memory that matters: what must survive is in its diary, everything else is asked for
again, so it may be killed at any moment. It trusts no other member's arithmetic: it re-computes every
round from the cohort's blobs, goes on only from states that it computed itself, and stops taking
part in a study whose agreed outcome is not its own.
"""

from collections.abc import Callable

from consortia.base.codec import Milliseconds
from consortia.base.times import HOUR
from consortia.engines.train.api import RecipeError
from consortia.engines.train.files import CellError, DataError
from consortia.engines.train.learner import MakeLearner
from consortia.engines.train.weights import NO_TRAINER, WeightsFedAvg, unfit
from consortia.exact.ring import RingError
from consortia.modules.training import messages as ask
from consortia.modules.training import queries, rules
from consortia.modules.training.types import Study
from consortia.workers.arithmetic import BadRound, BadTerms
from consortia.workers.curves import Curves
from consortia.workers.diary import Diary
from consortia.workers.door import Data, Door, DoorClosed
from consortia.workers.errors import CannotJoin, Refused
from consortia.workers.masks import LeftOut, TwoViews
from consortia.workers.priority import Apart, here
from consortia.workers.report import Report, Tell, nobody
from consortia.workers.rounds import Rounds, is_sealed
from consortia.workers.states import Stop

TURN_MILLISECONDS = 250
"""Where one member's transaction does for all (an opening, a close), the others wait this much each."""

AFTERWARDS_MILLISECONDS = 5_000
"""What is still to be fetched of a study that is over is asked for this often."""

MOVED_ON = frozenset(
    f"training.{name}"
    for name in ("wrong_round", "wrong_step", "already_done", "study_over", "not_proposed", "too_early")
)
"""Refusals that only say that another member was faster, or the block's time a little behind."""

MOVED_ON_MILLISECONDS = 50

PATIENCE_MILLISECONDS = 1_000
"""So long the worker waits for the ledger to move before it asks again all the same."""

Step = Callable[[queries.Task, queries.StudyView, queries.RoundView], bool]
"""A step of a round, which says whether it was done."""

Consent = Callable[[Study], tuple[bytes, int] | None]
"""Decides whether the member takes part in a study: the data set's asset id and version, or None."""


def no_consent(_study: Study) -> None:
    """Join nothing of one's own accord."""


class Worker(Rounds):
    """One member's worker over its node (`door`), its data and its diary."""

    def __init__(
        self,
        door: Door,
        data: Data,
        diary: Diary,
        *,
        tell: Tell = nobody,
        consent: Consent = no_consent,
        trainer: MakeLearner | None = None,
        apart: Apart = here,
        curves: Curves | None = None,
    ) -> None:
        """Work for the door's member; `consent` lets it join studies of its own accord.

        `trainer` is the member's own program for studies of weights; it comes from the member's settings,
        never from a study. `apart` does what takes long: the training. `curves` keeps how the models of the
        rounds do on the member's records, where somebody wants to watch.
        """
        super().__init__(door, data, diary, tell, trainer, apart=apart, curves=curves)
        self.consent = consent
        self._seen: dict[tuple[bytes, str], Milliseconds] = {}
        self._looked: Milliseconds = 0
        self._timed: list[Milliseconds] = []
        self._studies: dict[tuple[bytes, int], queries.StudyView] = {}

    # ------------------------------------------------------------------ joining

    def join(self, study: bytes, dataset: bytes, version: int) -> None:
        """Join a study with a version of an own data set. Joining is consent.

        1. the terms are ones that this software can keep; 2. the data fit the schema: every mismatch is
        listed; 3. in a study of weights the member's own program has as many; 4. the ledger is asked. Raise
        CannotJoin before anything is signed, Refused when the ledger refuses.
        """
        view = self._view(study)
        try:
            known = self.states.plans(view.study)
        except BadTerms as error:
            raise CannotJoin([str(error)]) from None
        faults = self.data.mismatches(dataset, version, known.schema)
        told = f"the records do not fit the study's schema ({len(faults)} reasons)"
        if isinstance(known.recipe, WeightsFedAvg) and self.trainer is None:
            faults, told = [NO_TRAINER, *faults], NO_TRAINER
        if faults:
            raise CannotJoin(faults, told)
        table = self.data.table(dataset, version, known.schema)
        records = table.records
        if isinstance(known.recipe, WeightsFedAvg):
            fault = unfit(known.plan.initial, table, self.trainer)
            if fault is not None:
                raise CannotJoin([fault])
        self._send(ask.Join(study, dataset, version, records))
        self.diary.begin(study)
        self.tell(Report("joined", study, 0, 0, f"with {records} records"))

    # ------------------------------------------------------------------ working

    def work(self) -> bool:
        """Do all that is due now, and say whether anything was. Raise DoorClosed when the node is away."""
        tasks = self.door.query("training.due", queries.ByMember(self.door.member), queries.Tasks).tasks
        self._tidy({task.study for task in tasks})
        final = self.door.final_height()
        self._looked, self._timed = self.door.now(), []
        done = False
        for task in tasks:
            if task.action != "join":
                self.diary.begin(task.study)
            if task.height <= final and self.door.now() >= self._rest.get(task.study, 0):
                done |= self._attempt(task)
            self._timed += [task.deadline or 0, self._rest.get(task.study, 0)]
        return done

    def patience(self) -> float:
        """The seconds to wait for the ledger to move before the clock alone may have made something due."""
        due = min(
            (at for at in self._timed if at > self._looked), default=self._looked + PATIENCE_MILLISECONDS
        )
        return min(max(0, due - self.door.now()), PATIENCE_MILLISECONDS) / 1000

    def _attempt(self, task: queries.Task) -> bool:
        """Do one task; a failure of one study never holds up another."""
        stopped = self.diary.stopped(task.study) is not None
        try:
            return self._close(task) if stopped else self._act(task)
        except (Stop, BadTerms) as why:
            self.diary.stop(task.study, str(why))
            self._report(task, "stopped", str(why))
            return True
        except Refused as code:
            if str(code) in MOVED_ON:
                self._rest[task.study] = self.door.now() + MOVED_ON_MILLISECONDS
            else:
                self._later(task, "refused", str(code))
        except DoorClosed as why:
            self._later(task, "waits", str(why))
        except TwoViews as why:
            self._later(task, "refused", str(why))
        except (CellError, CannotJoin) as error:
            self._later(task, "waits", error.told)
        except (DataError, RecipeError, RingError, BadRound, LeftOut) as error:
            self._later(task, "waits", str(error))
        return False

    def _act(self, task: queries.Task) -> bool:
        match task.action:
            case "join":
                return self._join(task)
            case "start":
                over = task.deadline is not None and self.door.now() >= task.deadline
                return (task.ready or over) and self._in_turn(task, lambda: self._start(task))
            case "finish":
                return self._in_turn(task, lambda: self._finish(task))
        if self._close(task):
            return True
        match task.action:
            case "keys":
                return self.publish_keys(task)
            case "shares":
                return self._step(task, self.deal)
            case "seal":
                return self._step(task, self.seal)
            case "submit":
                return self._step(task, self.submit)
            case "answer":
                return self._step(task, self.answer)
            case "reveal":
                return self._step(task, self.reveal)
            case "commit":
                return self._step(task, self.commit)
            case "open":
                return self._in_turn(task, lambda: self._step(task, self.open))
        return self._meanwhile(task)

    # ------------------------------------------------------------------ what one member does for all

    def _join(self, task: queries.Task) -> bool:
        view = self._view(task.study)
        chosen = self.consent(view.study)
        if chosen is None:
            return False
        try:
            self.join(task.study, *chosen)
        except CannotJoin as error:
            raise Stop(f"cannot join: {error.told}; consortia study join says more") from None
        return True

    def _start(self, task: queries.Task) -> bool:
        self._send(ask.Start(task.study))
        self._report(task, "started", "the joining is over")
        return True

    def _finish(self, task: queries.Task) -> bool:
        self.states.have_model(self._view(task.study))
        self._send(ask.Finish(task.study))
        self._report(task, "finished", "the model stands")
        return True

    def _close(self, task: queries.Task) -> bool:
        """Close the step if its deadline has passed."""
        if task.round is None or task.deadline is None or self.door.now() < task.deadline:
            return False
        closing = ask.Close(task.study, task.round)

        def close() -> bool:
            self._send(closing)
            self._report(task, "closed", "its deadline has passed")
            return True

        return self._in_turn(task, close, "close")

    def _in_turn(self, task: queries.Task, act: Callable[[], bool], word: str = "") -> bool:
        """Act at once where it is this member's turn to spare the others the work, later where it is not."""
        now = self.door.now()
        key = (task.round or task.study, word or task.action)
        first = self._seen.setdefault(key, now)
        turn = first + self._turn(task) * TURN_MILLISECONDS
        if now < turn:
            self._timed.append(turn)
            return False
        return act()

    def _turn(self, task: queries.Task) -> int:
        parts = [part.member for part in self._view(task.study).parts if part.part.until is None]
        if self.door.member not in parts:
            return len(parts)
        return (parts.index(self.door.member) - task.index) % len(parts)

    # ------------------------------------------------------------------ small things

    def _view(self, study: bytes) -> queries.StudyView:
        return self.door.query("training.study", queries.ById(study), queries.StudyView)

    def _step(self, task: queries.Task, step: Step) -> bool:
        """Do a step of the round under way, as the final ledger has it, and let go of what is past."""
        seen = self._newest(task)
        at = "submit" if task.action == "answer" else task.action
        if seen.round.step != at or seen.round.height > self.door.final_height():
            raise Refused("training.wrong_step")
        at_round = (task.study, seen.round.index)
        view = self._studies.get(at_round) or self._view(task.study)  # of its terms and own records alone
        self._studies = {key: kept for key, kept in self._studies.items() if key[0] != task.study}
        self._studies[at_round] = view
        try:
            return step(task, view, seen)
        finally:
            live = [seen.round.id]
            if is_sealed(view.study, seen.round):
                live.append(rules.first_try(seen.round))
            if seen.round.index + 1 < rules.rounds_of(view.study.terms.stages):
                live.append(rules.next_round_id(view.study, seen.round))
            self.diary.forget_rounds(task.study, live, seen.round.index)

    def _tidy(self, studies: set[bytes]) -> None:
        """Let go of studies that are over."""
        for study, index in [key for key in self._studies if key[0] not in studies]:
            del self._studies[study, index]
            self.states.forget(study)
        for study in self.diary.studies():
            if study not in studies and self.door.now() >= self._rest.get(study, 0):
                self._let_go(study)
        self._seen = {key: at for key, at in self._seen.items() if at > self.door.now() - HOUR}

    def _let_go(self, study: bytes) -> None:
        """Forget a study that is over; of one that has a model, once its last state is re-computed here too.

        So a member that was away at the end can say as well as any other how the model came about.
        """
        try:
            view = self._view(study)
            if view.progress.status not in {"finished", "aborted"}:
                return
            if view.progress.status == "finished" and self.diary.stopped(study) is None:
                self.states.own(view, view.progress.index, view.progress.state)
        except DoorClosed as why:  # the node is away, or never had the study, or nobody has an update
            self._rest[study] = self.door.now() + AFTERWARDS_MILLISECONDS
            self.tell(Report("waits", study, 0, 0, str(why)))
            return
        except (Stop, BadTerms) as why:
            self.tell(Report("stopped", study, 0, 0, str(why)))
        self.diary.forget(study)
