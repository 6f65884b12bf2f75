"""A proof file has one spelling, limits that are exact, and a reason for every file that is none."""

import pytest
from msgspec.structs import replace

from consortia.base.codec import Malformed, decode_record, encode_record
from consortia.base.setcommit import SetPath
from consortia.kernel.block import MemberSet
from consortia.kernel.proof import (
    PROOF_BYTES_MAX,
    Proof,
    ReceiptClaim,
    RecordOpening,
    SetChange,
    Since,
    StateClaim,
    SubjectOpening,
    parse_proof,
)
from consortia.kernel.prove import prove_receipt
from consortia.modules.identity.messages import SetEndpoint
from consortia.testing.machine import Bench
from consortia.testing.witnessed import Witnessed

MIB = 1 << 20
DIGEST = bytes(32)
PATH = SetPath((), ())
CHANGE = SetChange(MemberSet(()), b"", 0, (), b"")
RECORD = RecordOpening(b"", DIGEST, 0, 1, ())
SUBJECT = SubjectOpening(b"", DIGEST, None, None, PATH)


@pytest.fixture(scope="module")
def proof():
    bench = Bench(1)
    bench.ok("north", "admin", SetEndpoint("http://127.0.0.1:7001", None))
    kept = Witnessed.of(bench)
    return prove_receipt(kept.ledger, kept.ledger.transaction_at(1))


def test_a_proof_is_read_back_from_its_one_spelling(proof):
    assert parse_proof(proof.encode()) == proof


def respelt(proof, *changes):
    text = proof.encode().decode("utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    return text.encode()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ([("c2sp.org", "c2sp.örg")], "lines of ASCII"),
        ([("c2sp.org", "C2sp.org")], "not a tlog-proof"),
        ([("\nextra ", "\nextrA ")], "an extra line, then an index line"),
        ([("\nindex ", "\nindeX ")], "an extra line, then an index line"),
        ([("\nindex 2", "\nindex two")], "the index is a decimal number"),
        ([("\nindex 2", "\nindex ")], "the index is a decimal number"),
        ([("\nindex 2", "\nindex " + "1" * 20)], "the index is a decimal number"),
        ([("\nindex 2", "\nindex 02")], "not the one spelling of a proof"),
        ([("\nindex 2", "\nindex 2\nAAAA")], "not the one spelling of a proof"),
        ([("\nindex 2", "\nindex 2\n!")], "a line of the proof is not base64"),
        ([("\nextra ", "\nextra !")], "a line of the proof is not base64"),
    ],
)
def test_another_spelling_is_refused_with_its_reason(proof, changes, reason):
    with pytest.raises(Malformed, match=reason):
        parse_proof(respelt(proof, *changes))


@pytest.mark.parametrize("data", [b"", b"c2sp.org/tlog-proof@v1\nextra \n\n", b"c2sp.org/tlog-proof@v1"])
def test_too_few_lines_are_no_proof(data):
    with pytest.raises(Malformed, match="not a tlog-proof"):
        parse_proof(data)


def test_an_index_of_19_digits_is_read(proof):
    far = Proof(proof.extra, 10**18, proof.path, proof.note)
    assert parse_proof(far.encode()) == far


def test_a_file_has_at_most_4_mib(proof):
    with pytest.raises(Malformed, match="at most 4194304 are allowed"):
        parse_proof(bytes(PROOF_BYTES_MAX + 1))
    with pytest.raises(Malformed, match="not a tlog-proof"):
        parse_proof(b"x" * PROOF_BYTES_MAX)


@pytest.mark.parametrize(
    ("record", "field", "most"),
    [
        (CHANGE, "header", bytes(MIB)),
        (CHANGE, "path", (DIGEST,) * 64),
        (CHANGE, "note", bytes(1 << 16)),
        (ReceiptClaim(b"", 0, ()), "receipt", bytes(MIB)),
        (ReceiptClaim(b"", 0, ()), "path", (DIGEST,) * 64),
        (StateClaim(b"", None, PATH), "key", bytes(1024)),
        (StateClaim(b"", None, PATH), "value", bytes(MIB)),
        (RECORD, "record", bytes(MIB)),
        (RECORD, "path", (DIGEST,) * 64),
        (SUBJECT, "subject", bytes(MIB)),
        (SUBJECT, "rows", bytes(MIB)),
        (Since(0, DIGEST, ()), "path", (DIGEST,) * 64),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_every_field_has_its_exact_limit(record, field, most):
    kind = type(record)
    full = replace(record, **{field: most})
    assert decode_record(kind, encode_record(full)) == full
    with pytest.raises(Malformed):
        decode_record(kind, encode_record(replace(record, **{field: most + most[:1]})))


def test_a_proof_follows_at_most_256_changes(proof):
    kind = type(proof.extra)
    full = replace(proof.extra, changes=(CHANGE,) * 256)
    assert decode_record(kind, encode_record(full)) == full
    with pytest.raises(Malformed):
        decode_record(kind, encode_record(replace(full, changes=(CHANGE,) * 257)))
