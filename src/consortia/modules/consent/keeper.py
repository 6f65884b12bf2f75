"""What other modules may know of consent: reads only."""

from dataclasses import dataclass

from consortia.kernel.context import Context
from consortia.modules.consent.rules import is_whole
from consortia.modules.consent.state import COVERS, SCOPES, withdrawn


@dataclass(frozen=True, slots=True)
class Keeper:
    """Consent's front door."""

    def allows(self, ctx: Context, dataset: bytes, version: int, purpose: str) -> bool:
        """Whether a version may be read for a purpose: everybody in it consents now, as was shown.

        Data sets that do not stand under consent always may.
        """
        if not SCOPES.has(ctx, dataset):
            return True
        cover = COVERS.get(ctx, dataset, version, purpose)
        return is_whole(cover, withdrawn(ctx, dataset, purpose), ctx.time)
