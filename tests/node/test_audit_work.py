"""Whatever byte of a round or of a prediction is changed in a home, the audit finds it and names where."""

from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from consortia.base.codec import encode_record
from consortia.base.hashing import tagged
from consortia.engines.commit.prediction import encode_opened, policy_hash, predicted, read_opened
from consortia.engines.infer.predict import Features, features_of, predict_features
from consortia.kernel.ledger import Ledger
from consortia.modules.predictions.messages import RecordBatch
from consortia.modules.training.types import Outcome
from consortia.node.audit.run import audit_home
from consortia.node.blobs import Blobs
from consortia.node.config import Config
from consortia.node.home import Home
from consortia.store.lmdb import LmdbStore
from consortia.workers.arithmetic import Computed
from consortia.workers.terms import MASKED, OPEN
from consortia.workers.vault import Vault
from consortia.workers.worker import Worker
from tests.workers.four import Consortium

MEMBER = "north"
POLICY = policy_hash("The second class from 500,000 ppm on.")
ROUNDS = 2


class Agreed(Worker):
    """Tells the ledger, with all its kind, a sum to which nothing adds up: they are more than two thirds."""

    def result(self, view, seen):
        honest = super().result(view, seen)
        if seen.round.index != 1:
            return honest
        false = tagged("consortia/testing/lie", seen.round.id)
        return Computed(Outcome(false, honest.outcome.state), honest.state)


class Absent(Worker):
    """Hands its update in and is away when the sums are agreed on."""

    def _act(self, task):
        return task.action not in {"commit", "open"} and super()._act(task)


def answers(model, content, rows):
    """What a model answers to rows, each as its opened record."""
    features = [features_of(model, row) for row in rows]
    return [
        predicted(
            model=content,
            given=encode_record(Features(cells)),
            score=said.score,
            probability_ppm=said.probability_ppm,
            label=said.label,
            policy=POLICY,
            time=1_767_225_600_000,
        )
        for cells, said in zip(features, predict_features(model, features), strict=True)
    ]


def once(records):
    return [records]


def world_of(folder, summing=OPEN, kinds=None, tell=once):
    """A finished study on a bench, its blobs, and the batches that `tell` makes of honest answers."""
    consortium = Consortium(folder / "workers", kinds=kinds, rounds=ROUNDS, summing=summing)
    consortium.join().start().finish()
    assert consortium.progress.status == "finished"
    bench, progress = consortium.bench, consortium.progress
    honest = answers(
        consortium.net.blobs[progress.state], progress.state, [(0.1, 0.2), (-1.0, None), (3.0, 2.0)]
    )
    vault = Vault(folder / "private")
    batches = tell(honest)
    roots, ids = [], []
    for records in batches:
        kept = vault.add_predictions(records)
        message = RecordBatch(progress.model, progress.state, "care", POLICY, kept.root, kept.count, None)
        ids.append(bench.ok(MEMBER, "operator", message).events[0].body["batch"])
        roots.append(kept.root)
    made = {"bench": bench, "blobs": consortium.net.blobs, "rounds": consortium.rounds()}
    return SimpleNamespace(**made, batches=batches, roots=roots, batch_ids=ids)


def home_of(folder, world):
    """The home of a member that holds all of a world."""
    bench = world.bench
    home = Home.create(
        folder, Config(member=MEMBER, network=bench.network.hex()), encode_record(bench.genesis)
    )
    with LmdbStore(home.ledger) as store:
        ledger = Ledger.create(store, bench.app, bench.genesis)
        for block in bench.blocks:
            ledger.append(block)
    blobs = Blobs(home.blobs)
    for data in world.blobs.values():
        blobs.put(data)
    vault = Vault(home.private)
    for records in world.batches:
        vault.add_predictions(records)
    return home


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    return world_of(tmp_path_factory.mktemp("honest"))


@pytest.fixture
def home(tmp_path, honest):
    return home_of(tmp_path / "home", honest)


def found(home):
    return {one.place: one.text for one in audit_home(home.path).mismatches}


def update_of(honest, index, member):
    """The blob of a member's update."""
    this = honest.rounds[index]
    view = honest.bench.query("training.round", study=this.study, index=index, attempt=None)
    return next(one.submission.blob for one in view.updates if one.member == member)


BLOBS = {
    "an update of the first round": (lambda honest: update_of(honest, 0, "east"), 0),
    "an update of the last round": (lambda honest: update_of(honest, ROUNDS, "west"), ROUNDS),
    "the state that a round starts from": (lambda honest: honest.rounds[1].state, 1),
}


def path_of(home, blob):
    return home.blobs / blob.hex()[:2] / blob.hex()


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1
    path.write_bytes(data)


def test_a_home_whose_work_is_whole_has_no_mismatch(home):
    findings = audit_home(home.path)
    assert (findings.mismatches, findings.left_out) == ([], [])
    assert (findings.rounds_recomputed, findings.predictions_replayed) == (ROUNDS + 1, 3)


@pytest.mark.parametrize("which", BLOBS)
@pytest.mark.parametrize("at", [0, -1])
def test_a_changed_byte_of_a_rounds_blob_is_found_and_its_round_named(home, honest, which, at):
    pick, index = BLOBS[which]
    blob = pick(honest)
    flip(path_of(home, blob), at)
    told = found(home)
    assert "changed on the disk" in told[f"blob {blob.hex()}"]
    assert blob.hex() in told[f"study north/diagnosis, round {index + 1}"]


@pytest.mark.parametrize("which", BLOBS)
def test_a_rounds_blob_that_is_cut_or_gone_is_found_and_its_round_named(home, honest, which):
    pick, index = BLOBS[which]
    path = path_of(home, pick(honest))
    whole = path.read_bytes()
    for damage in (lambda: path.write_bytes(whole[:-1]), path.unlink):
        damage()
        assert path.name in found(home)[f"study north/diagnosis, round {index + 1}"]


def test_who_was_away_when_a_sum_was_agreed_on_is_not_said_to_differ_for_what_it_lacks(tmp_path):
    world = world_of(tmp_path / "world", kinds={MEMBER: Absent})
    home = home_of(tmp_path / "home", world)
    assert audit_home(home.path).left_out == []
    path_of(home, update_of(world, 1, "east")).unlink()
    findings = audit_home(home.path)
    assert findings.mismatches == []
    [said] = findings.left_out
    assert said.startswith("study north/diagnosis, round 2: this member was away")


def test_an_update_that_stands_in_for_another_is_found_and_its_round_named(home, honest):
    one, other = update_of(honest, 1, "east"), update_of(honest, 1, "south")
    path_of(home, one).write_bytes(path_of(home, other).read_bytes())
    assert one.hex() in found(home)["study north/diagnosis, round 2"]


def test_a_changed_update_of_a_masked_round_is_found_and_its_round_named(tmp_path):
    world = world_of(tmp_path / "world", MASKED)
    home = home_of(tmp_path / "home", world)
    findings = audit_home(home.path)
    assert (findings.mismatches, findings.rounds_recomputed) == ([], ROUNDS + 1)
    blob = update_of(world, 1, "east")
    flip(path_of(home, blob), 5)
    assert blob.hex() in found(home)["study north/diagnosis, round 2"]


def test_a_false_sum_on_which_all_agreed_is_found_by_whoever_adds_it_up(tmp_path):
    kinds = dict.fromkeys(("north", "east", "south", "west"), Agreed)
    home = home_of(tmp_path / "home", world_of(tmp_path / "world", kinds=kinds))
    assert found(home) == {"study north/diagnosis, round 2": "its sum is another one"}


def batch_place(world, at=0):
    """What the audit calls a batch."""
    return f"predictions {world.batch_ids[at].hex()[:16]} of {MEMBER}"


def opened_file(home, root):
    """Where a home keeps a batch's opened records."""
    data = Vault(home.private).opened_batch(root)
    return next(path for path in home.private.rglob("*") if path.is_file() and path.read_bytes() == data)


@pytest.mark.parametrize("at", [0, 100, 300, -1])
def test_a_changed_byte_of_the_opened_predictions_is_found_and_named(home, honest, at):
    flip(opened_file(home, honest.roots[0]), at)
    assert list(found(home)) == [batch_place(honest)]


def relabelled(one):
    return replace(one, record=replace(one.record, label="no" if one.record.label == "yes" else "yes"))


SWAPS = {
    "another answer": relabelled,
    "another probability": lambda one: replace(one, record=replace(one.record, probability_ppm=1)),
    "another salt": lambda one: replace(one, salt=bytes(32)),
    "another input": lambda one: replace(one, input=encode_record(Features((1, 2)))),
    "another salt of the input": lambda one: replace(one, input_salt=bytes(32)),
}


@pytest.mark.parametrize("swap", SWAPS)
def test_opened_predictions_that_say_something_else_are_found_and_named(home, honest, swap):
    root = honest.roots[0]
    path = opened_file(home, root)
    first, *rest = read_opened(path.read_bytes(), root, 3)
    path.write_bytes(encode_opened([SWAPS[swap](first), *rest]))
    assert list(found(home)) == [batch_place(honest)]


def test_opened_predictions_in_another_order_or_number_are_found_and_named(home, honest):
    root = honest.roots[0]
    path = opened_file(home, root)
    records = read_opened(path.read_bytes(), root, 3)
    for others in (records[::-1], records[:2], [*records, records[0]]):
        path.write_bytes(encode_opened(others))
        assert list(found(home)) == [batch_place(honest)]


def test_opened_predictions_that_are_gone_are_found_and_named(home, honest):
    opened_file(home, honest.roots[0]).unlink()
    assert found(home) == {
        batch_place(honest): "this member's own records are missing from its private folder"
    }


def test_the_model_that_answered_is_asked_again_and_named_where_it_is_changed(home, honest):
    content = honest.batches[0][0].record.model
    flip(path_of(home, content), -1)
    assert content.hex() in found(home)[batch_place(honest)]


LIES = {
    "an answer that the model does not give": (relabelled, "the model answers otherwise"),
    "a score that the model does not give": (
        lambda one: replace(one, record=replace(one.record, score=one.record.score + 1)),
        "the model answers otherwise",
    ),
    "another model": (
        lambda one: replace(one, record=replace(one.record, model=bytes(32))),
        "names another model or policy than its batch",
    ),
    "another policy": (
        lambda one: replace(one, record=replace(one.record, policy=bytes(32))),
        "names another model or policy than its batch",
    ),
}


def test_a_lie_that_was_committed_in_due_form_is_found_and_its_record_named(tmp_path):
    def told(records):
        return [[*records[:1], lie(records[1]), *records[2:]] for lie, _ in LIES.values()]

    world = world_of(tmp_path / "world", tell=told)
    expected = {f"{batch_place(world, at)}, record 1": text for at, (_, text) in enumerate(LIES.values())}
    assert found(home_of(tmp_path / "home", world)) == expected
