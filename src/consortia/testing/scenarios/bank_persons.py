"""What persons do with value, and what the bank answers."""

from consortia.base.keys import SigningKey
from consortia.modules.bank.messages import Transfer
from consortia.modules.identity.messages import Leave
from consortia.modules.identity.person_messages import Release
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step
from consortia.testing.scenarios.bank_parts import limited, made
from consortia.testing.scenarios.persons_parts import LABEL, asks, enrolled

MINE = f"north/{LABEL}"


def _funded(bench: Bench, unit: bytes) -> SigningKey:
    """North's person, with 100 parts of a unit."""
    key = enrolled(bench)
    bench.ok("north", "operator", Transfer("north", MINE, unit, 100))
    return key


def _pays(bench: Bench) -> Step:
    unit = made(bench)
    return asks(_funded(bench, unit), Transfer(MINE, "east", unit, 100))


def _pays_after_its_member_left(bench: Bench) -> Step:
    unit = made(bench)
    key = _funded(bench, unit)
    bench.ok("north", "admin", Leave(None))
    return asks(key, Transfer(MINE, "east", unit, 100))


def _is_held(bench: Bench) -> Step:
    unit = limited(bench, 50)
    return asks(_funded(bench, unit), Transfer(MINE, "east", unit, 60))


DONE = (
    Scenario("a person pays from its own account", _pays),
    Scenario("a person pays after its member has left", _pays_after_its_member_left),
    Scenario("a person's payment above its member's limit is held", _is_held),
)


def _from_its_members(bench: Bench) -> Step:
    unit = made(bench)
    return asks(_funded(bench, unit), Transfer("north", MINE, unit, 100))


def _from_another_persons(bench: Bench) -> Step:
    unit = made(bench)
    _funded(bench, unit)
    other = enrolled(bench, label="cd34", word="another")
    return asks(other, Transfer(MINE, "north/cd34", unit, 100))


def _more_than_it_has(bench: Bench) -> Step:
    unit = made(bench)
    return asks(_funded(bench, unit), Transfer(MINE, "east", unit, 101))


def _as_it_is_released(bench: Bench) -> Step:
    unit = made(bench)
    key = _funded(bench, unit)
    before = bench.sign("north", "operator", Release(LABEL))
    return asks(key, Transfer(MINE, "east", unit, 100), before=(before,))


REFUSED = (
    Scenario("a person pays from its member's account", _from_its_members, "bank.not_yours"),
    Scenario("a person pays from another person's account", _from_another_persons, "bank.not_yours"),
    Scenario("a person pays more than it has", _more_than_it_has, "bank.short_balance"),
    Scenario("a person pays as it is released", _as_it_is_released, "identity.signer_gone"),
)

SCENARIOS = DONE + REFUSED
