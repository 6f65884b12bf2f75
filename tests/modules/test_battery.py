"""Every module that is registered passes the battery."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consortia.app import application
from consortia.base.codec import Malformed, Record, checked, decode_record, encode_record
from consortia.testing import battery
from consortia.testing.samples import kinds_of, oversize, records, unlimited

MODULES = application().modules
BY_NAME = {module.name: module for module in MODULES}
NAMES = sorted(battery.with_tables(MODULES))
VECTORS = Path(__file__).parents[1] / "vectors"
KINDS = sorted({kind for module in MODULES for kind in kinds_of(module)}, key=lambda kind: kind.__qualname__)
ROOM = Path(battery.__file__).parents[1] / "modules"


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Each module in turn: its tests stand together, so that one process plays its scenarios once for all."""
    return str(request.param)


def test_every_module_has_a_scenario_table():
    assert sorted(BY_NAME) == NAMES


def test_every_scenario_is_answered_as_its_row_says(name):
    assert battery.answers_as_written(name) == []


def test_a_refusal_writes_nothing_but_sequence_and_usage(name):
    assert battery.refusals_write_nothing(name) == []


def test_what_tables_give_is_what_decoding_the_state_gives(name):
    assert battery.records_are_read_as_decoded(BY_NAME[name]) == []


def test_scenarios_reach_every_refusal_method_and_event(name):
    assert battery.everything_is_reached(BY_NAME[name]) == []


def test_at_least_half_of_the_scenarios_must_fail(name):
    assert battery.half_must_fail(name) == []


def test_refusals_are_numbered_in_their_order(name):
    assert battery.refusals_stand_in_order(BY_NAME[name]) == []


def test_everything_is_documented(name):
    readme = (ROOM / name / "README.md").read_text(encoding="utf-8")
    assert battery.everything_is_documented(BY_NAME[name], readme) == []


FEW = settings(max_examples=max(8, settings().max_examples // 12))
"""There are hundreds of kinds, and the codec is one: each need not be drawn as often as what stands alone."""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@FEW
@given(data=st.data())
def test_a_record_is_read_back_from_its_one_encoding(kind: type[Record], data: st.DataObject):
    record = data.draw(records(kind))
    encoded = encode_record(record)
    assert decode_record(kind, encoded) == record == checked(record)
    with pytest.raises(Malformed):
        decode_record(kind, encoded + b"\x00")


def test_every_field_has_a_limit(name):
    assert [finding for kind in kinds_of(BY_NAME[name]) for finding in unlimited(kind)] == []


MESSAGES = sorted({m.message for module in MODULES for m in module.methods}, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
@FEW
@given(data=st.data())
def test_a_message_beyond_a_limit_is_not_read(kind: type[Record], data: st.DataObject):
    record = data.draw(records(kind))
    for name, value in data.draw(oversize(kind)):
        fields = {field: getattr(record, field) for field in kind.__struct_fields__}
        too_large = kind(**{**fields, name: value})
        with pytest.raises(Malformed):
            decode_record(kind, encode_record(too_large))


@pytest.mark.slow
@pytest.mark.parametrize(("hash_seed", "every"), [("1", 8), pytest.param("4242", 1, marks=pytest.mark.soak)])
def test_twins_under_other_hash_seeds_reach_the_same_roots(hash_seed, every):
    """A sample here: `test_committed_vectors` plays them all, under whatever hash seed the tests have."""
    twin = subprocess.run(
        [sys.executable, "-m", "consortia.testing.battery", "twin", str(every)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    names = tuple(module.name for module in MODULES if module.name in NAMES)
    assert twin.stdout.splitlines() == battery.twin_lines(names, every)


def test_committed_vectors_and_costs_are_those_of_today(name):
    """To renew them on purpose: python -m consortia.testing.battery vectors tests/vectors."""
    for file, text in battery.vector_files((name,)).items():
        assert (VECTORS / file).read_text(encoding="utf-8") == text
