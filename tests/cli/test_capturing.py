"""EPCIS 2.0 over HTTP as a real process: captured as jobs, asked for by pages, within limits."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from consortia.solutions.supply import synthetic
from consortia.solutions.supply.epcis import arriving, service
from consortia.solutions.supply.epcis.hashing import event_hash
from consortia.solutions.supply.epcis.reading import read

SECRET = "a-secret-of-this-test"
HEAD = {
    "@context": [
        "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        {"example": "https://ns.example.com/epcis/"},
    ],
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "creationDate": "2026-03-01T12:00:00Z",
}
SECONDS_MAX = 60


def document(*events, **fields):
    return {**HEAD, "epcisBody": {"eventList": list(events)}, **fields}


class Served:
    """The process, and requests to it."""

    def __init__(self, folder, *flags):
        self.store = folder / "events.epcis"
        (folder / "secret").write_text(SECRET + "\n", encoding="utf-8")
        words = ["supply", "serve", str(self.store), "--listen", "127.0.0.1:0", "--json"]
        words += flags or ["--token", str(folder / "secret")]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "consortia.cli", *words], stdout=subprocess.PIPE, text=True
        )
        self.port = int(json.loads(self.process.stdout.readline())["url"].rpartition(":")[2])

    def ask(self, method, place, body=None, **headers):
        """Status, headers and what the answer says."""
        known = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/ld+json"}
        known |= {name.replace("_", "-"): value for name, value in headers.items()}
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS_MAX)
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        line.request(method, place, data, known)
        answer = line.getresponse()
        text = answer.read()
        line.close()
        told = json.loads(text) if "json" in answer.headers.get("Content-Type", "") else None
        return answer.status, answer.headers, told

    def captured(self, body, **headers):
        """What became of a document."""
        status, told, _ = self.ask("POST", "/capture", body, **headers)
        assert status == 202
        until = time.monotonic() + SECONDS_MAX
        while time.monotonic() < until:
            status, _, job = self.ask("GET", told["Location"])
            assert (status, job["captureID"]) == (200, told["Location"].rpartition("/")[2])
            if not job["running"]:
                return job
        raise AssertionError("the capture does not end")

    def all(self, place):
        """All events of a query, page by page."""
        found, pages = [], 0
        while place:
            status, headers, body = self.ask("GET", place)
            assert status == 200
            assert body["type"] == "EPCISQueryDocument"
            found += body["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
            link, pages = headers.get("Link"), pages + 1
            assert link is None or link.endswith('; rel="next"')
            place = link and link[1 : link.index(">")]
        return found, pages

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(SECONDS_MAX)
        self.process.stdout.close()


@pytest.fixture
def served(tmp_path):
    made = Served(tmp_path)
    yield made
    if made.process.poll() is None:
        made.stop()


@pytest.mark.slow
def test_a_member_captures_and_answers_and_refuses_what_it_cannot_use(served, tmp_path):
    size = synthetic.Size(packed=3, cases=6, pallet=3, shops=2)
    events = list(synthetic.chain(1, size))

    done = served.captured(document(*events))
    assert (done["success"], done["errors"], done["captureErrorBehaviour"]) == (True, [], "rollback")
    assert done["createdAt"] <= done["finishedAt"]
    assert served.captured(document(*events))["success"]  # again: each is there once
    found, pages = served.all("/events?perPage=10&orderDirection=ASC")
    assert pages == -(-len(events) // 10)
    assert len(found) == len(events) == len({each["eventID"] for each in found})
    assert [each["eventTime"] for each in found] == sorted(each["eventTime"] for each in found)
    assert all("recordTime" in each for each in found)
    packing, _ = served.all("/events?EQ_bizStep=packing%7Cloading&eventType=AggregationEvent&perPage=3")
    assert len(packing) == sum(each.get("bizStep") in {"packing", "loading"} for each in events) > 3
    assert len(served.all("/events?eventCountLimit=7&perPage=5")[0]) == 7

    bad = [{**events[0], "type": "Nothing"}, 3, {**events[0], "eventID": "urn:uuid:7", "example:x": "y"}]
    undone = served.captured(document(*bad))
    assert not undone["success"]
    assert [each["title"].partition(":")[0] for each in undone["errors"]] == ["event 1", "event 2"]
    assert served.ask("GET", "/events/urn:uuid:7")[0] == 404
    assert not served.captured(document(*bad), GS1_Capture_Error_Behaviour="proceed")["success"]
    status, _, answer = served.ask("GET", f"/events/{quote('urn:uuid:7', safe='')}")
    (kept,) = answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert (status, kept["eventID"], kept["@context"]) == (200, "urn:uuid:7", HEAD["@context"])
    status, headers, _ = served.ask("POST", "/events", {**events[0], "eventID": "urn:uuid:8"})
    assert (status, headers["Location"]) == (201, "/events/urn%3Auuid%3A8")
    assert len(served.ask("GET", "/capture?perPage=2")[2]) == 2
    assert (
        'nextPageToken=2>; rel="next"' in served.ask("GET", "/capture?perPage=2&nextPageToken=0")[1]["Link"]
    )

    _refuses(served)
    served.stop()
    assert len(read(served.store).found) == len(events) + 2
    trace = [sys.executable, "-m", "consortia.cli", "supply", "check", str(served.store), "--json"]
    assert json.loads(subprocess.run(trace, stdout=subprocess.PIPE, check=False).stdout)["rejected"] == []


def _refuses(served):
    """What is no request of the standard's is told as a problem, with the standard's exception."""
    large = b'{"epcisBody": "' + b"x" * arriving.BYTES_MAX + b'"}'
    many = json.dumps(document(*[{}] * (arriving.EVENTS_MAX + 1))).encode()
    wrong = [
        ("POST", "/capture", b"\xff" * 1_000, {}, 400, "ValidationException"),
        ("POST", "/capture", b"[" * 1_000_000, {}, 400, "ValidationException"),
        ("POST", "/capture", b'{"a": NaN}', {}, 400, "ValidationException"),
        ("POST", "/capture", document(schemaVersion="1.2"), {}, 400, "ValidationException"),
        ("POST", "/capture", {"type": "ObjectEvent"}, {}, 400, "ValidationException"),
        ("POST", "/events", {"type": "ObjectEvent", "eventTime": "x"}, {}, 400, "ValidationException"),
        ("POST", "/capture", large, {}, 413, "CaptureLimitExceededException"),
        ("POST", "/capture", many, {}, 413, "CaptureLimitExceededException"),
        ("POST", "/capture", b"<x/>", {"Content_Type": "application/xml"}, 415, "UnsupportedMediaType"),
        ("POST", "/capture", document(), {"GS1_EPCIS_Version": "1.2"}, 406, "ImplementationException"),
        (
            *("POST", "/capture", document(), {"GS1_Capture_Error_Behaviour": "hope"}),
            *(400, "ValidationException"),
        ),
        ("GET", "/events?EQ_bizstep=packing", None, {}, 400, "QueryParameterException"),
        ("GET", "/events?maxEventCount=5", None, {}, 413, "QueryTooLargeException"),
        ("GET", "/events?EQ_action=" + "A" * service.URL_MAX, None, {}, 414, "QueryTooComplexException"),
        ("GET", "/capture?perPage=x", None, {}, 400, "QueryParameterException"),
        ("GET", "/capture/none", None, {}, 404, "NoSuchResourceException"),
        ("GET", "/elsewhere", None, {}, 404, "NoSuchResourceException"),
        ("DELETE", "/events", None, {}, 405, "ImplementationException"),
        ("GET", "/events", None, {"Authorization": "Bearer other"}, 401, "SecurityException"),
    ]
    before = len(served.all("/events?perPage=1000")[0])
    for method, place, body, more, expected, kind in wrong:
        status, headers, told = served.ask(method, place, body, **more)
        assert (method, place[:40], status) == (method, place[:40], expected)
        assert headers["Content-Type"] == "application/problem+json"
        assert told["type"].startswith(f"epcisException:{kind}")
        assert told["status"] == expected
        assert "\n" not in told["title"]
    assert served.ask("GET", "/events", Host="elsewhere.example")[0] == 400
    assert len(served.all("/events?perPage=1000")[0]) == before


def begun(served, length):
    """A request that was let in and whose body is still to come: of so many bytes, or of chunks."""
    line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=SECONDS_MAX)
    line.putrequest("POST", "/capture")
    line.putheader("Authorization", f"Bearer {SECRET}")
    line.putheader("Content-Type", "application/json")
    line.putheader(*(("Transfer-Encoding", "chunked") if length is None else ("Content-Length", length)))
    line.putheader("Expect", "100-continue")
    line.endheaders()
    assert line.sock.recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"
    return line


def eventually(asked, wanted):
    until = time.monotonic() + SECONDS_MAX
    while (found := asked()) != wanted:
        assert time.monotonic() < until, (found, wanted)
        time.sleep(0.01)


def test_documents_that_arrive_hold_room_until_they_are_kept_or_given_up(served):
    def small():
        return served.ask("POST", "/capture", document())[0]

    lines = [begun(served, length) for length in (arriving.BYTES_MAX, None)]
    assert small() == 503  # what is announced, or might come in chunks, fills the room
    status, headers, told = served.ask("POST", "/events", {})
    assert (status, headers["Retry-After"]) == (503, "1")
    assert headers["Content-Type"] == "application/problem+json"
    assert told["title"] == "too many documents arrive or wait at once"
    lines[0].close()
    eventually(small, 202)
    body = json.dumps(document()).encode()
    lines[1].sock.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
    assert lines[1].getresponse().status == 202
    lines[1].close()
    assert small() == 202


@pytest.mark.slow
def test_many_callers_at_once_take_bounded_memory(served, programme):
    """The largest objects that a document makes: each of its empty lists has two bytes, and a comma."""
    callers = programme(quick=4, test=8, nightly=64)
    start, end = b'{"epcisBody": 1, "a": [', b"[]]}"
    body = start + b"{}," * ((arriving.BYTES_MAX - len(start) - len(end)) // 3) + end
    told = []
    senders = [
        threading.Thread(target=lambda: told.append(served.ask("POST", "/capture", body)[0]))
        for _ in range(callers)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len(told) == callers
    assert set(told) <= {400, 503}
    status = Path(f"/proc/{served.process.pid}/status")
    if status.exists():
        peak = int(status.read_text(encoding="ascii").partition("VmHWM:")[2].split()[0]) >> 10
        assert peak < 1_400, peak


def test_large_events_come_on_pages_of_their_own(served):
    event = next(synthetic.chain(1, synthetic.Size(packed=1)))
    large = [{**event, "eventID": f"urn:uuid:{at}", "example:x": "x" * 3_000_000} for at in range(3)]
    assert all(served.captured(document(each))["success"] for each in large)
    found, pages = served.all("/events")
    assert (len(found), pages) == (3, 3)
    assert len(served.all("/events?eventCountLimit=2")[0]) == 2


def test_a_context_that_every_event_would_carry_is_small(served):
    wide = document(**{"@context": [{f"n{at}": "https://ns.example.com/" for at in range(1_000)}]})
    status, _, told = served.ask("POST", "/capture", wide)
    assert (status, told["title"]) == (400, "the document: @context has more than 16,384 characters.")


def test_without_a_token_of_its_own_a_store_gets_one_for_its_owner_alone(tmp_path):
    secrets = []
    for _ in range(2):
        made = Served(tmp_path, "--listen", "127.0.0.1:0")
        try:
            token = tmp_path / "events.epcis.token"
            assert token.stat().st_mode & 0o777 == 0o600
            secrets.append(token.read_text(encoding="ascii"))
            assert made.ask("GET", "/events")[0] == 401
            assert made.ask("GET", "/events", Authorization=f"Bearer {secrets[-1]}")[0] == 200
        finally:
            made.stop()
    assert secrets[0] == secrets[1]


@pytest.mark.slow
def test_killed_in_the_middle_it_keeps_whole_captures_alone(served, tmp_path):
    events = list(synthetic.chain(2, synthetic.Size(packed=30)))
    parts = [events[at : at + 50] for at in range(0, len(events), 50)]
    told = []

    def send():
        for part in parts:
            try:
                told.append(served.ask("POST", "/capture", document(*part))[0])
            except (OSError, http.client.HTTPException):
                return

    sending = threading.Thread(target=send)
    sending.start()
    until = time.monotonic() + SECONDS_MAX
    while len(told) < 4 and time.monotonic() < until:
        time.sleep(0.001)
    os.kill(served.process.pid, signal.SIGKILL)
    served.process.wait(SECONDS_MAX)
    served.process.stdout.close()
    sending.join()

    kept = {each.name for each in read(served.store).found}
    again = Served(tmp_path)
    try:
        states = [again.captured(document(*part)) for part in parts]
        assert all(each["success"] for each in states)
        found, _ = again.all("/events?perPage=1000")
        assert len(found) == len(events)
        assert not [each for each in again.ask("GET", "/capture?perPage=1000")[2] if each["running"]]
    finally:
        again.stop()
    sizes = [len(kept & {event_hash(each, {}) for each in part}) for part in parts]
    assert set(sizes) <= {0, *map(len, parts)}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["events.json"], "no store of events"),
        (["e.epcis", "--listen", "0.0.0.0:0"], "reachable from outside"),
        (["e.epcis", "--listen", "nowhere"], "nowhere"),
        (["e.epcis", "--token", "none"], "none"),
    ],
)
def test_a_service_that_cannot_be_says_why(tmp_path, words, why):
    words = [str(tmp_path / word) if word.startswith(("e", "none")) else word for word in words]
    command = [sys.executable, "-m", "consortia.cli", "supply", "serve", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert why in done.stderr
    assert "Traceback" not in done.stderr
