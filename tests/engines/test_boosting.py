"""Boosted trees by histograms: the pooled trees from sums alone, to the bit, and held to XGBoost."""

import math
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from consortia.base.codec import decode_record, encode_record
from consortia.engines.infer import Estimator
from consortia.engines.infer.models import load
from consortia.engines.infer.predict import features_of, predict, predict_features, score_numbers
from consortia.engines.train import boosting_work, recipe
from consortia.engines.train.api import Cohort, RecipeError
from consortia.engines.train.boosting import BoostingModel, BoostingState, read_model
from consortia.engines.train.boosting_work import Grown, packed, planted_of, unpacked
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Label, Schema, category, number
from consortia.engines.train.table import Table
from consortia.exact import boosting as law
from consortia.exact.linear import sigmoid_one

ONE = 1 << law.GRADIENT_BITS
SCHEMA = Schema(
    (
        number("amount", exponent=6),
        number("hour", exponent=5),
        category("kind", ("a", "b", "c")),
        number("age", exponent=3, missing_flag=True),
    ),
    Label("fraud", ("no", "yes"), 0),
)
BOOSTING = recipe("boosting.logistic")


def sample(records, seed, name="all"):
    draw = np.random.default_rng(seed)
    amount = draw.lognormal(3, 1, records)
    hour = draw.integers(0, 24, records).astype(float)
    kind = draw.integers(0, 3, records).astype(float)
    age = draw.uniform(0, 8, records)
    lean = np.log(amount) - 3 + (hour < 6) * (kind == 1) * 2 - 0.2 * age + draw.logistic(0, 0.4, records)
    age[draw.random(records) < 0.2] = np.nan
    numbers = np.column_stack([amount, hour, kind, age])
    return Table(name, SCHEMA, numbers, (lean > 0.5).astype(float))


def split(table, parts):
    edges = np.linspace(0, len(table), parts + 1).astype(int)
    return {
        f"site-{index}": table.take(list(range(begin, end)))
        for index, (begin, end) in enumerate(pairwise(edges))
    }


def test_the_trees_are_those_of_the_pooled_records_however_they_are_spread():
    whole = sample(900, 1)
    settings = {"trees": 4, "depth": 3}
    # The statistics round its squares once for each member, which no tree looks at.
    models = [read_model(train(BOOSTING, settings, split(whole, parts)).model) for parts in (1, 3, 5)]
    assert len({encode_record(model.trees) for model in models}) == 1
    assert len({model.base for model in models}) == 1


def test_what_is_kept_between_levels_changes_no_sum():
    tables = split(sample(500, 2), 2)
    kept = train(BOOSTING, {"trees": 3, "depth": 2}, tables)
    for state, total in zip(kept.states, kept.sums, strict=False):
        boosting_work.forget()
        fresh = sum(BOOSTING.local(state, table) for table in tables.values())
        assert (fresh == total).all()


def test_a_table_that_nobody_holds_is_not_kept():
    boosting_work.forget()
    table = sample(50, 3)
    train(BOOSTING, {"trees": 1, "depth": 1}, {"one": table})
    assert len(boosting_work._KEPT) == 1
    del table
    assert not boosting_work._KEPT


@pytest.mark.slow
@pytest.mark.skipif(
    not sys.platform.startswith("linux") or sys.maxsize < 2**32, reason="the oracle has wheels for Linux only"
)
def test_it_finds_what_xgboost_finds():
    xgboost = pytest.importorskip("xgboost", reason="the oracle has wheels for x86-64 Linux only")
    from sklearn.metrics import roc_auc_score

    numbers = sample(6000, 4)
    fresh = sample(4000, 5)
    model = train(BOOSTING, {"trees": 20}, split(numbers, 3)).model
    ours = roc_auc_score(fresh.labels, score_numbers(model, fresh.numbers))
    settings = {
        "tree_method": "hist",
        "max_depth": 4,
        "max_bin": 32,
        "objective": "binary:logistic",
        "nthread": 1,
    }
    peer = xgboost.train(settings, xgboost.DMatrix(numbers.numbers, numbers.labels), 20)
    theirs = roc_auc_score(fresh.labels, peer.predict(xgboost.DMatrix(fresh.numbers)))
    assert ours > theirs - 0.01


def test_a_prediction_re_executes_from_its_features():
    table = sample(400, 6)
    model = train(BOOSTING, {"trees": 5, "depth": 3}, {"one": table}).model
    estimator = Estimator(model)
    assert estimator.score(_cells(table), _labels(table)) > 0.8
    row = _cells(table)[3]
    first = predict(model, row)
    assert predict_features(model, [features_of(model, row)])[0] == first
    assert first.score == int(score_numbers(model, table.numbers[3:4])[0])
    assert not hasattr(estimator, "coef_")


def _cells(table):
    return [
        [
            None if math.isnan(cell) else "abc"[int(cell)] if index == 2 else cell
            for index, cell in enumerate(row)
        ]
        for row in table.numbers.tolist()
    ]


def _labels(table):
    return ["yes" if label else "no" for label in table.labels]


def test_missing_cells_count_as_less_than_all_others():
    numbers = np.array([[5.0], [6.0], [np.nan], [np.nan]] * 40)
    schema = Schema((number("x", exponent=3),), Label("y", ("no", "yes"), 0))
    table = Table("one", schema, numbers, np.array([1.0, 1.0, 0.0, 0.0] * 40))
    model = train(BOOSTING, {"trees": 3, "depth": 1}, {"one": table}).model
    assert [predict(model, [cell]).label for cell in (5.0, -7.9, None)] == ["yes", "yes", "no"]


def test_a_label_that_never_varies_grows_no_tree_and_a_constant_column_asks_nothing():
    schema = Schema((number("x", exponent=3), number("same", exponent=1)), Label("y", ("no", "yes"), 0))
    numbers = np.column_stack([np.arange(40.0) / 8, np.ones(40)])
    one = Table("one", schema, numbers, np.zeros(40))
    model = read_model(train(BOOSTING, {"trees": 2}, {"one": one}).model)
    assert model.trees.planted.width == 1
    assert model.trees.planted.depth == 0
    varied = Table("one", schema, numbers, (np.arange(40) > 20).astype(float))
    grown = read_model(train(BOOSTING, {"trees": 2, "least_milli": 0}, {"one": varied}).model)
    assert grown.trees.planted.width == 1
    assert grown.trees.planted.depth > 0


# ------------------------------------------------------------------ the exact step

sums = st.lists(
    st.lists(st.tuples(st.integers(-(10**6), 10**6), st.integers(0, 10**6)), min_size=4, max_size=4),
    min_size=1,
    max_size=3,
)


@given(sums, st.integers(1, 10**6), st.integers(0, 10**6))
def test_the_split_is_one_of_the_largest_gain(columns, ridge, least):
    """Held to fractions, but for what 26 bits of a gradient cannot tell apart."""
    from fractions import Fraction

    totals = [sum(each[part] for each in columns[0]) for part in (0, 1)]
    for column in columns:  # every column of a node adds up alike
        column[-1] = (
            totals[0] - sum(each[0] for each in column[:-1]),
            max(0, totals[1] - sum(each[1] for each in column[:-1])),
        )
    totals[1] = max(sum(each[1] for each in column) for column in columns)
    for column in columns:
        column[-1] = (column[-1][0], totals[1] - sum(each[1] for each in column[:-1]))
    words = np.array(columns, dtype=np.int64)

    def term(gradient, hessian):
        return Fraction(gradient * gradient, hessian + ridge)

    gains = {}
    for index, column in enumerate(columns):
        for bin_ in range(3):
            left = [sum(each[part] for each in column[: bin_ + 1]) for part in (0, 1)]
            right = [totals[part] - left[part] for part in (0, 1)]
            if min(left[1], right[1]) >= max(1, least):
                gains[index, bin_] = term(*left) + term(*right) - term(*totals)
    found = law.best_split(words[:, :, 0], words[:, :, 1], ridge=ridge, least=least)
    best = max(gains.values(), default=Fraction(0))
    if found is None:
        assert best <= Fraction(1, 100)
        return
    assert gains[found.column, found.bin] >= best - Fraction(1, 100)
    assert [a + b for a, b in zip(found.left, found.right, strict=True)] == totals


def test_of_equal_splits_the_first_is_taken():
    gradients = np.array([[-5, 5, 0], [-5, 5, 0]], dtype=np.int64) * ONE
    hessians = np.array([[5, 5, 0], [5, 5, 0]], dtype=np.int64) * ONE
    found = law.best_split(gradients, hessians, ridge=ONE, least=ONE)
    assert (found.column, found.bin) == (0, 0)


def test_the_largest_sums_fit():
    huge = 1 << 57
    gradients = np.array([[-huge, huge]], dtype=np.int64)
    found = law.best_split(gradients, np.array([[huge, huge]], dtype=np.int64), ridge=1, least=0)
    assert (found.column, found.bin, found.left) == (0, 0, (-huge, huge))


@pytest.mark.parametrize(
    ("gradient", "hessian", "value"),
    [
        (-3 * ONE, 2 * ONE, ONE // 10 + 1),
        (0, 0, 0),
        (-(1 << 50), 1, law.LEAF_MAX),
        (1 << 50, 1, -law.LEAF_MAX),
    ],
)
def test_a_leaf_is_worth_its_gradient_over_its_hessian(gradient, hessian, value):
    assert law.leaf_value(gradient, hessian, ridge=ONE, rate_milli=100) == value


def test_a_leaf_of_nothing_without_a_ridge_is_worth_nothing():
    assert law.leaf_value(5, 0, ridge=0, rate_milli=100) == 0


@given(st.lists(st.integers(-(2**30) + 1, 2**30 - 1), min_size=1, max_size=50))
def test_cells_ascend_with_the_words_and_end_where_they_say(words):
    ordered = np.array(sorted(words), dtype=np.int64)
    found = law.cells(ordered)
    assert (np.diff(found) >= 0).all()
    assert int(found.min()) >= 0
    assert int(found.max()) < law.CELLS
    tops = [law.cell_top(int(cell)) for cell in found]
    assert all(word <= top for word, top in zip(ordered.tolist(), tops, strict=True))
    assert law.cells(np.array(tops)).tolist() == found.tolist()
    assert (law.cells(np.array(tops) + 1) == np.minimum(found + 1, law.CELLS - 1)).all()


def test_edges_part_records_into_bins_of_like_size():
    words = np.random.default_rng(1).integers(-5000, 5000, 20_000)
    counts = np.bincount(law.cells(words), minlength=law.CELLS)
    edges = law.quantile_edges(counts, 16)
    assert edges == sorted(set(edges))
    shares = np.histogram(words, [-(2**31), *(np.array(edges) + 0.5), 2**31])[0]
    assert shares.min() > 20_000 / 16 / 2
    assert law.quantile_edges(np.bincount([law.CELL_MAX] * 9, minlength=law.CELLS), 8) == []
    assert law.quantile_edges(np.zeros(law.CELLS, dtype=np.int64), 8) == []


def test_many_zeros_leave_the_bins_to_the_rest():
    rare = np.random.default_rng(2).integers(1, 4000, 300)
    words = np.concatenate([np.zeros(20_000, dtype=np.int64), rare, -rare[:100]])
    edges = law.quantile_edges(np.bincount(law.cells(words), minlength=law.CELLS), 16)
    assert len(edges) == 15
    assert 0 in edges
    shares = np.histogram(rare, [0.5, *(edge + 0.5 for edge in edges if edge > 0), 2**31])[0]
    assert shares.max() < 80
    assert law.quantile_edges(np.bincount(law.cells(words), minlength=law.CELLS), 2) in ([0], [-1])


# ------------------------------------------------------------------ what is refused


def stages_of(settings):
    table = sample(60, 9)
    done = train(BOOSTING, settings, {"one": table})
    return table, done, Cohort(1, table.records, table.records)


def test_sums_of_no_records_are_refused():
    table, done, cohort = stages_of({"trees": 1, "depth": 2})
    cells, level = done.states[1], done.states[2]
    short = done.sums[1].copy()
    short[0] = table.records + 1
    negative = done.sums[1].copy()
    negative[5] = -1
    for wrong in (short, negative):
        with pytest.raises(RecipeError, match="cells"):
            BOOSTING.check(cells, wrong, table.records)
        with pytest.raises(RecipeError, match="cells"):
            BOOSTING.step(cells, wrong, cohort)
    apart = done.sums[2].copy()
    apart[0] += 5
    below = done.sums[2].copy()
    below[1::2] *= -1
    for wrong in (apart, below):
        with pytest.raises(RecipeError, match="gradients"):
            BOOSTING.check(level, wrong, table.records)
        with pytest.raises(RecipeError, match="of no records"):
            BOOSTING.step(level, wrong, cohort)
    steep = np.zeros_like(done.sums[2]).reshape(2, len(SCHEMA.design_names), -1, 2)
    steep[0, :, 0, 0] = (table.records + 1) * ONE
    with pytest.raises(RecipeError, match="gradients"):
        BOOSTING.check(level, steep.reshape(-1), table.records)
    flat = done.sums[2].copy()
    flat[0::2] = 0
    flat[1::2] *= 100
    with pytest.raises(RecipeError, match="Hessians"):
        BOOSTING.check(level, flat, table.records)


def test_states_and_models_that_do_not_fit_are_refused():
    _, done, cohort = stages_of({"trees": 1, "depth": 2})
    state = decode_record(BoostingState, done.states[2])
    wrong = [
        replace(state, edges=(*state.edges[:-1], packed((5, 5)))),
        replace(state, edges=state.edges[:-1]),
        replace(state, edges=(b"abc", *state.edges[1:])),
        replace(state, growing=replace(state.growing, columns=packed((99,) * 7))),
        replace(state, growing=replace(state.growing, bins=b"")),
        replace(state, level=2),
        replace(state, moments=None),
    ]
    for each in wrong:
        with pytest.raises(RecipeError, match="not of one study"):
            BOOSTING.step(encode_record(each), done.sums[2], cohort)
    model = decode_record(BoostingModel, done.model)
    few = replace(model, schema=Schema((number("x", exponent=1),), SCHEMA.label))
    with pytest.raises(RecipeError, match="ask for columns"):
        load(encode_record(few))
    with pytest.raises(RecipeError, match="the trees of the model"):
        load(encode_record(replace(model, trees=replace(model.trees, rights=b""))))


def test_a_study_that_would_not_fit_is_refused():
    with pytest.raises(RecipeError, match="two classes"):
        BOOSTING.plan({}, Schema(SCHEMA.fields, Label("y", (), 3)))
    wide = Schema(tuple(number(f"x{i}", exponent=0) for i in range(9000)), SCHEMA.label)
    with pytest.raises(RecipeError, match="words a level"):
        BOOSTING.plan({"depth": 8, "bins": 128}, wide)


def test_the_base_is_the_least_that_reaches_the_share_of_positive_records():
    _, done, _ = stages_of({"trees": 1, "depth": 1})
    model = decode_record(BoostingModel, done.model)
    share = model.moments.label_mean << 4
    assert sigmoid_one(model.base) >= share > sigmoid_one(model.base - 1)


def test_a_split_behind_the_last_edge_stays_inside():
    """An open round's sum may claim records where nobody has any."""
    grown = Grown(packed((0, -1, -1)), packed((9, 0, 0)), packed((0, 1, 2)))
    tree = planted_of(grown, (packed((3, 8)),), (100,))
    assert tree.planted.threshold.tolist() == [108, 0, 0]
    missing = planted_of(grown, (b"",), (100,))
    assert missing.planted.threshold.tolist() == [boosting_work.MISSING, 0, 0]
    assert unpacked(b"\x01\x00\x00\x00\x02").tolist() == [1]
