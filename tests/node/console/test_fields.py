"""Pages that packages bring: led to where they have something to show, and their faults stay their own."""

import time

import pytest

from consortia.modules.operations.messages import Notify
from tests.node.console.looking import Page, Visitor, fill
from tests.node.running import Process, client, homes

PACKAGE = """
from consortia.modules.identity.queries import MembersView, Nothing
from consortia.sdk.views import Page, Table


def names(way):
    return way.query("identity.members", Nothing(), MembersView).members


def views(way):
    return (Table("<Who>", ("name",), tuple((one.name,) for one in names(way))),)


def one(way, words):
    return (Table("Asked", ("words",), ((words,),)),)


def wrong(way):
    raise ZeroDivisionError("<of its own>")


GOOD = Page("good", "Good <page>", "Who is here.", lambda way: True, views, "Who?", one)
EMPTY = Page("empty", "Empty", "Nothing.", lambda way: False, views)
RAISES = Page("raises", "Raises", "Nothing.", lambda way: True, wrong)
UNSURE = Page("unsure", "Unsure", "Nothing.", wrong, wrong)
NO_VIEWS = Page("noviews", "No views", "Nothing.", lambda way: True, lambda way: ("text",))
"""
ENTRIES = """[consortia.pages]
good = theirs:GOOD
empty = theirs:EMPTY
raises = theirs:RAISES
unsure = theirs:UNSURE
noviews = theirs:NO_VIEWS
nopage = theirs:names
missing = theirs_too:PAGE
"""
LED_TO = {"good", "raises", "unsure", "noviews", "nopage", "missing"}


@pytest.fixture(scope="module")
def visitor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    (folder / "theirs.py").write_text(PACKAGE, encoding="utf-8")
    made = folder / "theirs-1.0.dist-info"
    made.mkdir()
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n", encoding="utf-8")
    (made / "entry_points.txt").write_text(ENTRIES, encoding="utf-8")
    [home] = homes(tmp_path_factory.mktemp("net"), "north")
    with Process(home, PYTHONPATH=str(folder)) as node:
        fill(node)
        found = Visitor(node)
        found.enter(node, time.time_ns() // 1_000_000)
        found.node = node
        yield found


def led_to(visitor) -> set[str]:
    text = visitor.get("/console")[2]
    start = "/console/fields/"
    return {one.removeprefix(start) for one in Page(text).links("href") if one.startswith(start)}


def test_another_package_adds_its_page_and_one_with_nothing_to_show_is_not_led_to(visitor):
    assert led_to(visitor) == LED_TO
    status, _, text = visitor.get("/console/fields/good")
    assert (status, "Good &lt;page&gt;" in text, "north" in text) == (200, True, True)
    assert visitor.get("/console/fields/empty")[0] == 200


def test_what_was_asked_for_is_in_its_file_too(visitor):
    page = Page(visitor.get("/console/fields/good?of=%3Ca%20b%3E")[2])
    assert "<a b>" in page.texts
    [link] = [one for one in page.links("href") if "csv" in one]
    assert visitor.get(link)[2] == "words\r\n<a b>\r\n"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("raises", "ZeroDivisionError: <of its own>"),
        ("unsure", "ZeroDivisionError"),
        ("noviews", "no view"),
        ("nopage", "is no consortia.sdk.views.Page"),
        ("missing", "ModuleNotFoundError"),
    ],
)
def test_a_page_that_fails_says_so_on_itself(visitor, name, why):
    status, _, text = visitor.get(f"/console/fields/{name}")
    assert status == 200
    assert why in "".join(Page(text).texts)
    assert 'role="alert"' in text


def test_a_field_is_led_to_once_its_data_is_there(visitor):
    assert "supply" not in led_to(visitor)
    admin = client(visitor.node.home, visitor.node.url)
    due = time.time_ns() // 1_000_000 + 86_400_000
    admin.submit(Notify("recall", bytes(32), bytes(32), ("north",), due))
    admin.close()
    assert led_to(visitor) == LED_TO | {"supply"}
    assert visitor.get("/console/fields/none")[0] == 404
