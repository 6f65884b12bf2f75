"""The vectors of arithmetic are those of a fresh run, cover it, mostly must fail, and give what they say."""

import pytest

from consortia.testing import ballot_operations, balloting, masked_operations, masking, privacy
from tests import kept

MADE = {"ballots": balloting.files, "masking": masking.files, "privacy": privacy.files}
DONE = {"ballots": ballot_operations, "masking": masked_operations, "privacy": privacy}
PARTS = {f"{folder}/{name}": file for folder in MADE for name, file in kept.files(folder).items()}


@pytest.mark.parametrize("folder", MADE)
def test_the_files_are_those_of_a_fresh_run(folder):
    made = MADE[folder]()
    assert {f"{name}.json" for name in PARTS if name.startswith(f"{folder}/")} == set(made)
    for name, data in made.items():
        assert (kept.VECTORS / name).read_bytes() == data, name


@pytest.mark.parametrize("part", sorted(set(PARTS) - {"masking/round"}))
def test_at_least_half_must_fail(part):
    cases = PARTS[part]["vectors"]
    assert 2 * sum(not case["ok"] for case in cases) >= len(cases)


@pytest.mark.parametrize("folder", DONE)
def test_every_operation_has_a_vector(folder):
    assert {case["do"] for case in kept.cases(folder)} == set(DONE[folder].OPERATIONS)


@pytest.mark.parametrize(
    ("folder", "case"),
    [pytest.param(folder, case, id=case["name"]) for folder in DONE for case in kept.cases(folder)],
)
def test_a_vector_gives_what_it_says(folder, case):
    assert DONE[folder].answer(case["do"], case["given"]) == (case["ok"], case["gives"])
