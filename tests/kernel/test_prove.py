"""What is final can be proved from the genesis; what is not there, or not final, is not proved."""

import pytest
from msgspec.structs import replace

from consortia.base.codec import encode_record, to_value
from consortia.engines.commit.dataset import commitment
from consortia.kernel.ledger import Ledger
from consortia.kernel.proof import Proof
from consortia.kernel.prove import (
    CannotProve,
    Openings,
    newest_final,
    prove_receipt,
    prove_state,
    set_changes,
)
from consortia.kernel.verify import Anchor, verify_proof
from consortia.modules.assets.messages import Register
from consortia.modules.assets.state import NAMES, VERSIONS
from consortia.modules.identity.messages import Leave, RotateNodeKey, SetEndpoint
from consortia.modules.identity.types import KeySpec
from consortia.modules.predictions.messages import RecordBatch
from consortia.modules.predictions.state import BATCHES
from consortia.store.memory import MemoryStore
from consortia.testing.machine import Bench, key_from, new_keys
from consortia.testing.witnessed import Witnessed, batch_of, dataset_of, opened_record, opened_subject
from tests.kernel.test_ledger import restore

HERE = SetEndpoint("http://127.0.0.1:7001", None)


def verdict(kept, proof, since=None):
    return verify_proof(kept.bench.app, proof.encode(), kept.bench.network, since)


def rotate(bench, name, generation="1"):
    new = key_from(name, "node", generation)
    key = new_keys(bench.network, name, [(KeySpec(new.public, ("node",), "node"), new)])[0]
    bench.ok(name, "admin", RotateNodeKey(key, bench.covering()))
    bench.parties[name].keys["node"] = new


def recorded(bench, batch):
    """Record a batch of predictions; the state key of its entry."""
    model = Register("net", "model", "Net", "blob", bytes(32), 1, None, None, (), None)
    asset = bench.ok("north", "operator", model).events[0].body["asset"]
    message = RecordBatch(asset, bytes(32), "diagnosis", bytes(32), batch.root, batch.count, None)
    return BATCHES.state_key(bench.ok("north", "operator", message).events[0].body["batch"])


def first_transaction(kept):
    return kept.ledger.transaction_at(1)


@pytest.fixture
def bench():
    bench = Bench(4)
    bench.ok("north", "admin", HERE)
    return bench


def test_a_receipt_is_proved_from_the_genesis(bench):
    kept = Witnessed.of(bench)
    found = verdict(kept, prove_receipt(kept.ledger, first_transaction(kept)))
    assert found.ok, found.steps
    assert (found.receipt.height, found.receipt.code) == (1, "ok")
    assert [step.number for step in found.steps] == list(range(1, 9))


@pytest.mark.parametrize("after", [0, 1])
def test_a_proof_follows_every_change_of_the_member_set(bench, after):
    bench.admit_member("harbour")
    rotate(bench, "north")
    bench.ok("south", "admin", Leave(bench.covering()))
    bench.parties.pop("south")
    for _ in range(after):
        bench.ok("east", "admin", HERE)
    kept = Witnessed.of(bench)
    proof = prove_receipt(kept.ledger, first_transaction(kept))
    found = verdict(kept, proof)
    assert found.ok, found.steps
    assert len(proof.extra.changes) == 2 + after
    names = [member.name for member in found.anchor.members.members]
    assert ("south" in names) is (after == 0)


def test_a_restored_ledger_proves_the_changes_below_it_once_others_have_vouched_for_them(bench):
    bench.admit_member("harbour")
    rotate(bench, "north")
    bench.ok("east", "admin", HERE)
    size, store = bench.tip.size, MemoryStore()
    told = set_changes(Witnessed.of(bench).ledger, size)
    ledger = Ledger.create(store, bench.app, bench.genesis)
    restore(store, bench)
    ledger.reload()
    with pytest.raises(CannotProve, match="restored from a snapshot, and no member has told yet"):
        set_changes(ledger, size)
    for step, change in zip(ledger.set_changes(), told, strict=True):
        store.put_vouched(step.height, encode_record(change))
    assert set_changes(ledger, size) == told
    assert len(told) == 2


def test_a_checkpoint_that_ends_with_a_change_is_made_final_by_the_set_before_it(bench):
    rotate(bench, "north")
    kept = Witnessed.of(bench)
    found = verdict(kept, prove_receipt(kept.ledger, first_transaction(kept)))
    assert found.ok, found.steps
    bench.ok("east", "admin", HERE)
    later = Witnessed.of(bench)
    proof = prove_receipt(later.ledger, first_transaction(later), since=found.anchor.size)
    again = verdict(later, proof, found.anchor)
    assert again.ok, again.steps


def test_a_trusted_checkpoint_is_continued(bench):
    kept = Witnessed.of(bench)
    anchor = verdict(kept, prove_receipt(kept.ledger, first_transaction(kept))).anchor
    bench.admit_member("harbour")
    bench.ok("east", "admin", HERE)
    later = Witnessed.of(bench)
    proof = prove_receipt(later.ledger, first_transaction(later), since=anchor.size)
    assert verdict(later, proof, anchor).ok
    assert verdict(later, prove_receipt(later.ledger, first_transaction(later)), anchor).failed == 8
    other = Anchor(anchor.size, bytes(32), anchor.members)
    assert verdict(later, proof, other).failed == 8


def test_a_state_entry_is_proved_present_and_another_absent(bench):
    kept = Witnessed.of(bench)
    absent = verdict(kept, prove_state(kept.ledger, NAMES.state_key("north", "nothing")))
    assert absent.ok, absent.steps
    assert "absent" in absent.steps[5].text
    key = next(iter(bench.state.entries()))
    assert "present" in verdict(kept, prove_state(kept.ledger, key)).steps[5].text


@pytest.mark.parametrize(
    ("name", "words"),
    [(b"patient-3", "patient-3 are in"), (b"stranger", "stranger, under its salt, has no rows")],
)
def test_a_subject_is_shown_present_or_absent_in_the_version(bench, name, words):
    data = dataset_of("rows", 40, (b"stranger",))
    said = commitment(data)
    message = Register("rows", "dataset", "Rows", "set", said.root, said.count, said.subjects, None, (), None)
    asset = bench.ok("north", "operator", message).events[0].body["asset"]
    kept = Witnessed.of(bench)
    openings = Openings(subject=opened_subject(data, name))
    found = verdict(kept, prove_state(kept.ledger, VERSIONS.state_key(asset, 1), openings=openings))
    assert found.ok, found.steps
    assert words in found.steps[6].text


def test_nothing_is_proved_before_a_checkpoint_is_final(bench):
    kept = Witnessed.of(bench, behind=2)
    with pytest.raises(CannotProve, match="no ledger checkpoint is final yet"):
        newest_final(kept.ledger)


def test_a_change_of_a_set_that_the_verifier_trusts_already_is_not_followed_again(bench):
    bench.admit_member("harbour")
    for _ in range(2):
        bench.ok("east", "admin", HERE)
    kept = Witnessed.of(bench)
    anchor = verdict(kept, prove_receipt(kept.ledger, first_transaction(kept))).anchor
    bench.ok("east", "admin", HERE)
    later = Witnessed.of(bench)
    proof = prove_receipt(later.ledger, first_transaction(later), since=anchor.size)
    spoiled = tuple(replace(change, note=b"no note") for change in proof.extra.changes)
    blind = Proof(replace(proof.extra, changes=spoiled), proof.index, proof.path, proof.note)
    assert len(spoiled) == 1
    assert verdict(later, blind, anchor).ok
    assert verdict(later, blind).failed == 3


def test_a_record_of_a_batch_is_shown(bench):
    records = [f"record {at}".encode() for at in range(5)]
    batch = batch_of(records, "answers")
    key = recorded(bench, batch)
    kept = Witnessed.of(bench)
    openings = Openings(record=opened_record(batch, records, 3))
    found = verdict(kept, prove_state(kept.ledger, key, openings=openings))
    assert found.ok, found.steps
    assert "number 4 of the 5" in found.steps[6].text


def test_nothing_is_proved_of_a_block_whose_place_the_store_has_lost(bench):
    kept = Witnessed.of(bench)
    with kept.ledger.store.snapshot() as view:
        view._blocks.pop(1)
    with pytest.raises(CannotProve, match="there is no block 1"):
        prove_receipt(kept.ledger, first_transaction(kept))


def test_an_unknown_transaction_is_not_proved(bench):
    with pytest.raises(CannotProve, match="no receipt"):
        prove_receipt(Witnessed.of(bench).ledger, bytes(32))


def test_what_lies_after_the_newest_final_checkpoint_is_not_proved(bench):
    kept = Witnessed.of(bench, behind=1)
    with pytest.raises(CannotProve, match="not final yet"):
        prove_receipt(kept.ledger, first_transaction(kept))


def test_an_entry_is_proved_from_a_checkpoint_that_lags_while_it_stands_unchanged(bench):
    entries = bench.state.entries()
    bench.ok("north", "admin", SetEndpoint("http://127.0.0.1:7002", None))
    same = next(key for key, value in entries.items() if bench.state.get(key) == value)
    changed = next(key for key, value in entries.items() if bench.state.get(key) != value)
    kept = Witnessed.of(bench, behind=1)
    assert verdict(kept, prove_state(kept.ledger, same)).ok
    with pytest.raises(CannotProve, match="changed after the newest final checkpoint"):
        prove_state(kept.ledger, changed)


def test_a_change_that_no_kept_checkpoint_vouches_for_is_not_proved(bench):
    rotate(bench, "north")
    bench.ok("east", "admin", HERE)
    kept = Witnessed.of(bench, behind=bench.tip.height + 1)
    kept.keep(bench.tip.height)
    with pytest.raises(CannotProve, match="changed the member set"):
        prove_receipt(kept.ledger, first_transaction(kept))


def test_a_checkpoint_that_ends_within_a_block_shows_no_state(bench):
    kept = Witnessed.of(bench, behind=2)
    kept.ledger.store.put_note(2, bench.checkpoint(2, signers=bench._witnesses[3]))
    with pytest.raises(CannotProve, match="is not a header"):
        prove_state(kept.ledger, next(iter(to_value(bench.genesis))).encode())
    with pytest.raises(CannotProve, match="block 1 is not final yet"):  # it lacks the header alone
        prove_receipt(kept.ledger, first_transaction(kept))
