"""How the city's departments decide on signals: a charter in seconds, and the terms that they vote on."""

from collections.abc import Sequence
from typing import Any

from consortia.sdk.governance import usual_charter
from consortia.sdk.jsonform import to_json
from consortia.solutions.city.signals import Terms

SECOND = 1_000
VOTE, LOCK, EXPIRE = 3 * SECOND, 1 * SECOND, 600 * SECOND
TERMS = Terms()
CLASS = "charter"
"""The class of proposals that may set bounds of a control."""


def charter(members: Sequence[str], pace: float) -> dict[str, Any]:
    """The usual charter with seconds for days, `pace` times as many."""
    law: dict[str, Any] = to_json(usual_charter(members))
    for one in law["classes"]:
        one["vote_milliseconds"], one["extend_milliseconds"] = int(pace * VOTE), 0
        one["lock_milliseconds"], one["expire_milliseconds"] = LOCK, EXPIRE
    return law | {"ethics": []}
