"""Forecasts of speeds know nothing of what they forecast."""

import numpy as np
import pytest

from consortia.solutions.city import speeds as of

DAY = 24
STEPS = 8 * DAY
KNOWN = 6 * DAY
SPEEDS = np.random.default_rng(1).uniform(20, 70, (STEPS, 3))


def test_what_is_usual_holds_nothing_of_its_own_day_nor_of_what_is_not_known():
    usual = of.usual(SPEEDS, KNOWN, DAY, 0)
    other = SPEEDS.copy()
    other[KNOWN:] = 1.0
    assert (of.usual(other, KNOWN, DAY, 0) == usual).all()
    other = SPEEDS.copy()
    other[2 * DAY : 3 * DAY] = 1.0
    changed = of.usual(other, KNOWN, DAY, 0)
    assert np.allclose(changed[2 * DAY : 3 * DAY], usual[2 * DAY : 3 * DAY])
    assert not np.allclose(changed[3 * DAY : 4 * DAY], usual[3 * DAY : 4 * DAY])


def test_what_is_usual_is_the_mean_of_the_other_weekdays_around_the_moment():
    usual = of.usual(SPEEDS, KNOWN, DAY, 0)
    days = SPEEDS[: 5 * DAY].reshape(5, DAY, 3)
    for day, step in ((0, 12), (4, 3), (5, 12), (7, 20)):
        others = [one for one in range(5) if one != day]
        window = [at % DAY for at in range(step - of.SMOOTH, step + of.SMOOTH + 1)]
        expected = days[others][:, window].mean(axis=(0, 1))
        assert usual[day * DAY + step] == pytest.approx(expected)


def test_columns_are_the_last_hour_and_what_is_usual():
    usual = of.usual(SPEEDS, KNOWN, DAY, 0)
    moments = np.array([20, 50])
    rows = of.columns(SPEEDS, usual, moments, 2)
    assert rows.shape == (6, len(of.COLUMNS))
    assert rows[4].tolist() == [*SPEEDS[50 - np.arange(12), 1].tolist(), usual[52, 1], usual[50, 1]]
    assert of.table_of("a", SPEEDS, usual, moments, 2).labels[4] == SPEEDS[52, 1]
