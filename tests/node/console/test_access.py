"""Every screen for people who see little, use no mouse or run no scripts, in light and dark."""

import pytest

from consortia.node.console.screen import NAVIGATION
from tests.loud import loudly
from tests.node.console.browser import AXE

pytestmark = pytest.mark.slow
TAB = "\ue004"
DARK = ("color-contrast", "link-in-text-block")
"""The rules that colours can break."""

NARROW = (390, 844)
WIDER = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
STOPS = """
return [...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")]
  .filter((one) => !one.disabled && one.checkVisibility()).length"""
WHERE = """
const one = document.activeElement, style = getComputedStyle(one);
const all = [...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")]
  .filter((each) => !each.disabled && each.checkVisibility());
const box = one.getBoundingClientRect();
return [all.indexOf(one), style.outlineStyle !== "none" || one.matches("main"),
  box.bottom > 0 && box.top < innerHeight && box.width > 0, one.outerHTML.slice(0, 120)]"""


BARE = """
const drawn = [...document.querySelectorAll("main svg")].filter((one) =>
  !one.closest(".view").querySelector("details table, details p"));
const tables = [...document.querySelectorAll("main table")]
  .filter((one) => !one.querySelector("caption a.csv"));
return [...drawn, ...tables].map((one) => one.outerHTML.slice(0, 120))"""
"""Drawings without a table behind them, and tables without a CSV."""


def screens(node):
    """The address of every kind of screen."""
    model, batch, last = node.model.hex(), node.batch.hex(), node.last.hex()
    return (
        *(path for path, _ in NAVIGATION),
        "/console/ledger/3",
        f"/console/transactions/{last}",
        "/console/find?text=patients",
        "/console/members/north",
        f"/console/assets/{model}",
        f"/console/lineage/{batch}",
        f"/console/studies/{node.study.hex()}",
        "/console/fields/health",
        "/console/fields/supply",
        "/console/rooms/assets",
        "/console/invite",
        "/console/act/assets/register",
        "/console/act/market/commit",
        "/console/rooms/training/studies?limit=5",
        "/console/act/governance/cast_vote",
        "/console/act/governance/schedule_member",
        "/console/assets/none",
    )


def test_no_screen_has_a_serious_finding_light_or_dark(seen):
    if not AXE.is_file():
        loudly("no axe-core (tools/axe): the console's pages were not asked about accessibility")
        pytest.skip("it needs axe-core")
    node, browser = seen
    found = []
    for path in screens(node):
        browser.scheme("light")
        browser.open(node.url + path)
        found += [f"{path} {one}" for one in browser.audit()]
        browser.scheme("dark")
        found += [f"{path}, dark, {one}" for one in browser.audit(*DARK)]
    browser.scheme("light")
    assert found == []
    browser.open(f"{node.url}/console")
    browser.run("document.querySelector('.lead').style.color = '#ccc'")
    assert [one.partition(":")[0] for one in browser.audit(*DARK)] == ["color-contrast"]


@pytest.mark.parametrize("path", ["/console", "/console/models", "/console/fields/health", "lineage"])
def test_the_tab_key_reaches_everything_in_its_order_and_shows_where_it_is(seen, path):
    node, browser = seen
    browser.open(node.url + (f"/console/lineage/{node.model.hex()}" if path == "lineage" else path))
    browser.wait("return document.readyState === 'complete'")
    if path == "lineage":
        browser.wait("return document.querySelector('.verdict.good')")
    browser.run("document.activeElement.blur(); window.scrollTo(0, 0)")
    for place in range(browser.run(STOPS)):
        browser.press(TAB)
        at, is_marked, is_there, what = browser.run(WHERE)
        assert (at, is_marked, is_there) == (place, True, True), what


def test_every_screen_is_whole_without_scripts_narrow_and_asks_nobody_else(seen):
    node, browser = seen
    browser.requests()
    browser.size(*NARROW)
    browser.develop("Emulation.setScriptExecutionDisabled", value=True)
    for path in screens(node):
        browser.open(node.url + path)
        assert browser.text("h1")
        assert browser.text("main")
        assert browser.run(BARE) == [], path
        assert browser.run(WIDER) == 0, path
    browser.size(1280, 900)
    browser.develop("Emulation.setScriptExecutionDisabled", value=False)
    asked = [url for url in browser.requests() if url.startswith(("http:", "https:", "ws:", "wss:"))]
    assert len(asked) > len(NAVIGATION)
    assert [url for url in asked if not url.startswith(node.url)] == []
