"""A node: it orders, follows, replays, cosigns, and hands ordering over."""

import dataclasses

import pytest

from consortia.base.codec import Malformed
from consortia.base.note import parse_note
from consortia.base.refusals import Refused
from consortia.kernel.checkpoint import check_final
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import call, sign_transaction
from consortia.kernel.upgrades import Demand, Outdated
from consortia.node.checkpoints import REST_MS
from consortia.node.embedded import EmbeddedNode
from consortia.node.memory import PlainMemory
from consortia.store.memory import MemoryStore
from consortia.testing.plain import Member, Settle, Write, application, genesis

START = 1_700_000_000_000


class Net:
    """Nodes joined by direct calls, under one clock."""

    def __init__(self, *names: str) -> None:
        self.now = START
        self.members = {name: Member(name) for name in names}
        record = genesis(list(self.members.values()), time=START)
        self.nodes = {
            name: EmbeddedNode(
                Ledger.create(MemoryStore(), application(), record),
                name,
                (member.node,),
                orderer=names[0],
                memory=PlainMemory(),
            )
            for name, member in self.members.items()
        }
        self.sequences: dict[str, int] = {}
        self.alerts: list[tuple[str, str]] = []
        self.down: set[str] = set()

    def sign(self, name: str, message) -> bytes:
        sequence = self.sequences.get(name, 0)
        self.sequences[name] = sequence + 1
        network = next(iter(self.nodes.values())).ledger.network
        method = type(message).__name__.lower()
        return sign_transaction(
            self.members[name].operator,
            network,
            (call(message, "plain", method),),
            sequence=sequence,
            expires=self.now + 3_600_000,
        )

    def run(self, ms: int, step: int = 10) -> None:
        for _ in range(ms // step):
            self.now += step
            for name, node in self.nodes.items():
                if name in self.down:
                    continue
                node.tick(self.now)
                for peer in node.targets(self.now):
                    if peer in self.nodes and peer not in self.down:
                        request = node.request(peer, self.now)
                        node.on_reply(peer, self.nodes[peer].on_request(name, request, self.now), self.now)
                self.alerts += [(name, alert.text) for alert in node.drain().alerts]


def test_four_nodes_agree_and_their_checkpoint_becomes_final():
    net = Net("amber", "birch", "cedar", "delta")
    net.run(500)
    amber = net.nodes["amber"]
    for _ in range(20):
        amber.submit(net.sign("birch", Write("x", b"1")), net.now)
        net.run(20)
    net.run(2500)
    states = {(s.size, s.root, s.final_size) for s in (node.status() for node in net.nodes.values())}
    assert len(states) == 1
    assert amber.ledger.tip.height >= 5
    assert amber.status().final_size == amber.ledger.tip.size
    assert not net.alerts


def test_the_set_before_a_change_makes_the_block_that_changed_it_final():
    net = Net("amber", "birch", "cedar", "delta")
    net.run(500)
    amber = net.nodes["amber"]
    ember = Member("ember")
    raw = sign_transaction(
        net.members["birch"].operator,
        amber.ledger.network,
        (ember.admission(),),
        sequence=0,
        expires=net.now + 3_600_000,
    )
    amber.submit(raw, net.now)
    net.run(1_500)
    height = amber.chain.changes(0)[-1]
    size = amber.chain.end(height)
    for node in net.nodes.values():
        with node.ledger.store.snapshot() as view:
            note = parse_note(view.note(size))
        assert set(check_final(note, node.ledger.network, node.chain.set_before(height))) <= set(net.nodes)
        assert len(node.chain.set_after(height).members) == 5
        assert not node.finals.wanted


def test_a_node_that_comes_late_replays_everything_and_then_counts():
    net = Net("amber", "birch", "cedar", "delta")
    net.down.add("delta")
    net.run(500)
    net.run(4_000)
    for _ in range(5):
        net.nodes["amber"].submit(net.sign("birch", Write("x", b"1")), net.now)
        net.run(100)
    net.run(6_000)
    net.down.clear()
    net.run(2_000)
    delta = net.nodes["delta"].status()
    assert (delta.root, delta.final_size) == (net.nodes["amber"].status().root, delta.size)
    assert not net.alerts


def test_an_orderer_waits_for_enough_of_its_followers_before_it_orders():
    net = Net("amber", "birch", "cedar", "delta")
    net.down |= {"cedar", "delta"}
    net.run(10_000)
    assert not net.nodes["amber"].status().ordering
    net.down.discard("cedar")
    net.run(200)
    assert net.nodes["amber"].status().ordering


def test_a_member_alone_orders_at_once_and_is_its_own_quorum():
    net = Net("amber")
    net.run(50)
    net.nodes["amber"].submit(net.sign("amber", Settle("x")), net.now)
    net.run(50)
    status = net.nodes["amber"].status()
    assert status.ordering
    assert status.final_size == status.size


def test_a_question_about_another_network_is_no_question():
    net, other = Net("amber", "birch"), Net("amber", "cedar")
    request = other.nodes["cedar"].request("amber", other.now)
    with pytest.raises(Malformed, match="another network"):
        net.nodes["amber"].on_request("birch", request, net.now)


def test_under_load_a_final_checkpoint_is_followed_by_the_next_after_a_rest_and_after_quiet_at_once():
    net = Net("amber")
    net.run(500)
    amber = net.nodes["amber"]
    sizes = set()
    for number in range(40):
        amber.submit(net.sign("amber", Write("x", bytes([number]))), net.now)
        net.run(10)
        sizes.add(amber.status().final_size)
    assert 4 <= len(sizes) <= 6
    net.run(2 * REST_MS)
    assert amber.status().final_size == amber.status().size
    amber.submit(net.sign("amber", Write("x", b"last")), net.now)
    net.run(10)
    assert amber.status().final_size == amber.status().size


def test_a_busy_orderer_publishes_once_an_interval_and_at_once_when_somebody_waits():
    net = Net("amber")
    net.run(500)
    amber = net.nodes["amber"]
    sizes = set()
    for number in range(80):
        for part in range(20):
            amber.submit(net.sign("amber", Write("x", bytes([number, part]))), net.now)
        net.run(10)
        sizes.add(amber.status().final_size)
    assert len(sizes) <= 2
    amber.submit(net.sign("amber", Settle("x")), net.now)
    net.run(10)
    assert amber.status().final_size == amber.status().size


def test_a_prompt_block_is_published_at_once_and_others_at_most_once_a_second():
    net = Net("amber", "birch")
    net.run(500)
    net.down.add("birch")
    amber = net.nodes["amber"]

    def published() -> int:
        return len(amber._leader.checkpoints.waiting())

    before = published()
    amber.submit(net.sign("amber", Write("x", b"1")), net.now)
    net.run(100)
    first = published()
    amber.submit(net.sign("amber", Write("x", b"2")), net.now)
    net.run(100)
    assert (first, published()) == (before + 1, before + 1)
    amber.submit(net.sign("amber", Settle("x")), net.now)
    net.run(50)
    assert published() == before + 2


class Agreed:
    """The members of a plain network agreed on a version that this software does not have."""

    def __init__(self, time):
        self.time = time

    def demands(self, _ctx):
        return (Demand("plain", 2, bytes(32), self.time),)


@pytest.mark.parametrize("old", ["amber", "birch"])
def test_a_node_with_old_software_stops_before_the_agreed_block_and_the_others_go_on(old):
    """The orderer's node, and a follower's: nothing is half written, and no evidence is kept."""
    net = Net("amber", "birch", "cedar", "delta")
    net.run(500)
    at = net.now + 1_000
    node = net.nodes[old]
    node.ledger.machine = dataclasses.replace(
        node.ledger.machine, app=dataclasses.replace(application(), upgrades=Agreed(at))
    )
    amber = net.nodes["amber"]
    amber.submit(net.sign("birch", Write("x", b"1")), net.now)
    net.run(500)
    before = node.ledger.tip
    assert before == net.nodes["cedar"].ledger.tip
    with pytest.raises((Outdated, Refused), match="demands plain 2") as ended:  # noqa: PT012
        net.run(600)
        amber.submit(net.sign("birch", Write("x", b"2")), net.now)
        net.run(600)
    assert (node.ledger.tip, node.stopped) == (before, None)
    if old == "amber":
        assert isinstance(ended.value, Refused)
        with pytest.raises(Refused, match="demands plain 2"):
            amber.on_request("birch", net.nodes["birch"].request("amber", net.now), net.now)
        return
    net.down.add(old)
    net.run(600)
    assert net.nodes["cedar"].ledger.tip == amber.ledger.tip != before


def test_an_orderer_ahead_of_time_stops_no_node_with_the_software_of_today():
    """Its block of the upgrade's time waits until that has come; then old software stops for it."""
    net = Net("amber", "birch", "cedar", "delta")
    net.run(500)
    at, before = net.now + 600_000, net.nodes["birch"].ledger.tip
    birch, amber = net.nodes["birch"], net.nodes["amber"]
    old = dataclasses.replace(application(), upgrades=Agreed(at))
    birch.ledger.machine = dataclasses.replace(birch.ledger.machine, app=old)
    amber.submit(net.sign("birch", Write("x", b"1")), at)
    amber.tick(at)
    net.run(600)
    assert amber.ledger.tip.time >= at
    assert (birch.ledger.tip, birch.outdated, birch.stopped) == (before, None, None)
    assert any(name == "birch" and "from a time to come" in text for name, text in net.alerts)
    net.now = at
    with pytest.raises(Outdated, match="demands plain 2"):
        net.run(600)
