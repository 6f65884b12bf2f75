"""What CometBFT orders as one of its transactions: a bundle of ours, one sent again, or a tick.

Most of what CometBFT spends, it spends per transaction. So a node gathers what its submitters hand in over a
few milliseconds and sends it as one *bundle*: a byte 1, then each transaction behind its length (4 bytes, big
endian). A bundle is not signed and has no meaning in the law: each transaction in it is admitted, executed
and receipted alone, and a proposer may pack anew what is left of one. Transactions have
most of their bytes in common, and CometBFT sends each bundle several times over: so a bundle is *squeezed*
before, a byte 4, then what stands behind the byte 1, in the zlib format (RFC 1950) with its largest window.

What waits at one node and in no block may be unknown to the others, and CometBFT sends the same bytes only
once. So it is *sent again* as a byte 3, the sender's clock (UTC milliseconds, 8 bytes), then as in a bundle.

A *tick*, a byte 2 and a ledger height (8 bytes, big endian), asks for a header without transactions
after the block of that height, whose own time witnesses found too old to cosign.
"""

import zlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from consortia.base.codec import Malformed
from consortia.kernel.transaction import TRANSACTION_BYTES_MAX

BUNDLE, TICK, AGAIN, SQUEEZED = 1, 2, 3, 4
_WINDOW = 0x78
"""How zlib data begins whose window is the largest: what points further back is refused by every reader."""

_SPARE_BYTES = 256
"""So many bytes more has a squeezed bundle at most: more of it would only be padding."""

BUNDLE_BYTES_MAX = 1 << 19
BUNDLE_TRANSACTIONS_MAX = 1_000
LENGTH_BYTES = 4
_HEIGHT_BYTES = 8
_AGAIN_BYTES = 9


@dataclass(frozen=True, slots=True)
class Tick:
    """Asks for a header without transactions after the block at a height."""

    height: int

    def encode(self) -> bytes:
        """The bytes that travel; the same at whoever asks."""
        return bytes((TICK,)) + self.height.to_bytes(_HEIGHT_BYTES, "big")


def pack(transactions: Sequence[bytes]) -> bytes:
    """The bundle of these transactions; raises Malformed where `unpack` would."""
    bundle = b"".join([bytes((BUNDLE,)), *(framed(raw) for raw in transactions)])
    unpack(bundle)
    return bundle


def squeezed(bundle: bytes) -> bytes:
    """A bundle in fewer bytes, or as it is where that saves nothing."""
    short = bytes((SQUEEZED,)) + zlib.compress(bundle[1:], 1)
    return short if len(short) < len(bundle) else bundle


def _unsqueezed(data: bytes) -> bytes:
    """The bundle that was squeezed; raises Malformed, at the latest when it becomes longer than any.

    Data with a smaller window are refused: readers differ in what they take that points beyond it.
    """
    if data[1:2] != bytes((_WINDOW,)):
        raise Malformed("not a squeezed bundle")
    inflate = zlib.decompressobj()
    try:
        frames = inflate.decompress(data[1:], BUNDLE_BYTES_MAX)
    except zlib.error as error:
        raise Malformed(f"not a squeezed bundle: {error}") from None
    if not inflate.eof or inflate.unused_data:
        raise Malformed("not a squeezed bundle, or one of too many bytes")
    if len(data) > len(frames) + _SPARE_BYTES:
        raise Malformed("a squeezed bundle that is longer than the bundle")
    return bytes((BUNDLE,)) + frames


def again(now: int, transactions: Sequence[bytes]) -> bytes:
    """These transactions, sent again at a clock time; raises Malformed where `pack` would."""
    return bytes((AGAIN,)) + now.to_bytes(_AGAIN_BYTES - 1, "big") + pack(transactions)[1:]


def framed(raw: bytes) -> bytes:
    """A transaction as it stands in a bundle."""
    return len(raw).to_bytes(LENGTH_BYTES, "big") + raw


def unpack(data: bytes) -> tuple[bytes, ...]:
    """The transactions of a bundle, in order; raises Malformed for anything else.

    What the transactions themselves are is not looked at.
    """
    if not data or data[0] != BUNDLE:
        raise Malformed("not a bundle")
    if len(data) > BUNDLE_BYTES_MAX:
        raise Malformed(f"a bundle of {len(data)} bytes, at most {BUNDLE_BYTES_MAX} are allowed")
    found, at = list[bytes](), 1
    while at < len(data):
        start = at + LENGTH_BYTES
        length = int.from_bytes(data[at:start], "big")
        at = start + length
        if not 0 < length <= TRANSACTION_BYTES_MAX or at > len(data):
            raise Malformed("a transaction of a bundle has a wrong length")
        found.append(data[start:at])
    if not 0 < len(found) <= BUNDLE_TRANSACTIONS_MAX:
        raise Malformed(f"a bundle of {len(found)} transactions")
    return tuple(found)


def read(data: bytes) -> tuple[bytes, ...] | Tick:
    """What one of CometBFT's transactions is: a bundle's transactions, or a tick; raises Malformed."""
    if len(data) == 1 + _HEIGHT_BYTES and data[0] == TICK:
        return Tick(int.from_bytes(data[1:], "big"))
    if data[:1] == bytes((SQUEEZED,)):
        return unpack(_unsqueezed(data))
    if len(data) >= _AGAIN_BYTES and data[0] == AGAIN:
        return unpack(bytes((BUNDLE,)) + data[_AGAIN_BYTES:])
    return unpack(data)


@dataclass(frozen=True, slots=True)
class Gathering:
    """When a bundle closes: at so many transactions or bytes, or so many milliseconds after its first."""

    transactions_max: int = 256
    bytes_max: int = BUNDLE_BYTES_MAX
    wait_ms: int = 5


class Gatherer:
    """Gathers transactions into bundles. It keeps no clock: it is told the time (UTC milliseconds)."""

    def __init__(self, gathering: Gathering | None = None) -> None:
        self.gathering = gathering or Gathering()
        self._closed = deque[tuple[bytes, ...]]()
        self._open = list[bytes]()
        self._bytes = 1
        self._opened = 0

    def __len__(self) -> int:
        """How many transactions wait."""
        return len(self._open) + sum(map(len, self._closed))

    def add(self, raw: bytes, now: int) -> None:
        """Take a transaction in; raises Malformed for one that no bundle can hold."""
        size = LENGTH_BYTES + len(raw)
        if not 0 < len(raw) <= TRANSACTION_BYTES_MAX:
            raise Malformed(f"a transaction of {len(raw)} bytes")
        if self._open and self._bytes + size > self.gathering.bytes_max:
            self._close()
        if not self._open:
            self._opened = now
        self._open.append(raw)
        self._bytes += size
        if len(self._open) >= self.gathering.transactions_max:
            self._close()

    def due(self) -> int | None:
        """The clock time from which a bundle is to go; None while nothing waits."""
        if self._closed:
            return self._opened
        return self._opened + self.gathering.wait_ms if self._open else None

    def take(self, now: int) -> tuple[bytes, ...] | None:
        """The transactions of the next bundle that is due at `now`, or None. A clock set back lets it go."""
        waits = self._opened <= now < self._opened + self.gathering.wait_ms
        if self._open and not self._closed and not waits:
            self._close()
        return self._closed.popleft() if self._closed else None

    def _close(self) -> None:
        self._closed.append(tuple(self._open))
        self._open, self._bytes = [], 1
