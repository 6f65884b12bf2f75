"""The story of personal services, run once as its tutorial says, and the commands that people have."""

import json

import pytest

from tests.cli.terminal import Terminal, told
from tests.faults.network import processes

pytestmark = pytest.mark.slow
CODES = (
    *("signature is wrong", "consent.no_right", "consent.not_yours", "too few members apart"),
    "training.over_budget",
    "items off a sum",
)


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """One finished story, shared: its object, and a terminal beside it."""
    return told(Terminal(tmp_path_factory.mktemp("personal")), "personal")


def test_everything_that_was_tried_is_caught_by_the_check_that_it_should_meet(story):
    checks = [one["check"] for one in story.facts["caught"]]
    assert [code for code in CODES if not any(code in check for check in checks)] == []


def test_the_audit_computes_every_round_again_and_finds_nothing(story):
    assert story.facts["audit"]["mismatches"] == 0
    assert story.facts["audit"]["rounds_recomputed"] > 0


def test_sharing_beats_popularity_and_each_service_alone_and_noise_hides_a_person(story):
    foretold, known, left = story.facts["metrics"]
    alone = [value for name, value in foretold["baselines"].items() if name.endswith("alone")]
    assert len(alone) == 3
    assert foretold["ours"] > max(*alone, foretold["baselines"]["popularity"])
    assert left["baselines"]["without noise"] == 1
    assert "charged 7.9" in story.told
    assert left["ours"] < 0.5
    assert known["ours"] <= 1


def test_the_next_model_is_without_the_person_and_an_outsider_sees_it(story):
    facts = story.facts
    first, second = facts["people_in_the_models"]
    assert second < first
    verdict = story.terminal.facts("verify", facts["proof"], "--network", facts["network"])
    assert verdict["ok"] is True
    assert "has no rows in this version" in json.dumps(verdict)


def test_no_process_is_left(story):
    assert processes(story.facts["home"]) == []


def test_a_person_signs_and_reads_its_recommendations_with_no_home(story):
    terminal = story.terminal
    made = terminal.facts(
        *("personal", "consent", "key", "--service", "did:web:shop.example", "--dataset", "shop/profiles"),
        *("--purpose", "recommending", "--out", "ann.jwt"),
    )
    assert made["person"].startswith("did:key:z6Mk")
    again = ("personal", "consent", "key", "--service", "s", "--dataset", "d", "--purpose", "p")
    terminal.run(*again, "--out", "ann.jwt", code=1)
    home = story.facts["home"]
    told = terminal.facts(
        *("personal", "recommend", f"{home}/first.model", "--catalogue", f"{home}/items.catalogue"),
        *("--own", f"{home}/own.items", "--count", "2"),
    )
    assert len(told["recommended"]) == 2
    wrong = ("personal", "recommend", f"{home}/own.items", "--catalogue", f"{home}/items.catalogue")
    terminal.run(*wrong, "--own", f"{home}/own.items", code=1)


def test_a_table_is_made_of_a_file_and_bad_rows_are_told(story):
    terminal = story.terminal
    path = terminal.folder / "had.csv"
    path.write_text("person,item,time\nann,tea,1714557600\nann,rye,noon\n")
    terminal.run("personal", "table", "had.csv", "--out", "rows.csv", code=1)
    said = terminal.facts(
        "personal", "table", "had.csv", "--out", "rows.csv", "--skip-bad-rows", "--rejects", "r.csv"
    )
    assert (said["people"], said["items"], said["rejected"]) == (1, 1, 1)
    assert "noon" in (terminal.folder / "r.csv").read_text()
    assert (terminal.folder / "rows.catalogue").read_text() == "tea\n"
