"""The page that describes masked rounds is enough to compute one."""

import hashlib
import hmac
from itertools import combinations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB
from nacl.bindings import (
    crypto_aead_chacha20poly1305_ietf_decrypt,
    crypto_scalarmult,
    crypto_scalarmult_base,
)

from tests import kept

# ------------------------------------------------------------------ a second implementation
# From docs/reference/masking.md alone, with libsodium and the standard library; AES block by block.

ROUND = kept.files("masking")["round"]
ID = bytes.fromhex(ROUND["round"])
MEMBERS = ROUND["members"]
NAMES = sorted(MEMBERS)
P = 2**521 - 1


def tagged(tag, data):
    return hashlib.sha256(bytes([len(tag)]) + tag.encode() + data).digest()


def name(member):
    return bytes([len(member)]) + member.encode()


def hkdf(secret, info):
    return hmac.digest(hmac.digest(bytes(32), secret, "sha256"), info + b"\x01", "sha256")


def agree(private, public, info):
    return hkdf(crypto_scalarmult(private, bytes.fromhex(public)), info)


def stream(key, size):
    cipher = Cipher(AES256(key), ECB()).encryptor()  # noqa: S305 (counter mode, spelt out)
    blocks = (cipher.update(index.to_bytes(16, "big")) for index in range(-(-size // 16)))
    return b"".join(blocks)[:size]


def words(data):
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


def added(vector, sign, key):
    """A vector of 32-bit words plus or minus a stream, not yet reduced."""
    return [a + sign * b for a, b in zip(vector, words(stream(key, 4 * len(vector))), strict=True)]


def secret(member, part):
    at = ("seed", "masking", "sealing", "dealing").index(part) * 32
    return bytes.fromhex(MEMBERS[member]["secrets"])[at : at + 32]


def pair_key(private, public, one, other):
    first, second = sorted((one, other))
    return agree(private, public, b"consortia/mask" + ID + name(first) + name(second))


def own_key(member, seed):
    return hkdf(seed, b"\x12consortia/mask-own" + ID + name(member))


def share_hash(kind, dealer, holder, salt, share):
    return tagged(f"consortia/share-{kind}", ID + name(dealer) + name(holder) + salt + share).hex()


def bundles(dealer):
    """The opened bundles of a dealer's holders, by point, each share held to its hash."""
    found = {}
    for point, (holder, dealt) in enumerate(zip(NAMES, MEMBERS[dealer]["dealt"], strict=True), 1):
        info = b"consortia/seal" + ID + name(dealer) + name(holder)
        key = agree(secret(holder, "sealing"), MEMBERS[dealer]["sealing"], info)
        bundle = crypto_aead_chacha20poly1305_ietf_decrypt(
            bytes.fromhex(dealt["sealed"]), info, bytes(12), key
        )
        seed, key_share, seed_salt, key_salt = bundle[:66], bundle[66:132], bundle[132:164], bundle[164:]
        assert dealt["holder"] == holder
        assert dealt["seed"] == share_hash("seed", dealer, holder, seed_salt, seed)
        assert dealt["key"] == share_hash("key", dealer, holder, key_salt, key_share)
        found[point] = {"seed": seed, "key": key_share, "salts": seed_salt + key_salt}
    return found


def recovered(shares):
    total = 0
    for x, share in shares.items():
        weight = 1
        for other in shares:
            if other != x:
                weight = weight * other * pow(other - x, -1, P) % P
        total += weight * int.from_bytes(share, "big")
    return (total % P).to_bytes(32, "big")


@pytest.mark.parametrize("member", NAMES)
def test_what_a_member_publishes_follows_from_its_secrets(member):
    told = MEMBERS[member]
    assert crypto_scalarmult_base(secret(member, "masking")).hex() == told["masking"]
    assert crypto_scalarmult_base(secret(member, "sealing")).hex() == told["sealing"]
    assert tagged("consortia/seed", ID + name(member) + secret(member, "seed")).hex() == told["seed"]


@pytest.mark.parametrize("dealer", NAMES)
def test_any_three_holders_recover_what_a_dealer_dealt(dealer):
    opened = bundles(dealer)
    assert ROUND["threshold"] == 3
    for points in combinations(opened, 3):
        assert recovered({x: opened[x]["seed"] for x in points}) == secret(dealer, "seed")
        assert recovered({x: opened[x]["key"] for x in points}) == secret(dealer, "masking")


@pytest.mark.parametrize("dealer", NAMES)
def test_coefficients_and_salts_are_drawn_in_the_order_of_the_page(dealer):
    key = hkdf(secret(dealer, "dealing"), b"\x13consortia/mask-deal" + ID + name(dealer))
    data = stream(key, 4 * 66 + 8 * 32)
    drawn = [int.from_bytes(data[at : at + 66], "big") % 2**521 for at in range(0, 4 * 66, 66)]
    opened = bundles(dealer)
    assert b"".join(opened[x]["salts"] for x in sorted(opened)) == data[4 * 66 :]
    for part, kind, own in ((0, "seed", "seed"), (2, "key", "masking")):
        constant = int.from_bytes(secret(dealer, own), "big")
        for x, shares in opened.items():
            value = (constant + drawn[part] * x + drawn[part + 1] * x * x) % P
            assert int.from_bytes(shares[kind], "big") == value


@pytest.mark.parametrize("member", [member for member in NAMES if MEMBERS[member]["blob"]])
def test_a_members_blob_is_its_words_and_its_streams(member):
    total = added(MEMBERS[member]["words"], 1, own_key(member, secret(member, "seed")))
    for peer in NAMES:
        if peer != member:
            key = pair_key(secret(member, "masking"), MEMBERS[peer]["masking"], member, peer)
            total = added(total, 1 if member < peer else -1, key)
    assert [each % 2**32 for each in total] == words(bytes.fromhex(MEMBERS[member]["blob"]))


def test_the_sum_stands_bare_once_the_revealed_streams_are_taken_away():
    cohort = [member for member in NAMES if MEMBERS[member]["blob"]]
    (gone,) = set(NAMES) - set(cohort)
    points = {NAMES.index(member) + 1 for member in cohort}
    blobs = [words(bytes.fromhex(MEMBERS[member]["blob"])) for member in cohort]
    total = [sum(column) for column in zip(*blobs, strict=True)]
    for member in cohort:
        seed = recovered({x: share["seed"] for x, share in bundles(member).items() if x in points})
        total = added(total, -1, own_key(member, seed))
    private = recovered({x: share["key"] for x, share in bundles(gone).items() if x in points})
    for member in cohort:
        key = pair_key(private, MEMBERS[member]["masking"], gone, member)
        total = added(total, -1 if member < gone else 1, key)
    plain = [sum(column) for column in zip(*(MEMBERS[member]["words"] for member in cohort), strict=True)]
    assert [(each + 2**31) % 2**32 - 2**31 for each in total] == ROUND["sum"] == plain
