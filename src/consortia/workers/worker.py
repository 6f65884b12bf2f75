"""A member's worker: it follows the ledger and does the member's part of every study.

    due -> wait until a final ledger checkpoint covers the step -> do it -> tell the ledger

It keeps nothing in memory that matters: what must survive is in its diary, everything else is asked for
again, so it may be killed at any moment. It trusts no other member's arithmetic: it re-computes every
round from the cohort's blobs, goes on only from states that it computed itself, and stops taking
part in a study whose agreed outcome is not its own.
"""

from collections.abc import Callable

from consortia.base.codec import Milliseconds, Record
from consortia.engines.commit.chunks import blob_id
from consortia.engines.train.api import RecipeError
from consortia.engines.train.files import DataError
from consortia.exact.ring import RingError
from consortia.kernel.block import OK
from consortia.modules.training import messages as ask
from consortia.modules.training import queries, rules
from consortia.modules.training.types import Joined, Outcome, Round, Study
from consortia.workers.arithmetic import BadRound, BadTerms, Computed, Plans, compute, plans, update
from consortia.workers.diary import Diary
from consortia.workers.door import Data, Door, DoorClosed
from consortia.workers.report import Kind, Report, Tell, nobody

TURN_MILLISECONDS = 250
"""Where one member's transaction does for all (an opening, a close), the others wait this much each."""

PAUSE_MILLISECONDS = 1_000
"""After a refusal or a failure the worker lets a task rest this long."""

HELD_MILLISECONDS = 200
"""While too few nodes hold the update it is offered again this soon: another node may be a block behind."""

MOVED_ON = frozenset(
    f"training.{name}"
    for name in ("wrong_round", "wrong_step", "already_done", "study_over", "not_proposed", "too_early")
)
"""Refusals that only say that another member was faster, or the block's time a little behind."""

MOVED_ON_MILLISECONDS = 50

Consent = Callable[[Study], tuple[bytes, int] | None]
"""Decides whether the member takes part in a study: the data set's asset id and version, or None."""


class CannotJoin(ValueError):
    """A member's data do not fit a study; `mismatches` lists every reason, one line each."""

    def __init__(self, mismatches: list[str]) -> None:
        """Refuse to join for these reasons."""
        super().__init__("\n".join(mismatches))
        self.mismatches = mismatches


class Stop(Exception):
    """The worker takes no part in a study any more; the text says why."""


class Refused(Exception):
    """The ledger refused what the worker sent; the text is the code."""


def no_consent(_study: Study) -> None:
    """Join nothing of one's own accord."""


class Worker:
    """One member's worker over its node (`door`), its data and its diary."""

    def __init__(
        self, door: Door, data: Data, diary: Diary, *, tell: Tell = nobody, consent: Consent = no_consent
    ) -> None:
        """Work for the door's member; `consent` lets it join studies of its own accord."""
        self.door = door
        self.data = data
        self.diary = diary
        self.tell = tell
        self.consent = consent
        self._plans: dict[bytes, Plans] = {}
        self._seen: dict[tuple[bytes, str], Milliseconds] = {}
        self._rest: dict[bytes, Milliseconds] = {}

    # ------------------------------------------------------------------ joining

    def join(self, study: bytes, dataset: bytes, version: int) -> None:
        """Join a study with a version of an own data set. Joining is consent.

        1. the terms are ones that this software can keep; 2. the data fit the schema: every mismatch is
        listed; 3. the ledger is asked. Raise CannotJoin before anything is signed, Refused when the ledger
        refuses.
        """
        view = self._view(study)
        try:
            known = self._known(view.study)
        except BadTerms as error:
            raise CannotJoin([str(error)]) from None
        faults = self.data.mismatches(dataset, version, known.schema)
        if faults:
            raise CannotJoin(faults)
        records = self.data.table(dataset, version, known.schema).records
        self._send(ask.Join(study, dataset, version, records))
        self.tell(Report("joined", study, 0, 0, f"with {records} records"))

    # ------------------------------------------------------------------ working

    def work(self) -> bool:
        """Do all that is due now, and say whether anything was. Raise DoorClosed when the node is away."""
        tasks = self.door.query("training.due", queries.ByMember(self.door.member), queries.Tasks).tasks
        self._tidy({task.study for task in tasks})
        final = self.door.final_height()
        done = False
        for task in tasks:
            if task.height <= final and self.door.now() >= self._rest.get(task.study, 0):
                done |= self._attempt(task)
        return done

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
        except (DataError, RecipeError, RingError, BadRound, CannotJoin) as error:
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
            case "submit":
                return self.submit(task, *self._round(task))
            case "commit":
                return self.commit(task, *self._round(task))
            case "open":
                return self._in_turn(task, lambda: self.open(task, *self._round(task)))
        return False

    # ------------------------------------------------------------------ the steps of a round

    def submit(self, task: queries.Task, view: queries.StudyView, seen: queries.RoundView) -> bool:
        """Compute the update, have it held by enough nodes, and fix it."""
        this, study = seen.round, view.study.id
        blob = self.diary.update(study, this.id)
        if blob is None:
            part = next(part.part for part in view.parts if part.member == self.door.member)
            blob = self.diary.keep_update(study, this.id, self.update(view, this, part))
        address = self.door.put_blob(blob)
        held = self.door.collect_availability(study, this.id, address, len(blob))
        enough = rules.needed(len(this.members))
        if len(held) < enough:
            self._later(task, "waits", f"{len(held)} nodes hold the update, {enough} are needed")
            self._rest[task.study] = self.door.now() + HELD_MILLISECONDS
            return False
        self._send(ask.Submit(study, this.id, address, len(blob), held))
        self._report(task, "submitted", f"update {address.hex()[:16]}, held by {len(held)} nodes")
        return True

    def commit(self, task: queries.Task, view: queries.StudyView, seen: queries.RoundView) -> bool:
        """Re-compute the round from the cohort's updates, and commit to the result."""
        this = seen.round
        outcome = self.diary.result(task.study, this.id)
        if outcome is None:
            computed = self.result(view, seen)
            self.door.put_blob(computed.state)
            self.diary.keep_state(task.study, this.index + 1, computed.state)
            self.diary.keep_result(task.study, this.id, computed.outcome)
            outcome = computed.outcome
        self._send(
            ask.CommitResult(task.study, this.id, rules.commitment(this.id, self.door.member, outcome))
        )
        self._report(task, "committed", f"sum {outcome.sum.hex()[:16]} of {len(this.cohort)} updates")
        return True

    def open(self, task: queries.Task, view: queries.StudyView, seen: queries.RoundView) -> bool:
        """Open the own commitment."""
        outcome = self.diary.result(task.study, seen.round.id) or self.result(view, seen).outcome
        self._send(ask.OpenResult(task.study, seen.round.id, outcome.sum, outcome.state))
        self._report(task, "opened", f"sum {outcome.sum.hex()[:16]}")
        return True

    def update(self, view: queries.StudyView, this: Round, part: Joined) -> bytes:
        """The member's update in a round, as its blob."""
        known = self._known(view.study)
        table = self.data.table(part.dataset, part.version, known.schema)
        if table.records != part.records:
            raise Stop(f"joined with {part.records} records, the data set has {table.records}")
        return update(known, this, self._own_state(view, this.index), table)

    def result(self, view: queries.StudyView, seen: queries.RoundView) -> Computed:
        """The round re-computed from the updates of its cohort."""
        state = self._own_state(view, seen.round.index)
        return compute(self._known(view.study), seen.round, state, self._updates(seen))

    # ------------------------------------------------------------------ states

    def _own_state(self, view: queries.StudyView, index: int) -> bytes:
        """The state that round `index` starts from, by own computation; raises Stop when others disagree.

        A worker that was away, or whose newest state came from a try that was given up, re-computes
        the rounds since the last state of its own that the members agreed on.
        """
        study = view.study
        at, state = self._last_agreed(study, index)
        while at < index:
            seen = self._final_view(study.id, at)
            state = self.result_from(view, seen, state).state
            at += 1
            if blob_id(state) != self._outcome(seen.round).state:
                raise Stop(f"in round {at - 1} the members agreed on a result that is not this worker's own")
            self.door.put_blob(state)
            self.diary.keep_state(study.id, at, state)
        return state

    def _last_agreed(self, study: Study, index: int) -> tuple[int, bytes]:
        """The newest state of its own up to round `index` that the members agreed on, and its index."""
        for at in self.diary.states(study.id, index):
            state = self.diary.state(study.id, at)
            agreed = study.terms.initial if at == 0 else self._agreed(study.id, at - 1)
            if state is not None and blob_id(state) == agreed:
                return at, state
        state = self._initial(study)
        if blob_id(state) != study.terms.initial:
            raise Stop("the study starts from a state whose bytes do not have its id")
        self.diary.keep_state(study.id, 0, state)
        return 0, state

    def result_from(self, view: queries.StudyView, seen: queries.RoundView, state: bytes) -> Computed:
        """A past round re-computed from a state of the worker's own."""
        try:
            return compute(self._known(view.study), seen.round, state, self._updates(seen))
        except BadRound as error:
            raise Stop(f"round {seen.round.index} was agreed on, and has no result here: {error}") from None

    def _updates(self, seen: queries.RoundView) -> list[tuple[str, bytes]]:
        """The updates of a round's cohort by member, the own one from the diary where it is still there."""
        blobs = {item.member: item.submission.blob for item in seen.updates}
        own = self.diary.update(seen.round.study, seen.round.id)
        found = []
        for member in seen.round.cohort:
            mine = member == self.door.member and own is not None and blob_id(own) == blobs[member]
            found.append((member, own if mine and own is not None else self.door.get_blob(blobs[member])))
        return found

    def _initial(self, study: Study) -> bytes:
        known = self._known(study)
        if study.terms.model is None:
            return known.plan.initial
        return self.door.get_blob(study.terms.initial)

    def _agreed(self, study: bytes, index: int) -> bytes:
        return self._outcome(self._final_view(study, index).round).state

    def _final_view(self, study: bytes, index: int) -> queries.RoundView:
        return self.door.query("training.round", queries.ByRound(study, index, None), queries.RoundView)

    @staticmethod
    def _outcome(this: Round) -> Outcome:
        if this.outcome is None:
            raise Stop(f"round {this.index} is {this.status}, and a later one began")
        return this.outcome

    # ------------------------------------------------------------------ what one member does for all

    def _join(self, task: queries.Task) -> bool:
        view = self._view(task.study)
        chosen = self.consent(view.study)
        if chosen is None:
            return False
        try:
            self.join(task.study, *chosen)
        except CannotJoin as error:
            raise Stop(f"cannot join: {error.mismatches[0]} ({len(error.mismatches)} reasons)") from None
        return True

    def _start(self, task: queries.Task) -> bool:
        self._send(ask.Start(task.study))
        self._report(task, "started", "the joining is over")
        return True

    def _finish(self, task: queries.Task) -> bool:
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
        if now < first + self._turn(task) * TURN_MILLISECONDS:
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

    def _round(self, task: queries.Task) -> tuple[queries.StudyView, queries.RoundView]:
        seen = self.door.query(
            "training.round", queries.ByRound(task.study, task.index, task.attempt), queries.RoundView
        )
        if seen.round.step != task.action or seen.round.height > self.door.final_height():
            raise Refused("training.wrong_step")
        self.diary.forget_rounds(task.study, seen.round.id)
        return self._view(task.study), seen

    def _known(self, study: Study) -> Plans:
        if study.id not in self._plans:
            self._plans[study.id] = plans(study.terms)
        return self._plans[study.id]

    def _send(self, message: Record) -> None:
        code = self.door.submit(message)
        if code != OK:
            raise Refused(code)

    def _report(self, task: queries.Task, kind: Kind, detail: str) -> None:
        self.tell(Report(kind, task.study, task.index, task.attempt, detail))

    def _later(self, task: queries.Task, kind: Kind, detail: str) -> None:
        self._rest[task.study] = self.door.now() + PAUSE_MILLISECONDS
        self._report(task, kind, detail)

    def _is_over(self, study: bytes) -> bool:
        try:
            return self._view(study).progress.status in {"finished", "aborted"}
        except DoorClosed:  # either it is away, which the next question meets, or it never had the study
            return False

    def _tidy(self, studies: set[bytes]) -> None:
        """Let go of studies that are over."""
        for study in self.diary.studies():
            if study not in studies and self._is_over(study):
                self.diary.forget(study)
        self._seen = {key: at for key, at in self._seen.items() if at > self.door.now() - 3_600_000}
