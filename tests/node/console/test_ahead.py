"""The first page tells what ends when for the member, and an alert's page is a case that prints."""

import time

import pytest

from consortia.base.times import DAY
from consortia.modules.operations.messages import Notify
from consortia.testing.machine import Bench
from consortia.testing.scenarios import guard_parts as guards
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.mandates_parts import mandate
from tests.node.console.browser import Browser, lacking
from tests.node.console.looking import Page, Visitor
from tests.node.console.together import door
from tests.node.console.voted import home_of
from tests.node.running import Process, until

pytestmark = pytest.mark.slow
HIDDEN = "return [...document.querySelectorAll(arguments[0])].filter((one) => one.checkVisibility()).length"
BEHIND = """
const behind = document.createElement("details");
behind.innerHTML = "<summary>more</summary><p id=behind>what stands behind</p>";
document.querySelector("main").append(behind)"""


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    bench = Bench()
    mandate(bench)
    bench.ok(
        "east", "operator", Notify("recall", digest("lot"), digest("block it"), ("north",), bench.time + DAY)
    )
    alert = guards.raised(bench)
    guards.labelled(bench, alert, "honest")
    with Process(home_of(tmp_path_factory.mktemp("busy") / "home", bench)) as node:
        visitor = Visitor(node)
        visitor.enter(node, time.time_ns() // 1_000_000)
        visitor.node, visitor.alert = node, alert.hex()
        yield visitor


def test_deadlines_that_touch_the_member_stand_on_the_first_page_soonest_first(busy):
    texts = Page(busy.get("/console")[2]).texts
    assert "Deadlines ahead" in "".join(texts)
    owed, ends = texts.index("answer the recall of east"), texts.index("north/clerk")
    assert owed < ends
    assert {"23 hours", "9 days", "your answer is late", "the agent may not act any more"} <= set(texts)
    rows = busy.get("/console?csv=2")[2].split("\r\n")
    assert rows[0] == "until,in,what,kind,then"
    assert len(rows) == 2 + 2


def test_a_case_tells_what_was_noticed_what_people_did_and_what_stands_on_the_ledger(busy):
    address = f"/console/cases/{busy.alert}"
    until(lambda: "raises an alert" in busy.get(address)[2])  # once the index has it
    status, _, text = busy.get(address)
    texts = set(Page(text).texts)
    assert status == 200
    assert {guards.RULE.code, "an exact rule", "honest", "payments, version 1"} <= texts
    assert f"consortia case make {busy.alert} --out FILE" in texts
    assert address in busy.get(f"/console/find?text={busy.alert}")[2]
    assert busy.get(f"/console/cases/{'0' * 64}")[0] == 404
    assert busy.get("/console/cases/none")[0] == 400


def test_a_page_prints_without_what_paper_cannot_use_and_with_what_stands_behind(busy, tmp_path):
    if lacking():
        pytest.skip(lacking())
    with Browser(tmp_path / "profile") as browser:
        browser.open(door(busy.node))
        browser.open(f"{busy.node.url}/console/cases/{busy.alert}")
        browser.run(BEHIND)
        assert browser.run(HIDDEN, "header, nav, .csv") > 3
        browser.develop("Emulation.setEmulatedMedia", media="print")
        assert browser.run(HIDDEN, "header, nav, .csv") == 0
        assert browser.run("return document.getElementById('behind').getBoundingClientRect().height > 0")
