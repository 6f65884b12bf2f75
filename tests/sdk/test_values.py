"""Values in words."""

import pytest

from consortia.sdk.values import why_ended


@pytest.mark.parametrize(
    ("by_the_law", "for_people"),
    [
        ("round 0, try 2: members were missing", "round 1, try 2: members were missing"),
        (
            "the results of round 9 differ; see its evidence",
            "the results of round 10 differ; see its evidence",
        ),
        (
            "before round 2, 1 members are left of a quorum of 2",
            "before round 3, 1 members are left of a quorum of 2",
        ),
        ("round 3 took us too long", "round 3 took us too long"),  # an officer's words stay as they are
        ("", ""),
    ],
)
def test_a_studys_end_is_told_with_rounds_counted_from_1(by_the_law, for_people):
    assert why_ended(by_the_law) == for_people
