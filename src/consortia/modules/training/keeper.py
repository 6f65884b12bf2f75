"""What other modules may know of studies: reads only."""

from dataclasses import dataclass

from consortia.kernel.context import Context
from consortia.modules.training.state import PROGRESS, STUDIES


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
