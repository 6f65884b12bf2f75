"""Handlers of what agents do: each act is accounted for before it takes effect."""

from msgspec.structs import replace

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Calls, Context
from consortia.kernel.transaction import Call
from consortia.modules.predictions import messages as asked
from consortia.modules.predictions import refusals as codes
from consortia.modules.predictions.handlers import check_model, write_batch
from consortia.modules.predictions.ports import Mandate, Ports
from consortia.modules.predictions.state import (
    BY_ACTOR,
    DEED_ROOTS,
    DEEDS,
    PERFORMED,
    ROOTS,
    WAITING,
    batch_id,
    deed_id,
    track_of,
    write_track,
)
from consortia.modules.predictions.types import (
    Account,
    Acted,
    Batch,
    Deed,
    Done,
    Performed,
    Waiting,
)

VOID = "void"
COST_MAX = 2_000
"""What an act that waits may cost when it is carried out: whoever asks for that pays for it."""


def act(ctx: Context, message: asked.Act, ports: Ports) -> None:
    """Account for the calls of an agent that follow in its transaction."""
    # CHECK
    mandate = ports.agents.acting(ctx)
    check_account(ctx, mandate, message.account, ports)
    # WRITE, EMIT
    account_for(ctx, mandate, message.account)


def defer(ctx: Context, message: asked.Defer, ports: Ports) -> None:
    """Keep an act until its mandate's delay has passed."""
    # CHECK
    mandate = ports.agents.acting(ctx)
    check_account(ctx, mandate, message.account, ports)
    check_calls(ctx, mandate, message.calls)
    # WRITE, EMIT
    deed = account_for(ctx, mandate, message.account)
    WAITING.put(ctx, Waiting(message.calls), deed.id)


def perform(ctx: Context, message: asked.Perform, ports: Ports) -> None:
    """Carry out an act that waited, under its agent; it is void where the mandate is over by now.

    What one of its calls meets undoes all of them and is told; the act is done with either way. Caps count
    what a transaction spends as one act, so it carries out one: a second, put beside it by a stranger, would
    meet the first one's cap and be done with for good. It waits on while one of its calls is stopped.
    """
    # CHECK
    deed, waiting = DEEDS.get(ctx, message.deed), WAITING.get(ctx, message.deed)
    if deed is None or waiting is None:
        raise Refused(codes.NOTHING_WAITS, message.deed.hex())
    require(ctx.time >= deed.due, codes.NOT_DUE, f"{deed.due}")
    first = next(iter(PERFORMED.scan(ctx, ctx.transaction)), None) is None
    require(first, codes.ONE_AT_A_TIME, message.deed.hex())
    signer = ports.agents.signer(ctx, deed.mandate)
    if signer is not None:
        for call in waiting.calls:
            nested(ctx).check_stopped(ctx, signer, call.method)
    # WRITE
    WAITING.delete(ctx, deed.id)
    PERFORMED.put(ctx, Done(deed.id), ctx.transaction, ctx.call)
    calls = [(call.method, call.args) for call in waiting.calls]
    code = VOID if signer is None else nested(ctx).run_as(ctx, signer, calls).code
    # EMIT
    ctx.emit(Performed(deed.id, code))


def nested(ctx: Context) -> Calls:
    """How calls are carried out within a call."""
    if ctx.calls is None:
        raise LookupError("there is no machine that runs calls")
    return ctx.calls


def check_calls(ctx: Context, mandate: Mandate, calls: tuple[Call, ...]) -> None:
    """Refuse calls that the agent could not sign today, or that cost too much to be carried out by others."""
    cost = 0
    for call in calls:
        require(call.method in mandate.methods, codes.NOT_MANDATED, call.method)
        cost += nested(ctx).read_as(ctx.signer.roles, call.method, call.args)
    require(cost <= COST_MAX, codes.TOO_COSTLY, str(cost))


def check_account(ctx: Context, mandate: Mandate, account: Account, ports: Ports) -> None:
    """Refuse an act by another model than the mandate pins, or one whose record stands already."""
    if mandate.pin.asset is not None:
        check_model(ctx, (mandate.pin.asset, mandate.pin.content), mandate.owner, account.purpose, ports)
    known = DEED_ROOTS.has(ctx, account.root) or ROOTS.has(ctx, account.root)
    require(not known, codes.REPEATED, account.root.hex())


def account_for(ctx: Context, mandate: Mandate, account: Account) -> Deed:
    """Write an act, and with a model's its answer as a batch of one record; tell of both."""
    pin = mandate.pin
    batch = None if pin.asset is None else _batch(ctx, mandate.owner, (pin.asset, pin.content), account)
    deed = Deed(
        id=deed_id(ctx),
        mandate=mandate.id,
        owner=mandate.owner,
        agent=mandate.agent,
        model=pin.asset,
        content=pin.content,
        account=account,
        transaction=ctx.transaction,
        height=ctx.height,
        time=ctx.time,
        due=ctx.time + mandate.delay,
    )
    DEEDS.put(ctx, deed, deed.id)
    DEED_ROOTS.put(ctx, Done(deed.id), account.root)
    track = track_of(ctx, mandate.owner, pin.content)
    BY_ACTOR.put(ctx, Done(deed.id), mandate.owner, pin.content, track.acts)
    write_track(ctx, mandate.owner, pin.content, replace(track, acts=track.acts + 1))
    if batch is not None:
        write_batch(ctx, batch)
    ctx.emit(Acted(deed.id, mandate.id, mandate.owner, mandate.agent, account.stated, deed.due))
    return deed


def _batch(ctx: Context, owner: str, model: tuple[bytes, bytes], account: Account) -> Batch:
    asset, content = model
    return Batch(
        id=batch_id(ctx),
        member=owner,
        model=asset,
        content=content,
        purpose=account.purpose,
        policy=account.policy,
        root=account.root,
        count=1,
        opened=account.opened,
        height=ctx.height,
        time=ctx.time,
    )
