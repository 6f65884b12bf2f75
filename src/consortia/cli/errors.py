"""What went wrong, in one line with its place, and what to try next: for every error a command can meet.

Imported when something went wrong, so that nothing else pays for it.
"""

import os

from consortia.base.codec import Malformed
from consortia.base.refusals import Refused
from consortia.cli.output import NO_HOME, REFUSED, UNCHECKED, Failure
from consortia.engines.train.files import DataError
from consortia.kernel.machine import InvalidBlock
from consortia.kernel.upgrades import Outdated
from consortia.node.archive import ArchiveError
from consortia.node.backup import BackupError
from consortia.node.blobs import BlobError
from consortia.node.config import ConfigError, NoHome
from consortia.node.home import HomeError
from consortia.node.invitations import InviteError
from consortia.node.keys import KeyFileError
from consortia.node.tls import TlsError
from consortia.sdk.errors import (
    BankError,
    GovernanceError,
    LedgerError,
    RequestFailed,
    TransactionRefused,
    Unreachable,
    outdated,
)
from consortia.store.errors import StoreError
from consortia.workers.vault import VaultError

_PLAIN = (
    *(KeyFileError, InviteError, TlsError, HomeError, DataError, VaultError),
    *(ArchiveError, BackupError, Malformed, InvalidBlock),
)
"""Errors whose text says all: what, where, and what to do."""

TRACEBACK = "CONSORTIA_TRACEBACK"
"""Set in the environment, an unforeseen error shows where it happened."""


def explain(error: Exception) -> Failure:
    """The failure that an error is to a person. CONSORTIA_TRACEBACK raises an unforeseen one again."""
    if isinstance(error, TransactionRefused):
        return refusal(error.code, error.detail)
    if isinstance(error, Refused):
        return refusal(error.code, error.detail)
    if isinstance(error, RequestFailed):
        return _answered(error)
    if isinstance(error, Unreachable):
        return Failure(str(error), "consortia up, or consortia doctor", code=UNCHECKED)
    if isinstance(error, NoHome):
        return Failure(str(error), NO_HOME, code=UNCHECKED)
    if isinstance(error, ConfigError):
        return Failure(str(error), code=UNCHECKED)
    if isinstance(error, _PLAIN):
        return Failure(str(error), code=REFUSED)
    if isinstance(error, BankError):
        return Failure(str(error), "consortia unit list, or consortia account show", code=REFUSED)
    if isinstance(error, GovernanceError):
        return Failure(str(error), "consortia proposal list, or consortia charter show", code=REFUSED)
    if isinstance(error, StoreError | BlobError | LedgerError):
        return Failure(str(error), "consortia doctor", code=UNCHECKED)
    if isinstance(error, Outdated):
        return Failure(outdated(error), "consortia status", code=UNCHECKED)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return Failure(f"{place}{error.strerror or error}", code=UNCHECKED)
    if os.environ.get(TRACEBACK):
        raise error
    return Failure(
        f"an unforeseen {type(error).__name__}: {error}",
        f"{TRACEBACK}=1 shows where; please report it",
        code=UNCHECKED,
    )


def refusal(code: str, detail: str) -> Failure:
    """A refusal: its stable code, what it means, and the value at fault."""
    from consortia.app import application
    from consortia.node.forward import refusal_of

    meaning = refusal_of(application(), code).meaning
    more = f" ({detail})" if detail and detail != meaning else ""
    return Failure(f"refused, {code}: {meaning}{more}", code=REFUSED)


def _answered(error: RequestFailed) -> Failure:
    problem = error.problem
    text = f"the node answers {problem.status}: {problem.detail or problem.title}"
    return Failure(text, code=UNCHECKED if problem.status >= 500 else REFUSED)
