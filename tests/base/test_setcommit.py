"""The set hash: its bytes, and one valid path per key, for presence or absence."""

import random
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.base import setcommit
from consortia.base.codec import decode_record, encode_record
from consortia.base.hashing import tagged
from consortia.base.setcommit import SetPath, SetPathError


def entries(count: int, seed: int = 0) -> dict[bytes, bytes]:
    draw = random.Random(seed)
    return {draw.randbytes(32): draw.randbytes(32) for _ in range(count)}


def test_a_small_set_is_one_hash_of_its_sorted_entries() -> None:
    for count in range(17):
        some = entries(count)
        packed = b"".join(key + some[key] for key in sorted(some))
        assert setcommit.root(some) == tagged("consortia/set/leaf", packed)
    assert setcommit.root({}) == setcommit.EMPTY_ROOT == tagged("consortia/set/leaf", b"")


def test_a_larger_set_is_a_node_over_its_halves_by_the_next_bit() -> None:
    some = entries(17)
    halves = [{k: v for k, v in some.items() if k[0] >> 7 == side} for side in (0, 1)]
    joined = (17).to_bytes(8, "big") + setcommit.root(halves[0]) + setcommit.root(halves[1])
    assert setcommit.root(some) == tagged("consortia/set/node", joined)


def test_bits_count_from_the_most_significant() -> None:
    key = bytes([0b1010_0000, 0b0000_0001]) + bytes(30)
    assert [setcommit.bit(key, depth) for depth in (0, 1, 2, 3, 14, 15, 16)] == [1, 0, 1, 0, 0, 1, 0]


def test_the_root_does_not_depend_on_order() -> None:
    some = list(entries(100).items())
    root = setcommit.root(dict(some))
    random.Random(1).shuffle(some)
    assert setcommit.root(dict(some)) == root


@given(st.integers(0, 300), st.integers(0, 10**6))
def test_presence_and_absence_are_shown_for_every_key(count: int, seed: int) -> None:
    some = entries(count, seed)
    root = setcommit.root(some)
    for key in [*list(some)[:10], sha256(b"%d" % seed).digest()]:
        path = setcommit.path(some, key)
        assert decode_record(SetPath, encode_record(path)) == path
        if key in some:
            setcommit.verify_presence(root, key, some[key], path)
            with pytest.raises(SetPathError, match="in the set"):
                setcommit.verify_absence(root, key, path)
            with pytest.raises(SetPathError, match="not in the leaf set"):
                setcommit.verify_presence(root, key, bytes(32), path)
        else:
            setcommit.verify_absence(root, key, path)
            with pytest.raises(SetPathError, match="not in the leaf set"):
                setcommit.verify_presence(root, key, bytes(32), path)
        with pytest.raises(SetPathError, match="does not lead"):
            setcommit.verify_absence(bytes(32), key, path)
        with pytest.raises(SetPathError, match="does not lead"):
            setcommit.verify_presence(bytes(32), key, bytes(32), path)


def test_keys_that_share_a_long_prefix_are_split_as_deep_as_it_takes() -> None:
    some = {bytes(31) + bytes([last]): bytes(32) for last in range(17)}
    root = setcommit.root(some)
    path = setcommit.path(some, bytes(32))
    assert len(path.siblings) == 252
    setcommit.verify_presence(root, bytes(32), bytes(32), path)


def mutants(path: SetPath) -> list[SetPath]:
    """Every path that differs from `path` by one small lie."""
    siblings, entries = path.siblings, path.entries
    found = [
        SetPath(siblings, entries[::-1]),
        SetPath(((1, bytes(32)), *siblings), entries),
        SetPath((*siblings, (0, setcommit.EMPTY_ROOT)), entries),
        SetPath((*siblings, (1 << 62, bytes(32)), (1 << 62, bytes(32))), entries),
    ]
    for at, (count, digest) in enumerate(siblings):
        before, after = siblings[:at], siblings[at + 1 :]
        lies = (count + 1, digest), (count, sha256(digest).digest()), (0, digest)
        found.extend(SetPath((*before, lie, *after), entries) for lie in lies)
        found.append(SetPath(before + after, entries))
    for at, (key, value) in enumerate(entries):
        before, after = entries[:at], entries[at + 1 :]
        found.append(SetPath(siblings, before + after))
        found.append(SetPath(siblings, (*before, (key, value), (key, value), *after)))
        found.append(SetPath(siblings, (*before, (key, sha256(value).digest()), *after)))
    return [mutant for mutant in found if mutant != path]


def test_a_key_has_one_valid_path_only() -> None:
    some = entries(80, seed=3)
    root = setcommit.root(some)
    present, absent = min(some), bytes(32)
    for key in (present, absent):
        for mutant in mutants(setcommit.path(some, key)):
            with pytest.raises(SetPathError):
                setcommit.verify_presence(root, key, some.get(key, bytes(32)), mutant)
            with pytest.raises(SetPathError):
                setcommit.verify_absence(root, key, mutant)


def test_a_path_to_another_place_shows_nothing_about_a_key() -> None:
    some = entries(80, seed=4)
    root = setcommit.root(some)
    low, high = min(some), max(some)
    with pytest.raises(SetPathError, match="belongs elsewhere"):
        setcommit.verify_absence(root, low, setcommit.path(some, high))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (SetPath((), tuple((bytes([n]) * 32, bytes(32)) for n in range(17))), "too large"),
        (SetPath(((3, bytes(32)),), ((bytes(32), bytes(32)),)), "deeper than the law splits"),
        (SetPath(((17, b"short"),), ()), "32 bytes"),
        (SetPath((), ((b"short", bytes(32)),)), "32 bytes"),
        (SetPath(((-1, bytes(32)),), ()), "negative"),
        (SetPath(((17, bytes(32)),) * 257, ()), "deeper than a key hash"),
        (SetPath((((1 << 63) - 1, bytes(32)),) * 2, ()), "out of range"),
    ],
)
def test_a_malformed_path_is_refused(path: SetPath, message: str) -> None:
    with pytest.raises(SetPathError, match=message):
        setcommit.root_from_path(bytes(32), path)


def test_digests_have_32_bytes() -> None:
    for bad in ({b"": bytes(32)}, {bytes(32): b""}):
        with pytest.raises(ValueError, match="32 bytes"):
            setcommit.root(bad)
    with pytest.raises(ValueError, match="32 bytes"):
        setcommit.path({}, b"")
    with pytest.raises(ValueError, match="whole entries"):
        setcommit.unpack(bytes(63))


def test_packing_is_undone_by_unpacking() -> None:
    some = sorted(entries(5).items())
    assert setcommit.unpack(setcommit.pack(some)) == some


@given(st.integers(0, 400), st.integers(16, 90), st.integers(0, 10**6))
def test_a_set_is_shown_whole_in_parts_that_follow_one_another(count: int, most: int, seed: int) -> None:
    some, start, seen = entries(count, seed), 0, dict[bytes, bytes]()
    while start < 1 << 256:
        place = start.to_bytes(32, "big")
        siblings, here = setcommit.part(some, place, most)
        assert len(here) <= most
        assert setcommit.root_of_part(place, siblings, here) == setcommit.root(some)
        seen |= dict(here)
        start += 1 << (256 - len(siblings))
    assert seen == some


def test_a_part_that_leaves_somebody_out_leads_elsewhere() -> None:
    some = entries(200)
    siblings, here = setcommit.part(some, bytes(32), 60)
    for gone in range(len(here)):
        left = (*here[:gone], *here[gone + 1 :])
        assert setcommit.root_of_part(bytes(32), siblings, left) != setcommit.root(some)


def test_a_malformed_part_is_refused() -> None:
    some = entries(200)
    siblings, here = setcommit.part(some, bytes(32), 60)
    other = setcommit.part(some, b"\x80" + bytes(31), 60)[1]
    wrong = {
        "unsorted": (siblings, here[::-1]),
        "repeats": (siblings, (here[0], *here)),
        "belongs elsewhere": (siblings, (*here, *other)),
        "deeper than the law splits": (((3, bytes(32)),), here[:2]),
        "out of range": (((1 << 63, bytes(32)),), here),
        "32 bytes": (siblings, ((b"short", bytes(32)),)),
        "deeper than a key hash": (((1, bytes(32)),) * 257, ()),
    }
    for message, (way, part) in wrong.items():
        with pytest.raises(SetPathError, match=message):
            setcommit.root_of_part(bytes(32), way, part)


def test_no_part_begins_in_the_middle_of_a_leaf_set() -> None:
    with pytest.raises(ValueError, match="no part begins there"):
        setcommit.part(entries(10), b"\x80" + bytes(31), 16)
