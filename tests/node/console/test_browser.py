"""The console in a real browser: every screen, live, by keyboard, light and dark, and a forged proof."""

import os
import time
from pathlib import Path

import pytest

from consortia.modules.identity.messages import SetEndpoint
from consortia.node.console.screen import NAVIGATION
from consortia.node.passes import way_in
from tests.loud import loudly
from tests.node.console.browser import Browser, lacking
from tests.node.console.looking import fill
from tests.node.running import Process, client, homes, owner, until

pytestmark = pytest.mark.slow
TAB = "\ue004"
LEAVES_OUT = "return [...document.querySelectorAll('script, style')].filter((e) => !e.src).length"
WIDER = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
FOCUSED = "return document.activeElement.innerText || document.activeElement.name || ''"


def folder_of_pictures(tmp_path: Path) -> Path:
    """Where screenshots are kept: the folder that the variable names, or the test's own."""
    return Path(os.environ.get("CONSORTIA_TESTS_SCREENS") or tmp_path / "pictures")


@pytest.fixture
def looked(tmp_path):
    if lacking():
        loudly(lacking())
        pytest.skip(lacking())
    [home] = homes(tmp_path / "net", "north")
    with Process(home) as node, Browser(tmp_path / "profile") as browser:
        node.last = fill(node)
        browser.open(way_in(node.url, home.token(), time.time_ns() // 1_000_000))
        browser.requests()
        yield node, browser


def test_the_console_is_seen_by_a_browser(looked, tmp_path):
    node, browser = looked
    pictures = folder_of_pictures(tmp_path)
    _every_screen(node, browser, pictures)
    _live_and_by_keyboard(node, browser)
    _a_proof_and_one_that_is_tampered_with(node, browser, tmp_path, pictures)
    _without_scripts(node, browser)
    assert browser.complaints() == []
    asked = [url for url in browser.requests() if url.startswith(("http:", "https:", "ws:"))]
    assert asked
    assert all(url.startswith(node.url) for url in asked)


def _every_screen(node, browser, pictures):
    for path, title in NAVIGATION:
        browser.open(node.url + path)
        assert browser.text("h1") == title
        assert browser.run(LEAVES_OUT) == 0
        for name, width, height in (("wide", 1280, 900), ("narrow", 390, 844)):
            browser.size(width, height)
            assert browser.run(WIDER) == 0, (path, name)
        if path in {"/console", "/console/ledger", "/console/data"}:
            for scheme in ("light", "dark"):
                browser.scheme(scheme)
                browser.picture(pictures / f"{title.lower()}-{scheme}.png")
    browser.size(1280, 900)


def _live_and_by_keyboard(node, browser):
    browser.open(f"{node.url}/console/ledger")
    browser.wait("return document.getElementById('pulse').textContent === 'live'")
    admin = client(node.home, node.url)
    admin.submit(SetEndpoint("http://127.0.0.1:5", None))
    admin.close()
    browser.wait(
        "return document.querySelector('main').innerText.includes('its node is at \"http://127.0.0.1:5\"')"
    )
    browser.run("document.activeElement.blur(); window.scrollTo(0, 0)")
    browser.open(f"{node.url}/console")
    browser.press(TAB)
    assert browser.run(FOCUSED) == "Skip to the page"
    walked = []
    for _ in range(5):
        browser.press(TAB)
        walked.append(browser.run(FOCUSED))
    assert walked == ["Consortia", "text", "Find", "Home", "Ledger"]


def _a_proof_and_one_that_is_tampered_with(node, browser, tmp_path, pictures):
    mine = owner(node.home, node.url)
    until(lambda: mine.final_height() >= mine.receipt(node.last).height)
    proof = mine.proof(node.last)
    mine.close()
    for name, data, wanted in (
        ("good", proof, "True: every step holds."),
        ("genesis", proof.replace(b"extra ", b"extra A", 1), "step 1"),
        ("root", _changed_checkpoint(proof), "step 4"),
    ):
        path = tmp_path / f"{name}.proof"
        path.write_bytes(data)
        browser.open(f"{node.url}/console/verify")
        browser.upload("#file", path)
        said = browser.wait("return document.querySelector('.verdict.good, .verdict.bad')?.innerText")
        assert wanted in said
        browser.picture(pictures / f"verify-{name}.png")
    browser.upload("#file", tmp_path / "good.proof")
    browser.wait("return document.querySelector('.verdict.good')")
    browser.run("document.getElementById('flip').click()")
    assert "Who would notice" in browser.wait("return document.querySelector('.verdict.bad')?.innerText")
    browser.run("document.getElementById('restore').click()")
    browser.wait("return document.querySelector('.verdict.good')")


def _changed_checkpoint(proof: bytes) -> bytes:
    """The proof with another digit in the size that its checkpoint names."""
    head, _, note = proof.rpartition(b"\n\n\xe2\x80\x94")[0].rpartition(b"\n\n")
    del head
    lines = note.split(b"\n")
    return proof.replace(note, b"\n".join([lines[0], lines[1] + b"0", lines[2]]))


def _without_scripts(node, browser):
    browser.develop("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(f"{node.url}/console/data")
    assert "Heart failure" in browser.text("main")
    browser.develop("Emulation.setScriptExecutionDisabled", value=False)
