"""What only a member's own officers ask of its node: a copy of the ledger's store, an invitation."""

import asyncio
import secrets

import msgspec
from starlette.responses import Response

from consortia.node import inviting
from consortia.node.auth import Means
from consortia.node.http import Asked, Place
from consortia.node.http_answers import HttpProblem, plain
from consortia.node.invitations import InviteError
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


async def invite(asked: Asked) -> Response:
    """Invite the organisation `?name=` to this node: the file for it, whose token opens the door once.

    For the home's owner, and for whoever signs with an administrator's key of the node's own member.
    """
    caller, service = asked.caller, asked.service
    signed = caller.means is Means.KEY and caller.member == service.config.member
    if not (caller.means is Means.OWNER or (signed and "admin" in caller.roles)):
        raise HttpProblem(403, f"only the home's owner and administrators of {service.config.member} invite")
    if service.invitations is None:
        raise HttpProblem(404, "this node invites nobody")
    try:
        members = {one.name for one in service.ledger.members().members}
        asked_for = asked.argument("name")
        made = inviting.invite(service.home, service.config, asked_for, None, service.now(), members)
    except InviteError as error:
        raise HttpProblem(400, str(error)) from None
    return Response(msgspec.json.encode(made), media_type="application/json")


PLACES = (
    Place("POST", "/v1/ledger-copy", copy_ledger, "A copy of the store, for the home's owner."),
    Place("POST", "/v1/invitations", invite, "An invitation, for the member's administrators.", weight=10.0),
)
