"""A block time in print is what the calendar says, in UTC, whatever the machine's own zone."""

import time
from datetime import UTC, datetime

import pytest

from consortia.sdk.moments import moment


@pytest.fixture(params=["UTC", "Asia/Kathmandu"])
def zone(request, monkeypatch):
    with monkeypatch.context() as changed:
        changed.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize("day", ["1970-01-01", "1999-12-31", "2000-02-29", "2024-02-29", "2100-03-01"])
def test_a_block_time_is_told_to_the_second_with_its_zone(day):
    begin = round(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp() * 1000)
    assert moment(begin) == f"{day} 00:00:00 UTC"
    assert moment(begin + 86_399_999) == f"{day} 23:59:59 UTC"
    assert moment(begin) == f"{datetime.fromtimestamp(begin / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def test_a_time_that_no_calendar_has_is_told_as_its_number():
    assert moment(1 << 90) == str(1 << 90)
