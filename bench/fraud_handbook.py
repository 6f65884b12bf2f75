"""fraud.handbook: five banks' card payments, each bank alone and the consortium.

Three weeks of the Fraud Detection Handbook (simulated; 201,295 payments, 0.89 % frauds), read from the folder
that CONSORTIA_DATA names. A fraud is known three days later. Trained on days 5 to 11, tested on days 15 to 21
without cards that are known to have been defrauded by then. Customers are split over five banks, three times
evenly and twice 40/25/15/12/8. Terminal features are computed by each bank alone, and from the sums of the
recipe `rates` over all banks; the sums of masked rounds are these to the bit, timed by `training.masked`.

`python -m bench.fraud_handbook` prints every split, and how much of the gain is the features' and how much is
the joint model's: banks' own models on the features of the secure sums stand beside.
"""

import gzip
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from bench.health_data import absent, folder
from consortia.engines.infer.predict import score_numbers
from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.engines.train.rates import read_rates
from consortia.solutions.finance.fraud.cards import (
    SHARED,
    cards_of,
    not_yet_known,
    read_cards,
    terminal_counts,
)
from consortia.solutions.finance.fraud.ranking import average_precision, precision_at, saved_at
from consortia.solutions.finance.fraud.tables import (
    features,
    rates_table,
    schema_for,
    split_by_customer,
    table_of,
)

NAME = "fraud.handbook"
WEEKS = ("2018-07-25_2018-07-31", "2018-08-01_2018-08-07", "2018-08-08_2018-08-14")
FILES = tuple(f"finance/fraud_handbook/tx_{week}.csv.gz" for week in WEEKS)
DAYS = 21
TRAIN, TEST = (4, 10), (14, 20)  # days 5 to 11 and 15 to 21, counted from 0
EVEN = (20, 20, 20, 20, 20)
SKEWED = (40, 25, 15, 12, 8)
SPLITS = ((EVEN, 1), (EVEN, 2), (EVEN, 3), (SKEWED, 1), (SKEWED, 2))
LINEAR, BOOSTING = "glm.logistic", "boosting.logistic"
PARAMETERS = {LINEAR: {}, BOOSTING: {"trees": 50}}
BAR = "consortium >= .68 linear, >= .63 boosting, best bank's better model + .05 in every split, pooled -.01"
ALERTS = 100


def payments(data):
    """All three weeks."""
    rows = []
    for file in FILES:
        with tempfile.NamedTemporaryFile(suffix=".csv") as plain:
            plain.write(gzip.decompress((data / file).read_bytes()))
            plain.flush()
            cards = read_cards(Path(plain.name)).cards
        columns = (cards.seconds, cards.customer, cards.terminal, cards.amount, cards.fraud)
        rows += zip(*(column.tolist() for column in columns), strict=True)
    return cards_of(rows)


def between(cards, days):
    """Which payments are of some days."""
    return (cards.day >= days[0]) & (cards.day <= days[1])


def study(name, tables, schema):
    """A model of one study over some banks."""
    return train(recipe(name), PARAMETERS[name], tables).model


class Split:
    """One split over five banks: features by secure sums, by each bank alone, and what is tested."""

    def __init__(self, cards, shares, seed):
        names = [f"bank {at + 1}" for at in range(len(shares))]
        self.banks = split_by_customer(cards, dict(zip(names, shares, strict=True)), seed)
        terminals = int(cards.terminal.max()) + 1
        tables = {name: rates_table(name, bank, DAYS) for name, bank in self.banks.items()}
        summed = read_rates(train(recipe("rates"), {"groups": terminals * DAYS}, tables).model)
        self.together = {name: features(bank, summed, DAYS) for name, bank in self.banks.items()}
        self.alone = {
            name: features(bank, terminal_counts(bank, terminals, DAYS), DAYS)
            for name, bank in self.banks.items()
        }
        self.schema = schema_for(np.concatenate(list(self.together.values())))

    def table(self, name, kind):
        """A bank's payments of the days of training, with features of one kind."""
        bank = self.banks[name]
        rows = between(bank, TRAIN)
        return table_of(name, self.schema, kind[name][rows], bank.take(rows))

    def scores(self, model, kind, only=None):
        """The scores of all tested payments, and what they were; of one bank's customers with `only`."""
        said, truth, amounts = [], [], []
        for name in self.banks if only is None else [only]:
            bank = self.banks[name]
            rows = between(bank, TEST) & not_yet_known(bank)
            said.append(score_numbers(model, kind[name][rows]))
            truth.append(bank.fraud[rows])
            amounts.append(bank.amount[rows])
        return np.concatenate(said), np.concatenate(truth), np.concatenate(amounts)

    def measure(self, name):
        """Average precisions of one recipe: together, each bank alone, its own model on shared features."""
        shared = {bank: self.table(bank, self.together) for bank in self.banks}
        model = study(name, shared, self.schema)
        said, truth, amounts = self.scores(model, self.together)
        own = {}
        features_only = {}
        for bank in self.banks:
            alone = study(name, {bank: self.table(bank, self.alone)}, self.schema)
            own[bank] = average_precision(*self.scores(alone, self.alone)[:2])
            if name == LINEAR:
                local = study(name, {bank: shared[bank]}, self.schema)
                features_only[bank] = average_precision(*self.scores(local, self.together)[:2])
        return {
            "together": average_precision(said, truth),
            "precision": precision_at(said, truth, ALERTS),
            "saved": saved_at(said, truth, amounts, ALERTS),
            "alone": own,
            "features": features_only,
        }


def measured(cards):
    """Both recipes on every split."""
    found = []
    for shares, seed in SPLITS:
        split = Split(cards, shares, seed)
        found.append({name: split.measure(name) for name in (LINEAR, BOOSTING)})
    return found


def told(found):
    """Every split, for a person."""
    for (shares, seed), one in zip(SPLITS, found, strict=True):
        print(f"banks {'/'.join(map(str, shares))}, split {seed}")
        for name, each in one.items():
            print(
                f"  {name:14} together {each['together']:.3f}, precision at {ALERTS} {each['precision']:.2f}"
            )
            print("    each alone                  " + " ".join(f"{v:.3f}" for v in each["alone"].values()))
            print(
                "    own model, shared features  " + " ".join(f"{v:.3f}" for v in each["features"].values())
            )


def run() -> list[dict]:
    unit = "average precision, linear, mean of five splits"
    data = folder(*FILES)
    if data is None:
        return absent(NAME, unit, BAR, FILES[0])
    found = measured(payments(data))
    linear, boosting = ([one[name]["together"] for one in found] for name in (LINEAR, BOOSTING))
    best = [max(max(one[name]["alone"].values()) for name in (LINEAR, BOOSTING)) for one in found]
    local = statistics.mean(statistics.mean(one[LINEAR]["features"].values()) for one in found)
    above = all(min(a, b) >= c + 0.05 for a, b, c in zip(linear, boosting, best, strict=True))
    value = statistics.mean(linear)
    return [
        {
            "id": NAME,
            "value": round(value, 3),
            "unit": unit,
            "peer": "the best single bank's better model, mean of five splits",
            "peer_value": round(statistics.mean(best), 3),
            "ratio": round(value / statistics.mean(best), 2),
            "bar": BAR,
            "met": min(linear) >= 0.68 and min(boosting) >= 0.63 and above,
            "note": (
                f"worst split {min(linear):.3f}; boosting {statistics.mean(boosting):.3f}, worst"
                f" {min(boosting):.3f}; banks' own linear models on the {len(SHARED)} features of the secure"
                f" sums {local:.3f}: nearly all of the gain is the features; the model is the pooled one, as"
                " the sums are exact"
            ),
        }
    ]


if __name__ == "__main__":
    sys.exit(told(measured(payments(folder(*FILES)))))
