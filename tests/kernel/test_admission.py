"""Which transactions a block may hold: every refusal of admission, met by real bytes."""

from dataclasses import replace

import pytest

from consortia.base.codec import encode, encode_record
from consortia.base.envelope import assemble, seal
from consortia.base.keys import SigningKey, is_prime_order, key_id
from consortia.base.refusals import Refused
from consortia.base.times import HOUR
from consortia.kernel import refusals as codes
from consortia.kernel.admission import is_deferred
from consortia.kernel.application import Application
from consortia.kernel.batch import static_cost
from consortia.kernel.block import OK
from consortia.kernel.genesis import Limits
from consortia.kernel.ports import Bounds, Quota
from consortia.kernel.transaction import (
    CALLS_MAX,
    TRANSACTION_BYTES_MAX,
    Call,
    Transaction,
    external_aad,
    sign_transaction,
)
from consortia.modules import identity
from consortia.modules.identity.messages import (
    Accept,
    ApproveMember,
    Leave,
    ProposeMember,
    RevokeKey,
    SetQuota,
)
from consortia.modules.identity.rules import FULL_QUOTA
from consortia.testing.machine import Bench, Party, key_from
from consortia.testing.probe import MODULE, Erase, Refuse, Spend, Write, probe_application
from consortia.testing.scenarios.identity_parts import added

SMALL_ORDER_POINTS = (
    bytes(32),
    b"\x01" + bytes(31),
    b"\xec" + b"\xff" * 30 + b"\x7f",
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
)
"""Points of order 4, 1, 2, 8 and 8 (RFC 8032 encoding)."""


def bench_of(members=2, **settings):
    return Bench(members, app=probe_application(), **settings)


class Binding(identity.Keeper):
    """Identity's keys, each bound to begin with a writing, after which it may only erase."""

    def key(self, ctx, key):
        state = super().key(ctx, key)
        return state and replace(state, bounds=Bounds("probe.write", frozenset({"probe.erase"})))


@pytest.fixture
def bench():
    return bench_of()


def note(name="entry"):
    return Write(name, "text")


def transaction(bench, **fields):
    """The payload of a good transaction with fields changed, sealed by north's operator."""
    key = bench.key("north", "operator")
    record = Transaction(1, bench.network, key.key_id, 0, 0, bench.time + HOUR, (bench.call(note()),))
    value = {name: getattr(record, name) for name in Transaction.__struct_fields__} | fields
    return seal(encode(value), key, external_aad(bench.network))


def test_a_good_transaction_is_admitted(bench):
    assert bench.admission_code(transaction(bench)) == OK


def test_more_than_64_kib_are_oversize_before_anything_is_read(bench):
    assert bench.admission_code(bytes(TRANSACTION_BYTES_MAX + 1)) == "kernel.oversize"
    assert bench.admission_code(bytes(TRANSACTION_BYTES_MAX)) == "kernel.malformed"


@pytest.mark.parametrize(
    "fields",
    [
        {"version": 2},
        {"network": b"short"},
        {"key": b"short"},
        {"lane": 16},
        {"lane": -1},
        {"sequence": -1},
        {"sequence": 1 << 63},
        {"expires": "tomorrow"},
        {"expires": True},
        {"calls": ()},
        {"calls": ({"method": "probe.write", "args": {}},) * (CALLS_MAX + 1)},
        {"calls": ({"method": "no method", "args": {}},)},
        {"calls": ({"method": "probe.write\n", "args": {}},)},
        {"calls": ({"method": "probe.write", "args": []},)},
        {"calls": ({"method": "probe.write", "args": {}, "more": 1},)},
        {"unknown": 1},
    ],
    ids=str,
)
def test_a_field_that_is_wrong_or_beyond_its_limit_is_malformed(bench, fields):
    assert bench.admission_code(transaction(bench, **fields)) == "kernel.malformed"


def test_other_bytes_than_the_one_envelope_are_malformed(bench):
    raw = bench.sign("north", "operator", note())
    for wrong in (b"", raw[:-1], raw + b"\x00", b"\xd2" + raw, b"\x00" * len(raw)):
        assert bench.admission_code(wrong) == "kernel.malformed"


def test_a_payload_in_another_encoding_is_malformed(bench):
    key = bench.key("north", "operator")
    record = Transaction(1, bench.network, key.key_id, 0, 0, bench.time, (bench.call(note()),))
    payload = encode_record(record)
    assert payload.count(b"\x64lane\x00") == 1
    longer = payload.replace(b"\x64lane\x00", b"\x64lane\x18\x00")
    assert bench.admission_code(seal(longer, key, external_aad(bench.network))) == "kernel.malformed"


def test_an_envelope_that_names_another_key_than_the_transaction_is_malformed(bench):
    other = bench.key("north", "admin")
    key = bench.key("north", "operator")
    record = Transaction(1, bench.network, key.key_id, 0, 0, bench.time, (bench.call(note()),))
    raw = seal(encode_record(record), other, external_aad(bench.network))
    assert bench.admission_code(raw) == "kernel.malformed"


def test_a_transaction_for_another_network_is_refused(bench):
    other = bytes(32)
    raw = sign_transaction(
        bench.key("north", "operator"), other, (bench.call(note()),), sequence=0, expires=bench.time
    )
    assert bench.admission_code(raw) == "kernel.wrong_network"


def test_a_signature_made_for_another_network_does_not_count_here(bench):
    key = bench.key("north", "operator")
    record = Transaction(1, bench.network, key.key_id, 0, 0, bench.time, (bench.call(note()),))
    raw = seal(encode_record(record), key, external_aad(bytes(32)))
    assert bench.admission_code(raw) == "kernel.bad_signature"


def test_an_unknown_method_is_refused(bench):
    raw = transaction(bench, calls=(Call("probe.vanish", {}),))
    assert bench.admission_code(raw) == "kernel.unknown_method"


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"name": "entry"},
        {"name": "entry", "text": "t", "more": 1},
        {"name": "Entry", "text": "t"},
        {"name": "entry\n", "text": "t"},
        {"name": "entry", "text": "t" * 1001},
        {"name": "entry", "text": b"t"},
        {"name": "entry", "text": None},
    ],
    ids=str,
)
def test_arguments_that_are_not_the_message_are_refused(bench, args):
    raw = transaction(bench, calls=(Call("probe.write", args),))
    assert bench.admission_code(raw) == "kernel.bad_arguments"


def test_text_does_not_stand_for_bytes(bench):
    raw = transaction(bench, calls=(Call("identity.revoke_key", {"key": "A" * 43 + "="}),))
    assert bench.admission_code(raw) == "kernel.bad_arguments"


def test_an_unknown_key_is_refused(bench):
    raw = bench.sign_with(key_from("nobody"), note())
    assert bench.admission_code(raw) == "kernel.unknown_key"


@pytest.mark.parametrize("point", SMALL_ORDER_POINTS, ids=bytes.hex)
def test_a_small_order_key_signs_nothing(bench, point):
    """Under ZIP-215 the signature (R = A, S = 0) of such a key fits any message, so none is ever known."""
    assert not is_prime_order(point)
    record = Transaction(1, bench.network, key_id(point), 0, 0, bench.time, (bench.call(note()),))
    raw = assemble(key_id(point), encode_record(record), point + bytes(32))
    assert bench.admission_code(raw) == "kernel.unknown_key"


def test_a_revoked_key_is_refused_from_the_next_block(bench):
    key = bench.key("north", "operator")
    revoke = bench.sign("north", "admin", RevokeKey(key.key_id))
    same_block = bench.sign("north", "operator", note())
    assert [receipt.code for receipt in bench.block(revoke, same_block)] == [OK, OK]
    assert bench.admission_code(bench.sign("north", "operator", note())) == "kernel.revoked_key"


def test_a_new_key_acts_from_the_next_block(bench):
    message, key = added(bench, "north", "operator")
    raw = bench.sign("north", "admin", message)
    early = bench.sign_with(key, note(), sequence=0)
    with pytest.raises(ValueError, match=r"transaction 1 is not admitted: kernel\.unknown_key"):
        bench.block(raw, early)
    bench.block(raw)
    assert bench.admission_code(early) == OK


def test_every_key_of_a_member_that_left_is_refused(bench):
    bench.ok("north", "admin", Leave(None))
    for role in bench.parties["north"].keys:
        raw = bench.sign_with(bench.key("north", role), note())
        assert bench.admission_code(raw) == "kernel.revoked_key"


def test_a_role_that_the_method_does_not_name_is_refused(bench):
    for role in ("node", "recovery", "admin", "worker", "analyst", "approver", "trustee"):
        assert bench.admission_code(bench.sign("north", role, note())) == "kernel.wrong_role"


def test_every_call_needs_the_role(bench):
    raw = bench.sign("north", "operator", note(), SetQuota(FULL_QUOTA))
    assert bench.admission_code(raw) == "kernel.wrong_role"


def test_a_bound_key_begins_with_its_one_method_and_goes_on_with_those_it_was_given():
    bound = Bench(2, app=Application(modules=(identity.module(), MODULE), keys=Binding()))
    write, erase = note(), Erase("entry")
    for messages, code in (
        ((write,), OK),
        ((write, erase, erase), OK),
        ((erase,), "kernel.no_act"),
        ((erase, write), "kernel.no_act"),
        ((write, write), "kernel.outside_mandate"),
        ((write, erase, Spend(1)), "kernel.outside_mandate"),
    ):
        assert bound.admission_code(bound.sign("north", "operator", *messages, sequence=0)) == code


def test_a_joiner_may_only_accept_and_only_until_the_proposal_expires(bench):
    party = Party.named("harbour")
    keys = party.new_keys(bench.network)
    proposal = ProposeMember("harbour", "", keys, FULL_QUOTA, bench.time + HOUR)
    bench.ok("north", "admin", proposal)
    bench.parties["harbour"] = party
    accept = Accept("harbour", None)
    assert (
        bench.admission_code(bench.sign("harbour", "admin", ApproveMember("harbour", bytes(32))))
        == "kernel.wrong_role"
    )
    assert bench.admission_code(bench.sign("harbour", "operator", accept)) == "kernel.wrong_role"
    assert bench.admission_code(bench.sign_with(party.keys["admin"], accept, sequence=0)) == OK
    bench.time += 2 * HOUR
    assert (
        bench.admission_code(bench.sign_with(party.keys["admin"], accept, sequence=0)) == "kernel.revoked_key"
    )


def test_a_transaction_is_in_time_up_to_its_expiry(bench):
    assert bench.admission_code(bench.sign("north", "operator", note(), expires=bench.time)) == OK
    late = bench.sign("north", "operator", note(), sequence=0, expires=bench.time - 1)
    assert bench.admission_code(late) == "kernel.expired"


def test_a_transaction_is_never_admitted_twice(bench):
    raw = bench.sign("north", "operator", note())
    bench.block(raw)
    assert bench.admission_code(raw) == "kernel.replayed"
    again = bench.sign("north", "operator", note())
    with pytest.raises(ValueError, match=r"transaction 1 is not admitted: kernel\.replayed"):
        bench.block(again, again)


def test_a_refused_transaction_is_never_admitted_twice(bench):
    raw = bench.sign("north", "operator", Refuse("entry"))
    assert bench.block(raw)[0].code == "probe.unwanted"
    assert bench.admission_code(raw) == "kernel.replayed"


def test_sequences_have_no_gaps_and_lanes_count_apart(bench):
    assert bench.admission_code(bench.sign("north", "operator", note(), sequence=1)) == "kernel.out_of_order"
    raws = [bench.sign("north", "operator", note(), lane=lane) for lane in (0, 15, 0, 7, 15)]
    assert [receipt.code for receipt in bench.block(*raws)] == [OK] * 5
    assert bench.next_sequence(bench.key("north", "operator"), 15) == 2


def test_a_flipped_bit_anywhere_is_refused(bench):
    raw = bench.sign("north", "operator", note())
    for at in range(0, len(raw), 7):
        wrong = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        assert bench.admission_code(wrong) != OK


def test_a_signature_of_another_key_is_refused(bench):
    raw = bench.sign("north", "operator", note())
    other = bench.sign("east", "operator", note())
    assert bench.admission_code(raw[:-64] + other[-64:]) == "kernel.bad_signature"


def test_the_epochs_quota_is_refused_and_renews(bench):
    tight = bench_of(quota=Quota(1_000, 1_500, 1 << 30, 10))
    assert tight.run("north", "operator", Spend(800)).code == OK
    raw = tight.sign("north", "operator", Spend(800))
    assert tight.admission_code(raw) == "kernel.over_quota"
    assert tight.machine.admission(tight.state, tight.tip, tight.time).quota("north").cost_per_epoch == 1_500
    assert tight.admission_code(tight.sign("east", "operator", Spend(800))) == OK
    tight.time += tight.genesis.limits.epoch_milliseconds
    assert tight.admission_code(tight.sign_with(tight.key("north", "operator"), Spend(800), sequence=1)) == OK


def test_what_exceeds_a_block_waits_for_the_next(bench):
    tight = bench_of(quota=Quota(1_000, 1 << 40, 1 << 30, 10))
    admission = tight.machine.admission(tight.state, tight.tip, tight.time)
    first, second = (tight.sign("north", "operator", Spend(800)) for _ in range(2))
    admission.admit(first)
    with pytest.raises(Refused) as caught:
        admission.admit(second)
    assert caught.value.refusal is codes.BLOCK_FULL
    assert is_deferred(caught.value.refusal)
    admission.admit(tight.sign("east", "operator", Spend(800)))
    tight.block(first)
    assert tight.admission_code(second) == OK


@pytest.mark.parametrize("limits", [Limits(1_000, 10_000, 1_000), Limits(1 << 40, 1, 1_000)])
def test_a_block_is_full_by_cost_and_by_count(limits):
    tight = bench_of(limits=limits)
    admission = tight.machine.admission(tight.state, tight.tip, tight.time)
    admission.admit(tight.sign("north", "operator", Spend(800)))
    with pytest.raises(Refused) as caught:
        admission.admit(tight.sign("east", "operator", Spend(800)))
    assert caught.value.refusal is codes.BLOCK_FULL


def test_a_refusal_leaves_the_fold_as_it_was(bench):
    admission = bench.machine.admission(bench.state, bench.tip, bench.time)
    good = bench.sign("north", "operator", note())
    wrong = good[:-1] + bytes([good[-1] ^ 1])
    for _ in range(2):
        with pytest.raises(Refused):
            admission.admit(wrong)
    assert admission.consumed() == {}
    admitted = admission.admit(good)
    assert admission.consumed() == {"north": admitted.cost}
    assert admitted.cost == static_cost(admitted.parsed, admitted.calls) == 100 + len(good) // 16
    assert (
        admission.public_key(bench.key("north", "operator").key_id) == bench.key("north", "operator").public
    )
    assert admission.public_key(bytes(32)) is None


def test_the_first_reason_in_order_is_given(bench):
    """Each transaction has the fault of its row and of all rows below it that it can have at once."""
    stranger, key = key_from("nobody"), bench.key("north", "admin")

    def signed(signer: SigningKey, network: bytes, call: Call, sequence: int, expires: int) -> bytes:
        raw = sign_transaction(signer, network, (call,), sequence=sequence, expires=expires)
        return raw[:-1] + bytes([raw[-1] ^ 1])

    past, good, bad = bench.time - 1, bench.call(note()), Call("probe.write", {})
    here, there = bench.network, bytes(32)
    operator = bench.key("north", "operator")
    bench.run("north", "operator", note())
    rows = [
        ("kernel.wrong_network", signed(stranger, there, Call("probe.vanish", {}), 9, past)),
        ("kernel.unknown_method", signed(stranger, here, Call("probe.vanish", {}), 9, past)),
        ("kernel.bad_arguments", signed(stranger, here, bad, 9, past)),
        ("kernel.unknown_key", signed(stranger, here, good, 9, past)),
        ("kernel.wrong_role", signed(key, here, good, 9, past)),
        ("kernel.expired", signed(operator, here, good, 0, past)),
        ("kernel.replayed", signed(operator, here, good, 0, bench.time)),
        ("kernel.out_of_order", signed(operator, here, good, 9, bench.time)),
        ("kernel.bad_signature", signed(operator, here, good, 1, bench.time)),
    ]
    assert [bench.admission_code(raw) for _, raw in rows] == [code for code, _ in rows]
