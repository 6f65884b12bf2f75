"""Tables of people's items, rankings with reasons, the attacks on sums, and the story's own data."""

import numpy as np
import pytest

from consortia.engines.privacy import cost_for, discrete_gaussian
from consortia.engines.privacy.terms import record_noise
from consortia.engines.train import recipe
from consortia.engines.train.api import RecipeError
from consortia.engines.train.baskets import baskets, capped, item_sums
from consortia.engines.train.ease import EASE, Recommender, sums_in
from consortia.engines.train.files import DataError
from consortia.engines.train.loop import train
from consortia.solutions.personal import attack, synthetic, tasks
from consortia.solutions.personal.reading import write_had
from consortia.solutions.personal.scenarios.personal import SERVICES, prepare
from consortia.solutions.story import Asked

CATALOGUE = synthetic.catalogue()
PEOPLE = synthetic.people(1)
TABLES = {name: tasks.table_of(name, people, CATALOGUE) for name, people in PEOPLE.items()}


def test_rows_hold_what_people_had_and_give_it_back():
    people = {"ann": ["b", "x", "a", "c", "d"], "bob": ["a"]}
    rows = tasks.rows_of(people, ("a", "b", "c", "d"))
    assert rows[0] == {"person": "ann", "had 0": "7", "late 0": "8", "wanted": "1"}
    assert set(tasks.items_in(rows[0], ("a", "b", "c", "d"))) == {"a", "b", "c", "d"}
    assert tasks.csv_of(rows).splitlines()[2] == "bob,1,0,0"


def test_the_catalogue_is_what_most_people_had(tmp_path):
    assert tasks.catalogue_of([["a", "b", "b"], ["b"], ["c", "a"]], 2) == ("a", "b")
    path = tmp_path / "items"
    path.write_text("a\nb\n")
    assert tasks.read_catalogue(path) == ("a", "b")
    for text in ("", "a\na\n", "a\n\nb\n"):
        path.write_text(text)
        with pytest.raises(DataError, match="one a line, each once"):
            tasks.read_catalogue(path)
    with pytest.raises(DataError, match="cannot be read"):
        tasks.read_catalogue(tmp_path / "none")


def test_made_up_people_are_the_same_for_a_seed_and_others_for_another():
    assert synthetic.people(1) == PEOPLE
    assert synthetic.people(2) != PEOPLE
    assert {name: len(each) for name, each in PEOPLE.items()} == dict(synthetic.SERVICES)


def test_a_ranking_comes_with_reasons_that_are_the_persons_own_items():
    model = Recommender(train(recipe("ease"), {"choices": 2}, TABLES).model)
    own = PEOPLE["grocer"]["grocer-001"]
    told = tasks.explained(model, CATALOGUE, [*own, "no such offer"], 5)
    assert len(told) == 5
    assert not {item for item, _ in told} & set(own)
    assert all(set(why) <= set(own) for _, why in told)


def test_whoever_leaves_alone_is_read_off_two_sums_and_noise_hides_it():
    had = tasks.held_out(PEOPLE["filmhouse"], dict.fromkeys(PEOPLE["filmhouse"], ()), CATALOGUE).had
    whom, exact, counted = range(0, 40, 8), item_sums(had), item_sums(capped(had, 10))
    plain = attack.attack(had, whom, exact)
    plan, cost = EASE.plan({"items_max": 10}, TABLES["grocer"].schema), cost_for(4.0, 1e-5)
    noise = record_noise(EASE, plan, cost, quorum=3, colluders=1)
    drawn = discrete_gaussian(bytes(32), 3 * noise[0].each(3), counted.size)
    hidden = attack.attack(had, whom, counted + drawn, 10)
    assert plain.all_others == 1.0
    assert attack.attack(had, whom, counted, 10).all_others > hidden.all_others
    assert hidden.all_others < 0.5


def test_what_members_see_between_rounds_are_the_first_sums():
    done = train(EASE, {"choices": 2, "items_max": 10}, TABLES)
    early = [item_sums(capped(baskets(one).had, 10)) for one in TABLES.values()]
    assert (sums_in(done.states[1]) == np.sum(early, axis=0)).all()
    with pytest.raises(RecipeError, match="holds no sums"):
        sums_in(done.states[0])


def test_popularity_and_a_model_are_measured_on_what_comes_next():
    before = {who: items[:-2] for who, items in PEOPLE["bookshop"].items()}
    after = {who: items[-2:] for who, items in PEOPLE["bookshop"].items()}
    held = tasks.held_out(before, after, CATALOGUE)
    model = Recommender(tasks.own_model(before, CATALOGUE))
    assert 0 < tasks.foretold_by_counts(held, model.counts) < tasks.foretold(held, model.weights) < 1
    assert not (held.had & held.late).any()


def folder(tmp_path, bad=""):
    for name in SERVICES:
        write_had(tmp_path / f"{name}.csv", dict(list(PEOPLE[name].items())[:5]))
    with (tmp_path / "grocer.csv").open("a") as file:
        file.write(bad)
    return tmp_path


def test_the_story_takes_three_files_of_the_users_own(tmp_path):
    found = prepare(Asked(data=folder(tmp_path)))
    assert {name: len(people) for name, people in found.services.items()} == dict.fromkeys(SERVICES, 5)
    bad = "zoe,tea,noon\n"
    with pytest.raises(DataError, match="is no time"):
        prepare(Asked(data=folder(tmp_path, bad)))
    rejects = tmp_path / "rejects.txt"
    prepare(Asked(data=folder(tmp_path, bad), skip_bad_rows=True, rejects=rejects))
    assert "noon" in rejects.read_text()


def test_the_story_says_what_files_it_wants(tmp_path):
    with pytest.raises(DataError, match="0 CSV files; three CSV files, one for each service, are wanted"):
        prepare(Asked(data=tmp_path))
    with pytest.raises(DataError, match="takes no --label"):
        prepare(Asked(label="wanted"))
    path = folder(tmp_path) / f"{SERVICES[0]}.csv"
    path.write_text("person,item,time\nann,tea,1714557600\n")
    with pytest.raises(DataError, match="fewer than two people"):
        prepare(Asked(data=tmp_path))
