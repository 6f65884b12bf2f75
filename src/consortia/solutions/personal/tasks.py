"""What services make of people's items: a catalogue, rows of a study, tables, and how good a ranking is.

The recipe is `ease`; the trivial baseline is popularity.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from consortia.engines.train.baskets import (
    CELL_BITS,
    GAIN_BITS,
    ITEMS_MAX,
    Baskets,
    basket_schema,
    baskets,
    cells,
    columns,
    gains,
    scores,
)
from consortia.engines.train.ease import EASE, Recommender
from consortia.engines.train.files import DataError, shown
from consortia.engines.train.inverse import Words
from consortia.engines.train.loop import train
from consortia.engines.train.table import Table

SUBJECT, WANTED = "person", "wanted"
RECIPE = EASE.name
LATE_SHARE = 5
"""Of each person's items the last of so many are what it had lately."""

People = Mapping[str, Sequence[str]]
"""Each person's items in the order of time."""


def catalogue_of(people: Iterable[Sequence[str]], most: int = ITEMS_MAX) -> tuple[str, ...]:
    """The items that most people had, most first, equal ones by name."""
    counts = Counter(item for items in people for item in set(items))
    return tuple(sorted(counts, key=lambda item: (-counts[item], item))[:most])


def read_catalogue(path: Path) -> tuple[str, ...]:
    """A catalogue: one item a line, each once; raises DataError."""
    try:
        items = tuple(path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name}: cannot be read ({shown(str(error))}).") from None
    if not 0 < len(items) <= ITEMS_MAX or len(set(items)) < len(items) or "" in items:
        raise DataError(f"{path.name}: 1 to {ITEMS_MAX} items are wanted, one a line, each once.")
    return items


def rows_of(people: People, catalogue: Sequence[str]) -> list[dict[str, str]]:
    """One row a person: what it had, and had lately, as words of bits of the catalogue."""
    places, words = {item: at for at, item in enumerate(catalogue)}, -(-len(catalogue) // CELL_BITS)
    found = []
    for person, items in people.items():
        kept = len(items) - len(items) // LATE_SHARE
        halves = [[places[item] for item in part if item in places] for part in (items[:kept], items[kept:])]
        numbers = [str(cell) for half in halves for cell in cells(half, words)]
        row = dict(zip(columns(words), numbers, strict=True))
        found.append({SUBJECT: person, **row, WANTED: str(len(items) - kept)})
    return found


def csv_of(rows: Sequence[Mapping[str, str]]) -> str:
    """The rows as CSV, with a header."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def items_in(row: Mapping[str, str], catalogue: Sequence[str]) -> tuple[str, ...]:
    """The items of a row, what was had lately last; the counterpart of `rows_of`."""
    words = -(-len(catalogue) // CELL_BITS)
    values = [int(row[name]) for name in columns(words)]
    found = []
    for at, value in enumerate(values):
        base = at % words * CELL_BITS
        found += [catalogue[base + bit] for bit in range(CELL_BITS) if value >> bit & 1]
    return tuple(found)


def table_of(name: str, people: People, catalogue: Sequence[str]) -> Table:
    """A service's people as a table of the recipe."""
    schema = basket_schema(len(catalogue))
    rows = rows_of(people, catalogue)
    numbers = [[float(row[field]) for field in schema.names] for row in rows]
    return Table(name, schema, np.array(numbers), np.array([float(row[WANTED]) for row in rows]))


def own_model(people: People, catalogue: Sequence[str]) -> bytes:
    """The model of one service alone."""
    return train(EASE, {}, {"alone": table_of("alone", people, catalogue)}).model


def held_out(people: People, following: People, catalogue: Sequence[str]) -> Baskets:
    """What people had, and what they had next: what a ranking is to foretell."""
    found = baskets(table_of("held-out", people, catalogue))
    places = {item: at for at, item in enumerate(catalogue)}
    late = np.zeros_like(found.had)
    for row, person in enumerate(people):
        late[row, [places[item] for item in following[person] if item in places]] = True
    had = found.had | found.late
    return Baskets(had, late & ~had, np.array([len(following[person]) for person in people]))


def foretold(held: Baskets, weights: Words) -> float:
    """The mean nDCG at 10 of a model's ranking."""
    return _mean(held, scores(held.had, weights))


def foretold_by_counts(held: Baskets, counts: Words) -> float:
    """The mean nDCG at 10 of ranking by how many people had each item."""
    found = np.where(held.had, np.iinfo(np.int64).min + 1, counts[None, :])
    return _mean(held, found)


def _mean(held: Baskets, found: Words) -> float:
    return int(gains(found, held.late, held.wanted).sum()) / len(held.wanted) / (1 << GAIN_BITS)


def explained(
    model: Recommender, catalogue: Sequence[str], own: Iterable[str], count: int
) -> list[tuple[str, tuple[str, ...]]]:
    """The items that go best with a person's own, and for each which of its own say most for it."""
    places = {item: at for at, item in enumerate(catalogue)}
    having = {places[item] for item in own if item in places}
    return [
        (
            catalogue[one.item],
            tuple(catalogue[why.item] for why in model.reasons(having, one.item)[:3] if why.score > 0),
        )
        for one in model.ranked(having, count)
        if one.item < len(catalogue)
    ]
