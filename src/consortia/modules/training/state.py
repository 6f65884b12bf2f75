"""The tables of training, and what is read from or written to several of them at once."""

from consortia.base.codec import Record
from consortia.kernel.context import Context
from consortia.kernel.table import Part, Table
from consortia.modules.training.rules import Change, first_try, query
from consortia.modules.training.types import (
    Asked,
    Brought,
    Budget,
    Complaint,
    Dealing,
    Joined,
    Named,
    Progress,
    Result,
    Revealed,
    Round,
    RoundKeys,
    Seal,
    Secret,
    Study,
    Submission,
)

STUDIES = Table("training", "study", Study, (bytes,), "a study as it was proposed, by id")
PROGRESS = Table("training", "progress", Progress, (bytes,), "how far a study is")
NAMES = Table("training", "name", Named, (str, str), "the study that a proposer calls so")
OPEN = Table("training", "open", Named, (str, bytes), "a proposed or running study, by proposer")
JOINS = Table("training", "join", Joined, (bytes, str), "a member's part in a study")
BROUGHT = Table(
    "training",
    "brought",
    Brought,
    (bytes, str, int),
    "what a member brings from a round on",
)
ROUNDS = Table("training", "round", Round, (bytes, int, int), "a try of a round, by study, index and attempt")
SUBMISSIONS = Table("training", "submission", Submission, (bytes, str), "a member's update, by round id")
SEALS = Table("training", "seal", Seal, (bytes, str), "a member's seal, by the id of a round's first try")
RESULTS = Table("training", "result", Result, (bytes, str), "a member's result, by round id")
KEYS = Table("training", "keys", RoundKeys, (bytes, str), "a member's keys for a masked round, by round id")
DEALINGS = Table("training", "dealing", Dealing, (bytes, str), "a dealer's shares while they may be needed")
COMPLAINTS = Table(
    "training",
    "complaint",
    Complaint,
    (bytes, str, str),
    "a complaint, by round id, dealer and holder",
)
REVEALED = Table("training", "revealed", Revealed, (bytes, str), "what a holder revealed, until it is used")
SECRETS = Table("training", "secret", Secret, (bytes, str), "a dealer's revealed secret, by round id")
ASKED = Table("training", "asked", Asked, (bytes,), "the cohorts of which a query's sum was asked for")
BUDGETS = Table("training", "budget", Budget, (bytes,), "what sums cost a population, and may cost at most")

TABLES = (
    STUDIES,
    PROGRESS,
    NAMES,
    OPEN,
    JOINS,
    BROUGHT,
    ROUNDS,
    SUBMISSIONS,
    RESULTS,
    KEYS,
    DEALINGS,
    COMPLAINTS,
    REVEALED,
    SECRETS,
    ASKED,
    BUDGETS,
    SEALS,
)


def parts_of(ctx: Context, study: bytes) -> dict[str, Joined]:
    """Everybody who takes or took part in a study, sorted by name."""
    return {str(key[1]): part for key, part in sorted(JOINS.scan(ctx, study), key=_key)}


def brought_at(ctx: Context, study: bytes, member: str, index: int) -> Brought | None:
    """What a member brings to round `index`; None where it brings all the time what it joined with."""
    found = [each for key, each in BROUGHT.scan(ctx, study, member) if int(key[2]) <= index]
    return found[-1] if found else None


def submissions_of(ctx: Context, round: bytes) -> dict[str, Submission]:  # noqa: A002
    """The updates of a round, sorted by member."""
    return {str(key[1]): found for key, found in sorted(SUBMISSIONS.scan(ctx, round), key=_key)}


def seals_of(ctx: Context, this: Round) -> dict[str, Seal]:
    """The seals of a round, whichever of its tries they were made in, sorted by member."""
    found = SEALS.scan(ctx, first_try(this))
    return {str(key[1]): seal for key, seal in sorted(found, key=_key)}


def results_of(ctx: Context, round: bytes) -> dict[str, Result]:  # noqa: A002
    """The results of a round, sorted by member."""
    return {str(key[1]): found for key, found in sorted(RESULTS.scan(ctx, round), key=_key)}


def keys_of(ctx: Context, round: bytes) -> dict[str, RoundKeys]:  # noqa: A002
    """The keys published for a round, sorted by member."""
    return {str(key[1]): found for key, found in sorted(KEYS.scan(ctx, round), key=_key)}


def dealings_of(ctx: Context, round: bytes) -> dict[str, Dealing]:  # noqa: A002
    """The shares dealt in a round, sorted by dealer; none once its secrets are revealed or it is over."""
    return {str(key[1]): found for key, found in sorted(DEALINGS.scan(ctx, round), key=_key)}


def complaints_of(ctx: Context, round: bytes) -> dict[tuple[str, str], Complaint]:  # noqa: A002
    """The complaints of a round, sorted by dealer and holder; none once its shares are of no use."""
    found = {(str(key[1]), str(key[2])): complaint for key, complaint in COMPLAINTS.scan(ctx, round)}
    return dict(sorted(found.items()))


def revealed_of(ctx: Context, round: bytes) -> dict[str, Revealed]:  # noqa: A002
    """The shares revealed so far in a round, sorted by holder."""
    return {str(key[1]): found for key, found in sorted(REVEALED.scan(ctx, round), key=_key)}


def secrets_of(ctx: Context, round: bytes) -> dict[str, Secret]:  # noqa: A002
    """The secrets revealed in a round, sorted by dealer."""
    return {str(key[1]): found for key, found in sorted(SECRETS.scan(ctx, round), key=_key)}


def open_round(ctx: Context, progress: Progress, study: bytes) -> Round | None:
    """The round that a study is at, or None."""
    return None if progress.round is None else ROUNDS.get(ctx, study, progress.index, progress.attempt)


def asked_of(ctx: Context, study: Study, progress: Progress, this: Round) -> Asked:
    """The sums that were asked for before in the query of a study's open round."""
    return ASKED.get(ctx, query(this, study.terms, progress.sums)) or Asked(())


def own_tries(ctx: Context, this: Round) -> tuple[Round, ...]:
    """The earlier tries of a masked round whose cohort was fixed, in their order."""
    if this.attempt == 0:
        return ()
    tries = [one for _, one in ROUNDS.scan(ctx, this.study, this.index)]
    return tuple(one for one in tries if one.attempt < this.attempt and one.cohort and one.keyed)


def write(ctx: Context, study: Study, change: Change) -> None:
    """Write what follows for a study."""
    PROGRESS.put(ctx, change.progress, study.id)
    for name, part in change.parts:
        JOINS.put(ctx, part, study.id, name)
    for record in change.rounds:
        ROUNDS.put(ctx, record, study.id, record.index, record.attempt)
        if record.keyed and (record.status != "open" or record.step == "commit"):
            _forget_shares(ctx, record)
            for name, secret in change.secrets:
                SECRETS.put(ctx, secret, record.id, name)
    for population, cost in change.charges:
        before = budget_of(ctx, population)
        BUDGETS.put(ctx, Budget(before.limit, before.spent + cost), population)
    if change.asked is not None:
        query, asked = change.asked
        ASKED.put(ctx, asked, query)
    if change.progress.status in {"finished", "aborted"}:
        OPEN.delete(ctx, study.proposer, study.id)


def budget_of(ctx: Context, population: bytes) -> Budget:
    """A population's budget; nothing spent and no limit where there is none."""
    return BUDGETS.get(ctx, population) or Budget(None, 0)


def _forget_shares(ctx: Context, record: Round) -> None:
    """Shares are of no use once the secrets stand or the try is over; the blocks that brought them remain."""
    for name in record.keyed:
        DEALINGS.delete(ctx, record.id, name)
        REVEALED.delete(ctx, record.id, name)
    for dealer, holder in complaints_of(ctx, record.id):
        COMPLAINTS.delete(ctx, record.id, dealer, holder)


def _key(item: tuple[tuple[Part, ...], Record]) -> str:
    return str(item[0][1])
