"""Block times as people read them."""

from datetime import UTC, datetime


def moment(milliseconds: int) -> str:
    """A block time in print, to the second, with its zone; the bare number beyond the years 1 to 9999."""
    try:
        return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return str(milliseconds)
