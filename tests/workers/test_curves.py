"""How the models of the rounds do on a member's own records: measured where these are, kept there alone."""

import pytest

from consortia.engines.commit.chunks import blob_id
from consortia.engines.evaluate import measures
from consortia.testing.local import HeldTable, LocalDoor
from consortia.workers.curves import Curves
from consortia.workers.diary import Diary
from consortia.workers.measuring import measure
from consortia.workers.worker import Worker
from tests.workers.four import Consortium

MODEL_ROUNDS = 3


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A finished study of which north keeps curves, and these."""
    four = Consortium(tmp_path_factory.mktemp("four"), rounds=MODEL_ROUNDS)
    curves = Curves(four.folder / "curves")
    four.workers["north"] = Worker(
        LocalDoor(four.net, "north"),
        HeldTable(four.tables["north"]),
        Diary(four.folder / "north"),
        curves=curves,
    )
    return four.join().start().finish(), curves


def test_every_round_that_has_a_model_is_measured_by_the_state_that_it_led_to(watched):
    four, curves = watched
    states = [this.outcome.state.hex() for this in four.rounds()]
    assert list(curves.read(four.study)) == states[1:]  # the first round gathers statistics alone
    assert len(states) == MODEL_ROUNDS + 1


def test_the_last_point_is_what_the_finished_model_does_on_the_members_own_records(watched):
    four, curves = watched
    last = curves.read(four.study)[blob_id(four.model()).hex()]
    assert last.measures == measures(four.model(), four.tables["north"])
    assert last.records == four.tables["north"].records


def test_the_model_gets_better_from_round_to_round(watched):
    four, curves = watched
    losses = [one.measures["log loss"] for one in curves.read(four.study).values()]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[-1]


def test_a_state_is_measured_once_and_a_torn_line_is_a_gap(watched, tmp_path):
    four, _ = watched
    north = four.workers["north"]
    view = four.bench.query("training.study", study=four.study)
    known, table = north.states.plans(view.study), four.tables["north"]
    again = Curves(tmp_path)
    for _ in range(2):
        measure(again, known, four.study, table, index=known.rounds, state=four.model())
    [path] = tmp_path.iterdir()
    assert len(path.read_text().splitlines()) == 2  # an empty one, and the point
    assert path.stat().st_mode & 0o077 == 0
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    assert again.read(four.study) == {}
    measure(again, known, four.study, table, index=known.rounds, state=four.model())
    assert list(again.read(four.study)) == [blob_id(four.model()).hex()]
    assert again.read(bytes(32)) == {}


def test_a_large_table_is_measured_by_records_spread_over_it(watched, tmp_path, monkeypatch):
    four, _ = watched
    monkeypatch.setattr("consortia.workers.measuring.RECORDS_MAX", 10)
    north, table = four.workers["north"], four.tables["north"]
    known = north.states.plans(four.bench.query("training.study", study=four.study).study)
    some = Curves(tmp_path)
    measure(some, known, four.study, table, index=known.rounds, state=four.model())
    [point] = some.read(four.study).values()
    spread = [at * (table.records - 1) // 9 for at in range(10)]
    assert (point.records, point.measures) == (10, measures(four.model(), table.take(spread)))
