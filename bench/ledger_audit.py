"""ledger.audit: transactions a second that an audit replays from a store on disk, everything compared.

The state of 100,000 entries is audited before and after the transactions; what they add is counted. One
home, one process: every block decoded, admitted with all signatures checked anew, executed, its leaves,
log nodes and index compared, and at the end every state entry and tree record. Beside it, in the same run:
bare signature verification on one core, the floor of any replay that trusts no signature.
"""

import tempfile
import time
from pathlib import Path

from bench.ledger_path import BLOCK, LIMITS, SIGNERS, START, fill, transactions
from consortia.base.keys import verify
from consortia.kernel.admission import parse
from consortia.kernel.block import Block
from consortia.kernel.ledger import Ledger
from consortia.node.audit.findings import Findings
from consortia.node.audit.ledger import audit_store
from consortia.store.lmdb import LmdbStore
from consortia.testing.plain import QUOTA, Member, application, genesis

BLOCKS = 10


def run() -> list[dict[str, object]]:
    """Build a ledger, audit it, and give the row."""
    members = [Member(f"member-{number}") for number in range(SIGNERS)]
    with tempfile.TemporaryDirectory() as folder, LmdbStore(Path(folder)) as store:
        ledger = Ledger.create(store, application(), genesis(members, time=START, quota=QUOTA, limits=LIMITS))
        fill(ledger, members)
        before = _audit(store, ledger)
        raws = transactions(members, ledger.network, 0, BLOCK * BLOCKS)
        for number in range(BLOCKS):
            block = tuple(raws[number * BLOCK : (number + 1) * BLOCK])
            ledger.append(Block(ledger.tip.height + 1, START + number, block), lambda *_: True)
        seconds = _audit(store, ledger) - before
        bare = _bare(members, raws[:2000], ledger.network)
    rate = len(raws) / seconds
    return [
        {
            "id": "ledger.audit",
            "value": round(rate),
            "unit": "tx/s",
            "peer": "bare signature verification, one core",
            "peer_value": round(bare),
            "ratio": round(rate / bare, 2),
            "bar": ">= 5000",
            "met": rate >= 5000,
            "note": f"{len(raws)} transactions over a state of 100,000 entries, one process",
        }
    ]


def _audit(store: LmdbStore, ledger: Ledger) -> float:
    """Seconds that an audit of the store takes; raises RuntimeError when it finds anything."""
    findings = Findings("bench")
    begun = time.perf_counter()
    with store.snapshot() as view:
        audit_store(view, application(), ledger.network, findings)
    if findings.count:
        raise RuntimeError(f"the audit found {findings.mismatches[0]}")
    return time.perf_counter() - begun


def _bare(members: list[Member], raws: list[bytes], network: bytes) -> float:
    publics = {member.operator.key_id: member.operator.public for member in members}
    parsed = [parse(application(), raw, network)[0] for raw in raws]
    begun = time.perf_counter()
    for one in parsed:
        verify(publics[one.transaction.key], one.signed, one.envelope.signature)
    return len(parsed) / (time.perf_counter() - begun)


if __name__ == "__main__":
    for row in run():
        print(row)
