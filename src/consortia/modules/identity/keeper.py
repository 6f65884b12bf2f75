"""What the kernel and other modules may ask of identity: reads, one accusation, and what agents spend."""

from dataclasses import dataclass

from consortia.base.keys import key_id
from consortia.base.refusals import Refused, require
from consortia.kernel.block import MemberKey, MemberSet, Misdeed
from consortia.kernel.context import Context, Signer
from consortia.kernel.ports import KeyState, Quota, SetStep, Validator
from consortia.modules.identity import mandates, persons
from consortia.modules.identity import refusals as codes
from consortia.modules.identity import validators as consensus
from consortia.modules.identity.mandate_state import MANDATES
from consortia.modules.identity.mandate_types import Mandate
from consortia.modules.identity.person_state import PERSON_KEYS
from consortia.modules.identity.state import (
    CHANGES,
    ENDPOINTS,
    KEYS,
    LATEST,
    MEMBERS,
    OWNERS,
    PROPOSALS,
    SETTINGS,
    text,
)
from consortia.modules.identity.types import JOINER, Change, Endpoint, Key, Member

_NOBODY = MemberSet(())


OFFICERS = frozenset({"admin", "analyst", "approver", "operator", "trustee"})
"""The roles of officers' keys."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """Identity's front door, and the kernel's key directory (`kernel.ports.KeyDirectory`)."""

    def is_member(self, ctx: Context, name: str) -> bool:
        """Whether `name` is a member now."""
        member = MEMBERS.get(ctx, name)
        return member is not None and member.left is None

    def members(self, ctx: Context) -> tuple[str, ...]:
        """The names of all members now, sorted."""
        return tuple(member.name for member in self.member_set(ctx).members)

    def count(self, ctx: Context) -> int:
        """How many members there are now."""
        return len(self.member_set(ctx).members)

    def witness(self, ctx: Context, name: str) -> bytes | None:
        """The public key with which the node of the member `name` cosigns; None if it is no member."""
        for member in self.member_set(ctx).members:
            if member.name == name:
                return member.witness
        return None

    def key_of(self, ctx: Context, key: bytes) -> Key | None:
        """The key with the id `key`, active or revoked; None for an unknown one or a joiner's."""
        owner = OWNERS.get(ctx, key)
        return None if owner is None or owner.joining else KEYS.get(ctx, owner.member, key)

    def owner_of(self, ctx: Context, key: bytes) -> str | None:
        """The member that the key with the id `key` belongs to, past members included; None if nobody's."""
        owner = OWNERS.get(ctx, key)
        return None if owner is None or owner.joining else owner.member

    def is_officer(self, ctx: Context, member: str, key: bytes) -> bool:
        """Whether the key with this id is in force and an officer's of the member."""
        state = self.key(ctx, key)
        if state is None or not state.active or state.signer.member != member:
            return False
        return bool(state.signer.roles & OFFICERS)

    def endpoint(self, ctx: Context, name: str) -> Endpoint | None:
        """Where the node of the member `name` is reached, if it said so."""
        return ENDPOINTS.get(ctx, name)

    def key(self, ctx: Context, key_id: bytes) -> KeyState | None:
        """The state of the key with this id for the kernel, or None."""
        owner = OWNERS.get(ctx, key_id)
        if owner is None:
            return mandates.agent_key(ctx, key_id) or self._person_key(ctx, key_id)
        if owner.joining:
            return _joiner_key(ctx, owner.member, key_id)
        member = MEMBERS.get(ctx, owner.member)
        key = KEYS.get(ctx, owner.member, key_id)
        if member is None or key is None:
            return None
        signer = Signer(key_id, key.public, owner.member, frozenset(key.roles))
        return KeyState(signer, key.revoked is None and member.left is None)

    def _person_key(self, ctx: Context, key: bytes) -> KeyState | None:
        held = PERSON_KEYS.get(ctx, key)
        return None if held is None else persons.person_key(ctx, key, self.quota(ctx, held.member), held)

    def acting(self, ctx: Context) -> Mandate | None:
        """The mandate under which this transaction's signer acts; None for any other key than an agent's.

        Raises Refused (`identity.mandate_over`) where it is over.
        """
        return mandates.acting(ctx)

    def person(self, ctx: Context) -> str | None:
        """What the person who signed is called, and its account (`north/ab12`); None for any other key.

        Raises Refused (`identity.signer_gone`) where it was released, or changed its key, in this very block.
        """
        held = persons.signing(ctx)
        return None if held is None else persons.name_of(held)

    def withdrawing(self, ctx: Context) -> str | None:
        """As `person`, for what one that was released may do as well."""
        held = persons.signing(ctx, released=True)
        return None if held is None else persons.name_of(held)

    def mandate(self, ctx: Context, mandate: bytes) -> Mandate | None:
        """The mandate with this id, over or not; None for an unknown one."""
        return MANDATES.get(ctx, mandate)

    def ended(self, ctx: Context, mandate: bytes) -> bool:
        """Whether what was done under a mandate stands no more: ended, expired, unknown, its owner gone."""
        found = MANDATES.get(ctx, mandate)
        return found is None or not mandates.is_live(ctx, found)

    def ended_at(self, ctx: Context, mandate: bytes) -> int | None:
        """The block time from which on nothing stands that was done under a mandate; None while it does.

        It is when it was ended, when its owner left, or one past its expiry, whichever came first; 0 for an
        unknown mandate.
        """
        found = MANDATES.get(ctx, mandate)
        return 0 if found is None else mandates.over_since(ctx, found)

    def charge(self, ctx: Context, unit: bytes, amount: int) -> None:
        """Count `amount` of a unit as leaving the hands of the agent's owner; refuses beyond its caps.

        Whoever is no agent is not counted. Call it for what is locked or may be owed at worst too, once,
        and never for what comes back.
        """
        mandates.charge(ctx, unit, amount)

    def end_mandate(self, ctx: Context, mandate: bytes, by: str) -> None:
        """End a live mandate in the name of a body that may (the council `by`); refuses one that is over."""
        found = MANDATES.get(ctx, mandate)
        if found is None:
            raise Refused(codes.NO_MANDATE, mandate.hex())
        require(mandates.is_live(ctx, found), codes.MANDATE_OVER, mandate.hex())
        mandates.end(ctx, found, by)

    def quota(self, ctx: Context, member: str) -> Quota:
        """The quota of a member, of the persons of one that left, or of a joiner for any other name."""
        record = MEMBERS.get(ctx, member)
        if record is not None:
            return record.quota if record.left is None else persons.left_over(record.quota)
        settings = SETTINGS.get(ctx)
        return Quota(0, 0, 0, 0) if settings is None else settings.joiner_quota

    def member_set(self, ctx: Context) -> MemberSet:
        """The members in force with their witness and recovery keys, sorted by name."""
        change = latest_change(ctx)
        return _NOBODY if change is None else change.members

    def validators(self, ctx: Context) -> tuple[Validator, ...]:
        """The members that vote in consensus, with their keys and powers, sorted by name."""
        return consensus.validators(ctx)

    def consensus_keys(self, ctx: Context) -> tuple[Validator, ...]:
        """Every consensus key there is or was; the power is 0 where it is out of force."""
        return consensus.consensus_keys(ctx)

    def accuse(self, ctx: Context, public: bytes, height: int, misdeed: Misdeed) -> None:
        """Mark the member whose consensus key was convicted, and propose its removal."""
        consensus.accuse(ctx, public, height, misdeed)

    def set_changes(self, ctx: Context) -> tuple[SetStep, ...]:
        """Every change of the member set after the genesis, oldest first, for the makers of proofs."""
        changes = [change for _, change in CHANGES.scan(ctx)][1:]
        notes = [change.checkpoint for change in changes[1:]]
        return tuple(
            SetStep(change.height, change.members, note)
            for change, note in zip(changes, [*notes, None], strict=False)
        )


def latest_change(ctx: Context) -> Change | None:
    """The change that brought the member set in force; None before the genesis is loaded."""
    latest = LATEST.get(ctx)
    return None if latest is None else CHANGES.get(ctx, latest.number)


def derived_set(ctx: Context) -> MemberSet:
    """The member set as the tables of members and keys give it."""
    found = []
    for (part,), member in MEMBERS.scan(ctx):
        if member.left is None:
            name = text(part)
            found.append(MemberKey(name, *_public(ctx, name, member)))
    return MemberSet(tuple(sorted(found, key=lambda member: member.name)))


def _public(ctx: Context, name: str, member: Member) -> tuple[bytes, bytes]:
    node, recovery = KEYS.get(ctx, name, member.node), KEYS.get(ctx, name, member.recovery)
    if node is None or recovery is None:
        raise LookupError(f"{name} has no node key or no recovery key")
    return node.public, recovery.public


def _joiner_key(ctx: Context, name: str, wanted: bytes) -> KeyState | None:
    """The state of a key of a proposed member: its admin keys may accept, the others may do nothing yet."""
    proposal = PROPOSALS.get(ctx, "admission", name)
    if proposal is None or proposal.joiner is None:
        return None
    for spec in proposal.joiner.keys:
        if key_id(spec.public) == wanted:
            roles = frozenset({JOINER}) if "admin" in spec.roles else frozenset[str]()
            return KeyState(Signer(wanted, spec.public, name, roles), ctx.time <= proposal.expires)
    return None
