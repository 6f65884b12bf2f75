"""Times of strangers become UTC, or are told as none."""

import pytest

from consortia.engines.train.files import DataError
from consortia.solutions.moments import instant


@pytest.mark.parametrize(
    "text", ["2026-01-31T13:00:00+01:00", "2026-01-31T12:00:00Z", "2026-01-31 12:00:00.000-00:00"]
)
def test_a_time_in_any_zone_is_one_in_utc(text):
    assert instant(text).isoformat() == "2026-01-31T12:00:00+00:00"


def test_a_time_without_a_zone_is_utc_where_none_is_asked():
    assert instant("2026-01-31T12:00:00", zoned=False) == instant("2026-01-31T12:00:00Z")
    with pytest.raises(DataError, match=r"^has no time zone$"):
        instant("2026-01-31T12:00:00")


@pytest.mark.parametrize(
    "value", ["", "noon", "2026-02-30T12:00:00Z", "0001-01-01T00:00:00+14:00", "12:00", 7, None]
)
def test_what_is_no_time_is_told(value):
    with pytest.raises(DataError, match=r"^is no time$"):
        instant(value)
