"""What the scenarios of mandates are put together from."""

from consortia.base.hashing import tagged
from consortia.base.keys import SigningKey
from consortia.base.times import DAY, HOUR
from consortia.modules.identity.granting import agent_message
from consortia.modules.identity.mandate_messages import GrantMandate
from consortia.modules.identity.mandate_types import AgentClaim, Cap, Pin
from consortia.modules.predictions.types import Account
from consortia.testing.machine import Bench, key_from
from consortia.testing.scenarios.assets import digest

UNIT = tagged("consortia/testing/unit", b"credit")
PROGRAM = tagged("consortia/testing/program", b"delegate")


def agent(member: str = "north", name: str = "clerk", word: str = "first") -> SigningKey:
    """The key of an agent of a member; another `word` gives another."""
    return key_from(member, "agent", name, word)


def granted(
    bench: Bench, member: str = "north", name: str = "clerk", word: str = "first", **fields: object
) -> GrantMandate:
    """The message by which a member lets an agent record predictions for ten days."""
    key = agent(member, name, word)
    possession = key.sign(agent_message(bench.network, AgentClaim(member, name, key.public)))
    usual: dict[str, object] = {
        "agent": name,
        "key": key.public,
        "possession": possession,
        "pin": Pin(None, PROGRAM),
        "methods": ("predictions.record_batch",),
        "classes": ("routine",),
        "caps": (Cap(UNIT, 100, 250),),
        "window": HOUR,
        "delay": 0,
        "expires": bench.time + 10 * DAY,
    }
    return GrantMandate(**(usual | fields))  # type: ignore[arg-type]


def mandate(bench: Bench, member: str = "north", name: str = "clerk", **fields: object) -> bytes:
    """Have a member grant a mandate; its id."""
    receipt = bench.ok(member, "admin", granted(bench, member, name, **fields))  # type: ignore[arg-type]
    id_ = receipt.events[0].body["mandate"]
    if not isinstance(id_, bytes):
        raise TypeError("an id is bytes")
    return id_


def account(word: str = "act", **fields: object) -> Account:
    """How an agent accounts for an act; its root follows from `word`."""
    usual: dict[str, object] = {
        "input": digest(f"input of {word}"),
        "rationale": digest(f"reason of {word}"),
        "purpose": "diagnosis",
        "policy": digest("refer from one half on"),
        "root": digest(word),
        "stated": 700_000,
        "opened": None,
    }
    return Account(**(usual | fields))  # type: ignore[arg-type]
