"""Consent through the front door: forty patients, one of whom withdraws while a study runs."""

import pytest
from msgspec.structs import replace

from consortia.base.codec import decode_record, encode_record
from consortia.base.times import DAY
from consortia.kernel.block import OK
from consortia.modules.assets.messages import NewVersion
from consortia.modules.consent.messages import Withdraw
from consortia.modules.identity.person_messages import Release
from consortia.modules.training.messages import Join, Start
from consortia.sdk.assets import Assets
from consortia.sdk.consent import Consent, HandedOut, Slip
from consortia.sdk.errors import LedgerError, Unreachable
from consortia.sdk.jsonform import from_json, to_json
from consortia.sdk.persons import Persons, any_label, offer_of, rekey_of
from consortia.testing.machine import Bench, BenchError, key_from
from consortia.testing.scenarios.persons_parts import LABEL, enrolled
from consortia.testing.scenarios.training_consent import RESEARCH
from consortia.testing.studies import all_committed, current, dataset, opened, proposed, submitted
from consortia.workers.vault import Vault
from tests.sdk.test_meters import Way

ROWS = [{"patient": f"p{number}", "age": str(40 + number)} for number in range(40) for _ in range(2)]


class ByKey(Way):
    """The way of a person, by its own key."""

    def __init__(self, bench, key):
        super().__init__(bench, "")
        self.key = key

    def submit(self, *records):
        time = self.bench.time
        (receipt,) = self.bench.block(self.bench.sign_with(self.key, *records))
        self.bench.time = time
        if receipt.code != OK:
            raise BenchError(receipt.code)
        return receipt


@pytest.fixture
def clinic(tmp_path):
    bench = Bench()
    way, vault = Way(bench, "north"), Vault(tmp_path)
    assets = Assets(way, "north", vault)
    assets.register_dataset(
        ROWS,
        name="patients",
        subject="patient",
        download=["east"],
        purposes=["research"],
    )
    desk = Consent(way, "north", vault, assets)
    desk.require("patients")
    slips = desk.give("patients", purposes=["research"], days=30, now=bench.time)
    return bench, desk, assets, slips


def test_a_study_goes_on_without_whoever_withdrew(clinic):
    bench, desk, assets, slips = clinic
    assert not desk.covered("patients", "research").allowed
    assert desk.cover("patients", "research").allowed
    study = proposed(bench, RESEARCH)
    bench.ok("north", "operator", Join(study, assets.get("patients").id, 1, 80))
    for name in ("east", "south", "west"):
        bench.ok(name, "operator", Join(study, dataset(bench, name), 1, 10))
    bench.ok("north", "analyst", Start(study))
    done = desk.withdraw("patients", "p7", ["research"])
    assert (done.version, done.studies) == (2, (study,))
    last = all_committed(bench, submitted(bench, current(bench, study)))
    bench.ok("north", "worker", opened(last))
    assert current(bench, study).records == 78 + 30
    assert not any(each.stands for each in desk.of("patients", slips["p7"].subject))


def test_a_person_withdraws_with_its_slip_through_another_member(clinic):
    bench, desk, _, slips = clinic
    desk.cover("patients", "research")
    slip = from_json(Slip, to_json(slips["p3"]))
    elsewhere = Consent(Way(bench, "west"), "west", None, desk._assets)
    elsewhere.withdraw_by_slip(slip, ["research"])
    assert not desk.covered("patients", "research").allowed
    with pytest.raises(BenchError, match="no_consent"):
        desk.cover("patients", "research")
    assert desk.withdraw("patients", "p3", ["research"]).version == 2
    assert desk.covered("patients", "research").allowed


def test_records_are_asked_for_by_consent_and_in_an_emergency(clinic):
    bench, desk, _, slips = clinic
    east = Consent(Way(bench, "east"), "east", None, desk._assets)
    east.ask("north/patients", slips["p1"].subject, "research", "blood counts")
    with pytest.raises(BenchError, match="no_right"):
        east.ask("north/patients", slips["p1"].subject, "marketing", "address")
    west = Consent(Way(bench, "west"), "west", None, desk._assets)
    west.break_glass("north/patients", slips["p1"].subject, "unconscious")
    assert [(use.member, use.purpose) for use in desk.uses("patients")] == [
        ("east", "research"),
        ("west", None),
    ]


def test_strangers_are_named(clinic):
    _, desk, _, _ = clinic
    with pytest.raises(LedgerError, match="knows no 'nobody'"):
        desk.give("patients", purposes=["research"], days=1, now=0, people=["nobody"])
    with pytest.raises(LedgerError, match="knows no 'nobody'"):
        desk.withdraw("patients", "nobody", ["research"])
    with pytest.raises(LedgerError, match="in no vault here"):
        Consent(desk._access, "east", None, desk._assets).cover("north/patients", "research")


def test_there_is_no_proof_of_somebody_unknown_or_in_no_version(clinic):
    _, desk, _, _ = clinic
    for person, version in (("nobody", None), ("p1", 7)):
        with pytest.raises(LedgerError, match="knows no"):
            desk.prove("patients", person, bytes, version)


def test_what_is_handed_out_is_checked_against_the_ledger_by_who_asked(clinic):
    bench, desk, _, slips = clinic
    east = Consent(Way(bench, "east"), "east", None, desk._assets)
    east.ask("north/patients", slips["p1"].subject, "research", "ages")
    handed = desk.hand_out("patients", 0)
    assert decode_record(HandedOut, encode_record(handed)) == handed
    assert east.receive(handed) == [{"age": "41"}, {"age": "41"}]
    forged = replace(handed, presence=replace(handed.presence, rows=handed.presence.rows[:1]))
    with pytest.raises(LedgerError, match="not the records on the ledger"):
        east.receive(forged)
    with pytest.raises(LedgerError, match="no version 9"):
        east.receive(replace(handed, version=9))
    with pytest.raises(LedgerError, match="nobody asked for records at place 5"):
        desk.hand_out("patients", 5)
    with pytest.raises(LedgerError, match="west did not ask"):
        Consent(Way(bench, "west"), "west", None, desk._assets).receive(handed)
    west = Consent(Way(bench, "west"), "west", None, desk._assets)
    west.break_glass("north/patients", slips["p1"].subject, "unconscious")
    west.withdraw_by_slip(slips["p1"], ["research"])
    with pytest.raises(LedgerError, match="does not consent to research any more"):
        desk.hand_out("patients", 0)
    assert desk.hand_out("patients", 1).place == 1
    desk.withdraw("patients", "p1", ["research"])
    with pytest.raises(LedgerError, match="has no records of that person in version 2"):
        desk.hand_out("patients", 1)


def test_a_consent_that_stands_is_prolonged_under_the_slip_that_its_person_has(clinic):
    bench, desk, _, slips = clinic
    kept = []
    both = {"purposes": ["care", "research"], "people": ["p7"], "now": bench.time}
    assert desk.give("patients", **(both | {"purposes": ["research"]}), days=60) == {}
    made = desk.give("patients", **both, days=90, keep=kept.append)
    assert kept == [made]
    west = Consent(Way(bench, "west"), "west", None, desk._assets)
    west.withdraw_by_slip(slips["p7"], ["research"])
    west.withdraw_by_slip(made["p7"], ["care"])
    assert [one.stands for one in desk.of("patients", slips["p7"].subject)] == [False, False]


def test_what_is_to_be_kept_is_kept_before_the_ledger_has_it(clinic):
    bench, desk, _, slips = clinic

    def stop(_):
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        desk.give("patients", purposes=["care"], days=9, now=bench.time, people=["p7"], keep=stop)
    assert [one.purpose for one in desk.of("patients", slips["p7"].subject)] == ["research"]


def test_a_withdrawal_tells_nobody_the_secret_for_another_purpose(clinic):
    bench, desk, _, _ = clinic
    slip = desk.give("patients", purposes=["care", "teaching"], days=9, now=bench.time, people=["p5"])["p5"]
    west = Way(bench, "west")
    Consent(west, "west", None, desk._assets).withdraw_by_slip(slip, ["teaching"])
    told = slip.secret_for("teaching")
    with pytest.raises(BenchError, match="not_yours"):
        west.submit(Withdraw(slip.dataset, slip.subject, ("care",), told))
    assert {one.purpose: one.stands for one in desk.of("patients", slip.subject)} == {
        "care": True,
        "research": True,
        "teaching": False,
    }


def test_a_withdrawal_that_was_interrupted_goes_on_where_it_was(clinic):
    _, desk, assets, _ = clinic
    desk.cover("patients", "research")
    submit = desk._access.submit

    def gone(*records):
        if any(isinstance(one, NewVersion) for one in records):
            raise Unreachable("the node is away")
        return submit(*records)

    desk._access.submit = gone
    with pytest.raises(Unreachable):
        desk.withdraw("patients", "p7", ["research"])
    desk._access.submit = submit
    assert desk.withdraw("patients", "p7", ["research"]).version == 2
    assert desk.withdraw("patients", "p8", ["research"]).version == 3
    assert desk._vault.dataset("patients").version == assets.get("patients").version == 3


def test_a_slip_of_a_persons_key_is_worth_nothing_without_it(clinic):
    bench, desk, _, _ = clinic
    key = enrolled(bench)
    desk.withdraw("patients", "p5", ["research"])
    called = f"north/{LABEL}"
    (slip,) = desk.give(
        "patients", purposes=["research"], days=30, now=bench.time, people=["p5"], keys={"p5": called}
    ).values()
    assert from_json(Slip, to_json(slip)) == slip
    with pytest.raises(BenchError, match="not_yours"):
        Consent(Way(bench, "west"), "west", None, desk._assets).withdraw_by_slip(slip, ["research"])
    own = Consent(ByKey(bench, key), "north", None, desk._assets)
    own.agree(slip, ["research"], days=60, now=bench.time)
    (given,) = desk.of("patients", slip.subject)
    assert given.consent.expires > bench.time + 59 * DAY
    bench.ok("north", "operator", Release(LABEL))
    own.withdraw_by_slip(slip, ["research"])
    assert not any(each.stands for each in desk.of("patients", slip.subject))


def test_a_slip_handed_out_before_persons_had_keys_is_read(clinic):
    _, _, _, slips = clinic
    told = to_json(slips["p1"])
    del told["person"]
    assert from_json(Slip, told) == slips["p1"]


def test_persons_are_enrolled_by_their_offers_listed_and_released():
    bench = Bench()
    desk = Persons(Way(bench, "north"), "north")
    labels = [any_label() for _ in range(3)]
    for label in labels:
        desk.enrol(offer_of(bench.network, "north", label, key_from("person", label)))
    with pytest.raises(BenchError, match="bad_possession"):
        desk.enrol(offer_of(bench.network, "east", any_label(), key_from("person", "stray")))
    desk.release(labels[0])
    assert sorted(one.label for one in desk.list()) == sorted(labels)
    assert [one.label for one in desk.list() if one.person.released] == labels[:1]
    view = desk.of_key(key_from("person", labels[1]).key_id)
    ByKey(bench, key_from("person", labels[1])).submit(rekey_of(bench.network, view, key_from("next")))
    assert desk.of_key(key_from("next").key_id).label == labels[1]
