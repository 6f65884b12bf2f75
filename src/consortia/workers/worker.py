"""A member's worker: it follows the ledger and does the member's part of every study.

    due -> wait until a final ledger checkpoint covers the step -> do it -> tell the ledger

It keeps nothing in memory that matters: what must survive is in its diary, everything else is asked for
again, so it may be killed at any moment. It trusts no other member's arithmetic: it re-computes every
round from the cohort's blobs, goes on only from states that it computed itself, and stops taking
part in a study whose agreed outcome is not its own.
"""

import secrets
from collections.abc import Callable

from consortia.base.codec import Milliseconds, Record
from consortia.engines.train.api import RecipeError
from consortia.engines.train.files import DataError
from consortia.engines.train.learner import MakeLearner
from consortia.engines.train.weights import NO_TRAINER, WeightsFedAvg
from consortia.exact.ring import RingError
from consortia.kernel.block import OK
from consortia.modules.training import messages as ask
from consortia.modules.training import queries, rules
from consortia.modules.training.types import Joined, Outcome, Round, Study
from consortia.workers.arithmetic import BadRound, BadTerms, Computed, NoResult, Own, contribute, noisy
from consortia.workers.diary import Diary
from consortia.workers.door import Data, Door, DoorClosed
from consortia.workers.errors import CannotJoin, Refused
from consortia.workers.masks import LeftOut, Masks, TwoCohorts
from consortia.workers.report import Kind, Report, Tell, nobody
from consortia.workers.states import States, Stop

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


def no_consent(_study: Study) -> None:
    """Join nothing of one's own accord."""


class Worker:
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
    ) -> None:
        """Work for the door's member; `consent` lets it join studies of its own accord.

        `trainer` is the member's own program for studies of weights; it comes from the member's settings,
        never from a study.
        """
        self.door = door
        self.data = data
        self.diary = diary
        self.tell = tell
        self.consent = consent
        self.trainer = trainer
        self.masks = Masks(door, diary)
        self.states = States(door, diary, self.masks)
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
            known = self.states.plans(view.study)
        except BadTerms as error:
            raise CannotJoin([str(error)]) from None
        faults = self.data.mismatches(dataset, version, known.schema)
        if isinstance(known.recipe, WeightsFedAvg) and self.trainer is None:
            faults = [NO_TRAINER, *faults]
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
        except TwoCohorts as why:
            self._later(task, "refused", str(why))
        except (DataError, RecipeError, RingError, BadRound, CannotJoin, LeftOut) as error:
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
                return self.deal(task, *self._round(task))
            case "submit":
                return self.submit(task, *self._round(task))
            case "reveal":
                return self.reveal(task, *self._round(task))
            case "commit":
                return self.commit(task, *self._round(task))
            case "open":
                return self._in_turn(task, lambda: self.open(task, *self._round(task)))
        return self._meanwhile(task)

    # ------------------------------------------------------------------ the steps of a round

    def publish_keys(self, task: queries.Task) -> bool:
        """Publish the keys of the open round."""
        if task.round is None:
            return False
        self._do(task, self.masks.keys(task.study, task.round))
        self._report(task, "keyed", "keys for this round alone")
        return True

    def deal(self, task: queries.Task, view: queries.StudyView, seen: queries.RoundView) -> bool:
        """Deal shares of the own secrets to one's neighbours."""
        dealt = self.masks.shares(seen.round)
        self._do(task, dealt)
        self._report(task, "dealt", f"shares for {len(dealt.shares)} holders")
        return True

    def reveal(self, task: queries.Task, view: queries.StudyView, seen: queries.RoundView) -> bool:
        """Reveal one kind of share of each dealer: what lifts the masks from the sum, and no more."""
        shown = self.masks.reveal(seen.round)
        self._do(task, shown)
        self._report(task, "revealed", f"one share of each of {len(shown.shares)} dealers")
        return True

    def submit(self, task: queries.Task, view: queries.StudyView, seen: queries.RoundView) -> bool:
        """Compute the update, mask it in a masked round, have it held by enough nodes, and fix it.

        A member for whom a dealer's shares do not open sits the try out, before anything is masked.
        """
        this, study = seen.round, view.study.id
        blob = self.diary.update(study, this.id)
        if blob is None:
            part = next(part.part for part in view.parts if part.member == self.door.member)
            if this.keyed:
                self.masks.check_shares(this)
            blob = self.diary.keep_update(study, this.id, self._covered(view, this, part))
        address = self.door.put_blob(blob)
        held = self.door.collect_availability(study, this.id, address, len(blob))
        enough = rules.needed(len(this.members))
        if len(held) < enough:
            self._later(task, "waits", f"{len(held)} nodes hold the update, {enough} are needed")
            self._rest[task.study] = self.door.now() + HELD_MILLISECONDS
            return False
        self._do(task, ask.Submit(study, this.id, address, len(blob), held))
        self._report(task, "submitted", f"update {address.hex()[:16]}, held by {len(held)} nodes")
        return True

    def commit(self, task: queries.Task, view: queries.StudyView, seen: queries.RoundView) -> bool:
        """Re-compute the round from the cohort's updates, and commit to the result."""
        this = seen.round
        outcome = self.diary.result(task.study, this.id) or self._own_result(view, seen)
        committed = rules.commitment(this.id, self.door.member, outcome)
        ahead = () if task.keys is None else (self.masks.keys(task.study, task.keys),)
        self._do(task, ask.CommitResult(task.study, this.id, committed), *ahead)
        self._report(task, "committed", f"sum {outcome.sum.hex()[:16]} of {len(this.cohort)} updates")
        return True

    def _own_result(self, view: queries.StudyView, seen: queries.RoundView) -> Outcome:
        """Re-compute the round, and write down what the member will commit to."""
        this = seen.round
        try:
            computed = self.result(view, seen)
        except NoResult as error:
            outcome = error.outcome
        else:
            outcome = computed.outcome
            self.door.put_blob(computed.state)
            self.diary.keep_state(this.study, this.index + 1, computed.state)
        self.diary.keep_result(this.study, this.id, outcome)
        return outcome

    def open(self, task: queries.Task, view: queries.StudyView, seen: queries.RoundView) -> bool:
        """Open the own commitment."""
        outcome = self.diary.result(task.study, seen.round.id) or self._own_result(view, seen)
        self._do(task, ask.OpenResult(task.study, seen.round.id, outcome.sum, outcome.state))
        self._report(task, "opened", f"sum {outcome.sum.hex()[:16]}")
        return True

    def _meanwhile(self, task: queries.Task) -> bool:
        """While others are awaited: say that one is there again, and publish keys for the round to come."""
        ahead = () if task.keys is None else (self.masks.keys(task.study, task.keys),)
        if not task.absent and not ahead:
            return False
        self._do(task, *ahead)
        return True

    def _covered(self, view: queries.StudyView, this: Round, part: Joined) -> bytes:
        """The blob to submit: the update, under the round's masks if it has any.

        What is masked is written down first. A try that repeats an earlier one's sum sends the very same;
        any other has noise of its own, if the study has privacy terms.
        """
        if not this.keyed:
            return self.update(view, this, part)
        first = self.masks.repeats(this) or this.id
        plain = self.diary.plain(this.study, this.index, first)
        if plain is None:
            own = self.update(view, this, part)
            known = self.states.plans(view.study)
            if known.noises:
                secret = self.diary.noise_secret(secrets.token_bytes)
                own = noisy(known, this, own, secret=secret, charge=first)
            plain = self.diary.keep_plain(this.study, this.index, first, own)
        return self.masks.masked(self.states.plans(view.study).stages[this.stage], this, plain)

    def update(self, view: queries.StudyView, this: Round, part: Joined) -> bytes:
        """The member's update in a round as its blob, before it is masked."""
        known = self.states.plans(view.study)
        table = self.data.table(part.dataset, part.version, known.schema)
        if table.records != part.records:
            raise Stop(f"joined with {part.records} records, the data set has {table.records}")
        home = self.states.home(this)
        state = self.states.own(view, this.index)
        blob, following = contribute(known, this, state, table, Own(home, self.trainer))
        if following != home:
            self.diary.keep_home(this.study, this.index, following)
        return blob

    def result(self, view: queries.StudyView, seen: queries.RoundView) -> Computed:
        """The round re-computed from the updates of its cohort."""
        state = self.states.own(view, seen.round.index)
        return self.states.computed(view, seen, state)

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
        view = self._view(task.study)
        live = [seen.round.id]
        if seen.round.index + 1 < rules.rounds_of(view.study.terms.stages):
            live.append(rules.next_round_id(view.study, seen.round))
        self.diary.forget_rounds(task.study, live, seen.round.index)
        return view, seen

    def _do(self, task: queries.Task, *messages: Record) -> None:
        """Send what is due, saying first that one is there again where the others no longer wait."""
        self._send(*((ask.Return(task.study),) if task.absent else ()), *messages)

    def _send(self, *messages: Record) -> None:
        code = self.door.submit(*messages)
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
