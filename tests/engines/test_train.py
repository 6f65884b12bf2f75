# Long because every promise of a study is told over one run of it, made once
"""Recipes: equal to the plain version bit for bit, to the pooled fit, and to scikit-learn within a hair."""

import math

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

from consortia.base.codec import Malformed, decode_record, encode_record
from consortia.engines.train import RECIPES, recipe, reference
from consortia.engines.train.api import (
    Cohort,
    Plan,
    Quantisation,
    RecipeError,
    Stage,
    check_total,
    check_vector,
    recipe_digest,
    to_blob,
    weighed,
)
from consortia.engines.train.design import design
from consortia.engines.train.glm import STEP_MAX, GlmModel, GlmState, curvature, newton_change, read_model
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Label, Schema, category, number
from consortia.engines.train.standardise import standard_design
from consortia.engines.train.statistics import Moments, column_sums, contribution, label_integers, moments
from consortia.engines.train.table import Table, concatenate
from consortia.exact.ring import RingError
from tests.engines.tables import SCHEMA, make, numeric_tables

LOGISTIC = recipe("glm.logistic")
SITES = {
    "east": make(1, 60, name="east"),
    "west": make(2, 25, name="west"),
    "north": make(3, 40, name="north"),
}
CLASSES = Label("y", ("0", "1"), 0)


def cells_of(table):
    matrix = design(table.schema, table.numbers)
    rows = zip(matrix.values.T.tolist(), matrix.present.T.tolist(), strict=True)
    return [[v if here else None for v, here in zip(vs, heres, strict=True)] for vs, heres in rows]


def cohort_of(tables):
    records = sum(table.records for table in tables)
    return Cohort(len(tables), records, records)


def shared(tables):
    return moments(sum(contribution(table) for table in tables), cohort_of(tables))


def test_cells_are_read_as_the_plain_version_reads_them():
    table = SITES["east"]
    for field, name, column in ((0, "age", 0), (2, "dose", 4)):
        exponent = table.schema.fields[field].exponent
        cells = [None if math.isnan(v) else v for v in table.numbers[:, field].tolist()]
        assert SCHEMA.design_names[column] == name
        assert cells_of(table)[column] == [reference.read_number(cell, exponent) for cell in cells]


def test_moments_equal_the_plain_version_bit_for_bit():
    tables = list(SITES.values())
    label_sums = [int(label_integers(table).sum()) for table in tables]
    plain = reference.shared_moments([cells_of(t) for t in tables], label_sums, cohort_of(tables).records)
    assert shared(tables) == plain


def test_squares_are_summed_exactly_however_large_the_cells_are():
    schema = Schema((number("x"),), CLASSES)
    values = np.array([[255.9], [-256.0], [1e-6]] * 50)
    table = Table("big", schema, values, np.zeros(150))
    assert column_sums(design(schema, values)) == [reference.column_statistics(cells_of(table)[0])]


def test_a_newton_round_equals_the_plain_version_bit_for_bit():
    tables = list(SITES.values())
    common = shared(tables)
    weights = (1_234_567, 9_876_543, -(1 << 23), 0, 1 << 23, 77, 1 << 22)
    total = [None, None]
    for table in tables:
        standard = standard_design(design(SCHEMA, table.numbers), common)
        plain_rows = [
            [
                reference.standard_cell(cell, common.means[c], common.deviations[c])
                for c, cell in enumerate(row)
            ]
            for row in zip(*cells_of(table), strict=True)
        ]
        assert standard.tolist() == plain_rows
        fast = curvature("logistic", standard, label_integers(table), weights)
        plain = reference.logistic_sums(plain_rows, table.labels.astype(int).tolist(), weights)
        upper = np.triu_indices(len(weights))
        assert fast[0].tolist() == plain[0]
        assert fast[1][upper].tolist() == np.array(plain[1])[upper].tolist()
        total = [part if old is None else old + part for old, part in zip(total, fast, strict=True)]
    gradient, hessian = total
    words = np.concatenate([gradient, hessian[np.triu_indices(len(weights))]])
    change = newton_change(words, weights, 1_000, cohort_of(tables))
    assert max(map(abs, change)) < STEP_MAX
    stepped = [weight - delta for weight, delta in zip(weights, change, strict=True)]
    assert stepped == reference.newton_step(gradient.tolist(), hessian.tolist(), weights, 1_000)


def test_the_federated_model_is_the_pooled_one_up_to_the_rounding_of_its_sums():
    federated = read_model(train(LOGISTIC, {}, SITES).model)
    pooled = read_model(train(LOGISTIC, {}, {"all": concatenate("all", list(SITES.values()))}).model)
    assert federated.moments == pooled.moments
    assert np.abs(np.array(federated.weights) - np.array(pooled.weights)).max() <= 16


def test_the_model_is_scikit_learns_on_the_same_standardised_columns():
    whole = concatenate("all", list(SITES.values()))
    model = read_model(train(LOGISTIC, {"rounds": 12}, SITES).model)
    columns = standard_design(design(SCHEMA, whole.numbers), model.moments) / 2**16
    oracle = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(columns, whole.labels)
    assert np.allclose(np.array(model.weights) / 2**24, [*oracle.intercept_, *oracle.coef_[0]], atol=2e-5)


def test_a_linear_model_is_the_ridge_solution_after_one_round():
    tables = numeric_tables()
    trained = train(recipe("glm.linear"), {"ridge_milli": 2_000}, tables)
    model = read_model(trained.model)
    whole = concatenate("all", list(tables.values()))
    columns = standard_design(design(whole.schema, whole.numbers), model.moments) / 2**16
    oracle = Ridge(alpha=2.0).fit(columns, whole.labels / 8)
    assert np.allclose(np.array(model.weights) / 2**24, [oracle.intercept_, *oracle.coef_], atol=1e-5)


def test_with_hardly_any_ridge_a_linear_model_is_least_squares():
    tables = numeric_tables()
    whole = concatenate("all", list(tables.values()))
    model = read_model(train(recipe("glm.linear"), {"ridge_milli": 1}, tables).model)
    columns = standard_design(design(whole.schema, whole.numbers), model.moments) / 2**16
    oracle = LinearRegression().fit(columns, whole.labels / 8)
    assert np.allclose(np.array(model.weights) / 2**24, [oracle.intercept_, *oracle.coef_], atol=1e-4)


def test_statistics_are_those_of_the_pooled_records():
    found = decode_record(Moments, train(recipe("statistics"), {}, SITES).model)
    whole = concatenate("all", list(SITES.values()))
    age = whole.numbers[:, 0]
    assert found.records == whole.records
    assert found.counts[0] == int((~np.isnan(age)).sum())
    assert found.means[0] / 2**14 == pytest.approx(np.nanmean(age), abs=1e-4)
    assert found.deviations[0] / 2**14 == pytest.approx(np.nanstd(age), abs=1e-3)
    assert found.means[1] * found.counts[1] / 2**20 == pytest.approx(
        (whole.numbers[:, 1] == 0).sum(), abs=1e-3
    )
    assert found.label_mean / 2**20 == pytest.approx(whole.labels.mean(), abs=1e-6)


@pytest.mark.parametrize("scale", [1, 1000, 10**6])
def test_separable_data_stay_finite(scale):
    schema = Schema((number("x", exponent=math.ceil(math.log2(scale))),), CLASSES)
    x = np.array([[-2.0], [-1], [1], [2]]) * scale
    tables = {name: Table(name, schema, x, np.array([0.0, 0, 1, 1])) for name in ("a", "b")}
    trained = train(LOGISTIC, {"rounds": 20}, tables)
    assert decode_record(GlmState, trained.states[-1]).moved <= 1
    assert 0 < read_model(trained.model).weights[1] < 4 << 24


def test_a_column_that_is_constant_or_missing_everywhere_gets_no_weight():
    schema = Schema(
        (number("x"), number("same", exponent=3), number("gone"), category("c", ("u", "v"))), CLASSES
    )
    generator = np.random.default_rng(4)
    tables = {}
    for name in ("a", "b", "c"):
        numbers = np.column_stack(
            [generator.normal(size=30), np.full(30, 7.3), np.full(30, np.nan), np.zeros(30)]
        )
        tables[name] = Table(name, schema, numbers, (numbers[:, 0] > 0).astype(float))
    weights = read_model(train(LOGISTIC, {}, tables).model).weights
    assert weights[1] > 1 << 23
    assert weights[2:] == (0, 0, 0, 0)


def test_a_site_where_a_column_is_missing_altogether_trains_along():
    blank = SITES["west"]
    numbers = blank.numbers.copy()
    numbers[:, 0] = np.nan
    tables = SITES | {"west": Table("west", blank.schema, numbers, blank.labels)}
    model = read_model(train(LOGISTIC, {}, tables).model)
    assert model.weights[1] > 0


def test_a_wild_cell_does_not_rule_the_model():
    table = SITES["east"]
    numbers = table.numbers.copy()
    numbers[5, 0] = 1e12
    wild = read_model(
        train(LOGISTIC, {}, SITES | {"east": Table("east", SCHEMA, numbers, table.labels)}).model
    )
    assert all(abs(weight) < 4 << 24 for weight in wild.weights)


def test_a_dropped_member_leaves_the_ridge_its_weight():
    """The cohort's sums are brought to all who joined: half of a doubled study gives the whole's model."""
    tables = {"a": SITES["east"], "b": SITES["east"]}
    plan = LOGISTIC.plan({}, SCHEMA)
    both, half = plan.initial, plan.initial
    records = SITES["east"].records
    for _ in range(plan.rounds):
        both = LOGISTIC.step(
            both, sum(LOGISTIC.local(both, t) for t in tables.values()), Cohort(2, 2 * records, 2 * records)
        )
        half = LOGISTIC.step(half, LOGISTIC.local(half, tables["a"]), Cohort(1, records, 2 * records))
    first, second = (np.array(read_model(LOGISTIC.finish(s)).weights) for s in (both, half))
    assert np.abs(first - second).max() <= 16


def test_a_step_beyond_its_bound_is_shortened_in_its_direction():
    words = np.array([100 << 24, 50 << 24, 1 << 24, 0, 1 << 24])
    assert newton_change(words, (0, 0), 1_000, Cohort(1, 10, 10)) == [STEP_MAX, STEP_MAX // 4]


def test_an_ill_posed_step_is_refused_by_name():
    with pytest.raises(RecipeError, match="has no solution: leading minor"):
        newton_change(np.array([1, 1, -5, 0, 1]), (0, 0), 1_000, Cohort(1, 10, 10))


def test_digests_tell_recipes_apart():
    assert len({recipe_digest(each) for each in RECIPES.values()}) == len(RECIPES)


def test_an_unknown_recipe_is_refused_with_the_names_there_are():
    with pytest.raises(RecipeError, match=r"glm\.linear, glm\.logistic, .*glm\.poisson, .*statistics"):
        recipe("glm")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"rounds": 0}, "rounds is 0, an integer from 1 to 100"),
        ({"rounds": True}, "rounds is True"),
        ({"ridge_milli": 0}, "ridge_milli is 0"),
        ({"depth": 3}, "no such parameter: depth"),
    ],
)
def test_parameters_out_of_bounds_are_refused(parameters, said):
    with pytest.raises(RecipeError, match=said):
        LOGISTIC.plan(parameters, SCHEMA)


def test_a_recipe_without_parameters_says_so():
    with pytest.raises(RecipeError, match="there are none"):
        recipe("statistics").plan({"rounds": 1}, SCHEMA)


def test_each_family_wants_its_label():
    with pytest.raises(RecipeError, match="of two classes"):
        LOGISTIC.plan({}, Schema(SCHEMA.fields, Label("cost", (), 0)))
    with pytest.raises(RecipeError, match="of numbers"):
        recipe("glm.linear").plan({}, SCHEMA)


def test_more_columns_than_are_solved_exactly_are_refused():
    wide = Schema(tuple(number(f"x{i}") for i in range(128)), CLASSES)
    with pytest.raises(RecipeError, match="128 columns"):
        LOGISTIC.plan({}, wide)


def test_a_plan_knows_the_stage_of_each_round():
    plan = LOGISTIC.plan({"rounds": 3}, SCHEMA)
    assert [plan.stage_of(i).name for i in range(plan.rounds)] == ["statistics", "newton", "newton", "newton"]
    with pytest.raises(RecipeError):
        plan.stage_of(4)
    assert decode_record(Plan, encode_record(plan)) == plan


STAGE = Stage("newton", 1, 3, Quantisation(64, 24, 1 << 40), "sum")


def test_a_blob_that_keeps_the_stages_terms_is_read():
    assert check_vector(STAGE, to_blob(STAGE, np.array([1, -2, 1 << 40]))).tolist() == [1, -2, 1 << 40]


@pytest.mark.parametrize(
    "vector", [np.array([1, 2]), np.array([1, 2, (1 << 40) + 1]), np.zeros((3, 1), np.int64)]
)
def test_a_vector_that_breaks_the_stages_terms_makes_no_blob(vector):
    with pytest.raises(RingError):
        to_blob(STAGE, vector)


@pytest.mark.parametrize("blob", [b"", b"\x00" * 23, b"\x00" * 25, b"\xff" * 7 + b"\x70" + b"\x00" * 16])
def test_a_blob_that_breaks_the_stages_terms_is_refused(blob):
    with pytest.raises(RingError):
        check_vector(STAGE, blob)


def test_a_sum_of_another_shape_or_beyond_its_members_is_refused():
    with pytest.raises(RingError, match="shape"):
        check_total(STAGE, np.zeros(2, dtype=np.int64), 4)
    with pytest.raises(RingError, match="beyond"):
        check_total(STAGE, np.array([0, 0, (4 << 40) + 1]), 4)


@pytest.mark.parametrize("word", [-1, 61])
def test_counts_that_no_records_have_are_refused(word):
    total = contribution(SITES["east"])
    total[0] = word
    with pytest.raises(RecipeError, match="counts"):
        moments(total, Cohort(1, 60, 60))


@pytest.mark.parametrize(("index", "word"), [(1, 1 << 56), (2, -1), (2, 1 << 57), (-1, 1 << 57)])
def test_sums_that_no_records_have_are_refused(index, word):
    total = contribution(SITES["east"])
    total[index] = word
    with pytest.raises(RecipeError, match="no records of this schema"):
        moments(total, Cohort(1, 60, 60))


def test_an_honest_vector_of_every_round_passes_the_check_for_its_own_records():
    for name, tables in (("glm.logistic", SITES), ("glm.linear", numeric_tables()), ("statistics", SITES)):
        each = recipe(name)
        for state in train(each, {}, tables).states[:-1]:
            for table in tables.values():
                each.check(state, each.local(state, table), table.records)


@pytest.mark.parametrize("name", ["glm.logistic", "glm.linear"])
@pytest.mark.parametrize(
    ("index", "word"), [(0, 1 << 50), (1, -(1 << 50)), (-1, -1), (-2, 1 << 50), (-1, 1 << 57)]
)
def test_a_gradient_or_hessian_that_so_many_records_cannot_give_is_refused(name, index, word):
    tables = SITES if name == "glm.logistic" else numeric_tables()
    each, table = recipe(name), next(iter(tables.values()))
    state = train(each, {}, tables).states[1]
    vector = each.local(state, table)
    vector[index] = word
    with pytest.raises(RecipeError, match=r"no \d+ records give this"):
        each.check(state, vector, table.records)


def test_statistics_of_more_records_than_a_member_joined_with_are_refused():
    for name in ("statistics", "glm.logistic"):
        state = recipe(name).plan({}, SCHEMA).initial
        with pytest.raises(RecipeError, match="counts"):
            recipe(name).check(state, contribution(SITES["east"]), 30)


def test_a_member_whose_sums_leave_the_ring_is_told_which_exponent_to_raise():
    schema = Schema((number("x", exponent=-20),), CLASSES)
    table = Table("hot.csv", schema, np.full((600, 1), 1e3), np.zeros(600))
    with pytest.raises(RecipeError, match=r"hot\.csv: a column's sums leave the ring"):
        contribution(table)


def test_a_table_read_under_another_schema_is_refused():
    other = Schema(SCHEMA.fields, Label("other", ("no", "yes"), 0))
    plan = LOGISTIC.plan({}, SCHEMA)
    with pytest.raises(RecipeError, match="another schema"):
        LOGISTIC.local(plan.initial, make(1, 5, other))


def test_a_label_that_is_not_finite_is_refused():
    tables = numeric_tables()
    labels = tables["p"].labels.copy()
    labels[0] = np.nan
    with pytest.raises(RecipeError, match="the label"):
        contribution(Table("p", tables["p"].schema, tables["p"].numbers, labels))


def test_there_is_no_step_after_the_last_and_no_model_before_it():
    plan = LOGISTIC.plan({"rounds": 1}, SCHEMA)
    with pytest.raises(RecipeError, match="0 of 1 Newton rounds"):
        LOGISTIC.finish(plan.initial)
    last = train(LOGISTIC, {"rounds": 1}, SITES).states[-1]
    with pytest.raises(RecipeError, match="no further step"):
        LOGISTIC.step(last, np.zeros(1), Cohort(1, 1, 1))
    statistics = recipe("statistics")
    with pytest.raises(RecipeError, match="still to come"):
        statistics.finish(statistics.plan({}, SCHEMA).initial)
    with pytest.raises(RecipeError, match="no further round"):
        statistics.step(train(statistics, {}, SITES).states[-1], np.zeros(1), Cohort(1, 1, 1))


def test_a_state_of_another_recipe_is_refused():
    with pytest.raises(RecipeError, match=r"not of glm\.linear"):
        recipe("glm.linear").local(LOGISTIC.plan({}, SCHEMA).initial, SITES["east"])
    with pytest.raises(Malformed):
        recipe("statistics").local(LOGISTIC.plan({}, SCHEMA).initial, SITES["east"])


def test_a_model_whose_parts_do_not_fit_together_is_refused():
    model = read_model(train(LOGISTIC, {}, SITES).model)
    short = GlmModel(model.terms, model.schema, model.moments, model.weights[:-1])
    with pytest.raises(RecipeError, match="not those of the schema"):
        read_model(encode_record(short))
    heavy = GlmModel(model.terms, model.schema, model.moments, (1 << 40, *model.weights[1:]))
    with pytest.raises(Malformed):
        read_model(encode_record(heavy))


def test_a_contribution_to_a_mean_is_scaled_by_records_and_one_to_a_sum_is_not():
    mean = Stage("average", 1, 3, Quantisation(32, 20, 1 << 25), "records")
    assert weighed(mean, np.array([6, -9, 3]), 1, 6).tolist() == [1, -2, 0]
    assert weighed(STAGE, np.array([6, -9, 3]), 1, 6).tolist() == [6, -9, 3]
    with pytest.raises(RingError, match="64 bits"):
        weighed(mean, np.array([1 << 40, 0, 0]), 1 << 24, 1 << 25)
