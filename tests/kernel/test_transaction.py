"""A transaction is signed for one network and one key, and has one id whatever its signature."""

import pytest

from consortia.base.codec import Malformed, encode_record, to_value
from consortia.base.envelope import assemble, open_envelope, seal
from consortia.base.keys import SigningKey
from consortia.kernel.transaction import (
    TRANSACTION_BYTES_MAX,
    VERSION,
    Call,
    Transaction,
    call,
    external_aad,
    parse_transaction,
    sign_transaction,
)
from consortia.modules.identity.messages import SetEndpoint

KEY = SigningKey(b"k" * 32)
NETWORK = b"n" * 32
ASKED = SetEndpoint("http://127.0.0.1:7001", None)
CALLS = (call(ASKED, "identity", "set_endpoint"),)


def signed(**fields):
    given = {"sequence": 3, "expires": 9, "lane": 2} | fields
    return sign_transaction(KEY, NETWORK, CALLS, **given)


def test_a_call_carries_a_message_to_the_method_of_its_name():
    assert (Call("identity.set_endpoint", to_value(ASKED)),) == CALLS


def test_what_was_signed_is_what_is_read():
    parsed = parse_transaction(signed(), NETWORK)
    assert parsed.transaction == Transaction(VERSION, NETWORK, KEY.key_id, 2, 3, 9, CALLS)
    assert parsed.envelope.verified(KEY.public, external_aad(NETWORK))


def test_the_id_follows_from_what_was_signed_and_not_from_the_signature():
    raw = signed()
    envelope = open_envelope(raw, size_max=TRANSACTION_BYTES_MAX)
    other = assemble(envelope.kid, envelope.payload, bytes(64))
    assert parse_transaction(other, NETWORK).id == parse_transaction(raw, NETWORK).id
    assert parse_transaction(raw, bytes(32)).id != parse_transaction(raw, NETWORK).id
    assert parse_transaction(signed(sequence=4), NETWORK).id != parse_transaction(raw, NETWORK).id


def test_an_envelope_of_another_key_than_the_transaction_names_is_malformed():
    record = Transaction(VERSION, NETWORK, bytes(32), 0, 0, 9, CALLS)
    with pytest.raises(Malformed, match="names another key"):
        parse_transaction(seal(encode_record(record), KEY, external_aad(NETWORK)), NETWORK)


@pytest.mark.parametrize(
    "fields",
    [
        {"version": 0},
        {"version": 2},
        {"lane": 16},
        {"lane": -1},
        {"calls": ()},
        {"calls": CALLS * 17},
        {"calls": (Call("identity", {}),)},
        {"calls": (Call("Identity.leave", {}),)},
        {"calls": (Call("identity.leave\n", {}),)},
        {"calls": (Call("a." + "b" * 79, {}),)},
    ],
    ids=str,
)
def test_a_transaction_beyond_a_limit_is_malformed(fields):
    held = {"version": VERSION, "network": NETWORK, "key": KEY.key_id, "lane": 15, "sequence": 0}
    good = held | {"expires": 9, "calls": CALLS * 16}
    assert parse_transaction(seal(encode_record(Transaction(**good)), KEY, b""), NETWORK)
    bad = seal(encode_record(Transaction(**(good | fields))), KEY, b"")
    with pytest.raises(Malformed):
        parse_transaction(bad, NETWORK)


def test_a_transaction_has_at_most_64_kib():
    with pytest.raises(Malformed, match="at most 65536"):
        parse_transaction(bytes(TRANSACTION_BYTES_MAX + 1), NETWORK)
