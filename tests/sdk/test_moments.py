"""A block time in print is what the calendar says, in UTC, whatever the machine's own zone."""

import time

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
@pytest.mark.parametrize(
    ("days", "day"),
    [(0, "1970-01-01"), (10_956, "1999-12-31"), (11_016, "2000-02-29"), (47_541, "2100-03-01")],
)
def test_a_block_time_is_told_to_the_second_with_its_zone(days, day):
    assert moment(days * 86_400_000) == f"{day} 00:00:00 UTC"
    assert moment((days + 1) * 86_400_000 - 1) == f"{day} 23:59:59 UTC"


@pytest.mark.parametrize("beyond", [253_402_300_800_000, 10**18, 1 << 90])
def test_a_time_that_no_calendar_has_is_told_as_its_number(beyond):
    assert moment(beyond) == str(beyond)
