"""Where a transaction's microseconds go: `python -m bench.ledger_stages` prints ledger.full_path's stages.

Processor time of the writer's thread for each stage, a transaction, over the same state and blocks as in
`ledger_path`; the least and the median of its blocks. A stage that stands below another is a part of it.
It is no claim, so it has no `run()`: it says where to look.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bench.ledger_path import BLOCK, BLOCKS, LIMITS, SIGNERS, START, fill, transactions
from consortia.base.keys import verify
from consortia.drivers.embedded import Embedded, Grouping
from consortia.kernel import machine
from consortia.kernel.admission import parse
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import Parsed
from consortia.kernel.tree import Tree
from consortia.node.collector import settle
from consortia.node.signatures import Signatures, known
from consortia.store.lmdb import LmdbStore
from consortia.testing.plain import QUOTA, Member, application, genesis

STAGES = (
    ("send signatures ahead", None),
    ("submit: read, admit", None),
    ("step", None),
    ("  execute", (machine.Machine, "run")),
    ("    close: tree, header", (machine.Machine, "_close")),
    ("      plan the tree", (Tree, "plan")),
    ("  log, and what is to be written", (Ledger, "_prepare")),
    ("  commit", (Ledger, "commit")),
    ("read alone", None),
    ("verify alone", None),
)
"""Names in the order in which they are printed, and the method that is a stage, where one is."""


class Clock:
    """Takes the processor time of this thread, stage by stage."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = {name: [] for name, _ in STAGES}

    def timed(self, name: str, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        begin = time.thread_time()
        done = work(*given, **named)
        self.taken[name].append(time.thread_time() - begin)
        return done

    def watch(self, owner: type, method: str, name: str) -> None:
        whole = getattr(owner, method)
        setattr(owner, method, lambda *given, **named: self.timed(name, whole, *given, **named))


def stages(folder: Path) -> Clock:
    """Run the blocks, with the signatures of each checked before it, so that nothing waits."""
    members = [Member(f"member-{number}") for number in range(SIGNERS)]
    publics = {member.operator.key_id: member.operator.public for member in members}
    clock = Clock()
    with LmdbStore(folder) as store:
        ledger = Ledger.create(store, application(), genesis(members, time=START, quota=QUOTA, limits=LIMITS))
        fill(ledger, members)
        for name, place in STAGES:
            if place is not None:
                clock.watch(*place, name)
        signatures = Signatures(1)
        driver = Embedded(ledger, signatures.check, Grouping(transactions_max=BLOCK))
        raws = transactions(members, ledger.network, 0, BLOCK * BLOCKS)
        settle()
        for number in range(BLOCKS):
            block = raws[number * BLOCK : (number + 1) * BLOCK]
            for future in clock.timed("send signatures ahead", _send, signatures, ledger, block):
                future.result()
            clock.timed("submit: read, admit", _submit, driver, block, START + number)
            clock.timed("step", driver.step, START + number)
            parsed = clock.timed("read alone", _read, ledger, block)
            keys = [(publics[one.transaction.key], one.signed, one.envelope.signature) for one in parsed]
            clock.timed("verify alone", _verify, keys)
        signatures.close()
    return clock


def _send(signatures: Signatures, ledger: Ledger, block: list[bytes]) -> list[Any]:
    return signatures.ahead(ledger.network, known(ledger, block))


def _submit(driver: Embedded, block: list[bytes], now: int) -> None:
    for raw in block:
        driver.submit(raw, now)


def _read(ledger: Ledger, block: list[bytes]) -> list[Parsed]:
    return [parse(ledger.app, raw, ledger.network)[0] for raw in block]


def _verify(signed: list[tuple[bytes, bytes, bytes]]) -> None:
    for one in signed:
        verify(*one)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        clock = stages(Path(folder))
    print(f"{'stage':<34}{'least':>8}{'median':>8}  us a transaction")
    for name, taken in clock.taken.items():
        per = [1e6 * seconds / BLOCK for seconds in taken[1:]]
        print(f"{name:<34}{min(per):>8.1f}{median(per):>8.1f}")


if __name__ == "__main__":
    main()
