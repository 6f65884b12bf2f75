"""What a story may be, before it is played."""

import pytest

from consortia.solutions.story import MEMBERS_MAX, Story


def test_a_story_has_five_members_at_most():
    names = tuple(f"member{number}" for number in range(MEMBERS_MAX + 1))
    assert Story(names[:-1], id, id).members == names[:-1]
    with pytest.raises(ValueError, match="6 members; a story has 5 at most"):
        Story(names, id, id)
