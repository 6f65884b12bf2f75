"""What pages are made of: markup that escapes, drawings with their shape, transactions in words."""

import string

import pytest

from consortia.app import application
from consortia.node.console.sayings import SAYINGS, said
from consortia.node.passes import is_session, is_ticket, session, session_of, ticket
from consortia.sdk.draw import as_csv, columns, drawn
from consortia.sdk.html import Html, join, tag
from consortia.sdk.moments import moment
from consortia.sdk.values import cell, facts_of, rows_of
from consortia.sdk.views import Edge, Graph, Line, Link, Map, Moment, Node, Place, Series, Table
from tests.node.console.looking import Page


def test_whatever_is_not_markup_is_escaped():
    assert tag("p", "<b>", title='"') == '<p title="&quot;">&lt;b&gt;</p>'
    assert join("<", Html("<br>"), None, 7) == "&lt;<br>7"
    assert tag("input", disabled=True, value=None, class_="x") == '<input disabled class="x">'


@pytest.mark.parametrize("method", SAYINGS)
def test_a_saying_names_fields_that_its_message_has(method):
    message = application().methods[method].method.message
    named = {field for _, field, _, _ in string.Formatter().parse(SAYINGS[method]) if field}
    assert named <= set(message.__struct_fields__)


def test_every_message_has_a_saying():
    assert set(SAYINGS) == set(application().methods)


def test_a_message_without_a_saying_is_named():
    assert said("market.no_such", {}) == "market: no such"
    assert said("training.join", {}) == "training: join"


VIEWS = [
    Table("Lots", ("lot", "g"), (("<A>", 5), ("B", 7)), "two"),
    Series("Curve", "round", "%", (1, 2, 3), (Line("<n>", (1.0, None, 3.0)), Line("flat", (2.0, 2.0, 2.0)))),
    Series("One", "round", "", (1,), (Line("x", (5.0,)),)),
    Series("None", "round", "", (), (Line("x", ()),)),
    Graph(
        "Lineage", (Node("a", "<data>", "dataset", "/console/x"), Node("b", "model")), (Edge("a", "b", "v1"),)
    ),
    Graph("Circle", (Node("a", "a"), Node("b", "b")), (Edge("a", "b"), Edge("b", "a"))),
    Map("City", "cars", (Place(52.0, 4.0, "<A>", 3.0), Place(52.1, 4.1, "B")), ""),
    Map("Nowhere", "", ()),
]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.title)
def test_every_view_is_drawn_with_a_table_behind_it(view):
    text = drawn(view, 3)
    page = Page(text)
    assert page.runs_inline() == []
    assert "<n>" not in text
    assert "<A>" not in text
    assert as_csv(view).count("\r\n") >= 1
    held = [attributes.get("href") for _, attributes in page.elements]
    assert "?csv=3" in held or not as_csv(view).partition("\r\n")[2]


def test_an_arrow_leads_to_the_right():
    nodes = tuple(Node(key, key) for key in "abcd")
    found = columns(nodes, (Edge("a", "b"), Edge("b", "c"), Edge("a", "c")))
    assert found == {"a": 0, "b": 1, "c": 2, "d": 0}


def test_values_are_read_as_what_they_are():
    assert cell(1_700_000_000_000, "time") == Moment(1_700_000_000_000)
    assert cell(1_700_000_000_000, "grams") == 1_700_000_000_000
    assert cell(b"\1" * 32) == Link("010101010101…", f"/console/find?text={'01' * 32}")
    assert cell(("a", b"\1", True, None)) == "a, 01, yes, none"
    assert cell("x" * 500) == "x" * 400 + "…"
    assert moment(0) == "1970-01-01 00:00:00 UTC"
    assert moment(10**18) == str(10**18)


def test_a_record_is_a_table_and_its_lists_are_tables():
    view = Node("a", "b")
    assert rows_of("Things", []).rows == ()
    assert rows_of("Things", [1, 2]).rows == ((1,), (2,))
    del view
    [module] = [one for one in application().modules if one.name == "governance"]
    assert module.queries
    from consortia.kernel.genesis import DEFAULT_LIMITS, ModuleVersion

    [table] = facts_of("Limits", DEFAULT_LIMITS)
    assert ("block cost", 4_000_000) in table.rows
    assert rows_of("Rooms", [ModuleVersion("bank", 1)]).headings == ("name", "version")


def test_a_pass_is_of_its_kind_its_time_and_its_token():
    assert is_ticket("t", ticket("t", 5), 6)
    assert not is_ticket("t", session("t", 5), 6)
    assert not is_ticket("other", ticket("t", 5), 6)
    assert not is_ticket("t", ticket("t", 5), 3_600_005)
    assert is_session("t", session("t", 5), 43_200_004)
    assert session_of("a=b; consortia-console=1.ff") == "1.ff"
    assert session_of("consortia-console") == ""


def test_a_cookie_of_whatever_length_is_read_in_one_go():
    quoted = 'x="' + '\\"' * 200_000 + '"'
    assert session_of(f"{quoted}; consortia-console=1.ff") == "1.ff"  # the library would take minutes
