"""Each field's page shows what is on the ledger, and is led to only where that is there."""

import pytest

from consortia.modules.bank.messages import SetHold, Transfer
from consortia.modules.operations.messages import TakeOver
from consortia.modules.operations.types import Bound
from consortia.modules.predictions.messages import Act
from consortia.node.console.plugged import pages
from consortia.sdk.assets import Assets
from consortia.sdk.consent import Consent
from consortia.sdk.draw import as_csv, drawn
from consortia.sdk.meters import Meters
from consortia.solutions.city import tasks
from consortia.solutions.city import views as city
from consortia.solutions.city.signals import Terms
from consortia.testing.machine import Bench
from consortia.testing.scenarios import guard_parts as guards
from consortia.testing.scenarios import market_parts as markets
from consortia.testing.scenarios import operations_parts as crossings
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.governance_parts import GENESIS
from consortia.testing.scenarios.mandates_parts import UNIT, account, agent, mandate
from consortia.testing.scenarios.market_meters import METERING
from consortia.workers.vault import Vault
from tests.sdk.test_meters import Way

PAGES = {one.name: one.page for one in pages()}


def shown(name, bench, words=""):
    """A page's tables by title, each of which can be drawn and is a CSV."""
    page, way = PAGES[name], Way(bench, "south")
    assert page.stands(way)
    views = page.answer(way, words) if words else page.views(way)
    for number, view in enumerate(views):
        assert drawn(view, number)
        assert as_csv(view)
    return {view.title: view for view in views}


def test_an_empty_ledger_leads_to_no_page():
    way = Way(Bench(), "north")
    assert sorted(PAGES) == ["banks", "dao", "health", "homes", "junctions", "personal", "supply", "trading"]
    assert [name for name, page in PAGES.items() if page.stands(way)] == []
    for page in PAGES.values():
        for view in page.views(way):
            assert drawn(view, 0)


def test_the_purposes_of_forecasts_are_those_of_the_tasks():
    assert {tasks.PURPOSE} == city.FORECASTING


@pytest.mark.parametrize(("name", "purpose"), [("health", "survival"), ("personal", "recommending")])
def test_people_see_who_may_use_their_records_and_who_did(name, purpose, tmp_path):
    bench = Bench()
    way, vault = Way(bench, "north"), Vault(tmp_path)
    assets = Assets(way, "north", vault)
    rows = [{"patient": f"p{number}", "age": str(number)} for number in range(20)]
    assets.register_dataset(rows, name="records", subject="patient", download=["east"], purposes=[purpose])
    desk = Consent(way, "north", vault, assets)
    assert shown(name, bench)["Consent by purpose"].rows == ()
    desk.require("records")
    slips = desk.give("records", purposes=[purpose], days=30, now=bench.time)
    desk.cover("records", purpose)
    asked = Consent(Way(bench, "east"), "east", None, assets)
    asked.ask("north/records", slips["p1"].subject, purpose, "all of it")
    asked.break_glass("north/records", slips["p2"].subject, "unconscious")
    desk.withdraw("records", "p1", [purpose])
    found = shown(name, bench)
    assert [row[1:4] for row in found["Consent by purpose"].rows] == [(purpose, 19, "may be read")]
    assert [row[1:3] for row in found["Accesses"].rows] == [("east", "an emergency"), ("east", purpose)]
    assert found["Accesses"].rows[0][5] == "not yet"
    own = shown(name, bench, slips["p1"].subject.hex())
    assert [row[1:3] for row in own["What this person agreed to"].rows] == [(purpose, "withdrawn")]
    assert [row[2] for row in own["Accesses"].rows] == [purpose]
    with pytest.raises(ValueError, match="64 hex digits"):
        PAGES[name].answer(way, "p1")


def test_banks_see_alerts_cases_and_what_is_held():
    bench = Bench()
    bench.ok("north", "admin", guards.policy(schema="cards/1"))
    bench.ok("east", "admin", guards.policy(schema="watch/2"))
    alert = guards.raised(bench)
    guards.raised(bench, guards.learned())
    guards.labelled(bench, alert, "honest")
    base, _ = markets.units(bench)
    bench.ok("east", "admin", SetHold(base, 5, 86_400_000))
    bench.ok("east", "operator", Transfer("east", "south", base, 7))
    found = shown("banks", bench)
    assert [row[2:6] for row in found["Alerts and cases"].rows] == [
        ("transfer", "learned.transfer", "a model", "open"),
        ("transfer", guards.RULE.code, "a rule", "honest"),
    ]
    assert found["Hold rules"].rows == (("east", "5", "share", 24.0),)
    assert [row[:5] for row in found["Payments that are held"].rows] == [("east", "south", "7", "share", 0)]


def test_traders_see_prices_books_and_positions():
    bench = Bench()
    market = markets.opened(bench)
    orders = (("east", markets.buy(104)), ("south", markets.sell(96)))
    markets.revealed(bench, market, orders)
    found = shown("trading", bench)
    assert [row[2:] for row in found["Book"].rows] == [("buy", 104, 10), ("sell", 96, 10)]
    bench.ok("north", "operator", markets.clear(bench, market))
    found = shown("trading", bench)
    assert [(row[1], row[3], row[4], row[5], row[7]) for row in found["Auctions"].rows] == [
        (0, 2, 2, 100, "cleared")
    ]
    assert found["Prices"].lines[0].values == (100.0,)
    assert {row[1] for row in found["Positions"].rows} == set(bench.parties)
    assert not PAGES["homes"].stands(Way(bench, "north"))


def test_homes_see_their_market_and_meters():
    bench = Bench()
    markets.opened(bench, labelled=True)
    grid, east = Meters(Way(bench, "north"), "north"), Meters(Way(bench, "east"), "east")
    [harbour] = city.Markets(Way(bench, "north"), "").list()
    grid.measure(harbour, METERING)
    east.attach(harbour, agent().public, 50, "east/house-3")
    bench.time = markets.at(0, 0)
    found = shown("homes", bench)
    assert [row[0:2] for row in found["Homes"].rows] == [("east/house-3", "not accepted")]
    assert [row[1:5] for row in found["Terms"].rows] == [("north", 150, 40, 3)]
    assert not PAGES["trading"].stands(Way(bench, "north"))


def test_junctions_stand_with_their_bounds_and_who_has_taken_over():
    bench = Bench(genesis=GENESIS)
    bounds = tuple(Bound(field, *ends) for field, ends in sorted(Terms().bounds(2).items()))
    other = crossings.crossing()  # no terms of a signal: some other control
    crossings.voted(bench, other, crossings.crossing(control="mill", bounds=bounds))
    bench.ok("south", "operator", TakeOver("mill", digest("an accident")))
    found = shown("junctions", bench)
    assert [row[:7] for row in found["Lights"].rows] == [
        ("mill", "east", "south has taken over", 10, 40, 2, 0)
    ]
    assert {row[1] for row in found["Parameters"].rows} == {"bus", "headway", "hold", "ratio", "wait", "walk"}
    edges = found["Who may switch and who may take over"].edges
    assert [(edge.source, edge.label) for edge in edges] == [("east", "switches"), ("south", "may take over")]


def test_delegates_stand_with_their_limits_and_their_record():
    bench = Bench()
    mandate(bench)
    bench.block(bench.sign_with(agent(), Act(account())))
    found = shown("dao", bench)
    assert [(row[0].text, row[1], row[2]) for row in found["Delegates"].rows] == [
        ("north/clerk", "may act", "a program")
    ]
    assert [row[1:] for row in found["Caps"].rows] == [(UNIT.hex(), 0, 250, 100)]
    assert [row[1:5] for row in found["Records"].rows] == [(1, 0, None, None)]
    assert [row[2:4] for row in found["What they did"].rows] == [("diagnosis", 0.7)]
