"""How the model of a study does, round by round, on the member's own records: for the member's own officers.

A line of JSON for each state that has a model, in one file a study. It is made where the records are and
never leaves the home: the ledger holds no figure of anybody's records. A round is known by the id of the
state that it led to, so a try that was given up tells nothing of the one that counts.
"""

import os
from pathlib import Path

import msgspec

from consortia.workers import files

FOLDER = "curves"
"""The folder of curves in a member's private data."""


class Point(msgspec.Struct, frozen=True):
    """How the model of a state does on so many records: measures by name (`engines.evaluate.measures`)."""

    state: str
    records: int
    measures: dict[str, float]


class Curves:
    """The curves of a member's studies, in one folder, which is made when something is first put in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, study: bytes, point: Point) -> None:
        """Put a point behind the others."""
        files.private(self._folder)
        descriptor = os.open(self._of(study), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(b"\n" + msgspec.json.encode(point))  # first the end of what a crash may have torn

    def read(self, study: bytes) -> dict[str, Point]:
        """What was measured, by the state's id in hex."""
        try:
            lines = self._of(study).read_bytes().split(b"\n")
        except FileNotFoundError:
            return {}
        found = []
        for line in lines:
            try:
                found.append(msgspec.json.decode(line, type=Point))
            except ValueError:
                continue  # empty, or torn by a crash: that round has a gap
        return {one.state: one for one in found}

    def _of(self, study: bytes) -> Path:
        return self._folder / f"{study.hex()}.jsonl"
