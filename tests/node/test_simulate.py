"""The whole protocol in one process, through the front door."""

import numpy as np
import pytest

import consortia
from consortia.engines.train.api import RecipeError
from consortia.engines.train.files import DataError
from consortia.sdk.errors import IdentifierWarning, LedgerError, TransactionRefused
from consortia.sdk.training import CannotJoin, StudyEnded
from tests.engines.learners import Logistic

NAMES = ("north", "east", "south", "west")


def rows(seed, count=40):
    """Records whose outcome follows from two readings."""
    made = []
    for n in range(count):
        a, b = (n * 37 + seed * 11) % 50, (n * 53 + seed * 7) % 40
        outcome = "yes" if a + b / 2 + (n % 7) > 40 else "no"
        made.append({"a": float(a), "b": float(b) / 2, "outcome": outcome})
    return made


@pytest.fixture(scope="module")
def trained():
    with consortia.simulate(NAMES) as ledger:
        for seed, name in enumerate(NAMES):
            ledger.of(name).assets.register_dataset(rows(seed), name="records", process=["*"])
        study = ledger.training.propose(
            "diagnosis", data="records", label="outcome", parameters={"rounds": 3}, quorum=3
        )
        for name in NAMES:
            ledger.of(name).training.get("north/diagnosis").join("records")
        yield ledger, study.start().wait()


def test_members_train_a_model_together_and_use_it(trained):
    _, study = trained
    model = study.result()
    held_out = rows(9)
    labels = [row["outcome"] for row in held_out]
    assert model.score(held_out, labels) > 0.8
    assert study.model().kind == "model"


def test_a_study_that_is_started_meanwhile_stays_as_it_is(monkeypatch):
    with consortia.simulate(NAMES) as ledger:
        for seed, name in enumerate(NAMES):
            ledger.of(name).assets.register_dataset(rows(seed), name="records", process=["*"])
        study = ledger.training.propose("quick", data="records", label="outcome", quorum=3)
        for name in NAMES:
            ledger.of(name).training.get(study.id).join("records")
        study.start()
        assert study.status == "running"
        monkeypatch.setattr(type(study), "status", "proposed")  # as it was when it was looked at
        assert study.start() is study


def test_every_member_holds_the_same_ledger(trained):
    ledger, _ = trained
    for _ in range(50):
        ledger.network.step()
    roots = {party.ledger.tip.root for party in ledger.network.parties.values()}
    assert len(roots) == 1
    assert ledger.members.names() == sorted(NAMES)
    assert all(party.node.stopped is None for party in ledger.network.parties.values())


def test_the_nouns_name_what_there_is(trained):
    ledger, study = trained
    assert {asset.owner for asset in ledger.assets.list()} == set(NAMES)
    assert ledger.assets.get("east/records").owner == "east"
    assert [item.name for item in ledger.training.list()] == ["diagnosis"]
    assert ledger.training.get("diagnosis").id == study.id
    with pytest.raises(LedgerError, match="no asset nothing"):
        ledger.assets.get("nothing")


def test_a_refusal_is_an_exception_that_carries_the_code(trained):
    _, study = trained
    with pytest.raises(TransactionRefused) as caught:
        study.leave()
    assert caught.value.code.startswith("training.")


def test_what_does_not_fit_is_named_before_anything_is_signed():
    with consortia.simulate(2) as ledger:
        other = ledger.of("member-02")
        ledger.assets.register_dataset(rows(1), name="records", process=["*"])
        other.assets.register_dataset([{"x": 1, "outcome": "yes"}], name="records", process=["*"])
        ledger.training.propose("s", data="records", label="outcome")
        with pytest.raises(CannotJoin, match='"a"'):
            other.training.get("member-01/s").join("records")
        with pytest.raises(DataError, match="no such label"):
            ledger.training.propose("t", data="records", label="nothing")
        with pytest.raises(DataError, match="no rows"):
            ledger.assets.register_dataset([], name="none")
        for odd in (5, [1, 2], [("x", 1)]):
            with pytest.raises(DataError, match="rows are a data frame, the path of a CSV file, or mappings"):
                ledger.assets.register_dataset(odd, name="none")


@pytest.mark.parametrize("names", [["A b"], ["north", "north"], [""]])
def test_a_member_of_a_simulation_has_a_name_of_its_own(names):
    with pytest.raises(LedgerError, match="is no name, or stands twice"):
        consortia.simulate(names)


def test_columns_that_look_like_identifiers_are_warned_of_as_the_command_line_tells_them():
    told = 'records, column "mrn": looks like identifiers, and a model would learn from them\n  if it is: '
    with consortia.simulate(1) as ledger:
        made = [{**row, "mrn": 7000 + n} for n, row in enumerate(rows(1))]
        with pytest.warns(IdentifierWarning) as first:
            ledger.assets.register_dataset(made, name="records")
        with pytest.warns(IdentifierWarning) as second:
            ledger.training.propose("s", data="records", label="outcome")
        assert [str(one.message).removeprefix(told) for one in (*first, *second)] == [
            "name it as the subject, or leave it out",
            "propose with a data set without that column",
        ]
        assert {one.filename for one in (*first, *second)} == {__file__}
        ledger.assets.register_dataset(made, name="apart", subject="mrn")


def study_of(ledger, name, **terms):
    """A study of everybody's records, run to its end."""
    for seed, member in enumerate(NAMES):
        ledger.of(member).assets.register_dataset(rows(seed), name="records", process=["*"])
    study = ledger.training.propose(name, data="records", quorum=3, **terms)
    for member in NAMES:
        ledger.of(member).training.get(f"north/{name}").join("records")
    return study.start().wait()


def test_a_members_own_program_trains_along():
    with consortia.simulate(NAMES, trainer=Logistic) as ledger:
        study = study_of(ledger, "own", label="outcome", recipe="weights.fedavg", parameters={"rounds": 3})
        assert np.abs(study.weights()).max() > 0.1
        with pytest.raises(RecipeError, match="only a learner of that framework"):
            study.result()


def test_a_member_has_the_shared_model_and_one_of_its_own():
    with consortia.simulate(NAMES) as ledger:
        study = study_of(ledger, "bases", label="outcome", parameters={"rounds": 3, "site_ridge_milli": 100})
        shared = study.result()
        own = ledger.of("west").training.get("north/bases").own_result("records")
        assert own.coef_.tolist() == shared.coef_.tolist()
        assert own.intercept_[0] != shared.intercept_[0]


@pytest.mark.parametrize("recipe", ["glm.poisson", "mlp.fedavg"])
def test_a_number_is_predicted_where_a_recipe_predicts_numbers(recipe):
    with consortia.simulate(NAMES) as ledger:
        study = study_of(ledger, "number", label="b", recipe=recipe, parameters={"rounds": 2})
        assert study.result().predict([{"a": 20.0, "outcome": "yes"}])[0] > 0


def test_a_study_that_was_cancelled_says_why_and_has_no_model():
    with consortia.simulate(NAMES) as ledger:
        ledger.assets.register_dataset(rows(0), name="records", process=["*"])
        study = ledger.training.propose("early", data="records", label="outcome", quorum=3)
        assert ledger.training.get(study.id).id == study.id
        assert (study.awaited().action, study.cost().charged, study.cost().planned) == ("join", 0, 0)
        with pytest.raises(StudyEnded, match="the study is proposed after"):
            study.wait(0.0)
        with pytest.raises(StudyEnded, match="the study has no model: it is proposed"):
            study.model()
        study.cancel("the question was put better elsewhere")
        with pytest.raises(StudyEnded, match="put better elsewhere"):
            study.wait()
        with pytest.raises(LedgerError, match="there is no study north/nothing"):
            ledger.training.get("north/nothing")
