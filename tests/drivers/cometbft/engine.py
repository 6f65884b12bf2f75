"""A plain stand-in for CometBFT in one process: mempools that know exact bytes, and decided blocks.

It decides what the proposer's application prepared and all others accepted, calls every application as the
published protocol says, and rechecks what waits after each block. A node sends each entry to its peers once.
"""

from dataclasses import dataclass, field

from consortia.drivers.cometbft.bundle import pack
from consortia.drivers.cometbft.driver import CometBft
from consortia.drivers.cometbft.pool import ACCEPTED
from consortia.drivers.cometbft.proposal import Proposal
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import call, sign_transaction
from consortia.store.memory import MemoryStore
from consortia.testing.plain import QUOTA, Member, Write, application, genesis

START = 1_700_000_000_000
AMBER, BIRCH, CEDAR, DUNE = (Member(name) for name in ("amber", "birch", "cedar", "dune"))
MEMBERS = [AMBER, BIRCH, CEDAR, DUNE]
BLOCK_BYTES = 4 << 20


def founded(members=None, **options):
    """The ledger of a new network, in memory."""
    record = genesis(members or MEMBERS, time=START, **options)
    return Ledger.create(MemoryStore(), application(), record)


def reopened(ledger):
    """The ledger of the same store, as a process finds it that was started anew."""
    return Ledger.open(ledger.store, application())


def write(sequence, member=AMBER, *, name="x", value=b"1", lane=0, expires=10**12, message=None):
    """The bytes of a transaction of a member."""
    message = message or Write(name, value)
    calls = (call(message, "plain", type(message).__name__.lower()),)
    network = NETWORKS[0]
    return sign_transaction(
        member.operator, network, calls, sequence=sequence, expires=START + expires, lane=lane
    )


NETWORKS = [genesis(MEMBERS, time=START).network()]
"""The network that `write` signs for; all tests of a module have the founders in common."""


def altered(raw):
    """The transaction with a signature that is not valid."""
    return raw[:-1] + bytes([raw[-1] ^ 1])


@dataclass
class Engine:
    """Some nodes and what their mempools hold; `decided` is every block since the first."""

    drivers: list[CometBft]
    now: int = START + 1_000
    height: int = 0
    block_time: int = START
    decided: list[Proposal] = field(default_factory=list)
    pools: list[list[bytes]] = field(default_factory=list)
    roots: list[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, nodes=1, **options):
        """A network of so many nodes, with CometBFT's chain begun."""
        engine = cls([CometBft(founded(**options)) for _ in range(nodes)])
        engine.pools = [[] for _ in range(nodes)]
        for driver in engine.drivers:
            driver.init_chain(driver.chain_id)
        return engine

    def submit(self, *raws, nodes=None):
        """Hand a bundle in at all nodes (or those named); the first one's verdict."""
        return self.submit_entry(pack(raws), nodes)

    def submit_entry(self, entry, nodes=None):
        """Hand an entry in; whoever accepts it keeps it until it is decided or evicted."""
        verdicts = []
        for node in range(len(self.drivers)) if nodes is None else nodes:
            verdicts.append(self.drivers[node].check_tx(entry, self.now))
            if verdicts[-1].code == ACCEPTED:
                self.pools[node].append(entry)
        return verdicts[0]

    @property
    def goes_on(self):
        """Whether a block comes: the newest changed the root, or more than two thirds hold an entry.

        With nothing to propose, a node waits; those who do hold something cannot go on without it.
        """
        changed = len(set(self.roots[-2:])) > 1
        return changed or 3 * sum(map(bool, self.pools)) > 2 * len(self.pools)

    def look(self):
        """Every node sends again what waits for too long: to all of them, its own application first."""
        for node, driver in enumerate(self.drivers):
            entry = driver.waits(self.now)
            if entry is not None:
                others = [other for other in range(len(self.drivers)) if other != node]
                assert self.submit_entry(entry, [node, *others]).code == ACCEPTED

    def propose(self, proposer=0, convicted=(), time=None):
        """What the proposer's application makes of its mempool."""
        offered = Proposal(self.height + 1, self._time(time), tuple(self.pools[proposer]), convicted)
        entries = self.drivers[proposer].prepare_proposal(offered, BLOCK_BYTES, self.now)
        return Proposal(offered.height, offered.time, entries, convicted)

    def step(self, proposer=0, convicted=(), time=None):
        """Propose, accept and decide one block; the roots of all nodes, which must be one."""
        proposal = self.propose(proposer, convicted, time)
        for driver in self.drivers:
            assert driver.process_proposal(proposal)
        return self.decide(proposal)

    def decide(self, proposal):
        """Decide a block, whoever accepted it; the answer of FinalizeBlock, the same everywhere."""
        answers = [driver.finalize_block(proposal, self.now) for driver in self.drivers]
        assert len(set(answers)) == 1
        for node, driver in enumerate(self.drivers):
            driver.commit()
            assert driver.info() == (proposal.height, answers[0].root)
            left = [entry for entry in self.pools[node] if entry not in proposal.entries]
            again = [driver.check_tx(entry, self.now, again=True).code for entry in left]
            self.pools[node] = [entry for entry, code in zip(left, again, strict=True) if code == ACCEPTED]
        self.height, self.block_time = proposal.height, proposal.time
        self.decided.append(proposal)
        self.roots.append(answers[0].root)
        self.now += 300
        return answers[0]

    def _time(self, time):
        """CometBFT's time of the next block: when the votes on the one before were cast."""
        return max(self.block_time + 1, self.now - 200) if time is None else time


def pending(quota_pending):
    """The plain quota with another cap of waiting transactions."""
    return QUOTA.__class__(QUOTA.cost_per_block, QUOTA.cost_per_epoch, QUOTA.state_bytes, quota_pending)


def block(height, *entries, time=START + 1_000, convicted=()):
    return Proposal(height, time, entries, convicted)


def committed(driver, proposal, now=START + 1_000):
    finalized = driver.finalize_block(proposal, now)
    driver.commit()
    return finalized


def blocks(engine, node=0):
    """The blocks that a node's ledger appended."""
    ledger = engine.drivers[node].ledger
    return [ledger.block(height) for height in range(1, ledger.tip.height + 1)]
