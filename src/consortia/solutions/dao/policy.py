"""How these organisations decide, and what their delegate may do: a charter in seconds, rules, a mandate."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from consortia.base.times import SECOND
from consortia.sdk.governance import usual_charter
from consortia.sdk.jsonform import to_json

VOTE, RELEASE_VOTE, LOCK, EXPIRE = 11 * SECOND, 8 * SECOND, 1 * SECOND, 600 * SECOND
SECRET_STEP, SECRET_VOTE, SECRET_OPENING = 4 * SECOND, 11 * SECOND, 60 * SECOND
SPEND_MAX = 1_000
OPEN_MAX = 16
SECRET_CLASS = "members"  # noqa: S105 (a class of proposals)

AGENT = "delegate"
METHODS = ("bank.transfer", "governance.advise", "governance.cast_vote", "governance.propose")
CLASSES = ("release", "routine")
ADVANCE, WINDOW = 30, 60
"""The delegate pays so much in advance on each expense, and so much in a day."""


def charter(members: Sequence[str], pace: float) -> dict[str, Any]:
    """The usual charter with seconds for days, `pace` times as many; members are chosen in secret."""
    law: dict[str, Any] = to_json(usual_charter(members))
    for one in law["classes"]:
        one["vote_milliseconds"] = int(pace * (RELEASE_VOTE if one["name"] == "release" else VOTE))
        one["extend_milliseconds"] = 0
        one["lock_milliseconds"], one["expire_milliseconds"] = LOCK, EXPIRE
        if one["name"] == "routine":
            one["spend_max"] = SPEND_MAX
        if one["name"] == SECRET_CLASS:
            one["vote_milliseconds"] = int(pace * SECRET_VOTE)
            one["secret"] = {
                "trustees": sorted(members),
                "step_milliseconds": int(pace * SECRET_STEP),
                "decrypt_milliseconds": int(pace * SECRET_OPENING),
            }
    return law | {"open_max": OPEN_MAX, "ethics": []}


def votes(owner: str, members: Sequence[str]) -> str:
    """The rule by which the delegate votes: it reads what a proposal spends and who asks, and no text.

    Where it may not vote it says what it would.
    """
    about = {"proposal": "$subject", "content": "$proposal.content"}
    return _rule(
        watch={
            "query": "governance.proposals",
            "items": "proposals",
            "subject": "id",
            "arguments": {"status": "voting", "limit": 100},
            "detail": "governance.proposal",
            "key": "proposal",
        },
        paths=("spend", "proposal.author"),
        members=members,
        messages={
            choice: [
                {
                    "method": "governance.cast_vote",
                    "arguments": {**about, "member": owner, "choice": choice},
                }
            ]
            for choice in ("yes", "no")
        },
        advice={
            choice: [{"method": "governance.advise", "arguments": {**about, "choice": choice}}]
            for choice in ("yes", "no")
        },
    )


def expenses(owner: str, payer: str, unit: str, members: Sequence[str]) -> str:
    """The rule by which it looks after a member's expenses.

    For each escrow that the member opened it pays something in advance, and proposes to pay as much back.
    """
    spend = {"method": "governance.spend", "args": {"unit": unit, "payee": payer, "amount": ADVANCE}}
    return _rule(
        watch={
            "query": "bank.escrows",
            "items": "escrows",
            "subject": "id",
            "arguments": {"member": payer, "limit": 100},
        },
        paths=("amount", "payer"),
        members=members,
        messages={
            "yes": [
                {
                    "method": "bank.transfer",
                    "arguments": {
                        "payer": f"{owner}/{AGENT}",
                        "payee": payer,
                        "unit": unit,
                        "amount": ADVANCE,
                    },
                },
                {
                    "method": "governance.propose",
                    "arguments": {
                        "kind": "routine",
                        "title": f"Expenses of {payer}",
                        "text": "",
                        "actions": [spend],
                    },
                },
            ]
        },
    )


def listens(members: Sequence[str]) -> str:
    """A rule that asks for a proposal's text, which no agent runs by."""
    rule = json.loads(votes(members[0], members))
    rule["fields"][0] = {"name": "spend", "path": "proposal.text"}
    return json.dumps(rule)


def _rule(
    *,
    watch: Mapping[str, Any],
    paths: tuple[str, str],
    members: Sequence[str],
    messages: Mapping[str, Any],
    advice: Mapping[str, Any] | None = None,
) -> str:
    spend, author = paths
    fields = [
        {"name": "spend", "path": spend},
        {"name": "author", "path": author, "levels": list(members)},
    ]
    said = {"purpose": "deciding", "watch": watch, "fields": fields, "messages": messages}
    return json.dumps(said | ({"advice": advice} if advice else {}), indent=1)
