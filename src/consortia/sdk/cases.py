"""Cases: alerts on payments with all that shows them, in one file that anybody verifies offline.

A case holds, for each alert, a proof that it stands on the ledger, what opens it (whom it is about, its
score and its evidence, each with its salt), and once each the models that gave the scores; and proofs of what
became of the payments. Nothing else is needed to execute every alert again.
"""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import Record, decode_record, encode_record
from consortia.engines.commit.chunks import blob_id
from consortia.kernel.application import Application
from consortia.kernel.block import OK, Event, Receipt
from consortia.modules.bank.rules import split
from consortia.modules.guard.state import ALERTS
from consortia.modules.guard.types import Alert
from consortia.sdk.checked import Checked, ProofBytes, Wrong, proved, walk
from consortia.sdk.currencies import CURRENCIES, written
from consortia.sdk.moments import moment
from consortia.sdk.payment_alerts import REASON, SCHEMA, Shown, again, commitments

MAGIC = b"consortia-case/1\n"
"""How a case file begins."""

ALERTS_MAX, RECEIPTS_MAX, MODELS_MAX = 100, 100, 16
CASE_BYTES_MAX = 1 << 26


class Alerted(Record, frozen=True):
    """An alert: the proof that it stands on the ledger, and what opens it."""

    proof: ProofBytes
    shown: Shown


class Case(Record, frozen=True):
    """Alerts, the models that they pin, in the order of their blob ids, and proofs of transactions."""

    alerts: Annotated[tuple[Alerted, ...], Meta(min_length=1, max_length=ALERTS_MAX)]
    models: Annotated[tuple[bytes, ...], Meta(min_length=1, max_length=MODELS_MAX)]
    receipts: Annotated[tuple[ProofBytes, ...], Meta(max_length=RECEIPTS_MAX)]

    def encode(self) -> bytes:
        """The case as a file."""
        return MAGIC + encode_record(self)


def verify_case(app: Application, data: bytes, network: bytes) -> Checked:
    """Verify a case file with nothing but the file and the network's hash.

    1. The file is a case in its one spelling. 2. Each receipt stands in the log under a final checkpoint.
    3. Each alert stands in the state under a final checkpoint, and once in the file. 4. What opens each
    alert is what it commits to, and is about the payment that it shows. 5. The models are those that the
    alerts pin, each used. 6. Executed again, every alert's score comes out the same. 7. Each receipt is of
    the payment of one of the alerts: it names the alert, or what was held for it. What is held is an alert's
    where one transaction names both, as when officers say what the alert was and let the payment go; then
    amount and payer are those of the alert.
    """
    check = _Check(app, data, network)
    steps = (
        check.spelling,
        check.receipts,
        check.alerts,
        check.opened,
        check.models,
        check.scores,
        check.bound,
    )
    return walk(steps, check.lines)


class _Check:
    """The state of one verification."""

    def __init__(self, app: Application, data: bytes, network: bytes) -> None:
        self.app, self.data, self.network = app, data, network
        self.case: Case
        self.found: list[Alert] = []
        self.done: list[Receipt] = []
        self.lines: list[str] = []

    def spelling(self) -> str:
        if not self.data.startswith(MAGIC):
            raise Wrong("the file does not begin as a case does")
        self.case = decode_record(Case, self.data[len(MAGIC) :], size_max=CASE_BYTES_MAX)
        if len({one.proof for one in self.case.alerts}) != len(self.case.alerts):
            raise Wrong("an alert stands in it twice")
        counts = f"{len(self.case.alerts)} alerts, {len(self.case.receipts)} receipts"
        return f"the file is a case in its one spelling: {counts}"

    def receipts(self) -> str:
        for number, proof in enumerate(self.case.receipts, start=1):
            verdict = proved(self.app, proof, self.network, f"receipt {number}")
            if verdict.receipt is None or verdict.receipt.code != OK:
                raise Wrong(f"receipt {number} is of no transaction that was done")
            self.done.append(verdict.receipt)
        return f"{len(self.case.receipts)} receipts stand in final blocks"

    def alerts(self) -> str:
        for number, one in enumerate(self.case.alerts, start=1):
            proof = proved(self.app, one.proof, self.network, f"alert {number}").proof
            state = None if proof is None else proof.extra.state
            if state is None or state.value is None:
                raise Wrong(f"the proof of alert {number} shows no entry")
            alert = decode_record(Alert, state.value)
            if state.key != ALERTS.state_key(alert.id):
                raise Wrong(f"the entry of alert {number} is no alert's")
            if any(alert.id == other.id for other in self.found):
                raise Wrong(f"alert {alert.id.hex()[:16]} stands in it twice")
            self.found.append(alert)
        return f"{len(self.found)} alerts stand in the state under final checkpoints"

    def opened(self) -> str:
        for alert, one in zip(self.found, self.case.alerts, strict=True):
            said = alert.finding
            if commitments(one.shown) != (said.target, said.score, said.evidence):
                raise Wrong(f"what is shown is not what alert {alert.id.hex()[:16]} commits to")
            seen = one.shown.evidence
            if said.code != REASON or seen.schema != SCHEMA or seen.currency not in CURRENCIES:
                raise Wrong(f"alert {alert.id.hex()[:16]} is no alert on a payment")
            if one.shown.target.subject != seen.reference or not seen.reference.isprintable():
                raise Wrong(f"alert {alert.id.hex()[:16]} is not about the payment that it shows")
        return "targets, scores and evidence are those that the alerts commit to"

    def models(self) -> str:
        pinned = sorted({one.finding.model or b"" for one in self.found})
        if [blob_id(model) for model in self.case.models] != pinned:
            raise Wrong("the models are not those that the alerts pin")
        if any(
            a.finding.model != one.shown.model for a, one in zip(self.found, self.case.alerts, strict=True)
        ):
            raise Wrong("an alert is shown with another model than it pins")
        return f"{len(pinned)} model{'s' if len(pinned) > 1 else ''}, by the hash that the alerts pin"

    def scores(self) -> str:
        models = {blob_id(model): model for model in self.case.models}
        for alert, one in zip(self.found, self.case.alerts, strict=True):
            score = again(one.shown, models[one.shown.model])
            if score != one.shown.score.value:
                raise Wrong(f"alert {alert.id.hex()[:16]} scores {score}, not {one.shown.score.value}")
            seen = one.shown.evidence
            self.lines.append(
                f"alert {alert.id.hex()[:16]} of {alert.member}, {moment(alert.time)}: payment "
                f"{seen.reference} of {written(seen.amount, seen.currency)} {seen.currency}, "
                f"score {score / (1 << 24):.3f}"
            )
        return f"executed again, {len(self.found)} alerts come out the same, to the bit"

    def bound(self) -> str:
        said = [self._named(receipt) for receipt in self.done]
        held: dict[bytes, set[int]] = {}
        for alerts, escrows in said:
            for escrow in escrows if alerts else ():
                held.setdefault(escrow, set()).update(alerts)
        for number, (receipt, (alerts, escrows)) in enumerate(zip(self.done, said, strict=True), start=1):
            of = alerts.union(*(held.get(escrow, set()) for escrow in escrows))
            if not of:
                raise Wrong(f"receipt {number} names no alert of the case, nor what was held for one")
            for event in receipt.events:
                if not any(self._fits(event, at) for at in of):
                    raise Wrong(f"receipt {number} is of another payment than the alert that it names")
                named = ", ".join(self.found[at].id.hex()[:16] for at in sorted(of))
                self.lines.append(
                    f"{event.name} in transaction {receipt.transaction.hex()[:16]}, of alert {named}"
                )
        return f"{len(self.done)} receipts are of the payments of these alerts"

    def _named(self, receipt: Receipt) -> tuple[set[int], set[bytes]]:
        """The places of the alerts, and the escrows, that the events of a receipt name."""
        bodies = [event.body for event in receipt.events]
        alerts = {
            at for at, one in enumerate(self.found) if any(body.get("alert") == one.id for body in bodies)
        }
        escrows = (body.get("escrow") for body in bodies)
        return alerts, {escrow for escrow in escrows if isinstance(escrow, bytes)}

    def _fits(self, event: Event, at: int) -> bool:
        """Whether what an event says of a payment is so of that of an alert."""
        amount, payer = event.body.get("amount"), event.body.get("payer")
        same = amount in {None, self.case.alerts[at].shown.evidence.amount}
        return same and (payer is None or split(str(payer))[0] == self.found[at].member)
