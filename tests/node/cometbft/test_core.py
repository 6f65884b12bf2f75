"""The core where CometBFT orders: when a size is signed, how it becomes final, and who convicts itself."""

import pytest
from msgspec.structs import replace

from consortia.base.codec import decode_record
from consortia.base.ids import cosigner_name, origin
from consortia.base.note import Checkpoint, Note, cosign, parse_note, sign_log
from consortia.drivers.cometbft.driver import Decided
from consortia.kernel.block import Accusation, Block
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import call, sign_transaction
from consortia.node.cometbft.core import TELL_CROWDED_MS, TELL_MS, EngineNode
from consortia.node.memory import PlainMemory
from consortia.node.sync import Evidence
from consortia.node.witness import Withheld
from consortia.store.memory import MemoryStore
from consortia.testing.plain import QUOTA, Member, Settle, Stop, Write, application, genesis

NAMES = ("east", "north", "south", "west")
START = 1_767_225_600_000
MEMBERS = {name: Member(name) for name in NAMES}


class Four:
    """Four members' cores, to whom the same blocks are decided."""

    def __init__(self, names=NAMES):
        record = genesis([MEMBERS[name] for name in NAMES], time=START, quota=QUOTA)
        self.memories = {name: PlainMemory() for name in names}
        self.ledgers = {name: Ledger.create(MemoryStore(), application(), record) for name in names}
        self.now, self.height, self.sequence = START, 0, 0
        self.nodes = {name: self.core(name) for name in names}

    def core(self, name):
        memory = self.memories[name]
        return EngineNode(self.ledgers[name], name, (MEMBERS[name].node,), memory=memory)

    def transaction(self, message=None):
        """A transaction of north's."""
        message = message or Write(f"entry {self.sequence}", b"value")
        kind = type(message).__name__.lower()
        self.sequence += 1
        return sign_transaction(
            MEMBERS["north"].operator,
            self.ledgers[next(iter(self.ledgers))].network,
            (call(message, "plain", kind),),
            sequence=self.sequence - 1,
            expires=self.now + 3_600_000,
        )

    def decide(self, *transactions, late=0, accusations=(), by=None):
        """CometBFT decides a block with these transactions, or an empty one."""
        self.now, self.height = self.now + 300, self.height + 1
        for name, node in self.nodes.items():
            ledger, prepared = self.ledgers[name], None
            if by is not None and name not in by:
                continue
            if transactions:
                prepared = ledger.prepare(Block(ledger.tip.height + 1, self.now - late, transactions))
                ledger.commit(prepared)
            node.decided(Decided(self.height, self.now, ledger.tip.root, prepared, accusations), self.now)

    def talk(self):
        """Everybody who wants to asks whom it wants to, until nobody does."""
        for _ in range(12):
            self.now += 150
            for name, node in self.nodes.items():
                node.tick(self.now)
                for peer in node.targets(self.now):
                    if peer in self.nodes:
                        reply = self.nodes[peer].on_request(name, node.request(peer, self.now), self.now)
                        node.on_reply(peer, reply, self.now)

    def finals(self):
        return {node.finals.size for node in self.nodes.values()}


def test_a_size_is_signed_once_the_block_after_it_is_decided_and_a_quorum_makes_it_final():
    four = Four()
    four.decide(four.transaction())
    four.talk()
    assert four.finals() == {0}
    four.decide()
    four.talk()
    assert four.finals() == {four.nodes["east"].ledger.tip.size}
    assert four.nodes["east"].status().withheld is None


def test_after_an_hour_of_silence_what_is_stamped_in_time_becomes_final():
    four = Four()
    four.decide(four.transaction())
    four.decide()
    four.talk()
    four.now += 3_600_000
    four.decide()
    four.decide(four.transaction())
    four.decide()
    four.talk()
    assert four.finals() == {four.nodes["east"].ledger.tip.size}
    assert {node.status().withheld for node in four.nodes.values()} == {None}


def test_three_of_four_are_enough_and_the_fourth_learns_of_it_when_it_is_back():
    four = Four()
    three = NAMES[:3]
    raw = four.transaction()
    four.decide(raw, by=three)
    four.decide(by=three)
    four.nodes = {name: four.nodes[name] for name in three}
    four.talk()
    size = four.nodes["east"].ledger.tip.size
    assert four.finals() == {size}
    west = four.core("west")
    ledger = four.ledgers["west"]
    prepared = ledger.prepare(Block(1, four.nodes["east"].ledger.tip.time, (raw,)))
    ledger.commit(prepared)
    four.now += 60_000
    west.decided(Decided(1, four.now, ledger.tip.root, prepared, ()), four.now)
    west.decided(Decided(2, four.now, ledger.tip.root, None, ()), four.now)
    west.tick(four.now)
    assert "late" in west.status().withheld
    reply = four.nodes["east"].on_request("west", west.request("east", four.now), four.now)
    west.on_reply("east", reply, four.now)
    west.tick(four.now)
    assert west.finals.size == size
    assert west.status().withheld is None


@pytest.mark.parametrize("crowded", [False, True])
def test_after_a_crowded_block_others_are_told_less_often_and_it_becomes_final_all_the_same(
    crowded, monkeypatch
):
    monkeypatch.setattr("consortia.node.cometbft.core.CROWD", 2)
    four = Four()
    four.decide(*[four.transaction() for _ in range(2 if crowded else 1)])
    four.decide(four.transaction())  # what is said of a crowd holds for a while, whatever the next block is
    four.decide()
    east = four.nodes["east"]
    east.request("north", four.now)
    east._news += 1
    assert ("north" in east.targets(four.now + TELL_MS)) is not crowded
    assert "north" in east.targets(four.now + TELL_CROWDED_MS)
    four.talk()
    assert four.finals() == {east.ledger.tip.size}


def test_two_of_four_are_not_enough():
    four = Four()
    four.decide(four.transaction())
    four.decide()
    four.nodes = {name: four.nodes[name] for name in ("east", "west")}
    four.talk()
    assert four.finals() == {0}


def test_a_core_that_starts_again_goes_on_with_what_it_signed():
    four = Four()
    four.decide(four.transaction())
    four.decide()
    for node in four.nodes.values():
        node.tick(four.now)
    four.nodes = {name: four.core(name) for name in NAMES}
    four.talk()
    assert four.finals() == {four.nodes["east"].ledger.tip.size}


def test_nothing_is_cosigned_before_the_receipts_of_a_block_can_be_told():
    four = Four()
    four.decide(four.transaction())
    four.decide()
    east, memory = four.nodes["east"], four.memories["east"]
    before = dict(memory.records)
    assert len(east.drain().receipts) == 1
    assert memory.records == before
    east.tick(four.now)
    assert memory.records != before


def test_receipts_are_told_when_their_block_is_durable():
    four = Four()
    four.decide(four.transaction())
    effects = four.nodes["south"].drain()
    assert [receipt.code for receipt in effects.receipts] == ["ok"]


def test_a_late_header_is_not_cosigned_and_a_tick_is_wanted_until_one_is_in_time():
    four = Four()
    four.now += 60_000
    four.decide(four.transaction(), late=20_000)
    four.decide()
    four.talk()
    east = four.nodes["east"]
    assert four.finals() == {0}
    assert "late" in east.status().withheld
    assert east.wants_tick(four.now)
    four.decide(four.transaction())
    four.decide()
    four.talk()
    assert four.finals() == {east.ledger.tip.size}
    assert not east.wants_tick(four.now)


def test_an_urgent_transaction_is_told_to_everybody_and_no_size_is_cosigned_that_leaves_it_out():
    four = Four()
    stop = four.transaction(Stop("entry 0"))
    four.nodes["north"].submit(stop, four.now)
    four.talk()
    assert all(node.witness.held() == [stop] for node in four.nodes.values())
    assert all(node.wake(four.now) > four.now for node in four.nodes.values())  # told, they rest
    four.now += 5_000
    four.decide(
        sign_transaction(
            MEMBERS["south"].operator,
            four.ledgers["east"].network,
            (call(Settle("other"), "plain", "settle"),),
            sequence=0,
            expires=four.now + 3_600_000,
        )
    )
    four.decide()
    four.talk()
    assert four.finals() == {0}
    four.decide(stop)
    four.decide()
    four.talk()
    assert four.finals() == {four.nodes["east"].ledger.tip.size}


def final_by(four, size):
    """The members that the final checkpoint of east's carries."""
    with four.ledgers["east"].store.snapshot() as view:
        note = parse_note(view.note(size))
    return {line.name.partition(".")[0] for line in note.signatures}


def test_who_cosigns_two_roots_for_one_size_is_convicted_by_both_and_the_others_go_on():
    four = Four()
    four.decide(four.transaction())
    four.decide()
    four.talk()
    east, size = four.nodes["east"], four.nodes["east"].ledger.tip.size
    who = next(name for name in NAMES[1:] if name in final_by(four, size))
    forged = Checkpoint(origin(east.ledger.network), size, bytes(32))
    name, key = cosigner_name(who, east.ledger.network), MEMBERS[who].node
    lines = [sign_log(forged, key), cosign(forged, name, key, four.now // 1000)]
    note = Note(forged, ()).with_signatures(lines)
    question = replace(four.nodes[who].request("east", four.now), cosigned=(note.encode(),))
    for _ in range(2):
        east.on_request(who, question, four.now)
    alerts = [alert for alert in east.drain().alerts if alert.kind == "fork"]
    (kept,) = [one for one in four.memories["east"].names() if one.startswith("evidence")]
    evidence = decode_record(Evidence, four.memories["east"].load(kept))
    assert [alert.text.partition(" (")[0] for alert in alerts] == [f"{who} cosigned two roots at size {size}"]
    assert {parse_note(data).checkpoint.root for data in evidence.notes} == {bytes(32), east.ledger.tip.root}
    assert east.stopped is None
    four.decide(four.transaction())
    four.decide()
    four.talk()
    assert four.finals() == {east.ledger.tip.size}


def test_a_final_checkpoint_with_another_root_stops_the_node():
    four = Four()
    four.decide(four.transaction())
    four.decide()
    east, size = four.nodes["east"], four.nodes["east"].ledger.tip.size
    forged = Checkpoint(origin(east.ledger.network), size, bytes(32))
    lines = [sign_log(forged, MEMBERS["west"].node)]
    for name in ("north", "south", "west"):
        signer = cosigner_name(name, east.ledger.network)
        lines.append(cosign(forged, signer, MEMBERS[name].node, four.now // 1000))
    reply = four.nodes["west"].on_request("east", east.request("west", four.now), four.now)
    final = Note(forged, ()).with_signatures(lines).encode()
    east.on_reply("west", replace(reply, finals=(final,)), four.now)
    assert "another root" in east.stopped
    assert east.targets(four.now) == []


def test_what_the_engine_convicted_somebody_of_is_told():
    four = Four()
    accusation = Accusation(MEMBERS["west"].operator.public, 7, "duplicate_vote")
    four.decide(accusations=(accusation,))
    assert [alert.kind for alert in four.nodes["east"].drain().alerts] == ["evidence"]


def test_nobody_orders_alone_so_ordering_is_not_handed_over():
    east = Four().nodes["east"]
    with pytest.raises(Withheld, match="no member orders alone"):
        east.sign_hand_over(east.proposed_hand_over("west"))
    assert (east.orders, east.status().orderer) == (False, "")


def test_an_answer_for_another_network_is_told_and_ignored():
    four = Four()
    east = four.nodes["east"]
    reply = four.nodes["west"].on_request("east", east.request("west", four.now), four.now)
    east.on_reply("west", replace(reply, network=bytes(32)), four.now)
    assert [alert.kind for alert in east.drain().alerts] == ["peer"]
