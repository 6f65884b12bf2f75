"""What only the home's owner asks of its node: a copy of the ledger's store, made while the node goes on."""

import asyncio
import secrets

from starlette.responses import Response

from consortia.node.auth import Means
from consortia.node.http import Asked, Place
from consortia.node.http_answers import HttpProblem, plain
from consortia.store.errors import StoreError
from consortia.store.lmdb import LmdbStore


async def copy_ledger(asked: Asked) -> Response:
    """Write a consistent copy of the ledger's store into a new folder of the home; gives its name."""
    if asked.caller.means is not Means.OWNER:
        raise HttpProblem(403, "only the home's owner copies its ledger")
    store = asked.service.ledger.store
    if not isinstance(store, LmdbStore):
        raise HttpProblem(409, "this node's ledger is not kept in files")
    folder = asked.service.home.path / f"ledger-copy-{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700)
    try:
        await asyncio.to_thread(store.copy, folder)
    except StoreError as error:
        folder.rmdir()
        raise HttpProblem(500, str(error)) from None
    return plain({"folder": folder.name})


PLACES = (Place("POST", "/v1/ledger-copy", copy_ledger, "A copy of the store, for the home's owner."),)
