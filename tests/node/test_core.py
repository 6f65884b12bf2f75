"""A node: it orders, follows, replays, cosigns, and hands ordering over."""


from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import call, sign_transaction
from consortia.node.core import Node
from consortia.node.memory import PlainMemory
from consortia.store.memory import MemoryStore
from consortia.testing.plain import Member, Write, application, genesis

START = 1_700_000_000_000


class Net:
    """Nodes joined by direct calls, under one clock."""

    def __init__(self, *names: str) -> None:
        self.now = START
        self.members = {name: Member(name) for name in names}
        record = genesis(list(self.members.values()), time=START)
        self.nodes = {
            name: Node(
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
