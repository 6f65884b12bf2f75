"""The files of keys that a transaction is to register: they stay wherever the ledger may name the keys.

A transaction whose receipt did not come, as while too few nodes are up, or for which a person did not wait,
may still be executed. Were the new key's file gone by then, the member could not act with its own key.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from consortia.cli.output import Failure, note
from consortia.node.home import Home, HomeError
from consortia.node.keys import SUFFIX, KeyFileError, key_info
from consortia.sdk.errors import LedgerError, TransactionRefused

RECOVERING = ".recovering"
"""The folder of a home with the new keys of a recovery that has not ended."""


@contextmanager
def kept_unless_refused(path: Path) -> Iterator[None]:
    """Take a new key's file away where its transaction is refused, or was not sent: nobody knows it then."""
    try:
        yield
    except (TransactionRefused, Failure, KeyFileError, HomeError):
        path.unlink()
        raise
    except BaseException:
        note(
            f"{path} is kept: the ledger may still take the key in; `consortia key list` says whether it did."
        )
        raise


@contextmanager
def recovery_kept_unless_refused(waiting: Home) -> Iterator[None]:
    """As `kept_unless_refused`, for the new keys of a recovery."""
    try:
        yield
    except TransactionRefused:
        shutil.rmtree(waiting.path)
        raise
    except BaseException:
        note(f"The new keys are kept in {waiting.path}: the ledger may still take them in; ask again.")
        raise


def stamp() -> str:
    """The time of day, UTC, for a folder's name."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())


def is_taken(waiting: Home, ask: Callable[[], frozenset[str]]) -> bool:
    """Whether the ledger took in the new keys of a recovery that broke off; `ask` gives the key ids it names.

    Keys that it does not name are set aside, for their transaction may still be under way.
    """
    admin = waiting.keys / f"admin{SUFFIX}"
    if not admin.exists():
        shutil.rmtree(waiting.path, ignore_errors=True)
        return False
    try:
        if key_info(admin).key in ask():
            return True
    except LedgerError as error:  # as of a node that does not know the key which asks
        note(f"Whether the last recovery was taken in is not known: {error}")
    aside = waiting.path.with_name(f"keys-not-taken-{stamp()}")
    waiting.path.replace(aside)
    note(f"The new keys of the last recovery are set aside in {aside}.")
    return False
