"""Block times: this machine's clock as one, and how people read them."""

import time
from datetime import UTC, datetime


def utc_milliseconds() -> int:
    """What this machine's clock shows, as block times do: milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def moment(milliseconds: int) -> str:
    """A block time in print, to the second, with its zone; the bare number beyond the years 1 to 9999."""
    try:
        return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return str(milliseconds)
