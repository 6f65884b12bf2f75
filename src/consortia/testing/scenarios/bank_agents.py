"""What agents do with value, and what the bank and their mandates answer."""

from consortia.base.codec import Record
from consortia.modules.bank.messages import OpenEscrow, Take, Transfer
from consortia.modules.bank.types import Price
from consortia.modules.identity.mandate_types import Cap
from consortia.modules.predictions.messages import Act
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step
from consortia.testing.scenarios.bank_parts import (
    ON_WORD,
    escrow,
    limited,
    made,
    new_unit,
    newest,
    offer,
)
from consortia.testing.scenarios.mandates_parts import account, agent, mandate

METHODS = ("bank.offer", "bank.open_escrow", "bank.take", "bank.transfer")
MINE = "north/clerk"


def _acts(*messages: Record, word: str = "act", before: tuple[bytes, ...] = ()) -> Step:
    """The step in which north's clerk signs these messages."""
    return Step("north", "agent", (Act(account(word)), *messages), agent(), before)


def _employed(bench: Bench, unit: bytes) -> bytes:
    """Have north's clerk spend up to 100 parts at once and 250 in an hour, of 600 that it is given."""
    mandate(bench, methods=METHODS, caps=(Cap(unit, 100, 250),))
    bench.ok("north", "operator", Transfer("north", MINE, unit, 600))
    return unit


def _pays(bench: Bench) -> Step:
    return _acts(Transfer(MINE, "east", _employed(bench, made(bench)), 100))


def _gives_back(bench: Bench) -> Step:
    return _acts(Transfer(MINE, "north", _employed(bench, made(bench)), 600))


def _puts_aside(bench: Bench) -> Step:
    return _acts(escrow(bench, _employed(bench, made(bench)), ON_WORD, payer=MINE, amount=80))


def _takes(bench: Bench) -> Step:
    unit, hours = _employed(bench, made(bench)), made(bench, new_unit("hours"), "east")
    bench.ok("east", "operator", offer(bench, hours, Price(unit, 90), payer="east"))
    return _acts(Take(newest(bench, "east"), MINE))


def _is_held(bench: Bench) -> Step:
    unit = _employed(bench, limited(bench, 50))
    return _acts(Transfer(MINE, "east", unit, 60))


DONE = (
    Scenario("an agent pays from its account", _pays),
    Scenario("an agent gives all back to its owner", _gives_back),
    Scenario("an agent puts value aside", _puts_aside),
    Scenario("an agent takes an offer", _takes),
    Scenario("an agent's payment above its owner's limit waits for officers", _is_held),
)


def _from_its_owner(bench: Bench) -> Step:
    return _acts(Transfer("north", "east", _employed(bench, made(bench)), 1))


def _from_a_fellow(bench: Bench) -> Step:
    unit = _employed(bench, made(bench))
    bench.ok("north", "operator", Transfer("north", "north/other", unit, 10))
    return _acts(Transfer("north/other", "east", unit, 1))


def _puts_its_owners_aside(bench: Bench) -> Step:
    return _acts(escrow(bench, _employed(bench, made(bench)), ON_WORD, amount=1))


def _above_its_cap(bench: Bench) -> Step:
    return _acts(Transfer(MINE, "east", _employed(bench, made(bench)), 101))


def _aside_above_its_cap(bench: Bench) -> Step:
    message: OpenEscrow = escrow(bench, _employed(bench, made(bench)), ON_WORD, payer=MINE, amount=101)
    return _acts(message)


def _offers_above_its_cap(bench: Bench) -> Step:
    unit, hours = _employed(bench, made(bench)), made(bench, new_unit("hours"), "east")
    return _acts(offer(bench, unit, Price(hours, 1), payer=MINE, amount=101))


def _takes_above_its_cap(bench: Bench) -> Step:
    unit, hours = _employed(bench, made(bench)), made(bench, new_unit("hours"), "east")
    bench.ok("east", "operator", offer(bench, hours, Price(unit, 101), payer="east"))
    return _acts(Take(newest(bench, "east"), MINE))


def _too_often(bench: Bench) -> Step:
    unit = _employed(bench, made(bench))
    for word in ("one", "two"):
        bench.block(bench.sign_with(agent(), Act(account(word)), Transfer(MINE, "east", unit, 100)))
    return _acts(Transfer(MINE, "east", unit, 51))


def _in_another_unit(bench: Bench) -> Step:
    _employed(bench, made(bench))
    hours = made(bench, new_unit("hours"))
    bench.ok("north", "operator", Transfer("north", MINE, hours, 10))
    return _acts(Transfer(MINE, "east", hours, 1))


REFUSED = (
    Scenario("an agent pays from its owner's account", _from_its_owner, "bank.not_yours"),
    Scenario("an agent pays from a fellow agent's account", _from_a_fellow, "bank.not_yours"),
    Scenario("an agent puts its owner's value aside", _puts_its_owners_aside, "bank.not_yours"),
    Scenario("an agent pays above its cap", _above_its_cap, "identity.over_act_cap"),
    Scenario("an agent puts aside above its cap", _aside_above_its_cap, "identity.over_act_cap"),
    Scenario("an agent offers above its cap", _offers_above_its_cap, "identity.over_act_cap"),
    Scenario("an agent takes an offer above its cap", _takes_above_its_cap, "identity.over_act_cap"),
    Scenario("an agent pays more in an hour than it may", _too_often, "identity.over_window_cap"),
    Scenario("an agent pays in a unit that it may not", _in_another_unit, "identity.unit_not_mandated"),
)

SCENARIOS = DONE + REFUSED
