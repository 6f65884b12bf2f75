"""Alerts reach a member's own URL, signed, once final, and nothing waits for them."""

import asyncio
import base64
import hmac
import json
import os
import threading
from hashlib import sha256

import pytest

from consortia.modules.guard.messages import RaiseAlert
from consortia.node.config import ConfigError, build, load
from consortia.node.webhooks import PAUSES, TRIES_MAX, Message, Webhooks, secret_at, sender, signature
from consortia.testing.scenarios.guard_parts import finding, policy
from tests.node.receiving import receiving
from tests.workers.watched import Ledger


class Final:
    """A ledger in memory as a node's final blocks."""

    def __init__(self, ledger):
        self.ledger, self.network = ledger, ledger.bench.network

    @property
    def final(self):
        return self.ledger.bench.tip.height

    def indexed(self, height):
        one = self.ledger.wholes[height - 1]
        return one.block, one.header, one.receipts


@pytest.fixture
def ledger():
    made = Ledger()
    for member in ("north", "south"):
        made.run(member, "admin", policy(daily=100))
    return made


def raised(ledger, member="north"):
    receipt = ledger.run(member, "operator", RaiseAlert(finding("west")))
    return receipt.events[0].body["alert"].hex()


def handed_out(ledger, path, send):
    """What is sent until all that is final was handed out, and the pauses that were made."""
    sent, pauses, stopping = [], [], asyncio.Event()

    def sending(message):
        sent.append(message)
        return send(len(sent))

    async def news(_seconds):
        stopping.set()

    async def sleep(seconds):
        pauses.append(seconds)

    asyncio.run(Webhooks(Final(ledger), "north", path, sending).run(stopping, news, sleep))
    return sent, pauses


def test_the_members_own_alerts_go_out_in_order_and_say_no_more_than_the_ledger(ledger, tmp_path):
    place = tmp_path / "place"
    raised(ledger)
    assert handed_out(ledger, place, lambda _: True) == ([], [])  # it begins at the newest block
    expected = [raised(ledger), raised(ledger, "south"), raised(ledger)]
    sent, pauses = handed_out(ledger, place, lambda _: True)
    assert [one.id for one in sent] == [expected[0], expected[2]]
    assert pauses == []
    told = json.loads(sent[0].body)
    assert (told["type"], told["id"], told["specversion"]) == ("guard.alert_raised", expected[0], "1.0")
    assert told["source"] == f"consortia/{ledger.bench.network.hex()}/north"
    assert set(told["data"]) == {"alert", "code", "exact", "height", "kind", "member"}
    assert b"west" not in sent[0].body  # whom it is about is for its author to show
    assert handed_out(ledger, place, lambda _: True) == ([], [])


def test_what_is_not_taken_is_tried_again_ever_later_and_passed_over_at_last(ledger, tmp_path, caplog):
    place = tmp_path / "place"
    handed_out(ledger, place, lambda _: True)
    first, second = raised(ledger), raised(ledger)
    sent, pauses = handed_out(ledger, place, lambda number: number > TRIES_MAX)
    assert [one.id for one in sent] == [first] * TRIES_MAX + [second]
    assert tuple(pauses) == (*PAUSES, *PAUSES[-1:] * 3)
    assert f"alert {first[:16]} was handed out to nobody" in caplog.text


def test_after_a_restart_it_goes_on_where_it_was(ledger, tmp_path):
    place = tmp_path / "place"
    handed_out(ledger, place, lambda _: True)
    first, second = raised(ledger), raised(ledger)

    def breaks(number):
        if number == 2:
            raise KeyboardInterrupt
        return True

    with pytest.raises(KeyboardInterrupt):
        handed_out(ledger, place, breaks)
    sent, _ = handed_out(ledger, place, lambda _: True)
    assert [one.id for one in sent] == [second]
    assert first != second
    place.write_text("nonsense")
    assert handed_out(ledger, place, lambda _: True) == ([], [])


def test_no_disk_is_waited_for_on_the_loop_and_none_turns_for_a_block_without_an_alert(
    ledger, tmp_path, monkeypatch
):
    place, forced, fsync = tmp_path / "place", [], os.fsync

    def watched(descriptor):
        forced.append(threading.current_thread())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    handed_out(ledger, place, lambda _: True)
    first = len(forced)
    for _ in range(20):
        raised(ledger, "south")
    assert handed_out(ledger, place, lambda _: True) == ([], [])
    assert len(forced) == first
    raised(ledger)
    handed_out(ledger, place, lambda _: True)
    assert len(forced) > first
    assert threading.main_thread() not in forced


def test_others_get_a_turn_after_each_block_that_is_caught_up_on(ledger, tmp_path):
    place = tmp_path / "place"
    handed_out(ledger, place, lambda _: True)
    for _ in range(20):
        raised(ledger, "south")
    passes, hooks, stopping = [0], Webhooks(Final(ledger), "north", place, lambda _: True), asyncio.Event()

    async def go():
        async def news(_seconds):
            stopping.set()

        async def count():
            while not stopping.is_set():
                passes[0] += 1
                await asyncio.sleep(0)

        await asyncio.gather(hooks.run(stopping, news), count())

    read, told = hooks.messages, []
    hooks.messages = lambda height: told.append(passes[0]) or read(height)
    asyncio.run(go())
    assert len(set(told)) == len(told) == 20


@pytest.fixture
def receiver():
    with receiving(503, 302, 204) as found:
        yield found


def test_a_message_is_signed_as_receivers_of_standard_webhooks_check_it(receiver, tmp_path):
    url, got = receiver
    secret = secret_at(tmp_path)
    assert secret == secret_at(tmp_path)
    assert (tmp_path / "webhook-secret").stat().st_mode & 0o077 == 0
    send, message = sender(url, secret, clock=lambda: 1_700_000_000.9), Message("ab" * 32, b'{"a":1}')
    assert [send(message) for _ in range(3)] == [False, False, True]
    path, headers, body = got[-1]
    assert (path, body) == ("/alerts?to=desk", message.body)
    assert [each[0] for each in got] == ["/alerts?to=desk"] * 3  # no redirect is followed
    known = {name.lower(): value for name, value in headers.items()}
    assert known["content-type"] == "application/cloudevents+json"
    assert (known["webhook-id"], known["webhook-timestamp"]) == (message.id, "1700000000")
    signed = b"%s.1700000000.%s" % (message.id.encode(), body)
    wanted = base64.b64encode(hmac.digest(secret, signed, sha256)).decode()
    assert known["webhook-signature"] == f"v1,{wanted}" == signature(secret, message, 1_700_000_000)
    assert "authorization" not in known
    assert sender("http://127.0.0.1:9/", secret)(message) is False


def test_the_url_stands_in_the_members_file_alone_and_leads_nowhere_in_the_clear(tmp_path):
    usual = {"member": "north", "network": "0" * 64}
    for url in ("https://desk.example/alerts", "http://127.0.0.1:9/x", ""):
        assert build(usual | {"webhook": url}, "here").webhook == url
    for url in ("http://desk.example/", "ftp://desk.example", "https://", "https://a:b@desk.example/", "x"):
        with pytest.raises(ConfigError, match="webhook is https"):
            build(usual | {"webhook": url}, "here")
    (tmp_path / "consortia.toml").write_text(f'member = "north"\nnetwork = "{"0" * 64}"\n')
    with pytest.raises(ConfigError, match="CONSORTIA_WEBHOOK: webhook is set in"):
        load(tmp_path, {"CONSORTIA_WEBHOOK": "https://other.example/"})
    with pytest.raises(ConfigError, match="--webhook: webhook is set in"):
        load(tmp_path, {}, {"webhook": "https://other.example/"})
