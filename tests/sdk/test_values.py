"""Values in words."""

import pytest

from consortia.sdk.draw import ticks
from consortia.sdk.values import cell


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
