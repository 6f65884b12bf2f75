"""Persons: what their keys may sign, what that costs their member, and what stays when it has left."""

import pytest
from msgspec.structs import replace

from consortia.app import application
from consortia.base.hashing import tagged
from consortia.base.refusals import Refused
from consortia.base.times import HOUR
from consortia.kernel import refusals as kernel
from consortia.kernel.admission import PURSES
from consortia.modules.consent.messages import Withdraw
from consortia.modules.consent.rules import slip_of_person
from consortia.modules.identity.mandate_state import AGENT_NAMES
from consortia.modules.identity.mandate_types import Named
from consortia.modules.identity.messages import Leave, ProposeQuota, SetQuota
from consortia.modules.identity.person_invariants import PERSON_INVARIANTS
from consortia.modules.identity.person_messages import Release
from consortia.modules.identity.person_queries import PAGE_MAX, ByPersonKey, ListPersons
from consortia.modules.identity.person_state import CROWDS, PERSON_KEYS, PERSONS
from consortia.modules.identity.person_types import COST_MAX, COST_MIN, Crowd, Person, PersonKey
from consortia.modules.identity.persons import part
from consortia.modules.identity.rules import FULL_QUOTA
from consortia.modules.identity.state import OWNERS
from consortia.modules.identity.types import Owner
from consortia.testing.machine import Bench
from consortia.testing.scenarios import consent_persons as consents
from consortia.testing.scenarios.consent_parts import PURPOSE, secret, subject
from consortia.testing.scenarios.identity_parts import added
from consortia.testing.scenarios.persons_parts import LABEL, enrolled, enrolling, person, rekeying

MAY = {"bank.transfer", "consent.agree", "consent.withdraw", "identity.rekey", "identity.release"}
"""All that a person's key signs. Whoever adds to it says here that the handler tells persons from members."""


COST = 165
"""What a nonsense costs at least: 150, and its bytes."""


def nonsense(bench, key, count=1):
    """Transactions of a person that blocks hold and the law refuses."""
    return [bench.sign_with(key, Release("nobody")) for _ in range(count)]


def admitted(bench, raws):
    fold, codes = bench.machine.admission(bench.state, bench.tip, bench.time), []
    for raw in raws:
        try:
            fold.admit(raw)
        except Refused as refused:
            codes.append(refused.code)
        else:
            codes.append("ok")
    return codes


def test_a_persons_key_signs_what_is_listed_here_and_nothing_else():
    methods = application().methods
    assert {name for name, bound in methods.items() if "person" in bound.method.roles} == MAY


def test_a_person_has_no_say_and_touches_nobodys_keys():
    bench = Bench(4)
    key = enrolled(bench)
    wanted = ProposeQuota("east", FULL_QUOTA, bench.time + HOUR)
    for message in (wanted, added(bench, "north", "admin")[0], Leave(None), enrolling(bench, word="another")):
        assert bench.admission_code(bench.sign_with(key, message, sequence=0)) == "kernel.wrong_role"
    assert not application().keys.is_officer(bench.context(), "north", key.key_id)


def test_it_signs_from_the_block_after_its_enrolment_on():
    bench = Bench(4)
    raws = [bench.sign("north", "operator", enrolling(bench)), *nonsense(bench, person())]
    assert admitted(bench, raws) == ["ok", "kernel.unknown_key"]


def test_one_person_neither_starves_its_member_nor_another_person():
    bench = Bench(4)
    key, other = enrolled(bench), enrolled(bench, label="cd34", word="another")
    raws = nonsense(bench, key, 200)
    codes = admitted(bench, raws)
    most = codes.count("ok")
    assert most * COST < COST_MAX < (most + 1) * (COST + 30)
    assert codes[:most] + codes[most : most + 1] == ["ok"] * most + ["kernel.over_quota"]
    bench.block(*raws[:most])
    assert bench.admission_code(nonsense(bench, key)[0]) == "kernel.over_quota"
    assert bench.admission_code(nonsense(bench, other)[0]) == "ok"
    assert bench.admission_code(bench.sign("north", "operator", Release("nobody"))) == "ok"
    bench.time += HOUR
    bench.block()
    assert bench.admission_code(nonsense(bench, key)[0]) == "ok"


def test_another_key_is_no_other_purse():
    bench = Bench(4)
    key = enrolled(bench)
    bench.block(*nonsense(bench, key, 20))
    before = PURSES.get(bench.context(), f"north/{LABEL}").cost
    bench.block(bench.sign_with(key, rekeying(bench)))
    bench.block(*nonsense(bench, person("second")))
    assert PURSES.get(bench.context(), f"north/{LABEL}").cost > before + 2 * COST
    assert bench.admission_code(nonsense(bench, key)[0]) == "kernel.revoked_key"


@pytest.mark.parametrize("count", [1, 2, 100, 1_000, 100_000])
@pytest.mark.parametrize("epoch", [40_000, 4_000_000, 4_000_000_000])
def test_all_persons_together_cost_no_more_than_half_of_a_quota(count, epoch):
    each = part(replace(FULL_QUOTA, cost_per_epoch=epoch), count)
    assert COST_MIN <= each <= COST_MAX
    assert (each + COST_MIN) * count <= epoch // 2 or each == COST_MIN


def test_whoever_was_enrolled_before_a_quota_was_lowered_still_withdraws():
    bench = Bench(4)
    key = enrolled(bench)
    bench.time += HOUR
    bench.ok("north", "admin", SetQuota(replace(FULL_QUOTA, cost_per_epoch=1_500)))
    assert admitted(bench, nonsense(bench, key, 6)).count("ok") == COST_MIN // (COST + 30)


def test_persons_of_a_member_that_left_cost_a_hundredth_of_what_it_might():
    bench = Bench(4, quota=replace(FULL_QUOTA, cost_per_block=400_000, cost_per_epoch=400_000))
    keys = [enrolled(bench, label=f"p{at}", word=f"p{at}") for at in range(10)]
    bench.ok("north", "admin", Leave(None))
    bench.time += HOUR
    raws = [raw for key in keys for raw in nonsense(bench, key, 10)]
    assert 4_000 // (COST + 30) <= admitted(bench, raws).count("ok") <= 4_000 // COST
    assert bench.admission_code(bench.sign("north", "admin", Leave(None))) == "kernel.revoked_key"


def test_a_released_person_withdraws_and_does_nothing_else():
    bench = Bench(4)
    found, key = consents.bound(bench)
    bench.ok("east", "operator", Release(LABEL))
    for message in (Release(LABEL), rekeying(bench, member="east"), consents.agrees(found)):
        assert bench.admission_code(bench.sign_with(key, message, sequence=0)) == kernel.NO_ACT.code
    twice = bench.sign_with(key, consents.ends(found), consents.ends(found), sequence=0)
    assert bench.admission_code(twice) == kernel.OUTSIDE_MANDATE.code
    assert bench.block(bench.sign_with(key, consents.ends(found)))[0].code == "ok"


def test_what_a_person_cost_before_its_release_does_not_keep_it_from_withdrawing():
    bench = Bench(4)
    found, key = consents.bound(bench)
    bench.block(*nonsense(bench, key, 10))
    bench.ok("east", "operator", Release(LABEL))
    assert bench.block(bench.sign_with(key, consents.ends(found)))[0].code == "ok"
    again = [bench.sign_with(key, consents.ends(found)) for _ in range(4)]
    assert admitted(bench, again)[:3] == ["ok", "ok", "kernel.over_quota"]


def test_persons_who_act_and_go_cost_together_no_more_than_half_of_a_quota():
    bench = Bench(4, quota=replace(FULL_QUOTA, cost_per_epoch=8 * COST_MIN))
    keys = {label: enrolled(bench, label=label, word=label) for label in ("p1", "p2")}
    bench.time += HOUR
    ended = Withdraw(bytes(32), bytes(32), (PURPOSE,), bytes(32))
    for label, key in keys.items():
        sent = nonsense(bench, key, 20)
        bench.block(*sent[: admitted(bench, sent).count("ok")])
        bench.ok("north", "operator", Release(label))
        sent = [bench.sign_with(key, ended) for _ in range(20)]
        bench.block(*sent[: admitted(bench, sent).count("ok")])
    cost = sum(spent.cost for _, spent in PURSES.scan(bench.context()))
    assert 3 * COST_MIN < cost <= 4 * COST_MIN
    late = bench.run("north", "operator", enrolling(bench, label="p3", word="p3"))
    assert late.code == "identity.too_many_persons"  # a label is never free again


def test_what_a_person_signed_is_worth_nothing_in_another_network():
    bench, other = Bench(4), Bench(3)
    key = enrolled(bench)
    enrolled(other)
    assert other.admission_code(bench.sign_with(key, Release(LABEL))) == "kernel.wrong_network"


def test_slips_of_one_key_do_not_show_whose_they_are():
    slips = {slip_of_person(secret(number), consents.WHO) for number in range(3)}
    assert len(slips) == 3
    assert tagged("consortia/consent", secret(0)) not in slips


def test_what_a_person_shows_when_it_signs_opens_nothing_for_others():
    bench = Bench(4)
    found, key = consents.bound(bench)
    shown = consents.ends(found, purposes=("diagnosis",))
    bench.block(bench.sign_with(key, shown))
    assert bench.run("west", "worker", consents.ends(found)).code == "consent.not_yours"
    stands = {
        one.purpose: one.stands
        for one in bench.query("consent.consents", dataset=found.id, subject=subject(7)).consents
    }
    assert stands == {"diagnosis": False, PURPOSE: True}


def test_persons_are_listed_a_page_at_a_time_and_found_by_any_key_they_had():
    bench = Bench(4)
    labels = [f"p{at}" for at in (3, 1, 2, 10)]
    for label in labels:
        enrolled(bench, label=label, word=label)
    first = bench.query("identity.persons", ListPersons("north", None, 3))
    assert [one.label for one in first.persons] == ["p1", "p2", "p3"]
    assert (first.count, first.next) == (4, "p3")
    last = bench.query("identity.persons", ListPersons("north", first.next, PAGE_MAX))
    assert ([one.label for one in last.persons], last.next) == (["p10"], None)
    bench.ok("north", "operator", Release("p10"))
    key = person("p10").key_id
    seen = bench.query("identity.person", ByPersonKey(key))
    assert (seen.label, seen.person.released is not None) == ("p10", True)
    assert bench.query("identity.persons", ListPersons("north", None, 1)).count == 3
    with pytest.raises(Refused, match="no_person"):
        bench.query("identity.person", ByPersonKey(bytes(32)))


BREAKS = {
    "persons_hold_keys": [
        lambda c: PERSON_KEYS.put(c, PersonKey("north", LABEL, bytes(32)), bytes(32)),
        lambda c: OWNERS.put(c, Owner("east", joining=False), person().key_id),
        lambda c: PERSON_KEYS.delete(c, person().key_id),
        lambda c: PERSONS.delete(c, "north", LABEL),
        lambda c: PERSONS.put(c, Person(person().key_id, 0, None), "east", LABEL),
        lambda c: AGENT_NAMES.put(c, Named(bytes(32)), "north", LABEL),
    ],
    "persons_are_counted": [
        lambda c: CROWDS.put(c, Crowd(2, 1), "north"),
        lambda c: CROWDS.put(c, Crowd(1, 2), "north"),
        lambda c: CROWDS.delete(c, "north"),
        lambda c: PERSONS.put(c, Person(person().key_id, 0, 1), "north", LABEL),
    ],
}


@pytest.mark.parametrize("invariant", PERSON_INVARIANTS, ids=lambda each: each.name)
def test_a_broken_invariant_is_told(invariant):
    for broken in BREAKS[invariant.name]:
        bench = Bench(2)
        enrolled(bench)
        ctx = bench.context()
        assert invariant.check(ctx, None) is None
        broken(ctx)
        assert invariant.check(ctx, None) is not None
