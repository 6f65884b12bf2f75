"""Spans of time as people type them and read them: 90s, 15m, 12h, 7d."""

import re

from consortia.base.times import DAY, HOUR, MINUTE, SECOND
from consortia.cli.output import Failure
from consortia.sdk.moments import utc_milliseconds

UNITS = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND}
_SPAN = re.compile(r"(\d{1,9})([dhms])")


def span(text: str) -> int:
    """The milliseconds of 90s, 15m, 12h or 7d; raises Failure."""
    found = _SPAN.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise Failure(f"{text!r} is no span of time", "90s, 15m, 12h or 7d")
    return int(found[1]) * UNITS[found[2]]


def ahead(text: str) -> int:
    """The block time that lies a span of time ahead; raises Failure."""
    return utc_milliseconds() + span(text)


def span_of(milliseconds: int) -> str:
    """A span of time in its largest whole unit: 3d, 12h, 90s."""
    for name, unit in UNITS.items():
        if milliseconds % unit == 0 and milliseconds >= unit:
            return f"{milliseconds // unit}{name}"
    return f"{milliseconds}ms"
