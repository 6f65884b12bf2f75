"""bft.stages: the CPU that a node's application takes for a transaction, call by call, without CometBFT.

The driver behind its calls, from their bytes to the reply's, as CometBFT makes them of a node that proposes
nothing: bundles of 256 come in (`check`), are asked for again after a block (`recheck`), stand in a proposal
(`process`), are worked out while the votes on it are under way (`foresee`), are decided (`finalize`) and made
durable (`commit`). Four members, all modules, a store on disk, transactions as in bft.throughput. Time is
CPU time, so a busy machine says much the same.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from consortia.app import application
from consortia.base.codec import to_value
from consortia.base.keys import SigningKey, verify
from consortia.drivers.cometbft.bundle import pack, squeezed
from consortia.drivers.cometbft.calls import RECHECK, Calls
from consortia.drivers.cometbft.driver import CometBft
from consortia.drivers.cometbft.wire import MESSAGES, Frames, frame
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import Call, sign_transaction
from consortia.modules.identity.messages import SetEndpoint
from consortia.node.collector import settle
from consortia.node.founding import MemberKeys, make_genesis
from consortia.store.lmdb import LmdbStore

START = 1_700_000_000_000
NAMES = ("east", "north", "south", "west")
BUNDLE, BUNDLES, LANES, BLOCKS = 256, 3, 14, 12
"""So many bundles of each member stand in a block: what its share of the pool holds."""

STAGES = ("check", "recheck", "process", "foresee", "finalize", "commit")
URL = "http://127.0.0.1:40001"


def bundles(key: SigningKey, network: bytes) -> Iterator[bytes]:
    """A member's bundles, over its lanes in turn, one for every place in a block."""
    call = Call("identity.set_endpoint", dict(to_value(SetEndpoint(URL, None))))
    for first in range(0, BLOCKS * BUNDLES * BUNDLE, BUNDLE):
        places = [divmod(at, LANES) for at in range(first, first + BUNDLE)]
        raws = [
            sign_transaction(key, network, (call,), sequence=at, expires=START + 10**9, lane=lane)
            for at, lane in places
        ]
        yield squeezed(pack(raws))


class Replay:
    """One node's calls, and the CPU seconds that each kind of them took in the block at hand."""

    def __init__(self, folder: Path) -> None:
        keys = [MemberKeys.generate(name, "cometbft") for name in NAMES]
        genesis = make_genesis("bench", [one.founder(one.member.title()) for one in keys], START)
        self.ledger = Ledger.create(LmdbStore(folder), application(), genesis)
        self.driver = CometBft(self.ledger, member=NAMES[0])
        self.spent = dict.fromkeys(STAGES, 0.0)
        self._now = START
        self._later: list[Callable[[], None]] = []
        self._calls = Calls(self.driver, lambda: self._now, later=self._later.append)
        self._frames = Frames("Request")
        admins = [one.keys["admin"] for one in keys]
        self._bundles = [iter(list(bundles(key, self.ledger.network))) for key in admins]

    def block(self, height: int) -> None:
        """A block of all members' bundles."""
        self.spent = dict.fromkeys(STAGES, 0.0)
        entries = [next(waits) for _ in range(BUNDLES) for waits in self._bundles]
        for entry in entries:
            assert self._call("check", "check_tx", tx=entry).code == 0
        self.driver.pool.reset(self._now)  # as if a block without them had come
        for entry in entries:
            assert self._call("recheck", "check_tx", tx=entry, type=RECHECK).code == 0
        self._now += 1_000
        block = {"txs": entries, "height": height, "time": MESSAGES["Timestamp"](seconds=self._now // 1000)}
        assert self._call("process", "process_proposal", **block).status == 1
        begin = time.process_time()
        while self._later:
            self._later.pop()()
        self.spent["foresee"] += time.process_time() - begin
        self._call("finalize", "finalize_block", **block)
        self._call("commit", "commit")

    def _call(self, stage: str, name: str, **fields: Any) -> Any:
        """The reply to a call of CometBFT's."""
        request = MESSAGES["Request"](**{name: fields})
        data = frame(request)
        begin = time.process_time()
        self._frames.feed(data)
        asked = next(iter(self._frames))
        for _ in self._calls.ahead(asked):
            pass
        reply = self._calls.answer(asked)
        frame(reply)
        self.spent[stage] += time.process_time() - begin
        return getattr(reply, name)


def measured() -> dict[str, float]:
    """Microseconds of CPU a transaction, by stage: the median of the blocks."""
    with tempfile.TemporaryDirectory(prefix="bft-") as folder:
        replay, found = Replay(Path(folder)), list[dict[str, float]]()
        settle()
        for height in range(1, BLOCKS + 1):
            replay.block(height)
            found.append(replay.spent)
        replay.ledger.store.close()
    count = BUNDLES * BUNDLE * len(NAMES)
    return {stage: 1e6 * median(one[stage] for one in found[1:]) / count for stage in STAGES}


def signature() -> float:
    """Microseconds of CPU for checking one signature."""
    key, message = SigningKey(bytes(32)), bytes(320)
    signed = key.sign(message)
    begin = time.process_time()
    for _ in range(2_000):
        verify(key.public, message, signed)
    return 1e6 * (time.process_time() - begin) / 2_000


def run() -> list[dict[str, object]]:
    """The row."""
    alone, found = signature(), measured()
    whole = sum(found.values())
    stages = ", ".join(f"{stage} {value:.1f}" for stage, value in found.items())
    return [
        {
            "id": "bft.stages",
            "value": round(whole, 1),
            "unit": "us",
            "peer": "checking one signature",
            "peer_value": round(alone, 1),
            "ratio": round(whole / alone, 2),
            "bar": "<= 2x the signature",
            "met": whole <= 2 * alone,
            "note": f"CPU a transaction and node in our application: {stages}",
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(row["value"], row["peer_value"], row["ratio"], row["note"])
