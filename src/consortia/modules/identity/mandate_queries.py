"""Questions about mandates."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Digest, Name, Record
from consortia.base.refusals import Refused
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.modules.identity import mandates as rules
from consortia.modules.identity import refusals as codes
from consortia.modules.identity.mandate_state import AGENT_NAMES, MANDATES, mandate_of
from consortia.modules.identity.mandate_types import AGENTS_MAX, Mandate


class ByMandate(Record, frozen=True):
    """A question about one mandate, by its id."""

    mandate: Digest


class ByOwner(Record, frozen=True):
    """A question about a member's agents."""

    owner: Name


class ByAgentKey(Record, frozen=True):
    """A question about the agent whose key has this id."""

    key: Digest


class Spending(Record, frozen=True):
    """What the owner's agents spent of a unit in the mandate's window that ends now, and its caps."""

    unit: Digest
    spent: U63
    per_act: U63
    per_window: U63


class MandateView(Record, frozen=True):
    """A mandate, whether its agent may act now, and what is used up of its caps."""

    mandate: Mandate
    live: bool
    spending: Annotated[tuple[Spending, ...], Meta(max_length=16)]


class MandatesView(Record, frozen=True):
    """The newest mandate of each of a member's agents, by the agent's name."""

    mandates: Annotated[tuple[MandateView, ...], Meta(max_length=AGENTS_MAX)]


def mandate(ctx: Context, arguments: ByMandate, _ports: None) -> MandateView:
    """One mandate."""
    return _view(ctx, MANDATES.get(ctx, arguments.mandate), arguments.mandate)


def mandates(ctx: Context, arguments: ByOwner, _ports: None) -> MandatesView:
    """The newest mandates of a member's agents."""
    named = [entry.mandate for _, entry in AGENT_NAMES.scan(ctx, arguments.owner)]
    found = [_view(ctx, MANDATES.get(ctx, id_), id_) for id_ in named]
    return MandatesView(tuple(sorted(found, key=lambda view: view.mandate.agent)))


def agent(ctx: Context, arguments: ByAgentKey, _ports: None) -> MandateView:
    """The mandate that a key serves."""
    return _view(ctx, mandate_of(ctx, arguments.key), arguments.key)


def _view(ctx: Context, found: Mandate | None, asked: bytes) -> MandateView:
    if found is None:
        raise Refused(codes.NO_MANDATE, asked.hex())
    spending = tuple(
        Spending(
            cap.unit,
            min(rules.outflow(ctx, found.owner, cap.unit, found.window), (1 << 63) - 1),
            cap.per_act,
            cap.per_window,
        )
        for cap in found.caps
    )
    return MandateView(found, rules.is_live(ctx, found), spending)


MANDATE_QUERIES = (
    Query("mandate", ByMandate, MandateView, mandate, "One mandate, and what is used up of its caps."),
    Query("mandates", ByOwner, MandatesView, mandates, "The newest mandates of a member's agents."),
    Query("agent", ByAgentKey, MandateView, agent, "The mandate that an agent's key serves."),
)
