"""A ledger read as events: whatever the law can tell is read, from any place on, and is bounded."""

from collections import defaultdict
from contextlib import suppress

import pytest

from consortia.base.refusals import Refused
from consortia.engines.watch import KINDS, Watcher
from consortia.kernel.block import OK, Event, Header, Receipt, Whole, parse_leaf
from consortia.kernel.transaction import Call, Transaction
from consortia.testing.machine import Bench
from consortia.testing.scenarios import table
from consortia.testing.scenarios.market_meters import METERED
from consortia.workers.observing import Observer
from consortia.workers.seen import KEPT_MAX, Seen, Signer, Tables
from consortia.workers.seen_money import orders
from tests.workers.watched import Door, Ledger

ROOMS = ("bank", "governance", "identity", "market", "predictions", "training")
EVERY = 2
"""Of the scenarios that are carried out every second is read; all that tell of a budget are."""


def wholes(bench):
    """The blocks of a bench with all that came of them."""
    found, receipts, blocks = [], [], iter(bench.blocks)
    for leaf in map(parse_leaf, bench.leaves):
        if not isinstance(leaf, Header):
            receipts.append(leaf)
            continue
        if leaf.height:
            found.append(Whole(next(blocks), leaf, tuple(receipts)))
        receipts = []
    return found


def who(bench):
    """Whose a key is, by the ledger."""

    def signer(key):
        with suppress(Refused):
            found = bench.query("identity.key", key=key)
            return Signer(found.member, found.key.since)
        with suppress(Refused):
            mandate = bench.query("identity.agent", key=key).mandate
            caps = {cap.unit: cap.per_act for cap in mandate.caps}
            return Signer(mandate.owner, mandate.granted, mandate.agent, caps)
        person = bench.query("identity.person", key=key)
        return Signer(person.member, person.person.since)

    return signer


def read(bench):
    """All events of a bench, the observer saved and loaded at every block; with each its vector is made."""
    observer, watcher, found = Observer(), Watcher(), []
    for whole in wholes(bench):
        for event, opening in observer.block(whole, who(bench)):
            watcher.vector(event)
            found.append((event, opening))
        observer = Observer.load(observer.save())
    return found


def scenarios():
    rows = [row for room in ROOMS for row in table(room) if row.code == OK]
    chosen = [*rows[::EVERY], *[row for row in rows if "limit" in row.name or "cost" in row.name]]
    return {row.name: row for row in (*chosen, *[one for one in METERED if one.code == OK][:2])}.values()


@pytest.mark.slow
def test_whatever_the_law_can_tell_is_read_from_any_place_and_is_about_a_member():
    seen = defaultdict(list)
    for scenario in scenarios():
        bench = Bench(scenario.members, genesis=scenario.genesis)
        step = scenario.setup(bench)
        bench.block(*step.before, step.sign(bench))
        whole, everybody = read(bench), set(bench.parties)
        for event, opening in whole:
            seen[event.kind].append(event)
            assert opening.member in everybody, scenario.name
            assert opening.subject.partition("/")[0] == opening.member
    assert set(seen) == set(KINDS) - {"update"}  # what masks hide, no ledger tells
    assert {value for event in seen["vote"] for value in event.values[2:]} <= {0, 1}
    assert max(event.values[1] for event in seen["transfer"]) <= 1_000
    assert all("/" in event.actor for event in seen["mandate"])
    assert all(0 <= event.values[2] <= 1_000 for event in seen["spend"])


def test_a_key_that_the_ledger_does_not_know_makes_no_event_and_an_alert_is_none():
    ledger = Ledger()
    unit = ledger.funded()
    ledger.pay("west", "north", unit, 1)
    ((event, opening),) = Observer().block(ledger.wholes[-1], Door(ledger).who)  # refused: an act, no payment
    assert (event.kind, event.target, event.values[1]) == ("act", "bank.transfer", 1)
    assert opening.member == "west"
    assert Observer().block(ledger.wholes[-1], lambda _: None) == []


def test_a_refused_reveal_makes_nobody_forget_whose_an_order_is():
    """Anybody may send one for the place of another's order, or of its own, before the real one."""
    args = {"market": bytes(32), "auction": 1, "place": 7, "order": {"limit": 90}, "salt": bytes(32)}
    sent = Transaction(1, bytes(32), bytes(32), 0, 0, 1, (Call("market.reveal", args),))
    tables = Tables()
    tables.put("sealed", f"{bytes(8).hex()} 1 7", "west")
    for code, told in (("market.wrong_order", ()), (OK, (Event("market.revealed", {}),))):
        orders(Seen(tables, 5, Signer("west", 0), sent, Receipt(1, 0, bytes(32), code, 100, told)))
        gone = code == OK
        assert (tables.find("sealed", f"{bytes(8).hex()} 1 7") is None) == gone
        assert tables.find("limits", f"{bytes(8).hex()} 1 west") == ([90] if gone else None)


def test_what_is_remembered_is_bounded_and_the_longest_unseen_goes_first():
    tables = Tables()
    for number in range(KEPT_MAX + 10):
        tables.put("voted", str(number), number)
        tables.row("voted", "0", 0)
    assert len(tables.kept["voted"]) == KEPT_MAX
    assert tables.find("voted", "0") == [0]
    assert tables.find("voted", "1") is None
    assert tables.drop("voted", "0") == [0]
    assert tables.drop("voted", "0") is None
