"""Where the members' nodes are and which certificates they show, as the ledger has it."""

from consortia.base.hashing import sha256
from consortia.kernel.context import Context
from consortia.kernel.ledger import Ledger
from consortia.modules.identity import Keeper
from consortia.modules.identity.types import Endpoint


def registered(ledger: Ledger) -> dict[str, Endpoint]:
    """Where the members' nodes are, by the newest block of a ledger."""
    keeper = Keeper()
    found: dict[str, Endpoint] = {}

    def read(ctx: Context) -> None:
        for name in keeper.members(ctx):
            endpoint = keeper.endpoint(ctx, name)
            if endpoint is not None:
                found[name] = endpoint

    ledger.ask(read)
    return found


def pins_of(endpoint: Endpoint) -> frozenset[bytes]:
    """The pin of the certificate that a node registered, if it did."""
    return frozenset() if endpoint.certificate is None else frozenset({sha256(endpoint.certificate)})
