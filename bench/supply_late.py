"""supply.late: which deliveries of medicines will be late, learned by the countries that ordered them.

USAID's SCMS deliveries (10,324 lines, 43 countries), rolling origin: at each cut, 1 July 2011 to 2014, the
recipe boosting.logistic learns from all lines delivered before it and ranks all lines scheduled from it on.
No delivered or recorded date is among the features, nor what is known only once goods are shipped (weight,
freight). The figure is the mean over the cuts of the area under the curve. Beside it, the mean over countries
of the area within each, for the consortium's model and for GLM and boosting (scikit-learn) that a country
trains alone; a country that cannot train (no late line yet, or none in time) answers always the same: .5.

The trees are those of the pooled lines, however they are spread and masked: shown for one cut, in which the
countries' sums give the same model, byte for byte. Read from the folder that CONSORTIA_DATA names.
"""

import csv
import gzip
import io
from collections import Counter
from datetime import date, datetime

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from bench.health_data import absent, folder
from consortia.engines.infer.predict import score_numbers
from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Label, Schema, category, number
from consortia.engines.train.table import Table
from consortia.solutions.supply.tasks import area_under_curve

NAME, UNIT = "supply.late", "mean area under the curve over four cuts"
BAR = ">= .74; mean of countries >= the better of GLM and boosting alone + .02, above it at three cuts"
FILE = "supply/scms_delivery_history.csv.gz"
CUTS = tuple(date(year, 7, 1).toordinal() for year in (2011, 2012, 2013, 2014))
BOOSTING = recipe("boosting.logistic")
TREES = {"trees": 60, "depth": 3, "bins": 16, "rate_milli": 100, "least_milli": 3_000}
FEW = {"trees": 2, "depth": 3, "bins": 16, "rate_milli": 100}
WORDS = (
    *("Country", "Fulfill Via", "Vendor INCO Term", "Shipment Mode", "Product Group", "Sub Classification"),
    *("Vendor", "First Line Designation", "Brand", "Dosage Form", "Manufacturing Site"),
)
STARTS = ("PO Sent to Vendor", "PQ First Sent to Client")
AMOUNTS = ("Line Item Quantity", "Line Item Value", "Pack Price")
NUMBERS = ("quantity", "value", "price", "lead", "notice", "month")
LEVELS, YEAR = 40, 365
AREA, GAIN, CUTS_WON = 0.74, 0.02, 3
ALONE_LEAST = 5


class Lines:
    """All lines: what was known of each, when it was due and came, and whether it was late."""

    def __init__(self, path):
        text = gzip.decompress(path.read_bytes()).decode("utf-8-sig")
        self.rows = list(csv.DictReader(io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n"))))
        self.due = np.array([_day(row["Scheduled Delivery Date"]) for row in self.rows])
        self.came = np.array([_day(row["Delivered to Client Date"]) for row in self.rows])
        self.late = self.came > self.due
        self.country = np.array([row["Country"] for row in self.rows])
        self.numbers = np.array([_numbers(row, due) for row, due in zip(self.rows, self.due, strict=True)])

    def table(self, known):
        """Schema and numbers of all lines; the levels are the words most often used in the `known` ones."""
        fields, columns = [], []
        for word in WORDS:
            used = Counter(self.rows[at][word] for at in known)
            levels = tuple(sorted(level for level, _ in used.most_common(LEVELS)))
            place = {level: float(index) for index, level in enumerate(levels)}
            fields.append(category(word, levels))
            columns.append([place.get(row[word], np.nan) for row in self.rows])
        fields += [number(name, exponent=4, missing_flag=name in ("lead", "notice")) for name in NUMBERS]
        schema = Schema(tuple(fields), Label("late", ("0", "1"), 0))
        return schema, np.column_stack([np.array(columns).T, self.numbers])


def _day(text, form="%d-%b-%y"):
    try:
        return datetime.strptime(text, form).date().toordinal()  # noqa: DTZ007 (a day)
    except ValueError:
        return None


def _numbers(row, due):
    sent, asked = (
        _day(row[f"{name} Date"], "%m/%d/%y") for name in ("PO Sent to Vendor", "PQ First Sent to Client")
    )
    amounts = [
        np.log1p(float(row[name] or 0)) for name in ("Line Item Quantity", "Line Item Value", "Pack Price")
    ]
    lead, notice = (np.nan if day is None else (due - day) / 10 for day in (sent, asked))
    return [*amounts, lead, notice, float(date.fromordinal(due).month)]


def wide(numbers):
    """Words as columns of zeros and ones, for scikit-learn."""
    found = [numbers[:, len(WORDS) :]]
    for at in range(len(WORDS)):
        column = numbers[:, at]
        found.append((column[:, None] == np.arange(LEVELS)[None, :]).astype(float))
    return np.nan_to_num(np.hstack(found))


def alone(lines, columns, known, asked, make):
    """The scores of each country's own model for its own lines."""
    scores = np.zeros(len(asked))
    for country in np.unique(lines.country[asked]):
        own, here = known[lines.country[known] == country], lines.country[asked] == country
        if len(own) >= ALONE_LEAST and 0 < lines.late[own].mean() < 1:
            middle, spread = columns[own].mean(0), columns[own].std(0) + 1e-9
            model = make().fit(np.clip((columns[own] - middle) / spread, -8, 8), lines.late[own])
            scores[here] = model.decision_function(np.clip((columns[asked[here]] - middle) / spread, -8, 8))
    return scores


def within(lines, asked, scores):
    """The mean over countries of the area within each that has lines of both kinds."""
    found = []
    for country in np.unique(lines.country[asked]):
        here = lines.country[asked] == country
        if 0 < lines.late[asked[here]].mean() < 1:
            found.append(area_under_curve(scores[here], lines.late[asked[here]]))
    return float(np.mean(found))


def spread_alike(lines, schema, numbers, known):
    """Whether the countries' sums give the model of the pooled lines, byte for byte."""
    labels = lines.late.astype(float)
    pooled = Table("all", schema, numbers[known], labels[known])
    split = {
        f"{at:02}": Table(name, schema, numbers[own], labels[own])
        for at, name in enumerate(np.unique(lines.country[known]))
        for own in [known[lines.country[known] == name]]
    }
    return train(BOOSTING, FEW, split).model == train(BOOSTING, FEW, {"all": pooled}).model


def at_cut(lines, cut):
    """The figures of one cut."""
    known, asked = np.flatnonzero(lines.came < cut), np.flatnonzero(lines.due >= cut)
    schema, numbers = lines.table(known)
    pooled = Table("all", schema, numbers[known], lines.late[known].astype(float))
    scores = score_numbers(train(BOOSTING, TREES, {"all": pooled}).model, numbers[asked])
    year, columns = lines.due[asked] < cut + YEAR, wide(numbers)
    makers = {
        "GLM": lambda: LogisticRegression(C=0.01, max_iter=300),
        "boosting": lambda: HistGradientBoostingClassifier(
            max_iter=50, max_depth=3, early_stopping=False, min_samples_leaf=5
        ),
    }
    return {
        "area": area_under_curve(scores, lines.late[asked]),
        "year": area_under_curve(scores[year], lines.late[asked[year]]),
        "countries": within(lines, asked, scores),
        "alone": {
            name: within(lines, asked, alone(lines, columns, known, asked, make))
            for name, make in makers.items()
        },
        "alike": spread_alike(lines, schema, numbers, known) if cut == CUTS[0] else True,
    }


def run() -> list[dict]:
    data = folder(FILE)
    if data is None:
        return absent(NAME, UNIT, BAR, FILE)
    lines = Lines(data / FILE)
    cuts = [at_cut(lines, cut) for cut in CUTS]
    area, ours = (float(np.mean([cut[name] for cut in cuts])) for name in ("area", "countries"))
    beside = {name: float(np.mean([cut["alone"][name] for cut in cuts])) for name in cuts[0]["alone"]}
    best = max(beside, key=lambda name: beside[name])
    lost = [2011 + at for at, cut in enumerate(cuts) if cut["countries"] <= max(cut["alone"].values())]
    alike = all(cut["alike"] for cut in cuts)
    met = area >= AREA and ours >= beside[best] + GAIN and len(CUTS) - len(lost) >= CUTS_WON and alike
    told = "; ".join(
        f"July {2011 + at}: {cut['area']:.3f}, a year {cut['year']:.3f}, countries {cut['countries']:.3f} "
        f"(alone {', '.join(f'{name} {value:.3f}' for name, value in cut['alone'].items())})"
        for at, cut in enumerate(cuts)
    )
    return [
        {
            "id": NAME,
            "value": round(area, 3),
            "unit": UNIT,
            "peer": f"mean of countries: together {ours:.3f}, beside the better alone ({best})",
            "peer_value": round(beside[best], 3),
            "ratio": round(ours / beside[best], 2),
            "bar": BAR,
            "met": met,
            "note": f"{told}; cuts lost: {', '.join(map(str, lost)) or 'none'}; the countries' sums give the "
            f"pooled model byte for byte: {'yes' if alike else 'no'}",
        }
    ]


if __name__ == "__main__":
    print(run())
