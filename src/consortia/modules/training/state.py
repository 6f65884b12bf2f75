"""The tables of training, and what is read from or written to several of them at once."""

from consortia.base.codec import Record
from consortia.kernel.context import Context
from consortia.kernel.table import Part, Table
from consortia.modules.training.rules import Change
from consortia.modules.training.types import Joined, Named, Progress, Result, Round, Study, Submission

STUDIES = Table("training", "study", Study, (bytes,), "a study as it was proposed, by id")
PROGRESS = Table("training", "progress", Progress, (bytes,), "how far a study is")
NAMES = Table("training", "name", Named, (str, str), "the study that a proposer calls so")
OPEN = Table("training", "open", Named, (str, bytes), "a proposed or running study, by proposer")
JOINS = Table("training", "join", Joined, (bytes, str), "a member's part in a study")
ROUNDS = Table("training", "round", Round, (bytes, int, int), "a try of a round, by study, index and attempt")
SUBMISSIONS = Table("training", "submission", Submission, (bytes, str), "a member's update, by round id")
RESULTS = Table("training", "result", Result, (bytes, str), "a member's result, by round id")

TABLES = (STUDIES, PROGRESS, NAMES, OPEN, JOINS, ROUNDS, SUBMISSIONS, RESULTS)


def parts_of(ctx: Context, study: bytes) -> dict[str, Joined]:
    """Everybody who takes or took part in a study, sorted by name."""
    return {str(key[1]): part for key, part in sorted(JOINS.scan(ctx, study), key=_key)}


def submissions_of(ctx: Context, round: bytes) -> dict[str, Submission]:  # noqa: A002
    """The updates of a round, sorted by member."""
    return {str(key[1]): found for key, found in sorted(SUBMISSIONS.scan(ctx, round), key=_key)}


def results_of(ctx: Context, round: bytes) -> dict[str, Result]:  # noqa: A002
    """The results of a round, sorted by member."""
    return {str(key[1]): found for key, found in sorted(RESULTS.scan(ctx, round), key=_key)}


def open_round(ctx: Context, progress: Progress, study: bytes) -> Round | None:
    """The round that a study is at, or None."""
    return None if progress.round is None else ROUNDS.get(ctx, study, progress.index, progress.attempt)


def write(ctx: Context, study: Study, change: Change) -> None:
    """Write what follows for a study."""
    PROGRESS.put(ctx, change.progress, study.id)
    for name, part in change.parts:
        JOINS.put(ctx, part, study.id, name)
    for record in change.rounds:
        ROUNDS.put(ctx, record, study.id, record.index, record.attempt)
    if change.progress.status in {"finished", "aborted"}:
        OPEN.delete(ctx, study.proposer, study.id)


def _key(item: tuple[tuple[Part, ...], Record]) -> str:
    return str(item[0][1])
