"""Keys verify under ZIP-215, and only points of prime order may be registered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.base.hashing import prefix, sha256, tagged
from consortia.base.keys import SigningKey, is_prime_order, key_id, verify

SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
]


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100))
def test_a_signature_verifies_for_its_key_and_message_only(seed: bytes, message: bytes) -> None:
    key = SigningKey(seed)
    signature = key.sign(message)
    assert verify(key.public, message, signature)
    assert not verify(key.public, message + b"x", signature)
    assert not verify(SigningKey(sha256(seed)).public, message, signature)
    assert not verify(key.public, message, signature[:-1])
    assert not verify(key.public[:-1], message, signature)


def test_rfc_8032_test_vector_1() -> None:
    key = SigningKey(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901")


@pytest.mark.parametrize("public", SMALL_ORDER)
def test_a_small_order_point_is_no_key(public: str) -> None:
    assert not is_prime_order(bytes.fromhex(public))


def test_zip_215_accepts_the_small_order_signature_that_others_refuse() -> None:
    public = bytes.fromhex(SMALL_ORDER[1])
    one, another = (verify(public, text, public + bytes(32)) for text in (b"any message", b"another"))
    assert one == another
    assert not is_prime_order(public)


def test_a_proper_key_has_prime_order_and_its_own_id() -> None:
    key = SigningKey(bytes(32))
    assert is_prime_order(key.public)
    assert key.key_id == key_id(key.public) == tagged("consortia/key", b"\x01" + key.public)


def test_a_key_never_shows_its_secret() -> None:
    key = SigningKey(b"\x07" * 32)
    assert (b"\x07" * 4).hex() not in repr(key)


def test_a_seed_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SigningKey(b"short")


def test_tags_separate_what_is_hashed() -> None:
    assert tagged("a", b"b") != tagged("ab", b"")
    assert tagged("consortia/x", b"y") == sha256(b"\x0bconsortia/xy")
    for tag in ("", "x" * 256):
        with pytest.raises(ValueError, match="1 to 255"):
            prefix(tag)
