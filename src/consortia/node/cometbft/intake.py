"""Transactions on their way to CometBFT.

What submitters hand in within a few milliseconds travels as one bundle, one bundle at a time, so that the
order of a key's transactions is kept. CometBFT's check answers for each transaction in it; receipts come when
a block with it is durable here.
"""

import asyncio
from collections.abc import Callable, Sequence

from consortia.base.codec import Malformed
from consortia.base.refusals import Refused, require
from consortia.drivers.cometbft import bundle as bundles
from consortia.drivers.cometbft.pool import REPEATED
from consortia.kernel import refusals as codes
from consortia.kernel.admission import Check
from consortia.kernel.block import OK
from consortia.kernel.ledger import Ledger
from consortia.kernel.quick import quick_parse
from consortia.kernel.transaction import parse_transaction
from consortia.node.cometbft.rpc import Handed, NotNow, Rpc, RpcError
from consortia.node.service import key_state

START_SECONDS = 15.0
START_PAUSE_SECONDS = 0.1
"""So long who submits waits for a CometBFT that is starting, or has no room."""


class Intake:
    """Where one node's CometBFT takes transactions in; `len` is how many wait to be bundled."""

    def __init__(self, rpc: Rpc, network: bytes, wait_ms: int, now: Callable[[], int]) -> None:
        self._rpc, self._network, self._now = rpc, network, now
        self._gatherer = bundles.Gatherer(bundles.Gathering(wait_ms=wait_ms))
        self._ids: dict[bytes, bytes] = {}
        self._checked: dict[bytes, list[asyncio.Future[str]]] = {}
        self._news = asyncio.Event()

    def __len__(self) -> int:
        return len(self._gatherer)

    async def hand_in(self, raw: bytes, transaction: bytes) -> str:
        """Hand a transaction in, and give the code of its check; raises RpcError, and Refused for garbage.

        What is on its way by its id is not sent again, nor under another signature: a bundle that holds
        anything twice is refused as a whole.
        """
        if transaction not in self._checked:
            try:
                self._gatherer.add(raw, self._now())
            except Malformed:
                parse_transaction(raw, self._network)  # refused with the code that the ledger gives it
                raise
            self._ids[raw] = transaction
        checked: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._checked.setdefault(transaction, []).append(checked)
        self._news.set()
        return await checked

    async def run(self) -> None:
        """Send bundles as they close, for ever."""
        while True:
            due = self._gatherer.due()
            if due is None:
                self._news.clear()
                await self._news.wait()
                continue
            await asyncio.sleep(max(0, due - self._now()) / 1000)
            taken = self._gatherer.take(self._now())
            if taken is not None:
                try:
                    await self._send(taken)
                finally:  # whoever waits is told, whatever happened; what is on its way is not sent again
                    for raw in taken:
                        self._settle(raw, RpcError("CometBFT was not handed the transaction"))

    async def _send(self, transactions: Sequence[bytes]) -> None:
        """Hand one bundle in, and tell who waits what became of it."""
        try:
            handed = await self._handed(bundles.squeezed(bundles.pack(transactions)))
        except RpcError as error:
            for raw in transactions:
                self._settle(raw, error)
            return
        if handed.codes and set(handed.codes) == {REPEATED} and len(transactions) > 1:
            for raw in transactions:
                await self._send([raw])
            return
        codes = handed.codes or (OK,) * len(transactions)
        for raw, code in zip(transactions, codes, strict=True):
            self._settle(raw, code)

    async def _handed(self, entry: bytes) -> Handed:
        """Hand an entry in; while CometBFT is starting, or its pool full, wait for it. Raises RpcError."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_SECONDS
        while True:
            try:
                return await self._rpc.hand_in(entry)
            except NotNow:
                if loop.time() > deadline:
                    raise
                await asyncio.sleep(START_PAUSE_SECONDS)

    def _settle(self, raw: bytes, outcome: str | RpcError) -> None:
        for checked in self._checked.pop(self._ids.pop(raw, b""), ()):
            if checked.done():
                continue
            if isinstance(outcome, str):
                checked.set_result(outcome)
            else:
                checked.set_exception(outcome)


def check_signed(ledger: Ledger, raw: bytes, check: Check) -> None:
    """Refuse a well-formed transaction of a key that signs nothing, or did not sign it; raises Refused.

    Anybody may hand in, and one transaction has one id whatever its signature: forgeries of one that travel
    together would have the whole bundle refused.
    """
    parsed = quick_parse(raw, ledger.network)
    state = key_state(ledger, parsed.transaction.key)
    if state is None:
        raise Refused(codes.UNKNOWN_KEY, parsed.transaction.key.hex())
    require(state.active, codes.REVOKED_KEY, parsed.transaction.key.hex())
    require(check(state.signer.public, parsed.signed, parsed.envelope.signature), codes.BAD_SIGNATURE)
