"""Journals of junctions and flows of departments: read back as written, and what cannot be is refused."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from click.testing import CliRunner

from consortia.base.commitments import record_leaf
from consortia.cli.output import Failure
from consortia.cli.signals import signals
from consortia.engines.train.files import DataError, read_file
from consortia.solutions.city import observed, speeds
from consortia.solutions.city.flow_things import read_flows
from consortia.solutions.city.flows import Flow, as_entities, entity_of
from consortia.solutions.city.journal import Journal, check
from consortia.solutions.city.signals import Junction, Seen, Terms

CROSS = Junction("cross", ("east", "north"), ("Gr", "rG"), ((1000, 0), (0, 1000)), (), 0, 3, 1)


@pytest.fixture
def journal():
    kept = Journal.begin(CROSS, Terms(), 0, 1_000)
    for at in range(120):
        if kept.desk.due(at):
            phase = kept.desk.decide(at, (Seen(at % 7, 0, 0, 0, 0), Seen(at % 5, 0, 0, 0, at % 130)))
            if phase is not None:
                assert kept.leaf() == record_leaf(kept.salts[-1], kept.records[-1])
                kept.desk.switch(at, phase)
    return kept


def file_of(folder, journal):
    path = folder / "cross.journal"
    path.write_bytes(journal.text())
    return path


def typed(*words):
    return CliRunner().invoke(
        signals, [str(word) for word in words], standalone_mode=False, catch_exceptions=False
    )


def test_a_journal_is_decided_again_to_the_same_root(journal, tmp_path):
    root, count = journal.commitment()
    checked = check(file_of(tmp_path, journal))
    assert (checked.root, checked.count, checked.again.differing) == (root, count, ())
    assert checked.again.switches
    found = json.loads(typed("replay", file_of(tmp_path, journal), "--json").stdout)
    assert (found["root"], found["decisions"], found["proved"]) == (root.hex(), count - 1, False)
    assert "all as the readings" in typed("replay", file_of(tmp_path, journal)).stdout


def test_a_changed_decision_is_named(journal, tmp_path):
    path = file_of(tmp_path, journal)
    path.write_text(path.read_text().replace('\\"next\\":1', '\\"next\\":null', 1))
    with pytest.raises(Failure, match="not what its readings lead to"):
        typed("replay", path)


@pytest.mark.parametrize(
    ("said", "instead"),
    [('"inside\\":[]', '"inside\\":[2]'), ('"Gr\\"', '"Grr\\"'), ("[1000,0]", "[1000]")],
    ids=["a sensor that is none", "a link too many", "a share that lacks"],
)
def test_a_junction_that_does_not_fit_together_is_refused(journal, tmp_path, said, instead):
    path = file_of(tmp_path, journal)
    text = path.read_text()
    assert said in text
    path.write_text(text.replace(said, instead, 1))
    with pytest.raises(DataError, match="does not fit together"):
        check(path)


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{}", b"\xff", b'[{"salt":"","record":"{}"}]', b'[{"salt":"zz","record":"{}"}]'],
    ids=["nothing", "no page", "an object", "no text", "no head", "no hex"],
)
def test_what_is_no_journal_is_refused(data, tmp_path):
    path = tmp_path / "a.journal"
    path.write_bytes(data)
    with pytest.raises(DataError, match="no journal"):
        check(path)
    with pytest.raises(DataError):
        check(tmp_path / "none.journal")


def flows(sensors=("a", "b", "c", "d"), steps=130, minutes=5):
    begin, step = datetime(2026, 6, 1, tzinfo=UTC), timedelta(minutes=minutes)
    return tuple(
        Flow(name, begin + at * step, begin + (at + 1) * step, 30.0 + at % 9 + place, None, None)
        for place, name in enumerate(sensors)
        for at in range(steps)
    )


def test_flows_become_the_speeds_of_three_departments_and_a_forecast_becomes_flows(tmp_path):
    found = observed.observed_in(flows(), "it")
    assert found.owners == {"roads": (0, 3), "buses": (1,), "police": (2,)}
    assert (found.speeds.shape, found.day_steps, found.known) == ((130, 4), 288, 104)
    assert len(found.rows("roads")) == 2 * len(found.learned)
    path = tmp_path / "roads.jsonld"
    path.write_text(as_entities(found.flows("roads")), encoding="utf-8")
    assert [one.speed for one in read_flows(path).found][:2] == [30.0, 31.0]
    ahead = found.forecast(found.now(found.tested))
    assert len(ahead) == 4 * len(found.tested)
    path.write_text(as_entities(ahead), encoding="utf-8")
    assert len(read_flows(path).found) == len(ahead)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "0 different times"),
        (flows(minutes=7), "no whole number"),
        (flows(steps=20), "steps at least"),
        (flows(sensors=("a",)), "3 to 400 sensors"),
        (flows()[:-5], "has no flow from"),
        ((*flows(), *flows(minutes=10)), "2 different times"),
    ],
    ids=["none", "seven minutes", "few", "one sensor", "a gap", "two lengths"],
)
def test_flows_that_fit_no_grid_are_refused(given, said):
    with pytest.raises(DataError, match=said):
        observed.observed_in(tuple(given), "it")


def test_a_department_makes_a_study_table_of_its_own_flows(tmp_path):
    path, out = tmp_path / "flows.ndjson", tmp_path / "table.csv"
    lines = [json.dumps(entity_of(one)) for one in flows(sensors=("a",))]
    path.write_text("\n".join([*lines, lines[0]]), encoding="utf-8")
    refused = CliRunner().invoke(signals, ["table", str(path), "--out", str(out)])
    assert "flows.ndjson, row 131: sensor a has a flow from 2026-06-01T00:00Z already" in str(
        refused.exception
    )
    assert not out.exists()
    words = ["table", str(path), "--out", str(out), "--skip-bad-rows", "--json"]
    told = CliRunner().invoke(signals, words, catch_exceptions=False)
    assert json.loads(told.stdout) == {"file": str(out), "rows": 116, "sensors": 1, "left_out": 1}
    table = read_file(out)
    assert table.header == (*speeds.COLUMNS, speeds.LABEL)
    given = [one.speed for one in flows(sensors=("a",))]
    assert [float(row[0]) for row in table.rows] == given[11:-3]  # the last speed known
    assert [float(row[-1]) for row in table.rows] == given[14:]  # that of three steps later


def test_made_up_mornings_are_days_apart():
    found = observed.made_up(np.full((300, 9), 40.0))
    moments = [one.begins for one in found.flows("roads")]
    assert moments[60] - moments[0] == timedelta(days=1)
