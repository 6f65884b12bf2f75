"""Values in words."""

import pytest

from consortia.sdk.draw import ticks
from consortia.sdk.values import cell, why_ended


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


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (259_200_000, "3 days"),
        (3_600_000, "1 hour"),
        (90_000, "90 seconds"),
        (1_500, "1,500 ms"),
        (0, "0 ms"),
    ],
)
def test_lengths_of_time_are_told_exactly_in_the_largest_unit(milliseconds, said):
    assert cell(milliseconds, "pause_milliseconds").replace("\N{NO-BREAK SPACE}", " ") == said


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (0.5349, 0.9999, [0.6, 0.7, 0.8, 0.9]),
        (0, 4, [0, 1, 2, 3, 4]),
        (-3, 120_000, [0, 25_000, 50_000, 75_000, 100_000]),
    ],
)
def test_an_axis_is_marked_at_round_numbers_within_it(low, high, marks):
    assert ticks(low, high) == pytest.approx(marks)
