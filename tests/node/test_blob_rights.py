"""A node hands out blobs under its own member's claims, and under nobody else's."""

from msgspec.structs import replace

from consortia.modules.assets.state import ASSETS
from consortia.modules.training.state import STUDIES
from consortia.node.blob_rights import own_claims
from consortia.testing.machine import Bench
from consortia.testing.studies import TERMS, dataset, proposed


def test_an_asset_that_another_member_makes_of_a_blobs_id_opens_it_at_no_node_but_its_own():
    bench = Bench(4)
    forged = dataset(bench, "east")
    assert ASSETS.get(bench.context(), forged).owner == "east"
    assert own_claims(bench.context(), "north", {forged}, set()) == ([], [])
    assert own_claims(bench.context(), "east", {forged}, set()) == ([forged], [])


def test_a_study_started_from_a_blobs_id_opens_it_at_no_node_of_a_member_that_did_not_join():
    bench = Bench(4)
    study = proposed(bench, replace(TERMS, initial=bytes(32)))
    record = STUDIES.get(bench.context(), study)
    assert record is not None
    proposer = record.proposer
    other = next(name for name in ("north", "east", "south", "west") if name != proposer)
    assert own_claims(bench.context(), other, set(), {study}) == ([], [])
    assert own_claims(bench.context(), proposer, set(), {study}) == ([], [study])
    own = dataset(bench, other)
    assert own_claims(bench.context(), other, {own}, {study}) == ([own], [])
