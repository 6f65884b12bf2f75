"""Handlers of persons: a member enrols and releases its own, a person changes its key and may go."""

from msgspec.structs import replace

from consortia.base.keys import is_prime_order, key_id, verify
from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.identity import person_messages as asked
from consortia.modules.identity import refusals as codes
from consortia.modules.identity.decisions import KEEPER, acting
from consortia.modules.identity.keyring import is_known
from consortia.modules.identity.mandate_state import AGENT_NAMES
from consortia.modules.identity.person_state import CROWDS, PERSON_KEYS, PERSONS, crowd
from consortia.modules.identity.person_types import (
    PERSONS_MAX,
    Crowd,
    Person,
    PersonClaim,
    PersonEnrolled,
    PersonKey,
    PersonRekeyed,
    PersonReleased,
)
from consortia.modules.identity.persons import person_message, room, signing


def enrol(ctx: Context, message: asked.Enrol, _ports: None) -> None:
    """Let a person sign what concerns it, from the next block."""
    # CHECK
    member, had = acting(ctx), crowd(ctx, ctx.signer.member)
    check_person_key(ctx, PersonClaim(member, message.label, message.key), message.possession)
    free = not PERSONS.has(ctx, member, message.label) and not AGENT_NAMES.has(ctx, member, message.label)
    require(free, codes.LABEL_TAKEN, message.label)
    most = room(KEEPER.quota(ctx, member))
    fits = had.count < PERSONS_MAX and had.labels < most
    require(fits, codes.TOO_MANY_PERSONS, f"{had.count} persons, {had.labels} labels of {most}")
    # DECIDE
    key = key_id(message.key)
    # WRITE
    PERSONS.put(ctx, Person(key, ctx.time, None), member, message.label)
    PERSON_KEYS.put(ctx, PersonKey(member, message.label, message.key), key)
    CROWDS.put(ctx, Crowd(had.count + 1, had.labels + 1), member)
    # EMIT
    ctx.emit(PersonEnrolled(member, message.label, key))


def rekey(ctx: Context, message: asked.Rekey, _ports: None) -> None:
    """Replace a person's key by another, as it asks itself."""
    # CHECK
    held = signing(ctx)
    if held is None:
        raise Refused(codes.NO_PERSON, ctx.signer.key.hex())
    check_person_key(ctx, PersonClaim(held.member, held.label, message.key), message.possession)
    # DECIDE
    key = key_id(message.key)
    person = _person(ctx, held.member, held.label)
    # WRITE
    PERSONS.put(ctx, replace(person, key=key), held.member, held.label)
    PERSON_KEYS.put(ctx, replace(held, public=message.key), key)
    # EMIT
    ctx.emit(PersonRekeyed(held.member, held.label, key))


def release(ctx: Context, message: asked.Release, _ports: None) -> None:
    """End what a person's key may do, but withdraw; the label stays its own."""
    # CHECK
    held = signing(ctx)
    member = acting(ctx) if held is None else held.member
    require(held is None or held.label == message.label, codes.NO_PERSON, message.label)
    person, had = _person(ctx, member, message.label), crowd(ctx, member)
    # WRITE
    PERSONS.put(ctx, replace(person, released=ctx.time), member, message.label)
    CROWDS.put(ctx, replace(had, count=had.count - 1), member)
    # EMIT
    ctx.emit(PersonReleased(member, message.label, own=held is not None))


def check_person_key(ctx: Context, claim: PersonClaim, possession: bytes) -> None:
    """Refuse a key of small order, one that is or was anybody's, and one that its holder did not offer."""
    key = key_id(claim.key)
    require(is_prime_order(claim.key), codes.SMALL_ORDER, claim.key.hex())
    require(not is_known(ctx, key), codes.KEY_KNOWN, key.hex())
    message = person_message(ctx.network, claim)
    require(verify(claim.key, message, possession), codes.BAD_POSSESSION, claim.label)


def _person(ctx: Context, member: str, label: str) -> Person:
    """A person that was not released; raises Refused."""
    person = PERSONS.get(ctx, member, label)
    if person is None or person.released is not None:
        raise Refused(codes.NO_PERSON, f"{member}/{label}")
    return person
