"""A member's home with a secret ballot in it, made from blocks without waiting for anybody."""

import contextlib
import time
from threading import Event, Thread

from consortia.base.codec import decode_record, encode_record
from consortia.base.ids import cosigner_name
from consortia.base.note import Note, cosign, parse_note
from consortia.kernel.ledger import Ledger
from consortia.modules.ballots.types import Times
from consortia.node.config import Config
from consortia.node.home import Home
from consortia.node.keys import save_key
from consortia.node.sync import MESSAGE_BYTES_MAX, SyncReply, SyncRequest
from consortia.sdk.client import Client
from consortia.store.lmdb import LmdbStore
from consortia.testing.machine import Bench
from consortia.testing.voting import Held

MEMBER = "north"
MINUTE = 60_000
DAY = 24 * 60 * MINUTE


def home_of(folder, bench):
    """A member's home that holds all of a bench's blocks, all of them final."""
    config = Config(member=MEMBER, network=bench.network.hex(), orderer=MEMBER)
    home = Home.create(folder, config, encode_record(bench.genesis))
    for role in ("node", "recovery", "admin", "worker"):
        save_key(home.keys, bench.key(MEMBER, role), None, label=role, role=role, member=MEMBER)
    with LmdbStore(home.ledger) as store:
        ledger = Ledger.create(store, bench.app, bench.genesis)
        for block in bench.blocks:
            ledger.append(block)
        size = bench.size_at(ledger.tip.height)
        store.put_note(size, bench.checkpoint(size))
    return home


def open_for_votes(*votes, members=6):
    """An election in which these voted already, by this machine's clock, and another that nobody voted in."""
    bench = Bench(members)
    now = time.time_ns() // 1_000_000
    bench.time = now - 60 * MINUTE
    opened = []
    for title in ("Another one", "Shall the model be released?"):
        steps = (bench.time + number * MINUTE for number in (1, 2, 3))
        opened.append(Held.opened(bench, title=title, times=Times(*steps, now + DAY, now + 2 * DAY)))
        opened[-1].prepare()
    other, held = opened
    held.vote(*votes)
    return held, other


@contextlib.contextmanager
def cosigning(node, bench):
    """The nodes of the other members, as far as this one hears of them: they cosign what it publishes."""
    over = Event()
    names = [name for name in bench.parties if name != MEMBER]
    threads = [Thread(target=_go_on, args=(node, bench, name, over)) for name in names]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _go_on(node, bench, name, over):
    key, notes, seen = bench.key(name, "node"), (), 0
    with Client(node.url, network=bench.network, member=MEMBER, key=key) as client:
        while not over.wait(0.2):
            bare = (bench.network, 1, seen, 0, 0, None, 0, (), notes, (), ())
            answer = client.post("/v1/sync", encode_record(SyncRequest(*bare, fresh=False)))
            reply = decode_record(SyncReply, answer, size_max=MESSAGE_BYTES_MAX)
            seen, points = reply.session, [parse_note(note).checkpoint for note in reply.published]
            who, seconds = cosigner_name(name, bench.network), time.time_ns() // 10**9
            notes = tuple(Note(point, (cosign(point, who, key, seconds),)).encode() for point in points)
