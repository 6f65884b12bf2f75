"""What detectors find, what they refuse, and the grid that events go onto."""

import os
import subprocess
import sys

import numpy as np
import pytest
from msgspec.structs import replace

from consortia.base.codec import decode, decode_record, encode, encode_record
from consortia.engines import detect
from consortia.engines.detect import KINDS, grid
from consortia.engines.detect.api import Fitted
from consortia.engines.detect.cusum import Cusum
from consortia.engines.detect.ecod import EcodBody
from consortia.engines.detect.ensemble import Ensemble, EnsembleBody, Part
from consortia.engines.detect.forest import Forest, TreesBody
from consortia.engines.detect.nearest import NearestBody
from consortia.engines.detect.robust_z import ScaleBody
from consortia.exact.steps import shares
from consortia.exact.trees import trees
from consortia.testing.detectors import CHECKS, NAMES, model_of, population, score_digest


def test_the_odd_one_scores_highest_with_every_kind():
    rows = np.random.default_rng(1).normal(0, 1, (500, 3))
    odd = np.array([[6.0, -6.0, 6.0], [0.1, -0.2, 0.0]])
    for kind in ("ensemble", "ensemble-small", "forest", "ecod", "robust-z", "nearest"):
        detector = detect.load(detect.fit(kind, rows, ("a", "b", "c")))
        scores, _ = detector.watch(odd)
        assert scores[0] > scores[1], kind
        assert detector.share(scores)[0] > 0.99 * (1 << 20), kind


def test_boosting_ranks_what_was_labelled():
    draw = np.random.default_rng(2)
    rows = draw.integers(0, 100, (2000, 2))
    hostile = ((rows[:, 0] > 80) & (rows[:, 1] < 30)).astype(int)
    detector = detect.load(detect.fit("boosting", rows, ("a", "b"), labels=hostile.tolist()))
    scores, _ = detector.watch(np.array([[95, 10], [95, 90], [10, 10]]))
    assert scores[0] > 0 > max(scores[1], scores[2])


def test_a_slow_drift_shows_in_the_sums_and_in_no_single_event():
    draw = np.random.default_rng(3)
    calm = draw.normal(0, 1, (2000, 1))
    model = detect.fit("cusum", calm, ("load",))
    detector = detect.load(model)
    steady, _ = detector.watch(draw.normal(0, 1, (300, 1)))
    drift, state = detector.watch(draw.normal(1, 1, (300, 1)))
    assert drift[-1] > 5 * steady.max()
    resumed = detect.load(model).watch(np.zeros((1, 1)), state)[0]
    assert resumed[0] > steady.max()


def test_a_missing_cell_is_a_feature_of_ones_own():
    rows = population().astype(np.float64)
    rows[7, 2] = np.nan
    with pytest.raises(detect.DetectError, match="row 7, feature 'count': nan is not a finite number; give"):
        detect.fit("ecod", rows, NAMES)


def test_the_digest_and_the_population_name_what_was_fitted():
    model = model_of(KINDS["ecod"])
    detector = detect.load(model)
    assert detector.digest == detect.model_digest(model)
    assert detector.population == detect.population_digest(detector.words(population()))
    assert (detector.kind, detector.names, detector.records) == ("ecod", NAMES, len(population()))


@pytest.mark.slow
def test_scores_are_the_same_bits_under_other_instructions(tmp_path):
    """Another process, numpy without its newer instructions, another kernel of OpenBLAS."""
    from numpy._core import _multiarray_umath as numpy_

    newer = [name for name in numpy_.__cpu_dispatch__ if numpy_.__cpu_features__.get(name)]
    paths = []
    for kind in ("ensemble-small", "boosting", "cusum"):
        paths.append(tmp_path / kind)
        paths[-1].write_bytes(model_of(KINDS[kind]))
    here = "".join(f"{score_digest(path.read_bytes())}\n" for path in paths)
    env = {**os.environ, "PYTHONHASHSEED": "7", "OPENBLAS_CORETYPE": "Prescott"}
    if newer:
        env["NPY_DISABLE_CPU_FEATURES"] = " ".join(newer)
    command = [sys.executable, "-m", "consortia.testing.detectors", *map(str, paths)]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == here


# ------------------------------------------------------------------ the grid


@pytest.mark.parametrize(
    ("column", "bits"),
    [([0, 5, -7], 0), ([2**40 - 1, 0, 0], 0), ([2**40, 0, 0], -1), ([-(2**63), 2**63 - 1, 0], -24)],
)
def test_integers_stay_as_they_are_where_they_fit(column, bits):
    rows = np.array(column, dtype=np.int64)[:, None]
    assert grid.scales(rows, ("a",)) == (bits,)
    expected = [round(each / 2**-bits) for each in column]
    assert grid.words(rows, (bits,), ("a",))[:, 0].tolist() == expected


def test_numbers_of_any_size_keep_forty_bits():
    rows = np.array([[1e-280, 1e300, 0.0], [3e-280, -1e300, 0.0]])
    bits = grid.scales(rows, ("a", "b", "c"))
    found = grid.words(rows, bits, ("a", "b", "c"))
    assert all(2**39 <= abs(each) <= 2**40 for each in (found[1, 0], found[0, 1], found[1, 1]))
    assert found[:, 2].tolist() == [0, 0]


def test_what_lies_far_beyond_is_clipped_in_both_types():
    for bits in (0, 3, 45, 60):
        floats = grid.words(np.array([[1e30, -1e30, 3.0]]).T, (bits,), ("a",))
        integers = grid.words(np.array([[10**18, -(10**18), 3]]).T, (bits,), ("a",))
        assert floats.tolist() == integers.tolist()
        assert int(floats[0, 0]) == grid.WORD_MAX


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("names", "said"), [((), "at least one feature"), (("a", "a", "b", "c"), "a name of its own")]
)
def test_features_without_names_of_their_own_are_refused(names, said):
    with pytest.raises(detect.DetectError, match=said):
        detect.fit("ecod", population(), names)


def test_a_kind_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(detect.DetectError, match="no kind of detector 'magic'; there are boosting, cusum"):
        detect.fit("magic", population(), NAMES)


def changed(kind, **fields):
    return encode_record(replace(decode_record(Fitted, model_of(KINDS[kind])), **fields))


ONE = shares(np.array([0]))
SCALE = ScaleBody((0,) * 4, (1,) * 4, 8)
LEAF = trees(np.array([-1]), np.array([0]), np.array([0]))
WIDE = trees(np.array([9, -1, -1]), np.array([0, 1, 2]), np.array([2, 0, 0]))


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("ecod", EcodBody(()), "0 tables of tails for 4"),
        ("robust-z", ScaleBody((0,), (1,), 8), "1 medians for 4"),
        ("cusum", ScaleBody((0,), (1,), 8), "unknown field `cap`"),
        ("nearest", NearestBody(SCALE, 5, b""), "0 bytes is of no rows"),
        ("nearest", NearestBody(SCALE, 5, bytes(12)), "12 bytes is of no rows"),
        ("nearest", NearestBody(SCALE, 5, b"\x00\x00\x00\x7f" * 4), "beyond the cap"),
        ("forest", TreesBody(WIDE), "ask for 10 features of 4"),
        ("forest", TreesBody(replace(LEAF, rights=b"")), "one length"),
        (
            "ensemble",
            EnsembleBody((Part("magic", 1, b"", shares(np.array([0]))),)),
            "magic, version 1; .* none",
        ),
        ("ensemble", EnsembleBody((Part("ecod", 9, b"", shares(np.array([0]))),)), "version 9; .* version 1"),
    ],
)
def test_a_body_that_does_not_fit_is_refused(kind, body, said):
    with pytest.raises(detect.DetectError, match=said):
        detect.load(changed(kind, body=encode_record(body)))


def test_a_model_in_another_encoding_is_refused():
    with pytest.raises(detect.DetectError, match="not the one encoding"):
        detect.load(changed("ecod", scale_bits=(0,)))
    value = decode(model_of(KINDS["ecod"]))
    with pytest.raises(detect.DetectError, match="no detector"):
        detect.load(encode({**value, "more": 1}))
    with pytest.raises(detect.DetectError, match="table"):
        detect.load(changed("ecod", shares=replace(shares(np.array([0])), knots=b"")))


def test_a_stream_has_no_place_in_an_average():
    mixed = Ensemble("mixed", (Forest(), Cusum()))
    with pytest.raises(detect.DetectError, match="cusum keeps a stream"):
        mixed.fit(population(), None, {}, 1)


def test_a_model_that_could_not_be_kept_is_not_made():
    wide = np.random.default_rng(1).integers(0, 2**40, (4000, 200))
    names = [f"x{index}" for index in range(200)]
    with pytest.raises(detect.DetectError, match="at most"):
        detect.fit("ecod", wide, names, settings={"knots": 4096})


class Broken:
    """A kind with one fault; all else is ECOD's."""

    def __init__(self, **faults):
        self._faults = faults

    def __getattr__(self, name):
        return self._faults.get(name, getattr(KINDS["ecod"], name))


def drifting(words, labels, settings, seed):
    drifting.calls = getattr(drifting, "calls", 0) + 1
    return KINDS["ecod"].fit(words + drifting.calls, labels, settings, seed)


class Floating:
    def scores(self, words):
        return words.sum(axis=1) / 3


class Falling:
    def scores(self, words):
        return -np.abs(words).sum(axis=1)


class Summing:
    def scores(self, words):
        return np.full(len(words), len(words))


@pytest.mark.parametrize(
    ("check", "faults", "said"),
    [
        ("determinism", {"fit": drifting}, "two fits"),
        ("constant", {"read": lambda body, width: Falling()}, "scores below"),
        ("batch", {"read": lambda body, width: Summing()}, "otherwise than a batch"),
        ("settings", {"settings": (replace(KINDS["ecod"].settings[0], meaning=""),)}, "no meaning"),
    ],
)
def test_the_battery_bites(check, faults, said):
    found = CHECKS[check](Broken(**faults))
    assert any(said in each for each in found), found
