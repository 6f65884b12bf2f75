"""Many members' bad days at random: they vanish, come back, deal falsely, reveal falsely, lie, send nonsense.

Whatever happens: a model is the plain re-computation over its cohorts, or the study says why there is none;
and nobody who keeps to what the members agreed learns another's update from all that was said.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from random import Random

import numpy as np
import pytest
from msgspec.structs import replace as changed

from consortia.base.hashing import sha256
from consortia.base.shares import share_hash
from consortia.modules.training import masks
from consortia.modules.training.messages import Answer, Complain, DealShares, PublishKeys, Reveal, Submit
from consortia.modules.training.types import Outcome, Round
from consortia.workers.arithmetic import Summing, compute, plans
from consortia.workers.masks import Given
from consortia.workers.terms import MASKED
from tests.attacks.coalition import Coalition, Colluder, coalition, heard
from tests.workers.four import Consortium

pytestmark = pytest.mark.slow

NAMES = ("amber", "birch", "cedar", "delta", "ember", "fir", "gorse")
GROUPS = Summing("masked", "median", 0, group=3)
FAULTS = (
    "another seed",
    "garbage",
    "no answer",
    "a false complaint",
    "a false share",
    "silence",
    "a lie",
    "nonsense",
)
AWAY_MS = (5_000, 40_000, 70_000)


class Fickle(Colluder):
    """Is away now and then, and may have faults; keeps everything, so that it can collude."""

    chance: Random
    faults: tuple[str, ...] = ()
    away = 0

    def work(self) -> bool:
        return self.door.now() >= self.away and super().work()

    def vanishes(self, often: float) -> bool:
        if self.chance.random() < often:
            self.away = self.door.now() + self.chance.choice(AWAY_MS)
        return self.door.now() < self.away

    def publish_keys(self, task):
        return not self.vanishes(0.02) and super().publish_keys(task)

    def submit(self, task, view, seen):
        if self.does("a false complaint"):
            others = [name for name in seen.round.dealers if name != self.door.member]
            self._do(task, Complain(seen.round.study, seen.round.id, self.chance.choice(others)))
        return not self.vanishes(0.1) and super().submit(task, view, seen)

    def answer(self, task, view, seen):
        return not self.does("no answer") and not self.vanishes(0.05) and super().answer(task, view, seen)

    def commit(self, task, view, seen):
        return not self.vanishes(0.05) and super().commit(task, view, seen)

    def does(self, fault: str) -> bool:
        return fault in self.faults and self.chance.random() < 0.5

    def deal(self, task, view, seen):
        if self.vanishes(0.05):
            return False
        own = self.masks._secrets(seen.round)
        if self.does("another seed"):
            self.masks._secrets = lambda this: replace(own, seed=own.dealing[::-1])
        try:
            dealt = self.masks.shares(seen.round)
        finally:
            self.masks.__dict__.pop("_secrets", None)
        entries = list(dealt.shares)
        if self.does("garbage"):
            at = self.chance.randrange(len(entries))
            entries[at] = changed(entries[at], sealed=bytes(len(entries[at].sealed)))
        self._do(task, changed(dealt, shares=tuple(entries)))
        return True

    def reveal(self, task, view, seen):
        if self.does("silence") or self.vanishes(0.2):
            return False
        shown = self.masks.reveal(seen.round)
        if self.does("a false share"):
            false = changed(shown.shares[0], share=bytes(len(shown.shares[0].share)))
            shown = changed(shown, shares=(false, *shown.shares[1:]))
        self._do(task, shown)
        return True

    def update(self, view, this, part):
        own = super().update(view, this, part)
        return b"\xff" * len(own) if len(own) and self.does("nonsense") else own

    def _own_result(self, view, seen):
        found = super()._own_result(view, seen)
        if self.does("a lie"):
            found = Outcome(found.sum, self.chance.randbytes(32))
            self.diary.keep_result(seen.round.study, seen.round.id, found)
        return found


def played(seed: int, folder) -> Consortium:
    """A study to its end, with fewer than a third at fault."""
    chance = Random(seed)
    grouped = chance.random() < 0.3
    count = chance.choice((6, 7) if grouped else (4, 4, 5, 6))
    names, quorum = NAMES[:count], chance.choice((3, 4) if count > 4 and not grouped else (3,))
    kinds, summing = dict.fromkeys(names, Fickle), GROUPS if grouped else MASKED
    many = Consortium(folder, members=names, kinds=kinds, rounds=1, summing=summing, quorum=quorum)
    bad = chance.choice(names)
    for name, worker in many.workers.items():
        worker.chance = Random(f"{seed} {name}")
        worker.masks._draw = worker.chance.randbytes
    many.workers[bad].faults = tuple(chance.sample(FAULTS, 3))
    return many.join().start().finish()


# ------------------------------------------------------------------ what must hold at the end


def plain(many: Consortium, this: Round, name: str) -> bytes | None:
    """What a member masked in a try."""
    view = many.bench.query("training.masks", study=this.study, index=this.index, attempt=this.attempt)
    return many.workers[name].diary.plain(this.study, this.index, view.repeats or this.id)


def check_model(many: Consortium) -> None:
    """Every final round has the outcome of its cohort's plain updates; a study without a model says why."""
    view = many.bench.query("training.study", study=many.study)
    known, records = plans(view.study.terms), {part.member: part.part.records for part in view.parts}
    state = known.plan.initial
    for this in many.rounds():
        if this.status == "final":
            given = [Given(name, records[name], partial(plain, many, this, name)) for name in this.cohort]
            summed = [[one for one in given if one.member in each] for each in masks.sums(this)]
            as_one = [added(one) for one in summed if one] if this.group else given
            computed = compute(known, this, state, as_one)
            assert computed.outcome == this.outcome
            state = computed.state
    if view.progress.status == "finished":
        assert many.model() == state
    else:
        last = many.rounds()[-1]
        told = any(word in view.progress.reason for word in ("nonsense", "apart", "differ"))
        assert last.missing or told, view.progress.reason


def added(given: list[Given]) -> Given:
    """Several members' updates as those of one who has all their records."""
    words = np.sum([np.frombuffer(one.read(), dtype="<i8") for one in given], axis=0)
    return Given(given[0].member, sum(one.records for one in given), words.tobytes)


def check_said(many: Consortium) -> None:
    """Nobody revealed both kinds of one dealer's shares, no key served twice, no mask covered two vectors."""
    rounds, said = {this.id: this for this in many.rounds()}, heard(many.bench)
    dealt = {(name, one.round): one for name, one in said if isinstance(one, DealShares)}
    kinds, keys, blobs = defaultdict(set), Counter(), defaultdict(set)
    for name, message in said:
        if isinstance(message, Reveal):
            for share in message.shares:
                near = masks.neighbourhood(rounds[message.round], share.dealer)
                entry = dealt[share.dealer, message.round].shares[near.index(name)]
                for kind, committed in (("seed", entry.seed), ("key", entry.key)):
                    hashed = share_hash(
                        message.round, share.dealer, name, kind, salt=share.salt, share=share.share
                    )
                    if hashed == committed:
                        kinds[name, message.round, share.dealer].add(kind)
        elif isinstance(message, PublishKeys):
            keys.update((message.masking, message.sealing, message.seed))
        elif isinstance(message, Submit):
            blobs[name, message.round].add(message.blob)
    assert all(len(each) == 1 for each in kinds.values())
    assert all(len(each) == 1 for each in blobs.values())
    assert all(count == 1 for count in keys.values())


def check_secrecy(many: Consortium) -> None:
    """No coalition below the threshold that leaves two of every sum out can tell an update of any other."""
    quorum = many.bench.query("training.study", study=many.study).study.terms.quorum
    for names in itertools.chain.from_iterable(
        itertools.combinations(many.members, size) for size in range(1, quorum - 1)
    ):
        if not below(many, names):
            continue
        sums = list(known_sums(many, names))
        updates = sorted({update for each in sums for update in each})
        rows = np.array([[float(one in each) for one in updates] for each in sums])
        for at, update in enumerate(updates):
            unit = np.zeros((1, len(updates)))
            unit[0, at] = 1
            more = np.linalg.matrix_rank(np.vstack([rows, unit]))
            assert more > np.linalg.matrix_rank(rows), f"{names} know what {update[0]} sent"


def below(many: Consortium, names: Iterable[str]) -> bool:
    """Whether a coalition is below every threshold, with those whose shares it reads in answers to them."""
    answers = [one for _, one in heard(many.bench) if isinstance(one, Answer)]
    for this in many.rounds():
        them = {*names, *(one.holder for one in answers if one.round == this.id)}
        if any(len(them) >= masks.threshold(this, name) for name in this.dealers):
            return False
    return True


def known_sums(many: Consortium, names: Iterable[str]) -> Iterator[frozenset[tuple[str, bytes]]]:
    """The sums that a coalition can uncover, each by the others' updates in it: a member and its digest."""
    for this in many.rounds():
        if this.dealers:
            them = coalition(many, this, names)
            for some in _uncovered(them):
                others = [name for name in some if name not in them.own]
                told = [(name, sha256(plain(many, this, name) or b"")) for name in others]
                if told:
                    yield frozenset(told)


def _uncovered(them: Coalition) -> Iterator[tuple[str, ...]]:
    for each in masks.sums(them.this):
        there = [name for name in each if name in them.known.of(Submit) and name in them.this.dealers]
        for size in range(1, len(there) + 1):
            yield from (some for some in itertools.combinations(there, size) if them.uncovers(some))


def test_whatever_goes_wrong_a_model_is_the_plain_one_and_no_update_is_bared(tmp_path, programme):
    ends: Counter[str] = Counter()
    count = programme(quick=2, test=14, nightly=2_000)
    for seed in range(count):
        many = played(seed, tmp_path / str(seed))
        check_model(many)
        check_said(many)
        check_secrecy(many)
        ends.update([many.progress.status, *(this.status for this in many.rounds())])
    assert ends["final"]
    assert ends["aborted"]


def test_the_programme_finds_who_is_bared_where_every_sum_may_be_told(tmp_path, monkeypatch):
    monkeypatch.setattr(masks, "told_apart", lambda _earlier, _new, _excluded: ())
    with pytest.raises(AssertionError, match=r"know what .* sent"):
        hunt(tmp_path, 100)


def hunt(folder, seeds: int) -> None:
    for seed in range(seeds):
        check_secrecy(played(seed, folder / str(seed)))
