"""Opening a home's ledger: from its store, or from its genesis when the store is empty."""

from consortia.base.codec import decode_record
from consortia.drivers.embedded import Grouping
from consortia.kernel.application import Application
from consortia.kernel.genesis import Genesis
from consortia.kernel.ledger import Ledger
from consortia.kernel.machine import Alarm
from consortia.node.config import Config
from consortia.node.home import Home, HomeError
from consortia.node.records import Settings
from consortia.store.lmdb import LmdbStore


def open_ledger(home: Home, app: Application, alarm: Alarm) -> Ledger:
    """The ledger of a home; raises StoreError, HomeError when the store holds another network's."""
    store = LmdbStore(home.ledger)
    try:
        with store.snapshot() as view:
            empty = view.mark() is None
        genesis = decode_record(Genesis, home.genesis())
        ledger = Ledger.create(store, app, genesis, alarm) if empty else Ledger.open(store, app, alarm)
        if ledger.network != genesis.network():
            raise HomeError(f"{home.ledger} holds the ledger of network {ledger.network.hex()}")
    except BaseException:
        store.close()
        raise
    return ledger


def settings_of(config: Config) -> Settings:
    """What the core is told of a home's settings."""
    return Settings(grouping=Grouping(config.group_transactions, config.group_milliseconds))
