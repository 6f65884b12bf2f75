"""A light client: it holds no ledger, believes no node, and checks every proof that it is given.

It starts from the network's hash alone. Each proof that holds moves what it trusts forward, to a larger
log and the member set in force there; a later proof must continue that log, so a node that rewrote the
past is found out.
"""

from dataclasses import dataclass, field

from consortia.app import application
from consortia.kernel.application import Application
from consortia.kernel.verify import Anchor, Verdict, verify_proof
from consortia.sdk.cases import verify_case
from consortia.sdk.checked import Checked
from consortia.sdk.client import Client
from consortia.sdk.errors import LedgerError


class NotProved(LedgerError):
    """A proof that does not hold; `verdict` has the steps, the last of which failed."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(f"step {verdict.failed}: {verdict.steps[-1].text}")
        self.verdict = verdict


class NotAsked(LedgerError):
    """A proof that holds, of something else than was asked for."""


@dataclass(slots=True)
class LightClient:
    """Checks proofs of one network, 32 bytes of whose hash it knows; `trusted` is how far it has come."""

    network: bytes
    trusted: Anchor | None = None
    app: Application = field(default_factory=application)

    def check(self, proof: bytes) -> Verdict:
        """Verify a proof file from what is trusted so far, and trust what it shows; raises NotProved."""
        verdict = verify_proof(self.app, proof, self.network, self.trusted)
        if not verdict.ok or verdict.anchor is None:
            raise NotProved(verdict)
        if self.trusted is None or verdict.anchor.size > self.trusted.size:
            self.trusted = verdict.anchor
        return verdict

    def case(self, data: bytes) -> Checked:
        """Verify a case file, and execute its alerts again: its steps, and what it shows if all hold.

        What is trusted does not move, as a case's proofs begin at the network's hash.
        """
        return verify_case(self.app, data, self.network)

    def receipt(self, client: Client, transaction: bytes) -> Verdict:
        """Ask a node for the proof of a receipt, and check it.

        Raises NotProved, RequestFailed, and NotAsked where the node shows another receipt.
        """
        since = None if self.trusted is None else self.trusted.size
        verdict = self.check(client.proof(transaction, since))
        if verdict.receipt is None or verdict.receipt.transaction != transaction:
            raise NotAsked(f"the node does not show the receipt of {transaction.hex()}")
        return verdict
