"""The events of a store that `supply serve` captures into, read as a file like others."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from consortia.engines.train.files import DataError

SUFFIX = ".epcis"


def stored_events(path: Path) -> Iterator[dict[str, Any]]:
    """All events, in the order in which they were captured; raises DataError for a file that is no store."""
    if not path.is_file():
        raise DataError(f"{path.name}: No such file.")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
            for (body,) in file.execute("SELECT body FROM events ORDER BY number"):
                yield json.loads(body)
    except (sqlite3.DatabaseError, ValueError, TypeError) as error:
        raise DataError(f"{path.name}: no store of events: {error}.") from None
