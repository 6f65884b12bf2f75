# Long because every way in which people, owners and strangers meet consent is a row of it
"""What is done to consent, and what it answers."""

from msgspec.structs import replace

from consortia.base.times import DAY
from consortia.modules.assets.messages import MarkErased, Revoke
from consortia.modules.consent import messages as asked
from consortia.modules.consent.rules import slip_of
from consortia.modules.consent.types import TERM_MILLISECONDS_MAX, UNREVIEWED_MAX
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, consent_persons, step
from consortia.testing.scenarios.assets import blob, digest, registered
from consortia.testing.scenarios.consent_parts import (
    asked_all,
    clinic,
    covered,
    registers,
    secret,
    subject,
    without,
)

HALF = b"\x80" + bytes(31)


def _requires(bench: Bench) -> Step:
    return step("north", "operator", asked.Require(registers(bench)))


def _gives(bench: Bench) -> Step:
    return step("north", "worker", clinic(bench).give(*range(40), purposes=("diagnosis", "research")))


def _prolongs(bench: Bench) -> Step:
    return step("north", "operator", asked_all(bench).give(7, expires=bench.time + 60 * DAY))


def _gives_again(bench: Bench) -> Step:
    found = asked_all(bench)
    bench.ok("north", "operator", found.withdraw())
    return step("north", "operator", found.give(7, expires=bench.time + DAY))


def _owner_withdraws(bench: Bench) -> Step:
    return step("north", "operator", covered(bench).withdraw())


def _person_withdraws(bench: Bench) -> Step:
    return step("west", "worker", covered(bench).withdraw(7, secret(7)))


def _covers(bench: Bench) -> Step:
    return step("north", "worker", asked_all(bench).cover())


def _covers_first_part(bench: Bench) -> Step:
    return step("north", "worker", asked_all(bench).cover(most=30))


def _covers_last_part(bench: Bench) -> Step:
    found = asked_all(bench)
    bench.ok("north", "worker", found.cover(most=30))
    return step("north", "worker", found.cover(HALF, most=30))


def _covers_without(bench: Bench) -> Step:
    found = covered(bench)
    bench.ok("north", "operator", found.withdraw())
    without(found, 7)
    return step("north", "worker", found.cover(version=2, gone=7))


def _covers_again(bench: Bench) -> Step:
    found = covered(bench)
    bench.ok("north", "operator", found.give(99))
    bench.ok("north", "operator", found.withdraw(99))
    return step("north", "worker", found.cover())


def _covers_anew_after_an_end(bench: Bench) -> Step:
    found = clinic(bench)
    bench.ok("north", "operator", found.give(*range(40), expires=bench.time + DAY))
    bench.ok("north", "worker", found.cover())
    bench.time += DAY
    bench.ok("north", "operator", found.give(*range(40)))
    return step("north", "worker", found.cover())


def _asks(bench: Bench) -> Step:
    return step("east", "analyst", asked_all(bench).access())


def _breaks_glass(bench: Bench) -> Step:
    return step("west", "admin", asked_all(bench).break_glass())


def _reviews(bench: Bench) -> Step:
    found = asked_all(bench)
    bench.ok("west", "admin", found.break_glass())
    return step("north", "approver", asked.Review(found.id, 0, justified=True))


DONE = (
    Scenario("a data set is put under consent", _requires),
    Scenario("forty people consent to two purposes", _gives),
    Scenario("a consent is prolonged", _prolongs),
    Scenario("a person that withdrew consents again", _gives_again),
    Scenario("the owner withdraws what it was told to", _owner_withdraws),
    Scenario("a person withdraws through another member, with its secret", _person_withdraws),
    Scenario("everybody in a version is shown to consent", _covers),
    Scenario("half of a version is shown to consent", _covers_first_part),
    Scenario("the other half is shown to consent", _covers_last_part),
    Scenario("the version without somebody who withdrew is covered", _covers_without),
    Scenario("a version is covered anew after somebody else withdrew", _covers_again),
    Scenario("a version is covered anew once its consents had expired", _covers_anew_after_an_end),
    Scenario("a member asks for the records of a person who consents", _asks),
    Scenario("a member breaks the glass in an emergency", _breaks_glass),
    Scenario("another officer of the owner reviews an emergency", _reviews),
)


def _nothing(bench: Bench) -> Step:
    return step("north", "operator", asked.Require(digest("nothing")))


def _a_model(bench: Bench) -> Step:
    return step("north", "operator", asked.Require(registered(bench, blob("screen"))))


def _a_stranger(bench: Bench) -> Step:
    return step("east", "operator", asked.Require(registers(bench)))


def _no_set(bench: Bench) -> Step:
    made = registers(bench, form="batch", subjects=None)
    return step("north", "operator", asked.Require(made))


def _twice(bench: Bench) -> Step:
    return step("north", "operator", asked.Require(clinic(bench).id))


def _gives_for_none(bench: Bench) -> Step:
    found = clinic(bench).give(7)
    return step("north", "operator", asked.Give(digest("nothing"), found.consents))


def _stranger_gives(bench: Bench) -> Step:
    return step("east", "operator", clinic(bench).give(7))


def _subjects_unsorted(bench: Bench) -> Step:
    found = clinic(bench).give(7, 8)
    return step("north", "operator", asked.Give(found.dataset, found.consents[::-1]))


def _purposes_unsorted(bench: Bench) -> Step:
    return step("north", "operator", clinic(bench).give(7, purposes=("research", "diagnosis")))


def _over_already(bench: Bench) -> Step:
    return step("north", "operator", clinic(bench).give(7, expires=bench.time))


def _for_ever(bench: Bench) -> Step:
    return step("north", "operator", clinic(bench).give(7, expires=bench.time + TERM_MILLISECONDS_MAX + DAY))


def _shortens(bench: Bench) -> Step:
    return step("north", "operator", asked_all(bench).give(7, expires=bench.time + DAY))


def _swaps_a_slip(bench: Bench) -> Step:
    found = asked_all(bench)
    (given,) = found.give(7).consents
    other = replace(given, slip=slip_of(secret(8)))
    return step("north", "operator", asked.Give(found.id, (other,)))


def _withdraws_unsorted(bench: Bench) -> Step:
    found = asked_all(bench)
    twice = asked.Withdraw(found.id, subject(7), ("research", "research"), None)
    return step("north", "operator", twice)


def _withdraws_for_none(bench: Bench) -> Step:
    asked_all(bench)
    return step("north", "operator", asked.Withdraw(digest("nothing"), subject(7), ("research",), None))


def _withdraws_nothing(bench: Bench) -> Step:
    return step("north", "operator", clinic(bench).withdraw())


def _withdraws_twice(bench: Bench) -> Step:
    found = asked_all(bench)
    bench.ok("north", "operator", found.withdraw())
    return step("north", "operator", found.withdraw())


def _stranger_withdraws(bench: Bench) -> Step:
    return step("east", "operator", asked_all(bench).withdraw())


def _wrong_secret(bench: Bench) -> Step:
    return step("east", "operator", asked_all(bench).withdraw(7, secret(8)))


def _owner_guesses(bench: Bench) -> Step:
    return step("north", "operator", asked_all(bench).withdraw(7, secret(8)))


def _covers_for_none(bench: Bench) -> Step:
    found = asked_all(bench).cover()
    other = asked.Cover(digest("nothing"), 1, "research", found.siblings, found.entries)
    return step("north", "worker", other)


def _stranger_covers(bench: Bench) -> Step:
    return step("east", "worker", asked_all(bench).cover())


def _no_version(bench: Bench) -> Step:
    return step("north", "worker", asked_all(bench).cover(version=2))


def _erased_version(bench: Bench) -> Step:
    found = asked_all(bench)
    bench.ok("north", "operator", MarkErased(found.id, 1))
    return step("north", "worker", found.cover())


def _covers_twice(bench: Bench) -> Step:
    return step("north", "worker", covered(bench).cover())


def _skips_a_part(bench: Bench) -> Step:
    return step("north", "worker", asked_all(bench).cover(HALF, most=30))


def _repeats_a_part(bench: Bench) -> Step:
    found = asked_all(bench)
    bench.ok("north", "worker", found.cover(most=30))
    return step("north", "worker", found.cover(most=30))


def _whole_in_the_middle(bench: Bench) -> Step:
    found = asked_all(bench)
    bench.ok("north", "worker", found.cover(most=30))
    return step("north", "worker", found.cover())


def _leaves_somebody_out(bench: Bench) -> Step:
    return step("north", "worker", asked_all(bench).cover(gone=7))


def _splits_too_deep(bench: Bench) -> Step:
    found = asked_all(bench).cover(most=30)
    few = asked.Cover(found.dataset, 1, "research", ((1, bytes(32)),), found.entries[:2])
    return step("north", "worker", few)


def _somebody_never_asked(bench: Bench) -> Step:
    found = clinic(bench)
    bench.ok("north", "operator", found.give(*range(39)))
    return step("north", "worker", found.cover())


def _somebody_withdrew(bench: Bench) -> Step:
    found = covered(bench)
    bench.ok("north", "operator", found.withdraw())
    return step("north", "worker", found.cover())


def _somebody_expired(bench: Bench) -> Step:
    found = clinic(bench)
    bench.ok("north", "operator", found.give(*range(1, 40)))
    bench.ok("north", "operator", found.give(0, expires=bench.time + DAY))
    bench.time += DAY
    return step("north", "worker", found.cover())


def _asks_for_none(bench: Bench) -> Step:
    other = asked.Access(digest("nothing"), subject(7), "research", digest("request"))
    return step("east", "analyst", other)


def _asks_without_right(bench: Bench) -> Step:
    return step("west", "analyst", asked_all(bench).access())


def _asks_after_revocation(bench: Bench) -> Step:
    found = asked_all(bench)
    bench.ok("north", "operator", Revoke(found.id, "download", ("east",), None))
    return step("east", "analyst", found.access())


def _asks_without_consent(bench: Bench) -> Step:
    return step("east", "analyst", asked_all(bench).access(41))


def _asks_after_withdrawal(bench: Bench) -> Step:
    found = asked_all(bench)
    bench.ok("west", "worker", found.withdraw(7, secret(7)))
    return step("east", "analyst", found.access())


def _asks_after_the_end(bench: Bench) -> Step:
    found = asked_all(bench)
    bench.time += 30 * DAY
    return step("east", "analyst", found.access())


def _breaks_glass_of_none(bench: Bench) -> Step:
    other = asked.BreakGlass(digest("nothing"), subject(7), digest("reasons"))
    return step("west", "admin", other)


def _breaks_glass_of_nobody(bench: Bench) -> Step:
    return step("west", "admin", asked_all(bench).break_glass(41))


def _breaks_too_much(bench: Bench) -> Step:
    found = asked_all(bench)
    for number in range(UNREVIEWED_MAX):
        bench.ok("west", "admin", found.break_glass(number))
    return step("west", "admin", found.break_glass(20))


def _reviews_for_none(bench: Bench) -> Step:
    return step("north", "approver", asked.Review(digest("nothing"), 0, justified=True))


def _breaker_reviews(bench: Bench) -> Step:
    found = asked_all(bench)
    bench.ok("west", "admin", found.break_glass())
    return step("west", "approver", asked.Review(found.id, 0, justified=True))


def _reviews_nothing(bench: Bench) -> Step:
    return step("north", "approver", asked.Review(asked_all(bench).id, 0, justified=True))


def _reviews_no_emergency(bench: Bench) -> Step:
    found = asked_all(bench)
    bench.ok("east", "analyst", found.access())
    return step("north", "approver", asked.Review(found.id, 0, justified=True))


def _reviews_twice(bench: Bench) -> Step:
    found = asked_all(bench)
    bench.ok("west", "admin", found.break_glass())
    bench.ok("north", "approver", asked.Review(found.id, 0, justified=False))
    return step("north", "admin", asked.Review(found.id, 0, justified=True))


def _two_eyes(bench: Bench) -> Step:
    found = asked_all(bench)
    bench.ok("north", "admin", found.break_glass())
    return step("north", "admin", asked.Review(found.id, 0, justified=True))


REFUSED = (
    Scenario("consent for nothing", _nothing, "consent.unknown_dataset"),
    Scenario("consent for a model", _a_model, "consent.unknown_dataset"),
    Scenario("consent for another member's data set", _a_stranger, "consent.not_owner"),
    Scenario("consent for a data set without subjects", _no_set, "consent.no_subjects"),
    Scenario("consent required twice", _twice, "consent.required"),
    Scenario("consents to a data set that needs none", _gives_for_none, "consent.not_required"),
    Scenario("another member speaks for the owner's people", _stranger_gives, "consent.not_owner"),
    Scenario("people out of order", _subjects_unsorted, "consent.unsorted"),
    Scenario("purposes out of order", _purposes_unsorted, "consent.unsorted"),
    Scenario("a consent that is over already", _over_already, "consent.bad_term"),
    Scenario("a consent for ever", _for_ever, "consent.bad_term"),
    Scenario("a consent is shortened behind a cover's back", _shortens, "consent.shorter"),
    Scenario("an owner swaps the slip of a consent that stands", _swaps_a_slip, "consent.other_slip"),
    Scenario("a purpose withdrawn twice at once", _withdraws_unsorted, "consent.unsorted"),
    Scenario("a withdrawal where no consent is needed", _withdraws_for_none, "consent.not_required"),
    Scenario("a withdrawal of what was never given", _withdraws_nothing, "consent.not_given"),
    Scenario("a withdrawal repeated", _withdraws_twice, "consent.not_given"),
    Scenario("another member withdraws without the secret", _stranger_withdraws, "consent.not_yours"),
    Scenario("a withdrawal with another person's secret", _wrong_secret, "consent.not_yours"),
    Scenario("the owner withdraws with a wrong secret", _owner_guesses, "consent.not_yours"),
    Scenario("a cover of a data set that needs no consent", _covers_for_none, "consent.not_required"),
    Scenario("another member covers a version", _stranger_covers, "consent.not_owner"),
    Scenario("a cover of no version", _no_version, "consent.unknown_version"),
    Scenario("a cover of an erased version", _erased_version, "consent.unknown_version"),
    Scenario("a cover of what is covered", _covers_twice, "consent.covered"),
    Scenario("a part is skipped", _skips_a_part, "consent.wrong_part"),
    Scenario("a part is shown twice", _repeats_a_part, "consent.wrong_part"),
    Scenario("a whole set in the place of its second half", _whole_in_the_middle, "consent.wrong_part"),
    Scenario("a cover that leaves somebody out", _leaves_somebody_out, "consent.wrong_part"),
    Scenario("a part deeper than the set is split", _splits_too_deep, "consent.wrong_part"),
    Scenario("a cover of somebody who was never asked", _somebody_never_asked, "consent.no_consent"),
    Scenario("a cover of somebody who withdrew", _somebody_withdrew, "consent.no_consent"),
    Scenario("a cover of somebody whose consent is over", _somebody_expired, "consent.no_consent"),
    Scenario("records asked of a data set that needs no consent", _asks_for_none, "consent.not_required"),
    Scenario("a researcher asks without a right to the purpose", _asks_without_right, "consent.no_right"),
    Scenario("records asked for after the right was revoked", _asks_after_revocation, "consent.no_right"),
    Scenario("records of somebody who never consented", _asks_without_consent, "consent.no_consent"),
    Scenario("records of somebody who withdrew", _asks_after_withdrawal, "consent.no_consent"),
    Scenario("records of somebody whose consent is over", _asks_after_the_end, "consent.no_consent"),
    Scenario("glass broken where there is none", _breaks_glass_of_none, "consent.not_required"),
    Scenario("glass broken for nobody", _breaks_glass_of_nobody, "consent.unknown_person"),
    Scenario("glass broken too often without a review", _breaks_too_much, "consent.unreviewed"),
    Scenario("a review where there is no consent", _reviews_for_none, "consent.not_required"),
    Scenario("who broke the glass reviews it", _breaker_reviews, "consent.not_owner"),
    Scenario("a review of nothing", _reviews_nothing, "consent.no_emergency"),
    Scenario("a review of what was no emergency", _reviews_no_emergency, "consent.no_emergency"),
    Scenario("a second review", _reviews_twice, "consent.no_emergency"),
    Scenario("one key breaks the glass and reviews it", _two_eyes, "consent.four_eyes"),
)

SCENARIOS = DONE + consent_persons.DONE + REFUSED + consent_persons.REFUSED
