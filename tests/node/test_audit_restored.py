"""A home that was restored from a snapshot is audited from there on, and says from where."""

import shutil
from dataclasses import replace

import pytest

from consortia.base.codec import encode_record
from consortia.drivers.cometbft.bundle import pack
from consortia.drivers.cometbft.driver import CometBft
from consortia.drivers.cometbft.proposal import Proposal
from consortia.drivers.cometbft.snapshots import Every, Snapshots
from consortia.kernel.block import Block
from consortia.kernel.ledger import Ledger
from consortia.modules.identity.messages import SetEndpoint
from consortia.node.audit.run import audit_home
from consortia.node.config import Config
from consortia.node.home import Home
from consortia.store.lmdb import LmdbStore
from consortia.store.memory import MemoryStore
from consortia.testing.machine import Bench
from consortia.testing.scenarios.identity_parts import seated


@pytest.fixture
def home(tmp_path):
    """A home restored at CometBFT's height 3, with two blocks after it and their checkpoints."""
    bench = Bench(4)
    for name in ("north", "east"):
        bench.ok(name, "admin", seated(bench, name)[0])
    served = CometBft(fresh(bench, MemoryStore()), snapshots=Snapshots(tmp_path / "served", Every(3)))
    for block in bench.blocks:
        decide(served, block.time, *block.transactions)
    decide(served, bench.time)
    root = served.info()[1]
    made = Home.create(
        tmp_path / "home",
        Config(member="north", network=bench.network.hex()),
        encode_record(bench.genesis),
    )
    with LmdbStore(made.ledger) as store:
        joined = CometBft(fresh(bench, store), snapshots=Snapshots(made.snapshots))
        (offer,) = served.snapshots.offered(5)
        joined.accept(offer, root)
        for number in range(offer.chunks):
            joined.apply(number, served.chunk(offer.height, number, offer.format))
        for port in (7001, 7002):
            raw = bench.sign("north", "admin", SetEndpoint(f"http://127.0.0.1:{port}", None))
            decide(joined, bench.time, raw)
            bench.block(raw)
            size = bench.size_at(bench.tip.height)
            store.put_note(size, bench.checkpoint(size))
        assert joined.ledger.tip.root == bench.tip.root
    return made


def fresh(bench, store):
    return Ledger.create(store, bench.app, bench.genesis)


def decide(driver, time, *raws):
    entries = (pack(raws),) if raws else ()
    driver.finalize_block(Proposal(driver.height + 1, time, entries), time)
    driver.commit()


def test_a_restored_home_is_audited_from_where_it_begins(home):
    findings = audit_home(home.path)
    assert findings.mismatches == []
    assert (findings.blocks, findings.transactions, findings.checkpoints) == (3, 2, 2)
    (said,) = findings.left_out
    assert "blocks before 2" in said
    assert "compare its checkpoint, size" in said


def test_a_copy_of_the_beginning_that_was_changed_is_found(home):
    chunk = home.snapshots / "base" / "0"
    data = chunk.read_bytes()
    chunk.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    (found,) = audit_home(home.path).mismatches
    assert found.place == "block 2"
    assert "copy of the snapshot" in found.text


@pytest.mark.parametrize("missing", ["base/0", "base"])
def test_a_beginning_that_is_missing_is_found(home, missing):
    place = home.snapshots / missing
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    assert [found.place for found in audit_home(home.path).mismatches] == ["block 2"]


def test_a_block_after_the_beginning_that_was_changed_is_found(home):
    with LmdbStore(home.ledger) as store:
        ledger = Ledger.open(store, Bench(4).app)
        empty = ledger.prepare(Block(ledger.tip.height + 1, ledger.tip.time, ()))
        ledger.commit(replace(empty, write=replace(empty.write, leaves=(b"\xa0",))))
        height = ledger.tip.height
    assert audit_home(home.path).mismatches[0].place == f"block {height}, header"
