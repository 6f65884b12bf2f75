"""What a node must not forget: the record saved last is there, whenever the machine stops."""

import errno
import os
import random

import pytest

from consortia.base.codec import Malformed
from consortia.node.memory import FolderMemory
from consortia.store.errors import NoRoom

PAGE = 4096


def test_the_record_saved_last_is_there_for_whoever_opens_the_folder_next(tmp_path, programme):
    for seed in range(programme(quick=2, test=10, nightly=500)):
        chance, expected = random.Random(seed), {}
        folder = tmp_path / str(seed)
        memory = FolderMemory(folder)
        for _ in range(40):
            name = chance.choice(("witness", "head", "session"))
            expected[name] = chance.randbytes(chance.choice((0, 1, 90, 4_000, 4_096, 9_000)))
            memory.save(name, expected[name])
            if chance.random() < 0.2:
                memory = FolderMemory(folder)
            assert {name: memory.load(name) for name in memory.names()} == expected
    assert FolderMemory(tmp_path / "0").load("nothing") is None


def test_a_write_that_breaks_off_anywhere_leaves_the_record_before_it_or_the_new_one(tmp_path):
    memory, path = FolderMemory(tmp_path), tmp_path / "witness"
    for data in (b"first" * 20, b"second" * 20):
        memory.save("witness", data)
    before = path.read_bytes()
    memory.save("witness", b"third" * 20)
    after = path.read_bytes()
    for end in range(0, PAGE, 7):
        path.write_bytes(after[:end] + before[end:])
        found = FolderMemory(tmp_path)
        assert found.load("witness") in {b"second" * 20, b"third" * 20}
        found.save("witness", b"fourth")
        assert FolderMemory(tmp_path).load("witness") == b"fourth"


def test_a_record_keeps_its_place_on_the_disk_so_that_a_save_waits_for_nothing_else(tmp_path):
    memory, path = FolderMemory(tmp_path), tmp_path / "witness"
    memory.save("witness", b"a")
    before = path.stat()
    for count in range(5):
        memory.save("witness", bytes(count))
    after = path.stat()
    assert (before.st_ino, before.st_size, before.st_blocks) == (
        after.st_ino,
        after.st_size,
        after.st_blocks,
    )


def test_a_file_of_an_earlier_form_is_the_record_and_the_next_save_gives_it_slots(tmp_path):
    (tmp_path / "session").write_bytes(b"7")
    memory = FolderMemory(tmp_path)
    assert memory.load("session") == b"7"
    memory.save("session", b"8")
    assert FolderMemory(tmp_path).load("session") == b"8"


def test_a_record_of_which_nothing_is_whole_is_damaged_and_never_taken_for_another(tmp_path):
    memory, path = FolderMemory(tmp_path), tmp_path / "witness"
    memory.save("witness", b"signed up to here")
    memory.save("witness", b"signed up to there")
    data = bytearray(path.read_bytes())
    for start in (0, PAGE):
        data[start + 60] ^= 1
    path.write_bytes(data)
    with pytest.raises(Malformed, match="damaged"):
        FolderMemory(tmp_path).load("witness")


def test_a_save_that_the_disk_refuses_says_so_and_the_next_one_counts(tmp_path, monkeypatch):
    memory = FolderMemory(tmp_path)
    memory.save("witness", b"first")

    def full(*_given):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(NoRoom):
            memory.save("witness", b"second")
    assert memory.load("witness") == b"first"
    memory.save("witness", b"third")
    assert FolderMemory(tmp_path).load("witness") == b"third"
