"""Every place of the API, in the order in which they are described."""

from consortia.kernel.application import Application
from consortia.node import (
    http_blobs,
    http_described,
    http_events,
    http_handing,
    http_ledger,
    http_meta,
    http_owner,
    http_rounds,
    http_sync,
)
from consortia.node.console import places as console
from consortia.node.http import Place
from consortia.node.tokens import EVERYTHING, noun_of

_GIVEN: tuple[Place, ...] = (
    *http_ledger.PLACES,
    *http_events.PLACES,
    *http_blobs.PLACES,
    *http_rounds.PLACES,
    *http_sync.PLACES,
    *http_handing.PLACES,
    *http_owner.PLACES,
    *http_meta.PLACES,
    *http_described.PLACES,
    *console.PLACES,
)
PLACES = (*_GIVEN, http_described.describe(_GIVEN))


def nouns(law: Application) -> frozenset[str]:
    """All that a token may be for: modules, their queries and messages, words of places, and everything."""
    words = {noun_of(place.path) for place in PLACES}
    modules = {module.name for module in law.modules}
    known = {word for word in words if word and not word.startswith("{")}
    return frozenset({EVERYTHING}) | known | modules | law.methods.keys() | law.queries.keys()
