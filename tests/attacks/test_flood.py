"""One agent's flood of alerts: the law limits what stands, the quota what gets in, and the ledger goes on."""

from collections import Counter

from consortia.base.codec import to_value
from consortia.base.refusals import Refused
from consortia.base.times import HOUR
from consortia.drivers.embedded import Embedded, Grouping
from consortia.kernel.block import OK
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import Call, sign_transaction
from consortia.modules.guard.messages import RaiseAlert
from consortia.modules.guard.queries import ByMember
from consortia.modules.identity.mandate_messages import EndMandate
from consortia.modules.identity.mandate_queries import ByOwner
from consortia.modules.identity.messages import SetEndpoint
from consortia.modules.predictions.messages import Act
from consortia.store.memory import MemoryStore
from consortia.testing.machine import START, Bench
from consortia.testing.scenarios.guard_parts import METHODS, finding, policy
from consortia.testing.scenarios.mandates_parts import account, agent, granted

LIMITS = {"kernel.over_quota", "kernel.revoked_key", "node.pool_full"}
EVERY, LANES, DAILY = 5_000, 16, 3


class Network:
    """A ledger in memory and who orders it; transactions are counted lane by lane."""

    def __init__(self):
        self.bench = Bench(4)
        ledger = Ledger.create(MemoryStore(), self.bench.app, self.bench.genesis)
        self.orders = Embedded(ledger, grouping=Grouping(transactions_max=1_000, wait_ms=2))
        self.now, self.next = START + 1_000, Counter()

    def submit(self, key, *messages, lane=0):
        """Hand a transaction in: "ok", or the code for which it was not taken."""
        calls = tuple(Call(self.bench.app.messages[type(one)], dict(to_value(one))) for one in messages)
        place = (key.key_id, lane)
        raw = sign_transaction(
            key,
            self.bench.network,
            calls,
            sequence=self.next[place],
            expires=self.now + HOUR,
            lane=lane,
        )
        try:
            self.orders.submit(raw, self.now)
        except Refused as refused:
            return refused.code
        self.next[place] += 1
        return OK

    def block(self):
        """A block of what waits: the codes of its receipts, and of what it let go."""
        self.now += 10
        outcome = self.orders.step(self.now)
        for _, refused in outcome.refused:
            assert refused.code in LIMITS
        return [] if outcome.committed is None else [one.code for one in outcome.committed.result.receipts]

    def done(self, member, role, message):
        """Whether what a member asks for stands in the next block."""
        assert self.submit(self.bench.key(member, role), message) == OK
        return OK in self.block()


def test_a_flood_of_alerts_from_one_agent_is_limited_and_named_and_others_go_on(programme):
    network = Network()
    assert network.done("north", "admin", policy(daily=DAILY))
    assert network.done("north", "admin", granted(network.bench, methods=METHODS, classes=()))
    flood, stands, key = Counter(), Counter(), agent()
    for number in range(programme(quick=1_000, test=5_001, nightly=100_000)):
        messages = Act(account(f"act {number}")), RaiseAlert(finding())
        flood[network.submit(key, *messages, lane=number % LANES)] += 1
        if number % EVERY == 0:
            stands += Counter(network.block())
            assert network.done(
                "east", "admin", SetEndpoint(f"http://127.0.0.1:{7_000 + number % 900}", None)
            )
    stands += Counter(network.block())
    assert set(flood) <= LIMITS | {OK}
    assert set(stands) <= {OK, "guard.flood"}
    tally = network.orders.ledger.query("guard.standing", ByMember("north")).tally
    assert (tally.alerts, tally.today) == (DAILY, DAILY)
    given = network.orders.ledger.query("identity.mandates", ByOwner("north")).mandates[0].mandate
    assert network.done("north", "admin", EndMandate(given.id))
    while network.block():  # what waited is let go
        pass
    assert network.submit(key, Act(account("last")), RaiseAlert(finding())) == "kernel.revoked_key"
