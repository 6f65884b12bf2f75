"""Whatever bytes come in, a decoder gives a value or refuses in the one declared way."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consortia.app import application
from consortia.base.codec import Malformed, decode, decode_record, encode
from consortia.base.envelope import open_envelope
from consortia.base.note import parse_note
from consortia.kernel.block import Block, parse_leaf
from consortia.kernel.genesis import Genesis
from consortia.kernel.proof import Extra, parse_proof
from consortia.kernel.transaction import parse_transaction
from consortia.kernel.verify import verify_proof
from consortia.node.sync import SyncReply, SyncRequest
from consortia.testing.samples import kinds_of
from consortia.testing.wire import envelopes, notes, proofs

APP = application()
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.binary() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
LAW = sorted({kind for module in APP.modules for kind in kinds_of(module)}, key=lambda kind: kind.__name__)
KINDS = [*LAW, Block, Genesis, Extra, SyncReply, SyncRequest]
ENVELOPES = [bytes.fromhex(case["bytes"]) for case in envelopes()[:3]]
NOTE = notes()[0]["text"].encode()
NETWORK, PROOFS = proofs()


def bent(data, at, kind, piece):
    """A valid input with one stretch changed, dropped or added."""
    at %= len(data) + 1
    return data[:at] + piece + data[at + {"change": len(piece), "drop": 7, "add": 0}[kind] :]


def bends(*originals):
    kinds = st.sampled_from(["change", "drop", "add"])
    return st.builds(bent, st.sampled_from(originals), st.integers(0, 1 << 16), kinds, st.binary(max_size=8))


def only_malformed(read, data):
    try:
        read(data)
    except Malformed:
        return


@given(st.binary(max_size=200))
def test_decode_refuses_only_as_malformed_and_never_reads_a_second_spelling(data):
    try:
        value = decode(data)
    except Malformed:
        return
    assert encode(value) == data


@given(PLAIN)
def test_decode_is_the_inverse_of_encode(value):
    assert decode(encode(value)) == value


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=max(8, settings().max_examples // 12))  # hundreds of kinds, and one codec
@given(value=PLAIN)
def test_records_refuse_only_as_malformed(kind, value):
    only_malformed(lambda data: decode_record(kind, data), encode(value))
    fields = dict.fromkeys(kind.__struct_fields__, value)
    only_malformed(lambda data: decode_record(kind, data), encode(fields))


@given(st.binary(max_size=300) | bends(*ENVELOPES))
def test_envelopes_and_transactions_refuse_only_as_malformed(data):
    only_malformed(lambda raw: open_envelope(raw, size_max=1 << 16), data)
    only_malformed(lambda raw: parse_transaction(raw, bytes(32)), data)


@given(st.binary(max_size=300) | bends(NOTE))
def test_notes_and_leaves_refuse_only_as_malformed(data):
    only_malformed(parse_note, data)
    only_malformed(parse_leaf, data)


@given(st.binary(max_size=300) | bends(*[data for data, step in PROOFS.values() if step != 1]))
def test_a_verifier_never_fails_but_says_which_step_does(data):
    only_malformed(parse_proof, data)
    verdict = verify_proof(APP, data, bytes.fromhex(NETWORK))
    assert verdict.steps[-1].ok is verdict.ok
