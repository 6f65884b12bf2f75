"""An orderer that leaves out every order to end an agent, for a story; started in place of an honest node.

Everything else it does as it should: it orders, publishes, cosigns what it ordered, and answers who asks.
"""

import sys

from consortia.kernel.transaction import parse_transaction
from consortia.node.__main__ import main
from consortia.node.embedded import EmbeddedNode

SILENCED = "identity.end_mandate"


class Silencer(EmbeddedNode):
    """A node's core that takes the end of a mandate in, says thank you, and never orders it."""

    def submit(self, raw: bytes, now: int) -> bytes:
        """Take in a transaction; one that ends a mandate goes nowhere."""
        parsed = parse_transaction(raw, self.ledger.network)
        if any(call.method == SILENCED for call in parsed.transaction.calls):
            return parsed.id
        return super().submit(raw, now)

    def _take_urgent(self, raw: bytes, now: int) -> None:
        """Take in what another member's node passes on, but for the ends of mandates."""
        parsed = parse_transaction(raw, self.ledger.network)
        if all(call.method != SILENCED for call in parsed.transaction.calls):
            super()._take_urgent(raw, now)


if __name__ == "__main__":
    sys.exit(main(make=Silencer))
