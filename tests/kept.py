"""The vectors of one piece of arithmetic, as they are kept in `tests/vectors`."""

import json
from pathlib import Path

VECTORS = Path(__file__).parent / "vectors"


def files(folder):
    """The files of a folder by name, read."""
    return {path.stem: json.loads(path.read_text()) for path in sorted((VECTORS / folder).iterdir())}


def cases(folder):
    """The vectors of all files of a folder."""
    return [case for file in files(folder).values() for case in file.get("vectors", [])]
