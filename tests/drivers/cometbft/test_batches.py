"""A bundle admitted all at once is admitted as one by one, whatever waits and whatever stands in it."""

import random

import pytest

from consortia.drivers.cometbft.bundle import again, pack, squeezed
from consortia.drivers.cometbft.driver import CometBft
from consortia.drivers.cometbft.pool import ACCEPTED
from consortia.kernel.admission import Admission
from consortia.kernel.genesis import Limits
from consortia.testing.plain import QUOTA, Member, Stop
from tests.drivers.cometbft.engine import (
    AMBER,
    BIRCH,
    CEDAR,
    DUNE,
    START,
    altered,
    block,
    committed,
    founded,
    pending,
    write,
)

HOUR = 3_600_000
WHOLE, TIGHT = Limits(1 << 40, 20_000, HOUR), Limits(3_000, 24, HOUR)
SCARCE = QUOTA.__class__(1_500, 9_000, QUOTA.state_bytes, 12)


class OneByOne:
    """A driver that admits nothing all at once."""

    def __new__(cls, ledger):
        """The driver, its bundles each of single transactions."""
        driver = CometBft(ledger, member="amber")
        driver._readings.batch = lambda _entry: None
        return driver


class Programme:
    """What may come to a driver, by chance: mostly what follows, now and then what must be refused."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.next = {(member.name, lane): 0 for member in (AMBER, BIRCH, CEDAR, DUNE) for lane in range(2)}
        self.entries = []

    def bundle(self, now):
        """A bundle of some members' transactions; seldom an old one, or one sent again."""
        if self.entries and self.chance.random() < 0.15:
            return self.chance.choice(self.entries)
        raws = [self.transaction() for _ in range(self.chance.choice((1, 2, 5, 9)))]
        entry = again(now, raws) if self.chance.random() < 0.1 else squeezed(pack(raws))
        self.entries.append(entry)
        return entry

    def transaction(self):
        member, lane = self.chance.choice((AMBER, AMBER, BIRCH, CEDAR, DUNE)), self.chance.randrange(2)
        place = member.name, lane
        sequence = self.next[place]
        self.next[place] += 1
        kind = self.chance.random()
        if kind < 0.9:
            return write(sequence, member, name=self.chance.choice("xyz"), lane=lane)
        self.next[place] = sequence
        if kind < 0.93:
            return write(max(0, sequence + self.chance.choice((-1, 1))), member, lane=lane)
        if kind < 0.95:
            return altered(write(sequence, member, lane=lane))
        if kind < 0.96:
            return write(sequence, member, lane=lane, expires=0)
        if kind < 0.97:
            return write(0, Member("stranger"))
        self.next[place] += 1
        return write(sequence, member, lane=lane, message=Stop("y"))


def both(drivers, act):
    """What both say, which must be the same."""
    one, other = (act(driver) for driver in drivers)
    assert one == other
    return one


def checked(driver, entry, now, ahead):
    if ahead:
        for _ in driver.pool.ahead(entry, now):
            pass
    return driver.check_tx(entry, now), len(driver.pool), driver.pool._waits


def offer(plan, drivers, pool, now):
    """Have a bundle checked by both, mostly ahead as well; it waits if they say so."""
    entry, ahead = plan.bundle(now), plan.chance.random() < 0.7
    verdict, *_ = both(drivers, lambda driver: checked(driver, entry, now, ahead))
    if verdict.code == ACCEPTED and entry not in pool:
        pool.append(entry)


def chosen(choice):
    return (
        choice.kept,
        [item.parsed.id for item in choice.admitted],
        choice.admission.consumed(),
        choice.whole,
    )


@pytest.mark.parametrize(("limits", "quota"), [(WHOLE, QUOTA), (TIGHT, SCARCE), (TIGHT, pending(5))])
def test_what_waits_and_what_is_decided_is_the_same(programme, limits, quota, monkeypatch):
    network = founded(limits=limits, quota=quota).network
    monkeypatch.setattr("tests.drivers.cometbft.engine.NETWORKS", [network])
    for seed in range(programme(quick=2, test=12, nightly=2_000)):
        plan = Programme(seed)
        whole = CometBft(founded(limits=limits, quota=quota), member="amber")
        drivers, pool, now = (whole, OneByOne(founded(limits=limits, quota=quota))), [], START + 1_000
        for height in range(1, 7):
            for _ in range(plan.chance.randrange(6)):
                offer(plan, drivers, pool, now)
            if plan.chance.random() < 0.5:  # what the proposer has and these nodes do not
                pool.append(plan.bundle(now))
            offered = block(height, *pool[: plan.chance.choice((2, 9))], time=now)
            entries = both(drivers, lambda driver, o=offered, t=now: driver.prepare_proposal(o, 1 << 20, t))
            strange = plan.chance.random() < 0.2
            proposal = block(height, *(offered.entries if strange else entries), time=now)
            both(drivers, lambda driver, p=proposal: driver.process_proposal(p))
            both(drivers, lambda driver, p=proposal: chosen(driver._choose(p)))
            for _ in range(plan.chance.randrange(3)):
                offer(plan, drivers, pool, now)
            both(drivers, lambda driver, p=proposal, t=now: driver.finalize_block(p, t))
            for driver in drivers:
                driver.commit()
            now += 700
            left = [entry for entry in pool if entry not in proposal.entries]
            kept = [both(drivers, lambda d, e=entry, t=now: d.check_tx(e, t, again=True)) for entry in left]
            pool = [one for one, verdict in zip(left, kept, strict=True) if verdict.code == ACCEPTED]
            both(drivers, lambda driver: [(name, str(why)) for name, why in driver.refusals()])
            both(drivers, lambda driver: driver.ledger.tip)


def test_most_bundles_are_admitted_all_at_once(monkeypatch):
    """Otherwise the test above would compare one by one with itself."""
    asked, admitted = [], Admission.admit_batch
    monkeypatch.setattr(
        Admission, "admit_batch", lambda fold, batch: asked.append(admitted(fold, batch)) or asked[-1]
    )
    driver = CometBft(founded())
    entry = squeezed(pack([write(at, member) for member in (AMBER, BIRCH) for at in range(20)]))
    checked(driver, entry, START, ahead=True)
    assert driver.process_proposal(block(1, entry))
    assert [len(found) for found in asked] == [40, 40]


@pytest.mark.parametrize("ahead", [True, False])
def test_a_bundle_that_follows_upon_the_block_being_decided_is_let_in_all_at_once(ahead):
    drivers = CometBft(founded()), OneByOne(founded())
    first, second, third = (pack([write(at) for at in range(5 * n, 5 * n + 5)]) for n in range(3))
    for driver in drivers:
        assert driver.process_proposal(block(1, first))
    for entry in (third, second, third):  # the third bundle has to wait for the second
        both(drivers, lambda driver, e=entry: checked(driver, e, START, ahead))
    for driver in drivers:
        committed(driver, block(1, first))
    for entry in (second, third):
        verdict = both(drivers, lambda driver, e=entry: driver.check_tx(e, START, again=True))
        assert verdict.codes == ("ok",) * 5
    assert len(drivers[0].pool) == 10


def test_a_wrong_signature_is_found_wherever_a_bundle_was_not_checked_before():
    driver, entry = CometBft(founded()), pack([write(0), write(1), altered(write(2))])
    assert not driver.process_proposal(block(1, entry))
    assert driver.check_tx(entry, START).codes == ("ok", "ok", "kernel.bad_signature")
    assert not driver.process_proposal(block(1, entry))
