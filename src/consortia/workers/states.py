"""The states of a study that a worker computed itself, and the rounds it computes them from."""

from dataclasses import dataclass
from functools import partial

from consortia.engines.commit.chunks import blob_id
from consortia.modules.training import queries
from consortia.modules.training.types import Outcome, Round, Study
from consortia.workers.arithmetic import BadRound, Computed, Plans, compute, plans
from consortia.workers.diary import Diary
from consortia.workers.door import Door, DoorClosed
from consortia.workers.masks import Given, Masks


class Stop(Exception):
    """The worker takes no part in a study any more; the text says why."""


@dataclass(slots=True)
class Newest:
    """The newest state that a worker computed in a study: for which round, its blob id, its bytes.

    `kept` says that the node and the diary have it.
    """

    index: int
    id: bytes
    state: bytes
    kept: bool


class States:
    """What one member's worker re-computes: it goes on only from states of its own."""

    def __init__(self, door: Door, diary: Diary, masks: Masks) -> None:
        self._door, self._diary, self._masks = door, diary, masks
        self._plans: dict[bytes, Plans] = {}
        self._newest: dict[bytes, Newest] = {}

    def plans(self, study: Study) -> Plans:
        """What a study's terms mean; raises BadTerms."""
        if study.id not in self._plans:
            self._plans[study.id] = plans(study.terms)
        return self._plans[study.id]

    def take(self, study: bytes, index: int, state: bytes) -> None:
        """Take a state of the worker's own, from which round `index` starts if the members agree."""
        self._newest[study] = Newest(index, blob_id(state), state, kept=False)

    def settle(self, study: bytes) -> None:
        """Have what was taken kept by the node, and note that it is the worker's own.

        Until then a worker that is killed computes it again.
        """
        newest = self._newest.get(study)
        if newest is not None and not newest.kept:
            self._door.put_blob(newest.state)
            self._diary.keep_state(study, newest.index, newest.id)
            newest.kept = True

    def held(self, study: bytes, index: int) -> bytes | None:
        """The state that round `index` would start from, if it is the newest computed here; or None."""
        newest = self._newest.get(study)
        return newest.state if newest is not None and newest.index == index else None

    def forget(self, study: bytes) -> None:
        """Let go of a study that is over."""
        self._newest.pop(study, None)

    def have_model(self, view: queries.StudyView) -> None:
        """See that the bytes of a study's last state are there, before the model stands.

        Its workers may have been killed between their commitments and keeping it: it is computed again then.
        """
        try:
            self._door.get_blob(view.progress.state)
        except DoorClosed:
            self.own(view, view.progress.index, view.progress.state)

    def own(self, view: queries.StudyView, index: int, agreed: bytes) -> bytes:
        """The state that round `index` starts from, by own computation; raises Stop when others disagree.

        A worker that was away, or whose newest state came from a try that was given up, re-computes
        the rounds since the last state of its own that the members agreed on.
        """
        study = view.study
        newest = self._newest.get(study.id)
        if newest is not None and (newest.index, newest.id) == (index, agreed):
            self.settle(study.id)
            return newest.state
        at, state = self._last_agreed(study, index)
        while at < index:
            seen = self._final_view(study.id, at)
            state = self._result_from(view, seen, state).state
            at += 1
            self.take(study.id, at, state)
            if self._newest[study.id].id != self._outcome(seen.round).state:
                del self._newest[study.id]
                raise Stop(f"in round {at} the members agreed on a result that is not this worker's own")
            self.settle(study.id)
        return state

    def _last_agreed(self, study: Study, index: int) -> tuple[int, bytes]:
        """The newest state of its own up to round `index` that the members agreed on, and its index."""
        for at in self._diary.states(study.id, index):
            known = self._diary.state(study.id, at)
            if known is not None and known == self._agreed(study.id, at - 1):
                try:
                    return at, self._door.get_blob(known)
                except DoorClosed:  # nobody has it: it is computed again from the one before
                    continue
        state = self._initial(study)
        if blob_id(state) != study.terms.initial:
            raise Stop("the study starts from a state whose bytes do not have its id")
        return 0, state

    def _result_from(self, view: queries.StudyView, seen: queries.RoundView, state: bytes) -> Computed:
        """A past round re-computed from a state of the worker's own."""
        try:
            return self.computed(view, seen, state)
        except BadRound as error:
            raise Stop(
                f"round {seen.round.index + 1} was agreed on, and has no result here: {error}"
            ) from None

    def computed(self, view: queries.StudyView, seen: queries.RoundView, state: bytes) -> Computed:
        """A round re-computed from a state and the updates of its cohort; raises BadRound."""
        known, this = self.plans(view.study), seen.round
        return compute(known, this, state, self._updates(seen), self._masks.view(this))

    def home(self, this: Round) -> bytes:
        """What the member keeps at home of a study: that of the newest round before which counted its update.

        Every try of a round sends the same update, so what is kept belongs to the round's index.
        """
        for index in self._diary.homes(this.study, this.index):
            past = self._final_view(this.study, index).round
            if past.outcome is not None and self._door.member in past.cohort:
                self._diary.forget_homes(this.study, index)
                return self._diary.home(this.study, index)
        return b""

    def _updates(self, seen: queries.RoundView) -> list[Given]:
        """What a round's cohort gave, by member."""
        given = {item.member: item for item in seen.updates}
        return [
            Given(name, given[name].records, partial(self._door.get_blob, given[name].submission.blob))
            for name in seen.round.cohort
        ]

    def _initial(self, study: Study) -> bytes:
        known = self.plans(study)
        if study.terms.model is None:
            return known.plan.initial
        return self._door.get_blob(study.terms.initial)

    def _agreed(self, study: bytes, index: int) -> bytes:
        return self._outcome(self._final_view(study, index).round).state

    def _final_view(self, study: bytes, index: int) -> queries.RoundView:
        return self._door.query("training.round", queries.ByRound(study, index, None), queries.RoundView)

    @staticmethod
    def _outcome(this: Round) -> Outcome:
        if this.outcome is None:
            raise Stop(f"round {this.index + 1} is {this.status}, and a later one began")
        return this.outcome
