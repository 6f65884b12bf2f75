"""Block times as people read them."""

import time


def moment(milliseconds: int) -> str:
    """A block time in print, to the second, with its zone; the bare number where no calendar has it."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(milliseconds / 1000))
    except (OverflowError, ValueError, OSError):
        return str(milliseconds)
