"""Whatever byte of a home is changed, the audit finds it and says where."""

import os
import tempfile
from dataclasses import replace

import pytest

from consortia.base.codec import encode_record
from consortia.kernel.ledger import Ledger
from consortia.modules.identity.messages import SetEndpoint
from consortia.node.audit.run import audit_home, homes_in
from consortia.node.blobs import Blobs
from consortia.node.config import Config, ConfigError
from consortia.node.home import Home
from consortia.store.lmdb import LmdbStore
from consortia.testing.machine import Bench
from consortia.testing.masked import keyed, keys, running_masked


@pytest.fixture(scope="module")
def bench():
    bench = Bench(4)
    for at in range(3):
        bench.ok("north", "admin", SetEndpoint(f"http://127.0.0.1:700{at}", None))
    bench.admit_member("harbour")
    bench.ok("north", "admin", SetEndpoint("http://127.0.0.1:7009", None))
    return bench


def flipped(data, at=-1):
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def made(folder, bench, tamper=None, note=None):
    """A home with the bench's blocks, the last one as `tamper` writes it, and the checkpoints."""
    config = Config(member="north", network=bench.network.hex())
    home = Home.create(folder / "home", config, encode_record(bench.genesis))
    store = LmdbStore(home.ledger)
    ledger = Ledger.create(store, bench.app, bench.genesis)
    for block in bench.blocks:
        prepared = ledger.prepare(block)
        if tamper is not None and block is bench.blocks[-1]:
            prepared = replace(prepared, write=tamper(prepared.write))
        ledger.commit(prepared)
    for height in range(bench.tip.height + 1):
        size = bench.size_at(height)
        store.put_note(size, bench.checkpoint(size))
    if note is not None:
        store.put_note(*note)
    store.close()
    Blobs(home.blobs).put(b"rows" * 1000)
    return home


def test_a_study_that_is_not_over_is_listed_with_what_it_waits_for(tmp_path):
    bench = Bench(4)
    this = running_masked(bench)
    bench.ok("east", "worker", keys(this.study, this.id, "east"))
    (one,) = audit_home(made(tmp_path, bench).path).waiting
    assert one.study.startswith("north/")
    assert (one.now.action, one.now.members) == ("keys", ("north", "south", "west"))
    assert (one.now.deadline, one.absent) == (this.deadline, ())
    bench = Bench(4)
    keyed(bench, running_masked(bench), ("east", "north", "south"))
    (one,) = audit_home(made(tmp_path / "later", bench).path).waiting
    assert (one.now.action, one.absent) == ("shares", ("west",))


def places(home):
    return [found.place for found in audit_home(home.path).mismatches]


def test_a_clean_home_has_no_mismatch(tmp_path, bench):
    findings = audit_home(made(tmp_path, bench).path)
    assert (findings.count, findings.left_out) == (0, [])
    assert findings.blocks == bench.tip.height + 1
    assert findings.checkpoints == bench.tip.height + 1
    assert findings.transactions == sum(len(block.transactions) for block in bench.blocks)
    assert findings.blobs == 1
    assert findings.tip_root == bench.tip.root.hex()


def state_changed(write):
    key = next(key for key, value in write.changes.items() if value is not None)
    return replace(write, changes={**write.changes, key: flipped(write.changes[key])})


def state_added(write):
    return replace(write, changes={**write.changes, b"assets/names/zz": b"\xa0"})


def state_lost(write):
    return replace(write, changes={**write.changes, next(iter(write.changes)): None})


def node_changed(write):
    level, index, digest = write.nodes[-1]
    return replace(write, nodes=(*write.nodes[:-1], (level, index, flipped(digest))))


def bucket_changed(write):
    name = next(name for name, packed in write.buckets.items() if packed)
    return replace(write, buckets={**write.buckets, name: flipped(write.buckets[name])})


@pytest.mark.parametrize(
    ("tamper", "place"),
    [
        (lambda write: replace(write, block=flipped(write.block)), "block {height}"),
        (lambda write: replace(write, block=b""), "block {height}"),
        (lambda write: replace(write, leaves=(flipped(write.leaves[0]), write.leaves[1])), "receipt 0"),
        (lambda write: replace(write, leaves=(write.leaves[0], flipped(write.leaves[1]))), "header"),
        (lambda write: replace(write, transactions=((bytes(32), 1),)), "index of transaction"),
        (lambda write: replace(write, mark=flipped(write.mark, 10)), "commit marker"),
        (state_changed, "state b'"),
        (state_added, "state b'assets/names/zz'"),
        (state_lost, "state b'"),
        (node_changed, "log node"),
        (bucket_changed, "state tree record"),
    ],
)
def test_a_changed_byte_of_the_store_is_found_and_named(tmp_path, bench, tamper, place):
    found = places(made(tmp_path, bench, tamper))
    assert any(place.format(height=bench.tip.height) in one for one in found), found


def test_a_changed_genesis_is_found_and_named(tmp_path, bench):
    home = made(tmp_path, bench)
    home.genesis_file.write_bytes(flipped(home.genesis()))
    assert "genesis.cbor" in places(home)


def test_a_changed_blob_is_found_and_named(tmp_path, bench):
    home = made(tmp_path, bench)
    (blob,) = Blobs(home.blobs).ids()
    path = next(path for path in home.blobs.rglob("*") if path.is_file() and path.stat().st_size == 4000)
    path.chmod(0o600)
    path.write_bytes(flipped(path.read_bytes(), 17))
    assert f"blob {blob.hex()}" in places(home)


def test_the_home_of_a_stranger_leads_nowhere_and_nothing_is_written_there(tmp_path, bench):
    """Nor among the reader's own files, by a link in it: a node tidies up where its blobs are."""
    home, own = made(tmp_path, bench), tmp_path / "own"
    own.mkdir()
    (own / "letter.new").write_text("mine")
    (home.blobs / "part" / "half.new").write_text("theirs")
    before = sorted(home.path.rglob("*"))
    assert places(home) == []
    assert sorted(home.path.rglob("*")) == before
    (home.blobs / "part" / "half.new").unlink()
    (home.blobs / "part").rmdir()
    (home.blobs / "part").symlink_to(own)
    assert places(home) == ["blobs/part"]
    assert (own / "letter.new").read_text() == "mine"
    (home.blobs / "part").unlink()
    home.genesis_file.rename(own / "genesis.cbor")
    home.genesis_file.symlink_to(own / "genesis.cbor")
    os.mkfifo(home.private / "pipe")
    assert places(home) == ["genesis.cbor", "private/pipe"]
    (tmp_path / "link").symlink_to(home.path)
    with pytest.raises(ConfigError, match="link is a link"):
        homes_in(tmp_path)


def test_a_file_of_a_stranger_costs_its_reader_no_more_than_it_cost_its_writer(tmp_path, bench, monkeypatch):
    home, length = made(tmp_path, bench), 1 << 42
    for path in (home.private / "predictions", home.genesis_file):
        saved = path.read_bytes() if path.is_file() else None
        path.parent.mkdir(exist_ok=True)
        with path.open("r+b" if saved is not None else "xb") as file:
            file.truncate(length)
        (found,) = audit_home(home.path).mismatches
        assert (found.place, f"{length:,} bytes" in found.text) == (str(path.relative_to(home.path)), True)
        path.unlink() if saved is None else path.write_bytes(saved)
    blob = next(path for path in home.blobs.rglob("*") if path.is_file() and path.stat().st_size == 4000)
    other = blob.with_name("ab" * 32)
    with other.open("xb") as file:
        file.truncate(length)
    blob.with_name("zz" * 32).write_bytes(b"")
    with (home.ledger / "data.mdb").open("r+b") as file:
        file.truncate(1 << 36)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert places(home) == [f"blob {other.name}", f"blob {'zz' * 32}"]


def test_a_changed_checkpoint_is_found_and_named(tmp_path, bench):
    size = bench.size_at(3)
    point = bench.checkpoint(size)
    for at, note in enumerate((flipped(point, 75), point.replace(b"\n", b"\n\n", 1), bench.checkpoint(1))):
        home = made(tmp_path / str(at), bench, note=(size, note))
        assert f"ledger checkpoint {size}" in places(home)


def test_a_checkpoint_at_which_no_block_ends_is_found_and_named(tmp_path, bench):
    assert "ledger checkpoint 2" in places(made(tmp_path, bench, note=(2, bench.checkpoint(1))))


def test_a_file_that_the_store_never_reads_changes_no_fact(tmp_path, bench):
    home = made(tmp_path, bench)
    (home.path / "logs" / "node.log").write_bytes(b"anything")
    assert places(home) == []
