"""Availability of a round's updates: nodes that hold and have checked one another's blobs say so.

A member's own node gathers these signatures for its worker: every other member of the round is asked, fetches
the blob, checks it against the round's terms, and signs with its node key. A node that nobody can reach
from outside leaves its blob with the others first.
"""

import asyncio

from consortia.base.codec import U63, Digest, Record, decode_record, encode_record
from consortia.base.keys import SigningKey
from consortia.base.refusals import Refused
from consortia.engines.train.api import Quantisation, check_vector
from consortia.engines.train.api import Stage as TrainStage
from consortia.exact.ring import RingError
from consortia.kernel.context import Context
from consortia.modules.training.messages import Availability
from consortia.modules.training.rules import availability
from consortia.modules.training.state import PROGRESS, STUDIES, open_round
from consortia.modules.training.types import Round, Stage
from consortia.node.blobs import BlobError
from consortia.node.exchange import NotFetched, fetch, push
from consortia.node.http_answers import HttpProblem
from consortia.node.service import Service
from consortia.sdk.errors import LedgerError, RequestFailed

GATHER_SECONDS_MAX = 60.0


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


def round_terms(service: Service, ask: AskAvailability) -> tuple[Round, Stage]:
    """The open round that waits for updates, and its stage; raises HttpProblem."""
    found: list[tuple[Round, Stage]] = []

    def read(ctx: Context) -> None:
        study, progress = STUDIES.get(ctx, ask.study), PROGRESS.get(ctx, ask.study)
        this = None if study is None or progress is None else open_round(ctx, progress, ask.study)
        if study is not None and this is not None and this.id == ask.round:
            found.append((this, study.terms.stages[this.stage]))

    service.ledger.ask(read)
    if not found or found[0][0].step != "submit":
        raise HttpProblem(409, f"round {ask.round.hex()} waits for no updates here")
    this, stage = found[0]
    if ask.member not in this.members:
        raise HttpProblem(403, f"{ask.member} has no part in round {ask.round.hex()}")
    expected = stage.length * stage.ring_bits // 8
    if ask.size != expected:
        raise HttpProblem(422, f"an update of {ask.size} bytes, the round's terms say {expected}")
    return this, stage


async def attest(service: Service, key: SigningKey, ask: AskAvailability) -> Availability:
    """Hold the blob, check it against the round's terms, and sign; raises HttpProblem."""
    _, stage = round_terms(service, ask)
    if not service.blobs.has(ask.blob):
        transport = service.peers.transport(ask.member)
        if transport is None:
            raise HttpProblem(424, f"nobody knows where the node of {ask.member} is: leave the blob here")
        try:
            await service.peers.run(
                lambda: fetch(service.blobs, ask.blob, [(ask.member, transport)], size_max=ask.size)
            )
        except NotFetched as error:
            service.counters.blobs_refused += len(error.bad)
            status = 422 if error.bad else 424
            raise HttpProblem(status, str(error), peers=error.bad) from None
    try:
        await asyncio.to_thread(_check, service, stage, ask)
    except (RingError, BlobError) as error:
        raise HttpProblem(422, f"the update of {ask.member}: {error}") from None
    return signed(service, key, ask)


def signed(service: Service, key: SigningKey, ask: AskAvailability) -> Availability:
    """This node's signature that it holds and has checked the blob."""
    message = availability(
        service.ledger.network, ask.study, ask.round, member=ask.member, blob=ask.blob, size=ask.size
    )
    return Availability(service.config.member, key.sign(message))


async def gather(service: Service, key: SigningKey, ask: AskAvailability) -> Gathered:
    """Ask every member of the round, this one included; raises HttpProblem when the round is not open."""
    this, _ = round_terms(service, ask)
    service.rights.offer(ask.blob, ask.study)
    others = [name for name in this.members if name != service.config.member]
    own = attest(service, key, ask)
    answers = await asyncio.gather(
        own, *(_from_peer(service, name, ask) for name in others), return_exceptions=True
    )
    found, missing = [], []
    for name, answer in zip([service.config.member, *others], answers, strict=True):
        if isinstance(answer, Availability):
            found.append(answer)
        elif isinstance(answer, LedgerError | HttpProblem | Refused):
            missing.append(f"{name}: {answer}")
        else:
            raise answer
    return Gathered(tuple(sorted(found, key=lambda one: one.member)), tuple(missing))


async def _from_peer(service: Service, name: str, ask: AskAvailability) -> Availability:
    transport = service.peers.transport(name)
    if transport is None:
        raise HttpProblem(503, f"nobody knows where the node of {name} is")
    body = encode_record(ask)

    def once() -> Availability:
        answer = transport.post("/v1/availability", body, timeout=GATHER_SECONDS_MAX).expect(200)
        return decode_record(Availability, answer.body)

    def work() -> Availability:
        try:
            return once()
        except RequestFailed as error:
            if error.status != 424:
                raise
            push(service.blobs, ask.blob, transport)
            return once()

    return await service.peers.run(work)


def _check(service: Service, stage: Stage, ask: AskAvailability) -> None:
    terms = Quantisation(stage.ring_bits, stage.scale_bits, stage.clip)
    check_vector(
        TrainStage(stage.name, stage.rounds, stage.length, terms, stage.weighting),
        service.blobs.read(ask.blob),
    )
