"""Robust rules: the plain version's bits however computed, and byzfl's outcomes within a millionth."""

import json
from itertools import permutations
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.engines.robust import (
    RULES,
    RobustError,
    aggregate,
    blocks,
    check,
    clipping,
    distances,
    order,
    per_joined,
    reference,
)
from consortia.engines.robust.presteps import bucketing, drawn_order, nearest_mixing
from consortia.engines.robust.types import WORD_MAX
from consortia.exact.graph import groups
from consortia.modules.training import types as law

RECORDED = json.loads(
    (Path(__file__).parents[1] / "vectors" / "robust" / "rules.json").read_text(encoding="utf-8")
)


def possible(rule, members, tolerated):
    try:
        check(rule, members, tolerated)
    except RobustError:
        return False
    return True


def plain(vectors):
    return [[int(word) for word in vector] for vector in vectors]


@st.composite
def settings(draw):
    """A rule, vectors for it (often alike, so that ties decide), how many it tolerates, a start."""
    rule = draw(st.sampled_from(RULES))
    kind, reach = draw(
        st.sampled_from(((np.int32, 2), (np.int32, 2**31 - 1), (np.int64, 2**21), (np.int64, WORD_MAX)))
    )
    members = draw(st.integers(1, 16))
    tolerated = draw(st.integers(0, members // 2))
    if not possible(rule, members, tolerated):
        tolerated = 0
    if not possible(rule, members, tolerated):
        rule = "mean"
    words = draw(st.integers(1, 4))
    row = st.lists(st.integers(-reach, reach), min_size=words, max_size=words)
    vectors = draw(st.lists(row, min_size=members, max_size=members))
    start = draw(st.none() | st.lists(st.integers(-WORD_MAX, WORD_MAX), min_size=words, max_size=words))
    return rule, np.array(vectors, dtype=kind), tolerated, start


@given(settings())
def test_every_rule_equals_the_plain_version_bit_for_bit(case):
    rule, vectors, tolerated, start = case
    begin = None if start is None else np.array(start, dtype=np.int64)
    found = aggregate(rule, vectors, tolerated=tolerated, start=begin, seed=b"s")
    assert found.dtype == np.int64
    assert found.tolist() == reference.aggregate(
        rule, plain(vectors), tolerated=tolerated, start=start, seed=b"s"
    )


@pytest.mark.parametrize(
    "case", RECORDED["cases"], ids=lambda case: f"{case['rule']}-{case['vectors']}-{case['tolerated']}"
)
def test_every_rule_gives_the_recorded_integers_which_are_byzfls_within_a_millionth(case):
    vectors = np.array(RECORDED["vectors"][case["vectors"]], dtype=np.int64)
    seed = bytes.fromhex(RECORDED["seed"])
    outcome = aggregate(case["rule"], vectors, tolerated=case["tolerated"], seed=seed)
    assert outcome.tolist() == case["outcome"]
    assert np.allclose(outcome / 2 ** RECORDED["scale_bits"], case["byzfl"], rtol=0, atol=1e-6)


def test_every_rule_has_been_compared_with_byzfl():
    assert RECORDED["made_with"]["byzfl"] == "0.0.11"
    assert {case["rule"] for case in RECORDED["cases"]} == set(RULES)


@pytest.mark.parametrize("case", RECORDED["refused"], ids=str)
def test_settings_without_a_guarantee_are_refused(case):
    with pytest.raises(RobustError):
        check(case["rule"], case["members"], case["tolerated"], group=case["group"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (("krum", 6, 2, 1), "krum that tolerates 2 needs 7 members, there are 6"),
        (("trimmed_mean", 4, 2, 1), "needs 5 members, there are 4"),
        (("mean", 9, 1, 1), "tolerates no bad member"),
        (("bucketing+median", 8, 2, 1), "needs 5 buckets of 2, there are 4"),
        (("krum", 14, 1, 3), "needs 5 groups, there are 4"),
        (("median", 8, 1, 3), "need 9 members, not 8"),
        (("median", 15, 2, 3), "groups of 4 leave them a sum"),
        (("median", 9, 1, 2), "shows its members to one another"),
        (("median", 9, -1, 1), "-1 bad members"),
        (("median", 64, 1, 1), "1 to 63"),
        (("average", 5, 0, 1), "no rule 'average'; there are mean, trimmed_mean"),
    ],
)
def test_a_refusal_says_why(settings, said):
    rule, members, tolerated, group = settings
    with pytest.raises(RobustError, match=said):
        check(rule, members, tolerated, group=group)


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_is_allowed_from_its_least_number_of_members_on(rule):
    tolerated = 0 if rule == "mean" else 2
    least = next(members for members in range(1, 64) if possible(rule, members, tolerated))
    assert all(possible(rule, members, tolerated) for members in range(least, 64))
    margin = 3 if rule.endswith("krum") else 1
    wanted = 1 if rule == "mean" else 2 * tolerated + margin
    assert least == (2 * wanted - 1 if rule.startswith("bucketing") else wanted)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "mean"])
@pytest.mark.parametrize("lie", [-WORD_MAX, WORD_MAX])
def test_a_liar_at_the_edge_of_the_ring_moves_no_rule_beyond_the_honest(rule, lie):
    generator = np.random.default_rng(7)
    honest = generator.integers(-1000, 1000, (9, 50))
    vectors = np.vstack([honest, np.full((1, 50), lie)])
    found = aggregate(rule, vectors, tolerated=1, seed=b"s")
    assert np.abs(found).max() < 4_000


def test_where_nobody_is_tolerated_trimming_clipping_and_mixing_are_the_mean():
    vectors = np.random.default_rng(8).integers(-1000, 1000, (7, 50))
    expected = aggregate("mean", vectors, tolerated=0)
    for rule in ("trimmed_mean", "multi_krum", "centred_clipping", "nnm+median", "nnm+krum"):
        assert (aggregate(rule, vectors, tolerated=0) == expected).all()


def test_equals_are_decided_by_the_order_of_the_members():
    """Two pairs of the same score: the first member's vector wins, whichever of them that is."""
    pair = [[0, 0], [2, 0]]
    for first, other in (pair, pair[::-1]):
        assert aggregate("krum", np.array([first, other, first, other]), tolerated=0).tolist() == first


def test_halves_go_to_the_even_neighbour():
    vectors = np.array([[0, 1, -1, 2], [1, 2, -2, 1]], dtype=np.int32)
    for rule in ("mean", "median"):
        assert aggregate(rule, vectors, tolerated=0).tolist() == [0, 2, -2, 2]


@pytest.mark.parametrize("members", range(1, 8))
def test_the_network_puts_every_order_of_its_words_right(members):
    for outside in range((members + 1) // 2):
        for words in permutations(range(members)):
            found = order.middle([np.array([word]) for word in words], outside)
            assert found.tolist() == [round((members - 1) / 2)]


@pytest.mark.parametrize("members", [8, 16, 31, 63])
def test_the_network_sorts_as_numpy_does(members):
    vectors = np.random.default_rng(members).integers(-(2**31), 2**31, (members, 300)).astype(np.int32)
    ordered = np.sort(vectors, axis=0).astype(np.int64)
    for outside in {0, 1, members // 3, (members - 1) // 2}:
        kept = ordered[outside : members - outside]
        expected = [round(total / len(kept)) for total in kept.sum(axis=0).tolist()]
        assert order.middle(list(vectors), outside).tolist() == expected


def test_distances_of_the_widest_words_over_many_blocks_are_exact():
    """Words at the edge make the largest sums that a block can have; a float that rounds would show here."""
    generator = np.random.default_rng(9)
    length = 3 * distances.BLOCK + 7
    vectors = WORD_MAX - generator.integers(0, 3, (4, length))
    vectors[1] *= -1
    vectors[2, ::2] *= -1
    centre = -vectors[0]
    found = distances.pairwise(vectors)
    wide = vectors.astype(object)
    assert all(found[i][j] == ((wide[i] - wide[j]) ** 2).sum() for i in range(4) for j in range(4))
    expected = [((row - centre.astype(object)) ** 2).sum() for row in wide]
    assert distances.from_centre(list(vectors), centre) == expected


@pytest.mark.parametrize("edge", [(1 << 20), (1 << 41) + (1 << 20) - 1, (1 << 41) + (1 << 20), 1 << 57])
def test_limbs_hold_the_words_at_their_edges(edge):
    vectors = [np.full(distances.BLOCK, word) for word in (edge, -edge, edge - 1)]
    found = distances.pairwise(vectors)
    assert found[0] == [0, distances.BLOCK * (2 * edge) ** 2, distances.BLOCK]


@pytest.mark.parametrize("rule", RULES)
def test_neither_threads_nor_blocks_show_in_a_result(rule, monkeypatch):
    vectors = np.random.default_rng(10).integers(-(2**25), 2**25, (9, 12 * blocks.BLOCK + 5)).astype(np.int32)
    tolerated = 0 if rule == "mean" else 1
    expected = aggregate(rule, vectors, tolerated=tolerated, seed=b"s")
    for threads in (1, 3):
        monkeypatch.setattr(blocks.os, "cpu_count", lambda count=threads: count)
        assert (aggregate(rule, vectors, tolerated=tolerated, seed=b"s") == expected).all()


def test_the_blobs_of_members_are_read_as_they_are():
    """Read-only words, as `unpack` gives them, and rows of any container."""
    vectors = np.random.default_rng(11).integers(-9, 9, (5, 7)).astype("<i4")
    rows = [np.frombuffer(row.tobytes(), dtype="<i4") for row in vectors]
    for rule in RULES:
        tolerated = 0 if rule in {"mean", "bucketing+krum", "bucketing+multi_krum"} else 1
        found = aggregate(rule, rows, tolerated=tolerated, seed=b"s")
        assert (found == aggregate(rule, vectors, tolerated=tolerated, seed=b"s")).all()


@pytest.mark.parametrize("rule", RULES)
def test_a_vector_without_words_has_an_outcome_without_words(rule):
    outcome = aggregate(rule, np.zeros((7, 0), dtype=np.int32), tolerated=0, seed=b"")
    assert outcome.shape == (0,)


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        ([], "needs a vector"),
        ([np.zeros(3)], "float64"),
        ([np.zeros(3, dtype=np.int16)], "int16"),
        ([np.zeros((2, 2), dtype=np.int32)], "one row"),
        ([np.zeros(3, dtype=np.int32), np.zeros(2, dtype=np.int32)], "one type and length"),
        ([np.zeros(3, dtype=np.int32), np.zeros(3, dtype=np.int64)], "one type and length"),
        ([np.zeros(2, dtype=np.int64), np.array([0, WORD_MAX + 1])], "vector 1: word 1 is"),
    ],
)
def test_vectors_that_no_rule_can_take_are_refused(vectors, said):
    with pytest.raises(RobustError, match=said):
        aggregate("median", vectors, tolerated=0)


def test_a_start_or_a_seed_that_does_not_fit_is_refused():
    vectors = np.zeros((5, 3), dtype=np.int64)
    for start in (np.zeros(2, dtype=np.int64), np.zeros(3), np.array([0, 0, WORD_MAX + 1])):
        with pytest.raises(RobustError, match="a start"):
            aggregate("centred_clipping", vectors, tolerated=1, start=start)
    with pytest.raises(RobustError, match="needs a seed"):
        aggregate("bucketing+median", vectors, tolerated=1)


def test_settings_are_checked_before_anything_is_computed():
    with pytest.raises(RobustError, match="needs 5 members"):
        aggregate("krum", np.zeros((4, 2), dtype=np.int32), tolerated=1)


def test_clipping_keeps_a_point_on_the_line_to_its_vector():
    vectors = [np.array([0, 0]), np.array([3, 4]), np.array([3_000, 4_000])]
    factors = [clipping.factor(square, 25) for square in (0, 25, 25_000_000)]
    assert factors == [1 << 30, 1 << 30, (1 << 30) // 1000]
    assert clipping.step(vectors, np.zeros(2, dtype=np.int64), factors).tolist() == [2, 3]


def test_mixing_takes_each_vector_with_its_nearest():
    vectors = [np.array([word]) for word in (0, 1, 2, 100)]
    assert [int(each[0]) for each in nearest_mixing(vectors, 1)] == [1, 1, 1, 34]


def test_the_seed_alone_draws_the_buckets():
    vectors = [np.array([word]) for word in range(5)]
    drawn = drawn_order(5, b"seed")
    assert sorted(drawn) == list(range(5))
    assert drawn != drawn_order(5, b"another")
    found = bucketing(vectors, b"seed")
    assert len(found) == 3
    assert found[2].tolist() == [drawn[4]]


@given(
    st.lists(st.integers(-63 * WORD_MAX, 63 * WORD_MAX), min_size=1, max_size=4),
    st.sampled_from(
        ((1, 1), (3, 7), (250, 1000), (1, 2**31 - 1), (3, 2**31), (2**40 - 1, 2**40), (5, 2**46))
    ),
)
def test_a_share_is_brought_to_all_joined_records_as_the_plain_version_does(words, share):
    records, joined = share
    found = per_joined(np.array(words, dtype=np.int64), records, joined)
    assert found.tolist() == reference.per_joined(words, records, joined)


@pytest.mark.parametrize(("records", "joined"), [(0, 5), (6, 5), (-1, 5)])
def test_records_that_are_no_share_are_refused(records, joined):
    with pytest.raises(RobustError, match="no share"):
        per_joined(np.array([1]), records, joined)


def test_a_group_stands_for_its_records_whatever_their_number():
    """Groups of one mean per record and very unlike sizes are equal once brought to all joined records."""
    mean = np.array([5, -7, 0])
    sizes = (10, 200, 3000, 4, 50)
    joined = sum(sizes)
    groups = [per_joined(mean * size, size, joined) for size in sizes]
    assert aggregate("trimmed_mean", groups, tolerated=2).tolist() == (mean * joined).tolist()


def test_masked_groups_bound_what_a_bad_member_of_one_group_can_do():
    """Nine members in three groups: a bad one spoils its group, and the median of groups stays honest."""
    generator = np.random.default_rng(12)
    members = generator.integers(-100, 100, (9, 20))
    members[4] = 1 << 40
    sums = [sum(members[index] for index in group) for group in groups(9, 3, bytes(32))]
    check("median", 9, 1, group=3)
    found = aggregate("median", [per_joined(total, 3, 9) for total in sums], tolerated=1)
    assert np.abs(found).max() <= 100 * 9


def test_the_ledger_names_no_rule_that_is_not_here():
    assert set(get_args(law.Rule)) <= set(RULES)
