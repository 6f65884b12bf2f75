"""Different models to different members, so that the sum is one member's update (Pasquini et al. 2021)."""

from functools import partial

import numpy as np
from msgspec.structs import replace

from consortia.base.codec import decode_record, encode_record
from consortia.engines.train.mlp import MlpState, packed, shape_of, unpacked
from consortia.exact.network import NETWORK_BITS
from consortia.exact.ring import unpack
from consortia.modules.training.messages import Propose
from consortia.testing.local import LocalDoor, terms_of
from consortia.testing.studies import dataset
from consortia.workers.arithmetic import plans, update
from consortia.workers.masks import Given, lifted
from consortia.workers.states import States
from consortia.workers.terms import MASKED
from tests.attacks.removed import without
from tests.workers.four import SCHEMA, Consortium

NETWORK = {"recipe_name": "mlp.fedavg", "rounds": 1, "hidden": 4, "summing": MASKED}
OTHERS = ("east", "south", "west")


def dead(state: bytes) -> bytes:
    """A state with the same shape in which no hidden unit learns: its biases saturate every tanh."""
    current = decode_record(MlpState, state)
    weights, shape = unpacked(current.weights), shape_of(current.terms, current.schema)
    _, bias, _, count = next(shape.parts())
    weights[bias : bias + count] = 100 << NETWORK_BITS
    return encode_record(replace(current, weights=packed(weights)))


def hidden(four: Consortium, state: bytes) -> slice:
    """The words of the hidden layer: its matrix and its biases."""
    current = decode_record(MlpState, state)
    begin, bias, _, count = next(shape_of(current.terms, current.schema).parts())
    return slice(begin, bias + count)


class TwoModels(LocalDoor):
    """A node that gives its worker another state than the one that it is asked for."""

    def get_blob(self, blob):
        found = super().get_blob(blob)
        view = self.net.bench.query("training.studies", status="running", after=None, limit=1).studies
        current = view and view[0].index == 1
        agreed = current and self.net.bench.query("training.study", study=view[0].id).progress.state
        return dead(found) if blob == agreed else found


def lying(four: Consortium) -> Consortium:
    for name in OTHERS:
        worker, door = four.workers[name], TwoModels(four.net, name)
        worker.door = worker.masks._door = worker.states._door = door
    return four


def given_state(self: States, view, index: int, agreed: bytes) -> bytes:
    """`States.own` of a worker that takes the state from whoever has it, as from a server."""
    return plans(view.study.terms).plan.initial if index == 0 else self._door.get_blob(agreed)


def summed(four: Consortium):
    """The sum of the second round as every member has it, and what north's part of it was."""
    this = four.rounds()[1]
    view = four.bench.query("training.study", study=four.study)
    seen = four.bench.query("training.round", study=four.study, index=1, attempt=None)
    known = plans(view.study.terms)
    given = [
        Given(one.member, one.records, partial(four.net.blobs.get, one.submission.blob))
        for one in seen.updates
    ]
    masks = four.bench.query("training.masks", study=four.study, index=1, attempt=None)
    total = lifted(known.stages[1], given, masks)[0].astype(np.int64)
    state = four.net.blobs[this.state]
    words = unpack(update(known, this, state, four.tables["north"]), ring_bits=32, length=len(total))
    layer = hidden(four, state)
    return total[layer], words[layer].astype(np.int64)


def test_a_worker_that_takes_its_state_from_others_is_alone_in_the_sum(tmp_path, monkeypatch):
    monkeypatch.setattr(States, "own", given_state)
    four = lying(Consortium(tmp_path, **NETWORK).join().start())
    four.net.drive(four.workers, lambda: len(four.rounds()) == 2 and four.rounds()[1].step == "commit")
    total, north = summed(four)
    assert north.any()
    assert np.array_equal(total, north)


def test_workers_go_on_only_from_states_that_they_computed_themselves(tmp_path):
    four = lying(Consortium(tmp_path, **NETWORK).join().start())
    four.net.drive(four.workers, lambda: len(four.rounds()) == 2 and four.rounds()[1].step == "commit")
    total, north = summed(four)
    assert not np.array_equal(total, north)
    assert four.finish().progress.status == "finished"


# ------------------------------------------------------------------ the model that a study starts from


class Swapping(LocalDoor):
    """A node that gives its worker another model to start from than the study names."""

    def get_blob(self, blob):
        found = super().get_blob(blob)
        return dead(found) if blob == self.start else found


def from_a_model(tmp_path) -> Consortium:
    four = Consortium(tmp_path, **NETWORK)
    model = dataset(four.bench, "north", kind="model")
    numbers = {name: value for name, value in NETWORK.items() if type(value) is int}
    terms, initial = terms_of("onward", SCHEMA, recipe_name="mlp.fedavg", summing=MASKED, **numbers)
    four.bench.ok("north", "analyst", Propose(replace(terms, model=model)))
    four.study = four.bench.query("training.find", proposer="north", name="onward").study
    four.net.blobs[terms.initial] = initial
    worker, door = four.workers["north"], Swapping(four.net, "north")
    door.start = terms.initial
    worker.door = worker.masks._door = worker.states._door = door
    return four.join().start()


def test_without_the_id_of_the_first_state_a_worker_attests_what_comes_of_a_swapped_model(tmp_path):
    with without(States._last_agreed, "bytes do not have its id"):
        four = from_a_model(tmp_path).finish()
    assert four.rounds()[0].differing == ("north",)


def test_a_worker_starts_from_no_model_whose_bytes_have_not_the_id_of_its_study(tmp_path):
    four = from_a_model(tmp_path).finish()
    assert four.net.said("north", "stopped")[0].detail == (
        "the study starts from a state whose bytes do not have its id"
    )
    assert not four.net.said("north", "submitted")
    assert four.progress.status == "finished"
