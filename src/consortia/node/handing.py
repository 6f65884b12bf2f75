"""Handing ordering over: each member's owner agrees at its own node, and the one that completes it tells all.

1. The node asks the others where they stand. It must hold as many blocks as any of them, since what it signs
   fixes where the new orderer begins; from then on it takes in nothing that the old one puts after that.
2. An orderer that still answers agrees first, and stops, so that nothing is lost that it acknowledged.
3. The node signs: what another member signed for the same orderer, or, as the first, its own newest block.
4. Once more than two thirds have signed, the new orderer among them, the hand-over is in force, and every
   node is told. It proves itself, so a node that was away may hear it from anybody.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Digest, Malformed, Name, Record, decode_record, encode_record
from consortia.exact.tally import quorum
from consortia.node.http_answers import HttpProblem
from consortia.node.service import Service
from consortia.node.sync import (
    MESSAGE_BYTES_MAX,
    BadHandOver,
    HandOver,
    HandOverSignature,
    SignedHandOver,
    SyncReply,
    gather,
)
from consortia.node.witness import Withheld
from consortia.sdk.errors import LedgerError

PLACE = "/v1/hand-over"
ASK_SECONDS = 5.0


class Standing(Record, frozen=True):
    """Where a node stands: term and orderer, newest block, and what it signed that is not in force yet."""

    member: Name
    term: U63
    orderer: Name
    height: U63
    size: U63
    root: Digest
    promise: HandOver | None
    signature: HandOverSignature | None


class Agree(Record, frozen=True):
    """An owner's word to its own node: ordering is to go to the member `orderer`."""

    orderer: Name


class Handed(Record, frozen=True):
    """Where a hand-over stands: who signed, how many must, who is awaited, and whether it is in force."""

    hand_over: HandOver
    signed: Annotated[tuple[Name, ...], Meta(max_length=1024)]
    needed: U63
    awaited: Annotated[tuple[Name, ...], Meta(max_length=1024)]
    done: bool


def standing(service: Service) -> Standing:
    """Where this node stands."""
    node, tip, promise = service.node, service.ledger.tip, service.node.witness.promise
    open_one = promise if promise is not None and promise.term > node.term else None
    signature = None if open_one is None else node.witness.promised()
    return Standing(node.member, node.term, node.orderer, tip.height, tip.size, tip.root, open_one, signature)


async def agree(service: Service, orderer: str) -> Handed:
    """Sign a hand-over to a member for this node's own, and put it in force if it is complete.

    Raises HttpProblem (409) where it cannot be signed now; the text says what to do.
    """
    members = [member.name for member in service.ledger.members().members]
    others = {one.member: one for one in await _ask_all(service, members)}
    await _catch_up(service, others)
    own = standing(service)
    hand_over = to_sign(own, others, members, orderer)
    try:
        signature = service.node.sign_hand_over(hand_over or _first(service, own, others, orderer))
    except Withheld as error:
        raise HttpProblem(409, str(error)) from None
    return await _complete(service, members, others, signature)


def to_sign(
    own: Standing, others: Mapping[str, Standing], members: list[str], orderer: str
) -> HandOver | None:
    """The hand-over that a node signs next to what the others signed; None where it is the first to sign.

    Raises HttpProblem: no such member; it orders already; this node is behind; the old orderer goes first.
    """
    if orderer not in members:
        raise HttpProblem(409, f"{orderer} is no member; there are: {', '.join(members)}")
    if orderer == own.orderer:
        raise HttpProblem(409, f"the node of {orderer} orders already")
    longest = max(others.values(), key=lambda one: one.size, default=own)
    if longest.size > own.size:
        text = f"this node is at block {own.height}, that of {longest.member} at {longest.height}: try again"
        raise HttpProblem(409, text)
    fitting = [one.promise for one in (own, *others.values()) if _fits(one.promise, own, orderer)]
    if fitting:
        return max((one for one in fitting if one is not None), key=lambda one: one.term)
    old = others.get(own.orderer)
    if old is not None:
        text = f"the node of {old.member} orders, and answers: agree there first, so that nothing is lost"
        raise HttpProblem(409, text)
    return None


def _fits(promise: HandOver | None, own: Standing, orderer: str) -> bool:
    """Whether a hand-over is to this orderer, and begins at the newest block here."""
    if promise is None or promise.orderer != orderer or promise.term <= own.term:
        return False
    return (promise.height, promise.size, promise.root) == (own.height, own.size, own.root)


def _first(service: Service, own: Standing, others: Mapping[str, Standing], orderer: str) -> HandOver:
    """A new hand-over from the newest block here, of a term above every one that anybody signed."""
    proposed = service.node.proposed_hand_over(orderer)
    terms = [one.promise.term + 1 for one in (own, *others.values()) if one.promise is not None]
    return HandOver(
        proposed.network,
        max([proposed.term, *terms]),
        proposed.height,
        proposed.size,
        proposed.root,
        proposed.orderer,
    )


async def _complete(
    service: Service, members: list[str], others: Mapping[str, Standing], signature: HandOverSignature
) -> Handed:
    """Gather who signed the same; adopt it where they are enough, and tell everybody."""
    hand_over = service.node.witness.promise
    if hand_over is None:
        raise HttpProblem(409, "this node has promised nothing")
    same = [one.signature for one in others.values() if one.promise == hand_over and one.member in members]
    signed = gather(hand_over, [signature, *(one for one in same if one is not None)])
    names = tuple(one.member for one in signed.signatures)
    needed = quorum(len(members))
    done = len(names) >= needed and hand_over.orderer in names
    if done:
        adopt(service, signed)
        await _tell_all(service, members, signed)
    awaited = tuple(name for name in members if name not in names)
    return Handed(hand_over, names, needed, awaited, done)


def adopt(service: Service, signed: SignedHandOver) -> None:
    """Follow the orderer that the members chose; raises HttpProblem for a hand-over that does not hold."""
    if signed.hand_over.term <= service.node.term:
        return
    try:
        service.node.adopt_hand_over(signed, service.now())
    except BadHandOver as error:
        raise HttpProblem(409, str(error)) from None
    service.wake()


async def _catch_up(service: Service, others: Mapping[str, Standing]) -> None:
    """Fetch from the node that holds most what is lacking here, as far as it goes."""
    node = service.node
    longest = max(others.values(), key=lambda one: one.size, default=None)
    transport = None if longest is None else service.peers.transport(longest.member)
    while longest is not None and transport is not None and node.ledger.tip.size < longest.size:
        before = node.ledger.tip.size
        question = encode_record(node.request(longest.member, service.now()))
        post = partial(transport.post, "/v1/sync", question, timeout=ASK_SECONDS)
        try:
            answer = (await service.peers.run(post)).expect(200)
            reply = decode_record(SyncReply, answer.body, size_max=MESSAGE_BYTES_MAX)
        except (LedgerError, Malformed):
            return
        node.on_reply(longest.member, reply, service.now())
        service.wake()
        if node.ledger.tip.size == before:
            return


async def _ask_all(service: Service, members: list[str]) -> list[Standing]:
    """Where the nodes of the other members stand, of those that answer."""

    async def ask(name: str) -> Standing | None:
        transport = service.peers.transport(name)
        if transport is None:
            return None
        try:
            answer = await service.peers.run(lambda: transport.get(PLACE, timeout=ASK_SECONDS).expect(200))
        except LedgerError:
            return None
        found = decode_record(Standing, answer.body)
        return found if found.member == name else None

    asked = await asyncio.gather(*(ask(name) for name in members if name != service.config.member))
    return [one for one in asked if one is not None]


async def _tell_all(service: Service, members: list[str], signed: SignedHandOver) -> None:
    """Bring the other nodes a hand-over that is in force; who is away hears it with its next question."""
    body = encode_record(signed)

    async def tell(name: str) -> None:
        transport = service.peers.transport(name)
        if transport is not None:
            try:
                await service.peers.run(lambda: transport.post(f"{PLACE}/signed", body, timeout=ASK_SECONDS))
            except LedgerError:
                return

    await asyncio.gather(*(tell(name) for name in members if name != service.config.member))
