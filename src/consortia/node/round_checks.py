"""What a node checks of an update before it signs: whether it keeps its round's terms. It needs NumPy."""

from typing import Final

from consortia.engines.commit.chunks import blob_id
from consortia.engines.train.api import check_vector
from consortia.exact.ring import RingError
from consortia.modules.training.types import Terms
from consortia.node.blobs import Blobs
from consortia.node.rounds import RoundTerms
from consortia.workers.arithmetic import BadRound, BadTerms, Plans, check_update, engine_stage, plans
from consortia.workers.masks import check_length

UNFIT: Final = (RingError, BadRound)
"""What `check` raises for an update that is no round's, besides what reading the blobs raises."""


def planned(terms: Terms) -> Plans | None:
    """What the terms mean to this software; None for a recipe that it does not have in that version."""
    try:
        return plans(terms)
    except BadTerms:
        return None


def check(blobs: Blobs, known: RoundTerms, meant: Plans | None, update: bytes) -> None:
    """Check the blob of an update against its round; raises RingError, BadRound, BlobError, Malformed.

    Of a masked one only the length can be seen; where the recipe is not here, the range of its words too.
    """
    blob = blobs.read(update)
    if known.round.keyed:
        check_length(engine_stage(known.stage), blob)
        return
    if meant is None:
        check_vector(engine_stage(known.stage), blob)
        return
    start = meant.plan.initial
    state = start if blob_id(start) == known.round.state else blobs.read(known.round.state)
    check_update(meant, known.round, state, blob, known.records)
