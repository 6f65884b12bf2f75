"""A member's part in each step of a round, and what its worker writes down before it tells anybody.

Every step is taken under a final ledger checkpoint that covers its beginning: `Worker` sees to that.
"""

import secrets

from consortia.base.codec import Milliseconds, Record
from consortia.engines.commit.chunks import blob_id
from consortia.engines.train.learner import MakeLearner
from consortia.engines.train.table import Table
from consortia.kernel.block import OK
from consortia.kernel.transaction import CALLS_MAX
from consortia.modules.training import messages as ask
from consortia.modules.training import queries, rules
from consortia.modules.training.rounds import awaited
from consortia.modules.training.types import Joined, Outcome, Round, Study
from consortia.workers.arithmetic import Computed, NoResult, Own, contribute, noisy
from consortia.workers.curves import Curves
from consortia.workers.diary import Diary
from consortia.workers.door import Data, Door, DoorClosed
from consortia.workers.errors import Refused
from consortia.workers.masks import LeftOut, Masks
from consortia.workers.measuring import measure
from consortia.workers.priority import Apart, here
from consortia.workers.report import Kind, Report, Tell
from consortia.workers.states import States, Stop

PAUSE_MILLISECONDS = 1_000
"""After a refusal or a failure the worker lets a task rest this long."""

HELD_MILLISECONDS = 200
"""While too few nodes hold the update it is offered again this soon: another node may be a block behind."""

ANSWERS_MAX = CALLS_MAX - 1
"""So many complaints are answered in one transaction: a call is left to say that one is there again."""

STEP_NOT_OVER = "training.wrong_step"
"""The refusal to open what others have yet to commit to."""


def is_sealed(study: Study, this: Round) -> bool:
    """Whether a round shows no update before all are fixed."""
    return study.terms.stages[this.stage].mode == "sealed"


class Rounds:
    """The steps of rounds, as one member's worker does them."""

    def __init__(
        self,
        door: Door,
        data: Data,
        diary: Diary,
        tell: Tell,
        trainer: MakeLearner | None = None,
        *,
        apart: Apart = here,
        curves: Curves | None = None,
    ) -> None:
        """Work for the door's member; `apart` does what takes long, `curves` is where quality is noted."""
        self.door = door
        self.data = data
        self.diary = diary
        self.tell = tell
        self.trainer = trainer
        self.apart = apart
        self.curves = curves
        self.masks = Masks(door, diary)
        self.states = States(door, diary, self.masks)
        self._rest: dict[bytes, Milliseconds] = {}

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
        self.states.settle(task.study)  # what the last round left to do, while the others deal
        return True

    def answer(self, task: queries.Task, view: queries.StudyView, seen: queries.RoundView) -> bool:
        """Show the shares of which holders complain: whoever does not is in no further try of the round."""
        shown = self.masks.answers(seen.round, self.door.final_height())[:ANSWERS_MAX]
        if not shown:
            return False
        self._do(task, *shown)
        self._report(task, "answered", "shares shown to those who complained of them")
        return True

    def reveal(self, task: queries.Task, view: queries.StudyView, seen: queries.RoundView) -> bool:
        """Reveal one kind of share of each dealer: what lifts the masks from the sum, and no more."""
        shown = self.masks.reveal(seen.round)
        self._do(task, shown)
        self._report(task, "revealed", f"one share of each of {len(shown.shares)} dealers")
        return True

    def seal(self, task: queries.Task, view: queries.StudyView, seen: queries.RoundView) -> bool:
        """Compute the update, keep it here, and fix it by a commitment that shows nobody what it is."""
        study, first = view.study.id, rules.first_try(seen.round)
        update = self._placed(view, seen.round, self.diary.update(study, first), first)
        made = rules.seal(first, self.door.member, update, self._salt(study, first))
        self._do(task, ask.Seal(study, seen.round.id, made))
        self._report(task, "sealed", "its update, which is shown once all are fixed")
        return True

    def _salt(self, study: bytes, first: bytes) -> bytes:
        """The salt of the member's seal: drawn once, and written down before the seal is told."""
        known = self.diary.secrets(study, first)
        return self.diary.keep_secrets(study, first, secrets.token_bytes(32)) if known is None else known

    def submit(self, task: queries.Task, view: queries.StudyView, seen: queries.RoundView) -> bool:
        """Compute the update, mask it in a masked round, have it held by enough nodes, and fix it.

        Before anything is masked a member complains of dealers whose shares do not open for it.
        """
        this, study = seen.round, view.study.id
        first = rules.first_try(this) if is_sealed(view.study, this) else this.id
        decided = self.diary.update(study, first)
        if decided is None and is_sealed(view.study, this):
            raise LeftOut(f"the update sealed for round {this.index + 1} is lost")
        complaint = self.masks.complaint(this, self.door.now()) if decided is None and this.keyed else None
        if complaint is not None:
            self._do(task, complaint)
            self._report(task, "complained", f"the shares of {complaint.dealer} do not open")
            return True
        update = self._placed(view, this, decided, first)
        size = rules.blob_bytes(view.study.terms.stages[this.stage])
        held = self.door.collect_availability(study, this.id, update, size)
        enough = rules.needed(len(this.members))
        if len(held) < enough:
            self._later(task, "waits", f"{len(held)} nodes hold the update, {enough} are needed")
            self._rest[task.study] = self.door.now() + HELD_MILLISECONDS
            return False
        if is_sealed(view.study, this):
            self._do(task, ask.Unseal(study, this.id, update, size, self._salt(study, first), held))
        else:
            self._do(task, ask.Submit(study, this.id, update, size, held))
        self._report(task, "submitted", f"update {update.hex()[:16]}, held by {len(held)} nodes")
        return True

    def commit(self, task: queries.Task, view: queries.StudyView, seen: queries.RoundView) -> bool:
        """Re-compute the round from the cohort's updates, and commit to the result.

        Whoever commits last opens in the same transaction: there is nobody left who could copy the result.
        Where the ledger knows of somebody, it refuses both, and the commitment goes alone; whoever then finds
        that it was the last one opens at once. Here the member's own node, which replayed every block, is
        enough: an orderer that shows it commitments which it shows nobody else is convicted by that.
        """
        this = seen.round
        outcome = self.diary.result(task.study, this.id) or self._own_result(view, seen)
        committed = rules.commitment(this.id, self.door.member, outcome)
        ahead = () if task.keys is None else (self.masks.keys(task.study, task.keys),)
        alone = (ask.CommitResult(task.study, this.id, committed), *ahead)
        opened = self._commits_last(task) and self._opens_too(task, outcome, *alone)
        if not opened:
            self._do(task, *alone)
        self._report(task, "committed", f"sum {outcome.sum.hex()[:16]} of {len(this.cohort)} updates")
        if opened:
            self._report(task, "opened", f"sum {outcome.sum.hex()[:16]}")
        elif self._was_last(task):
            return self.open(task, view, seen)
        self._settle(view, this)
        return True

    def _was_last(self, task: queries.Task) -> bool:
        """Whether the round waits for an opening by now."""
        now = self._newest(task).round
        return now.status == "open" and now.step == "open"

    def _newest(self, task: queries.Task) -> queries.RoundView:
        which = queries.ByRound(task.study, task.index, task.attempt)
        return self.door.query("training.round", which, queries.RoundView)

    def _commits_last(self, task: queries.Task) -> bool:
        """Whether everybody else who is waited for has committed by now."""
        seen = self._newest(task)
        done = {self.door.member, *(result.member for result in seen.results)}
        if len(done) < rules.needed(len(seen.round.members)):
            return False
        late = [name for name in awaited(seen.round) if name not in done]
        if not late:
            return True
        parts = self.door.query("training.study", queries.ById(task.study), queries.StudyView).parts
        absent = {part.member for part in parts if part.part.absent}
        return all(name in absent for name in late)

    def _opens_too(self, task: queries.Task, outcome: Outcome, *messages: Record) -> bool:
        opening = ask.OpenResult(task.study, task.round or b"", outcome.sum, outcome.state)
        try:
            self._do(task, *messages, opening)
        except Refused as code:
            if str(code) != STEP_NOT_OVER:
                raise
            return False
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
            self.states.take(this.study, this.index + 1, computed.state)
        self.diary.keep_result(this.study, this.id, outcome)
        return outcome

    def open(self, task: queries.Task, view: queries.StudyView, seen: queries.RoundView) -> bool:
        """Open the own commitment."""
        outcome = self.diary.result(task.study, seen.round.id) or self._own_result(view, seen)
        self._do(task, ask.OpenResult(task.study, seen.round.id, outcome.sum, outcome.state))
        self._report(task, "opened", f"sum {outcome.sum.hex()[:16]}")
        self._settle(view, seen.round)
        return True

    def _settle(self, view: queries.StudyView, this: Round) -> None:
        """Have the new state kept: now, or where the next round begins with shares, once they are dealt."""
        last = this.index + 1 == rules.rounds_of(view.study.terms.stages)
        if not this.keyed or last:
            self.states.settle(this.study)
        model = self.states.held(this.study, this.index + 1) if last else None
        if model is not None and self.curves is not None:
            self._measure(view, this.index + 1, model, self._table(view, self._part(view)))

    def _meanwhile(self, task: queries.Task) -> bool:
        """While others are awaited: say that one is there again, and publish keys for the round to come."""
        ahead = () if task.keys is None else (self.masks.keys(task.study, task.keys),)
        if not task.absent and not ahead:
            return False
        self._do(task, *ahead)
        return True

    def _placed(self, view: queries.StudyView, this: Round, decided: bytes | None, first: bytes) -> bytes:
        """Have the member's update at its node, decide on it for the try `first`, and give its blob id.

        It is decided on before it is offered to anybody. If the node lost it since, it is made again, where
        that gives the very same; raises LeftOut where it does not.
        """
        if decided is not None and self._is_here(decided):
            return decided
        blob = self._covered(view, this, self._part(view))
        if decided is not None and blob_id(blob) != decided:
            raise LeftOut(f"the update decided on in round {this.index + 1} is lost")
        return self.diary.keep_update(this.study, first, self.door.put_blob(blob))

    def _is_here(self, blob: bytes) -> bool:
        try:
            self.door.get_blob(blob)
        except DoorClosed:
            return False
        return True

    def _part(self, view: queries.StudyView) -> Joined:
        return next(part.part for part in view.parts if part.member == self.door.member)

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
        table = self._table(view, part)
        home = self.states.home(this)
        state = self.states.own(view, this.index, this.state)
        own = Own(home, self.trainer)
        blob, following = self.apart(lambda: contribute(known, this, state, table, own))
        if following != home:
            self.diary.keep_home(this.study, this.index, following)
        self._measure(view, this.index, state, table)
        return blob

    def _table(self, view: queries.StudyView, part: Joined) -> Table:
        table = self.data.table(part.dataset, part.version, self.states.plans(view.study).schema)
        if table.records != part.records:
            raise Stop(f"joined with {part.records} records, the data set has {table.records}")
        return table

    def _measure(self, view: queries.StudyView, index: int, state: bytes, table: Table) -> None:
        """Note for the member's own officers how the model that round `index` starts from does."""
        if self.curves is not None:
            plans = self.states.plans(view.study)
            measure(self.curves, plans, view.study.id, table, index=index, state=state)

    def result(self, view: queries.StudyView, seen: queries.RoundView) -> Computed:
        """The round re-computed from the updates of its cohort."""
        state = self.states.own(view, seen.round.index, seen.round.state)
        return self.states.computed(view, seen, state)

    # ------------------------------------------------------------------ small things

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
