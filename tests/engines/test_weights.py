"""The door for other frameworks: weights out, weights in, and whatever a member's own program may do."""

import numpy as np
import pytest

from consortia.base.codec import Malformed
from consortia.engines.infer import Estimator, load
from consortia.engines.train import recipe
from consortia.engines.train.api import RecipeError
from consortia.engines.train.learner import flat, load_trainer, shaped
from consortia.engines.train.loop import train
from consortia.engines.train.splits import wisconsin_hospitals
from consortia.engines.train.table import concatenate
from consortia.engines.train.weights import (
    NO_TRAINER,
    ModelHead,
    StateHead,
    from_bytes,
    installed,
    read_model,
    records_of,
    to_bytes,
    weights_of,
)
from tests.engines.learners import Endless, Failing, Growing, Logistic
from tests.engines.tables import SCHEMA, make

WEIGHTS = recipe("weights.fedavg")
SITES = {"east": make(1, 60, name="east"), "west": make(2, 30, name="west")}
WIDTH = len(SCHEMA.design_names)
TRAINED = train(WEIGHTS, {"rounds": 2}, SITES, dict.fromkeys(SITES, Logistic))


def test_members_programs_learn_together():
    split = wisconsin_hospitals(1)
    model = train(WEIGHTS, {"rounds": 20}, split.tables, dict.fromkeys(split.tables, Logistic)).model
    learner = installed(model, Logistic, split.held_out)
    assert np.mean(learner.predict() == split.held_out.labels) > 0.94


def test_with_one_step_a_round_it_is_gradient_descent_on_all_records():
    class OneStep(Logistic):
        steps = 1

    trained = train(WEIGHTS, {"rounds": 3}, SITES, dict.fromkeys(SITES, OneStep))
    shared = read_model(trained.model).head.moments
    whole = OneStep(records_of(concatenate("all", list(SITES.values())), shared))
    for _ in range(3):
        whole.weights_in(whole.weights_out(), train=True)
    assert weights_of(trained.model) == pytest.approx(flat(whole.weights_out()), abs=1e-5)


def test_the_columns_are_standardised_as_the_cohort_is():
    records = records_of(concatenate("all", list(SITES.values())), read_model(TRAINED.model).head.moments)
    assert records.columns.dtype == np.float32
    assert records.columns.shape == (90, WIDTH)
    assert records.columns[:, -1].mean() == pytest.approx(0, abs=1e-3)
    assert records.columns[:, -1].std() == pytest.approx(1, abs=1e-2)
    assert set(records.labels.tolist()) == {0.0, 1.0}


def test_the_start_is_the_mean_of_what_members_begin_with():
    class From(Logistic):
        begin = 0.0

        def __init__(self, records):
            super().__init__(records)
            self.weights[1][:] = self.begin

    class Six(From):
        begin = 6.0

    trained = train(WEIGHTS, {"rounds": 1}, SITES, {"east": From, "west": Six})
    words = from_bytes(StateHead, trained.states[2]).words
    assert words[-1] / 2**20 == pytest.approx(6 * 30 / 90, abs=1e-6)


@pytest.mark.parametrize(
    ("learner", "said"),
    [
        (Failing, "west: the trainer failed: OSError: the disk is full"),
        (Growing, "came back with"),
        (Endless, "west: the trainer gave weights that are not finite"),
        (lambda records: None, "the trainer failed: AttributeError"),
    ],
)
def test_a_program_that_fails_is_named_and_nothing_is_sent(learner, said):
    state = TRAINED.states[2]
    with np.errstate(all="ignore"), pytest.raises(RecipeError, match=said):
        WEIGHTS.local_with(state, SITES["west"], learner)


def test_a_program_of_another_size_is_refused_at_the_start():
    with pytest.raises(RecipeError, match=r"the learner has 7 weights, the study has 9"):
        train(WEIGHTS, {"weights": 9}, SITES, dict.fromkeys(SITES, Logistic))


def test_without_a_program_there_is_no_training():
    with pytest.raises(RecipeError, match="program of each member's own"):
        train(WEIGHTS, {}, SITES)
    assert "trainer = module:name" in NO_TRAINER


def test_a_framework_model_predicts_only_in_its_framework():
    with pytest.raises(RecipeError, match="only a learner of that framework predicts"):
        Estimator(TRAINED.model)
    with pytest.raises(Malformed):
        load(b"\xa0")


def test_models_and_states_whose_parts_do_not_fit_are_refused():
    head, words = read_model(TRAINED.model)
    for wrong in (words[:-1], np.append(words, words[:1])):
        with pytest.raises(RecipeError, match="not as many"):
            read_model(to_bytes(head, wrong))
    lowest = words.copy()
    lowest[0] = -(1 << 31)
    with pytest.raises(RecipeError, match="beyond 32 bits"):
        read_model(to_bytes(head, lowest))
    other = recipe("weights.fedavg").plan({}, wisconsin_hospitals(1).held_out.schema)
    schema = from_bytes(StateHead, other.initial).head.schema
    with pytest.raises(RecipeError, match="moments are not those"):
        read_model(to_bytes(ModelHead(head.terms, schema, head.moments), words))


@pytest.mark.parametrize("data", [b"", bytes(3), b"\xff\xff\xff\xff", bytes(8), TRAINED.model + bytes(1)])
def test_bytes_that_are_no_weights_are_refused(data):
    with pytest.raises(Malformed):
        read_model(data)


def test_a_model_has_one_spelling():
    head, words = read_model(TRAINED.model)
    assert to_bytes(head, words) == TRAINED.model


def test_vectors_take_the_shapes_and_types_that_a_framework_has():
    like = [np.zeros((2, 2), np.float64), np.zeros(1, np.int64), np.float32(0)]
    arrays = shaped(np.array([1, 2, 3, 4, 5.6, 7], dtype=np.float32), like)
    assert [part.tolist() for part in arrays] == [[[1, 2], [3, 4]], [6], 7]
    assert [part.dtype for part in arrays] == [np.float64, np.int64, np.float32]
    assert flat([]).shape == (0,)
    with pytest.raises(RecipeError, match="the learner has 6 weights, the study has 5"):
        shaped(np.zeros(5), like)


def test_a_trainer_is_imported_by_its_name_alone():
    assert load_trainer("tests.engines.learners:Logistic") is not None
    for name, said in (
        ("tests.engines.learners", "module:name is wanted"),
        ("tests.engines.learners:", "module:name is wanted"),
        ("../evil:make", "module:name is wanted"),
        ("tests.engines.learners:make.more", "module:name is wanted"),
        ("tests.engines.nowhere:make", "No module named"),
        ("tests.engines.learners:Nobody", "has no attribute"),
        ("tests.engines.learners:NOTHING", "nothing that can be called"),
    ):
        with pytest.raises(RecipeError, match=said):
            load_trainer(name)
