"""A model's lineage is checked by a real browser, arrow by arrow; one flipped byte turns one red."""

import pytest

from tests.node.console.together import ROUNDS

pytestmark = pytest.mark.slow
SAID = "return document.querySelector('.verdict.good, .verdict.bad')?.innerText"
COUNT = "return document.querySelectorAll(arguments[0]).length"
ARROWS = 2 + 2 * ROUNDS + ROUNDS + 1 + 1
"""Two commitments, two updates a round, each round, the model, the predictions."""


def test_every_arrow_from_commitment_to_prediction_is_ticked_by_the_browser_itself(seen):
    node, browser = seen
    browser.requests()  # what was asked for before is not counted
    browser.open(f"{node.url}/console/lineage/{node.batch.hex()}")
    assert browser.wait(SAID) == f"True: all {ARROWS} arrows hold, from the network's hash."
    assert browser.run(COUNT, "#steps > li.good") == ARROWS
    assert browser.run(COUNT, "path.edge.good") == ARROWS
    asked = [url for url in browser.requests() if "/v1/proofs/state" in url]
    assert len(asked) == len(set(asked)) > ROUNDS


def test_a_flipped_byte_turns_one_arrow_red_and_says_who_would_notice(seen):
    node, browser = seen
    browser.open(f"{node.url}/console/lineage/{node.model.hex()}")
    browser.wait(SAID)
    browser.run("document.getElementById('flip').click()")
    assert browser.wait(SAID) == f"Not true: 1 of {ARROWS} arrows fails."
    assert browser.run(COUNT, "#steps > li.bad") == browser.run(COUNT, "path.edge.bad") == 1
    assert "Who would notice: " in browser.text("#steps > li.bad")
    browser.run("document.getElementById('restore').click()")
    assert browser.wait(SAID).startswith("True")


def test_an_arrow_that_the_ledger_does_not_bear_out_is_red(seen):
    node, browser = seen
    browser.open(f"{node.url}/console/lineage/{node.model.hex()}")
    browser.wait(SAID)
    for change in (
        "document.querySelector('#steps > li[data-kind=records]').dataset.root = '00'.repeat(32)",
        "document.querySelector('#steps > li[data-kind=update]').dataset.member = 'west'",
        "document.querySelector('#steps > li[data-kind=round]').dataset.before = '1'",
        "document.querySelector('#steps > li[data-kind=model]').dataset.study = '11'.repeat(32)",
        "document.querySelector('#steps > li[data-kind=batch]').dataset.batch = '11'.repeat(32)",
        "document.getElementById('network').value = '0'.repeat(64)",
    ):
        browser.run(f"{change}; document.getElementById('restore').click()")
        assert browser.wait(SAID).startswith("Not true"), change
    wanted = browser.run(COUNT, "#steps > li")
    assert browser.run(COUNT, "#steps > li.bad") == wanted == ARROWS


def test_without_scripts_the_page_tells_what_is_to_hold_and_how_else_to_check(seen):
    node, browser = seen
    browser.develop("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(f"{node.url}/console/lineage/{node.model.hex()}")
    assert "consortia audit" in browser.text("noscript")
    assert "is in round 1" in browser.text("main")
    browser.open(f"{node.url}/console/lineage/{'0' * 64}")
    assert "no study made" in browser.text("main")
    browser.develop("Emulation.setScriptExecutionDisabled", value=False)
