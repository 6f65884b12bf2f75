"""What commands that turn files into files share: what cannot be used, the file to write, what was done."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from consortia.cli.output import Failure, facts, note, say
from consortia.engines.train.files import DataError
from consortia.solutions.rejects import Rejected, write_rejects


def new(path: Path) -> Path:
    """A file that is to be made, which must not be there: nothing of a person's is written over."""
    if path.exists():
        raise Failure(f"{path} is there already", "--out with a new name")
    return path


out_option = click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    callback=lambda _context, _parameter, path: new(path),
    help="The new file.",
)


def hold(rejected: Sequence[Rejected], rejects: Path | None, *, skip: bool) -> None:
    """Write what cannot be used; refuse to go on without it unless told so."""
    if rejects is not None:
        write_rejects(rejects, rejected)
    for each in rejected if skip else ():
        note(f"left out: {each.why}")
    if rejected and not skip:
        more = f" ({len(rejected) - 1:,} more cannot be used)" if len(rejected) > 1 else ""
        raise Failure(f"{rejected[0].why}{more}", "mend it, or go on without it: --skip-bad-rows")


def read_bytes(path: Path) -> bytes:
    """The bytes of a file; raises DataError in one line."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None


def save(path: Path, data: bytes) -> None:
    """Write a new file; raises Failure."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", "choose another file with --out") from None


def done(out: Path, *, as_json: bool, **known: Any) -> None:  # noqa: ANN401 (any fact)
    """Tell which file was made, and what is in it."""
    if as_json:
        facts({"file": str(out)} | known)
    else:
        say(f"{out}: " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in known.items()))
