"""Pages that tell of transactions take those apart that they tell of: a block may have thousands."""

from types import SimpleNamespace

import pytest

from consortia.node.console import inside
from tests.node.test_indexing import grown

COUNTS = (3, 50, 4)


@pytest.fixture(scope="module")
def service():
    return SimpleNamespace(ledger=grown(*COUNTS))


@pytest.fixture
def apart(monkeypatch):
    """What was taken apart."""
    real, seen = inside.quick_payload, []
    monkeypatch.setattr(inside, "quick_payload", lambda data: seen.append(data) or real(data))
    return seen


def places(done):
    return [(one.height, one.receipt.index) for one in done]


def test_the_newest_transactions_come_newest_first(service, apart):
    assert places(inside.latest(service, 6)) == [(3, 3), (3, 2), (3, 1), (3, 0), (2, 49), (2, 48)]
    assert len(apart) == 6
    assert len(inside.latest(service, 1_000)) == sum(COUNTS)


def test_of_a_member_nobody_elses_are_taken_apart(service, apart):
    assert inside.latest(service, 10, "birch") == []
    assert apart == []
    assert places(inside.latest(service, 1, "amber")) == [(3, 3)]


def test_who_looks_for_a_members_looks_no_further_than_so_far(service, monkeypatch):
    monkeypatch.setattr(inside, "LOOKED_MAX", 4)
    assert len(inside.latest(service, 1_000, "amber")) == 4


def test_a_block_tells_of_so_many_and_how_many_there_are(service):
    header, count, done = inside.block(service, 2, 5)
    assert (header.height, count, places(done)) == (2, 50, [(2, place) for place in range(5)])
    assert inside.block(service, 9, 5) is None


def test_one_transaction_is_found_by_its_place(service, apart):
    found = inside.at(service, 2, 17)
    assert (found.height, found.receipt.index, found.signer) == (2, 17, "amber")
    assert len(apart) == 1
    assert inside.at(service, 2, 50) is None
    assert inside.at(service, 9, 0) is None
