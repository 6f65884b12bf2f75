"""How records are asked for, and emergencies reviewed: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.consent import messages as asked
from consortia.modules.consent import refusals as codes
from consortia.modules.consent.handlers import own_scope, scope
from consortia.modules.consent.ports import Ports
from consortia.modules.consent.rules import stands
from consortia.modules.consent.state import CONSENTS, EMERGENCIES, SCOPES, USES, unreviewed
from consortia.modules.consent.types import (
    UNREVIEWED_MAX,
    Emergencies,
    EmergencyReviewed,
    RecordsAsked,
    Use,
)


def access(ctx: Context, message: asked.Access, ports: Ports) -> None:
    """Take down that a member asks for a person's records, as right and consent allow."""
    # CHECK
    found, member = scope(ctx, message.dataset), ctx.signer.member
    allowed = ports.assets.may_download(ctx, member, message.dataset, message.purpose)
    require(allowed, codes.NO_RIGHT, message.purpose)
    consent = CONSENTS.get(ctx, message.dataset, message.subject, message.purpose)
    require(stands(consent, ctx.time), codes.NO_CONSENT, message.purpose)
    # DECIDE
    use = _use(ctx, message.subject, message.purpose, message.request)
    # WRITE
    USES.put(ctx, use, message.dataset, found.uses)
    SCOPES.put(ctx, replace(found, uses=found.uses + 1), message.dataset)
    # EMIT
    ctx.emit(RecordsAsked(message.dataset, found.uses, member, message.subject, message.purpose))


def break_glass(ctx: Context, message: asked.BreakGlass, ports: Ports) -> None:
    """Take down that a member asks for a person's records in an emergency."""
    # CHECK
    found, member = scope(ctx, message.dataset), ctx.signer.member
    known = next(CONSENTS.scan(ctx, message.dataset, message.subject), None)
    require(known is not None, codes.UNKNOWN_PERSON)
    waiting = unreviewed(ctx, message.dataset, member)
    require(waiting < UNREVIEWED_MAX, codes.UNREVIEWED, str(waiting))
    # DECIDE
    use = _use(ctx, message.subject, None, message.reasons)
    # WRITE
    USES.put(ctx, use, message.dataset, found.uses)
    SCOPES.put(ctx, replace(found, uses=found.uses + 1), message.dataset)
    EMERGENCIES.put(ctx, Emergencies(waiting + 1), message.dataset, member)
    # EMIT
    ctx.emit(RecordsAsked(message.dataset, found.uses, member, message.subject, None))


def review(ctx: Context, message: asked.Review, ports: Ports) -> None:
    """Take down what the owner says of an emergency."""
    # CHECK
    own_scope(ctx, message.dataset)
    use = USES.get(ctx, message.dataset, message.place)
    if use is None or use.purpose is not None or use.justified is not None:
        raise Refused(codes.NO_EMERGENCY, str(message.place))
    require(use.key != ctx.signer.key, codes.FOUR_EYES)
    # DECIDE
    waiting = unreviewed(ctx, message.dataset, use.member)
    # WRITE
    USES.put(ctx, replace(use, justified=message.justified), message.dataset, message.place)
    EMERGENCIES.put(ctx, Emergencies(waiting - 1), message.dataset, use.member)
    # EMIT
    ctx.emit(EmergencyReviewed(message.dataset, message.place, message.justified))


def _use(ctx: Context, subject: bytes, purpose: str | None, request: bytes) -> Use:
    signer = ctx.signer
    return Use(
        member=signer.member,
        key=signer.key,
        subject=subject,
        purpose=purpose,
        request=request,
        height=ctx.height,
        time=ctx.time,
        justified=None,
    )
