"""The count of a secret ballot is made again by a real browser, ballot by ballot; a flipped byte shows."""

import re
from html import unescape

import pytest
from msgspec.structs import replace

from consortia.node.console.counting import to_cast
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
    assert "None is open for votes now." in visitor.get("/console/act/ballots/cast")[2]
    assert visitor.get(f"/console/act/ballots/cast?election={voted.held.id.hex()}")[0] == 404
    assert visitor.get(f"/console/elections/{'0' * 64}/count.proof")[0] == 404


def test_while_a_secret_ballot_is_open_its_page_leads_to_where_it_is_cast_and_names_the_commands(voted):
    seen = voted.held.bench.query("ballots.election", election=voted.held.id)
    open_ = replace(seen.progress, status="voting")
    voter, which = seen.election.voters[0], voted.held.id.hex()[:16]
    told = to_cast(voter, seen.election, open_)
    typed = re.findall(r"<code>(.*?)</code>", told)
    assert typed == [f"consortia ballot cast {which} {one}" for one in ("yes", "no", "abstain")]
    assert f'href="/console/act/ballots/cast?election={voted.held.id.hex()}"' in told
    odd = replace(seen.election, choices=("go; rm -r /", "no"))
    assert "'go; rm -r /'" in unescape(to_cast(voter, odd, open_))
    assert to_cast("nobody", seen.election, open_) is None
    assert to_cast(voter, seen.election, seen.progress) is None


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
