"""The pictures of the documentation are taken by this test, light and dark; `make pictures` keeps them."""

import os
from pathlib import Path

import pytest

from consortia.node.keys import find_key
from tests.node.console.test_acting import SAID, SHOWN
from tests.node.console.together import door
from tests.node.console.voted import home_of, open_for_votes
from tests.node.running import Process

pytestmark = pytest.mark.slow
WIDTH, HEIGHT = 1100, 780
BYTES_MAX = 600_000
KEPT = Path(__file__).resolve().parents[3] / "docs" / "pictures"
NAMES = [
    f"console-{name}-{scheme}.webp"
    for name in ("home", "study", "field", "lineage", "count", "cast")
    for scheme in ("light", "dark")
]


def test_pictures_of_the_console_are_taken(seen, voted, tmp_path):
    node, browser = seen
    folder = Path(os.environ.get("CONSORTIA_TESTS_PICTURES") or tmp_path)
    browser.size(WIDTH, HEIGHT)
    for name, path, within in (
        ("home", "/console", ""),
        ("study", f"/console/studies/{node.study.hex()}", ""),
        ("field", "/console/fields/health", ""),
        ("lineage", f"/console/lineage/{node.batch.hex()}", "#verdict"),
    ):
        _both(browser, folder / f"console-{name}", node.url + path, within)
    browser.open(door(voted))
    _both(browser, folder / "console-count", voted.url + voted.address, "#step-5")
    _casting(browser, folder / "console-cast", tmp_path / "booth")
    browser.open(door(node))  # a browser has one session for all ports of a host
    browser.size(1280, 900)
    sizes = {path.name: path.stat().st_size for path in folder.glob("*.webp")}
    assert set(sizes) == set(NAMES)
    assert min(sizes.values()) > 5_000
    assert sum(sizes.values()) < BYTES_MAX, sizes


def _both(browser, path, url, within):
    """One page, light and dark; from where `within` stands, once what it checks is checked."""
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        browser.open(url)
        if within:
            browser.wait("return document.querySelector('.verdict.good')")
            browser.run("document.querySelector(arguments[0]).scrollIntoView()", within)
        browser.small_picture(path.with_name(f"{path.name}-{scheme}.webp"))
    browser.scheme("light")


def _casting(browser, path, home):
    """A ballot that is sealed and waits for its voter to sign."""
    held, _ = open_for_votes(0, 1)
    with Process(home_of(home, held.bench)) as booth:
        browser.open(door(booth))
        browser.open(f"{booth.url}/console/act/ballots/cast?election={held.id.hex()}")
        browser.wait("return document.getElementById('key-file')?.disabled === false")
        browser.upload("#key-file", find_key(booth.home.keys, "admin"))
        browser.wait(SAID, "key-said", "Open: ")
        browser.run("document.getElementById('sealed-choice').value = 'yes'")
        browser.run("document.getElementById('show').click()")
        browser.wait(SHOWN)
        browser.run("document.getElementById('review').scrollIntoView()")
        for scheme in ("light", "dark"):
            browser.scheme(scheme)
            browser.small_picture(path.with_name(f"{path.name}-{scheme}.webp"))
        browser.scheme("light")


def test_the_pictures_that_are_kept_are_those_that_are_taken():
    kept = {path.name: path.stat().st_size for path in KEPT.glob("*.webp")}
    assert set(kept) == set(NAMES)
    assert sum(kept.values()) < BYTES_MAX
    told = (KEPT.parent / "how-to" / "look-around.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"../pictures/{name}" not in told] == []
    pages = [*KEPT.parent.rglob("*.md"), KEPT.parents[1] / "README.md"]
    assert len([page for page in pages if "pictures/console-" in page.read_text(encoding="utf-8")]) >= 5
