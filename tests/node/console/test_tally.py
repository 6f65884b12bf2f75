"""The count of a secret ballot is made again by a real browser, ballot by ballot; a flipped byte shows."""

import pytest

from tests.loud import loudly
from tests.node.console.browser import AXE, Browser, lacking
from tests.node.console.looking import Page, Visitor
from tests.node.console.together import door

pytestmark = pytest.mark.slow
SAID = "return document.querySelector('.verdict.good, .verdict.bad')?.innerText"


def test_a_ballot_is_told_without_a_script_and_its_count_is_a_file(voted):
    visitor = Visitor(voted)
    visitor.cookie = ""
    status, headers, _ = visitor.get(door(voted).removeprefix(voted.url))
    visitor.cookie = headers["set-cookie"].partition(";")[0]
    status, _, text = visitor.get(voted.address)
    assert status == 200
    texts = Page(text).texts
    assert {"yes", "no", "abstain", "3", "2", "1", "has voted"} <= set(texts)
    assert voted.address in visitor.get("/console/decisions")[2]
    assert visitor.get(f"{voted.address}/count.proof")[0] == 200
    assert visitor.get(f"/console/elections/{'0' * 64}")[0] == 404
    assert visitor.get(f"/console/elections/{'0' * 64}/count.proof")[0] == 404


def test_the_browser_counts_again_and_a_flipped_byte_shows(voted, tmp_path):
    if lacking():
        loudly(lacking())
        pytest.skip(lacking())
    with Browser(tmp_path / "profile") as browser:
        browser.open(door(voted))
        browser.open(voted.url + voted.address)
        assert browser.wait(SAID) == "True: every step holds."
        told = "counted again from 6 ballots and 3 parts: yes 3, no 2, abstain 1"
        assert browser.text("#step-7 .said") == told
        assert not AXE.is_file() or browser.audit() == []
        browser.run("document.getElementById('flip').click()")
        browser.wait("return document.querySelector('.verdict.bad')")
        assert "Who would notice" in browser.run(SAID)
        browser.run("document.getElementById('restore').click()")
        assert browser.wait("return document.querySelector('.verdict.good')?.innerText")
        assert browser.complaints() == []
