"""The files of EPCIS events that commands are told."""

from collections.abc import Sequence
from pathlib import Path

import click

from consortia.cli.filing import hold
from consortia.solutions.supply.epcis import reading
from consortia.solutions.supply.epcis.reading import Recorded

files_argument = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))


def events_in(files: Sequence[Path], rejects: Path | None, *, skip: bool) -> list[Recorded]:
    """The events of files; refuses to go on without those that cannot be used unless told so."""
    found = reading.read(*files)
    hold(found.rejected, rejects, skip=skip)
    return list(found.found)
