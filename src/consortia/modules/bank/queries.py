"""What anyone may ask about value."""

from typing import Annotated, cast

from msgspec import Meta

from consortia.base.codec import U63, Digest, Name, Record
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.modules.bank.ports import Ports
from consortia.modules.bank.rules import joined, split
from consortia.modules.bank.state import (
    BALANCES,
    CODES,
    ESCROWS,
    HOLDS,
    PARTIES,
    PAYOUTS,
    SCORES,
    UNITS,
    balance,
)
from consortia.modules.bank.types import Account, Escrow, Hold, Payout, Scores, Unit

PAGE_MAX = 100
Limit = Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class ById(Record, frozen=True):
    """A unit's id."""

    unit: Digest


class ByCode(Record, frozen=True):
    """An issuer and what it calls its unit."""

    issuer: Name
    code: Name


class MaybeUnit(Record, frozen=True):
    """A unit, or None where there is none."""

    unit: Unit | None


class ListUnits(Record, frozen=True):
    """Units by id, behind the cursor `after`."""

    after: Digest | None
    limit: Limit


class UnitPage(Record, frozen=True):
    """A page of units; `next` is the cursor of the next page, None on the last."""

    units: tuple[Unit, ...]
    next: Digest | None


class AskBalance(Record, frozen=True):
    """An account and a unit."""

    account: Account
    unit: Digest


class Held(Record, frozen=True):
    """What an account holds of a unit: `amount` of its smallest parts."""

    account: Account
    unit: Digest
    amount: U63


class ListHeld(Record, frozen=True):
    """All that the accounts of an owner hold: a member's name, or a module's with a colon behind it."""

    owner: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}:?\Z")]
    after: tuple[Account, Digest] | None
    limit: Limit


class HeldPage(Record, frozen=True):
    """A page of what is held; `next` is the cursor of the next page, None on the last."""

    held: tuple[Held, ...]
    next: tuple[Account, Digest] | None


class ByEscrow(Record, frozen=True):
    """An escrow's id."""

    escrow: Digest


class MaybeEscrow(Record, frozen=True):
    """An escrow, or None where there is none."""

    escrow: Escrow | None


class PayoutView(Record, frozen=True):
    """A payout's terms and what was scored for it; None where there is none."""

    payout: Payout | None
    scores: Scores | None


class ListEscrows(Record, frozen=True):
    """The open escrows that a member pays, is paid by or attests to, by id, behind `after`."""

    member: Name
    after: Digest | None
    limit: Limit


class EscrowPage(Record, frozen=True):
    """A page of escrows; `next` is the cursor of the next page, None on the last."""

    escrows: tuple[Escrow, ...]
    next: Digest | None


class ListHolds(Record, frozen=True):
    """The hold rules of a member, by unit, behind `after`."""

    member: Name
    after: Digest | None
    limit: Limit


class HoldOf(Record, frozen=True):
    """The hold rule of a member for a unit."""

    unit: Digest
    hold: Hold


class HoldPage(Record, frozen=True):
    """A page of hold rules; `next` is the cursor of the next page, None on the last."""

    holds: tuple[HoldOf, ...]
    next: Digest | None


def unit(ctx: Context, arguments: ById, ports: Ports) -> MaybeUnit:
    """The unit with this id."""
    return MaybeUnit(UNITS.get(ctx, arguments.unit))


def by_code(ctx: Context, arguments: ByCode, ports: Ports) -> MaybeUnit:
    """The unit that an issuer calls so."""
    named = CODES.get(ctx, arguments.issuer, arguments.code)
    return MaybeUnit(None if named is None else UNITS.get(ctx, named.unit))


def units(ctx: Context, arguments: ListUnits, ports: Ports) -> UnitPage:
    """Units by id."""
    found: list[Unit] = []
    for _, one in UNITS.scan(ctx, after=_behind(arguments.after)):
        if len(found) == arguments.limit:
            return UnitPage(tuple(found), found[-1].id)
        found.append(one)
    return UnitPage(tuple(found), None)


def held(ctx: Context, arguments: AskBalance, ports: Ports) -> Held:
    """What an account holds of a unit."""
    a = arguments
    return Held(a.account, a.unit, balance(ctx, a.account, a.unit))


def accounts(ctx: Context, arguments: ListHeld, ports: Ports) -> HeldPage:
    """All that the accounts of an owner hold."""
    after = () if arguments.after is None else (split(arguments.after[0])[1], arguments.after[1])
    found: list[Held] = []
    for key, entry in BALANCES.scan(ctx, arguments.owner, after=after):
        owner, label, identity = cast("tuple[str, str, bytes]", key)
        if len(found) == arguments.limit:
            return HeldPage(tuple(found), (found[-1].account, found[-1].unit))
        found.append(Held(joined(owner, label), identity, entry.amount))
    return HeldPage(tuple(found), None)


def escrow(ctx: Context, arguments: ByEscrow, ports: Ports) -> MaybeEscrow:
    """The escrow with this id, open or closed."""
    return MaybeEscrow(ESCROWS.get(ctx, arguments.escrow))


def payout(ctx: Context, arguments: ByEscrow, ports: Ports) -> PayoutView:
    """What the escrow with this id is divided by."""
    return PayoutView(PAYOUTS.get(ctx, arguments.escrow), SCORES.get(ctx, arguments.escrow))


def escrows(ctx: Context, arguments: ListEscrows, ports: Ports) -> EscrowPage:
    """The open escrows of a member."""
    found: list[Escrow] = []
    for (_, identity), _party in PARTIES.scan(ctx, arguments.member, after=_behind(arguments.after)):
        if len(found) == arguments.limit:
            return EscrowPage(tuple(found), found[-1].id)
        one = ESCROWS.get(ctx, identity)
        if one is not None:
            found.append(one)
    return EscrowPage(tuple(found), None)


def holds(ctx: Context, arguments: ListHolds, ports: Ports) -> HoldPage:
    """The hold rules of a member."""
    found: list[HoldOf] = []
    for (_, identity), hold in HOLDS.scan(ctx, arguments.member, after=_behind(arguments.after)):
        if len(found) == arguments.limit:
            return HoldPage(tuple(found), found[-1].unit)
        found.append(HoldOf(cast("bytes", identity), hold))
    return HoldPage(tuple(found), None)


def _behind(after: bytes | None) -> tuple[bytes, ...]:
    """Where a page begins in a table by ids."""
    return () if after is None else (after,)


QUERIES = (
    Query("unit", ById, MaybeUnit, unit, "A unit of value, by id."),
    Query("by_code", ByCode, MaybeUnit, by_code, "A unit of value, by issuer and code."),
    Query("units", ListUnits, UnitPage, units, "All units of value, a page at a time."),
    Query("balance", AskBalance, Held, held, "What an account holds of a unit."),
    Query("accounts", ListHeld, HeldPage, accounts, "All that an owner's accounts hold, a page at a time."),
    Query("escrow", ByEscrow, MaybeEscrow, escrow, "An escrow or offer, open or closed, by id."),
    Query("escrows", ListEscrows, EscrowPage, escrows, "The open escrows of a member, a page at a time."),
    Query("payout", ByEscrow, PayoutView, payout, "What a payout is divided by, and its scores."),
    Query("holds", ListHolds, HoldPage, holds, "The hold rules of a member, a page at a time."),
)
