"""A page costs as much as it is long, however long the list is and however little of it is wanted."""

from collections import Counter

import pytest
from msgspec.structs import replace

from consortia.base.refusals import Refused
from consortia.kernel import pages
from consortia.kernel.table import Table
from consortia.testing.machine import Bench
from consortia.testing.scenarios.assets import blob, dataset, registered
from consortia.testing.scenarios.governance_parts import opened
from consortia.testing.studies import TERMS, proposed

MANY = 9
SCANNED = 4


@pytest.fixture
def read(monkeypatch):
    """How many entries of each table were read by scans."""
    counted, scan = Counter(), Table.scan

    def counting(table, ctx, *prefix, **more):
        for one in scan(table, ctx, *prefix, **more):
            counted[table.name] += 1
            yield one

    monkeypatch.setattr(Table, "scan", counting)
    monkeypatch.setattr(pages, "SCANNED_MAX", SCANNED)
    return counted


def walked(bench, read, name, table, **fields):
    """What all pages of a list hold; no page reads more of the table than it may."""
    found, after = [], None
    while True:
        read.clear()
        page = bench.query(name, after=after, limit=2, **fields)
        assert read[table] <= SCANNED + 1
        found += getattr(page, name.split(".")[1])
        after = page.next
        if after is None:
            return found


def test_a_page_of_assets_passes_over_so_many_and_says_where_to_go_on(read):
    bench = Bench(4)
    names = [f"data-{number}" for number in range(MANY)]
    for name in names:
        registered(bench, dataset(name))
    registered(bench, blob("z-model"))
    registered(bench, dataset("elsewhere"), "east")
    for owner in (None, "north"):
        found = walked(bench, read, "assets.assets", "names", owner=owner, kind="model")
        assert [one.name for one in found] == ["z-model"]
        found = walked(bench, read, "assets.assets", "names", owner=owner, kind=None)
        assert {one.name for one in found} >= {*names, "z-model"}
    for after in ("north", "east/elsewhere"):
        with pytest.raises(Refused, match="no cursor of this list"):
            bench.query("assets.assets", owner="north", kind=None, after=after, limit=2)


def test_a_page_of_studies_passes_over_so_many_and_open_ones_are_found_at_once(read):
    bench = Bench(4)
    made = {proposed(bench, replace(TERMS, name=f"study-{number}")) for number in range(MANY)}
    assert {one.id for one in walked(bench, read, "training.studies", "study", status=None)} == made
    assert walked(bench, read, "training.studies", "study", status="finished") == []
    read.clear()
    page = bench.query("training.studies", status="proposed", after=None, limit=100)
    assert {one.id for one in page.studies} >= set(sorted(made)[:SCANNED])
    assert read["study"] == 0


def test_a_page_of_proposals_passes_over_so_many_and_open_ones_are_found_at_once(read):
    bench = Bench(4)
    made = {opened(bench, author=author).id for author in bench.parties for _ in range(2)}
    assert {one.id for one in walked(bench, read, "governance.proposals", "proposals", status=None)} == made
    assert walked(bench, read, "governance.proposals", "proposals", status="expired") == []
    found = walked(bench, read, "governance.proposals", "proposals", status="voting")
    assert {one.id for one in found} == made
