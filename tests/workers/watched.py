"""A ledger in memory beside a guard, and the door through which the guard follows it and raises."""

import numpy as np

from consortia.engines.watch import RULES
from consortia.engines.watch.features import SCHEMA
from consortia.kernel.block import OK, Whole, parse_leaf
from consortia.kernel.transaction import parse_transaction
from consortia.modules.bank.messages import NewUnit, Transfer
from consortia.modules.guard.messages import RaiseAlert, SetPolicy
from consortia.modules.guard.queries import ListAlerts
from consortia.modules.guard.types import Bound, Rule
from consortia.testing.machine import Bench
from consortia.workers.guard import RECENT, Signed
from consortia.workers.guarding import Fact, finding_of
from consortia.workers.judging import Judge
from consortia.workers.seen import Signer

NAMES = ("east", "north", "south", "west")


def usual():
    """The usual rules, as a policy has them."""
    return tuple(
        Rule(one.code, one.kind, tuple(Bound(b.column, b.least, b.most) for b in one.bounds), one.severity)
        for one in RULES
    )


def found(policy, watcher, event, opening):
    """What a policy's rules find in the next event: the finding, and what opens it; None for most."""
    fact = Fact(
        policy.schema, event.time, event.kind, event.actor, event.target, event.values, watcher.excerpt(event)
    )
    (verdict,) = Judge(policy, None).verdicts(event.kind, np.array([watcher.vector(event)], dtype=np.int64))
    return None if verdict is None else finding_of(policy, verdict.reason, fact, opening)


class Ledger:
    """A bench, its blocks with what came of them, and a member's policy."""

    def __init__(self, daily=15, model=None, names=NAMES):
        self.bench = Bench(names)
        self.wholes = []
        self.run("north", "admin", SetPolicy("usual", SCHEMA, usual(), model, daily))

    def run(self, member, role, *messages):
        """One block of one transaction; its receipt."""
        (receipt,) = self.block(self.bench.sign(member, role, *messages))
        return receipt

    def block(self, *transactions):
        """One block; its receipts."""
        before, at = len(self.bench.leaves), self.bench.time
        receipts = self.bench.block(*transactions)
        header = parse_leaf(self.bench.leaves[-1])
        assert (header.time, len(self.bench.leaves) - before) == (at, len(receipts) + 1)
        self.wholes.append(Whole(self.bench.blocks[-1], header, receipts))
        return receipts

    def funded(self):
        """A unit of value of east, with much of it at south; its id."""
        receipt = self.run("east", "admin", NewUnit("euro", "Euro", 2, "fixed", None, 1_000_000))
        unit = next(event.body["unit"] for event in receipt.events if event.name == "bank.unit_made")
        self.pay("east", "south", unit, 500_000)
        return unit

    def pay(self, payer, payee, unit, amount, after=1_000):
        """A payment, so many milliseconds later."""
        self.bench.time += after
        return self.run(payer, "operator", Transfer(payer, payee, unit, amount))


class Killed(Exception):
    """The guard's process is gone."""


class Door:
    """A guard's door to a ledger in memory.

    `dies` is the number of its call at which the guard is killed; `loses` answers get lost on the way back;
    while it is `shut` nothing that is handed in arrives; `refuses` is a code for whatever is handed in;
    `upto` is the last block that is final.
    """

    def __init__(self, ledger, member="north", role="operator"):
        self.ledger, self.bench, self.member, self.role = ledger, ledger.bench, member, role
        self.handed, self.met = [], []
        self.dies, self.loses, self.shut, self.refuses, self.upto = None, 0, False, "", None
        self._calls = 0

    def called(self):
        """A call; raises Killed where it is the one at which the guard dies."""
        self._calls += 1
        if self.dies is not None and self._calls > self.dies:
            raise Killed

    @property
    def network(self):
        return self.bench.network

    def who(self, key):
        self.called()
        found = self.bench.query("identity.key", key=key)
        return Signer(found.member, found.key.since)

    def first(self):
        return 1

    def final(self):
        self.called()
        return self.bench.tip.height if self.upto is None else self.upto

    def whole(self, height):
        self.called()
        return self.ledger.wholes[height - 1]

    def standing(self):
        return self.bench.query("guard.standing", member=self.member)

    def alert(self, alert):
        return self.bench.query("guard.alert", alert=alert).found

    def newest(self, most=RECENT):
        return self.bench.query("guard.alerts", ListAlerts(self.member, 0, 100)).alerts

    def now(self):
        return self.bench.tip.time, self.bench.tip.time

    def sign(self, finding, candidate):
        self.called()
        expires = self.bench.time + 120_000
        self.bench._signed.clear()
        raw = self.bench.sign(self.member, self.role, RaiseAlert(finding), expires=expires, lane=3)
        return Signed(raw, parse_transaction(raw, self.network).id, 0, expires)

    def hand_in(self, signed):
        self.called()
        if self.shut:
            raise Killed
        self.handed.append(signed)
        code = self.refuses or self.bench.admission_code(signed.raw)
        if code != OK:
            known = [r for w in self.ledger.wholes for r in w.receipts if r.transaction == signed.transaction]
            return (known[0].code, True) if known else (code, False)
        (receipt,) = self.ledger.block(signed.raw)
        self.met.append(receipt.code)
        self.called()
        if self.loses:
            self.loses -= 1
            raise Killed
        return receipt.code, True
