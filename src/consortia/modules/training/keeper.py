"""What other modules may know of studies: reads only."""

from dataclasses import dataclass

from consortia.kernel.context import Context
from consortia.modules.training.state import BROUGHT, PROGRESS, ROUNDS, STUDIES, parts_of, submissions_of
from consortia.modules.training.types import Joined, Round


@dataclass(frozen=True, slots=True)
class Keeper:
    """Training's front door."""

    def exists(self, ctx: Context, study: bytes) -> bool:
        """Whether there is a study with this id."""
        return STUDIES.has(ctx, study)

    def model(self, ctx: Context, study: bytes) -> bytes | None:
        """The asset id of the model that a study led to; None while it has not finished."""
        progress = PROGRESS.get(ctx, study)
        return None if progress is None else progress.model

    def standing(self, ctx: Context, study: bytes) -> tuple[bool, bool, bool] | None:
        """Whether a study has begun, has no masked round, seals in every round; None where there is none."""
        found, progress = STUDIES.get(ctx, study), PROGRESS.get(ctx, study)
        if found is None or progress is None:
            return None
        modes = {stage.mode for stage in found.terms.stages}
        return progress.status != "proposed", "masked" not in modes, modes == {"sealed"}

    def contributions(self, ctx: Context, study: bytes) -> tuple[tuple[str, int, int], ...]:
        """Of each member whose updates are in a final round: name, records, and number of such rounds.

        The records are the fewest that it brought to a round: what comes late is not paid for all rounds.
        """
        records = {name: _fewest(ctx, study, name, part) for name, part in parts_of(ctx, study).items()}
        rounds = dict.fromkeys(records, 0)
        for each in _final(ctx, study):
            for name in each.cohort:
                rounds[name] += 1
        return tuple((name, records[name], count) for name, count in rounds.items() if count)

    def copied(self, ctx: Context, study: bytes) -> tuple[str, str] | None:
        """Two members that sent one update in one final round, or None."""
        for each in _final(ctx, study):
            first = dict[bytes, str]()
            for name, update in submissions_of(ctx, each.id).items():
                if name in each.cohort and first.setdefault(update.blob, name) != name:
                    return first[update.blob], name
        return None


def _fewest(ctx: Context, study: bytes, member: str, part: Joined) -> int:
    """The fewest records that a member brought to a round that began."""
    progress = PROGRESS.get(ctx, study)
    begun = 0 if progress is None else progress.index
    brought = [one.records for key, one in BROUGHT.scan(ctx, study, member) if int(key[2]) < begun]
    return min((part.records, *brought))


def _final(ctx: Context, study: bytes) -> list[Round]:
    """The final rounds of a study."""
    return [each for _, each in ROUNDS.scan(ctx, study) if each.status == "final"]
