"""Agreed keys have one spelling and are never zero; what is sealed opens with its key alone."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from consortia.base.codec import Malformed
from consortia.base.sealing import agree, check_public, derive, open_sealed, public_of, seal

PRIME = (1 << 255) - 19
SECRET = st.binary(min_size=32, max_size=32)
SMALL_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


def test_rfc_7748_section_6_1():
    bob = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    alice = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    shared = bytes.fromhex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    assert public_of(bob).hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    assert agree(bob, alice, b"info") == derive(shared, b"info")


@given(SECRET, SECRET, st.binary(max_size=100))
def test_both_sides_agree_on_one_key_and_on_another_for_another_purpose(mine, yours, info):
    key = agree(mine, public_of(yours), info)
    assert key == agree(yours, public_of(mine), info)
    assert key != agree(mine, public_of(yours), info + b"\x00")
    assert len(key) == 32


@given(SECRET)
def test_every_private_key_has_a_public_key_that_is_accepted(private):
    check_public(public_of(private))


@pytest.mark.parametrize("public", SMALL_ORDER)
def test_a_key_that_agrees_on_zero_is_refused(public):
    point = bytes.fromhex(public)
    with pytest.raises(ValueError, match="shared key"):
        X25519PrivateKey.from_private_bytes(b"\x07" * 32).exchange(X25519PublicKey.from_public_bytes(point))
    for refuses in (check_public, lambda key: agree(b"\x07" * 32, key, b"")):
        with pytest.raises(Malformed, match="small order"):
            refuses(point)


@given(SECRET, st.integers(0, 18))
def test_a_point_has_one_spelling(private, low):
    """The library reads the top bit away and reduces: these are other spellings of keys it accepts."""
    public = public_of(private)
    high = bytes([*public[:31], public[31] | 0x80])
    beyond = (PRIME + low).to_bytes(32, "little")
    for spelling in (high, beyond):
        with pytest.raises(Malformed, match="one spelling"):
            agree(private, spelling, b"")


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_has_32_bytes(size):
    key = b"\x09" * size
    for refuses in (
        lambda: public_of(key),
        lambda: check_public(key),
        lambda: agree(key, public_of(bytes(32)), b""),
        lambda: agree(bytes(32), key, b""),
        lambda: derive(key, b""),
        lambda: seal(key, b"", b""),
        lambda: open_sealed(key, bytes(16), b""),
    ):
        with pytest.raises(Malformed, match="32 bytes"):
            refuses()


@given(SECRET, st.binary(max_size=300), st.binary(max_size=50), st.data())
def test_what_is_sealed_opens_whole_or_not_at_all(key, plaintext, aad, data):
    sealed = seal(key, plaintext, aad)
    assert len(sealed) == len(plaintext) + 16
    assert open_sealed(key, sealed, aad) == plaintext
    bit = data.draw(st.integers(0, 8 * len(sealed) - 1))
    changed = bytearray(sealed)
    changed[bit // 8] ^= 1 << bit % 8
    for wrong in (
        lambda: open_sealed(key, bytes(changed), aad),
        lambda: open_sealed(key, sealed, aad + b"x"),
        lambda: open_sealed(derive(key, b"another"), sealed, aad),
        lambda: open_sealed(key, sealed[:-1], aad),
    ):
        with pytest.raises(Malformed):
            wrong()


def test_rfc_8439_section_2_8_2_with_the_zero_nonce_of_another_reader():
    from nacl.bindings import crypto_aead_chacha20poly1305_ietf_encrypt

    key, text, aad = bytes(range(32)), b"the share of a seed", b"from alice to bob"
    assert seal(key, text, aad) == crypto_aead_chacha20poly1305_ietf_encrypt(text, aad, bytes(12), key)


def test_rfc_5869_as_written_out_with_hmac():
    import hmac

    secret, info = b"\x0b" * 32, b"\xf0\xf1"
    extracted = hmac.digest(bytes(32), secret, "sha256")
    assert derive(secret, info) == hmac.digest(extracted, info + b"\x01", "sha256")


def test_sizes_are_capped():
    with pytest.raises(Malformed, match="at most 1024"):
        derive(bytes(32), bytes(1025))
    with pytest.raises(Malformed, match="at most 65536"):
        seal(bytes(32), bytes(65537), b"")
    with pytest.raises(Malformed, match="no sealed message"):
        open_sealed(bytes(32), bytes(65536 + 17), b"")
    assert open_sealed(bytes(32), seal(bytes(32), bytes(65536), b""), b"") == bytes(65536)
