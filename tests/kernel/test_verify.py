"""A proof that was changed anywhere is refused, and the step that it breaks is named."""

import random
from base64 import b64decode, b64encode
from itertools import cycle

import pytest
from msgspec.structs import replace

from consortia.base.codec import decode, encode, encode_record
from consortia.base.ids import cosigner_name
from consortia.base.note import Note, cosign, parse_note
from consortia.engines.commit.dataset import commitment
from consortia.kernel.proof import PROOF_BYTES_MAX, Proof, ReceiptClaim, StateClaim, parse_proof
from consortia.kernel.prove import Openings, prove_receipt, prove_state
from consortia.kernel.verify import _Check, _Wrong, entry_name, verify_proof
from consortia.modules.assets.messages import Register
from consortia.modules.assets.state import VERSIONS
from consortia.modules.identity.messages import SetEndpoint
from consortia.modules.identity.state import MEMBERS
from consortia.modules.predictions.messages import RecordBatch
from consortia.modules.predictions.state import BATCHES
from consortia.testing.machine import Bench, key_from
from consortia.testing.witnessed import Witnessed, batch_of, dataset_of, opened_record, opened_subject

RECORDS = [f"record {at}".encode() for at in range(5)]
HERE = SetEndpoint("http://127.0.0.1:7001", None)


@pytest.fixture(scope="module")
def world():
    """A ledger whose set changed once, with a proof of each kind."""
    bench = Bench(4)
    bench.ok("north", "admin", HERE)
    bench.admit_member("harbour")
    data = dataset_of("rows", 40, (b"stranger",))
    said = commitment(data)
    message = Register("rows", "dataset", "Rows", "set", said.root, said.count, said.subjects, None, (), None)
    asset = bench.ok("north", "operator", message).events[0].body["asset"]
    model = Register("net", "model", "Net", "blob", bytes(32), 1, None, None, (), None)
    net = bench.ok("north", "operator", model).events[0].body["asset"]
    batch = batch_of(RECORDS, "answers")
    answers = RecordBatch(net, bytes(32), "diagnosis", bytes(32), batch.root, batch.count, None)
    recorded = bench.ok("north", "operator", answers).events[0].body["batch"]
    kept = Witnessed.of(bench)
    key = VERSIONS.state_key(asset, 1)
    proofs = {
        "receipt": prove_receipt(kept.ledger, kept.ledger.transaction_at(1), since=3),
        "present": prove_state(kept.ledger, key),
        "absent": prove_state(kept.ledger, VERSIONS.state_key(asset, 2)),
        "subject": prove_state(
            kept.ledger, key, openings=Openings(subject=opened_subject(data, b"patient-3"))
        ),
        "stranger": prove_state(
            kept.ledger, key, openings=Openings(subject=opened_subject(data, b"stranger"))
        ),
        "record": prove_state(
            kept.ledger,
            BATCHES.state_key(recorded),
            openings=Openings(record=opened_record(batch, RECORDS, 3)),
        ),
    }
    return kept, proofs


def failed(world, data, network=None):
    kept, _ = world
    if isinstance(data, Proof):
        data = data.encode()
    verdict = verify_proof(kept.bench.app, data, network or kept.bench.network)
    assert verdict.ok is (verdict.failed is None)
    return verdict.failed


def with_extra(proof, **fields):
    return Proof(replace(proof.extra, **fields), proof.index, proof.path, proof.note)


def with_note(proof, signatures):
    return Proof(proof.extra, proof.index, proof.path, Note(proof.note.checkpoint, tuple(sorted(signatures))))


def test_every_proof_holds_as_it_was_made(world):
    assert {name: failed(world, proof) for name, proof in world[1].items()} == dict.fromkeys(world[1])


def test_another_network_is_told_at_step_2(world):
    assert failed(world, world[1]["receipt"], bytes(32)) == 2


def test_a_change_under_the_wrong_set_is_told_at_step_3(world):
    proof = world[1]["receipt"]
    (change,) = proof.extra.changes
    fewer = replace(change.members, members=change.members.members[:-1])
    assert failed(world, with_extra(proof, changes=(replace(change, members=fewer),))) == 3
    later = replace(change, note=proof.note.encode())
    assert failed(world, with_extra(proof, changes=(later,))) == 3


def test_too_few_or_foreign_cosignatures_are_told_at_step_4(world):
    kept, proofs = world
    proof = proofs["receipt"]
    lines = proof.note.signatures
    log = [line for line in lines if line.name == proof.note.checkpoint.origin]
    names = [line for line in lines if line not in log]
    assert failed(world, with_note(proof, log + names[:3])) == 4
    assert failed(world, with_note(proof, names)) == 4
    name = cosigner_name("island", kept.bench.network)
    stranger = cosign(proof.note.checkpoint, name, key_from("stranger"), 1)
    assert failed(world, with_note(proof, [*lines, stranger])) == 4
    assert failed(world, with_extra(proof, changes=())) == 4


def test_a_header_elsewhere_is_told_at_step_5(world):
    proof = world[1]["receipt"]
    assert failed(world, Proof(proof.extra, proof.index + 1, proof.path, proof.note)) == 5
    assert failed(world, Proof(proof.extra, proof.index, proof.path[:-1], proof.note)) == 5


def test_a_leaf_that_is_no_header_is_told_at_step_5(world):
    proof = world[1]["receipt"]
    claimed = proof.extra.receipt
    extra = replace(proof.extra, header=claimed.receipt)
    assert failed(world, Proof(extra, claimed.index, claimed.path, proof.note)) == 5


def test_a_leaf_that_names_no_set_is_told_at_step_3(world):
    proof = world[1]["receipt"]
    (change,) = proof.extra.changes
    size = parse_note(change.note).checkpoint.size
    for index in (0, 1):
        leaf, path = world[0].ledger.leaf(index), world[0].ledger.inclusion(index, size)
        other = replace(change, header=leaf, index=index, path=path)
        assert failed(world, with_extra(proof, changes=(other,))) == 3


def test_a_header_that_is_claimed_as_a_receipt_is_told_at_step_6(world):
    proof = world[1]["receipt"]
    claim = ReceiptClaim(proof.extra.header, proof.index, proof.path)
    assert failed(world, with_extra(proof, receipt=claim)) == 6


def test_a_receipt_at_another_leaf_is_told_at_step_6(world):
    proof = world[1]["receipt"]
    claim = proof.extra.receipt
    assert failed(world, with_extra(proof, receipt=replace(claim, index=claim.index + 1))) == 6


def test_a_receipt_of_another_block_is_told_at_step_6(world):
    kept, proofs = world
    other = prove_receipt(kept.ledger, kept.ledger.transaction_at(3)).extra.receipt
    assert failed(world, with_extra(proofs["receipt"], receipt=other)) == 6


def test_a_false_state_entry_is_told_at_step_6(world):
    proof = world[1]["present"]
    claim = proof.extra.state
    for value in (claim.value + b"x", None):
        changed = StateClaim(claim.key, value, claim.path)
        assert failed(world, with_extra(proof, state=changed)) == 6
    absent = world[1]["absent"]
    claim = absent.extra.state
    assert failed(world, with_extra(absent, state=StateClaim(claim.key, b"x", claim.path))) == 6


def test_a_key_that_only_looks_like_an_entrys_is_told_as_its_own(world):
    """That a longer key is absent says nothing of the entry, and must not be read as if it did."""
    kept, proofs = world
    key = proofs["present"].extra.state.key
    told = entry_name(kept.bench.app, key)
    assert told.startswith("assets.versions(")
    assert told.endswith(", 1)")
    for other in (key + b"x", key[:-1], VERSIONS.prefix, VERSIONS.prefix + b"\xff", b"nobody/nothing/"):
        proof = prove_state(kept.ledger, other)
        verdict = verify_proof(kept.bench.app, proof.encode(), kept.bench.network)
        assert verdict.ok
        assert f"of no table, {other.hex()}, is absent" in verdict.steps[5].text
    text = MEMBERS.prefix + b"\x02\xff\xff"
    assert entry_name(kept.bench.app, text) == f"of no table, {text.hex()},"
    tricks = MEMBERS.state_key("north)\n2. \x1b[2J")
    assert entry_name(kept.bench.app, tricks) == r"identity.members('north)\n2. \x1b[2J')"
    assert entry_name(kept.bench.app, MEMBERS.state_key("north")) == "identity.members(north)"


def test_a_false_opening_is_told_at_step_7(world):
    present, stranger = world[1]["subject"], world[1]["stranger"]
    opened = present.extra.subject
    for changed in (
        replace(opened, rows=b"other"),
        replace(opened, rows=None, rows_salt=None),
        replace(opened, rows=None),
        stranger.extra.subject.__class__(b"x", opened.salt, opened.rows, opened.rows_salt, opened.path),
    ):
        assert failed(world, with_extra(present, subject=changed)) == 7
    assert failed(world, with_extra(world[1]["absent"], subject=opened)) == 7


def test_a_false_record_is_told_at_step_7(world):
    proof = world[1]["record"]
    opened = proof.extra.record
    for changed in (
        replace(opened, record=b"another"),
        replace(opened, salt=bytes(32)),
        replace(opened, index=2),
        replace(opened, count=6),
    ):
        assert failed(world, with_extra(proof, record=changed)) == 7


def test_an_opening_of_both_kinds_or_of_an_entry_of_the_other_kind_is_told_at_step_7(world):
    record, subject = world[1]["record"], world[1]["subject"]
    opened = subject.extra.subject
    assert failed(world, with_extra(record, subject=opened)) == 7
    assert failed(world, with_extra(record, record=None, subject=opened)) == 7
    assert failed(world, with_extra(subject, subject=None, record=record.extra.record)) == 7
    assert failed(world, with_extra(world[1]["receipt"], subject=opened)) == 7


def test_an_entry_that_is_no_record_opens_nothing(world):
    proof = world[1]["present"]
    check = _Check(world[0].bench.app, proof.encode(), world[0].bench.network, None)
    for value in (encode([1]), None):
        check.proof = with_extra(proof, state=StateClaim(b"a", value, proof.extra.state.path))
        with pytest.raises(_Wrong):
            check._committed()


def test_a_log_that_does_not_continue_is_told_at_step_8(world):
    proof = world[1]["receipt"]
    assert failed(world, with_extra(proof, since=replace(proof.extra.since, root=bytes(32)))) == 8


@pytest.mark.parametrize(
    "respell",
    [
        lambda data: data + b"\n",
        lambda data: data[:-1],
        lambda data: b" " + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"index ", b"index 0", 1),
        lambda data: data.replace(b"index ", b"index +", 1),
        lambda data: data.replace(b"extra ", b"extra  ", 1),
        lambda data: b"\n".join([*data.split(b"\n")[:-2], data.split(b"\n")[-3], b""]),
        lambda data: b"\n".join(data.split(b"\n")[:-3] + data.split(b"\n")[-3:-1][::-1] + [b""]),
        lambda data: data.replace("\u2014".encode(), b"-"),
    ],
)
def test_another_spelling_is_told_at_step_1(world, respell):
    data = world[1]["receipt"].encode()
    assert respell(data) != data
    assert failed(world, respell(data)) == 1


def test_a_file_of_more_than_4_mib_is_told_at_step_1(world):
    data = world[1]["receipt"].encode()
    assert failed(world, data + bytes(PROOF_BYTES_MAX)) == 1


def test_spare_bits_of_base64_are_told_at_step_1(world):
    lines = world[1]["receipt"].encode().split(b"\n")
    place = next(at for at, line in enumerate(lines) if at > 2 and line.endswith(b"="))
    line = lines[place].rstrip(b"=")
    digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    spare = digits[digits.index(line[-1:]) ^ 1 : (digits.index(line[-1:]) ^ 1) + 1]
    lines[place] = line[:-1] + spare + b"=" * (len(lines[place]) - len(line))
    assert failed(world, b"\n".join(lines)) == 1


def mutated(data, rng, kind):
    at = rng.randrange(len(data))
    if kind == "flip":
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    if kind == "replace":
        return data[:at] + rng.randbytes(1) + data[at + 1 :]
    if kind == "delete":
        return data[:at] + data[at + rng.randint(1, 40) :]
    if kind == "insert":
        return data[:at] + rng.randbytes(rng.randint(1, 40)) + data[at:]
    lines = data.split(b"\n")
    if kind == "swap":
        one, other = rng.sample(range(len(lines)), 2)
        lines[one], lines[other] = lines[other], lines[one]
        return b"\n".join(lines)
    fields = decode(b64decode(lines[1][6:]))
    edit(fields, rng)
    return b"\n".join([lines[0], b"extra " + b64encode(encode(fields)), *lines[2:]])


def edit(value, rng):
    """Change one leaf of a decoded record, so that it stays canonical."""
    places = list(value) if isinstance(value, dict) else range(len(value))
    place = rng.choice(list(places))
    found = value[place]
    if isinstance(found, dict | list) and found:
        edit(found, rng)
    elif isinstance(found, bytes) and found:
        at = rng.randrange(len(found))
        value[place] = found[:at] + bytes([found[at] ^ 1 << rng.randrange(8)]) + found[at + 1 :]
    elif isinstance(found, int):
        value[place] = found + 1
    elif isinstance(found, str):
        value[place] = found + "x"
    else:
        value[place] = b"x"


def fact(data):
    extra = parse_proof(data).extra
    opened = extra.subject
    return extra.state.key, extra.state.value, opened and (opened.subject, opened.salt, opened.rows)


def test_every_mutant_of_a_proof_is_refused(world, programme):
    """A mutant of an absence may show that another key is absent too: true, and told as that key's."""
    rng = random.Random(7)
    originals = {name: proof.encode() for name, proof in world[1].items()}
    names, kinds = cycle(originals), cycle(["flip", "replace", "delete", "insert", "swap", "edit"])
    steps = set()
    for _ in range(programme(quick=600, test=10_000, nightly=1_000_000)):
        name = next(names)
        data = originals[name]
        changed = mutated(data, rng, next(kinds))
        step = failed(world, changed)
        if step is None and changed != data:
            assert name in {"absent", "stranger"}
            assert fact(changed) != fact(data)
        steps.add(step)
    assert steps >= {1, 2, 3, 4, 5, 6}


def test_a_proof_of_two_claims_or_none_is_told_at_step_1(world):
    receipt, state = world[1]["receipt"], world[1]["present"]
    assert failed(world, with_extra(receipt, state=state.extra.state)) == 1
    assert failed(world, with_extra(receipt, receipt=None)) == 1
    assert encode_record(receipt.extra) == encode_record(with_extra(receipt).extra)
