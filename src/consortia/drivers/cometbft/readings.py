"""What the driver remembers of the bytes that CometBFT hands it: what they say, and which key signed them.

One entry is asked of several times before its block is durable: as it comes, after each block it waits for,
in a proposal, in a decision. What its bytes say follows from the bytes alone, so they are read once. Nothing
that the ledger's state has a say in is remembered.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from consortia.base.keys import verify
from consortia.base.refusals import Refused
from consortia.drivers.cometbft.bundle import Tick, read
from consortia.drivers.mempool import Calls
from consortia.kernel.admission import Check, parse
from consortia.kernel.application import Application
from consortia.kernel.batch import Batch, batch
from consortia.kernel.transaction import Parsed

READ_BYTES_MAX = 8 << 20
SIGNATURES_MAX = 1 << 14
SIGNED_BYTES_MAX = 16 << 20

Found = tuple[Parsed, Calls] | Refused
"""A transaction of a bundle, or why it is none."""


class Readings:
    """Reads entries of one network, and remembers the newest in which every transaction is well-formed."""

    def __init__(self, app: Application, network: bytes, bytes_max: int = READ_BYTES_MAX) -> None:
        self._app, self._network, self._bytes_max = app, network, bytes_max
        self._entries = OrderedDict[bytes, _Reading]()
        self._transactions: dict[bytes, Found] = {}
        self._bytes = 0

    def __len__(self) -> int:
        """How many entries are remembered."""
        return len(self._entries)

    def read(self, entry: bytes) -> tuple[Found, ...] | Tick:
        """What an entry holds: a bundle's transactions, in order, or a tick; raises Malformed."""
        known = self._entries.get(entry)
        if known is not None:
            return known.found
        raws = read(entry)
        if isinstance(raws, Tick):
            return raws
        found = tuple([self._transactions.get(raw) or self._parse(raw) for raw in raws])
        whole = [one for one in found if not isinstance(one, Refused)]
        if len(whole) == len(found):
            self._remember(entry, _Reading(raws, found, batch(whole), len(entry) + sum(map(len, raws))))
        return found

    def batch(self, entry: bytes) -> Batch | None:
        """What an entry that was read adds up to; None where its transactions are looked at one by one."""
        known = self._entries.get(entry)
        return None if known is None else known.batch

    def forget(self, entries: Iterable[bytes]) -> None:
        """Forget entries, and what they hold, as after the block in which they stood."""
        for entry in entries:
            known = self._entries.pop(entry, None)
            if known is not None:
                self._bytes -= known.size
                for raw in known.raws:
                    self._transactions.pop(raw, None)

    def _remember(self, entry: bytes, reading: "_Reading") -> None:
        self._entries[entry] = reading
        self._transactions.update(zip(reading.raws, reading.found, strict=True))
        self._bytes += reading.size
        while self._bytes > self._bytes_max:
            self.forget([next(iter(self._entries))])

    def _parse(self, raw: bytes) -> Found:
        try:
            return parse(self._app, raw, self._network)
        except Refused as refused:
            return refused


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was read of an entry: its transactions' bytes, what they are, and what they add up to.

    `size` is what entry and transactions take: squeezed, many can stand in few bytes.
    """

    raws: tuple[bytes, ...]
    found: tuple[Found, ...]
    batch: Batch | None
    size: int


class Signatures:
    """Remembers that a key signed certain bytes, and nothing else; what is not remembered is checked.

    At least the newest `limit` are remembered, or of them those that have `SIGNED_BYTES_MAX` together, and at
    most twice as many.
    """

    def __init__(self, check: Check = verify, limit: int = SIGNATURES_MAX) -> None:
        self._check, self._limit = check, limit
        self._known: dict[bytes, tuple[bytes, bytes]] = {}
        self._older: dict[bytes, tuple[bytes, bytes]] = {}
        self._bytes = 0

    def __call__(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether the signature is valid."""
        known = self._known.get(message) or self._older.get(message)
        if known is not None and known[1] == signature and known[0] == public:
            return True
        if not self._check(public, message, signature):
            return False
        self._known[message] = public, signature
        self._bytes += len(message)
        if len(self._known) >= self._limit or self._bytes >= SIGNED_BYTES_MAX:
            self._older, self._known, self._bytes = self._known, {}, 0
        return True
