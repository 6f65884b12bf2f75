"""The story of survival, run once as its tutorial says, on the FHIR files that `--data` takes."""

import json

import pytest

from consortia.solutions.health.scenarios.survival import write
from tests.cli.terminal import Terminal, told
from tests.faults.network import processes

pytestmark = pytest.mark.slow
CODES = ("the mapping asks for", "consent.no_right")


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """One finished story, shared: its object, and a terminal beside it."""
    terminal = Terminal(tmp_path_factory.mktemp("survival"))
    (terminal.folder / "fhir").mkdir()
    write(terminal.folder / "fhir", 1)
    return told(terminal, "survival", "--data", "fhir")


def test_everything_that_was_tried_is_caught_by_the_check_that_it_should_meet(story):
    checks = [one["check"] for one in story.facts["caught"]]
    assert [code for code in CODES if not any(code in check for check in checks)] == []


def test_whoever_withdrew_is_in_the_first_rounds_and_not_in_the_next(story):
    records = story.facts["records_by_round"]
    assert sorted(records, reverse=True) == records
    assert records[-1] == records[0] - 1


def test_the_audit_computes_every_round_again_and_finds_nothing(story):
    assert story.facts["audit"]["mismatches"] == 0
    assert story.facts["audit"]["rounds_recomputed"] > 0


def test_the_model_of_masked_sums_ranks_as_that_of_all_records_in_one_place(story):
    (metric,) = story.facts["metrics"]
    assert len(metric["baselines"]) == 4
    assert metric["ours"] == pytest.approx(metric["baselines"]["all records, stratified"], abs=0.01)


def test_an_outsider_sees_that_the_patient_is_not_in_the_version(story):
    facts = story.facts
    verdict = story.terminal.facts("verify", facts["proof"], "--network", facts["network"])
    assert verdict["ok"] is True
    assert "has no rows in this version" in json.dumps(verdict)


def test_no_process_is_left(story):
    assert processes(story.facts["home"]) == []
