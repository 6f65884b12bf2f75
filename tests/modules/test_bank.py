"""What other modules can do with value: lock it, release it, give it back, and nothing else."""

import pytest

from consortia.app import application
from consortia.base.refusals import Refused
from consortia.kernel.context import Signer
from consortia.modules.bank import Keeper
from consortia.testing.machine import Bench
from consortia.testing.scenarios.bank_parts import made

(BANK,) = (module for module in application().modules if module.name == "bank")
MARKET, OTHER = (Keeper(name, BANK.ports.members, BANK.ports.agents) for name in ("market", "training"))


@pytest.fixture(scope="module")
def bench():
    bench = Bench(3)
    made(bench)
    return bench


@pytest.fixture
def unit(bench):
    return bench.query("bank.by_code", issuer="north", code="credit").unit.id


@pytest.fixture
def ctx(bench):
    found = bench.context()
    found.signer = Signer(b"", b"", "north", frozenset({"operator"}))
    return found


def broken(bench, ctx):
    return [text for one in BANK.invariants if (text := one.check(ctx, BANK.ports)) is not None]


def test_a_lock_is_paid_out_in_parts_and_the_rest_goes_back(bench, ctx, unit):
    lock = MARKET.lock(ctx, "north", unit, 300, "order")
    assert (MARKET.balance(ctx, "north", unit), MARKET.locked(ctx, lock)) == (700, 300)
    MARKET.release(ctx, lock, "east", 120)
    assert broken(bench, ctx) == []
    MARKET.refund(ctx, lock)
    assert [MARKET.balance(ctx, name, unit) for name in ("north", "east")] == [880, 120]
    assert MARKET.locked(ctx, lock) == 0
    assert broken(bench, ctx) == []


def test_every_lock_has_an_id_of_its_own(ctx, unit):
    assert MARKET.lock(ctx, "north", unit, 1, "order") != MARKET.lock(ctx, "north", unit, 1, "order")


def test_nobody_but_the_module_that_locked_can_release_or_refund(ctx, unit):
    lock = MARKET.lock(ctx, "north", unit, 300, "order")
    assert OTHER.locked(ctx, lock) == 0
    with pytest.raises(LookupError):
        OTHER.release(ctx, lock, "east", 1)
    with pytest.raises(LookupError):
        OTHER.refund(ctx, lock)


def test_a_lock_is_not_spent_twice_nor_beyond_what_it_holds(ctx, unit):
    lock = MARKET.lock(ctx, "north", unit, 300, "order")
    for amount in (0, -1, 301):
        with pytest.raises(ValueError, match="holds 300"):
            MARKET.release(ctx, lock, "east", amount)
    MARKET.release(ctx, lock, "east", 300)
    with pytest.raises(LookupError):
        MARKET.refund(ctx, lock)


@pytest.mark.parametrize(
    ("account", "amount", "code"),
    [
        ("north", 1_001, "bank.short_balance"),
        ("east", 1, "bank.not_yours"),
        ("market:1", 1, "bank.not_yours"),
    ],
)
def test_what_the_signer_has_not_is_not_locked(ctx, unit, account, amount, code):
    with pytest.raises(Refused, match=code):
        MARKET.lock(ctx, account, unit, amount, "order")


def test_a_unit_that_is_not_there_is_not_locked(ctx):
    with pytest.raises(Refused, match="unknown_unit"):
        MARKET.lock(ctx, "north", bytes(32), 1, "order")


def test_a_module_pays_from_accounts_of_its_own_alone(bench, ctx, unit):
    lock = MARKET.lock(ctx, "north", unit, 300, "deposit")
    MARKET.release(ctx, lock, "market:deposits", 300)
    MARKET.transfer(ctx, "market:deposits", "east", unit, 100)
    assert MARKET.balance(ctx, "market:deposits", unit) == 200
    assert broken(bench, ctx) == []
    with pytest.raises(LookupError):
        OTHER.transfer(ctx, "market:deposits", "east", unit, 100)
    with pytest.raises(LookupError):
        MARKET.transfer(ctx, "north", "east", unit, 100)
    with pytest.raises(Refused, match="short_balance"):
        MARKET.transfer(ctx, "market:deposits", "east", unit, 201)


def test_an_owner_sees_all_accounts_of_its_own_a_page_at_a_time(unit):
    from consortia.modules.bank.messages import Transfer

    bench = Bench(3)
    unit = made(bench)
    for label in ("b", "a", "long-one"):
        bench.ok("north", "operator", Transfer("north", f"north/{label}", unit, 10))
    first = bench.query("bank.accounts", owner="north", after=None, limit=3)
    rest = bench.query("bank.accounts", owner="north", after=first.next, limit=3)
    names = [held.account for held in (*first.held, *rest.held)]
    assert names == ["north", "north/a", "north/b", "north/long-one"]
    assert rest.next is None
