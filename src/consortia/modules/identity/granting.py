"""Handlers of mandates: a member grants and ends its own."""

from consortia.base.codec import encode_record
from consortia.base.hashing import tagged
from consortia.base.keys import is_prime_order, key_id, verify
from consortia.base.order import is_sorted
from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.identity import mandate_messages as asked
from consortia.modules.identity import mandates
from consortia.modules.identity import refusals as codes
from consortia.modules.identity.decisions import acting
from consortia.modules.identity.keyring import is_known
from consortia.modules.identity.mandate_state import AGENT_NAMES, MANDATES, mandate_id
from consortia.modules.identity.mandate_types import (
    ACT,
    AGENTS_MAX,
    DEFER,
    LIFETIME_MILLISECONDS_MAX,
    AgentClaim,
    Mandate,
    MandateGranted,
    Named,
)
from consortia.modules.identity.person_state import PERSONS
from consortia.modules.identity.state import AGENTS
from consortia.modules.identity.types import Agent


def agent_message(network: bytes, claim: AgentClaim) -> bytes:
    """What an agent's key signs: H("consortia/agent", network | claim), 32 bytes."""
    return tagged("consortia/agent", network + encode_record(claim))


def grant_mandate(ctx: Context, message: asked.GrantMandate, _ports: None) -> None:
    """Let an agent act for the own member, from the next block."""
    # CHECK
    owner, key = acting(ctx), key_id(message.key)
    check_order(message)
    require(
        ctx.time <= message.expires <= ctx.time + LIFETIME_MILLISECONDS_MAX,
        codes.BAD_EXPIRY,
        str(message.expires),
    )
    check_name(ctx, owner, message.agent)
    check_agent_key(ctx, owner, message)
    require(not PERSONS.has(ctx, owner, message.agent), codes.LABEL_TAKEN, message.agent)
    # DECIDE
    mandate = Mandate(
        id=mandate_id(ctx),
        owner=owner,
        agent=message.agent,
        key=key,
        pin=message.pin,
        methods=message.methods,
        classes=message.classes,
        caps=message.caps,
        window=message.window,
        delay=message.delay,
        granted=ctx.time,
        expires=message.expires,
        ended=None,
    )
    # WRITE
    MANDATES.put(ctx, mandate, mandate.id)
    AGENTS.put(ctx, Agent(owner, message.key, mandate.id), key)
    AGENT_NAMES.put(ctx, Named(mandate.id), owner, message.agent)
    # EMIT
    ctx.emit(MandateGranted(mandate.id, owner, mandate.agent, key, mandate.expires))


def end_mandate(ctx: Context, message: asked.EndMandate, _ports: None) -> None:
    """End a mandate of the own member."""
    # CHECK
    owner = acting(ctx)
    mandate = MANDATES.get(ctx, message.mandate)
    if mandate is None or mandate.owner != owner:
        raise Refused(codes.NO_MANDATE, message.mandate.hex())
    require(mandates.is_live(ctx, mandate), codes.MANDATE_OVER, message.mandate.hex())
    # WRITE, EMIT
    mandates.end(ctx, mandate, owner)


def check_order(message: asked.GrantMandate) -> None:
    """Refuse a mandate whose lists are not in order, or whose cap of an act is above that of the window."""
    in_order = all(is_sorted(listed) for listed in (message.methods, message.classes))
    accounts = {ACT, DEFER}.isdisjoint(message.methods)
    orderly = accounts and in_order and is_sorted(cap.unit for cap in message.caps)
    require(orderly, codes.BAD_MANDATE, "not once each, in order")
    for cap in message.caps:
        require(cap.per_act <= cap.per_window, codes.BAD_MANDATE, f"{cap.per_act} above {cap.per_window}")


def check_name(ctx: Context, owner: str, agent: str) -> None:
    """Refuse a name under which an agent acts already, and one name too many."""
    named = AGENT_NAMES.get(ctx, owner, agent)
    if named is None:
        count = sum(1 for _ in AGENT_NAMES.scan(ctx, owner))
        require(count < AGENTS_MAX, codes.TOO_MANY_AGENTS, owner)
        return
    before = MANDATES.get(ctx, named.mandate)
    require(before is None or not mandates.is_live(ctx, before), codes.AGENT_ACTS, agent)


def check_agent_key(ctx: Context, owner: str, message: asked.GrantMandate) -> None:
    """Refuse a key of small order, one that is or was anybody's, and one that its holder did not offer."""
    key = key_id(message.key)
    require(is_prime_order(message.key), codes.SMALL_ORDER, message.key.hex())
    require(not is_known(ctx, key), codes.KEY_KNOWN, key.hex())
    claim = agent_message(ctx.network, AgentClaim(owner, message.agent, message.key))
    require(verify(message.key, claim, message.possession), codes.BAD_POSSESSION, message.agent)
