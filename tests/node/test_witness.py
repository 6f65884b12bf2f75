"""A witness cosigns what it computed, in time and complete, and never two histories."""

import pytest

from consortia.base.ids import origin
from consortia.base.note import Checkpoint, Note, is_cosignature, sign_log
from consortia.base.refusals import Refused
from consortia.kernel.block import Block
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import call, sign_transaction
from consortia.node import witness as witness_module
from consortia.node.chain import Chain, KeyFor
from consortia.node.memory import FolderMemory, PlainMemory
from consortia.node.sync import BadHandOver, HandOver, HandOverSignature, check_hand_over, gather
from consortia.node.witness import Withheld, Witness
from consortia.store.memory import MemoryStore
from consortia.testing.plain import Member, Stop, Write, application, genesis

START = 1_700_000_000_000
NAMES = ("amber", "birch", "cedar", "delta")
MEMBERS = {name: Member(name) for name in NAMES}
GENESIS = genesis(list(MEMBERS.values()), time=START)


def new_ledger() -> Ledger:
    return Ledger.create(MemoryStore(), application(), GENESIS)


def witness_over(ledger: Ledger, memory=None, name: str = "birch") -> Witness:
    chain = Chain(ledger)
    key_for = KeyFor(chain, name, (MEMBERS[name].node,))
    return Witness(chain, name, key_for, memory or PlainMemory())


def published(ledger: Ledger, by: str = "amber") -> Note:
    checkpoint = Checkpoint(origin(ledger.network), ledger.tip.size, ledger.tip.root)
    return Note(checkpoint, (sign_log(checkpoint, MEMBERS[by].node),))


def transaction(ledger: Ledger, message, *, sequence: int = 0, by: str = "cedar") -> bytes:
    calls = (call(message, "plain", type(message).__name__.lower()),)
    key = MEMBERS[by].operator
    return sign_transaction(key, ledger.network, calls, sequence=sequence, expires=START + 10**9)


def append(ledger: Ledger, witness: Witness, *transactions: bytes, time: int, now: int | None = None) -> None:
    prepared = ledger.prepare(Block(ledger.tip.height + 1, time, transactions))
    ledger.commit(prepared)
    clock = time if now is None else now
    witness.arrived(ledger.tip.size, time, clock)
    witness.applied([receipt.transaction for receipt in prepared.result.receipts], clock)


def test_it_cosigns_the_end_of_a_block_that_it_replayed():
    ledger = new_ledger()
    witness = witness_over(ledger)
    append(ledger, witness, transaction(ledger, Write("x", b"1")), time=START + 10)
    note = published(ledger)
    line = witness.consider(note, "amber", 0, START + 20)
    name = f"birch.consortia/{ledger.network.hex()[:16]}"
    assert is_cosignature(line, note.checkpoint, name, MEMBERS["birch"].node.public)


def refused_at(step: int, witness: Witness, note: Note, now: int, term: int = 0) -> None:
    with pytest.raises(Withheld) as caught:
        witness.consider(note, "amber", term, now)
    assert caught.value.step == step


def test_it_cosigns_nothing_that_the_orderer_did_not_sign():
    ledger = new_ledger()
    witness = witness_over(ledger)
    append(ledger, witness, time=START + 10)
    refused_at(1, witness, published(ledger, by="delta"), START + 10)


def test_it_cosigns_no_size_inside_a_block_and_none_beyond_what_it_replayed():
    ledger, ahead = new_ledger(), new_ledger()
    witness = witness_over(ledger)
    append(ahead, witness_over(ahead), time=START + 10)
    refused_at(2, witness, published(ahead), START + 10)


def test_it_cosigns_no_root_but_its_own():
    ledger, other = new_ledger(), new_ledger()
    witness = witness_over(ledger)
    append(ledger, witness, time=START + 10)
    append(other, witness_over(other), time=START + 11)
    refused_at(3, witness, published(other), START + 10)


def test_a_ledger_restored_from_a_backup_does_not_make_it_cosign_a_second_history(tmp_path):
    memory = FolderMemory(tmp_path)
    ledger, fork = new_ledger(), new_ledger()
    witness = witness_over(ledger, memory)
    append(ledger, witness, time=START + 10)
    witness.consider(published(ledger), "amber", 0, START + 10)
    restored = witness_over(fork, FolderMemory(tmp_path))
    append(fork, restored, time=START + 11)
    refused_at(4, restored, published(fork), START + 11)
    # Without its memory it would have signed both: the record is what stands between.
    forgetful = witness_over(fork, PlainMemory())
    forgetful.arrived(fork.tip.size, fork.tip.time, START + 11)
    assert forgetful.consider(published(fork), "amber", 0, START + 11)


def test_a_witness_whose_ledger_is_behind_its_signatures_waits_until_it_has_caught_up():
    memory, ledger, behind = PlainMemory(), new_ledger(), new_ledger()
    witness = witness_over(ledger, memory)
    append(ledger, witness, time=START + 10)
    witness.consider(published(ledger), "amber", 0, START + 10)
    restored = witness_over(behind, memory)
    restored.arrived(behind.tip.size, behind.tip.time, START)
    refused_at(4, restored, published(behind), START + 10)
    append(behind, restored, time=START + 10)
    assert restored.consider(published(behind), "amber", 0, START + 10)


def test_a_header_from_the_future_waits_for_its_time():
    ledger = new_ledger()
    witness = witness_over(ledger)
    append(ledger, witness, time=START + 20_000, now=START)
    refused_at(6, witness, published(ledger), START)
    assert not witness.wants_header(START)
    assert witness.consider(published(ledger), "amber", 0, START + 15_000)


def test_a_late_header_is_cosigned_once_a_later_one_is_in_time():
    ledger = new_ledger()
    witness = witness_over(ledger)
    append(ledger, witness, time=START + 10, now=START + 5_011)
    late = published(ledger)
    refused_at(6, witness, late, START + 5_011)
    assert witness.wants_header(START + 5_011)
    append(ledger, witness, time=START + 5_020)
    assert not witness.wants_header(START + 5_020)
    assert witness.consider(late, "amber", 0, START + 5_020)
    assert witness.consider(published(ledger), "amber", 0, START + 5_020)


def test_it_withholds_while_the_log_leaves_out_an_urgent_transaction_it_holds():
    ledger = new_ledger()
    witness = witness_over(ledger)
    raw = transaction(ledger, Stop("x"))
    assert witness.hold(raw, START)
    append(ledger, witness, time=START + 2_000)
    assert witness.consider(published(ledger), "amber", 0, START + 2_000)
    append(ledger, witness, time=START + 2_001)
    refused_at(7, witness, published(ledger), START + 2_001)
    append(ledger, witness, raw, time=START + 2_050)
    assert witness.consider(published(ledger), "amber", 0, START + 2_050)
    assert witness.held() == []


def test_it_does_not_insist_on_what_the_log_could_not_take_in():
    ledger = new_ledger()
    witness = witness_over(ledger)
    assert witness.hold(transaction(ledger, Stop("x"), sequence=1), START)
    append(ledger, witness, time=START + 9_000)
    assert witness.consider(published(ledger), "amber", 0, START + 9_000)
    append(ledger, witness, transaction(ledger, Write("y", b""), sequence=0), time=START + 9_010)
    assert witness.consider(published(ledger), "amber", 0, START + 11_010)
    refused_at(7, witness, published(ledger), START + 11_011)


def test_it_holds_no_transaction_that_is_forged_and_none_that_is_not_urgent():
    ledger = new_ledger()
    witness = witness_over(ledger)
    raw = transaction(ledger, Stop("x"))
    with pytest.raises(Refused, match=r"kernel\.bad_signature"):
        witness.hold(raw[:-1] + bytes([raw[-1] ^ 1]), START)
    assert not witness.hold(transaction(ledger, Write("x", b"")), START)
    assert witness.held() == []


def handing(ledger: Ledger, *, term: int = 1, orderer: str = "birch") -> HandOver:
    tip = ledger.tip
    return HandOver(ledger.network, term, tip.height, tip.size, tip.root, orderer)


def test_who_promised_to_follow_another_orderer_cosigns_nothing_more_of_the_old_one():
    ledger, memory = new_ledger(), PlainMemory()
    witness = witness_over(ledger, memory)
    append(ledger, witness, time=START + 10)
    witness.give_promise(handing(ledger))
    assert witness.consider(published(ledger), "amber", 0, START + 10)
    append(ledger, witness, time=START + 20)
    refused_at(5, witness, published(ledger), START + 20)
    restarted = witness_over(ledger, memory)
    restarted.arrived(ledger.tip.size, ledger.tip.time, START + 20)
    refused_at(5, restarted, published(ledger), START + 20)


def test_it_promises_one_term_to_one_orderer_only_and_only_from_its_newest_block():
    ledger = new_ledger()
    witness = witness_over(ledger)
    first = handing(ledger)
    assert witness.give_promise(first) == witness.give_promise(first)
    with pytest.raises(Withheld, match="promised to birch"):
        witness.give_promise(handing(ledger, orderer="delta"))
    append(ledger, witness, time=START + 10)
    with pytest.raises(Withheld, match="newest block"):
        witness.give_promise(HandOver(ledger.network, 2, 0, 1, bytes(32), "delta"))
    assert witness.give_promise(handing(ledger, term=2, orderer="delta"))


def test_a_hand_over_needs_more_than_two_thirds_of_the_members():
    ledger = new_ledger()
    hand_over = handing(ledger)
    signatures = [witness_over(ledger, name=name).give_promise(hand_over) for name in NAMES[1:]]
    members = ledger.members()
    check_hand_over(gather(hand_over, signatures), ledger.network, members)
    with pytest.raises(BadHandOver, match="2 of 4 members signed, 3 are needed"):
        check_hand_over(gather(hand_over, signatures[:2]), ledger.network, members)
    forged = [*signatures[:2], HandOverSignature("amber", signatures[0].signature)]
    with pytest.raises(BadHandOver, match="amber"):
        check_hand_over(gather(hand_over, forged), ledger.network, members)
    with pytest.raises(BadHandOver, match="another network"):
        check_hand_over(gather(hand_over, signatures), bytes(32), members)


def test_a_forged_urgent_transaction_that_waits_for_its_turn_cannot_make_a_witness_withhold_for_ever():
    ledger = new_ledger()
    witness = witness_over(ledger)
    append(ledger, witness, time=START + 10)
    real = transaction(ledger, Stop("x"), sequence=1)
    forged = real[:-1] + bytes([real[-1] ^ 1])
    with pytest.raises(Refused) as caught:
        witness.hold(forged, START + 20)
    assert caught.value.refusal.code == "kernel.bad_signature"
    append(ledger, witness, transaction(ledger, Write("x", b"1")), time=START + 30)
    assert not witness.held()
    assert not witness.left_out(START + 10_000)


def crowded(monkeypatch, *, of_key: int, in_all: int) -> tuple[Ledger, Witness]:
    """A witness who holds of one member what waits for a turn that never comes: as much as it may."""
    monkeypatch.setattr(witness_module, "HELD_KEY_MAX", of_key)
    monkeypatch.setattr(witness_module, "HELD_MAX", in_all)
    ledger = new_ledger()
    witness = witness_over(ledger)
    for sequence in range(1, in_all + 1):
        witness.hold(transaction(ledger, Stop("x"), sequence=sequence), START)
    return ledger, witness


def test_what_one_member_has_waiting_takes_nobody_elses_room(monkeypatch):
    ledger, witness = crowded(monkeypatch, of_key=4, in_all=4)
    assert len(witness.held()) == 4
    other = transaction(ledger, Stop("y"), by="delta")
    assert witness.hold(other, START)
    assert witness.held()[0] == other
    assert len(witness.held()) == 5
    append(ledger, witness, time=START + 2_001)
    refused_at(7, witness, published(ledger), START + 2_001)


def test_what_the_log_could_take_in_takes_the_room_of_what_waits_for_its_turn(monkeypatch):
    ledger, witness = crowded(monkeypatch, of_key=4, in_all=4)
    first = transaction(ledger, Stop("y"), sequence=0)
    assert witness.hold(first, START)
    assert witness.held()[0] == first
    assert len(witness.held()) == 4
    assert witness.hold(transaction(ledger, Stop("z"), sequence=9), START)
    assert len(witness.held()) == 4
