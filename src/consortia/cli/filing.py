"""What commands that turn files into files share: what cannot be used, the file to write, what was done."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from consortia.cli.output import Failure, facts, note, say
from consortia.engines.train import files
from consortia.engines.train.files import DataError
from consortia.solutions.rejects import NoneUsable, Rejected, write_rejects

TOLD_MAX = 20
"""So many rows that cannot be used are told on the screen."""


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
    """Write and tell what cannot be used; refuse to go on without it unless told so."""
    if rejects is not None:
        write_rejects(rejects, rejected)
    if len(rejected) == 1 and not skip:
        raise Failure(rejected[0].why, "mend it, or go on without it: --skip-bad-rows")
    for why in some(rejected):
        note(f"left out: {why}" if skip else f"  {why}")
    if rejected and not skip:
        text = f"{len(rejected):,} rows or entries cannot be used, and nothing was made"
        raise Failure(text, "mend them, or go on without them: --skip-bad-rows")


def nothing(error: NoneUsable, rejects: Path | None) -> Failure:
    """Write and tell what cannot be used where that is all of it: the failure that is left."""
    if rejects is not None:
        write_rejects(rejects, error.rejected)
    if len(error.rejected) < 2:
        return Failure(str(error))
    for why in some(error.rejected):
        note(f"  {why}")
    return Failure(error.text)


def some(rejected: Sequence[Rejected]) -> list[str]:
    """What cannot be used, one line each, and an end to it: all of it goes to `--rejects FILE`."""
    told = [each.why for each in rejected[:TOLD_MAX]]
    return [*told, f"and {len(rejected) - TOLD_MAX:,} more: --rejects FILE"] if rejected[TOLD_MAX:] else told


def read_bytes(path: Path, most: int) -> bytes:
    """The bytes of a file, plain or gzipped; raises DataError in one line, also above `most`."""
    try:
        return files.read_bytes(path, most)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None


def save(path: Path, data: bytes) -> None:
    """Write a new file; raises Failure."""
    with whole(path) as part:
        part.write_bytes(data)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file beside a new one, put in its place when it is written: there is never half of one."""
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", "choose another file with --out") from None
    finally:
        part.unlink(missing_ok=True)


def done(out: Path, *, as_json: bool, **known: Any) -> None:  # noqa: ANN401 (any fact)
    """Tell which file was made, and what is in it."""
    if as_json:
        facts({"file": str(out)} | known)
    else:
        say(f"{out}: " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in known.items()))
