"""Signatures checked ahead by a process beside the node: the same answers, and nothing else, remembered."""

from consortia.base.hashing import sha256
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import call, parse_transaction, sign_transaction
from consortia.node.signatures import INLINE_MAX, Signatures, known
from consortia.store.memory import MemoryStore
from consortia.testing.plain import Member, Write, application, genesis

MEMBER = Member("north")
COUNT = INLINE_MAX + 5


def a_ledger() -> Ledger:
    return Ledger.create(MemoryStore(), application(), genesis([MEMBER], time=1_700_000_000_000))


def signed(ledger: Ledger) -> list[bytes]:
    calls = (call(Write("entry", b"x"), "plain", "write"),)
    return [
        sign_transaction(MEMBER.operator, ledger.network, calls, sequence=number, expires=1 << 50)
        for number in range(COUNT)
    ]


def forged(raw: bytes) -> bytes:
    return raw[:-1] + bytes([raw[-1] ^ 1])


def test_the_process_finds_valid_what_is_and_remembers_nothing_else() -> None:
    ledger = a_ledger()
    raws = signed(ledger)
    raws[3] = forged(raws[3])
    signatures = Signatures(workers=1)
    try:
        ahead = signatures.ahead(ledger.network, known(ledger, raws))
        assert sum(future.result(60) for future in ahead) == COUNT - 1
        assert signatures.ahead(ledger.network, known(ledger, raws)) == []
        for number, raw in enumerate(raws):
            one = parse_transaction(raw, ledger.network)
            answer = signatures.check(MEMBER.operator.public, one.signed, one.envelope.signature)
            assert answer is (number != 3)
            assert not signatures.check(MEMBER.operator.public, sha256(raw), one.envelope.signature)
    finally:
        signatures.close()


def test_what_is_malformed_or_by_nobody_is_left_to_admission() -> None:
    ledger = a_ledger()
    stranger = Member("stranger").operator
    calls = (call(Write("entry", b"x"), "plain", "write"),)
    raw = sign_transaction(stranger, ledger.network, calls, sequence=0, expires=1 << 50)
    assert known(ledger, [b"", b"\xff" * 200, raw]) == []


def test_without_workers_everything_is_checked_here() -> None:
    ledger = a_ledger()
    signatures = Signatures()
    assert signatures.ahead(ledger.network, known(ledger, signed(ledger))) == []
