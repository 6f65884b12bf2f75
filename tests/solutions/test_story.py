"""What a story may be, before it is played."""

import pytest

from consortia.engines.train.files import DataError
from consortia.solutions.health.scenarios import survival
from consortia.solutions.personal.scenarios import personal
from consortia.solutions.story import MEMBERS_MAX, Asked, Story
from consortia.solutions.supply.scenarios import chain


def test_a_story_has_five_members_at_most():
    names = tuple(f"member{number}" for number in range(MEMBERS_MAX + 1))
    assert Story(names[:-1], id, id).members == names[:-1]
    with pytest.raises(ValueError, match="6 members; a story has 5 at most"):
        Story(names, id, id)


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (
            survival.prepare,
            "Wanted is a folder with mapping.json and three FHIR files",
        ),
        (personal.prepare, "Wanted is a folder with three CSV files"),
        (chain.prepare, "No such file or directory"),
    ],
)
def test_data_that_are_not_there_are_told_with_what_is_wanted(tmp_path, prepare, said):
    with pytest.raises(DataError, match=f"missing.*{said}"):
        prepare(Asked(data=tmp_path / "missing"))
