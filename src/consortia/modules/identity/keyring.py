"""What stands for every set of keys: the checks before it is written, and the writing."""

from collections.abc import Sequence

from consortia.base.keys import is_prime_order, key_id, verify
from consortia.base.refusals import require
from consortia.kernel.context import Context
from consortia.modules.identity import refusals as codes
from consortia.modules.identity.messages import NewKey
from consortia.modules.identity.person_state import PERSON_KEYS
from consortia.modules.identity.rules import complete, possession_message, roles_in_order
from consortia.modules.identity.state import AGENTS, KEYS, MEMBERS, OWNERS, PROPOSALS, digest
from consortia.modules.identity.types import Key, KeySpec, Member, Owner


def check_points(ctx: Context, keys: Sequence[KeySpec]) -> None:
    """Refuse keys of small order, keys that somebody has or had, and repeated ones."""
    ids = [key_id(key.public) for key in keys]
    for key in keys:
        require(is_prime_order(key.public), codes.SMALL_ORDER, key.public.hex())
    require(len(set(ids)) == len(ids), codes.KEY_KNOWN, "a key stands twice in the set")
    for wanted in ids:
        require(_is_free(ctx, wanted), codes.KEY_KNOWN, wanted.hex())


def check_possession(ctx: Context, name: str, keys: Sequence[NewKey]) -> None:
    """Refuse keys whose owner did not sign, with each, that they become the keys of `name`."""
    message = possession_message(ctx.network, name, tuple(key.spec for key in keys))
    for key in keys:
        require(verify(key.public, message, key.possession), codes.BAD_POSSESSION, key.label)


def check_complete(keys: Sequence[KeySpec]) -> None:
    """Refuse a set of keys by which a member could not live."""
    for key in keys:
        require(roles_in_order(key.roles), codes.BAD_ROLES, " ".join(key.roles))
    require(complete(keys), codes.BAD_KEY_SET)


def check_set(ctx: Context, name: str, keys: Sequence[NewKey]) -> None:
    """All checks of a whole new set of keys of the member `name`."""
    specs = [key.spec for key in keys]
    check_complete(specs)
    check_points(ctx, specs)
    check_possession(ctx, name, keys)


def write_keys(ctx: Context, name: str, keys: Sequence[KeySpec]) -> None:
    """Give the member `name` these keys."""
    for key in keys:
        OWNERS.put(ctx, Owner(name, joining=False), key_id(key.public))
        KEYS.put(ctx, Key(key.public, key.roles, key.label, ctx.time, None), name, key_id(key.public))


def write_revoked(ctx: Context, name: str, wanted: bytes, key: Key) -> None:
    """Put a key of `name` out of force."""
    KEYS.put(ctx, Key(key.public, key.roles, key.label, key.since, ctx.time), name, wanted)


def write_single(ctx: Context, name: str, member: Member, keys: Sequence[KeySpec]) -> None:
    """Make the node and recovery keys among `keys` those of the member; other keys do not matter here."""
    node = next((key_id(key.public) for key in keys if "node" in key.roles), member.node)
    recovery = next((key_id(key.public) for key in keys if "recovery" in key.roles), member.recovery)
    MEMBERS.put(ctx, Member(member.title, member.quota, node, recovery, member.joined, member.left), name)


def active_keys(ctx: Context, name: str) -> list[tuple[bytes, Key]]:
    """The ids and keys of a member that are not revoked, by id."""
    found = []
    for (_, wanted), key in KEYS.scan(ctx, name):
        if key.revoked is None:
            found.append((digest(wanted), key))
    return found


def is_known(ctx: Context, key: bytes) -> bool:
    """Whether a key is or was a member's, a joiner's, an agent's or a person's."""
    return OWNERS.has(ctx, key) or AGENTS.has(ctx, key) or PERSON_KEYS.has(ctx, key)


def _is_free(ctx: Context, wanted: bytes) -> bool:
    """Whether a key was never a member's, an agent's or a person's, and is in no admission still open."""
    owner = OWNERS.get(ctx, wanted)
    if owner is None:
        return not AGENTS.has(ctx, wanted) and not PERSON_KEYS.has(ctx, wanted)
    proposal = PROPOSALS.get(ctx, "admission", owner.member) if owner.joining else None
    return proposal is not None and proposal.expires < ctx.time
