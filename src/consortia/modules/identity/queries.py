"""Questions that identity answers."""

from typing import Annotated, get_args

from msgspec import Meta

from consortia.base.codec import U63, Digest, Milliseconds, Name, Record, Text80
from consortia.base.refusals import Refused
from consortia.exact.tally import quorum
from consortia.kernel.block import MemberSet
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.kernel.ports import Quota
from consortia.modules.identity import refusals as codes
from consortia.modules.identity.decisions import KEEPER, voters
from consortia.modules.identity.rules import proposal_id
from consortia.modules.identity.state import (
    ATTESTORS,
    CHANGES,
    ENDPOINTS,
    KEYS,
    LATEST,
    MEMBERS,
    OFFENCES,
    PROPOSALS,
    digest,
    text,
)
from consortia.modules.identity.types import Attestor, Change, Endpoint, Key, Kind, Offence, Power, Proposal
from consortia.modules.identity.validators import seat_of

CHANGES_PAGE_MAX = 64
_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}


class Nothing(Record, frozen=True):
    """A question without arguments."""


class ByName(Record, frozen=True):
    """A question about one member, past or present."""

    name: Name


class ByKey(Record, frozen=True):
    """A question about one key, by its id."""

    key: Digest


class ChangesFrom(Record, frozen=True):
    """A question for at most 64 member sets, from the number `first` on."""

    first: U63


class MemberView(Record, frozen=True):
    """A member, past (`left`) or present."""

    name: Name
    title: Text80
    quota: Quota
    node: Digest
    recovery: Digest
    joined: Milliseconds
    left: Milliseconds | None
    endpoint: Endpoint | None
    attestors: tuple[tuple[Annotated[str, Meta(max_length=16)], Attestor], ...]


class MembersView(Record, frozen=True):
    """All members, past and present, by name."""

    members: tuple[MemberView, ...]


class KeyView(Record, frozen=True):
    """A key, its id and its member."""

    id: Digest
    member: Name
    key: Key


class KeysView(Record, frozen=True):
    """The keys of a member, revoked ones included, by id."""

    keys: tuple[KeyView, ...]


class ProposalView(Record, frozen=True):
    """An open proposal by its id: how many approvals it needs, and whose are awaited."""

    id: Digest
    kind: Kind
    name: Name
    proposal: Proposal
    needed: U63
    awaited: tuple[Name, ...]


class ProposalsView(Record, frozen=True):
    """All proposals that have not expired, by kind and member."""

    proposals: tuple[ProposalView, ...]


class MemberSetView(Record, frozen=True):
    """The member set in force, its number, its hash, and the quorum that makes a checkpoint final."""

    number: U63
    members: MemberSet
    hash: Digest
    quorum: U63


class SeatView(Record, frozen=True):
    """A member, the id of its consensus key if it has one, and its voting power."""

    member: Name
    consensus: Digest | None
    power: Power


class OffenceView(Record, frozen=True):
    """Of what a member's consensus key (its id) was convicted, and at which height of its driver's."""

    member: Name
    key: Digest
    height: U63
    offence: Offence


class ValidatorsView(Record, frozen=True):
    """All members as voters in consensus, and every offence there was; `voting` is the power that votes."""

    seats: tuple[SeatView, ...]
    voting: U63
    offences: tuple[OffenceView, ...]


class ChangesView(Record, frozen=True):
    """Member sets with the blocks that brought them in force, from the number `first` on; `total` in all."""

    first: U63
    total: U63
    changes: tuple[Change, ...]


def members(ctx: Context, _arguments: Nothing, _ports: None) -> MembersView:
    """All members, past and present."""
    names = sorted(text(name) for (name,), _ in MEMBERS.scan(ctx))
    return MembersView(tuple(_view(ctx, name) for name in names))


def member(ctx: Context, arguments: ByName, _ports: None) -> MemberView:
    """One member."""
    return _view(ctx, arguments.name)


def keys(ctx: Context, arguments: ByName, _ports: None) -> KeysView:
    """The keys of a member."""
    found = [
        KeyView(digest(wanted), arguments.name, key) for (_, wanted), key in KEYS.scan(ctx, arguments.name)
    ]
    return KeysView(tuple(found))


def key(ctx: Context, arguments: ByKey, _ports: None) -> KeyView:
    """One key and whose it is."""
    owner, found = KEEPER.owner_of(ctx, arguments.key), KEEPER.key_of(ctx, arguments.key)
    if owner is None or found is None:
        raise Refused(codes.NO_KEY, arguments.key.hex())
    return KeyView(arguments.key, owner, found)


def proposals(ctx: Context, _arguments: Nothing, _ports: None) -> ProposalsView:
    """The open proposals, with who approved and who is awaited."""
    found = []
    for (kind_part, name_part), proposal in PROPOSALS.scan(ctx):
        if proposal.expires >= ctx.time:
            kind, name = _KINDS[text(kind_part)], text(name_part)
            having_say = voters(ctx, kind, name)
            awaited = tuple(voter for voter in having_say if voter not in proposal.approvals)
            needed = quorum(len(having_say))
            found.append(
                ProposalView(proposal_id(kind, name, proposal), kind, name, proposal, needed, awaited)
            )
    return ProposalsView(tuple(sorted(found, key=lambda view: (view.kind, view.name))))


def member_set(ctx: Context, _arguments: Nothing, _ports: None) -> MemberSetView:
    """The member set in force."""
    latest = LATEST.get(ctx)
    found = KEEPER.member_set(ctx)
    return MemberSetView(
        0 if latest is None else latest.number, found, found.hash(), quorum(len(found.members))
    )


def set_changes(ctx: Context, arguments: ChangesFrom, _ports: None) -> ChangesView:
    """Every member set there was, with its block and the checkpoint that covers the set before."""
    latest = LATEST.get(ctx)
    total = 0 if latest is None else latest.number + 1
    numbers = range(arguments.first, min(total, arguments.first + CHANGES_PAGE_MAX))
    found = [CHANGES.get(ctx, number) for number in numbers]
    return ChangesView(arguments.first, total, tuple(change for change in found if change is not None))


def validators(ctx: Context, _arguments: Nothing, _ports: None) -> ValidatorsView:
    """Who votes in consensus with which power, and who was convicted."""
    seats = [(name, seat_of(ctx, name)) for name in KEEPER.members(ctx)]
    offences = [
        OffenceView(text(name), digest(wanted), int(height), offence)
        for (name, wanted, height), offence in OFFENCES.scan(ctx)
    ]
    return ValidatorsView(
        tuple(SeatView(name, seat.consensus, seat.power) for name, seat in seats),
        sum(one.power for one in KEEPER.validators(ctx)),
        tuple(offences),
    )


def _view(ctx: Context, name: str) -> MemberView:
    found = MEMBERS.get(ctx, name)
    if found is None:
        raise Refused(codes.NOT_A_MEMBER, name)
    attestors = tuple((text(algorithm), attestor) for (_, algorithm), attestor in ATTESTORS.scan(ctx, name))
    return MemberView(
        name,
        found.title,
        found.quota,
        found.node,
        found.recovery,
        found.joined,
        found.left,
        ENDPOINTS.get(ctx, name),
        attestors,
    )


QUERIES = (
    Query("members", Nothing, MembersView, members, "All members, past and present."),
    Query("member", ByName, MemberView, member, "One member, by name."),
    Query("keys", ByName, KeysView, keys, "The keys of a member, revoked ones included."),
    Query("key", ByKey, KeyView, key, "One key by its id, and whose it is."),
    Query("proposals", Nothing, ProposalsView, proposals, "Open proposals, and whose approval is awaited."),
    Query("member_set", Nothing, MemberSetView, member_set, "The member set in force, its hash and quorum."),
    Query("validators", Nothing, ValidatorsView, validators, "Who votes in consensus, and offences there."),
    Query("set_changes", ChangesFrom, ChangesView, set_changes, "Every member set there was, and its block."),
)
