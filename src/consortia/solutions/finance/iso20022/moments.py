"""Times as UTC milliseconds, and dates as they are written."""

import re
from datetime import date

from consortia.base.times import DAY
from consortia.engines.train.files import DataError, shown
from consortia.solutions.finance.iso20022.tree import Branch
from consortia.solutions.moments import instant

AHEAD_MILLISECONDS = DAY
"""A message made so far ahead of the reader's clock comes from a clock that is wrong."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ZONED_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?")


def moment_of(branch: Branch) -> int:
    """A time in UTC milliseconds; one without a zone counts as UTC. Raises DataError."""
    try:
        found = instant(branch.value, zoned=False)
    except DataError:
        raise branch.fault(f"time {shown(branch.value)!r}: as 2026-01-31T12:00:00Z") from None
    if len(branch.value) <= len("2026-01-31"):
        raise branch.fault(f"time {shown(branch.value)!r}: a date, where a time is asked")
    return int(found.timestamp() * 1000)


def made_of(branch: Branch, now: int | None) -> int:
    """When a message was made; raises DataError where that is more than a day after `now`."""
    made = moment_of(branch)
    if now is not None and made > now + AHEAD_MILLISECONDS:
        raise branch.fault(f"made at {branch.value}, more than a day ahead of this clock")
    return made


def date_of(branch: Branch | None) -> str:
    """A date, or the date of a time, as 2026-01-31; empty for none. Raises DataError."""
    if branch is None:
        return ""
    inner = branch.find("Dt") or branch.find("DtTm") or branch
    found = _ZONED_DATE.fullmatch(inner.value)
    text = found[1] if found else inner.value[:10]
    try:
        if not _DATE.fullmatch(text):
            raise ValueError(text)
        date.fromisoformat(text)
    except ValueError:
        raise inner.fault(f"date {shown(inner.value)!r}: as 2026-01-31") from None
    if not found:
        moment_of(inner)
    return text
