"""Those who wait at a node: for a receipt, for a block, for their turn. All on the event loop's thread."""

import asyncio
from collections import OrderedDict, deque

from consortia.base.refusals import Refused
from consortia.kernel.block import Receipt
from consortia.kernel.ledger import Ledger


class Bell:
    """What many wait for at once."""

    def __init__(self) -> None:
        self._futures: dict[asyncio.Future[bool], None] = {}

    async def wait(self, seconds: float) -> bool:
        """Wait until it rings; False when it did not in so many seconds."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._futures[future] = None
        timer = loop.call_later(seconds, _end, future)  # a fraction of what `wait_for` costs
        try:
            return await future
        finally:
            timer.cancel()
            self._futures.pop(future, None)

    def ring(self) -> None:
        """Wake all who wait."""
        futures, self._futures = self._futures, {}
        for future in futures:
            if not future.done():
                future.set_result(True)


def _end(future: "asyncio.Future[bool]") -> None:
    if not future.done():
        future.set_result(False)


class Waiting:
    """Those who wait for the receipt of a transaction, for a block, or for a block or a final checkpoint."""

    def __init__(self) -> None:
        self._receipts: dict[bytes, list[asyncio.Future[Receipt | None]]] = {}
        self._news, self._blocks = Bell(), Bell()

    async def receipt(
        self, ledger: Ledger, transaction: bytes, seconds: float, *, known: bool = True
    ) -> Receipt | None:
        """The receipt of a transaction once its block is durable here; None when it did not come in time.

        `known` false: it was handed in just now at this orderer, so no block can have it yet.

        Raises Refused when the transaction was waiting for a block and the new state refuses it.
        """
        found = ledger.receipt(transaction) if known else None
        if found is not None or seconds <= 0:
            return None if found is None else found.receipt
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Receipt | None] = loop.create_future()
        waiters = self._receipts.setdefault(transaction, [])
        waiters.append(future)
        timer = loop.call_later(seconds, _give_up, future)  # a fraction of what `wait_for` costs
        try:
            return await future
        finally:
            timer.cancel()
            if future in waiters:
                waiters.remove(future)
            if not waiters and self._receipts.get(transaction) is waiters:
                del self._receipts[transaction]

    async def news(self, seconds: float) -> bool:
        """Wait for a block or a final checkpoint; False when none came in time."""
        return await self._news.wait(seconds)

    async def block(self, seconds: float) -> bool:
        """Wait for a block; False when none came in time."""
        return await self._blocks.wait(seconds)

    def committed(self, receipts: list[Receipt]) -> bool:
        """These receipts are in a durable block; gives whether anybody waited for one of them."""
        awaited = False
        for receipt in receipts:
            for future in self._receipts.pop(receipt.transaction, ()):
                if not future.done():
                    future.set_result(receipt)
                    awaited = True
        return awaited

    def refused(self, transaction: bytes, refusal: Refused) -> None:
        """A transaction that waited will be in no block."""
        for future in self._receipts.pop(transaction, ()):
            if not future.done():
                future.set_exception(refusal)

    def refuse_all(self, refusal: Refused) -> None:
        """Nothing that waited will be in a block before it is handed in anew."""
        for transaction in list(self._receipts):
            self.refused(transaction, refusal)

    def tell(self, *, block: bool = True) -> None:
        """There is a new block, or a new final checkpoint alone."""
        self._news.ring()
        if block:
            self._blocks.ring()


def _give_up(future: "asyncio.Future[Receipt | None]") -> None:
    if not future.done():
        future.set_result(None)


class Turns:
    """A line for work that would hold up the event loop if much of it were done at once: one piece a pass.

    A loop reads all callers that have asked, then serves them all, and looks for others only after the last.
    Who asks a moment after it looked would wait for two whole passes. Here the loop looks after each piece,
    and callers take turns, each being served in the order in which it asked: who asks for much at once waits
    for itself, and holds up nobody else by more than one piece.
    """

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._moves = False

    async def take(self, caller: str) -> None:
        """Wait for the caller's turn; nothing where nobody waits."""
        loop = asyncio.get_running_loop()
        if not self._moves:
            self._moves = True
            loop.call_soon(self._next)
            return
        future: asyncio.Future[None] = loop.create_future()
        line = self._lines.get(caller)
        if line is None:
            line = self._lines[caller] = deque()
        line.append(future)
        await future

    def _next(self) -> None:
        while self._lines:
            caller, line = self._lines.popitem(last=False)
            future = line.popleft()
            if line:
                self._lines[caller] = line  # behind all others
            if not future.done():  # it may have gone away
                future.set_result(None)
                asyncio.get_running_loop().call_soon(self._next)
                return
        self._moves = False


class Seat:
    """A place among those who are served for as long as they like; `lost` once it went to somebody else."""

    def __init__(self) -> None:
        self.lost = False


class Seats:
    """So many seats; one caller may have them all, and gives way to those who come and have fewer."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[str, dict[Seat, None]] = {}
        self.taken = 0

    def take(self, caller: str) -> Seat | None:
        """Take a seat; None where none is free and no caller has two more than this one.

        Where none is free it is the newest of the caller that has most of them.
        """
        if self.taken >= self._most:
            crowd = max(self._held, key=lambda each: len(self._held[each]))
            if len(self._held[crowd]) <= len(self._held.get(caller, ())) + 1:
                return None
            self.leave(crowd, next(reversed(self._held[crowd])))
        seat = Seat()
        self._held.setdefault(caller, {})[seat] = None
        self.taken += 1
        return seat

    def leave(self, caller: str, seat: Seat) -> None:
        """Give a seat back; nothing where it was lost."""
        held = self._held.get(caller, {})
        if seat.lost or seat not in held:
            return
        del held[seat]
        seat.lost = True
        self.taken -= 1
        if not held:
            del self._held[caller]
