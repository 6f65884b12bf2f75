"""Availability of a round's updates: nodes that hold and have checked one another's blobs say so.

A member's own node gathers these signatures for its worker: every other member of the round is asked, fetches
the blob, checks that it keeps the round's terms and is one that the member's records can give, and signs with
its node key. A node that nobody can reach from outside leaves its blob with the others first.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module

from consortia.base.codec import U63, Digest, Malformed, Record, decode_record, encode_record
from consortia.base.keys import SigningKey, verify
from consortia.base.refusals import Refused
from consortia.engines.commit.chunks import blob_id
from consortia.kernel.context import Context
from consortia.kernel.ledger import Ledger
from consortia.modules.training.messages import Availability
from consortia.modules.training.rounds import awaited
from consortia.modules.training.rules import availability, blob_bytes, needed
from consortia.modules.training.state import JOINS, PROGRESS, STUDIES, open_round
from consortia.modules.training.types import Round, Stage, Terms
from consortia.node.blob_rights import ROUND_BLOB_BYTES_MAX
from consortia.node.blobs import BlobError
from consortia.node.exchange import NotFetched, fetch, push
from consortia.node.http_answers import HttpProblem
from consortia.node.service import Service
from consortia.sdk.errors import LedgerError, RequestFailed, Unreachable

GATHER_SECONDS_MAX = 60.0
GRACE_SECONDS = 0.5
"""So long the signatures that are not needed any more are waited for."""


class AskAvailability(Record, frozen=True):
    """Whether a node holds the update of `member` in an open round of a study."""

    study: Digest
    round: Digest
    member: str
    blob: Digest
    size: U63


class Gathered(Record, frozen=True):
    """The signatures gathered, sorted by member, and why others did not sign."""

    signatures: tuple[Availability, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoundTerms:
    """The open round that an update is for, its study's terms, and the records its member joined with."""

    round: Round
    terms: Terms
    records: int

    @property
    def stage(self) -> Stage:
        """The stage of the round."""
        return self.terms.stages[self.round.stage]


def round_terms(service: Service, ask: AskAvailability) -> RoundTerms:
    """The open round that waits for updates; raises HttpProblem."""
    found: list[RoundTerms] = []

    def read(ctx: Context) -> None:
        study, progress = STUDIES.get(ctx, ask.study), PROGRESS.get(ctx, ask.study)
        this = None if study is None or progress is None else open_round(ctx, progress, ask.study)
        part = JOINS.get(ctx, ask.study, ask.member)
        if study is not None and this is not None and this.id == ask.round:
            found.append(RoundTerms(this, study.terms, 0 if part is None else part.records))

    service.ledger.ask(read)
    if not found or found[0].round.step != "submit":
        raise HttpProblem(409, f"round {ask.round.hex()} waits for no updates here")
    known = found[0]
    if ask.member not in awaited(known.round):
        raise HttpProblem(403, f"{ask.member} has no part in round {ask.round.hex()}")
    expected = blob_bytes(known.stage)
    if ask.size != expected:
        raise HttpProblem(422, f"an update of {ask.size} bytes, the round's terms say {expected}")
    return known


async def attest(service: Service, key: SigningKey, ask: AskAvailability) -> Availability:
    """Hold the blob, check it against the round's terms, and sign; raises HttpProblem."""
    known = round_terms(service, ask)
    here = service.blobs.has(ask.blob)
    came = not here or not _may_know(service, ask)
    if came:
        transport = service.peers.transport(ask.member)
        if transport is None:
            raise HttpProblem(424, f"nobody knows where the node of {ask.member} is: leave the blob here")
        try:
            await service.peers.run(
                lambda: fetch(
                    service.blobs,
                    ask.blob,
                    [(ask.member, transport)],
                    size_max=ask.size,
                    by=ask.member,
                    anew=here,
                ),
                ask.member,
            )
        except NotFetched as error:
            service.counters.blobs_refused += len(error.bad)
            status = 422 if error.bad else 424
            raise HttpProblem(status, str(error), peers=error.bad) from None
        except Unreachable as error:
            raise HttpProblem(503, str(error)) from None
    checked = came or ask.member == service.config.member  # its own worker put or read it just now
    if checked and known.round.keyed and service.blobs.size(ask.blob) == ask.size:
        return signed(service, key, ask)  # of a masked update only the size can be seen
    await asyncio.to_thread(import_module, "consortia.node.round_checks")
    from consortia.node import round_checks  # noqa: PLC0415 (NumPy: many a node never needs it)

    planned = None if known.round.keyed else round_checks.planned(known.terms)
    if planned is not None:
        await _have_state(service, known.round, planned.plan.initial, ask.member)
    try:
        await asyncio.to_thread(round_checks.check, service.blobs, known, planned, ask.blob)
    except (*round_checks.UNFIT, BlobError, Malformed) as error:
        raise HttpProblem(422, f"the update of {ask.member}: {error}") from None
    return signed(service, key, ask)


def _may_know(service: Service, ask: AskAvailability) -> bool:
    """Whether the member whose update it is may learn that a blob is here.

    Its own node's may; another's if it left the blob here, or has a right to it. Otherwise it must show the
    blob first, as if it were not here: its id alone, which it may have seen or guessed, tells it nothing.
    """
    blobs = service.blobs
    left = blobs.allowances.left(ask.member, ask.blob) and blobs.begun(ask.blob) is None
    if ask.member == service.config.member or left:
        return True
    return service.rights.may_read(ask.member, ask.blob)


def signed(service: Service, key: SigningKey, ask: AskAvailability) -> Availability:
    """This node's signature that it holds and has checked the blob."""
    message = availability(
        service.ledger.network, ask.study, ask.round, member=ask.member, blob=ask.blob, size=ask.size
    )
    return Availability(service.config.member, key.sign(message))


async def gather(service: Service, key: SigningKey, ask: AskAvailability) -> Gathered:
    """Ask every member of the round, this one included; raises HttpProblem when the round is not open.

    Whoever answers with anything but its own signature has not signed; and where enough have, nobody holds
    the others up by taking its time.
    """
    this = round_terms(service, ask).round
    service.rights.offer(ask.blob, ask.study)
    own = service.config.member
    asked = {asyncio.ensure_future(_from_peer(service, one, ask)): one for one in this.members if one != own}
    mine = asyncio.ensure_future(attest(service, key, ask))
    asked[mine] = own
    await enough(asked, needed(len(this.members)))
    await asyncio.wait([mine])  # without its own no update is taken
    found, missing = [], []
    for task, name in asked.items():
        if not task.done():
            task.cancel()
            missing.append(f"{name}: does not answer, and enough others have")
            continue
        try:
            found.append(task.result())
        except (LedgerError, HttpProblem, Refused) as error:
            missing.append(f"{name}: {error}")
    return Gathered(tuple(sorted(found, key=lambda one: one.member)), tuple(sorted(missing)))


async def enough(asked: Iterable[asyncio.Future[Availability]], least: int) -> None:
    """Wait until all are done; or `least` have succeeded, and the others had some grace."""
    waiting, signed_by, seconds = set(asked), 0, None
    while waiting:
        done, waiting = await asyncio.wait(
            waiting,
            timeout=seconds,
            return_when=asyncio.FIRST_COMPLETED if seconds is None else asyncio.ALL_COMPLETED,
        )
        if seconds is not None:
            return
        signed_by += sum(1 for one in done if one.exception() is None)
        seconds = GRACE_SECONDS if signed_by >= least else None


def check_signed(ledger: Ledger, ask: AskAvailability, name: str, given: Availability) -> Availability:
    """What a member's node answered, if it is its signature; raises HttpProblem otherwise.

    The ledger would refuse the update with all its signatures for one that is false.
    """
    message = availability(
        ledger.network, ask.study, ask.round, member=ask.member, blob=ask.blob, size=ask.size
    )
    keys = [member.witness for member in ledger.members().members if member.name == name]
    if given.member != name or not any(verify(public, message, given.signature) for public in keys):
        raise HttpProblem(502, f"{name} answers with a signature that is not its node's")
    return given


async def _from_peer(service: Service, name: str, ask: AskAvailability) -> Availability:
    transport = service.peers.transport(name)
    if transport is None:
        raise HttpProblem(503, f"nobody knows where the node of {name} is")
    body = encode_record(ask)

    def once() -> Availability:
        answer = transport.post("/v1/availability", body, timeout=GATHER_SECONDS_MAX).expect(200)
        try:
            return decode_record(Availability, answer.body)
        except Malformed as error:
            raise HttpProblem(502, f"the answer is no signature: {error}") from None

    def work() -> Availability:
        try:
            return once()
        except RequestFailed as error:
            if error.status != 424:
                raise
            push(service.blobs, ask.blob, transport)
            return once()

    return check_signed(service.ledger, ask, name, await service.peers.run(work, name))


async def _have_state(service: Service, this: Round, initial: bytes, by: str) -> None:
    """Have the state that the round starts from, from a peer if need be; raises HttpProblem.

    It is charged to the member whose update wants it: whoever makes a node get a state pays for its room.
    """
    if service.blobs.has(this.state) or blob_id(initial) == this.state:
        return
    sources = service.peers.sources(this.members)
    try:
        await service.peers.run(
            lambda: fetch(
                service.blobs,
                this.state,
                sources,
                size_max=ROUND_BLOB_BYTES_MAX,
                by="" if by == service.config.member else by,
            )
        )
    except LedgerError as error:
        raise HttpProblem(503, f"the state of the round is not here yet: {error}") from None
