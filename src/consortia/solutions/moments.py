"""Times as strangers write them and read them: ISO 8601, in UTC."""

from datetime import UTC, datetime

from consortia.engines.train.files import DataError


def instant(value: object, *, zoned: bool = True) -> datetime:
    """The time that a text says, in UTC; one without a zone is UTC where none is asked (`zoned` false).

    Raises DataError with what is wrong, to stand behind the value: `is no time`, `has no time zone`.
    """
    if not isinstance(value, str):
        raise DataError("is no time")
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            if zoned:
                raise DataError("has no time zone")
            found = found.replace(tzinfo=UTC)
        return found.astimezone(UTC)
    except DataError:
        raise
    except (ValueError, OverflowError):  # the latter where it lies beyond the years 1 to 9999 in UTC
        raise DataError("is no time") from None


def iso(milliseconds: int) -> str:
    """UTC milliseconds in ISO 8601 with their zone: 2026-03-01T00:00:00.000+00:00."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
