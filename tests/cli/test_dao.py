"""The story of the delegate, run once as its tutorial says, and checked from outside."""

import pytest

from tests.cli.terminal import Terminal, told
from tests.faults.network import processes

pytestmark = pytest.mark.slow
CODES = (
    "free text is refused before it runs",
    "as on the same request without that text",
    "identity.over_window_cap",
    "governance.people_only",
    "governance.other_content",
    "leaves out the urgent transaction",
    "kernel.revoked_key",
)


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """One finished story, shared: its object, and a terminal beside it."""
    return told(Terminal(tmp_path_factory.mktemp("dao")), "dao")


def test_everything_that_was_tried_is_caught_by_the_check_that_it_should_meet(story):
    checks = [one["check"] for one in story.facts["caught"]]
    assert [code for code in CODES if not any(code in check for check in checks)] == []


def test_the_audit_executes_every_act_and_every_round_again_and_finds_nothing(story):
    audit = story.facts["audit"]
    assert audit["mismatches"] == 0
    assert min(audit["rounds_recomputed"], audit["acts_executed"]) > 0


def test_the_delegate_is_held_to_always_saying_yes(story):
    (metric,) = story.facts["metrics"]
    assert (metric["better"], set(metric["baselines"])) == ("lower", {"always yes"})
    assert 0 <= metric["ours"] <= 1


def test_an_outsider_counts_the_secret_vote_again(story):
    facts = story.facts
    assert story.terminal.facts("verify", facts["proof"], "--network", facts["network"])["ok"] is True
    story.terminal.run("verify", facts["proof"], "--network", "0" * 64, code=1)


def test_no_process_is_left(story):
    assert processes(story.facts["home"]) == []
