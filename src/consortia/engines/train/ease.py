"""EASE: which items go with which, from masked sums of pairs of items; nobody's profile leaves its service.

A record is a person; which items it had, and had lately, stands in words of bits (`baskets`). Three stages of
one round each, all of sums over people:

1. `early`: how many people had both of each pair of items, without what they had lately;
2. `choice`: for each ridge of a list, how well the model of these sums foretells what the members' people had
   lately (nDCG at 10), computed where the people are: the best ridge is chosen inside the study;
3. `whole`: the sums of pairs again, with what was had lately.

The model is what each item says of each other (Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse
Data"): the inverse of the sums with the ridge on the diagonal, on an integer grid (`inverse`), so that every
member has the same words. Whoever holds it ranks items for a person by that person's own: at its side, alone.

A person adds to the sums of pairs at most the first `items_max` of its items in the catalogue's order, which
bounds what one person adds: noise can hide it (`record_bounds`). Sums with noise step as others do.
"""

from math import isqrt
from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta
from msgspec.structs import replace

from consortia.base.codec import Malformed, Record, decode_record, encode_record
from consortia.engines.train.api import (
    About,
    Cohort,
    Parameter,
    Parameters,
    Plan,
    RecipeError,
    Stage,
    Vector,
    full_clip,
)
from consortia.engines.train.baskets import (
    CELL_BITS,
    GAIN_BITS,
    ITEMS_MAX,
    Baskets,
    baskets,
    capped,
    gains,
    item_sums,
    item_weights,
    ridge_for,
    scores,
    square,
    words_of,
)
from consortia.engines.train.inverse import Words
from consortia.engines.train.schema import Schema
from consortia.engines.train.statistics import Count, table_for
from consortia.engines.train.table import Table
from consortia.exact.fixed import from_integers

CHOICES = Parameter(
    "choices", 8, 1, 12, "ridges to choose among: a quarter of an item's mean count, doubling"
)
CAP = Parameter("items_max", ITEMS_MAX, 1, ITEMS_MAX, "items that a person adds to the sums of pairs at most")
PEOPLE_MAX = 1 << 24

Score = Annotated[int, Meta(ge=-(1 << 62), le=1 << 62)]
_WORD = "<i4"


class Terms(Record, frozen=True):
    """What the study fixes."""

    choices: Annotated[int, Meta(ge=1, le=CHOICES.high)]
    items_max: Annotated[int, Meta(ge=1, le=ITEMS_MAX)]


class EaseState(Record, frozen=True):
    """The state between rounds.

    `sums` are those of pairs, the upper triangle in 32-bit words: of the first stage until the choice, empty
    until the last stage, then of that. `scores` (the sum of people's nDCG on the 2^-20 grid, by choice) stand
    after the second. `people` are those of the cohort whose sums stand.
    """

    terms: Terms
    schema: Schema
    people: Count
    sums: bytes
    scores: tuple[Score, ...]


class EaseModel(Record, frozen=True):
    """The model: how many people had each item, and what each item says of each other, in 32-bit words.

    `weights` on the 2^-20 grid, row by row: of the row's item to the column's. `choice` is the ridge chosen,
    `scores` what the choice rests on.
    """

    schema: Schema
    people: Count
    choice: Count
    scores: tuple[Score, ...]
    counts: bytes
    weights: bytes


class Item(NamedTuple):
    """An item with its score or its share of one."""

    item: int
    score: int


class Ease:
    """The recipe `ease`."""

    name = "ease"
    version = 1
    budget_parts = (9, 1, 10)
    about = About("baskets", exact=True, pooled=True, parameters=(CHOICES, CAP))

    def plan(self, parameters: Parameters, schema: Schema) -> Plan:
        """Early sums, the choice of the ridge, and the whole sums."""
        terms = Terms(**self.about.read(parameters))
        items = CELL_BITS * words_of(schema)
        length = items * (items + 1) // 2
        stages = (
            Stage("early", 1, length, full_clip(32, 0), "sum"),
            Stage("choice", 1, terms.choices, full_clip(64, GAIN_BITS), "sum"),
            Stage("whole", 1, length, full_clip(32, 0), "sum"),
        )
        return Plan(stages, encode_record(EaseState(terms, schema, 0, b"", ())))

    def record_bounds(self, plan: Plan) -> tuple[int, ...]:
        """The largest L2 norm that one person adds in each stage: all its pairs, or all of the scores."""
        terms = _read(plan.initial).terms
        pairs = isqrt(terms.items_max * (terms.items_max + 1) // 2 - 1) + 1
        chosen = isqrt(terms.choices * (1 << (2 * GAIN_BITS)) - 1) + 1
        return (pairs, chosen, pairs)

    def local(self, state: bytes, table: Table) -> Vector:
        """The member's people's sums, or how well each choice foretells them."""
        current = _read(state)
        people = baskets(table_for(current.schema, table))
        if current.sums and not current.scores:
            return _tried(current, people)
        chosen = people.had | people.late if current.scores else people.had
        return item_sums(capped(chosen, current.terms.items_max))

    def check(self, state: bytes, vector: Vector, records: int) -> None:
        """So many people have such sums: no pair more often than either of its items."""
        current = _read(state)
        if current.sums and not current.scores:
            if int(vector.min()) < 0 or int(vector.max()) > records << GAIN_BITS:
                raise RecipeError(f"no {records} people give these scores")
            return
        sums = square(vector, CELL_BITS * words_of(current.schema))
        counts = np.diagonal(sums)
        low = int(sums.min()) < 0 or int(counts.max()) > records
        if low or bool((sums > np.minimum(counts[:, None], counts)).any()):
            raise RecipeError(f"no {records} people have these items")

    def step(self, state: bytes, total: Vector, cohort: Cohort) -> bytes:
        """The sums, or the scores; any are taken, as noise may give any."""
        current = _read(state)
        if current.sums and not current.scores:
            return encode_record(replace(current, sums=b"", scores=tuple(total.tolist())))
        if current.sums:
            raise RecipeError("every round is done; there is no further step")
        if cohort.records > PEOPLE_MAX:
            raise RecipeError(f"{cohort.records} people, at most {PEOPLE_MAX} are summed")
        words = np.clip(total, -cohort.records, cohort.records).astype(_WORD).tobytes()
        return encode_record(replace(current, people=cohort.records, sums=words))

    def finish(self, state: bytes) -> bytes:
        """The encoded EaseModel."""
        current = _read(state)
        if not (current.sums and current.scores):
            raise RecipeError("rounds are still to come; there is no model yet")
        sums, choice = _square(current), chosen_of(current.scores)
        weights = item_weights(sums, ridge_for(sums, choice))
        packed = [words.astype(_WORD).tobytes() for words in (np.diagonal(sums), weights)]
        return encode_record(EaseModel(current.schema, current.people, choice, current.scores, *packed))


def sums_in(state: bytes) -> Words:
    """The sums of pairs that a state between rounds holds for all members to see: the upper triangle.

    Raises Malformed, and RecipeError for a state without any.
    """
    found = _read(state).sums
    if not found:
        raise RecipeError("this state holds no sums: they stand between the first and the second round")
    return np.frombuffer(found, dtype=_WORD).astype(np.int64)


def chosen_of(found: tuple[int, ...]) -> int:
    """The choice of the best score; of equal ones the smallest ridge."""
    return max(range(len(found)), key=lambda at: (found[at], -at))


class Recommender:
    """A finished model at a person's side: what to recommend for a basket, and why. Integers throughout."""

    def __init__(self, model: bytes) -> None:
        """Read the model that `finish` encoded; raises Malformed or RecipeError."""
        self.model = decode_record(EaseModel, model)
        self.items = CELL_BITS * words_of(self.model.schema)
        held = len(self.model.counts), len(self.model.weights)
        if held != (4 * self.items, 4 * self.items * self.items):
            raise Malformed(f"{held[0]} and {held[1]} bytes of counts and weights for {self.items} items")
        self.counts: Words = np.frombuffer(self.model.counts, dtype=_WORD).astype(np.int64)
        weights = np.frombuffer(self.model.weights, dtype=_WORD).astype(np.int64)
        self.weights: Words = weights.reshape(self.items, self.items)

    def ranked(self, own: frozenset[int] | set[int], count: int = 10) -> tuple[Item, ...]:
        """The items that go best with a person's own, best first, never one of these; score on 2^-20."""
        chosen = np.zeros((1, self.items), dtype=bool)
        chosen[0, sorted(own)] = True
        found = scores(chosen, self.weights)[0]
        order = np.argsort(-found, kind="stable")[: min(count, self.items - len(own))]
        return tuple(Item(int(at), int(found[at])) for at in order)

    def reasons(self, own: frozenset[int] | set[int], item: int) -> tuple[Item, ...]:
        """What each of a person's own items says for another, most first; they add up to its score."""
        said = [Item(each, int(self.weights[each, item])) for each in sorted(own)]
        return tuple(sorted(said, key=lambda one: (-one.score, one.item)))


def _tried(current: EaseState, people: Baskets) -> Vector:
    """For each choice the sum over people of how well it foretells what they had lately."""
    sums = _square(current)
    found = []
    for choice in range(current.terms.choices):
        ranked = scores(people.had, item_weights(sums, ridge_for(sums, choice)))
        found.append(int(gains(ranked, people.late, people.wanted).sum()))
    return from_integers(found)


def _square(current: EaseState) -> Words:
    triangle = np.frombuffer(current.sums, dtype=_WORD).astype(np.int64)
    return square(triangle, CELL_BITS * words_of(current.schema))


def _read(state: bytes) -> EaseState:
    current = decode_record(EaseState, state)
    items = CELL_BITS * words_of(current.schema)
    if len(current.sums) not in {0, 2 * items * (items + 1)}:
        raise RecipeError(f"{len(current.sums)} bytes of sums for {items} items")
    if len(current.scores) not in {0, current.terms.choices}:
        raise RecipeError(f"{len(current.scores)} scores of {current.terms.choices} choices")
    return current


EASE = Ease()
