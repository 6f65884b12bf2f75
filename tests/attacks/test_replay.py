"""What was said once is said again: another's consent, another try's message, another round's masks."""

from consortia.engines.mask import Secrets
from consortia.kernel.admission import Admission
from consortia.modules.training import masked, steps
from consortia.modules.training.messages import DealShares, Join, Leave, PublishKeys
from consortia.testing.local import LocalDoor
from consortia.testing.studies import MEMBERS
from consortia.workers.diary import Diary
from consortia.workers.door import DoorClosed
from consortia.workers.terms import MASKED
from tests.attacks.coalition import Coalition, Colluder, coalition, heard, seen, sent
from tests.attacks.removed import without
from tests.workers.four import Consortium, dataset_of

# ------------------------------------------------------------------ another's consent


def consent_and_leave(tmp_path) -> tuple[Consortium, bytes]:
    """East joins a study and thinks better of it; its transaction is there for all to see."""
    four = Consortium(tmp_path, rounds=1, summing=MASKED).join("north", "south", "west")
    joined = four.bench.sign("east", "worker", Join(four.study, dataset_of(four.bench, "east", 10), 1, 10))
    four.bench.block(joined)
    four.bench.ok("east", "worker", Leave(four.study))
    return four, joined


def test_without_sequences_a_consent_that_was_withdrawn_is_given_again_by_anybody(tmp_path):
    four, joined = consent_and_leave(tmp_path)
    with without(Admission._check_sequence, "REPLAYED"):
        assert four.bench.block(joined)[0].code == "ok"
    assert "east" in four.start().finish().progress.contributors


def test_a_replayed_transaction_is_in_no_block(tmp_path):
    four, joined = consent_and_leave(tmp_path)
    assert four.bench.admission_code(joined) == "kernel.replayed"
    assert "east" not in four.start().finish().progress.contributors


# ------------------------------------------------------------------ a message of another try


class HoldingBack(LocalDoor):
    """Signs the first try in a lane of its own, where the orderer keeps the shares back."""

    held: bytes = b""
    first: bytes = b""

    def submit(self, *messages):
        last, bench = messages[-1], self.net.bench
        if isinstance(last, DealShares) and last.round == self.first:
            until = bench.time + 10_000_000
            self.held = self.held or bench.sign(self.member, "worker", *messages, lane=1, expires=until)
            raise DoorClosed("no answer")
        return super().submit(*messages)


def held_back(tmp_path) -> tuple[Consortium, bytes]:
    """A second try that waits for shares, and those that east dealt in the first."""
    four = Consortium(tmp_path, rounds=1, summing=MASKED, quorum=4).join().start()
    four.workers["east"].door = door = HoldingBack(four.net, "east")
    door.first = four.rounds()[0].id
    four.net.drive(four.workers, lambda: len(four.rounds()) == 2 and four.rounds()[1].step == "shares")
    assert [(this.index, this.attempt) for this in four.rounds()] == [(0, 0), (0, 1)]
    return four, door.held


def test_without_the_id_of_the_try_shares_that_were_held_back_spoil_the_next(tmp_path):
    four, held = held_back(tmp_path)
    with without(steps.round_at, "WRONG_ROUND"), without(masked.deal_shares, "OTHER_KEYS"):
        assert four.bench.block(held)[0].code == "ok"
    four.net.drive(four.workers, lambda: four.rounds()[1].step != "shares")
    four.net.drive(four.workers, lambda: four.rounds()[1].status == "aborted")


def test_a_message_of_another_try_is_refused(tmp_path):
    four, held = held_back(tmp_path)
    assert four.bench.block(held)[0].code == "training.wrong_round"
    assert four.finish().progress.status == "finished"
    assert four.rounds()[1].cohort == tuple(sorted(MEMBERS))


# ------------------------------------------------------------------ the masks of another round


def gone_later(tmp_path) -> tuple[Consortium, bytes | None]:
    """North is in the first sum and drops out of the second: what west makes of north's first update."""
    four = Consortium(tmp_path, kinds={"west": Colluder}, rounds=1, summing=MASKED).join().start()
    four.net.drive(four.workers, lambda: len(four.rounds()) == 2 and four.rounds()[1].step == "submit")
    del four.workers["north"]
    four.finish()
    first, second = four.rounds()
    seed = coalition(four, first, ("west",)).secret("north", "seed")
    key = coalition(four, second, ("west",)).secret("north", "key")
    both = {"north": Secrets(seed, key, b"a" * 32, b"b" * 32)}
    return four, Coalition(seen(four, first), both).plain("north")


def test_secrets_that_serve_two_rounds_bare_who_drops_out_of_the_second(tmp_path, monkeypatch):
    drawn: dict[Diary, bytes] = {}
    keep = Diary.keep_secrets

    def keep_for_all(self, study, round_id, secrets):
        drawn[self] = keep(self, study, round_id, secrets)
        return drawn[self]

    monkeypatch.setattr(Diary, "keep_secrets", keep_for_all)
    monkeypatch.setattr(Diary, "secrets", lambda self, _study, _round: drawn.get(self))
    four, got = gone_later(tmp_path)
    assert got == sent(four, four.rounds()[0], "north")


def test_secrets_of_a_round_serve_for_that_round_alone(tmp_path):
    four, got = gone_later(tmp_path)
    assert got != sent(four, four.rounds()[0], "north")


def test_no_try_of_a_round_has_a_key_of_another(tmp_path):
    four, _ = held_back(tmp_path)
    four.finish()
    told = [message for _, message in heard(four.bench) if isinstance(message, PublishKeys)]
    keys = [key for message in told for key in (message.masking, message.sealing, message.seed)]
    assert len(told) == 12
    assert len(set(keys)) == len(keys)
