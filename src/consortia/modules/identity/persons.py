"""Persons as others may ask about them: who signs, and how much of the member's quota is theirs."""

from msgspec.structs import replace

from consortia.base.codec import encode_record
from consortia.base.hashing import tagged
from consortia.base.refusals import Refused
from consortia.kernel.context import Context, Signer
from consortia.kernel.ports import Bounds, KeyState, Purse, Quota
from consortia.modules.identity import refusals as codes
from consortia.modules.identity.person_state import PERSON_KEYS, PERSONS, crowd
from consortia.modules.identity.person_types import (
    COST_MAX,
    COST_MIN,
    PERSON,
    WITHDRAW,
    PersonClaim,
    PersonKey,
)


def person_message(network: bytes, claim: PersonClaim) -> bytes:
    """What a person's key signs: H("consortia/person", network | claim), 32 bytes."""
    return tagged("consortia/person", network + encode_record(claim))


def part(quota: Quota, labels: int) -> int:
    """What a person may cost in an epoch, where its member ever gave so many labels.

    Each label has an equal share of half the member's quota, for ever: of it `COST_MIN` is kept for when the
    person was released. It is no more than `COST_MAX`, and no less than `COST_MIN` where the quota was
    lowered after enrolment.
    """
    share = quota.cost_per_epoch // 2 // max(1, labels)
    return max(COST_MIN, min(COST_MAX, share - COST_MIN))


def left_over(quota: Quota) -> Quota:
    """What all persons of a member that left may cost together: a hundredth of its quota, or `COST_MIN`.

    So they still withdraw what they agreed to, and nobody outlasts its removal behind persons of its own.
    """
    block, epoch = (max(COST_MIN, cost // 100) for cost in (quota.cost_per_block, quota.cost_per_epoch))
    return replace(quota, cost_per_block=block, cost_per_epoch=epoch)


def room(quota: Quota) -> int:
    """For how many labels half of a member's quota suffices."""
    return quota.cost_per_epoch // 2 // (2 * COST_MIN)


def person_key(ctx: Context, key: bytes, quota: Quota, held: PersonKey) -> KeyState:
    """The state of a person's key for the kernel.

    It stays when its member leaves. Of a released person a transaction is one withdrawal: what it consented
    to it can always end, whatever its member does, and whatever itself cost before.
    """
    person = PERSONS.get(ctx, held.member, held.label)
    signer = Signer(key, held.public, held.member, frozenset({PERSON}))
    acts = person is not None and person.key == key
    if person is None or person.released is not None:
        return KeyState(
            signer, acts, Bounds(WITHDRAW, frozenset()), Purse(f"{name_of(held)}/released", COST_MIN)
        )
    most = part(quota, crowd(ctx, held.member).labels)
    return KeyState(signer, acts, purse=Purse(name_of(held), most))


def name_of(held: PersonKey) -> str:
    """How a person is called, and its account: `north/ab12`."""
    return f"{held.member}/{held.label}"


def signing(ctx: Context, *, released: bool = False) -> PersonKey | None:
    """The person that signed this transaction; None for any other key.

    Raises Refused where it changed its key earlier in this block, or was released, unless one that was
    `released` may ask for this too.
    """
    if PERSON not in ctx.signer.roles:
        return None
    held = PERSON_KEYS.get(ctx, ctx.signer.key)
    person = None if held is None else PERSONS.get(ctx, held.member, held.label)
    acts = person is not None and person.key == ctx.signer.key and (released or person.released is None)
    if held is None or not acts:
        raise Refused(codes.SIGNER_GONE, ctx.signer.key.hex())
    return held
