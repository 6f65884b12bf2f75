"""What is listed whole however much there is, and what says that it shows the newest alone."""

from types import SimpleNamespace

import pytest

from consortia.node.console import counting, screen
from consortia.node.console.ahead import ahead
from consortia.node.console.inside import Inside
from consortia.sdk import ballots
from consortia.testing.machine import Bench
from consortia.testing.voting import Held

TITLES = ("The first", "The second", "The third")


@pytest.fixture(scope="module")
def service():
    bench = Bench(6)
    for title in TITLES:
        Held.opened(bench, title=title)
    ledger = SimpleNamespace(tip=bench.tip, query=bench.query)
    return SimpleNamespace(ledger=ledger, config=SimpleNamespace(member="north"))


def test_no_ballot_is_left_out_for_standing_on_a_further_page(service, monkeypatch):
    monkeypatch.setattr(ballots, "PAGE", 1)
    rows = ahead(SimpleNamespace(service=service)).rows
    assert {what.text for _, _, what, kind, _ in rows if kind == "secret ballot"} == set(TITLES)


def test_a_table_of_the_newest_says_of_how_many(service, monkeypatch):
    assert screen.newest(screen.LISTED_MAX) == ""
    assert [row[0].text for row in counting.listed(Inside(service)).rows] == list(reversed(TITLES))
    for module in (counting, screen):
        monkeypatch.setattr(module, "LISTED_MAX", 1)
    table = counting.listed(Inside(service))
    assert [row[0].text for row in table.rows] == ["The third"]
    assert "The newest 1 of 3" in table.note
