"""The day of the energy story: made up or read, whole or refused in one line."""

from pathlib import Path

import pytest

from consortia.engines.train.files import DataError
from consortia.solutions.city.day import AUCTIONS, DISTRICTS, FEWEST_DAYS, day_of, prepare
from consortia.solutions.city.readings import Reading, as_csv
from consortia.solutions.city.synthetic import HOMES, street
from consortia.solutions.story import Asked

SHORT = street(1, FEWEST_DAYS, homes=8)


def test_a_made_up_day_has_seventeen_homes_in_four_districts_and_power_to_trade():
    day = prepare(Asked(seed=3))
    assert len(day.homes) == HOMES
    assert sorted(home for homes in day.districts.values() for home in homes) == sorted(day.homes)
    assert tuple(day.districts) == DISTRICTS
    traded = [day.traded(number) for number in range(AUCTIONS)]
    assert any(units < 0 for hour in traded for units in hour.values())
    assert any(units > 0 for hour in traded for units in hour.values())


def test_a_seed_makes_one_street_and_another_seed_another():
    assert street(1, 2) == street(1, 2)
    assert street(1, 2) != street(2, 2)


def test_a_file_gives_the_day_that_it_holds(tmp_path):
    path = tmp_path / "street.csv"
    path.write_text(as_csv(SHORT), encoding="utf-8")
    day = prepare(Asked(data=path))
    assert day == day_of(SHORT, "made up", 0)
    assert len(day.before("house-1")) == (FEWEST_DAYS - 1) * 24


def test_rows_that_cannot_be_used_are_left_out_only_if_told_so(tmp_path):
    path, rejects = tmp_path / "street.csv", tmp_path / "rejects.csv"
    path.write_text(as_csv(SHORT) + "house-1,now,1,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="write 2026"):
        prepare(Asked(data=path, rejects=rejects))
    assert len(rejects.read_text(encoding="utf-8").splitlines()) == 2
    assert prepare(Asked(data=path, skip_bad_rows=True)).left_out == 1


@pytest.mark.parametrize(
    ("readings", "why"),
    [
        (SHORT[: 24 * FEWEST_DAYS * 7], "7 meters"),
        (street(1, FEWEST_DAYS - 1, homes=8), "at least are needed"),
        (SHORT[:40] + SHORT[41:], "house-1 has no reading of"),
        ((*SHORT[1:], Reading("house-1", SHORT[0].hour, 90_000, 0)), "no home does"),
        (tuple(Reading(one.meter, one.hour, one.drawn, 0) for one in SHORT), "nothing to trade"),
        ((), "0 meters"),
    ],
    ids=["few", "short", "gap", "large", "dark", "empty"],
)
def test_readings_that_make_no_day_are_refused_in_a_line(readings, why):
    with pytest.raises(DataError, match=why):
        day_of(readings, "a file", 0)


def test_a_label_is_refused():
    with pytest.raises(DataError, match="no --label"):
        prepare(Asked(data=Path("x"), label="net"))
