"""Transactions on their way to whoever orders: this node, or the orderer's over HTTP."""

from collections.abc import Callable

from consortia.base.keys import SigningKey
from consortia.base.refusals import Refusal, Refused, require
from consortia.kernel import refusals as kernel
from consortia.kernel.admission import SEQUENCES, Sequence
from consortia.kernel.application import Application
from consortia.kernel.context import Context
from consortia.kernel.transaction import sign_transaction
from consortia.modules.identity import Keeper
from consortia.modules.identity.messages import SetEndpoint
from consortia.node.core import Node
from consortia.node.hindrance import Hindrance
from consortia.node.http_answers import HttpProblem
from consortia.node.peers import Peers
from consortia.node.refusals import HINDERED, REFUSALS
from consortia.node.tls import ServerTls
from consortia.sdk.builder import call_of
from consortia.sdk.errors import LedgerError, TransactionRefused

ANNOUNCE_MILLISECONDS = 60_000
ANNOUNCE_LANE = 15
"""The lane of the node key's own announcements, so that they meet no other program's sequence."""


class Forwarder:
    """Hands transactions to whoever orders."""

    def __init__(
        self,
        node: Node,
        peers: Peers,
        hindrance: Hindrance,
        now: Callable[[], int],
        wake: Callable[[], None],
    ) -> None:
        self.node, self._peers, self._hindrance = node, peers, hindrance
        self._now, self._wake = now, wake

    async def submit(self, raw: bytes) -> bytes:
        """Submit a transaction and give its id; raises Refused, or HttpProblem when the orderer is away.

        An urgent one that the orderer does not take is kept and passed on with every question to it.
        """
        now = self._now()  # which looks at the clock
        require(not self._hindrance.text, HINDERED, self._hindrance.text)
        node = self.node
        transaction = node.submit(raw, now)
        self._wake()
        if node.orders:
            return transaction
        orderer = self._peers.transport(node.orderer)
        held = raw in node.witness.held()
        if orderer is None:
            if held:
                return transaction
            raise HttpProblem(503, f"nobody knows where {node.orderer} is, whose node orders")
        try:
            await self._peers.run(lambda: orderer.post("/v1/transactions", raw).expect(200, 202))
        except TransactionRefused as error:
            raise Refused(refusal_of(node.ledger.app, error.code), error.detail) from None
        except LedgerError as error:
            if held:
                return transaction
            raise HttpProblem(503, f"the orderer's node: {error}") from None
        return transaction


def refusal_of(app: Application, code: str) -> Refusal:
    """The declared refusal with a code; a node of newer software may know one that is unknown here."""
    found = _refusals(app).get(code)
    if found is not None:
        return found
    module, _, name = code.partition(".")
    return Refusal(module, 0, name or "unknown", "A refusal that this node's software does not know.")


def _refusals(app: Application) -> dict[str, Refusal]:
    every = [*kernel.REFUSALS, *REFUSALS]
    every += [refusal for module in app.modules for refusal in module.refusals]
    return {refusal.code: refusal for refusal in every}


def announcement(node: Node, key: SigningKey, url: str, tls: ServerTls | None, now: int) -> bytes | None:
    """The transaction that registers this node's address and certificate; None when the ledger has them.

    None as well while the node's key is not yet a member's.
    """
    ledger = node.ledger
    keeper = Keeper()
    certificate = None if tls is None else tls.der
    found: list[bool] = []

    def read(ctx: Context) -> Sequence | None:
        state = keeper.key(ctx, key.key_id)
        known = keeper.endpoint(ctx, node.member)
        member = state is not None and state.active and "node" in state.signer.roles
        same = known is not None and (known.url, known.certificate) == (url, certificate)
        found.append(member and not same)
        return SEQUENCES.get(ctx, key.key_id, ANNOUNCE_LANE)

    sequence = ledger.ask(read)
    if not found[0]:
        return None
    return sign_transaction(
        key,
        ledger.network,
        (call_of(ledger.app, SetEndpoint(url, certificate)),),
        sequence=sequence.next if isinstance(sequence, Sequence) else 0,
        expires=max(now, ledger.tip.time) + ANNOUNCE_MILLISECONDS,
        lane=ANNOUNCE_LANE,
    )
