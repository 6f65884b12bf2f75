"""What is done to mandates, and what identity answers."""

from collections.abc import Callable

from consortia.base.times import DAY
from consortia.modules.bank.messages import NewUnit, Transfer
from consortia.modules.bank.state import UNITS
from consortia.modules.identity.mandate_messages import EndMandate
from consortia.modules.identity.mandate_types import (
    AGENTS_MAX,
    DELAY_MILLISECONDS_MAX,
    LIFETIME_MILLISECONDS_MAX,
    WINDOW_MILLISECONDS_MAX,
    Cap,
    Pin,
)
from consortia.modules.identity.messages import AddKey, Leave, NewKey
from consortia.modules.identity.types import KeySpec
from consortia.modules.predictions.messages import Act
from consortia.testing.machine import Bench, new_keys
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.identity_parts import SMALL_ORDER, recovered
from consortia.testing.scenarios.mandates_parts import PROGRAM, UNIT, account, agent, granted, mandate


def _grants(bench: Bench) -> Step:
    return step("north", "admin", granted(bench))


def _grants_the_most(bench: Bench) -> Step:
    widest = granted(
        bench,
        pin=Pin(PROGRAM, PROGRAM),
        classes=(),
        caps=(),
        window=WINDOW_MILLISECONDS_MAX,
        delay=DELAY_MILLISECONDS_MAX,
        expires=bench.time + LIFETIME_MILLISECONDS_MAX,
    )
    return step("north", "admin", widest)


def _grants_anew(bench: Bench) -> Step:
    bench.ok("north", "operator", EndMandate(mandate(bench)))
    return step("north", "admin", granted(bench, word="second"))


def _grants_after_expiry(bench: Bench) -> Step:
    mandate(bench)
    bench.time += 11 * DAY
    return step("north", "admin", granted(bench, word="second"))


def _ends(role: str) -> Scenario:
    def setup(bench: Bench) -> Step:
        return step("north", role, EndMandate(mandate(bench)))

    return Scenario(f"the {role} key of the owner ends a mandate", setup)


def _recovery_ends(bench: Bench) -> Step:
    mandate(bench)
    mandate(bench, name="trader")
    bench.ok("north", "admin", EndMandate(mandate(bench, name="idle")))
    return step("north", "recovery", recovered(bench, "north"))


def _spends(*amounts: int, unit: str = "credit") -> Callable[[Bench], Step]:
    """North's agent pays east so much, an amount an act; at most 100 an act and 250 an hour."""

    def setup(bench: Bench) -> Step:
        for code in ("credit", "hours"):
            bench.ok("north", "admin", NewUnit(code, code, 0, "open", None, 1_000))
        units = {record.code: record.id for _, record in UNITS.scan(bench.context())}
        mandate(bench, methods=("bank.transfer",), caps=(Cap(units["credit"], 100, 250),))
        for id_ in units.values():
            bench.ok("north", "admin", Transfer("north", "north/clerk", id_, 1_000))
        paid = [Transfer("north/clerk", "east", units[unit], amount) for amount in amounts]
        for number, one in enumerate(paid[:-1]):
            bench.block(bench.sign_with(agent(), Act(account(f"act {number}")), one))
        return Step("north", "agent", (Act(account()), paid[-1]), agent())

    return setup


DONE = (
    Scenario("an administrator lets an agent act", _grants),
    Scenario("a mandate as wide and long as there is", _grants_the_most),
    Scenario("an agent whose mandate was ended is given another", _grants_anew),
    Scenario("an agent whose mandate expired is given another", _grants_after_expiry),
    Scenario("a recovery ends all live mandates of its member", _recovery_ends),
    Scenario("an agent spends up to the cap of an act", _spends(100)),
    Scenario("an agent spends up to the cap of the window", _spends(100, 100, 50)),
    *[_ends(role) for role in ("node", "recovery", "worker", "analyst")],
)


def _nobodys(bench: Bench) -> Step:
    return step("north", "admin", EndMandate(bytes(32)))


def _anothers(bench: Bench) -> Step:
    return step("east", "admin", EndMandate(mandate(bench)))


def _ended_twice(bench: Bench) -> Step:
    id_ = mandate(bench)
    bench.ok("north", "worker", EndMandate(id_))
    return step("north", "admin", EndMandate(id_))


def _ended_after_expiry(bench: Bench) -> Step:
    id_ = mandate(bench)
    bench.time += 10 * DAY + 1
    return step("north", "admin", EndMandate(id_))


def _by_one_who_left(bench: Bench) -> Step:
    leaving = bench.sign("north", "admin", Leave(None))
    return Step("north", "admin", (granted(bench),), before=(leaving,))


def _refused(name: str, code: str, **fields: object) -> Scenario:
    return Scenario(
        name,
        lambda bench: step("north", "admin", granted(bench, **fields)),  # type: ignore[arg-type]
        f"identity.{code}",
    )


def _too_long(bench: Bench) -> Step:
    late = bench.time + LIFETIME_MILLISECONDS_MAX + 1
    return step("north", "admin", granted(bench, expires=late))


def _already_over(bench: Bench) -> Step:
    return step("north", "admin", granted(bench, expires=bench.time - 1))


def _one_too_many(bench: Bench) -> Step:
    for number in range(0, AGENTS_MAX, 16):
        names = [f"agent-{at}" for at in range(number, number + 16)]
        bench.block(*[bench.sign("north", "admin", granted(bench, name=name)) for name in names])
    return step("north", "admin", granted(bench, name="agent-64"))


def _acts_already(bench: Bench) -> Step:
    mandate(bench)
    return step("north", "admin", granted(bench, word="second"))


def _key_of_an_old_mandate(bench: Bench) -> Step:
    bench.ok("north", "admin", EndMandate(mandate(bench)))
    return step("north", "admin", granted(bench))


def _members_key(bench: Bench) -> Step:
    return step("north", "admin", granted(bench, key=bench.key("west", "worker").public))


def _agent_becomes_a_key(bench: Bench) -> Step:
    mandate(bench)
    key = agent()
    new: NewKey = new_keys(bench.network, "north", [(KeySpec(key.public, ("admin",), "risen"), key)])[0]
    return step("north", "admin", AddKey(new))


def _possession_of_another_name(bench: Bench) -> Step:
    other = granted(bench, name="trader")
    return step("north", "admin", granted(bench, key=other.key, possession=other.possession))


def _possession_for_another_member(bench: Bench) -> Step:
    other = granted(bench, "east")
    return step("north", "admin", granted(bench, key=other.key, possession=other.possession))


REFUSED = (
    Scenario("an agent spends what has no cap", _spends(1, unit="hours"), "identity.unit_not_mandated"),
    Scenario("an agent spends more than an act may", _spends(101), "identity.over_act_cap"),
    Scenario("an agent spends more than a window may", _spends(100, 100, 51), "identity.over_window_cap"),
    Scenario("ending a mandate that nobody granted", _nobodys, "identity.no_mandate"),
    Scenario("ending another member's mandate", _anothers, "identity.no_mandate"),
    Scenario("ending a mandate twice", _ended_twice, "identity.mandate_over"),
    Scenario("ending an expired mandate", _ended_after_expiry, "identity.mandate_over"),
    Scenario("a mandate by a member that left in the same block", _by_one_who_left, "identity.signer_gone"),
    _refused("methods out of order", "bad_mandate", methods=("market.order", "bank.transfer")),
    _refused("the account itself as a method", "bad_mandate", methods=("predictions.act",)),
    _refused("a method named twice", "bad_mandate", methods=("bank.transfer", "bank.transfer")),
    _refused("classes out of order", "bad_mandate", classes=("routine", "release")),
    _refused("two caps for one unit", "bad_mandate", caps=(Cap(UNIT, 1, 1), Cap(UNIT, 2, 2))),
    _refused("a cap of an act above that of the window", "bad_mandate", caps=(Cap(UNIT, 2, 1),)),
    Scenario("a mandate of more than ninety days", _too_long, "identity.bad_expiry"),
    Scenario("a mandate that is over before it begins", _already_over, "identity.bad_expiry"),
    Scenario("a sixty-fifth agent", _one_too_many, "identity.too_many_agents"),
    Scenario("a second mandate for an agent that acts", _acts_already, "identity.agent_acts"),
    _refused("an agent's key of small order", "small_order", key=SMALL_ORDER),
    Scenario("the key of an ended mandate", _key_of_an_old_mandate, "identity.key_known"),
    Scenario("a member's key as an agent's", _members_key, "identity.key_known"),
    Scenario("an agent's key as an administrator's", _agent_becomes_a_key, "identity.key_known"),
    Scenario("a key offered under another name", _possession_of_another_name, "identity.bad_possession"),
    Scenario("a key offered to another member", _possession_for_another_member, "identity.bad_possession"),
)
