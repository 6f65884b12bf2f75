"""EASE: sums of pairs, the inverse on the grid, the choice of the ridge, recommending with reasons."""

from fractions import Fraction

import numpy as np
import pytest
from msgspec.structs import replace

from consortia.base.codec import Malformed, decode_record, encode_record
from consortia.engines.train import recipe
from consortia.engines.train.api import Cohort, RecipeError
from consortia.engines.train.baskets import (
    GAINS,
    basket_schema,
    baskets,
    best,
    cells,
    gains,
    item_sums,
    item_weights,
    ridge_for,
    square,
    words_of,
)
from consortia.engines.train.ease import EaseModel, EaseState, Recommender, chosen_of
from consortia.engines.train.inverse import ONE, NotPositive, inverse, product
from consortia.engines.train.loop import train
from consortia.engines.train.reference import gauss
from consortia.engines.train.reference_baskets import (
    grid_inverse,
    grid_product,
    item_model,
    pair_counts,
    ranking_gain,
)
from consortia.engines.train.schema import Label, Schema, category
from consortia.engines.train.table import Table
from consortia.exact.fixed import divide_array
from consortia.testing.recipes import tables

EASE = recipe("ease")
SITES = tables("baskets")
SCHEMA = basket_schema(64)
COHORT = Cohort(3, 125, 125)


def definite(size, seed=1, people=40):
    """The sums of people who have a third of the items, and the matrix of them on the grid."""
    rng = np.random.default_rng(seed)
    had = rng.random((people, size)) < 0.3
    sums = square(item_sums(had), size)
    grid = divide_array(sums * ONE, 7)
    grid[np.arange(size), np.arange(size)] += ONE
    return sums, grid


def own(*rows):
    """People: what each had, lately had, and how many lately."""
    numbers = [[*cells(had, 2), *cells(late, 2)] for had, late, _ in rows]
    return Table("own", SCHEMA, np.array(numbers, dtype=float), np.array([float(one[2]) for one in rows]))


def test_words_of_bits_are_the_items_that_people_had():
    found = baskets(own(([0, 31, 40], [3], 2), ([], [63], 1)))
    assert [np.flatnonzero(row).tolist() for row in found.had] == [[0, 31, 40], []]
    assert [np.flatnonzero(row).tolist() for row in found.late] == [[3], [63]]
    assert found.wanted.tolist() == [2, 1]


def test_a_cell_that_is_no_word_of_bits_holds_no_items():
    numbers = np.array([[np.nan, -1.0, 2.0**32, np.inf], [1.5, 2.0**32 - 1, 0.0, 1e300]])
    found = baskets(Table("odd", SCHEMA, numbers, np.array([np.nan, -3.0])))
    assert found.had.sum(axis=1).tolist() == [0, 33]
    assert not found.late.any()
    assert found.wanted.tolist() == [0, 0]


def test_what_was_had_before_is_not_to_be_foretold():
    found = baskets(own(([5], [5, 6], 1)))
    assert np.flatnonzero(found.late[0]).tolist() == [6]


@pytest.mark.parametrize(
    "schema",
    [
        Schema(SCHEMA.fields[:3], SCHEMA.label),
        Schema((SCHEMA.fields[0], category("kind", ("a",))), SCHEMA.label),
        Schema(SCHEMA.fields, Label("wanted", ("no", "yes"), 0)),
        Schema(SCHEMA.fields[:1] * 66, SCHEMA.label),
    ],
    ids=["odd", "category", "classes", "many"],
)
def test_a_schema_of_no_baskets_is_refused(schema):
    with pytest.raises(RecipeError, match=r"baskets have|the most there are"):
        words_of(schema)


def test_sums_of_pairs_are_counted_person_by_person():
    people = baskets(SITES["west"]).had
    plain = pair_counts([np.flatnonzero(row).tolist() for row in people], 64)
    assert square(item_sums(people), 64).tolist() == plain


@pytest.mark.parametrize("size", [1, 5, 8, 13])
def test_the_inverse_takes_the_plain_steps_to_the_bit(size):
    _, grid = definite(size)
    for block in (1, 4, 64):
        assert inverse(grid, block).tolist() == grid_inverse(grid.tolist(), block)


def test_products_of_the_largest_words_are_exact():
    rng = np.random.default_rng(2)
    left = rng.integers(-(1 << 40), 1 << 40, (3, 64))
    right = rng.integers(-(1 << 38), 1 << 38, (64, 2))
    assert product(left, right).tolist() == grid_product(left.tolist(), right.tolist())


def test_the_inverse_is_that_of_fractions_but_for_the_grid():
    _, grid = definite(12)
    size = range(12)
    exact = [
        gauss([[Fraction(int(v), ONE) for v in row] for row in grid], [Fraction(i == j) for i in size])
        for j in size
    ]
    apart = max(abs(exact[j][i] - Fraction(int(inverse(grid)[i, j]), ONE)) for i in size for j in size)
    assert apart < Fraction(100, ONE)


@pytest.mark.parametrize(
    "matrix",
    [
        [[0]],
        [[-ONE]],
        [[ONE, 2 * ONE], [2 * ONE, ONE]],
        [[ONE, 1 << 50], [1 << 50, ONE]],
        [[1 << 44, 1 << 44]] * 2,
    ],
    ids=["zero", "negative", "indefinite", "beyond", "equal"],
)
def test_what_is_not_positive_definite_has_no_inverse_on_the_grid(matrix):
    with pytest.raises(NotPositive):
        inverse(np.array(matrix, dtype=np.int64))


def test_a_product_that_leaves_the_grid_is_refused():
    wide = np.full((1, 64), 1 << 45)
    with pytest.raises(NotPositive, match="a product leaves"):
        product(wide, wide.T)


def test_weights_are_the_plain_models():
    sums, _ = definite(40)
    assert item_weights(sums, 9).tolist() == item_model(sums.tolist(), 9, 64)


def test_sums_with_noise_have_a_model_too():
    rng = np.random.default_rng(3)
    noise = rng.integers(-40, 40, (64, 64))
    noisy = np.triu(noise) + np.triu(noise, 1).T
    weights = item_weights(noisy, ridge_for(noisy, 0))
    assert (np.diagonal(weights) == 0).all()
    assert weights.tolist() == item_weights(noisy, ridge_for(noisy, 0)).tolist()


def test_gains_are_those_of_fractions():
    rng = np.random.default_rng(4)
    found = rng.integers(-50, 50, (30, 64))
    late = rng.random((30, 64)) < 0.2
    wanted = np.maximum(rng.integers(0, 30, 30), 0)
    wanted[0] = 0
    plain = [
        ranking_gain(row, np.flatnonzero(lately).tolist(), int(count))
        for row, lately, count in zip(best(found).tolist(), late, wanted, strict=True)
    ]
    assert gains(found, late, wanted).tolist() == plain
    assert len(GAINS) == 10


def test_masked_sums_are_the_central_ones_and_the_ridge_is_chosen_inside():
    trained = train(EASE, {"choices": 5}, SITES)
    everybody = [baskets(table) for table in SITES.values()]
    had = np.concatenate([one.had for one in everybody])
    late = np.concatenate([one.late for one in everybody])
    assert trained.sums[0].tolist() == item_sums(had).tolist()
    assert trained.sums[2].tolist() == item_sums(had | late).tolist()
    model = decode_record(EaseModel, trained.model)
    assert model.scores == tuple(trained.sums[1].tolist())
    assert model.choice == max(range(5), key=lambda at: (model.scores[at], -at)) == chosen_of(model.scores)
    sums = square(trained.sums[2], 64)
    assert Recommender(trained.model).weights.tolist() == item_model(
        sums.tolist(), ridge_for(sums, model.choice), 64
    )


def test_a_person_adds_no_more_than_the_bound():
    plan = EASE.plan({"items_max": 6, "choices": 3}, SCHEMA)
    bounds = EASE.record_bounds(plan)
    person = own((list(range(40)), list(range(40, 60)), 20))
    early = EASE.local(plan.initial, person)
    assert int((early * early).sum()) == 21 <= bounds[0] ** 2
    state = EASE.step(plan.initial, early, Cohort(1, 1, 1))
    tried = EASE.local(state, person)
    assert int((tried * tried).sum()) <= bounds[1] ** 2
    last = EASE.local(EASE.step(state, tried, Cohort(1, 1, 1)), person)
    assert int((last * last).sum()) == 21 <= bounds[2] ** 2


def test_a_person_is_told_what_goes_with_its_own_items_and_why():
    trio = [([0, 1, 2], [], 0)] * 5 + [([3, 4], [], 0)] * 5 + [([0], [1], 1)] * 3
    found = Recommender(train(EASE, {}, {"a": own(*trio), "b": own(*trio), "c": own(*trio)}).model)
    ranked = found.ranked({0, 1}, 3)
    assert ranked[0].item == 2
    assert not {0, 1} & {one.item for one in ranked}
    reasons = found.reasons({0, 1, 3}, 2)
    assert {one.item for one in reasons} == {0, 1, 3}
    assert reasons[-1].item == 3
    assert sum(one.score for one in found.reasons({0, 1}, 2)) == ranked[0].score
    assert len(found.ranked(set(range(62)), 10)) == 2


@pytest.mark.parametrize("word", [-1, 126], ids=["negative", "many"])
def test_sums_that_no_people_have_are_refused(word):
    state = EASE.plan({}, SCHEMA).initial
    vector = EASE.local(state, SITES["east"])
    EASE.check(state, vector, 60)
    vector[1] = word
    with pytest.raises(RecipeError, match="no 60 people have these items"):
        EASE.check(state, vector, 60)


def test_scores_that_no_people_give_are_refused():
    plan = EASE.plan({}, SCHEMA)
    state = EASE.step(plan.initial, EASE.local(plan.initial, SITES["east"]), COHORT)
    for word in (-1, (60 << 20) + 1):
        with pytest.raises(RecipeError, match="no 60 people give these scores"):
            EASE.check(state, np.array([word] * 8), 60)


def test_states_and_models_that_were_cut_are_refused():
    plan = EASE.plan({}, SCHEMA)
    state = decode_record(EaseState, plan.initial)
    for broken in (replace(state, sums=b"1234"), replace(state, scores=(1, 2))):
        with pytest.raises(RecipeError, match=r"for 64 items|of 8 choices"):
            EASE.local(encode_record(broken), SITES["east"])
    with pytest.raises(RecipeError, match="at most"):
        EASE.step(plan.initial, EASE.local(plan.initial, SITES["east"]), Cohort(3, 1 << 25, 1 << 25))
    model = decode_record(EaseModel, train(EASE, {}, SITES).model)
    with pytest.raises(Malformed, match="of counts and weights for 64 items"):
        Recommender(encode_record(replace(model, weights=model.weights[4:])))


def test_the_choice_is_the_smallest_of_equal_ridges():
    assert chosen_of((3, 7, 7, 1)) == 1
