"""A member's home in which a secret ballot was counted, made from blocks without waiting for anybody."""

from consortia.base.codec import encode_record
from consortia.kernel.ledger import Ledger
from consortia.node.config import Config
from consortia.node.home import Home
from consortia.node.keys import save_key
from consortia.store.lmdb import LmdbStore

MEMBER = "north"


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
