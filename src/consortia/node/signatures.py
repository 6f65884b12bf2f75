"""Signatures checked ahead, in processes of their own.

Checking signatures is most of the work of a block, and the library holds the interpreter's lock while it
does, so threads gain nothing. Workers check whole envelopes ahead of the writer; the writer is handed a
`check` that knows their results and computes for itself what they have not seen. What is remembered says
only "this key signed these bytes": roles, sequences and all else are checked again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from consortia.base.codec import Malformed, decode_record
from consortia.base.envelope import kid_of, open_envelope
from consortia.base.hashing import DIGEST_BYTES, sha256
from consortia.base.keys import PUBLIC_BYTES, SIGNATURE_BYTES, verify
from consortia.kernel.block import Block
from consortia.kernel.context import Context
from consortia.kernel.ledger import Ledger
from consortia.kernel.store import Overlay
from consortia.kernel.transaction import TRANSACTION_BYTES_MAX, external_aad
from consortia.node.sync import SyncReply

CHUNK = 1024
"""So many transactions travel to a worker at once, at most: each journey takes the writer from its work."""

INLINE_MAX = 16
"""So few are not worth the way."""

AHEAD_MIN = 512
"""From so many transactions in one answer on, a process of its own checks their signatures."""

MEMO_MAX = 1 << 16
_NOTHING = bytes(DIGEST_BYTES)

Signed = tuple[bytes, bytes]
"""A public key (32 bytes) and the bytes of a transaction that it is said to have signed."""


class Signatures:
    """Checks signatures, and remembers those found valid; `workers` 0 checks everything in this process."""

    def __init__(self, workers: int = 0) -> None:
        """Workers start when there is first something for them."""
        self._memo: OrderedDict[bytes, bytes] = OrderedDict()
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def check(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether `signature` of `message` is valid for `public`, as `base.keys.verify` finds or found."""
        digest = sha256(public + message)
        if self._memo.get(signature) == digest:
            return True
        valid = verify(public, message, signature)
        if valid:
            self._remember([(signature, digest)])
        return valid

    def ahead(self, network: bytes, items: Sequence[Signed]) -> list[Future[int]]:
        """Have transactions of a network checked by the workers.

        Each future ends, in a thread of the pool, when its chunk's results are remembered, and gives
        how many were valid. No future when there are too few to be worth it, or no workers.
        """
        fresh = [(public, raw) for public, raw in items if raw[-SIGNATURE_BYTES:] not in self._memo]
        if not self._workers or len(fresh) <= INLINE_MAX:
            return []
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._workers, mp_context=get_context("spawn"))
        size = min(CHUNK, -(-len(fresh) // self._workers))
        futures = []
        for start in range(0, len(fresh), size):
            chunk = fresh[start : start + size]
            answer: Future[int] = Future()
            work = self._pool.submit(_check_chunk, network, _pack(chunk))
            work.add_done_callback(partial(self._settle, chunk, answer))
            futures.append(answer)
        return futures

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _settle(self, chunk: list[Signed], answer: "Future[int]", done: "Future[bytes]") -> None:
        if done.cancelled():
            answer.cancel()
            return
        error = done.exception()
        if error is not None:
            answer.set_exception(error)
            return
        digests = done.result()
        places = range(0, len(digests), DIGEST_BYTES)
        found = zip([raw[-SIGNATURE_BYTES:] for _, raw in chunk], places, strict=True)
        pairs = [(signature, digests[at : at + DIGEST_BYTES]) for signature, at in found]
        valid = [pair for pair in pairs if pair[1] != _NOTHING]
        self._remember(valid)
        answer.set_result(len(valid))

    def _remember(self, valid: Iterable[tuple[bytes, bytes]]) -> None:
        self._memo.update(valid)
        while len(self._memo) > MEMO_MAX:
            self._memo.popitem(last=False)


async def check_ahead(signatures: Signatures, ledger: Ledger, reply: SyncReply) -> None:
    """When many blocks come at once, have their signatures checked by a process beside this one."""
    found = [decode_record(Block, vouched.block) for vouched in reply.blocks]
    raws = [raw for block in found for raw in block.transactions]
    if len(raws) >= AHEAD_MIN:
        ahead = signatures.ahead(ledger.network, known(ledger, raws))
        await asyncio.gather(*[asyncio.wrap_future(future) for future in ahead])


def known(ledger: Ledger, transactions: Iterable[bytes]) -> list[Signed]:
    """The transactions with the keys that they name; without those malformed, or whose key is unknown."""
    found: list[Signed] = []
    publics: dict[bytes, bytes] = {}
    tip = ledger.tip
    with ledger.store.snapshot() as view:
        ctx = Context(Overlay(view), ledger.network, tip.height, tip.time, tip.size)
        for raw in transactions:
            kid = kid_of(raw)
            if kid is None:
                continue
            if kid not in publics:
                state = ledger.app.keys.key(ctx, kid)
                publics[kid] = b"" if state is None else state.signer.public
            if publics[kid]:
                found.append((publics[kid], raw))
    return found


def _pack(chunk: list[Signed]) -> bytes:
    """Each key, the transaction's length in 4 bytes, and the transaction."""
    return b"".join([public + len(raw).to_bytes(4, "big") + raw for public, raw in chunk])


def _check_chunk(network: bytes, packed: bytes) -> bytes:
    """In a worker: for each transaction the SHA-256 of key and what it signed if validly so, else zeros."""
    aad = external_aad(network)
    digests = []
    at = 0
    while at < len(packed):
        public = packed[at : at + PUBLIC_BYTES]
        start = at + PUBLIC_BYTES + 4
        at = start + int.from_bytes(packed[start - 4 : start], "big")
        digests.append(_check_one(public, packed[start:at], aad))
    return b"".join(digests)


def _check_one(public: bytes, raw: bytes, aad: bytes) -> bytes:
    try:
        envelope = open_envelope(raw, size_max=TRANSACTION_BYTES_MAX)
    except Malformed:
        return _NOTHING
    message = envelope.sig_structure(aad)
    return sha256(public + message) if verify(public, message, envelope.signature) else _NOTHING
