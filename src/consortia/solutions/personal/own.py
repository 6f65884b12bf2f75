"""What a person sees and has: who used what of it, its consent's receipt, all that a service holds of it.

A service's own studies and other members' requests both stand on the ledger under the person's salted key, so
that the person, who holds its slip, finds its own lines and nobody else's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from consortia.sdk.consent import Slip, ToPurpose
from consortia.sdk.ledger import Ledger
from consortia.solutions.personal.credential import Consented, CredentialError


@dataclass(frozen=True, slots=True)
class Line:
    """One use: when (empty for a study), who, what for, and what it was."""

    time: str
    member: str
    purpose: str
    what: str


def uses_of(ledger: Ledger, slip: Slip) -> tuple[Line, ...]:
    """Who asked for the person's records, and which studies its data set is in, with the version they read.

    A proof (`consortia consent prove`) shows whether the person is in that version.
    """
    asked = [
        Line(_day(use.time), use.member, use.purpose or "emergency", "asked for your records")
        for use in ledger.consent.uses(slip.dataset)
        if use.subject == slip.subject
    ]
    for item in ledger.training.list():
        parts = ledger.training.get(item.id).view().parts
        asked += [
            Line(
                "", slip.owner, item.purpose, f"study {item.proposer}/{item.name}: version {one.part.version}"
            )
            for one in parts
            if one.part.dataset == slip.dataset
        ]
    return tuple(asked)


def check_not_withdrawn(consented: Consented, consents: Iterable[ToPurpose]) -> None:
    """Raise CredentialError where the person withdrew a purpose after the credential had begun.

    `consents` are those of the person on the ledger. A credential that was used before would else bring back
    what its person ended.
    """
    for one in consents:
        withdrawn = one.consent.withdrawn
        if one.purpose in consented.purposes and withdrawn is not None and withdrawn >= consented.since:
            raise CredentialError(
                f"the person withdrew {one.purpose} on {_day(withdrawn)}, after this credential began: "
                "a new one is wanted"
            )


def receipt(consented: Consented, slip: Slip, network: bytes) -> dict[str, Any]:
    """The receipt of a consent that the service hands the person beside its slip."""
    return {
        "network": network.hex(),
        "dataset": slip.dataset.hex(),
        "owner": slip.owner,
        "subject": slip.subject.hex(),
        "credential": consented.digest.hex(),
        "person": consented.person,
        "service": consented.service,
        "purposes": list(consented.purposes),
        "until": _day(consented.until),
        "withdraw": "consortia consent withdraw --slip SLIP --purpose PURPOSE, through any member",
    }


def exported(
    items: Sequence[str], consents: Sequence[Mapping[str, Any]], lines: Sequence[Line]
) -> dict[str, Any]:
    """All that a service holds of a person, as JSON: its items, consents, and who used them."""
    return {"items": list(items), "consents": list(consents), "uses": [asdict(one) for one in lines]}


def _day(millis: int) -> str:
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="seconds")
