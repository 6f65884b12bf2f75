"""What is particular to masked rounds, beside the scenario table."""

import hashlib
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.modules.training.masks import singled_out
from consortia.modules.training.state import ASKED, keys_of
from consortia.modules.training.steps import moved_on
from consortia.testing.machine import Bench
from consortia.testing.masked import MASKED, dealt, keyed, keys, running_masked, sent
from consortia.testing.studies import MEMBERS

NAMES = ("a", "b", "c", "d", "e", "f")
COHORTS = st.lists(
    st.sets(st.sampled_from(NAMES), min_size=3).map(lambda some: tuple(sorted(some))), max_size=6
)


def in_span(sums, name) -> bool:
    """Whether a member's unit vector is a real combination of the cohorts' vectors."""
    rows = np.array([[float(one in members) for one in NAMES] for members in sums])
    unit = np.array([[float(one == name) for one in NAMES]])
    rank = np.linalg.matrix_rank(rows) if len(rows) else 0
    return bool(np.linalg.matrix_rank(np.vstack([rows, unit]) if len(rows) else unit) == rank)


@given(COHORTS)
def test_a_member_is_singled_out_just_when_sums_combine_to_it_alone(sums):
    found = singled_out(sums, ())
    alone = [name for name in NAMES if in_span(sums, name)]
    assert (found in alone) if alone else (found is None)


def test_two_cohorts_that_differ_by_one_member_show_its_update():
    assert singled_out([("a", "b", "c", "d"), ("a", "b", "c")], ()) == "d"
    assert singled_out([("a", "b", "c", "d"), ("a", "b", "c", "d")], ()) is None
    assert singled_out([("a", "b", "c", "d", "e"), ("a", "b", "c")], ()) is None


def test_four_cohorts_of_which_any_two_differ_by_two_members_show_three_updates():
    base = ("d", "e", "f")
    sums = [base, *(tuple(sorted((*base, *pair))) for pair in itertools.combinations("abc", 2))]
    assert singled_out(sums[:3], ()) is None
    assert singled_out(sums, ()) == "a"


@pytest.mark.parametrize(("known", "found"), [((), None), (("e",), "d"), (("d", "e"), None)])
def test_whose_update_is_known_anyway_hides_nobody(known, found):
    assert singled_out([("a", "b", "c", "d", "e"), ("a", "b", "c")], known) == found


def test_the_graph_and_the_query_are_hashed_as_the_page_of_rounds_says():
    def tagged(tag, data):
        return hashlib.sha256(bytes([len(tag)]) + tag.encode() + data).digest()

    def text(name):
        return bytes([0x60 + len(name)]) + name.encode()

    def digest(data):
        return b"\x58\x20" + data

    bench = Bench(4)
    this = keyed(bench, running_masked(bench))
    rows = b"".join(
        b"\x84" + text(name) + digest(one.masking) + digest(one.sealing) + digest(one.seed)
        for name, one in sorted(keys_of(bench.context(), this.id).items())
    )
    assert this.graph == tagged("consortia/round-graph", b"\x82" + digest(this.id) + b"\x84" + rows)
    sent(bench, dealt(bench, this))
    recipe = MASKED.recipe
    asked = (
        this.state + recipe.digest + this.stage.to_bytes(8, "big") + MASKED.schema_hash + recipe.parameters
    )
    ((key, found),) = ASKED.scan(bench.context())
    assert key == (tagged("consortia/query", asked),)
    assert [one.members for one in found.cohorts] == [this.members]


def test_finality_is_awaited_when_a_step_is_over_and_not_before():
    bench = Bench(MEMBERS)
    this = running_masked(bench)

    def awaited(member):
        message = keys(this.study, this.id, member)
        bench.ok(member, "worker", message)
        return moved_on(bench.context(), message)

    assert [awaited(member) for member in MEMBERS] == [False, False, False, True]
