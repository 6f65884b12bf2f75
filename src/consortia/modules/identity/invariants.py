"""What always holds of identity's state."""

from consortia.base.keys import key_id
from consortia.base.order import is_sorted
from consortia.kernel.block import MEMBERS_MAX
from consortia.kernel.context import Context
from consortia.kernel.module import Invariant
from consortia.modules.identity.keeper import derived_set, latest_change
from consortia.modules.identity.keyring import active_keys
from consortia.modules.identity.mandate_invariants import MANDATE_INVARIANTS
from consortia.modules.identity.person_invariants import PERSON_INVARIANTS
from consortia.modules.identity.state import (
    CHANGES,
    KEYS,
    LATEST,
    MEMBERS,
    OWNERS,
    PROPOSALS,
    SEATS,
    text,
)
from consortia.modules.identity.types import KEYS_MAX


def members_can_act(ctx: Context, _ports: None) -> str | None:
    """Every member has one node key, one recovery key and an admin, all active."""
    for (part,), member in MEMBERS.scan(ctx):
        if member.left is not None:
            continue
        name = text(part)
        keys = active_keys(ctx, name)
        single = {
            role: [wanted for wanted, key in keys if role in key.roles] for role in ("node", "recovery")
        }
        if single != {"node": [member.node], "recovery": [member.recovery]}:
            return f"{name} has not exactly one node key and one recovery key"
        if not any("admin" in key.roles for _, key in keys):
            return f"{name} has no admin"
        if len(keys) > KEYS_MAX:
            return f"{name} has {len(keys)} keys"
    return None


def keys_have_one_owner(ctx: Context, _ports: None) -> str | None:
    """Every key stands under its id and belongs to one member; every owner has its key."""
    owned = 0
    for (name, wanted), key in KEYS.scan(ctx):
        owner = OWNERS.get(ctx, wanted)
        if owner is None or owner.joining or owner.member != name or wanted != key_id(key.public):
            return f"a key of {text(name)} has another owner"
        owned += 1
    for _, owner in OWNERS.scan(ctx):
        if owner.joining and PROPOSALS.get(ctx, "admission", owner.member) is None:
            return f"a key waits for {owner.member}, which nobody proposed"
        owned -= not owner.joining
    return None if owned == 0 else "an owner has no key"


def set_is_derived(ctx: Context, _ports: None) -> str | None:
    """The member set in force is what members and keys give, and no larger than allowed."""
    change = latest_change(ctx)
    derived = derived_set(ctx)
    if change is None or change.members != derived:
        return "the member set in force is not that of the members"
    if not 1 <= len(derived.members) <= MEMBERS_MAX:
        return f"there are {len(derived.members)} members"
    return None


def changes_are_covered(ctx: Context, _ports: None) -> str | None:
    """Changes are numbered from 0, follow one another, and all but the first two carry a checkpoint."""
    first_leaf = -1
    for expected, ((part,), change) in enumerate(CHANGES.scan(ctx)):
        if part != expected or change.first_leaf <= first_leaf:
            return f"change {expected} does not follow the one before it"
        if (change.checkpoint is None) != (expected < 2):
            return f"change {expected} does not carry the checkpoint of the one before it"
        first_leaf = change.first_leaf
    latest = LATEST.get(ctx)
    count = sum(1 for _ in CHANGES.scan(ctx))
    return None if latest is not None and latest.number + 1 == count else "the latest change is another"


def proposals_are_whole(ctx: Context, _ports: None) -> str | None:
    """A proposal holds what its kind needs, and is about somebody whom it can concern."""
    for (kind_part, name_part), proposal in PROPOSALS.scan(ctx):
        kind, name = text(kind_part), text(name_part)
        wanted = (kind == "admission", kind == "quota", kind == "power")
        held = (proposal.joiner, proposal.quota, proposal.power)
        if tuple(each is not None for each in held) != wanted or (
            proposal.proposer is None and kind != "removal"
        ):
            return f"the {kind} of {name} does not hold what it asks"
        member = MEMBERS.get(ctx, name)
        if (kind == "admission") != (member is None) or (member is not None and member.left is not None):
            return f"the {kind} of {name} concerns nobody"
        if not is_sorted(proposal.approvals):
            return f"the approvals of the {kind} of {name} are not in order"
    return None


def seats_are_held(ctx: Context, _ports: None) -> str | None:
    """A seat is a member's, and its consensus key is the one such key of that member that acts."""
    consensus = {}
    for (part,), seat in SEATS.scan(ctx):
        member = MEMBERS.get(ctx, text(part))
        if member is None or member.left is not None:
            return f"{text(part)} has a seat and is no member"
        consensus[text(part)] = seat.consensus
    for (part,), member in MEMBERS.scan(ctx):
        name = text(part)
        held = [] if member.left is not None else active_keys(ctx, name)
        acting = [wanted for wanted, key in held if "consensus" in key.roles]
        if acting != [wanted for wanted in (consensus.get(name),) if wanted is not None]:
            return f"{name} has another consensus key than its seat"
    return None


INVARIANTS = (
    Invariant("members_can_act", members_can_act),
    Invariant("keys_have_one_owner", keys_have_one_owner),
    Invariant("set_is_derived", set_is_derived),
    Invariant("changes_are_covered", changes_are_covered),
    Invariant("proposals_are_whole", proposals_are_whole),
    Invariant("seats_are_held", seats_are_held),
    *MANDATE_INVARIANTS,
    *PERSON_INVARIANTS,
)
