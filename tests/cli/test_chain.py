"""The story of the five parties of a cold chain, run once as its tutorial says, and checked from outside."""

import csv
import json
from pathlib import Path

import pytest

from consortia.engines.train.files import DataError
from consortia.solutions.story import Asked
from consortia.solutions.supply import synthetic
from consortia.solutions.supply.scenarios.chain import PARTIES, prepare
from tests.cli.terminal import Terminal, told
from tests.faults.network import processes

CODES = (
    "one hash names both recordings",
    "operations.claimed",
    "operations.unclaimed",
    "operations.still_awaited",
)


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """One finished story, shared: its object, and a terminal beside it."""
    return told(Terminal(tmp_path_factory.mktemp("supply")), "supply", "--seed", "2")


@pytest.mark.slow
def test_the_recall_is_exact_the_forgeries_are_caught_and_an_outsider_checks(story):
    facts = story.facts
    checks = [one["check"] for one in facts["caught"]]
    assert [code for code in CODES if not any(code in check for check in checks)] == []
    assert "complete and minimal" in story.told
    assert facts["members"] == list(PARTIES)
    assert (facts["audit"]["mismatches"], facts["audit"]["rounds_recomputed"] > 0) == (0, True)
    late, recalled = facts["metrics"]
    alone = [value for name, value in late["baselines"].items() if name.endswith("alone")]
    assert late["ours"] > sum(alone) / len(alone) > 0.5
    assert recalled["ours"] == facts["recalled"] < min(recalled["baselines"].values())
    rows = csv.reader(Path(facts["sheet"]).read_text(encoding="utf-8").splitlines())
    assert {"harvesting", "transformation"} <= {row[0] for row in rows}
    assert "EUR paid for it, opened to the inspector alone" in story.told
    assert story.terminal.facts("verify", facts["proof"], "--network", facts["network"])["ok"] is True
    story.terminal.run("verify", facts["proof"], "--network", "0" * 64, code=1)
    assert processes(facts["home"]) == []


def test_events_of_ones_own_are_dealt_out_and_those_that_cannot_be_used_are_told(tmp_path):
    lines = [json.dumps(each) for each in synthetic.chain(5, synthetic.Size(packed=2))]
    (tmp_path / "own.ndjson").write_text("\n".join([*lines, "{}"]), encoding="utf-8")
    with pytest.raises(DataError, match="has no epcisBody"):
        prepare(Asked(data=tmp_path))
    bad = {**synthetic_event(), "action": "BUY"}
    (tmp_path / "own.ndjson").write_text("\n".join([*lines, json.dumps(bad)]), encoding="utf-8")
    with pytest.raises(DataError, match="action 'BUY'"):
        prepare(Asked(data=tmp_path / "own.ndjson"))
    rejects = tmp_path / "rejects.csv"
    goods = prepare(Asked(data=tmp_path / "own.ndjson", rejects=rejects, skip_bad_rows=True))
    assert (len(goods.events), goods.made_up) == (len(lines), False)
    assert sum(map(len, goods.bodies.values())) == len(lines)
    assert "BUY" in rejects.read_text()
    with pytest.raises(DataError, match="no --label"):
        prepare(Asked(label="late"))


def synthetic_event():
    return next(synthetic.chain(1, synthetic.Size()))
