"""FHIR R4 out of the ledger's facts: Consent, AuditEvent and Provenance.

A person stands in them under its salted key, as on the ledger: whoever holds the salt knows whom it means.

`check` holds them to the rules that libraries of data types let through: above all ppc-1, that a Consent
names its policy.

Source: HL7 FHIR R4 (4.0.1), Consent, AuditEvent, Provenance.
"""

from dataclasses import dataclass
from typing import Any

from consortia.sdk.consent import ToPurpose, Use
from consortia.solutions.moments import iso

Json = dict[str, Any]
KEYS = "urn:consortia:subject"
PURPOSES = "urn:consortia:purpose"
_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
"""Of its codes we say `patient-privacy`, as consents are to any purpose; the provision says to which."""

_REQUIRED = {
    "Consent": ("status", "scope", "category"),
    "AuditEvent": ("type", "recorded", "agent", "source"),
    "Provenance": ("target", "recorded", "agent"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact stands: the network's id, and a member's data set."""

    network: bytes
    owner: str
    dataset: bytes

    @property
    def policy(self) -> str:
        """The policy under which the data set is read: that of the network's module of consent."""
        return f"urn:consortia:{self.network.hex()}:consent:{self.dataset.hex()}"


def consent(place: Place, subject: bytes, given: ToPurpose) -> Json:
    """The Consent of a person to one purpose."""
    one = given.consent
    ended = one.expires if one.withdrawn is None else one.withdrawn
    return {
        "resourceType": "Consent",
        "status": "active" if given.stands else "inactive",
        "scope": {"coding": [{"system": _SCOPE, "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"identifier": {"system": KEYS, "value": subject.hex()}},
        "dateTime": iso(one.since),
        "organization": [{"display": place.owner}],
        "policy": [{"uri": place.policy}],
        "provision": {
            "type": "permit",
            "period": {"start": iso(one.since), "end": iso(ended)},
            "purpose": [{"system": PURPOSES, "code": given.purpose}],
        },
    }


def audit_event(place: Place, use: Use) -> Json:
    """The AuditEvent of a member that asked for a person's records."""
    emergency = use.purpose is None
    code = "BTG" if emergency else str(use.purpose)
    system = "http://terminology.hl7.org/CodeSystem/v3-ActReason" if emergency else PURPOSES
    return {
        "resourceType": "AuditEvent",
        "type": {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"},
        "action": "R",
        "recorded": iso(use.time),
        "outcome": "0",
        "purposeOfEvent": [{"coding": [{"system": system, "code": code}]}],
        "agent": [{"who": {"display": use.member}, "requestor": True, "policy": [place.policy]}],
        "source": {"observer": {"display": place.owner}},
        "entity": [{"what": {"identifier": {"system": KEYS, "value": use.subject.hex()}}}],
    }


def provenance(model: bytes, time: int, datasets: list[tuple[str, bytes, int]]) -> Json:
    """The Provenance of a model: from which version of whose data set it was learned."""
    if not datasets:
        raise ValueError("a model is learned from some data set")
    return {
        "resourceType": "Provenance",
        "target": [{"identifier": {"system": "urn:consortia:asset", "value": model.hex()}}],
        "recorded": iso(time),
        "agent": [{"who": {"display": owner}} for owner in sorted({owner for owner, _, _ in datasets})],
        "entity": [
            {
                "role": "source",
                "what": {"identifier": {"system": "urn:consortia:asset", "value": f"{id_.hex()}/{version}"}},
            }
            for _, id_, version in datasets
        ],
    }


def check(resource: Json) -> list[str]:
    """What is wrong with a Consent, AuditEvent or Provenance beyond its data types, one line each.

    1. what the standard requires is there and not empty; 2. ppc-1: a Consent has a policy or a policyRule;
    3. every agent of a Provenance and an AuditEvent says who it was, and an AuditEvent's whether it asked.
    """
    kind = str(resource.get("resourceType"))
    if kind not in _REQUIRED:
        return [f"{kind} is none of {', '.join(_REQUIRED)}"]
    found = [f"{kind}.{name} is missing" for name in _REQUIRED[kind] if not resource.get(name)]  # 1
    if kind == "Consent":
        policies = resource.get("policy") or []
        named = any(each.get("uri") or each.get("authority") for each in policies)
        if not named and not resource.get("policyRule"):  # 2
            found.append("Consent.policy: ppc-1, a Consent names a policy or a policyRule")
        return found
    for number, agent in enumerate(resource.get("agent") or []):  # 3
        if kind == "Provenance" and not agent.get("who"):
            found.append(f"Provenance.agent[{number}].who is missing")
        if kind == "AuditEvent" and not isinstance(agent.get("requestor"), bool):
            found.append(f"AuditEvent.agent[{number}].requestor is missing")
    return found
