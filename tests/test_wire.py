"""The vectors of the wire hold: what they say is read is read, and what they say is refused is refused."""

import json
from pathlib import Path

import pytest

from consortia.app import application
from consortia.base.codec import Malformed, decode, encode
from consortia.base.envelope import open_envelope
from consortia.base.hashing import tagged
from consortia.base.merkle import leaf_hash
from consortia.base.merkle import root as log_root
from consortia.base.note import parse_note
from consortia.base.setcommit import root as set_root
from consortia.engines.commit.chunks import blob_id
from consortia.kernel.transaction import TRANSACTION_BYTES_MAX, external_aad
from consortia.kernel.verify import verify_proof
from consortia.testing import wire

VECTORS = Path(__file__).parent / "vectors"
PROOFS = json.loads((VECTORS / "proofs/index.json").read_text())


def cases(name):
    return json.loads((VECTORS / f"bytes/{name}.json").read_text())["vectors"]


def test_the_files_are_those_of_a_fresh_run():
    made = wire.files()
    for name, data in made.items():
        assert (VECTORS / name).read_bytes() == data, name
    kept = {
        path.relative_to(VECTORS).as_posix()
        for part in ("bytes", "proofs")
        for path in (VECTORS / part).iterdir()
    }
    assert kept == set(made)


@pytest.mark.parametrize("name", ["codec", "envelope", "note"])
def test_at_least_half_must_fail(name):
    assert 2 * sum(not case["ok"] for case in cases(name)) >= len(cases(name))


def test_at_least_half_of_the_proofs_must_fail():
    assert 2 * sum(not case["ok"] for case in PROOFS["vectors"]) >= len(PROOFS["vectors"])


@pytest.mark.parametrize("case", cases("codec"), ids=lambda case: case["bytes"][:24])
def test_the_codec_reads_or_refuses(case):
    data = bytes.fromhex(case["bytes"])
    if case["ok"]:
        assert wire.told(decode(data)) == case["value"]
        assert encode(decode(data)) == data
    else:
        with pytest.raises(Malformed):
            decode(data)


@pytest.mark.parametrize("case", cases("envelope"), ids=lambda case: case["name"])
def test_an_envelope_is_read_or_refused(case):
    data = bytes.fromhex(case["bytes"])
    if case["ok"]:
        envelope = open_envelope(data, size_max=TRANSACTION_BYTES_MAX)
        aad = external_aad(bytes(32))
        assert envelope.verified(bytes.fromhex(case["public"]), aad) is case["signed"]
    else:
        with pytest.raises(Malformed):
            open_envelope(data, size_max=TRANSACTION_BYTES_MAX)


@pytest.mark.parametrize("case", cases("note"), ids=lambda case: case["name"])
def test_a_note_is_read_or_refused(case):
    data = case["text"].encode()
    if case["ok"]:
        assert parse_note(data).encode() == data
    else:
        with pytest.raises(Malformed):
            parse_note(data)


@pytest.mark.parametrize("case", cases("hashes"), ids=lambda case: case["kind"])
def test_a_hash_is_the_one_that_is_told(case):
    if case["kind"] == "tagged":
        found = tagged(case["tag"], bytes.fromhex(case["data"]))
    elif case["kind"] == "log":
        found = log_root([leaf_hash(bytes.fromhex(leaf)) for leaf in case["leaves"]])
    elif case["kind"] == "set":
        found = set_root({bytes.fromhex(key): bytes.fromhex(value) for key, value in case["entries"].items()})
    else:
        found = blob_id(bytes(case["size"]))
    assert found.hex() == case["hash"]


@pytest.mark.parametrize("case", PROOFS["vectors"], ids=lambda case: case["file"])
def test_a_proof_holds_or_fails_at_its_step(case):
    data = (VECTORS / "proofs" / case["file"]).read_bytes()
    verdict = verify_proof(application(), data, bytes.fromhex(PROOFS["network"]))
    assert (verdict.ok, verdict.failed) == (case["ok"], case["failed"])
