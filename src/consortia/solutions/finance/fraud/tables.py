"""Fraud across banks: tables for the studies, and each way of answering beside the others.

Two studies make a consortium's model. The recipe `rates` adds up payments and frauds by terminal and day; the
second study learns from each bank's payments with features of those sums. Nobody shows a customer.
"""

from collections.abc import Mapping

import numpy as np

from consortia.engines.train.agree import exponent_for
from consortia.engines.train.rates import Counts
from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.table import Table
from consortia.solutions.finance.fraud.cards import (
    DELAY_DAYS,
    OWN,
    SHARED,
    Cards,
    Numbers,
    groups_of,
    own_features,
    shared_features,
)

FRAUD = Label("fraud", ("0", "1"), 0)
_GROUP_EXPONENT = 20


def rates_table(name: str, cards: Cards, days: int) -> Table:
    """A bank's payments for the recipe `rates`: the group of terminal and day, and whether it was a fraud."""
    schema = Schema((number("terminal and day", exponent=_GROUP_EXPONENT),), FRAUD)
    groups = groups_of(cards, days).astype(np.float64)
    return Table(name, schema, groups[:, None], cards.fraud.astype(np.float64))


def features(cards: Cards, counts: Counts, days: int, delay: int = DELAY_DAYS) -> Numbers:
    """All features of payments, shape (payments, OWN and SHARED): the bank's own, and of `counts`."""
    return np.hstack([own_features(cards), shared_features(cards, counts, days, delay)])


def schema_for(matrix: Numbers) -> Schema:
    """The schema of a study on such features; scales are those of whoever proposes it."""
    fields = tuple(
        number(name, exponent=exponent_for(np.abs(matrix[:, at]).tolist()))
        for at, name in enumerate((*OWN, *SHARED))
    )
    return Schema(fields, FRAUD)


def arranged(schema: Schema, matrix: Numbers) -> Numbers:
    """All features in the order of a study's columns, which is that of a data set: by name.

    Raises ValueError for columns that are no such features.
    """
    names = [field.name for field in schema.fields]
    if sorted(names) != sorted((*OWN, *SHARED)):
        raise ValueError(f"columns are {', '.join(names)}")
    return matrix[:, [(*OWN, *SHARED).index(name) for name in names]]


def table_of(name: str, schema: Schema, matrix: Numbers, cards: Cards) -> Table:
    """A bank's payments for the second study."""
    return Table(name, schema, matrix, cards.fraud.astype(np.float64))


def split_by_customer(cards: Cards, shares: Mapping[str, float], seed: int) -> dict[str, Cards]:
    """Banks' payments: each customer with one bank, banks as large as their shares, by `seed`."""
    customers = np.unique(cards.customer)
    np.random.default_rng(seed).shuffle(customers)
    ends = np.cumsum(list(shares.values())) / sum(shares.values()) * len(customers)
    bank = np.zeros(int(customers.max(initial=0)) + 1, dtype=np.int64)
    begin = 0
    for at, end in enumerate(np.rint(ends).astype(np.int64)):
        bank[customers[begin:end]] = at
        begin = int(end)
    return {name: cards.take(bank[cards.customer] == at) for at, name in enumerate(shares)}
