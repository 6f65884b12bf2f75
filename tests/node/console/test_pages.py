"""The console's pages as somebody sees them whose browser runs no scripts."""

import csv
import io
import json
import time

import pytest

from consortia.node.console.places import STATIC
from consortia.node.console.screen import NAVIGATION
from consortia.node.passes import TICKET_MILLISECONDS
from tests.node.console.looking import FORMULA, HOSTILE, Page, Visitor, fill
from tests.node.running import Process, homes, until


def clock() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    [home] = homes(tmp_path_factory.mktemp("net"), "north")
    with Process(home) as process:
        process.last = fill(process)
        yield process


@pytest.fixture(scope="module")
def visitor(node):
    found = Visitor(node)
    status, headers = found.enter(node, clock())
    assert (status, headers["cache-control"]) == (200, "no-store")
    assert "HttpOnly" in headers["set-cookie"]
    assert "SameSite=Strict" in headers["set-cookie"]
    return found


def test_every_page_that_another_leads_to_is_whole_and_loads_nothing_from_elsewhere(node, visitor):
    todo, seen = ["/console"], set()
    while todo and len(seen) < 150:
        path = todo.pop(0)
        seen.add(path)
        status, headers, text = visitor.get(path)
        assert status == 200, (path, text[:500])
        if not path.startswith("/console") or not headers["content-type"].startswith("text/html"):
            continue
        assert "default-src 'none'; script-src 'self'" in headers["content-security-policy"]
        page = Page(text)
        assert page.runs_inline() == []
        assert all(one.startswith("/console/") for one in page.links("action"))
        for link in page.links("href", "src"):
            assert link.startswith(("/", "?", "#")), (path, link)
            assert not link.startswith("//")
            if link.startswith("/console/act/"):  # forms of all messages, each held whole by `test_forms`
                continue
            target = path.partition("?")[0] + link if link.startswith("?") else link
            if not link.startswith("#") and target not in seen and target not in todo:
                todo.append(target)
    assert {path for path, _ in NAVIGATION} <= seen
    assert {
        f"/console/transactions/{node.last.hex()}",
        "/console/members/north",
        "/console/rooms/market",
    } <= seen


def test_how_the_node_stands_is_told_with_units_and_without_empty_rows(visitor):
    rows = list(csv.reader(io.StringIO(visitor.get("/console/node?csv=0")[2])))
    names = [row[0] for row in rows]
    assert {"log, leaves", "of them final, leaves", "runs for, seconds", "newest block"} <= set(names)
    assert all(row[1] for row in rows), rows
    assert not {"size", "seconds", "has stopped, because"} & set(names)


def test_who_posted_keys_is_offered_for_admission_until_it_is_a_member(node, visitor):
    posted = node.home.path / "joining"
    posted.mkdir()
    for name in ("north", "south"):
        (posted / f"{name}.cbor").touch()
    text = visitor.get("/console/members")[2]
    assert ("Admit south" in text, "Admit north" in text) == (True, False)
    for path in posted.iterdir():
        path.unlink()


def test_a_hostile_name_is_only_a_name(node, visitor):
    until(lambda: "data-2" in visitor.get("/console/find?text=data-2")[2])
    for path in ("/console", "/console/data", "/console/ledger", "/console/rooms/assets"):
        text = visitor.get(path)[2]
        assert "<script>alert" not in text
        told = "".join(Page(text).texts)
        assert HOSTILE in told or json.dumps(HOSTILE) in told, path  # in a sentence it stands in quotes
    found = visitor.get("/console/find?text=%3Cscript%3E")
    assert (found[0], "<script>" in found[2]) == (200, False)


def test_a_table_is_a_file_that_no_spreadsheet_computes(visitor):
    status, headers, text = visitor.get("/console/data?csv=0")
    assert (status, headers["content-type"]) == (200, "text/csv; charset=utf-8")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0][:2] == ["name", "owner"]
    assert f"'{FORMULA}" in [row[0] for row in rows]
    assert rows[0][-1] == "privacy budget left"
    assert sorted(row[-1] for row in rows[1:]) == ["1,000 of 1,000 nano-rho", "no limit", "no limit"]
    assert visitor.get("/console/data?csv=99")[0] == 404


def test_the_file_of_what_was_found_is_asked_for_with_what_was_looked_for(visitor):
    def offered():
        page = Page(visitor.get("/console/find?text=data-1")[2])
        return [address for address in page.links("href") if "csv=" in address]

    until(offered)
    status, _, text = visitor.get(offered()[0])
    _, *found = csv.reader(io.StringIO(text))
    assert (status, {row[0] for row in found}) == (200, {"data-1"})


def test_nobody_without_a_session_sees_a_page_and_is_told_how_to_get_one(node):
    stranger = Visitor(node)
    for path, _ in NAVIGATION:
        status, headers, text = stranger.get(path)
        assert (status, headers["content-type"]) == (401, "text/html; charset=utf-8"), path
        assert "consortia console" in text
    stranger.cookie = f"consortia-console={clock() + 10_000_000}.{'0' * 64}"
    assert stranger.get("/console")[0] == 401


def test_a_ticket_that_is_over_or_made_up_opens_nothing(node):
    late = Visitor(node)
    assert late.enter(node, clock() - TICKET_MILLISECONDS - 1)[0] == 401
    assert late.get("/console/enter?ticket=9999999999999.00")[0] == 401
    assert late.get("/console/enter?ticket=%00")[0] == 401
    assert late.get("/console/enter")[0] == 401


def test_a_session_reads_and_does_nothing(node, visitor):
    assert visitor.get("/v1/status")[0] == 200
    for path in ("/v1/ledger-copy", "/v1/build", "/v1/blobs", "/v1/query/identity/members"):
        assert visitor.get(path, "POST")[0] == 401, path


def test_a_session_is_not_taken_from_a_page_of_another_host(visitor):
    assert visitor.get("/console", Host="evil.example:80")[0] == 401
    assert visitor.get("/v1/status", Host="evil.example")[0] == 401
    assert visitor.get("/v1/status", Host="localhost")[0] == 200


@pytest.mark.parametrize(
    "name", ["../places.py", "..%2f..%2fhome%2ftoken", "%2e%2e/screen.py", "console.css%00", "none.js"]
)
def test_no_other_file_is_served(visitor, name):
    assert visitor.get(f"/console/static/{name}")[0] == 404


def test_files_and_pages_are_squeezed_and_not_sent_twice(visitor):
    sent = 0
    for name in STATIC:
        status, headers, _ = visitor.get(f"/console/static/{name}")
        assert (status, headers["content-type"]) == (200, STATIC[name])
        again = visitor.get(f"/console/static/{name}", **{"If-None-Match": headers["etag"]})
        assert (again[0], again[2]) == (304, "")
        sent += int(headers["bytes"])
    sent += int(visitor.get("/console")[1]["bytes"])
    assert sent <= 60_000


@pytest.mark.parametrize(
    "path",
    [
        "/console/ledger/999999",
        "/console/ledger/-1",
        "/console/transactions/" + "0" * 64,
        "/console/assets/xyz",
        "/console/members/nobody",
        "/console/studies/" + "0" * 64,
        "/console/decisions/" + "0" * 64,
        "/console/markets/" + "0" * 64,
        "/console/nowhere",
        "/console/rooms/none",
        "/console/rooms/identity/none",
        "/console/rooms/identity/member?name=%00",
        "/console/find?text=x",
    ],
)
def test_what_is_not_there_is_said_on_a_page(visitor, path):
    status, headers, text = visitor.get(path)
    assert status in {400, 404, 422}
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert 'role="alert"' in text
    assert 'href="/console/members"' in text


def test_the_front_door_leads_to_the_console(visitor):
    status, headers, _ = visitor.get("/")
    assert (status, headers["location"]) == (307, "/console")
