"""Blobs in a home."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from consortia.engines.commit.chunks import CHUNK_BYTES, WrongChunk, hash_bytes
from consortia.node.blobs import BlobError, BlobLimits, Blobs, NoBlob, TooLarge, left_blob, read_blob

SMALL = b"a small blob"
LARGE = bytes(range(251)) * (2 * CHUNK_BYTES // 251 + 1) + b"the rest"


def test_what_is_put_is_read_by_its_hash(tmp_path):
    blobs = Blobs(tmp_path)
    for data in (b"", SMALL, LARGE):
        blob = blobs.put(data)
        assert blob == hash_bytes(data).id == blobs.put(data)
        assert (blobs.read(blob), blobs.size(blob)) == (data, len(data))
    assert list(Blobs(tmp_path).ids()) == sorted(hash_bytes(data).id for data in (b"", SMALL, LARGE))


def test_what_comes_whole_is_kept_under_the_hash_that_was_asked_for_alone(tmp_path):
    blobs = Blobs(tmp_path)
    with pytest.raises(WrongChunk, match="hash"):
        blobs.keep(hash_bytes(SMALL).id, b"other bytes", "east")
    assert (list(blobs.ids()), blobs.allowances.used("east")) == ([], 0)
    blobs.keep(hash_bytes(SMALL).id, SMALL, "east")
    assert blobs.read(hash_bytes(SMALL).id) == SMALL
    assert blobs.allowances.used("east") > len(SMALL)


def test_what_came_in_parts_is_let_go_of_when_the_whole_comes(tmp_path):
    blobs, tree = Blobs(tmp_path), hash_bytes(LARGE)
    blobs.receive(tree, "east").put(0, LARGE[:CHUNK_BYTES])
    used = blobs.allowances.used("east")
    blobs.keep(tree.id, LARGE, "east")
    assert blobs.read(tree.id) == LARGE
    assert blobs.begun(tree.id) is None
    assert blobs.allowances.used("east") == used


def test_a_file_that_a_program_of_the_home_wrote_is_adopted_once(tmp_path):
    blobs = Blobs(tmp_path)
    for data in (b"", SMALL, LARGE):
        with left_blob(tmp_path, data) as name:
            blob = blobs.adopt(name)
            assert (blob, blobs.read(blob)) == (hash_bytes(data).id, data)
            with pytest.raises(NoBlob, match="adopted"):
                blobs.adopt(name)
    with left_blob(tmp_path, SMALL) as name:
        assert blobs.adopt(name) == hash_bytes(SMALL).id
    assert list((tmp_path / "part").iterdir()) == []


def test_what_was_adopted_last_is_at_hand_for_those_who_ask_until_it_is_deleted(tmp_path):
    blobs = Blobs(tmp_path)
    with left_blob(tmp_path, SMALL) as name:
        blob = blobs.adopt(name)
    path = tmp_path / blob.hex()[:2] / blob.hex()
    path.write_bytes(bytes(len(SMALL)))
    assert blobs.chunk(blob, 0) == SMALL
    with pytest.raises(BlobError, match="changed on the disk"):
        blobs.read(blob)
    blobs.delete(blob)
    with pytest.raises(NoBlob):
        blobs.chunk(blob, 0)


def test_a_file_that_was_not_adopted_goes_with_its_writer_or_with_the_node(tmp_path):
    blobs = Blobs(tmp_path)
    with left_blob(tmp_path, SMALL) as name:
        pass
    with pytest.raises(NoBlob, match="adopted"):
        blobs.adopt(name)
    (tmp_path / "part" / name).write_bytes(b"of a writer that was killed")
    Blobs(tmp_path)
    assert list((tmp_path / "part").iterdir()) == []


def test_no_other_file_is_adopted(tmp_path):
    blobs = Blobs(tmp_path / "blobs")
    secret = tmp_path / "key"
    secret.write_bytes(b"a key")
    link = tmp_path / "blobs" / "part" / "00112233445566aa.left"
    link.symlink_to(secret)
    arriving = tmp_path / "blobs" / "part" / "00112233445566bb.new"
    arriving.write_bytes(b"what the node itself is writing")
    for name in ("../../key", str(secret), link.name, arriving.name, "", "key", f"{link.name}/..", "part"):
        with pytest.raises(NoBlob):
            blobs.adopt(name)
    assert secret.read_bytes() == b"a key"


def test_a_file_beyond_the_limit_is_not_adopted_and_goes(tmp_path):
    blobs = Blobs(tmp_path, BlobLimits(blob_bytes_max=3))
    with left_blob(tmp_path, SMALL) as name, pytest.raises(TooLarge):
        blobs.adopt(name)
    assert list((tmp_path / "part").iterdir()) == []


def test_a_home_s_other_programs_read_its_blobs_and_check_them(tmp_path):
    blob = Blobs(tmp_path).put(LARGE)
    assert read_blob(tmp_path, blob) == LARGE
    with pytest.raises(NoBlob):
        read_blob(tmp_path, bytes(32))
    (tmp_path / blob.hex()[:2] / blob.hex()).write_bytes(SMALL)
    with pytest.raises(BlobError, match="changed on the disk"):
        read_blob(tmp_path, blob)


def test_a_file_is_kept_as_its_bytes_are(tmp_path):
    (tmp_path / "file").write_bytes(LARGE)
    blobs = Blobs(tmp_path / "blobs")
    assert blobs.read(blobs.put_file(tmp_path / "file")) == LARGE


def test_any_range_can_be_read(tmp_path):
    blobs = Blobs(tmp_path)
    blob = blobs.put(LARGE)
    for start, end in ((0, 5), (CHUNK_BYTES - 3, CHUNK_BYTES + 3), (0, len(LARGE)), (7, 7)):
        assert b"".join(blobs.slice(blob, start, end)) == LARGE[start:end]


def test_a_blob_that_is_not_here_is_named(tmp_path):
    blobs = Blobs(tmp_path)
    for ask in (blobs.read, blobs.size, blobs.tree):
        with pytest.raises(NoBlob, match="00" * 32):
            ask(bytes(32))
    with pytest.raises(NoBlob, match="32 bytes"):
        blobs.has(b"../../etc/passwd")


def test_a_byte_that_changed_on_the_disk_is_found_and_not_served(tmp_path):
    blobs = Blobs(tmp_path)
    for data in (SMALL, LARGE):
        blob = blobs.put(data)
        path = tmp_path / blob.hex()[:2] / blob.hex()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        last = (len(data) - 1) // CHUNK_BYTES
        with pytest.raises(BlobError, match="changed on the disk"):
            blobs.read(blob)
        with pytest.raises(BlobError, match="changed on the disk"):
            blobs.chunk(blob, last)


def test_a_blob_arrives_chunk_by_chunk_and_goes_on_after_a_break(tmp_path):
    tree = hash_bytes(LARGE)
    first = Blobs(tmp_path).receive(tree)
    first.put(2, LARGE[2 * CHUNK_BYTES :])
    first.put(0, LARGE[:CHUNK_BYTES])
    with pytest.raises(BlobError, match="1 chunks"):
        first.finish()
    blobs = Blobs(tmp_path)
    again = blobs.receive(blobs.begun(tree.id))
    assert again.missing() == [1]
    assert not blobs.has(tree.id)
    again.put(1, LARGE[CHUNK_BYTES : 2 * CHUNK_BYTES])
    again.finish()
    assert blobs.read(tree.id) == LARGE
    assert list((tmp_path / "part").iterdir()) == []


def test_a_chunk_that_is_not_the_blobs_is_refused(tmp_path):
    arrival = Blobs(tmp_path).receive(hash_bytes(LARGE))
    for index, data in ((0, LARGE[1 : CHUNK_BYTES + 1]), (1, b"short"), (2, LARGE[:CHUNK_BYTES])):
        with pytest.raises(WrongChunk, match=str(index)):
            arrival.put(index, data)
    assert arrival.missing() == [0, 1, 2]


def test_bytes_lost_by_a_break_are_found_at_the_end(tmp_path):
    tree = hash_bytes(SMALL)
    blobs = Blobs(tmp_path)
    arrival = blobs.receive(tree)
    arrival.put(0, SMALL)
    (tmp_path / "part" / f"{tree.id.hex()}.data").write_bytes(bytes(len(SMALL)))
    with pytest.raises(BlobError, match="damaged"):
        arrival.finish()
    assert not blobs.has(tree.id)
    assert blobs.begun(tree.id) is None


def test_what_is_too_large_is_refused_before_it_comes(tmp_path):
    blobs = Blobs(tmp_path, BlobLimits(blob_bytes_max=20, total_bytes_max=30))
    blobs.put(b"a" * 20)
    with pytest.raises(TooLarge, match="at most 20"):
        blobs.receive(hash_bytes(bytes(21)))
    with pytest.raises(TooLarge, match="at most 30"):
        blobs.put(b"b" * 11)
    blobs.delete(hash_bytes(b"a" * 20).id)
    assert blobs.put(b"b" * 11)


def test_what_several_bring_at_once_takes_its_room_once(tmp_path):
    blobs, data = Blobs(tmp_path, BlobLimits(total_bytes_max=3 << 20)), bytes(1 << 20)
    together = threading.Barrier(4)

    def bring(_):
        together.wait()
        return blobs.put(data)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(bring, range(4)))) == 1
    assert blobs.put(bytes(2 << 20))
