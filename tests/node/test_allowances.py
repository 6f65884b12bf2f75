"""What members leave at a node, counted by member."""

import os
import shutil
import time

import pytest

from consortia.engines.commit.chunks import CHUNK_BYTES, hash_bytes
from consortia.node.allowances import ENTRY_BYTES, AllowanceSpent
from consortia.node.blobs import PART_SECONDS_MAX, BlobLimits, Blobs

HALF = bytes(range(250)) * (CHUNK_BYTES // 250 + 1)
LIMITS = BlobLimits(member_bytes_max=2 * len(HALF) + 2 * ENTRY_BYTES)


def leave(blobs, data, by, chunks=None):
    arrival = blobs.receive(hash_bytes(data), by)
    for index in arrival.missing()[:chunks]:
        arrival.put(index, data[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES])
    if not arrival.missing():
        arrival.finish()


def test_one_members_blobs_end_at_its_allowance_and_no_other_member_feels_it(tmp_path):
    blobs = Blobs(tmp_path, LIMITS)
    leave(blobs, HALF, "north")
    leave(blobs, b"1" + HALF[1:], "north")
    with pytest.raises(AllowanceSpent, match=f"north has left {LIMITS.member_bytes_max} bytes"):
        leave(blobs, b"2", "north")
    leave(blobs, b"2", "east")
    leave(blobs, b"3" + HALF, "")
    assert blobs.put(b"4" + HALF)


def test_a_blob_is_charged_once_to_each_who_left_it_even_if_it_was_here(tmp_path):
    blobs = Blobs(tmp_path, LIMITS)
    own = blobs.put(b"own")
    for _ in range(2):
        leave(blobs, HALF, "north")
    leave(blobs, HALF, "east")
    assert blobs.put(b"own", "east") == own
    assert blobs.allowances.used("north") == len(HALF) + ENTRY_BYTES
    assert blobs.allowances.used("east") == len(HALF) + len(b"own") + 2 * ENTRY_BYTES
    assert blobs.allowances.left("north", hash_bytes(HALF).id)
    assert blobs.allowances.left("east", hash_bytes(HALF).id)
    assert not blobs.allowances.left("north", own)
    assert blobs.has(own)


def test_what_is_half_left_is_charged_whole_from_its_first_byte_on(tmp_path):
    blobs = Blobs(tmp_path, LIMITS)
    leave(blobs, HALF, "north", chunks=1)
    leave(blobs, b"1" + HALF[1:], "north", chunks=0)
    with pytest.raises(AllowanceSpent):
        leave(blobs, b"2", "north")
    leave(blobs, HALF, "north")
    assert blobs.has(hash_bytes(HALF).id)


def test_many_small_blobs_end_too(tmp_path):
    blobs = Blobs(tmp_path, BlobLimits(member_bytes_max=10 * ENTRY_BYTES))
    for number in range(9):
        leave(blobs, bytes([number]), "north")
    with pytest.raises(AllowanceSpent):
        leave(blobs, b"9", "north")


def test_the_count_outlives_a_restart_and_a_deletion_gives_room_again(tmp_path):
    first = Blobs(tmp_path, LIMITS)
    leave(first, HALF, "north")
    leave(first, b"1" + HALF[1:], "north", chunks=1)
    again = Blobs(tmp_path, LIMITS)
    assert again.allowances.used("north") == LIMITS.member_bytes_max
    again.delete(hash_bytes(HALF).id)
    assert again.allowances.used("north") == LIMITS.member_bytes_max // 2
    assert Blobs(tmp_path, LIMITS).allowances.used("north") == LIMITS.member_bytes_max // 2
    shutil.rmtree(tmp_path / "part")
    assert Blobs(tmp_path, LIMITS).allowances.used("north") == 0


def test_what_broke_off_a_day_ago_makes_room_when_it_is_needed(tmp_path):
    blobs = Blobs(tmp_path, LIMITS)
    leave(blobs, HALF, "north", chunks=1)
    leave(blobs, b"1" + HALF[1:], "north", chunks=1)
    [one, other] = sorted((tmp_path / "part").glob("*.data"))
    then = time.time() - PART_SECONDS_MAX - 60
    os.utime(one, (then, then))
    leave(blobs, b"2", "north")
    assert not one.exists()
    assert other.exists()
    assert blobs.allowances.used("north") == len(HALF) + 1 + 2 * ENTRY_BYTES


def test_what_others_leave_takes_not_the_last_of_the_disk(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    blobs = Blobs(tmp_path, BlobLimits(free_bytes_min=2 * free))
    with pytest.raises(AllowanceSpent, match="bytes of the disk are free"):
        leave(blobs, b"1", "north")
    assert blobs.put(b"own")
    assert blobs.allowances.used("north") == 0


def test_what_is_on_its_way_counts_among_all_blobs(tmp_path):
    blobs = Blobs(tmp_path, BlobLimits(total_bytes_max=len(HALF) + 10))
    leave(blobs, HALF, "north", chunks=1)
    with pytest.raises(RuntimeError, match="at most"):
        blobs.put(bytes(11))
    assert blobs.put(bytes(10))
