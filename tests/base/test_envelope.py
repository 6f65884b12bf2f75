"""An envelope has one shape and one spelling, and its signature binds key, payload and context."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.base.codec import Malformed, encode
from consortia.base.envelope import assemble, content_id, kid_of, open_envelope, seal
from consortia.base.keys import SigningKey

KEY = SigningKey(b"k" * 32)
SIZE = 1 << 20


@given(st.binary(max_size=70_000), st.binary(max_size=40))
def test_what_is_sealed_opens_and_verifies(payload: bytes, aad: bytes) -> None:
    envelope = open_envelope(seal(payload, KEY, aad), size_max=SIZE)
    assert (envelope.kid, envelope.payload) == (KEY.key_id, payload)
    assert envelope.verified(KEY.public, aad)
    assert not envelope.verified(KEY.public, aad + b"x")


def test_the_key_that_sealed_it_is_read_from_its_beginning() -> None:
    data = seal(b"payload", KEY, b"")
    assert kid_of(data) == KEY.key_id
    start = len(data) - len(b"payload") - 1 - 66  # what stands before the payload and the signature
    assert kid_of(data[:start]) == KEY.key_id
    assert kid_of(data[: start - 1]) is None
    assert kid_of(b"x" + data) is None


def test_it_is_a_cose_sign1_array_of_rfc_9052() -> None:
    data = seal(b"payload", KEY, b"")
    protected = bytes.fromhex("a20127045820") + KEY.key_id
    signature = open_envelope(data, size_max=SIZE).signature
    assert data == encode([protected, {}, b"payload", signature])
    signed = open_envelope(data, size_max=SIZE).sig_structure(b"aad")
    assert signed == encode(["Signature1", protected, b"aad", b"payload"])


@given(st.integers(0, 170), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_does_not_verify(at: int, change: int) -> None:
    data = bytearray(seal(b"x" * 60, KEY, b"aad"))
    at %= len(data)
    data[at] ^= change
    try:
        envelope = open_envelope(bytes(data), size_max=SIZE)
    except Malformed:
        return
    assert envelope.kid != KEY.key_id or not envelope.verified(KEY.public, b"aad")


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        open_envelope(data, size_max=SIZE)


def test_a_longer_spelling_of_the_payload_length_is_refused() -> None:
    data = seal(b"abc", KEY, b"")
    head = data.index(b"\x43abc")
    with pytest.raises(Malformed):
        open_envelope(data[:head] + b"\x58\x03abc" + data[head + 4 :], size_max=SIZE)


def test_an_envelope_beyond_the_limit_is_refused() -> None:
    with pytest.raises(Malformed, match="at most 10"):
        open_envelope(seal(b"abc", KEY, b""), size_max=10)


def test_the_id_does_not_depend_on_the_signature() -> None:
    one = open_envelope(seal(b"abc", KEY, b""), size_max=SIZE)
    other = open_envelope(assemble(one.kid, one.payload, bytes(64)), size_max=SIZE)
    assert content_id("t", one.sig_structure(b"")) == content_id("t", other.sig_structure(b""))
