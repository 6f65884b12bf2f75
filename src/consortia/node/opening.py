"""Opening a home's ledger: from its store, or from its genesis when the store is empty."""

from consortia.base.codec import Malformed, decode_record
from consortia.drivers.embedded import Grouping
from consortia.kernel.application import Application
from consortia.kernel.context import Alarm
from consortia.kernel.genesis import Genesis
from consortia.kernel.ledger import Ledger
from consortia.kernel.tree import TreeError
from consortia.node.blobs import BlobLimits
from consortia.node.config import Config
from consortia.node.home import Home, HomeError
from consortia.node.records import Settings
from consortia.store.errors import StoreError
from consortia.store.lmdb import LmdbStore

RESTORE = "restore it from a backup, or remove its folder, and the node fetches it anew from its peers"


def open_ledger(home: Home, app: Application, alarm: Alarm) -> Ledger:
    """The ledger of a home; raises StoreError, HomeError when the store holds another network's."""
    store = LmdbStore(home.ledger)
    try:
        with store.snapshot() as view:
            empty = view.mark() is None
        genesis = decode_record(Genesis, home.genesis())
        ledger = Ledger.create(store, app, genesis, alarm) if empty else _opened(home, store, app, alarm)
        if ledger.network != genesis.network():
            raise HomeError(f"{home.ledger} holds the ledger of network {ledger.network.hex()}")
    except BaseException:
        store.close()
        raise
    return ledger


def _opened(home: Home, store: LmdbStore, app: Application, alarm: Alarm) -> Ledger:
    """The ledger of a store whose state is the one that was written; raises StoreError for a damaged one.

    A node that began from another state would stand against all others: an orderer would fork the ledger.
    """
    try:
        ledger = Ledger.open(store, app, alarm)
        ledger.check_state()
    except (Malformed, TreeError) as error:
        raise damaged(home, error) from None
    return ledger


def damaged(home: Home, error: Exception) -> StoreError:
    """What a state that does not fit together means to whoever runs the node."""
    return StoreError(home.ledger, f"the ledger here is damaged ({error})", RESTORE)


def blob_limits(config: Config) -> BlobLimits:
    """What a home's settings allow to be kept."""
    return BlobLimits(
        blob_bytes_max=config.blob_bytes_max,
        total_bytes_max=config.blobs_bytes_max,
        member_bytes_max=config.member_blobs_bytes_max,
        free_bytes_min=config.disk_free_bytes_min,
    )


def settings_of(config: Config) -> Settings:
    """What the core is told of a home's settings."""
    return Settings(grouping=Grouping(config.group_transactions, config.group_milliseconds))
