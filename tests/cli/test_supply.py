"""`consortia supply` on files, without a network."""

import json

import click
import pytest
from click.testing import CliRunner

from consortia.cli.output import Failure
from consortia.cli.supply import supply
from consortia.engines.train.files import DataError
from consortia.solutions.supply import synthetic


@pytest.fixture
def events(tmp_path):
    path = tmp_path / "events.ndjson"
    path.write_text("\n".join(json.dumps(each) for each in synthetic.chain(1, synthetic.Size())))
    return path


def typed(*words):
    return CliRunner().invoke(
        supply, [str(word) for word in words], standalone_mode=False, catch_exceptions=False
    )


def facts(*words):
    return json.loads(typed(*words, "--json").stdout)


def test_events_are_checked_read_traced_recalled_and_told_to_the_inspector(events, tmp_path):
    assert facts("check", events) == {"events": 197, "rejected": [], "rejects": 0, "findings": []}
    assert facts("read", events, "--out", tmp_path / "events.csv")["events"] == 197
    assert (tmp_path / "events.csv").read_text().count("ni:///sha-256;") == 197
    thing, lot = synthetic.case(30), synthetic.lot(synthetic.BERRIES, "F1")
    assert facts("trace", thing, events)["steps"][0]["step"] == "harvesting"
    assert "receiving" in typed("trace", thing, events, "--down").stdout
    found = facts("recall", events, "--thing", lot, "--out", tmp_path / "recall.csv")
    assert len(found["things"]) == len((tmp_path / "recall.csv").read_text().splitlines()) - 1
    assert "containers to open" in typed("recall", events, "--thing", lot, "--since", "2026-03-01").stdout
    assert facts("alarms", events) == {"alarms": []}
    assert typed("alarms", events, "--most", "2").return_value == 1
    assert facts("sheet", events, "--lot", lot, "--out", tmp_path / "sheet.csv")["rows"] > 1
    answer = json.loads(
        typed("query", events, "--step", "shipping", "--until", "2026-03-01T09:00:00Z").stdout
    )
    assert answer["type"] == "EPCISQueryDocument"
    assert typed("query", events, "--out", tmp_path / "answer.json").return_value == 0
    assert facts("check", tmp_path / "answer.json")["events"] == 197
    assert facts("link", "https://shop.example/01/19521141300036/21/7")["keys"] == {
        "01": "19521141300036",
        "21": "7",
    }


def test_what_cannot_be_used_is_written_down_and_left_out_only_if_told_so(events, tmp_path):
    bad = tmp_path / "bad.ndjson"
    bad.write_text(events.read_text() + '\n{"type": "ObjectEvent", "eventTime": "noon"}')
    with pytest.raises(Failure, match="line 198, event 1: action is missing"):
        typed("read", bad, "--out", tmp_path / "events.csv", "--rejects", tmp_path / "rejects.csv")
    assert not (tmp_path / "events.csv").exists()
    assert "action is missing" in (tmp_path / "rejects.csv").read_text()
    assert facts("read", bad, "--skip-bad-rows", "--out", tmp_path / "events.csv")["events"] == 197
    assert typed("check", bad).return_value == 1
    assert typed("check", tmp_path / "none.json").return_value == 1
    with pytest.raises(Failure, match="is there already"):
        typed("sheet", events, "--out", tmp_path / "events.csv")
    with pytest.raises(Failure, match="is there already"):
        typed("query", events, "--out", tmp_path / "events.csv")
    with pytest.raises(Failure, match="is there already"):
        typed("recall", events, "--thing", synthetic.case(1), "--out", tmp_path / "events.csv")
    with pytest.raises(Failure, match="is no time"):
        typed("query", events, "--since", "noon")
    with pytest.raises(DataError, match="no event names"):
        typed("trace", "urn:epc:id:sgtin:9521141.130003.999999", events)


def bought(folder, *more):
    """A file of receipts of goods, each with what was paid and to whom."""
    found = [each for each in synthetic.chain(1, synthetic.Size()) if each["bizStep"] == "receiving"]
    made = [synthetic.bought(each, at) for at, each in enumerate(found)]
    path = folder / "bought.ndjson"
    path.write_text("\n".join(json.dumps(each) for each in (*made, *more)), encoding="utf-8")
    return path, found, made


def test_price_and_partner_are_taken_out_of_what_others_get(tmp_path):
    order = {**bought(tmp_path)[2][0], "type": "TransactionEvent"}
    path, found, made = bought(tmp_path, order)
    shared, terms = tmp_path / "shared.json", tmp_path / "terms.csv"
    words = ("seal", path, "--field", synthetic.PRICE, "--out", shared, "--terms", terms)
    assert facts(*words) == {
        "file": str(shared),
        "events": len(found),
        "sealed": 3 * len(found),
        "kept_back": 1,
    }
    assert terms.stat().st_mode & 0o777 == 0o600
    rows = terms.read_text(encoding="utf-8").splitlines()
    assert (rows[0], len(rows)) == ("about,value", 1 + 3 * len(found))
    assert json.loads(shared.read_text())["epcisBody"]["eventList"] == found
    assert facts("check", shared)["events"] == len(found)
    assert not any(each[synthetic.PRICE] in shared.read_text() for each in made)


def test_nothing_is_written_where_something_would_be_shared_after_all(tmp_path):
    path, _, made = bought(tmp_path)
    shared, terms = tmp_path / "shared.json", tmp_path / "terms.csv"
    words = ("seal", path, "--out", shared, "--terms", terms)
    with pytest.raises(DataError, match="no event has a field 'deal:prize'"):
        typed(*words, "--field", "deal:prize")
    with pytest.raises(click.UsageError, match="two files"):
        typed("seal", path, "--out", shared, "--terms", shared)
    with pytest.raises(Failure, match="No such file or directory"):
        typed("seal", path, "--out", tmp_path / "none" / "shared.json", "--terms", terms)
    assert not terms.exists()
    assert not shared.exists()
    place = [{"type": "location", "destination": made[0]["bizLocation"]["id"]}]
    path.write_text(json.dumps(made[0] | {"destinationList": place}), encoding="utf-8")
    assert "a field that is shared says what a sealed one does" in typed(*words).stderr
    with pytest.raises(Failure, match="is there already"):
        typed("seal", path, "--out", tmp_path / "other.json", "--terms", terms)
