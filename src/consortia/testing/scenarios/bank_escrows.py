# Long because each refusal of an escrow stands beside the same steps that lead to its release.
"""What is done with escrows, offers and hold rules, and what the bank answers."""

from collections.abc import Callable

from msgspec.structs import replace

from consortia.base.times import HOUR
from consortia.modules.bank.messages import Approve, Refund, Release, SetHold, Take, Transfer
from consortia.modules.bank.types import DEADLINE_MILLISECONDS_MAX, Condition, Price
from consortia.modules.identity.messages import AddKey
from consortia.modules.identity.types import KeySpec
from consortia.modules.training.messages import Finish
from consortia.testing.machine import Bench, key_from, new_keys
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.bank_parts import (
    ON_WORD,
    PAPER,
    data_for_value,
    escrow,
    held,
    limited,
    made,
    new_unit,
    newest,
    offer,
    offered,
    opened,
)
from consortia.testing.studies import all_final, proposed

GRACE = 2 * HOUR


def _opens(condition: Condition = ON_WORD, **fields: object) -> Callable[[Bench], Step]:
    return lambda bench: step("north", "operator", escrow(bench, made(bench), condition, **fields))


def _on_study(bench: Bench) -> Step:
    condition = Condition("study", None, None, None, proposed(bench))
    return step("north", "admin", escrow(bench, made(bench), condition))


def _by_word(bench: Bench) -> Step:
    return step("east", "approver", Release(opened(bench), PAPER))


def _by_call(bench: Bench) -> Step:
    identity, grant = data_for_value(bench)
    return step("south", "operator", grant, Release(identity, None))


def _study_escrow(bench: Bench, milliseconds: int) -> bytes:
    """An escrow on a study whose rounds are all final."""
    study = all_final(bench)
    condition = Condition("study", None, None, None, study)
    identity = opened(bench, condition, deadline=bench.time + milliseconds)
    bench.ok("north", "worker", Finish(study))
    return identity


def _by_study(bench: Bench) -> Step:
    return step("west", "worker", Release(_study_escrow(bench, HOUR), None))


def _by_study_afterwards(bench: Bench) -> Step:
    identity = _study_escrow(bench, HOUR)
    bench.time += GRACE
    return step("west", "worker", Release(identity, None))


def _back(bench: Bench) -> Step:
    identity = opened(bench)
    bench.time += GRACE
    return step("west", "worker", Refund(identity))


def _back_at_the_deadline(bench: Bench) -> Step:
    identity = opened(bench)
    bench.time = bench.query("bank.escrow", escrow=identity).escrow.deadline
    return step("north", "operator", Refund(identity))


def _study_late(bench: Bench) -> bytes:
    """An escrow on a study that finished after the deadline."""
    identity = _study_escrow(bench, 1_500)
    bench.time += 1
    return identity


def _back_from_a_late_study(bench: Bench) -> Step:
    return step("north", "operator", Refund(_study_late(bench)))


def _offers(bench: Bench) -> Step:
    unit, hours = made(bench), made(bench, new_unit("hours"), "east")
    return step("north", "operator", offer(bench, unit, Price(hours, 30)))


def _takes(bench: Bench) -> Step:
    return step("east", "operator", Take(offered(bench), "east"))


def _takes_what_is_its_own(bench: Bench) -> Step:
    return step("east", "operator", Take(offered(bench, payee="east"), "east"))


def _sets_hold(bench: Bench) -> Step:
    return step("north", "trustee", SetHold(made(bench), 300, HOUR))


def _stricter(bench: Bench) -> Step:
    return step("north", "trustee", SetHold(limited(bench), 200, HOUR))


def _asks(bench: Bench) -> Step:
    return step("north", "admin", SetHold(limited(bench), None, HOUR))


def _agrees(bench: Bench) -> Step:
    unit = limited(bench)
    bench.ok("north", "admin", SetHold(unit, 900, HOUR))
    return step("north", "approver", SetHold(unit, 900, HOUR))


def _agrees_to_none(bench: Bench) -> Step:
    unit = limited(bench)
    bench.ok("north", "admin", SetHold(unit, None, HOUR))
    return step("north", "approver", SetHold(unit, None, HOUR))


def _asks_for_something_else(bench: Bench) -> Step:
    unit = limited(bench)
    bench.ok("north", "admin", SetHold(unit, 900, HOUR))
    return step("north", "approver", SetHold(unit, 950, HOUR))


def _is_held(bench: Bench) -> Step:
    return step("north", "operator", Transfer("north", "south", limited(bench), 301))


def _is_not_held(bench: Bench) -> Step:
    return step("north", "operator", Transfer("north", "south", limited(bench), 300))


def _own_is_not_held(bench: Bench) -> Step:
    return step("north", "operator", Transfer("north", "north/trader", limited(bench), 900))


def _first(bench: Bench) -> Step:
    return step("north", "admin", Approve(held(bench)))


def _second(bench: Bench) -> Step:
    identity = held(bench)
    bench.ok("north", "admin", Approve(identity))
    return step("north", "approver", Approve(identity))


def _large(bench: Bench, *roles: str) -> bytes:
    """An escrow above the limit of north's rule, approved by so many."""
    bench.ok("north", "operator", escrow(bench, limited(bench)))
    identity = newest(bench)
    for role in roles:
        bench.ok("north", role, Approve(identity))
    return identity


def _large_second(bench: Bench) -> Step:
    return step("north", "approver", Approve(_large(bench, "admin")))


def _large_released(bench: Bench) -> Step:
    return step("east", "operator", Release(_large(bench, "admin", "approver"), PAPER))


def _held_back_again(bench: Bench) -> Step:
    identity = held(bench)
    bench.ok("north", "admin", Approve(identity))
    bench.time += GRACE
    return step("north", "operator", Refund(identity))


DONE = (
    Scenario("value is put aside until another member says that it came", _opens()),
    Scenario("value is put aside until a study has finished", _on_study),
    Scenario("the attester says that it came", _by_word),
    Scenario("a right to data for value, in one transaction", _by_call),
    Scenario("a study has finished, and anybody releases what waits for it", _by_study),
    Scenario("a study finished in time is paid for after the deadline too", _by_study_afterwards),
    Scenario("what was not released goes back", _back),
    Scenario("what was not released goes back at the very deadline", _back_at_the_deadline),
    Scenario("a study finished too late is not paid for", _back_from_a_late_study),
    Scenario("value is offered for value", _offers),
    Scenario("an offer is taken, both legs at once", _takes),
    Scenario("an offer to one is taken by it", _takes_what_is_its_own),
    Scenario("a member makes itself a hold rule", _sets_hold),
    Scenario("a stricter hold rule holds at once", _stricter),
    Scenario("one person asks to end a hold rule", _asks),
    Scenario("a second officer agrees to a laxer hold rule", _agrees),
    Scenario("a second officer agrees to no hold rule", _agrees_to_none),
    Scenario("a second officer asks for something else", _asks_for_something_else),
    Scenario("a payment above the limit waits", _is_held),
    Scenario("a payment at the limit goes", _is_not_held),
    Scenario("a payment among one's own accounts goes", _own_is_not_held),
    Scenario("a first person approves", _first),
    Scenario("a second officer approves, and the payment goes", _second),
    Scenario("a second officer approves of a large escrow", _large_second),
    Scenario("a large escrow is released once two approved", _large_released),
    Scenario("what one person alone approved goes back", _held_back_again),
)


def _refused_escrow(condition: Condition) -> Callable[[Bench], Step]:
    return _opens(condition)


def _opens_until(milliseconds: int) -> Callable[[Bench], Step]:
    def setup(bench: Bench) -> Step:
        unit = made(bench)
        return step("north", "operator", escrow(bench, unit, deadline=bench.time + milliseconds))

    return setup


def _no_unit(bench: Bench) -> Step:
    return step("north", "operator", escrow(bench, digest("no unit")))


def _no_price_unit(bench: Bench) -> Step:
    return step("north", "operator", offer(bench, made(bench), Price(digest("no unit"), 1)))


def _same_price_unit(bench: Bench) -> Step:
    unit = made(bench)
    return step("north", "operator", offer(bench, unit, Price(unit, 500)))


def _hold_of_nothing(bench: Bench) -> Step:
    return step("north", "admin", SetHold(digest("no unit"), 1, HOUR))


def _releases_nothing(bench: Bench) -> Step:
    return step("east", "operator", Release(digest("nothing"), PAPER))


def _released_twice(bench: Bench) -> Step:
    identity = opened(bench)
    bench.ok("east", "operator", Release(identity, PAPER))
    return step("east", "operator", Release(identity, PAPER))


def _refunded_twice(bench: Bench) -> Step:
    identity = opened(bench)
    bench.time += GRACE
    bench.ok("north", "operator", Refund(identity))
    return step("north", "operator", Refund(identity))


def _refunded_and_released(bench: Bench) -> Step:
    identity = opened(bench)
    bench.time += GRACE
    bench.ok("north", "operator", Refund(identity))
    return step("east", "operator", Release(identity, PAPER))


def _released_twice_at_once(bench: Bench) -> Step:
    identity = opened(bench)
    return step("east", "operator", Release(identity, PAPER), Release(identity, PAPER))


def _taken_twice(bench: Bench) -> Step:
    identity = offered(bench)
    bench.ok("east", "operator", Take(identity, "east"))
    return step("east", "operator", Take(identity, "east"))


def _takes_no_offer(bench: Bench) -> Step:
    return step("south", "operator", Take(opened(bench), "south"))


def _releases_an_offer(bench: Bench) -> Step:
    return step("north", "operator", Release(offered(bench), None))


def _releases_what_is_held(bench: Bench) -> Step:
    return step("north", "operator", Release(held(bench), None))


def _opens_from_another(bench: Bench) -> Step:
    return step("east", "operator", escrow(bench, made(bench)))


def _takes_with_anothers_money(bench: Bench) -> Step:
    return step("south", "operator", Take(offered(bench), "east"))


def _approves_of_anothers(bench: Bench) -> Step:
    return step("south", "operator", Approve(held(bench)))


def _no_attester(bench: Bench) -> Step:
    return step("south", "operator", Release(opened(bench), PAPER))


def _payer_releases(bench: Bench) -> Step:
    return step("north", "operator", Release(opened(bench), PAPER))


def _not_to_it(bench: Bench) -> Step:
    return step("east", "operator", Take(offered(bench, payee="west"), "east"))


def _takes_its_own(bench: Bench) -> Step:
    return step("north", "operator", Take(offered(bench), "north"))


def _not_held(bench: Bench) -> Step:
    return step("north", "admin", Approve(opened(bench)))


def _same_person(bench: Bench) -> Step:
    identity = held(bench)
    bench.ok("north", "admin", Approve(identity))
    return step("north", "admin", Approve(identity))


def _agrees_with_itself(bench: Bench) -> Step:
    unit = limited(bench)
    bench.ok("north", "admin", SetHold(unit, None, HOUR))
    return step("north", "admin", SetHold(unit, None, HOUR))


def _new_person(bench: Bench) -> Step:
    identity = held(bench)
    key = key_from("north", "a second key")
    spec = KeySpec(key.public, ("approver",), "made when it was needed")
    bench.ok("north", "admin", AddKey(new_keys(bench.network, "north", [(spec, key)])[0]))
    return Step("north", "approver", (Approve(identity),), key)


def _too_late(bench: Bench) -> Step:
    identity = opened(bench)
    bench.time = bench.query("bank.escrow", escrow=identity).escrow.deadline
    return step("east", "operator", Release(identity, PAPER))


def _takes_too_late(bench: Bench) -> Step:
    identity = offered(bench)
    bench.time += GRACE
    return step("east", "operator", Take(identity, "east"))


def _approves_too_late(bench: Bench) -> Step:
    identity = held(bench)
    bench.time += GRACE
    return step("north", "admin", Approve(identity))


def _too_early(bench: Bench) -> Step:
    return step("north", "operator", Refund(opened(bench)))


def _other_paper(bench: Bench) -> Step:
    return step("east", "operator", Release(opened(bench), digest("another note")))


def _call_not_made(bench: Bench) -> Step:
    identity, _ = data_for_value(bench)
    return step("south", "operator", Release(identity, None))


def _call_made_afterwards(bench: Bench) -> Step:
    identity, grant = data_for_value(bench)
    return step("south", "operator", Release(identity, None), grant)


def _call_made_before(bench: Bench) -> Step:
    identity, grant = data_for_value(bench)
    bench.ok("south", "operator", grant)
    return step("south", "operator", Release(identity, None))


def _other_call_made(bench: Bench) -> Step:
    identity, grant = data_for_value(bench)
    return step("south", "operator", replace(grant, right="download"), Release(identity, None))


def _study_goes_on(bench: Bench) -> Step:
    condition = Condition("study", None, None, None, proposed(bench))
    return step("north", "operator", Release(opened(bench, condition), None))


def _releases_for_a_late_study(bench: Bench) -> Step:
    return step("south", "worker", Release(_study_late(bench), None))


def _refunds_what_was_met(bench: Bench) -> Step:
    identity = _study_escrow(bench, HOUR)
    bench.time += GRACE
    return step("north", "operator", Refund(identity))


def _large_with_one(bench: Bench) -> Step:
    return step("east", "operator", Release(_large(bench, "admin"), PAPER))


def _takes_what_is_held(bench: Bench) -> Step:
    unit, hours = limited(bench), made(bench, new_unit("hours"), "east")
    bench.ok("north", "operator", offer(bench, unit, Price(hours, 30)))
    return step("east", "operator", Take(newest(bench), "east"))


def _takes_above_its_limit(bench: Bench) -> Step:
    identity = offered(bench)
    hours = bench.query("bank.escrow", escrow=identity).escrow.price.unit
    bench.ok("east", "admin", SetHold(hours, 29, HOUR))
    return step("east", "operator", Take(identity, "east"))


def _ends_no_rule(bench: Bench) -> Step:
    return step("north", "admin", SetHold(made(bench), None, HOUR))


def _takes_without_money(bench: Bench) -> Step:
    return step("west", "operator", Take(offered(bench), "west"))


def _offers_without_money(bench: Bench) -> Step:
    unit, hours = made(bench), made(bench, new_unit("hours"), "east")
    return step("north", "operator", offer(bench, unit, Price(hours, 30), amount=1_001))


_TWICE = Condition("statement", "east", "assets.grant", PAPER, None)
_OF_NOBODY = Condition("statement", "nobody", None, PAPER, None)
_OF_NO_STUDY = Condition("study", None, None, None, digest("no study"))
_WITHOUT_PAPER = Condition("statement", "east", None, None, None)
_OF_PEOPLE = Condition("people", None, None, None, None)

REFUSED = (
    Scenario("an escrow in no unit", _no_unit, "bank.unknown_unit"),
    Scenario("an offer for no unit", _no_price_unit, "bank.unknown_unit"),
    Scenario("a hold rule for no unit", _hold_of_nothing, "bank.unknown_unit"),
    Scenario("a release of nothing", _releases_nothing, "bank.unknown_escrow"),
    Scenario("an escrow released twice", _released_twice, "bank.closed"),
    Scenario("an escrow released twice in one transaction", _released_twice_at_once, "bank.closed"),
    Scenario("an escrow refunded twice", _refunded_twice, "bank.closed"),
    Scenario("an escrow released after its refund", _refunded_and_released, "bank.closed"),
    Scenario("an offer taken twice", _taken_twice, "bank.closed"),
    Scenario("an escrow taken as if it were an offer", _takes_no_offer, "bank.wrong_kind"),
    Scenario("an offer released without its price", _releases_an_offer, "bank.wrong_kind"),
    Scenario("a held payment released by one", _releases_what_is_held, "bank.wrong_kind"),
    Scenario("an escrow out of another's account", _opens_from_another, "bank.not_yours"),
    Scenario("an offer taken with another's money", _takes_with_anothers_money, "bank.not_yours"),
    Scenario("another's held payment approved", _approves_of_anothers, "bank.not_yours"),
    Scenario("the payee releases what another attests to", _no_attester, "bank.not_attester"),
    Scenario("the payer releases what another attests to", _payer_releases, "bank.not_attester"),
    Scenario("an offer to another is taken", _not_to_it, "bank.not_payee"),
    Scenario("an escrow for nobody", _opens(payee="nobody"), "bank.unknown_account"),
    Scenario("an escrow for oneself", _opens(payee="north"), "bank.same_account"),
    Scenario("a member takes its own offer", _takes_its_own, "bank.same_account"),
    Scenario("a statement about a method", _refused_escrow(_TWICE), "bank.bad_condition"),
    Scenario("a statement about nothing", _refused_escrow(_WITHOUT_PAPER), "bank.bad_condition"),
    Scenario("a statement by nobody", _refused_escrow(_OF_NOBODY), "bank.bad_condition"),
    Scenario("an escrow on no study", _refused_escrow(_OF_NO_STUDY), "bank.bad_condition"),
    Scenario("an escrow as only a hold rule makes it", _refused_escrow(_OF_PEOPLE), "bank.bad_condition"),
    Scenario("an offer of a unit for the same", _same_price_unit, "bank.bad_condition"),
    Scenario("an escrow until now", _opens_until(0), "bank.bad_deadline"),
    Scenario(
        "an escrow for more than a year", _opens_until(DEADLINE_MILLISECONDS_MAX + 1), "bank.bad_deadline"
    ),
    Scenario("an end of no hold rule", _ends_no_rule, "bank.no_hold"),
    Scenario("approval of what is not held", _not_held, "bank.not_held"),
    Scenario("one person approves twice", _same_person, "bank.same_person"),
    Scenario("one person agrees with itself", _agrees_with_itself, "bank.same_person"),
    Scenario("a person enrolled afterwards approves", _new_person, "bank.same_person"),
    Scenario("a release at the very deadline", _too_late, "bank.too_late"),
    Scenario("an offer taken after its deadline", _takes_too_late, "bank.too_late"),
    Scenario("approval after the deadline", _approves_too_late, "bank.too_late"),
    Scenario("a refund before the deadline", _too_early, "bank.too_early"),
    Scenario("a statement about another document", _other_paper, "bank.not_met"),
    Scenario("a release without the call", _call_not_made, "bank.not_met"),
    Scenario("a release ahead of the call", _call_made_afterwards, "bank.not_met"),
    Scenario("a release a transaction after the call", _call_made_before, "bank.not_met"),
    Scenario("a release behind another call", _other_call_made, "bank.not_met"),
    Scenario("a release while the study goes on", _study_goes_on, "bank.not_met"),
    Scenario("a release for a study that finished too late", _releases_for_a_late_study, "bank.not_met"),
    Scenario("a refund of what was met in time", _refunds_what_was_met, "bank.met"),
    Scenario("a large escrow released with one approval", _large_with_one, "bank.held_back"),
    Scenario("a large offer taken without approval", _takes_what_is_held, "bank.held_back"),
    Scenario("an offer taken above the taker's own limit", _takes_above_its_limit, "bank.over_hold"),
    Scenario("an offer taken without the price", _takes_without_money, "bank.short_balance"),
    Scenario("an offer of more than there is", _offers_without_money, "bank.short_balance"),
)

SCENARIOS = DONE + REFUSED
