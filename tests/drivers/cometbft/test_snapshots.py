# Long because a right snapshot and all wrong ones are of one source
"""A snapshot is the same bytes everywhere, proved chunk by chunk, and restored whole or not at all."""

import random
import shutil
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from consortia.base.codec import decode_record, encode_record
from consortia.base.merkle import leaf_hash, root_from_path
from consortia.base.setcommit import root as set_root
from consortia.base.setcommit import verify_presence
from consortia.drivers.cometbft import snapshot
from consortia.drivers.cometbft.bundle import pack
from consortia.drivers.cometbft.calls import Calls
from consortia.drivers.cometbft.driver import CometBft, Retention
from consortia.drivers.cometbft.proposal import Proposal
from consortia.drivers.cometbft.snapshot import (
    BadSnapshot,
    ChunkRoot,
    Metadata,
    check_metadata,
    chunks_of,
    digest_of,
    fold,
    read_chunk,
)
from consortia.drivers.cometbft.snapshots import Every, Offer, Restoring, Snapshots, in_background
from consortia.drivers.cometbft.wire import MESSAGES
from consortia.kernel.block import MemberSet
from consortia.kernel.durable import Base
from consortia.kernel.ledger import Ledger
from consortia.kernel.store import MemoryReader
from consortia.kernel.tree import key_hash, value_hash
from consortia.store.lmdb import LmdbStore
from consortia.store.memory import MemoryStore
from consortia.testing.plain import application, genesis
from tests.drivers.cometbft.engine import MEMBERS, START, founded, write


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Chunks of a kilobyte, so that a small state has many."""
    monkeypatch.setattr(snapshot, "CHUNK_BYTES", 1_024)


def node(folder=None, every=0, ledger=None, kept=2, blocks=0):
    snapshots = None if folder is None else Snapshots(folder, Every(every, kept))
    return CometBft(ledger or founded(), retention=Retention(blocks), snapshots=snapshots)


def grown(driver, blocks=6, start=0):
    """The driver after some blocks; gives them, as CometBFT keeps them."""
    decided = []
    for height in range(start + 1, start + blocks + 1):
        raws = [
            write(height - 1, member, name=f"{height}/{member.name}", value=b"v" * 90) for member in MEMBERS
        ]
        raws += [write(height - 1, MEMBERS[0], name=f"{n}/{height}", lane=n) for n in range(1, 8)]
        decided.append(Proposal(height, START + height * 1_000, (pack(raws),)))
        driver.finalize_block(decided[-1], START)
        driver.commit()
    return decided


def synced(source, target):
    """Restore the newest offered snapshot of one driver in another."""
    offer = source.offered()[-1]
    root = ROOTS[offer.height]
    target.accept(offer, root)
    for number in range(offer.chunks):
        target.apply(number, source.chunk(offer.height, number, offer.format))
    return offer


ROOTS = {}


@pytest.fixture
def source(tmp_path):
    driver = node(tmp_path / "source", every=4)
    for height in range(6):
        grown(driver, 1, height)
        ROOTS[driver.height] = driver.info()[1]
    return driver


def test_a_restored_ledger_stands_where_the_source_stood_and_goes_on_with_it(source):
    target = node()
    offer = synced(source, target)
    assert offer.height == 4
    assert offer.chunks > 5
    (told,) = target.drain()
    assert (told.height, told.restored, told.root) == (4, True, ROOTS[4])
    assert target.info() == (4, ROOTS[4])
    assert target.ledger.base == Base(4, target.ledger.tip.size)
    target.ledger.check_state()
    assert target.ledger.violations() == []
    grown(target, 2, 4)
    assert target.info() == source.info()
    assert target.mark == source.mark
    assert target.ledger.tip == source.ledger.tip


@pytest.mark.parametrize("blocks", range(4, 12))
def test_what_comes_after_the_snapshot_is_provable_at_any_size_of_the_log(tmp_path, blocks):
    source = node(tmp_path, every=blocks)
    grown(source, blocks)
    ROOTS[blocks] = source.info()[1]
    for height in (blocks, blocks + 1):
        grown(source, 1, height)
    target = node()
    synced(source, target)
    base = target.ledger.base
    for height in (blocks, blocks + 1):
        check_last_leaf(target.ledger)
        grown(target, 1, height)
    ledger = target.ledger
    for size in range(base.size, ledger.tip.size + 1):
        assert ledger.root(size) == source.ledger.root(size)
        assert ledger.consistency(base.size, size) == source.ledger.consistency(base.size, size)
    for index in range(base.size, ledger.tip.size):
        assert ledger.inclusion(index, ledger.tip.size) == source.ledger.inclusion(index, ledger.tip.size)
    _, path = ledger.entry(b"plain/quota/", ledger.tip.height)
    with ledger.store.snapshot() as view:
        value = value_hash(view.get(b"plain/quota/"))
    verify_presence(ledger.tip.state, key_hash(b"plain/quota/"), value, path)


def check_last_leaf(ledger):
    size = ledger.tip.size
    header = ledger.leaf(size - 1)
    path = ledger.inclusion(size - 1, size)
    assert root_from_path(leaf_hash(header), size - 1, size, path) == ledger.tip.root


def test_what_stands_below_is_not_there_and_says_so(source):
    target = node()
    synced(source, target)
    ledger = target.ledger
    assert ledger.block(4) is None
    assert ledger.block(3) is None
    assert ledger.header(4) == source.ledger.header(4)
    assert ledger.header(3) is None
    assert ledger.leaf(0) is None
    assert ledger.receipt(source.ledger.transaction_at(2)) is None
    assert founded().base is None


def test_snapshots_are_the_same_bytes_on_every_node_restored_ones_too(source, tmp_path):
    other = node(tmp_path / "other", every=4)
    grown(other, 6)
    assert files(tmp_path / "other") == files(tmp_path / "source")
    target = node(tmp_path / "target", every=2)
    synced(source, target)
    for driver in (target, source):
        driver.snapshots.every = Every(2)
        grown(driver, 2, driver.height)
        grown(driver, 2 if driver is target else 0, driver.height)
    assert target.height == source.height == 8
    assert files(tmp_path / "target")["8/metadata"] == files(tmp_path / "source")["8/metadata"]


def files(folder):
    return {
        str(place.relative_to(folder)): place.read_bytes() for place in folder.rglob("*") if place.is_file()
    }


def test_a_snapshot_of_the_height_at_which_a_ledger_begins_can_be_made_anew(source, tmp_path):
    target = node()
    offer = synced(source, target)
    again = Snapshots(tmp_path / "again", Every(1))
    again.make(target.ledger, 4, target.start)
    assert again.offered(6) == (offer,)


def test_snapshots_are_offered_two_heights_below_the_newest_and_only_some_are_kept(tmp_path):
    driver = node(tmp_path, every=2, kept=2)
    seen = []
    for height in range(9):
        grown(driver, 1, height)
        seen.append([offer.height for offer in driver.offered()])
    assert seen == [[], [], [], [2], [2], [4], [4], [6], [6]]
    assert driver.chunk(2, 0, 1) == b""
    assert driver.chunk(8, 0, 2) == b""
    assert driver.chunk(8, 99, 1) == b""
    assert driver.chunk(8, 0, 1)


def test_blocks_after_a_snapshot_that_is_offered_are_kept(tmp_path):
    driver = node(tmp_path, every=4, kept=1, blocks=2)
    kept = []
    for height in range(1, 10):
        driver.finalize_block(Proposal(height, START, ()), START)
        kept.append(driver.commit())
    assert kept == [0, 0, 1, 2, 3, 4, 4, 6, 7]


def test_one_made_in_the_background_while_blocks_go_on_is_the_same_bytes(source, tmp_path):
    waits, made = threading.Event(), threading.Event()

    def later(work):
        def delayed():
            waits.wait()
            work()
            made.set()

        in_background(delayed)

    with LmdbStore(tmp_path / "home") as store:
        driver = node(ledger=Ledger.create(store, application(), genesis(MEMBERS, time=START)))
        driver.snapshots = Snapshots(tmp_path / "other", Every(4), later)
        grown(driver, 6)
        assert driver.offered() == ()
        grown(driver, 2, 6)
        assert "the one before is still being made" in driver.snapshots.problem
        waits.set()
        made.wait()
        driver.snapshots.close()
        assert files(tmp_path / "other") == files(tmp_path / "source")
        assert driver.snapshots.problem is None


def test_one_that_is_being_made_when_the_node_ends_is_left_out(tmp_path):
    halted = []
    with LmdbStore(tmp_path / "home") as store:
        driver = node(ledger=Ledger.create(store, application(), genesis(MEMBERS, time=START)))
        driver.snapshots = Snapshots(tmp_path / "snapshots", Every(4), halted.append)
        grown(driver, 4)
        closing = threading.Thread(target=driver.snapshots.close)
        closing.start()
        while not driver.snapshots._closed:
            pass
        halted[0]()
        closing.join()
        assert driver.snapshots.oldest() is None


def test_a_chain_that_began_within_a_log_has_a_snapshot_of_its_first_height(tmp_path):
    snapshots = Snapshots(tmp_path, Every(500))
    assert snapshots.due(1, 7)
    assert snapshots.due(1_000, 7)
    assert not snapshots.due(1, 1)
    assert not Snapshots(tmp_path).due(1, 7)


def test_a_full_disk_costs_the_snapshot_and_not_the_block(tmp_path):
    (tmp_path / "file").write_text("in the way")
    driver = node(tmp_path / "file", every=1)
    grown(driver, 1)
    assert driver.height == 1
    assert "no snapshot of height 1" in driver.snapshots.problem
    driver.snapshots.folder = tmp_path / "folder"
    grown(driver, 1, 1)
    assert driver.snapshots.problem is None


# What is wrong is refused -----------------------------------------------------------------------


def offer_of(source):
    return source.offered()[-1]


def changed(offer, **fields):
    metadata = decode_record(Metadata, offer.metadata)
    values = {name: getattr(metadata, name) for name in metadata.__struct_fields__} | fields
    data = encode_record(Metadata(**values))
    return Offer(offer.height, len(values["chunks"]), digest_of(data), data)


def mark_with(offer, **fields):
    mark = decode_record(Metadata, offer.metadata).mark
    values = {name: getattr(mark, name) for name in mark.__struct_fields__} | fields
    return changed(offer, mark=type(mark)(**values))


def others(offer):
    metadata = decode_record(Metadata, offer.metadata)
    chunks, first = metadata.chunks, metadata.chunks[0]
    yield "another hash", Offer(offer.height, offer.chunks, bytes(32), offer.metadata)
    yield "another format", Offer(offer.height, offer.chunks, offer.digest, offer.metadata, 2)
    yield "another number of chunks", Offer(offer.height, offer.chunks + 1, offer.digest, offer.metadata)
    yield "another height", Offer(offer.height + 1, offer.chunks, offer.digest, offer.metadata)
    yield "garbage", Offer(offer.height, 1, digest_of(b"garbage"), b"garbage")
    yield "a format within", changed(offer, format=2)
    yield "a start beyond the log", changed(offer, start=10**6)
    yield "no start", changed(offer, start=0)
    yield "no path", changed(offer, path=())
    yield "a longer path", changed(offer, path=(*metadata.path, bytes(32)))
    yield "another path", changed(offer, path=(bytes(32), *metadata.path[1:]))
    yield "another header", changed(offer, header=founded().leaf(0))
    yield "no header", changed(offer, header=b"\xa0")
    yield "a chunk missing", changed(offer, chunks=chunks[1:])
    yield "a chunk twice", changed(offer, chunks=(first, *chunks))
    yield "an empty chunk", changed(offer, chunks=(ChunkRoot(first.place, 0, first.root), *chunks[1:]))
    yield "another count", changed(offer, chunks=(ChunkRoot(first.place, 99, first.root), *chunks[1:]))
    yield "another root", changed(offer, chunks=(ChunkRoot(first.place, first.count, bytes(32)), *chunks[1:]))
    yield "a chunk around others", changed(offer, chunks=(ChunkRoot(1, 99, bytes(32)), *chunks))
    yield "another state root", mark_with(offer, state=bytes(32))
    yield "another time", mark_with(offer, time=metadata.mark.time + 1)
    yield "another ledger height", mark_with(offer, height=metadata.mark.height + 1)
    yield "another frontier", mark_with(offer, frontier=bytes(8))
    yield "a broken frontier", mark_with(offer, frontier=b"x")
    other = genesis(MEMBERS[:2], time=START)
    yield "another network", mark_with(offer, genesis=encode_record(other))
    yield "no genesis", mark_with(offer, genesis=b"x")


def test_metadata_that_do_not_lead_to_the_applications_hash_are_refused_one_and_all(source):
    offer = offer_of(source)
    target = node()
    Restoring(target.ledger, offer, ROOTS[4])
    refused = 0
    for name, wrong in others(offer):
        with pytest.raises(BadSnapshot):
            Restoring(target.ledger, wrong, ROOTS[4])
        refused += bool(name)
    assert refused == 26
    with pytest.raises(BadSnapshot, match="peaks"):
        Restoring(target.ledger, offer, ROOTS[3])
    assert target.ledger.tip.height == 0
    target.ledger.check_state()


def chunk_of(source, number=0):
    offer = offer_of(source)
    return decode_record(Metadata, offer.metadata).chunks[number], source.chunk(offer.height, number, 1)


def test_a_chunk_with_one_bit_changed_is_refused(source, programme):
    chunk, data = chunk_of(source)
    read_chunk(chunk, data)
    chance = random.Random(1)
    for _ in range(programme(quick=50, test=500, nightly=50_000)):
        at = chance.randrange(8 * len(data))
        wrong = bytearray(data)
        wrong[at >> 3] ^= 1 << (at & 7)
        with pytest.raises(BadSnapshot):
            read_chunk(chunk, bytes(wrong))


def test_one_that_says_that_the_chain_began_elsewhere_is_refused_by_whoever_knows(source):
    offer, target = source.offered()[-1], node()
    metadata = decode_record(Metadata, offer.metadata)
    data = encode_record(replace(metadata, start=metadata.start + 1))
    forged = Offer(offer.height, offer.chunks, digest_of(data), data)
    target.begins = metadata.start
    with pytest.raises(BadSnapshot, match="began at another size"):
        target.accept(forged, ROOTS[offer.height])
    assert target.restoring is None
    synced(source, target)
    assert target.info() == (4, ROOTS[4])


def test_a_chunk_of_another_order_or_place_or_length_is_refused(source):
    chunk, data = chunk_of(source)
    _, other = chunk_of(source, 1)
    size = 6 + int.from_bytes(data[:2], "big") + int.from_bytes(data[2:6], "big")
    for wrong in (
        b"",
        data[:-1],
        data + b"\x00",
        other,
        data + other,
        data[size:] + data[:size],
        data + data[:size],
    ):
        with pytest.raises(BadSnapshot):
            read_chunk(chunk, wrong)


def test_chunks_out_of_order_or_without_a_snapshot_are_refused_and_a_right_one_goes_on(source):
    target, offer = node(), offer_of(source)
    with pytest.raises(BadSnapshot, match="no snapshot"):
        target.apply(0, b"")
    target.accept(offer, ROOTS[4])
    with pytest.raises(BadSnapshot, match="comes before"):
        target.apply(1, source.chunk(4, 1, 1))
    with pytest.raises(BadSnapshot):
        target.apply(0, source.chunk(4, 1, 1))
    assert target.ledger.tip == founded().tip
    synced(source, target)
    with pytest.raises(BadSnapshot, match="past its beginning"):
        target.accept(offer, ROOTS[4])


@pytest.mark.parametrize("store", [MemoryStore, LmdbStore])
def test_a_state_of_other_members_than_the_header_names_changes_nothing(source, tmp_path, store, monkeypatch):
    held = store() if store is MemoryStore else store(tmp_path / "home")
    before = founded().tip
    target = node(ledger=Ledger.create(held, application(), genesis(MEMBERS, time=START)))
    monkeypatch.setattr(type(target.ledger.app.keys), "member_set", lambda *_: MemberSet(()))
    with pytest.raises(BadSnapshot, match="other members"):
        synced(source, target)
    assert target.info() == (0, b"")
    target.ledger.check_state()
    target.ledger.reload()
    assert target.ledger.tip == before
    held.close()


def test_another_snapshot_can_be_taken_when_one_breaks_off(source):
    target, offer = node(), offer_of(source)
    target.accept(offer, ROOTS[4])
    for number in range(3):
        target.apply(number, source.chunk(4, number, 1))
    synced(source, target)
    assert target.info() == (4, ROOTS[4])


def test_a_restoration_that_is_killed_leaves_the_ledger_that_was_there_and_can_begin_anew(source, tmp_path):
    with LmdbStore(tmp_path / "home") as store:
        target = node(ledger=Ledger.create(store, application(), genesis(MEMBERS, time=START)))
        target.accept(offer_of(source), ROOTS[4])
        for number in range(3):
            target.apply(number, source.chunk(4, number, 1))
    with LmdbStore(tmp_path / "home") as store:
        target = node(ledger=Ledger.open(store, application()))
        assert target.ledger.tip == founded().tip
        target.ledger.check_state()
        with store.snapshot() as view:
            synced(source, target)
            assert view.base() is None
        tip = target.ledger.tip
    with LmdbStore(tmp_path / "home") as store:
        ledger = Ledger.open(store, application())
        assert ledger.tip == tip
        assert CometBft(ledger).info() == (4, ROOTS[4])
        assert ledger.base == Base(4, tip.size)
        grown(CometBft(ledger), 1, 4)
        ledger.check_state()
    shutil.rmtree(tmp_path / "home")


# The chunks of any state ------------------------------------------------------------------------


@given(st.dictionaries(st.binary(min_size=1, max_size=20), st.binary(max_size=300), max_size=200))
def test_the_chunks_of_any_state_are_all_of_it_once_and_fold_to_its_root(state):
    view = MemoryReader(state)
    found = list(chunks_of(view))
    assert fold([chunk for chunk, _ in found]) == set_root(
        {key_hash(key): value_hash(value) for key, value in state.items()}
    )
    together = {}
    for chunk, data in found:
        entries, buckets = read_chunk(chunk, data)
        assert not entries.keys() & together.keys()
        assert sum(len(packed) for packed in buckets.values()) == 64 * chunk.count
        together |= entries
        assert len(data) <= 1_024 or chunk.count <= 16
    assert together == state


def test_a_network_without_state_has_no_snapshot():
    assert list(chunks_of(MemoryReader())) == []
    with pytest.raises(BadSnapshot):
        check_metadata(b"", 1, bytes(32), bytes(32))


# Over the wire ----------------------------------------------------------------------------------


def ask(app, name, **fields):
    request = MESSAGES["Request"]()
    part = getattr(request, name)
    part.SetInParent()
    for key, value in fields.items():
        if key == "snapshot":
            part.snapshot.CopyFrom(value)
        else:
            setattr(part, key, value)
    return getattr(app.answer(request), name)


def test_a_node_is_restored_by_calls_alone_and_a_lying_peer_is_told(source):
    told = []
    serving, joining = Calls(source, lambda: START), Calls(node(), lambda: START, told.append)
    (offered,) = ask(serving, "list_snapshots").snapshots
    assert ask(joining, "offer_snapshot", snapshot=offered, app_hash=bytes(32)).result == 3
    assert ask(joining, "offer_snapshot", snapshot=offered, app_hash=ROOTS[4]).result == 1
    wrong = ask(joining, "apply_snapshot_chunk", index=0, chunk=b"wrong", sender="liar")
    assert (wrong.result, list(wrong.refetch_chunks), list(wrong.reject_senders)) == (3, [0], ["liar"])
    for number in range(offered.chunks):
        chunk = ask(serving, "load_snapshot_chunk", height=4, format=1, chunk=number).chunk
        assert ask(joining, "apply_snapshot_chunk", index=number, chunk=chunk, sender="honest").result == 1
    info = ask(joining, "info")
    assert (info.last_block_height, info.last_block_app_hash) == (4, ROOTS[4])
    assert [one.restored for one in told] == [True]
    assert ask(joining, "apply_snapshot_chunk", index=0, chunk=b"", sender="").result == 3


def test_stores_in_memory_and_on_disk_restore_alike(source, tmp_path):
    with LmdbStore(tmp_path / "disk") as store:
        disk = node(ledger=Ledger.create(store, application(), genesis(MEMBERS, time=START)))
        memory = node(ledger=Ledger.create(MemoryStore(), application(), genesis(MEMBERS, time=START)))
        for target in (disk, memory):
            synced(source, target)
            grown(target, 2, 4)
        assert disk.ledger.tip == memory.ledger.tip
        with disk.ledger.store.snapshot() as one, memory.ledger.store.snapshot() as other:
            assert list(one.scan(b"")) == list(other.scan(b""))
            assert sorted(one.buckets()) == sorted(other.buckets())
