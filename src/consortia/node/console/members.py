"""Members: their keys and agents, their nodes, and who cosigned what."""

from consortia.base.note import parse_note
from consortia.kernel.prove import CannotProve, newest_final
from consortia.modules.identity.mandate_queries import ByOwner, MandatesView, MandateView
from consortia.modules.identity.queries import (
    ByName,
    KeysView,
    MemberSetView,
    MembersView,
    MemberView,
    Nothing,
    ProposalsView,
    ProposalView,
)
from consortia.node.console.acts import APPROVALS, approved, offer
from consortia.node.console.inside import Inside, latest, told
from consortia.node.console.screen import Screen
from consortia.node.http import Asked
from consortia.node.invitations import Invitations
from consortia.sdk.html import Html
from consortia.sdk.values import facts_of, rows_of
from consortia.sdk.views import Cell, Link, Moment, Table

_ENDING = "Ending one stops its agent with the next block."


def members(asked: Asked) -> Screen:
    """All members, open proposals about them, and who cosigned the newest checkpoint."""
    way = Inside(asked.service)
    known = way.query("identity.members", Nothing(), MembersView).members
    rows: list[tuple[Cell, ...]] = [
        (
            Link(one.name, f"/console/members/{one.name}"),
            one.title,
            Moment(one.joined),
            "member" if one.left is None else "left",
            None if one.endpoint is None else one.endpoint.url,
        )
        for one in known
    ]
    proposals = way.query("identity.proposals", Nothing(), ProposalsView).proposals
    force = way.query("identity.member_set", Nothing(), MemberSetView)
    return Screen(
        "Members",
        f"One organisation, one vote. {force.quorum} of {len(force.members.members)} make the ledger final.",
        (
            _to_decide(asked, proposals, {one.name for one in known}),
            Table("Members", ("name", "title", "since", "standing", "node"), tuple(rows)),
            rows_of("Proposals about members", proposals),
            cosigned(asked),
        ),
    )


def _to_decide(asked: Asked, proposals: tuple[ProposalView, ...], known: set[str]) -> Html:
    """Who can be admitted or approved now, and how somebody is invited."""
    decided = known | {one.name for one in proposals if one.kind == "admission"}
    requests = Invitations(asked.service.home.path).joining()
    posted = [path.stem for path in requests if path.stem not in decided]
    member = asked.service.config.member
    return offer(
        ("Let an agent act", "identity.grant_mandate", {}),
        *((f"Admit {name}", "identity.propose_member", {"joining": name}) for name in posted),
        *(
            (
                f"Approve the {one.kind} of {one.name}",
                APPROVALS[one.kind],
                approved(one),
            )
            for one in proposals
            if member in one.awaited
        ),
        beside=(("Invite an organisation", "/console/invite"),),
    )


def cosigned(asked: Asked) -> Table:
    """Who cosigned the newest final checkpoint."""
    title, headings = "Cosigned the newest final ledger checkpoint", ("member", "signatures")
    try:
        note = parse_note(newest_final(asked.service.ledger).encode())
    except CannotProve as error:
        return Table(title, headings, (), str(error))
    counts: dict[str, int] = {}
    for signature in note.signatures:
        is_log = signature.name == note.checkpoint.origin
        name = "(the log itself)" if is_log else signature.name.partition(".")[0]
        counts[name] = counts.get(name, 0) + 1
    size = note.checkpoint.size
    return Table(title, headings, tuple(sorted(counts.items())), f"It covers {size:,} leaves of the log.")


def one_member(asked: Asked) -> Screen:
    """A member: its keys, agents, and what it did last."""
    way, name = Inside(asked.service), asked.path("name")
    found = way.query("identity.member", ByName(name), MemberView)
    keys = way.query("identity.keys", ByName(name), KeysView).keys
    mandates = way.query("identity.mandates", ByOwner(name), MandatesView).mandates
    return Screen(
        found.title or name,
        "A member of the network." if found.left is None else "A member that left the network.",
        (
            *facts_of("Member", found),
            rows_of("Keys", keys),
            rows_of("Agents and their mandates", mandates, _ENDING if mandates else ""),
            _to_end(mandates, own=name == asked.service.config.member),
            told("What it did last", latest(asked.service, 10, name)),
        ),
    )


def _to_end(mandates: tuple[MandateView, ...], *, own: bool) -> Html:
    """What ends each agent that may act: its owner at once, others as seats of the council."""
    method, text = ("identity.end_mandate", "now") if own else ("governance.end_agent", "as the council")
    return offer(
        *(
            (f"End {one.mandate.agent} {text}", method, {"mandate": one.mandate.id.hex()})
            for one in mandates
            if one.live
        )
    )
