"""What persons with keys of their own do about their consents, and what consent answers."""

from functools import partial

from consortia.base.keys import SigningKey
from consortia.base.times import DAY
from consortia.modules.consent import messages as asked
from consortia.modules.consent.rules import slip_of_person
from consortia.modules.consent.types import TERM_MILLISECONDS_MAX
from consortia.modules.identity.messages import Leave
from consortia.modules.identity.person_messages import Release
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.consent_parts import PURPOSE, Clinic, clinic, secret, subject
from consortia.testing.scenarios.persons_parts import LABEL, asks, enrolled, person, rekeying

WHO = f"east/{LABEL}"
BOTH = ("diagnosis", PURPOSE)


def bound(bench: Bench) -> tuple[Clinic, SigningKey]:
    """North's data set: a person of east's, the seventh, consents to two purposes by a slip of its key's."""
    found, key = clinic(bench), enrolled(bench, "east")
    slip = slip_of_person(secret(7), WHO)
    given = asked.Given(subject(7), BOTH, bench.time + 30 * DAY, slip)
    bench.ok("north", "operator", asked.Give(found.id, (given,)))
    return found, key


def ends(found: Clinic, word: int = 7, purposes: tuple[str, ...] = (PURPOSE,)) -> asked.Withdraw:
    """The seventh withdraws."""
    return asked.Withdraw(found.id, subject(7), purposes, secret(word))


def agrees(found: Clinic, days: int = 60, purposes: tuple[str, ...] = BOTH, word: int = 7) -> asked.Agree:
    """The seventh consents for so long."""
    return asked.Agree(found.id, subject(7), purposes, found.bench.time + days * DAY, secret(word))


def _withdraws(bench: Bench) -> Step:
    found, key = bound(bench)
    return asks(key, ends(found, purposes=BOTH))


def _withdraws_with_its_next_key(bench: Bench) -> Step:
    found, key = bound(bench)
    new = person("second")
    change = rekeying(bench, member="east")
    bench.block(bench.sign_with(key, change))
    return asks(new, ends(found))


def _withdraws_once_released(bench: Bench) -> Step:
    found, key = bound(bench)
    bench.ok("east", "operator", Release(LABEL))
    return asks(key, ends(found))


def _withdraws_as_it_is_released(bench: Bench) -> Step:
    found, key = bound(bench)
    return asks(key, ends(found), before=(bench.sign("east", "operator", Release(LABEL)),))


def _withdraws_after_its_member_left(bench: Bench) -> Step:
    found, key = bound(bench)
    bench.ok("east", "admin", Leave(None))
    return asks(key, ends(found))


def _withdraws_by_anybodys_slip(bench: Bench) -> Step:
    found, key = bound(bench)
    bench.ok("north", "operator", found.give(8))
    return asks(key, found.withdraw(8, secret(8)))


def _prolongs(bench: Bench) -> Step:
    found, key = bound(bench)
    return asks(key, agrees(found))


def _agrees_again(bench: Bench) -> Step:
    found, key = bound(bench)
    bench.block(bench.sign_with(key, ends(found)))
    return asks(key, agrees(found, 1, (PURPOSE,)))


def _asked_anew(bench: Bench, *, by_key: bool) -> Step:
    """North records again what the seventh withdrew, by its key or through north."""
    found, key = bound(bench)
    if by_key:
        bench.block(bench.sign_with(key, ends(found)))
    else:
        bench.ok("north", "operator", found.withdraw(7))
    again = asked.Given(subject(7), (PURPOSE,), bench.time + 30 * DAY, slip_of_person(secret(7), WHO))
    return step("north", "operator", asked.Give(found.id, (again,)))


DONE = (
    Scenario("what the owner withdrew it records again", partial(_asked_anew, by_key=False)),
    Scenario("a person withdraws by its own key", _withdraws),
    Scenario("a person withdraws by the key that it took since", _withdraws_with_its_next_key),
    Scenario("a released person withdraws", _withdraws_once_released),
    Scenario("a person withdraws in the block in which it is released", _withdraws_as_it_is_released),
    Scenario("a person withdraws after its member has left", _withdraws_after_its_member_left),
    Scenario("a person withdraws by another slip that it was handed", _withdraws_by_anybodys_slip),
    Scenario("a person prolongs what it consented to", _prolongs),
    Scenario("a person that withdrew consents again by its own key", _agrees_again),
)


def _the_secret_alone(bench: Bench) -> Step:
    return step("west", "worker", ends(bound(bench)[0]))


def _the_key_alone(bench: Bench) -> Step:
    found, key = bound(bench)
    return asks(key, ends(found, 8))


def _another_persons_key(bench: Bench) -> Step:
    found, _ = bound(bench)
    return asks(enrolled(bench, "east", "cd34", "another"), ends(found))


def _as_its_member(bench: Bench) -> Step:
    """A person of the owner's withdraws, without a secret, what is another's."""
    found, _ = bound(bench)
    other = enrolled(bench, "north", word="another")
    return asks(other, found.withdraw(7))


def _old_key(bench: Bench) -> Step:
    found, key = bound(bench)
    return asks(key, ends(found), before=(bench.sign_with(key, rekeying(bench, member="east")),))


def _agrees_for_none(bench: Bench) -> Step:
    found, key = bound(bench)
    wanted = agrees(found)
    other = asked.Agree(subject(1), wanted.subject, BOTH, wanted.expires, wanted.secret)
    return asks(key, other)


def _agrees_unsorted(bench: Bench) -> Step:
    found, key = bound(bench)
    return asks(key, agrees(found, purposes=BOTH[::-1]))


def _agrees_for_ever(bench: Bench) -> Step:
    found, key = bound(bench)
    return asks(key, agrees(found, TERM_MILLISECONDS_MAX // DAY + 1))


def _agrees_for_less(bench: Bench) -> Step:
    found, key = bound(bench)
    return asks(key, agrees(found, 1))


def _agrees_to_what_nobody_asked(bench: Bench) -> Step:
    found, key = bound(bench)
    return asks(key, agrees(found, purposes=("advertising",)))


def _agrees_for_another(bench: Bench) -> Step:
    found, _ = bound(bench)
    return asks(enrolled(bench, "east", "cd34", "another"), agrees(found))


def _agrees_with_another_secret(bench: Bench) -> Step:
    found, key = bound(bench)
    return asks(key, agrees(found, word=8))


def _agrees_by_a_slip_of_nobodys(bench: Bench) -> Step:
    found, key = bound(bench)
    bench.ok("north", "operator", found.give(8))
    wanted = asked.Agree(found.id, subject(8), (PURPOSE,), bench.time + 60 * DAY, secret(8))
    return asks(key, wanted)


def _agrees_as_it_is_released(bench: Bench) -> Step:
    found, key = bound(bench)
    return asks(key, agrees(found), before=(bench.sign("east", "operator", Release(LABEL)),))


REFUSED = (
    Scenario("what a person withdrew is given anew", partial(_asked_anew, by_key=True), "consent.not_yours"),
    Scenario("a withdrawal by the secret of a person's key alone", _the_secret_alone, "consent.not_yours"),
    Scenario("a withdrawal by a person's key alone", _the_key_alone, "consent.not_yours"),
    Scenario("a withdrawal by another person's key", _another_persons_key, "consent.not_yours"),
    Scenario("a person of the owner's withdraws for another", _as_its_member, "consent.not_yours"),
    Scenario("a withdrawal by a key replaced in the same block", _old_key, "identity.signer_gone"),
    Scenario("a person agrees where there is no consent", _agrees_for_none, "consent.not_required"),
    Scenario("purposes of a person's own in no order", _agrees_unsorted, "consent.unsorted"),
    Scenario("a person agrees for ever", _agrees_for_ever, "consent.bad_term"),
    Scenario("a person shortens its consent", _agrees_for_less, "consent.shorter"),
    Scenario("a person agrees to what nobody asked it", _agrees_to_what_nobody_asked, "consent.not_yours"),
    Scenario("a person agrees for another", _agrees_for_another, "consent.not_yours"),
    Scenario("a person agrees with another secret", _agrees_with_another_secret, "consent.not_yours"),
    Scenario("a person agrees by a slip of no key", _agrees_by_a_slip_of_nobodys, "consent.not_yours"),
    Scenario("a person agrees as it is released", _agrees_as_it_is_released, "identity.signer_gone"),
)
