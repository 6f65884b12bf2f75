"""ABCI 2.0's calls, from CometBFT's messages to the driver and back.

All sixteen calls are answered. InsertTx and ReapTxs, which v0.39 added for a mempool that the application
keeps, are refused: ours is CometBFT's own (`flood`), and whoever set another should see it at once.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.metadata import version
from typing import Final

from consortia.base.codec import Malformed, decode_record, encode, encode_record
from consortia.base.refusals import Refused
from consortia.drivers.cometbft.driver import CometBft, Decided
from consortia.drivers.cometbft.parameters import BLOCK_BYTES, EVIDENCE_BLOCKS, EVIDENCE_SECONDS
from consortia.drivers.cometbft.proposal import Convicted, Proposal
from consortia.drivers.cometbft.snapshot import BadSnapshot
from consortia.drivers.cometbft.snapshots import Offer
from consortia.drivers.cometbft.wire import MESSAGES, Message
from consortia.kernel.durable import Power
from consortia.kernel.genesis import PROTOCOL_VERSION

VERSION: Final = version("consortia")
EVIDENCE_BYTES: Final = 1 << 16
SNAPSHOT_ACCEPT, SNAPSHOT_REJECT = 1, 3
CHUNK_ACCEPT, CHUNK_RETRY = 1, 3
PROPOSAL_ACCEPT, PROPOSAL_REJECT = 1, 2
VOTE_ACCEPT, VOTE_REJECT = 1, 2
RECHECK = 1
QUERY_UNKNOWN, QUERY_REFUSED = 1, 2

Clock = Callable[[], int]
"""Gives UTC milliseconds."""


class UnknownCall(ValueError):
    """A call that this application refuses."""


Later = Callable[[Callable[[], None]], object]
"""Has something done once the reply is on its way."""


class Calls:
    """Answers CometBFT's calls by a driver. `decided` is told of every block that became durable.

    With `later`, a proposed block is worked out while the votes on it are under way.
    """

    def __init__(
        self,
        driver: CometBft,
        clock: Clock,
        decided: Callable[[Decided], None] = lambda _decided: None,
        later: Later = lambda _work: None,
    ) -> None:
        self.driver, self._clock, self._tell, self._later = driver, clock, decided, later
        self._handlers: dict[str, Callable[[Message, Message], None]] = {
            "echo": self._echo,
            "flush": self._flush,
            "info": self._info,
            "init_chain": self._init_chain,
            "query": self._query,
            "check_tx": self._check_tx,
            "commit": self._commit,
            "list_snapshots": self._list_snapshots,
            "offer_snapshot": self._offer_snapshot,
            "load_snapshot_chunk": self._load_snapshot_chunk,
            "apply_snapshot_chunk": self._apply_snapshot_chunk,
            "prepare_proposal": self._prepare_proposal,
            "process_proposal": self._process_proposal,
            "extend_vote": self._extend_vote,
            "verify_vote_extension": self._verify_vote_extension,
            "finalize_block": self._finalize_block,
        }

    def answer(self, request: Message) -> Message:
        """The Response to a Request; raises UnknownCall, and whatever the driver and its store raise."""
        name = request.WhichOneof("value")
        handler = self._handlers.get(name or "")
        if handler is None:
            raise UnknownCall(f"{name or 'an unknown call'} is refused: set CometBFT's mempool to `flood`")
        response = MESSAGES["Response"]()
        reply = getattr(response, name)
        reply.SetInParent()
        handler(getattr(request, name), reply)
        return response

    def ahead(self, request: Message) -> Iterator[None]:
        """Work towards the answer of a long call, step by step; nothing changes but how long that takes."""
        if request.WhichOneof("value") == "check_tx" and request.check_tx.type != RECHECK:
            yield from self.driver.pool.ahead(request.check_tx.tx, self._clock())

    def _echo(self, request: Message, reply: Message) -> None:
        reply.message = request.message

    def _flush(self, request: Message, reply: Message) -> None:
        """Nothing is held back: replies go out as they are made."""

    def _info(self, request: Message, reply: Message) -> None:
        reply.data, reply.version, reply.app_version = "consortia", VERSION, PROTOCOL_VERSION
        reply.last_block_height, reply.last_block_app_hash = self.driver.info()

    def _init_chain(self, request: Message, reply: Message) -> None:
        started = self.driver.init_chain(request.chain_id)
        reply.app_hash = started.root
        _put_powers(reply.validators, started.validators)
        parameters = reply.consensus_params
        parameters.block.max_bytes, parameters.block.max_gas = BLOCK_BYTES, -1
        parameters.evidence.max_age_num_blocks = EVIDENCE_BLOCKS
        parameters.evidence.max_age_duration.seconds = EVIDENCE_SECONDS
        parameters.evidence.max_bytes = EVIDENCE_BYTES
        parameters.validator.pub_key_types.append("ed25519")
        parameters.version.app = PROTOCOL_VERSION
        parameters.abci.SetInParent()

    def _query(self, request: Message, reply: Message) -> None:
        """Answer `module.query` (the path) on the newest state; arguments and answer are encoded records."""
        reply.height = self.driver.height
        ledger = self.driver.ledger
        found = ledger.app.query(request.path)
        if found is None:
            reply.code, reply.log = QUERY_UNKNOWN, f"no query {request.path}"
            return
        try:
            arguments = decode_record(found[1].arguments, request.data)
            reply.value = encode_record(ledger.query(request.path, arguments))
        except Malformed as error:
            reply.code, reply.log = QUERY_UNKNOWN, str(error)
        except Refused as refused:
            reply.code, reply.codespace, reply.log = QUERY_REFUSED, refused.code, str(refused)

    def _check_tx(self, request: Message, reply: Message) -> None:
        """Accept or refuse; a new bundle's data are the codes of its transactions, an encoded array."""
        again = request.type == RECHECK
        verdict = self.driver.check_tx(request.tx, self._clock(), again=again)
        reply.code, reply.log = verdict.code, verdict.text
        if not again:
            reply.data = encode(list(verdict.codes))

    def _prepare_proposal(self, request: Message, reply: Message) -> None:
        entries = self.driver.prepare_proposal(_proposal(request), request.max_tx_bytes, self._clock())
        reply.txs.extend(entries)

    def _process_proposal(self, request: Message, reply: Message) -> None:
        proposal = _proposal(request)
        stands = self.driver.process_proposal(proposal)
        reply.status = PROPOSAL_ACCEPT if stands else PROPOSAL_REJECT
        if stands:
            self._later(partial(self.driver.foresee, proposal))

    def _extend_vote(self, request: Message, reply: Message) -> None:
        """Votes carry nothing of ours."""

    def _verify_vote_extension(self, request: Message, reply: Message) -> None:
        reply.status = VOTE_REJECT if request.vote_extension else VOTE_ACCEPT

    def _finalize_block(self, request: Message, reply: Message) -> None:
        """Every entry has the same empty result: what its transactions did stands in their receipts."""
        finalized = self.driver.finalize_block(_proposal(request), self._clock())
        reply.app_hash = finalized.root
        result = MESSAGES["ExecTxResult"]()
        reply.tx_results.extend([result] * len(request.txs))
        _put_powers(reply.validator_updates, finalized.updates)

    def _commit(self, request: Message, reply: Message) -> None:
        reply.retain_height = self.driver.commit()
        self._tell_all()

    def _tell_all(self) -> None:
        for decided in self.driver.drain():
            self._tell(decided)

    def _list_snapshots(self, request: Message, reply: Message) -> None:
        for offer in self.driver.offered():
            reply.snapshots.add(
                height=offer.height,
                format=offer.format,
                chunks=offer.chunks,
                hash=offer.digest,
                metadata=offer.metadata,
            )

    def _offer_snapshot(self, request: Message, reply: Message) -> None:
        one = request.snapshot
        offer = Offer(one.height, one.chunks, one.hash, one.metadata, one.format)
        try:
            self.driver.accept(offer, request.app_hash)
            reply.result = SNAPSHOT_ACCEPT
        except BadSnapshot:
            reply.result = SNAPSHOT_REJECT

    def _load_snapshot_chunk(self, request: Message, reply: Message) -> None:
        reply.chunk = self.driver.chunk(request.height, request.chunk, request.format)

    def _apply_snapshot_chunk(self, request: Message, reply: Message) -> None:
        """Take a chunk in; a wrong one is fetched anew, and not from whoever sent it."""
        try:
            self.driver.apply(request.index, request.chunk)
            reply.result = CHUNK_ACCEPT
        except BadSnapshot:
            reply.result = CHUNK_RETRY
            reply.refetch_chunks.append(request.index)
            reply.reject_senders.extend([request.sender] if request.sender else [])
        self._tell_all()


def _proposal(request: Message) -> Proposal:
    """The block of a proposal or a decision."""
    convicted = tuple(Convicted(one.validator.address, one.height, one.type) for one in request.misbehavior)
    return Proposal(request.height, milliseconds(request.time), tuple(request.txs), convicted)


def milliseconds(timestamp: Message) -> int:
    """A protobuf timestamp as UTC milliseconds, rounded down."""
    return int(timestamp.seconds) * 1_000 + int(timestamp.nanos) // 1_000_000


def _put_powers(field: Message, powers: Iterable[Power]) -> None:
    for one in powers:
        update = field.add(power=one.power)
        update.pub_key.ed25519 = one.public
