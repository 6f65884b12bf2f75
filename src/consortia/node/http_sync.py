"""What nodes say to each other over HTTP: synchronisation, and a joiner's knock."""

import asyncio

from starlette.responses import Response

from consortia.base.codec import Malformed, decode_record, encode_record
from consortia.base.note import parse_note
from consortia.base.refusals import require
from consortia.node.auth import Caller, Means
from consortia.node.http import Asked, Place
from consortia.node.http_answers import CBOR, HttpProblem, plain, whole_number
from consortia.node.invitations import InviteError, JoinRequest
from consortia.node.refusals import HINDERED
from consortia.node.service import Service
from consortia.node.sync import MESSAGE_BYTES_MAX, SyncReply, SyncRequest

WAIT_SECONDS_MAX = 10
JOIN_BYTES_MAX = 64 << 10
QUESTION_BYTES_MAX = 64 << 10


async def sync(asked: Asked) -> Response:
    """Answer another node's question; with `?wait=SECONDS`, an answer without news waits for some."""
    service = asked.service
    wait = min(WAIT_SECONDS_MAX, whole_number(asked.argument("wait", "0"), "wait"))
    try:
        request = decode_record(SyncRequest, asked.body, size_max=MESSAGE_BYTES_MAX)
        peer = node_of(asked.caller)
        await service.turns.take(asked.counted)  # what it brings is checked: some milliseconds at most
        reply = _answer(service, peer, request)
        service.wake()
        deadline = asyncio.get_running_loop().time() + wait
        while (left := deadline - asyncio.get_running_loop().time()) > 0 and not _news(request, reply):
            if await service.waiting.news(left):
                reply = _answer(service, peer, request)
    except Malformed as error:
        raise HttpProblem(400, str(error)) from None
    return Response(encode_record(reply), media_type=CBOR)


def _answer(service: Service, peer: str | None, request: SyncRequest) -> SyncReply:
    """The core's answer; raises Refused while it is hindered, for an answer is mostly a promise."""
    now = service.now()  # which looks at the clock
    if peer is not None:
        service.reach.met(peer, now)
    require(not service.hindrance.text, HINDERED, service.hindrance.text)
    return service.node.on_request(peer, request, now)


def node_of(caller: Caller) -> str | None:
    """The member whose node asks, by its node key or its certificate; None for anybody else."""
    by_key = caller.means is Means.KEY and "node" in caller.roles
    return caller.member if by_key or caller.means is Means.CERTIFICATE else None


def _news(request: SyncRequest, reply: SyncReply) -> bool:
    """Whether an answer tells the asker anything that it does not know."""
    told = reply.blocks or reply.finals or reply.hand_over or reply.want
    if reply.session != request.seen:
        return True
    if told or reply.height != request.height or reply.term != request.term:
        return True
    answered = {parse_note(note).checkpoint for note in request.cosigned}
    return any(parse_note(note).checkpoint not in answered for note in reply.published)


async def join(asked: Asked) -> Response:
    """A joiner's keys, with the one-time token of its invite (`?token=`). The only step without a key."""
    invitations = asked.service.invitations
    if invitations is None:
        raise HttpProblem(404, "this node invites nobody")
    try:
        request = decode_record(JoinRequest, asked.body, size_max=JOIN_BYTES_MAX)
        invitations.redeem(asked.argument("token"), request, asked.service.now())
    except InviteError as error:
        raise HttpProblem(403, str(error)) from None
    except Malformed as error:
        raise HttpProblem(400, str(error)) from None
    return plain({"name": request.name, "waiting": "for a member's officers to propose it"}, 202)


async def cosignatures(asked: Asked) -> Response:
    """The ledger checkpoints published and not final yet, with the cosignatures gathered so far."""
    node = asked.service.node
    nothing = SyncRequest(
        network=node.ledger.network,
        term=node.term,
        session=0,
        seen=0,
        height=node.ledger.tip.height,
        head=None,
        final=node.ledger.tip.size,
        wanted=(),
        cosigned=(),
        urgent=(),
        blocks=(),
        fresh=False,
    )
    reply = _answer(asked.service, None, nothing)
    return plain({"notes": [note.decode() for note in reply.published]})


async def engine(asked: Asked) -> Response:
    """Pass a light client's question on to this node's CometBFT: headers, votes and parameters alone."""
    if asked.service.relay is None:
        raise HttpProblem(404, "CometBFT does not order this network's blocks")
    return Response(await asked.service.relay(asked.body), media_type="application/json")


PLACES = (
    Place("POST", "/v1/sync", sync, "A node's question to another.", body_bytes_max=MESSAGE_BYTES_MAX),
    Place("POST", "/v1/engine", engine, "A light client's question.", body_bytes_max=QUESTION_BYTES_MAX),
    Place("GET", "/v1/cosignatures", cosignatures, "Checkpoints that gather cosignatures."),
    Place(
        "POST",
        "/v1/join",
        join,
        "Knock with an invite's token.",
        open=True,
        body_bytes_max=JOIN_BYTES_MAX,
        weight=10.0,
    ),
)
