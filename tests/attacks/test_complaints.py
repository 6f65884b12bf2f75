"""Shares that do not open for whoever gets them, and complaints of shares that do."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from consortia.base.ids import origin
from consortia.base.note import Checkpoint, Note, sign_log
from consortia.engines.mask import Secrets
from consortia.kernel.block import Block
from consortia.kernel.ledger import Ledger
from consortia.modules.training import masked
from consortia.modules.training import messages as ask
from consortia.modules.training.state import complaints_of
from consortia.modules.training.types import PlainShares
from consortia.node.chain import Chain, KeyFor
from consortia.node.memory import PlainMemory
from consortia.node.witness import Withheld, Witness
from consortia.store.memory import MemoryStore
from consortia.testing.local import LocalDoor
from consortia.testing.studies import MEMBERS
from consortia.workers.door import DoorClosed
from consortia.workers.masks import LeftOut, Masks
from consortia.workers.terms import MASKED
from consortia.workers.worker import Worker
from tests.attacks.coalition import Coalition, Colluder, coalition, heard, seen, sent
from tests.attacks.removed import without
from tests.workers.four import Consortium

pytestmark = pytest.mark.slow

OTHERS = ("east", "north", "south")


def study(tmp_path, **kinds) -> Consortium:
    return Consortium(tmp_path, kinds=kinds, rounds=1, summing=MASKED).join().start()


class Garbling(Colluder):
    """Deals garbage to some."""

    victims = OTHERS

    def deal(self, task, view, seen):
        dealt = self.masks.shares(seen.round)
        near = sorted(seen.round.keyed)
        shares = tuple(
            changed(one, sealed=bytes(len(one.sealed))) if name in self.victims else one
            for name, one in zip(near, dealt.shares, strict=True)
        )
        self._do(task, changed(dealt, shares=shares))
        return True


class Silent(Garbling):
    """Deals garbage to all others, and answers nobody."""

    def answer(self, task, view, seen):
        return False


# ------------------------------------------------------------------ nobody is named


def sitting_out(self: Masks, this, now: int) -> None:
    """`Masks.complaint` of a worker that cannot complain: it does not mask where shares do not open."""
    if any(bundle is None for _, bundle in self._bundles(this)):
        raise LeftOut("the shares do not open")


def test_without_complaints_who_deals_garbage_stops_a_study_and_others_are_named_missing(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(Masks, "complaint", sitting_out)
    four = study(tmp_path, west=Silent).finish()
    assert four.progress.status == "aborted"
    assert {this.missing for this in four.rounds()[:1]} == {OTHERS}


def test_who_deals_garbage_and_answers_nobody_is_named_and_left_out(tmp_path):
    four = study(tmp_path, west=Silent).finish()
    first, second = four.rounds()[:2]
    assert (first.status, first.missing) == ("aborted", ("west",))
    assert second.cohort == OTHERS
    assert four.progress.status == "finished"


# ------------------------------------------------------------------ complaints that show too much


class GarblingForTwo(Garbling):
    """Deals garbage to all but north, so that these complain."""

    victims = ("east", "south")


def test_complaints_that_showed_the_key_of_the_try_would_together_bare_who_dealt_honestly(tmp_path):
    four = study(tmp_path, west=GarblingForTwo, east=Colluder, south=Colluder)
    four.net.drive(four.workers, lambda: four.rounds()[0].step == "commit")
    this = four.rounds()[0]
    own = {name: four.workers[name].diary.secrets(this.study, this.id) for name in ("east", "south", "west")}
    shown = {name: replace(Secrets.of(drawn), seed=b"-" * 32) for name, drawn in own.items()}
    assert Coalition(seen(four, this), shown).plain("north") == sent(four, this, "north")


def test_complaints_show_nothing_and_answers_what_their_dealer_dealt(tmp_path):
    four = study(tmp_path, west=GarblingForTwo).finish()
    this = four.rounds()[0]
    assert [name for name, one in heard(four.bench) if isinstance(one, ask.Complain)][:2] == ["east", "south"]
    assert {name for name, one in heard(four.bench) if isinstance(one, ask.Answer)} == {"west"}
    assert coalition(four, this, ("west",)).plain("north") is None
    assert four.progress.status == "finished"


# ------------------------------------------------------------------ false complaints


class Accusing(Colluder):
    """Complains of north, whose shares open."""

    accused = False

    def submit(self, task, view, seen):
        if not self.accused:
            self._do(task, ask.Complain(seen.round.study, seen.round.id, "north"))
            self.accused = True
            return True
        held = next(one for one in self.masks._shared(seen.round).held if one.dealer == "north")
        waits = held.complaint is not None and held.complaint.answer is None
        return not waits and super().submit(task, view, seen)


def test_where_a_dealer_cannot_answer_a_false_complaint_throws_it_out(tmp_path, monkeypatch):
    monkeypatch.setattr(Worker, "answer", lambda *_: False)
    four = study(tmp_path, west=Accusing)
    four.net.drive(four.workers, lambda: len(four.rounds()) == 2)
    first, second = four.rounds()
    assert first.missing == ("north",)
    assert "north" not in second.members


def test_a_false_complaint_is_answered_by_what_the_complainer_had(tmp_path):
    four = study(tmp_path, west=Accusing).finish()
    this = four.rounds()[0]
    assert this.cohort == tuple(sorted(MEMBERS))
    ((dealer, answer),) = [each for each in heard(four.bench) if isinstance(each[1], ask.Answer)]
    west = coalition(four, this, ("west",))
    assert (dealer, answer.holder) == ("north", "west")
    assert west.bundle("north", "west").seed_share == answer.shares.seed_share
    assert west.bundle("north", "west").key_share == answer.shares.key_share
    assert west.plain("north") is None


# ------------------------------------------------------------------ false answers


class Misanswering(GarblingForTwo):
    """Answers with other shares than it committed to."""

    def answer(self, task, view, seen):
        told = self.masks.answers(seen.round, self.door.final_height())
        self._do(task, *(changed(one, shares=self.false(one.shares)) for one in told))
        return True

    def false(self, shares: PlainShares) -> PlainShares:
        return changed(shares, seed_share=bytes(len(shares.seed_share)))

    def reveal(self, task, view, seen):
        return False


def test_without_the_hashes_of_shares_false_answers_keep_honest_holders_from_revealing(tmp_path):
    four = study(tmp_path, west=Misanswering)
    with without(masked.answer, "NOT_AS_DEALT"):
        four.net.drive(four.workers, lambda: len(four.rounds()) == 2)
    assert {"east", "south"} <= set(four.rounds()[0].missing)


def test_an_answer_that_is_not_as_dealt_is_none(tmp_path):
    four = study(tmp_path, west=Misanswering).finish()
    assert four.net.said("west", "refused")[0].detail == "training.not_as_dealt"
    assert four.rounds()[0].missing == ("west",)
    assert four.progress.status == "finished"


# ------------------------------------------------------------------ more complaints than answers in a call

TWENTY = tuple(f"member-{number:02}" for number in range(20))


def all_accuse_one(tmp_path) -> Consortium:
    """Nineteen members complain of the first, whose shares open for all of them."""
    many = Consortium(tmp_path, members=TWENTY, rounds=1, summing=MASKED, quorum=14).join().start()
    many.net.drive(many.workers, lambda: many.rounds()[0].step == "submit")
    this, first = many.rounds()[0], TWENTY[0]
    for name in TWENTY[1:]:
        many.bench.ok(name, "worker", ask.Complain(this.study, this.id, first))
    some = {name: many.workers[name] for name in TWENTY[:2]}
    many.net.drive(some, lambda: len(many.rounds()) == 2 or not left(many, first))
    return many


def left(many: Consortium, dealer: str) -> int:
    """How many complaints of a dealer wait for its answer."""
    this = many.rounds()[0]
    found = complaints_of(many.bench.context(), this.id).items()
    return sum(1 for (accused, _), one in found if accused == dealer and one.answer is None)


def test_where_all_are_answered_at_once_many_complaints_throw_a_dealer_out(tmp_path, monkeypatch):
    monkeypatch.setattr("consortia.workers.rounds.ANSWERS_MAX", len(TWENTY))
    many = all_accuse_one(tmp_path)
    assert many.net.said(TWENTY[0], "refused")[0].detail == "kernel.malformed"
    assert many.rounds()[0].missing == (TWENTY[0],)


def test_a_dealer_answers_more_complaints_than_one_transaction_holds(tmp_path):
    many = all_accuse_one(tmp_path)
    assert len(many.rounds()) == 1
    assert len(many.net.said(TWENTY[0], "answered")) == 2


# ------------------------------------------------------------------ an answer that is held back


class Silenced(LocalDoor):
    """A door to an orderer that takes no answer; other nodes are given it."""

    kept = b""

    def submit(self, *messages):
        if any(isinstance(each, ask.Answer) for each in messages):
            self.kept = self.net.bench.sign(self.member, "worker", *messages)
            raise DoorClosed("the orderer does not answer")
        return super().submit(*messages)


def silenced(tmp_path) -> Consortium:
    """West complains falsely of north, whose answer the orderer does not let in."""
    four = study(tmp_path, west=Accusing)
    door = Silenced(four.net, "north")
    worker = four.workers["north"]
    worker.door = worker.masks._door = worker.states._door = door
    four.net.drive(four.workers, lambda: bool(door.kept))
    return four


def witness_of(four: Consortium, name: str) -> Witness:
    """A member's witness that replayed the ledger so far, and holds the answer if it holds such things."""
    bench = four.bench
    ledger = Ledger.create(MemoryStore(), bench.app, bench.genesis)
    for block in bench.blocks:
        ledger.append(block)
    chain = Chain(ledger)
    witness = Witness(chain, name, KeyFor(chain, name, (bench.key(name, "node"),)), PlainMemory())
    witness.hold(four.workers["north"].door.kept, bench.time)
    return witness


def left_out(four: Consortium) -> str | None:
    """Why south's witness cosigns no checkpoint of a later block that has not the answer; None if it does."""
    witness, bench = witness_of(four, "south"), four.bench
    ledger, time = witness.chain.ledger, bench.time + 5_000
    ledger.append(Block(ledger.tip.height + 1, time, ()))
    witness.arrived(ledger.tip.size, time, time)
    witness.applied([], time)
    checkpoint = Checkpoint(origin(bench.network), ledger.tip.size, ledger.tip.root)
    note = Note(checkpoint, (sign_log(checkpoint, bench.key("east", "node")),))
    try:
        witness.consider(note, "east", 0, time)
    except Withheld as why:
        return str(why)
    return None


def test_where_answers_are_not_urgent_an_orderer_has_an_honest_dealer_thrown_out(tmp_path, monkeypatch):
    four = silenced(tmp_path)
    bound = four.bench.app.methods["training.answer"]
    patient = replace(bound, method=replace(bound.method, urgent=False))
    monkeypatch.setitem(four.bench.app.methods, "training.answer", patient)
    assert left_out(four) is None
    four.net.drive(four.workers, lambda: len(four.rounds()) == 2)
    assert four.rounds()[0].missing == ("north",)
    assert "north" not in four.rounds()[1].members


def test_an_orderer_that_leaves_an_answer_out_gets_no_cosignatures(tmp_path):
    assert "leaves out the urgent transaction" in (left_out(silenced(tmp_path)) or "")


# ------------------------------------------------------------------ a complaint that is not final


def answered(four: Consortium) -> bool:
    return any(isinstance(each, ask.Answer) for _, each in heard(four.bench))


def complained_of(tmp_path) -> Consortium:
    """West has complained of north in a block that no final checkpoint covers yet."""
    four = study(tmp_path, west=Accusing)
    four.net.drive(four.workers, lambda: four.rounds()[0].step == "submit")
    final = four.bench.tip.height
    assert four.workers["west"].work()
    four.net.lag = four.bench.tip.height - final
    return four


def due(four: Consortium):
    """What north has to do."""
    (task,) = four.bench.query("training.due", member="north").tasks
    assert task.action == "answer"
    return task


def test_where_complaints_need_not_be_final_shares_are_shown_in_a_history_that_may_not_stand(
    tmp_path, monkeypatch
):
    four = complained_of(tmp_path)
    shown = Masks.answers
    monkeypatch.setattr(Masks, "answers", lambda self, this, _final: shown(self, this, 1 << 62))
    task = due(four)
    four.workers["north"]._step(task, four.workers["north"].answer)
    assert answered(four)


def test_a_complaint_that_is_not_final_is_not_answered(tmp_path):
    four = complained_of(tmp_path)
    worker = four.workers["north"]
    assert not worker._step(due(four), worker.answer)
    worker.work()
    assert not answered(four)
    four.net.lag = 0
    assert worker.work()
    assert answered(four)
