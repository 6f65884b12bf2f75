import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.base.codec import Malformed
from consortia.base.shares import (
    BUNDLE_BYTES,
    Bundle,
    masking_info,
    sealing_info,
    seed_hash,
    share_hash,
    unpack_bundle,
)

ROUND = bytes(range(32))
SALT = b"s" * 32
SHARE = b"f" * 66
SIXTY_SIX = st.binary(min_size=66, max_size=66)
THIRTY_TWO = st.binary(min_size=32, max_size=32)


@given(SIXTY_SIX, SIXTY_SIX, THIRTY_TWO, THIRTY_TWO)
def test_a_bundle_is_read_as_it_was_packed(seed_share, key_share, seed_salt, key_salt):
    bundle = Bundle(seed_share, key_share, seed_salt, key_salt)
    assert len(bundle.pack()) == BUNDLE_BYTES
    assert unpack_bundle(bundle.pack()) == bundle


@pytest.mark.parametrize("size", [0, BUNDLE_BYTES - 1, BUNDLE_BYTES + 1])
def test_a_bundle_of_another_length_is_malformed(size):
    with pytest.raises(Malformed, match="196 bytes"):
        unpack_bundle(bytes(size))


def test_a_share_counts_for_one_round_dealer_holder_kind_and_salt_alone():
    hashes = {
        share_hash(ROUND, "east", "west", "seed", salt=SALT, share=SHARE),
        share_hash(ROUND, "east", "west", "key", salt=SALT, share=SHARE),
        share_hash(ROUND, "west", "east", "seed", salt=SALT, share=SHARE),
        share_hash(bytes(32), "east", "west", "seed", salt=SALT, share=SHARE),
        share_hash(ROUND, "east", "west", "seed", salt=bytes(32), share=SHARE),
        share_hash(ROUND, "eastw", "est", "seed", salt=SALT, share=SHARE),
    }
    assert len(hashes) == 6


def test_a_pair_derives_one_mask_from_both_sides_and_a_seal_for_each_direction():
    assert masking_info(ROUND, "east", "west") == masking_info(ROUND, "west", "east")
    assert sealing_info(ROUND, "east", "west") != sealing_info(ROUND, "west", "east")
    assert masking_info(ROUND, "east", "west") != masking_info(bytes(32), "east", "west")


def test_a_seed_is_fixed_for_one_member_of_one_round():
    assert seed_hash(ROUND, "east", SALT) != seed_hash(ROUND, "west", SALT)
    assert seed_hash(ROUND, "east", SALT) != seed_hash(bytes(32), "east", SALT)
