"""Card payments of five banks' customers, made from a seed, with two kinds of fraud among them.

Synthetic, and simple. Customers pay at a few terminals each, at their own pace and for sums around their own.
Some terminals are compromised for some days, and a part of what is paid there is fraud, for usual sums: only
who counts payments at a terminal sees it. Some cards are stolen for some days, and pay far larger sums: their
own bank sees it. Both are easy to see here, once one looks in the right place.

Source: the two kinds of fraud are those of the Fraud Detection Handbook's simulator (Le Borgne et al. 2022).
"""

import random

from consortia.solutions.finance.fraud.cards import DAY_SECONDS, Cards, Row, cards_of

DAYS = 21
FIRST_SECOND = 1_767_571_200
"""Monday, 5 January 2026, in UTC."""

CUSTOMERS, TERMINALS = 400, 200
TERMINALS_EACH = 12
PACE = (0.4, 1.9)
"""Payments a day of a customer, from and to."""

COMPROMISED_DAYS = 14
COMPROMISED_PER_DAY = 0.6
COMPROMISED_PART = 0.8
STOLEN_DAYS = 5
STOLEN_PER_DAY = 0.8
STOLEN_PART = 0.5
STOLEN_TIMES = (3.0, 7.0)


def made_cards(seed: int, *, customers: int = CUSTOMERS, terminals: int = TERMINALS) -> Cards:
    """Three weeks of payments: about ten thousand, of which some three in a hundred are frauds."""
    draw = random.Random(seed)  # noqa: S311 (made-up data)
    bad = _spells(draw, terminals, COMPROMISED_PER_DAY, COMPROMISED_DAYS)
    stolen = _spells(draw, customers, STOLEN_PER_DAY, STOLEN_DAYS)
    rows: list[Row] = []
    for customer in range(customers):
        near = draw.sample(range(terminals), TERMINALS_EACH)
        pace, usual = draw.uniform(*PACE), draw.lognormvariate(3.4, 0.6)
        for day in range(DAYS):
            for _ in range(_count(draw, pace)):
                terminal = draw.choice(near)
                amount = usual * draw.lognormvariate(0.0, 0.5)
                fraud = day in bad[terminal] and draw.random() < COMPROMISED_PART
                if day in stolen[customer] and draw.random() < STOLEN_PART:
                    amount, fraud = amount * draw.uniform(*STOLEN_TIMES), True
                second = FIRST_SECOND + day * DAY_SECONDS + draw.randrange(6 * 3_600, 23 * 3_600)
                rows.append((second, customer, terminal, round(amount, 2), fraud))
    return cards_of(rows)


def _count(draw: random.Random, pace: float) -> int:
    """So many payments of a day: the whole part of the pace, and one more as often as its rest says."""
    return int(pace) + (draw.random() < pace % 1)


def _spells(draw: random.Random, count: int, per_day: float, days: int) -> list[frozenset[int]]:
    """For each of `count` things the days on which it is bad; on so many a day such a spell begins."""
    spells: list[set[int]] = [set() for _ in range(count)]
    for day in range(-days, DAYS):
        if draw.random() < per_day:
            spells[draw.randrange(count)].update(range(day, day + days))
    return [frozenset(each) for each in spells]
