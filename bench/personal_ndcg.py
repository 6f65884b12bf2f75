"""personal.ndcg: recommending films from three services' masked sums of pairs of films.

MovieLens latest-small (GroupLens; 100,836 ratings, 610 people), read from the folder that CONSORTIA_DATA
names. Of each person the last floor(20 %) of the ratings by (time, film) are held out; every rating counts as
relevant, and a film outside the catalogue, or never seen in training, as missed. People are split over three
services, five times. The catalogue is the 512 films that most people rated before, by the sums of the recipe
`rates` over all services. Of the ratings before, the last fifth of each person chooses the ridge, inside the
recipe `ease`; it is the same in every split, since the sums are.

`python -m bench.personal_ndcg` prints every split.
"""

import gzip
import statistics
import sys

import numpy as np

from bench.health_data import absent, folder
from consortia.engines.train import recipe
from consortia.engines.train.baskets import (
    GAIN_BITS,
    Baskets,
    basket_schema,
    baskets,
    cells,
    gains,
    item_sums,
    scores,
)
from consortia.engines.train.ease import Recommender
from consortia.engines.train.loop import train
from consortia.engines.train.rates import read_rates
from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.splits import order
from consortia.engines.train.table import Table, concatenate

NAME, UNIT = "personal.ndcg", "nDCG@10"
FILE = "personal/ml-latest-small/ratings.csv.gz"
BAR = "masked = central bit for bit; >= .125, above popularity and above each service alone"
SPLITS = 5
SERVICES = ("east", "north", "west")
ITEMS = 512


def ratings(data):
    """Each person's films in the order of (time, film): before, and the held-out fifth."""
    films = {}
    with gzip.open(data / FILE, "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            person, film, _, moment = line.split(",")
            films.setdefault(int(person), []).append((int(moment), int(film)))
    found = {}
    for person, rows in sorted(films.items()):
        ordered = [film for _, film in sorted(rows)]
        kept = len(ordered) - len(ordered) // 5
        found[person] = (ordered[:kept], ordered[kept:])
    return found


def catalogue(people, services):
    """The films that most people rated before, most first, by the sums over all services."""
    films = sorted({film for before, _ in people.values() for film in before})
    numbers = {film: at for at, film in enumerate(films)}
    schema = Schema((number("film", exponent=14),), Label("rated", ("no", "yes"), 0))
    tables = {}
    for name, chosen in services.items():
        rows = [[numbers[film]] for person in chosen for film in people[person][0]]
        tables[name] = Table(name, schema, np.array(rows, dtype=float), np.ones(len(rows)))
    counts = read_rates(train(recipe("rates"), {"groups": len(films)}, tables).model).records
    return [films[at] for at in np.argsort(-counts, kind="stable")[:ITEMS]]


def table(name, people, chosen, places):
    """A service's people."""
    words = len(places) // 32
    numbers, labels = [], []
    for person in chosen:
        before = people[person][0]
        kept = len(before) - len(before) // 5
        halves = [
            [places[film] for film in part if film in places] for part in (before[:kept], before[kept:])
        ]
        numbers.append([cell for half in halves for cell in cells(half, words)])
        labels.append(len(before) - kept)
    return Table(
        name, basket_schema(len(places)), np.array(numbers, dtype=float), np.array(labels, dtype=float)
    )


def measured(found, held):
    """The mean nDCG at 10 of scores, by the held-out films."""
    return int(gains(found, held.late, held.wanted).sum()) / len(held.wanted) / (1 << GAIN_BITS)


def split(seed, people):
    """One split: ours, popularity, each service alone, whether the sums are the central ones, the choice."""
    everybody = sorted(people)
    dealt = [everybody[at] for at in order(seed, "services", len(everybody))]
    services = {name: sorted(dealt[at :: len(SERVICES)]) for at, name in enumerate(SERVICES)}
    places = {film: at for at, film in enumerate(catalogue(people, services))}
    tables = {name: table(name, people, chosen, places) for name, chosen in services.items()}
    whole = concatenate("all", list(tables.values()))
    trained = train(recipe("ease"), {}, tables)
    ran = [person for chosen in services.values() for person in chosen]
    people_of = baskets(whole)
    had = people_of.had | people_of.late
    late = np.zeros_like(had)
    for row, person in enumerate(ran):
        late[row, [places[film] for film in people[person][1] if film in places]] = True
    held = Baskets(had, late, np.array([len(people[person][1]) for person in ran]))
    ours = Recommender(trained.model)
    same = bool(
        (trained.sums[2] == item_sums(had)).all() and (trained.sums[0] == item_sums(people_of.had)).all()
    )
    popular = np.where(had, np.iinfo(np.int64).min + 1, ours.counts[None, :])
    alone = [
        measured(scores(had, Recommender(train(recipe("ease"), {}, {name: one}).model).weights), held)
        for name, one in tables.items()
    ]
    return measured(scores(had, ours.weights), held), measured(popular, held), alone, same, ours.model.choice


def run() -> list[dict]:
    """The row: the mean over five splits."""
    data = folder(FILE)
    if data is None:
        return absent(NAME, UNIT, BAR, FILE)
    people = ratings(data)
    found = [split(seed, people) for seed in range(1, SPLITS + 1)]
    ours, popular = (statistics.mean(one[at] for one in found) for at in (0, 1))
    alone = statistics.mean(value for one in found for value in one[2])
    same = all(one[3] for one in found)
    best = max(value for one in found for value in one[2])
    met = same and ours >= 0.125 and ours > popular and all(one[0] > max(one[2]) for one in found)
    note = (
        f"{len(people)} people, {ITEMS} films, {SPLITS} splits; popularity {popular:.4f}, a service alone "
        f"{alone:.4f} on average, {best:.4f} at best; sums {'equal' if same else 'DIFFER from'} the "
        f"central ones; choices {sorted({one[4] for one in found})}"
    )
    for seed, one in enumerate(found, 1):
        print(
            f"split {seed}: together {one[0]:.4f}, alone {', '.join(f'{value:.4f}' for value in one[2])}",
            file=sys.stderr,
        )
    return [
        {
            "id": NAME,
            "value": round(ours, 4),
            "unit": UNIT,
            "peer": "a service alone",
            "peer_value": round(alone, 4),
            "ratio": round(ours / alone, 3),
            "bar": BAR,
            "met": met,
            "note": note,
        }
    ]


if __name__ == "__main__":
    print(run()[0])
