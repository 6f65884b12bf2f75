"""What a restored ledger is held against: a proof from the genesis on, of how the members changed.

CometBFT's light client trusts what the guide vouched for. So a node whose ledger was restored asks a member
for a proof and verifies it under the genesis alone: each change of the member set is final under the set
before it, and so is a checkpoint that this very log must lead to. It keeps the changes from below its base:
without them it could prove nothing itself.
"""

from collections.abc import Awaitable, Callable

from consortia.base.codec import Malformed, encode_record
from consortia.kernel.block import Header, parse_leaf
from consortia.kernel.ledger import Ledger
from consortia.kernel.verify import verify_proof
from consortia.sdk.errors import LedgerError

ABSENT = b"consortia"
"""A state key at which nothing stands: whose absence is proved does not matter."""


class Forked(ValueError):
    """The ledger that was restored is not the one that the members made final."""


class Vouching:
    """The checking of one restored ledger, once."""

    def __init__(self, ledger: Ledger, ask: Callable[[str, str, bytes | None], Awaitable[bytes]]) -> None:
        self._ledger, self._ask = ledger, ask
        self.done = ledger.base is None

    async def look(self, own: str, guide: str) -> str:
        """Ask one other member after the other, the guide first, until one tells enough.

        Gives why the ledger here is not the one that the members made final, or nothing.
        """
        if self.done:
            return ""
        others = [one.name for one in self._ledger.members().members if one.name != own]
        for member in sorted(others, key=lambda name: name != guide):
            try:
                if self.take(await self._ask(member, f"/v1/proofs/state?key={ABSENT.hex()}", None)):
                    break
            except (LedgerError, Malformed):
                continue  # it is away, or has no proof now: asked again at the next look
            except Forked as error:
                self.done = True
                return str(error)
        return ""

    def take(self, data: bytes) -> bool:
        """Check a proof and keep its changes; False while this log has not come so far. Raises Forked."""
        ledger, base = self._ledger, self._ledger.base
        found = verify_proof(ledger.app, data, ledger.network)
        if base is None or found.proof is None:
            return False
        point = found.proof.note.checkpoint
        if not base.size <= point.size <= ledger.tip.size:
            return False
        if ledger.root(point.size) != point.root:
            raise Forked(f"the ledger restored here has another root at size {point.size} than the members'")
        for change in found.proof.extra.changes:
            header = parse_leaf(change.header)
            if isinstance(header, Header) and header.height < base.height:
                ledger.store.put_vouched(header.height, encode_record(change))
        self.done = True
        return True
