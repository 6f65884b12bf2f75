"""How consents are required, given and withdrawn: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.order import is_sorted
from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.consent import messages as asked
from consortia.modules.consent import refusals as codes
from consortia.modules.consent.ports import Ports
from consortia.modules.consent.rules import is_term, slip_of, slip_of_person, stands
from consortia.modules.consent.state import CONSENTS, COUNTS, SCOPES, withdrawn
from consortia.modules.consent.types import (
    Consent,
    ConsentRequired,
    ConsentsGiven,
    ConsentWithdrawn,
    Count,
    Scope,
)


def give_cost(message: asked.Give) -> int:
    """What recording consents costs: 20 for each person and purpose."""
    return 100 + 20 * sum(len(each.purposes) for each in message.consents)


def agree_cost(message: asked.Agree) -> int:
    """What consenting anew costs: 25 for each purpose."""
    return 125 + 25 * len(message.purposes)


def require_consent(ctx: Context, message: asked.Require, ports: Ports) -> None:
    """Put a data set under consent."""
    # CHECK
    data = ports.assets.dataset(ctx, message.dataset)
    if data is None:
        raise Refused(codes.UNKNOWN_DATASET, message.dataset.hex())
    require(data.owner == ctx.signer.member, codes.NOT_OWNER, data.owner)
    require(data.by_subject, codes.NO_SUBJECTS)
    require(not SCOPES.has(ctx, message.dataset), codes.REQUIRED)
    # WRITE
    SCOPES.put(ctx, Scope(data.owner, ctx.time, 0), message.dataset)
    # EMIT
    ctx.emit(ConsentRequired(message.dataset, data.owner))


def give(ctx: Context, message: asked.Give, ports: Ports) -> None:
    """Take down what people agreed to."""
    # CHECK
    own_scope(ctx, message.dataset)
    require(is_sorted(each.subject for each in message.consents), codes.UNSORTED)
    for each in message.consents:
        require(is_sorted(each.purposes), codes.UNSORTED)
        require(is_term(each.expires, ctx.time), codes.BAD_TERM, str(each.expires))
        for purpose in each.purposes:
            before = CONSENTS.get(ctx, message.dataset, each.subject, purpose)
            if before is not None and stands(before, ctx.time):
                require(each.expires >= before.expires, codes.SHORTER, purpose)
                require(each.slip == before.slip, codes.OTHER_SLIP, purpose)
            require(before is None or not before.own, codes.NOT_YOURS, purpose)
    # WRITE
    for each in message.consents:
        for purpose in each.purposes:
            consent = Consent(ctx.time, each.expires, each.slip, None, own=False)
            CONSENTS.put(ctx, consent, message.dataset, each.subject, purpose)
    # EMIT
    ctx.emit(ConsentsGiven(message.dataset, len(message.consents)))


def agree(ctx: Context, message: asked.Agree, ports: Ports) -> None:
    """Take down what a person agrees to itself, of what it was asked for."""
    # CHECK
    scope(ctx, message.dataset)
    person = ports.persons.person(ctx)
    require(is_sorted(message.purposes), codes.UNSORTED)
    require(is_term(message.expires, ctx.time), codes.BAD_TERM, str(message.expires))
    given = {}
    for purpose in message.purposes:
        before = CONSENTS.get(ctx, message.dataset, message.subject, purpose)
        if before is None or person is None or before.slip != slip_of_person(message.secret, person):
            raise Refused(codes.NOT_YOURS, purpose)
        shorter = stands(before, ctx.time) and message.expires < before.expires
        require(not shorter, codes.SHORTER, purpose)
        given[purpose] = Consent(ctx.time, message.expires, before.slip, None, own=False)
    # WRITE
    for purpose, consent in given.items():
        CONSENTS.put(ctx, consent, message.dataset, message.subject, purpose)
    # EMIT
    ctx.emit(ConsentsGiven(message.dataset, 1))


def withdraw(ctx: Context, message: asked.Withdraw, ports: Ports) -> None:
    """End a person's consent; what was shown of versions for these purposes holds no more."""
    # CHECK
    found, person = scope(ctx, message.dataset), ports.persons.withdrawing(ctx)
    require(is_sorted(message.purposes), codes.UNSORTED)
    ended = {}
    for purpose in message.purposes:
        consent = CONSENTS.get(ctx, message.dataset, message.subject, purpose)
        if consent is None or not stands(consent, ctx.time):
            raise Refused(codes.NOT_GIVEN, purpose)
        own = _is_own(consent, message.secret, person)
        may = own or _may_end(ctx, found, consent, message.secret, person)
        require(may, codes.NOT_YOURS, found.owner)
        ended[purpose] = replace(consent, withdrawn=ctx.time, own=own)
    # WRITE
    for purpose, consent in ended.items():
        CONSENTS.put(ctx, consent, message.dataset, message.subject, purpose)
        count = withdrawn(ctx, message.dataset, purpose)
        COUNTS.put(ctx, Count(count + 1), message.dataset, purpose)
    # EMIT
    ctx.emit(ConsentWithdrawn(message.dataset, message.subject, message.purposes))


def _may_end(ctx: Context, found: Scope, consent: Consent, secret: bytes | None, person: str | None) -> bool:
    """Whether the signer may end a consent: its data set's owner, or whoever shows what opens its slip."""
    if secret is None:
        return person is None and found.owner == ctx.signer.member
    return consent.slip == slip_of(secret)


def _is_own(consent: Consent, secret: bytes | None, person: str | None) -> bool:
    """Whether the signer is the person itself, by its own key."""
    return secret is not None and person is not None and consent.slip == slip_of_person(secret, person)


def scope(ctx: Context, dataset: bytes) -> Scope:
    """The data set under consent with this id; raises Refused."""
    found = SCOPES.get(ctx, dataset)
    if found is None:
        raise Refused(codes.NOT_REQUIRED, dataset.hex())
    return found


def own_scope(ctx: Context, dataset: bytes) -> Scope:
    """The signer's member's data set under consent with this id; raises Refused."""
    found = scope(ctx, dataset)
    require(found.owner == ctx.signer.member, codes.NOT_OWNER, found.owner)
    return found
