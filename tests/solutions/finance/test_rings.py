"""Rings: each rule on the smallest ring that it is for, and on what only looks like one; banks together."""

import hashlib

import pytest

from consortia.engines.intersect import Blinding, around
from consortia.solutions.finance.rings.laundering import BANKS_LEAST, DAY, TYPOLOGIES, Transfer, world
from consortia.solutions.finance.rings.rules import FAN_LEAST, LARGE, WINDOW, renamed, suspects

SUM = 500_000


def paid(*steps):
    """Transfers from (minute, payer, payee, amount)."""
    return [Transfer(time, payer.encode(), payee.encode(), amount) for time, payer, payee, amount in steps]


def named(transfers):
    return {one.account.decode(): one.reasons for one in suspects(transfers)}


CYCLE = [(0, "a", "b", SUM), (60, "b", "c", SUM * 95 // 100), (120, "c", "a", SUM * 90 // 100)]


def test_money_that_comes_back_is_a_cycle():
    assert named(paid(*CYCLE)) == dict.fromkeys("abc", ("cycle",))


@pytest.mark.parametrize(
    "last",
    [
        (120, "c", "d", SUM * 90 // 100),
        (30, "c", "a", SUM * 90 // 100),
        (60 + WINDOW + 1, "c", "a", SUM * 90 // 100),
        (120, "c", "a", SUM * 70 // 100),
        (120, "c", "a", SUM),
        (120, "c", "a", LARGE - 1),
    ],
    ids=["elsewhere", "before it came", "too late", "too little", "more than came", "small"],
)
def test_what_does_not_come_back_so_is_no_cycle(last):
    assert named(paid(*CYCLE[:2], last)) == {}


def test_two_who_pay_each_other_are_no_ring():
    assert named(paid((0, "a", "b", SUM), (60, "b", "a", SUM * 95 // 100))) == {}


def scatter(relays):
    steps = []
    for at in range(relays):
        steps += [(at * 90, "source", f"m{at}", SUM + at), (at * 90 + 60, f"m{at}", "sink", SUM * 95 // 100)]
    return paid(*steps)


def test_an_account_that_reaches_another_over_three_relays_is_told():
    assert named(scatter(2)) == {}
    assert named(scatter(3)) == dict.fromkeys(("source", "sink", "m0", "m1", "m2"), ("scatter-gather",))


def gather(out):
    steps = [(at, f"p{at}", "centre", SUM * (2 + at)) for at in range(3)]
    return paid(*steps, *[(100 + at, "centre", f"q{at}", out) for at in range(3)])


def test_what_is_gathered_and_scattered_at_once_is_told():
    assert named(gather(SUM * 3 * 95 // 100))["centre"] == ("gather-scatter",)
    assert len(named(gather(SUM * 3 * 95 // 100))) == 7
    assert named(gather(SUM)) == {}
    assert named(gather(SUM * 3 + 1)) == {}


def test_two_payers_of_the_same_three_are_told():
    steps = [(at, payer, payee, SUM + 9 * at) for payer in "ab" for at, payee in enumerate("xyz")]
    assert named(paid(*steps)) == dict.fromkeys("abxyz", ("bipartite",))
    assert named(paid(*steps[:-1])) == {}


@pytest.mark.parametrize("name", ["fan-in", "fan-out"])
def test_like_sums_of_five_strangers_are_told_and_wages_are_not(name):
    def fan(count, *, amounts=(SUM,), at=0):
        ends = [("x", f"s{n}") if name == "fan-out" else (f"s{n}", "x") for n in range(count)]
        return [(at + n, payer, payee, amounts[n % len(amounts)]) for n, (payer, payee) in enumerate(ends)]

    assert named(paid(*fan(FAN_LEAST)))["x"] == (name,)
    assert named(paid(*fan(FAN_LEAST - 1))) == {}
    assert named(paid(*fan(FAN_LEAST, amounts=(LARGE, 5 * LARGE, 30 * LARGE)))) == {}
    weekly = [step for week in range(3) for step in fan(FAN_LEAST, at=week * 7 * DAY)]
    assert named(paid(*weekly)) == {}


def test_the_same_transfers_told_twice_and_payments_to_oneself_change_nothing():
    again = paid(*CYCLE, *CYCLE, (0, "a", "a", SUM))
    assert suspects(again) == suspects(paid(*CYCLE))


def test_a_world_is_the_same_for_the_same_seed():
    lines = repr(world(1, accounts=400, rings=1, controls=1).transfers).encode()
    assert hashlib.sha256(lines).hexdigest()[:16] == "bed56f471771b64c"
    assert world(2, accounts=400, rings=1).transfers != world(1, accounts=400, rings=1).transfers


def test_rings_are_over_three_banks_and_controls_inside_one():
    made = world(3, accounts=600, rings=2, controls=1)
    assert [ring.typology for ring in made.rings] == [name for name in TYPOLOGIES for _ in range(3)]
    for ring in made.rings:
        banks = {made.bank_of[account] for account in ring.accounts}
        assert len(banks) == 1 if ring.control else len(banks) >= BANKS_LEAST


def test_banks_together_find_twice_what_the_best_finds_alone():
    made = world(4)
    rings = {account for ring in made.rings if not ring.control for account in ring.accounts}
    alerts = len({account for ring in made.rings for account in ring.accounts})

    def recall(transfers):
        return len({one.account for one in suspects(transfers)[:alerts]} & rings) / len(rings)

    together = recall(made.transfers)
    alone = max(recall(made.seen_by(bank)) for bank in set(made.bank_of.values()))
    assert together >= 0.6
    assert together >= 2 * alone


def test_pseudonyms_of_all_banks_together_show_the_same_rings():
    made = world(5, accounts=300, rings=1, controls=0)
    large = [one for one in made.transfers if one.amount >= LARGE]
    accounts = sorted({account for one in large for account in (one.payer, one.payee)})
    banks = [Blinding(b"rings"), Blinding(b"rings"), Blinding(b"rings")]
    hidden = dict(zip(accounts, around(banks, 0, accounts), strict=True))
    assert hidden == dict(zip(accounts, around(banks, 2, accounts), strict=True))
    found = {one.account: one.reasons for one in suspects(renamed(large, hidden))}
    assert found == {hidden[one.account]: one.reasons for one in suspects(large)}
    assert found
