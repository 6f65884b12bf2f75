"""The law's own members vote: their keys and powers reach CometBFT, and its evidence reaches them."""

from consortia.base.times import HOUR
from consortia.drivers.cometbft.bundle import pack
from consortia.drivers.cometbft.driver import CometBft, address_of
from consortia.drivers.cometbft.proposal import Convicted, Proposal
from consortia.kernel.durable import Power
from consortia.kernel.ledger import Ledger
from consortia.modules.identity.messages import ApprovePower, ProposePower
from consortia.store.memory import MemoryStore
from consortia.testing.machine import NAMES, Bench
from consortia.testing.scenarios.identity_parts import seated

MEMBERS = NAMES[:4]


class Network:
    """A bench with four voting members, and the same ledger under the driver."""

    def __init__(self):
        self.bench = Bench(4)
        self.keys = {}
        for name in MEMBERS:
            message, self.keys[name] = seated(self.bench, name)
            self.bench.ok(name, "admin", message)
        ledger = Ledger.create(MemoryStore(), self.bench.app, self.bench.genesis)
        for block in self.bench.blocks:
            ledger.append(block)
        self.driver = CometBft(ledger)
        self.height = 0

    def decide(self, *raws, convicted=()):
        """A block of CometBFT's at the bench's time, and the bench after it."""
        self.height += 1
        proposal = Proposal(self.height, self.bench.time, (pack(raws),) if raws else (), convicted)
        assert self.driver.process_proposal(proposal)
        finalized = self.driver.finalize_block(proposal, self.bench.time)
        self.driver.commit()
        if raws:
            assert [receipt.code for receipt in self.bench.block(*raws)] == ["ok"] * len(raws)
        return finalized

    def ask(self, name):
        ledger = self.driver.ledger
        return ledger.query(name, ledger.app.query(name)[1].arguments())


def test_members_that_named_a_key_are_cometbfts_validators():
    network = Network()
    started = network.driver.init_chain(network.driver.chain_id)
    wanted = sorted(key.public for key in network.keys.values())
    assert started.validators == tuple(Power(public, 1) for public in wanted)
    assert started.root == network.bench.tip.root


def test_a_rotated_key_and_a_new_power_are_told_in_the_block_that_decides_them():
    network, bench = Network(), None
    bench = network.bench
    message, key = seated(bench, "north", "another")
    old = network.keys["north"].public
    found = network.decide(bench.sign("north", "admin", message))
    assert set(found.updates) == {Power(old, 0), Power(key.public, 1)}
    network.decide(bench.sign("north", "admin", ProposePower("east", 5, bench.time + HOUR)))
    yes = ApprovePower("east", bench.proposal("power", "east"))
    found = network.decide(*[bench.sign(name, "admin", yes) for name in ("south", "west")])
    assert found.updates == (Power(network.keys["east"].public, 5),)
    assert network.driver.ledger.tip.root == bench.tip.root


def test_evidence_of_a_key_that_was_rotated_away_marks_its_member_and_keeps_its_power():
    network = Network()
    message, key = seated(network.bench, "north", "another")
    old = network.keys["north"].public
    network.decide(network.bench.sign("north", "admin", message))
    found = network.decide(convicted=(Convicted(address_of(old), 1, 1),))
    assert found.updates == ()
    view = network.ask("identity.validators")
    assert [(one.member, one.height) for one in view.offences] == [("north", 1)]
    assert view.voting == 4
    asked = network.ask("identity.proposals").proposals
    assert [(one.kind, one.name) for one in asked] == [("removal", "north")]
    assert network.driver.ledger.violations() == []
    assert key.public in [one.public for one in network.driver.mark.validators]
    height = network.driver.ledger.tip.height
    network.decide(convicted=(Convicted(address_of(bytes(32)), 1, 1),))
    assert network.driver.ledger.tip.height == height
