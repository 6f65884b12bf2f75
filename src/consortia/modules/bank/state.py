"""The module's tables, and how value moves between accounts: always out of one and into another."""

from consortia.base.hashing import tagged
from consortia.kernel.context import Context
from consortia.kernel.table import Table
from consortia.modules.bank.rules import VAULT, split
from consortia.modules.bank.types import (
    Balance,
    Count,
    Escrow,
    Hold,
    Lock,
    Named,
    Party,
    Payout,
    Scores,
    Unit,
)

UNITS = Table("bank", "units", Unit, (bytes,), "a unit of value, by id")
CODES = Table("bank", "codes", Named, (str, str), "the unit that an issuer calls so")
BALANCES = Table(
    "bank", "balances", Balance, (str, str, bytes), "what an account (owner, label) holds of a unit"
)
LOCKS = Table("bank", "locks", Lock, (bytes,), "what a module holds back of an account")
COUNT = Table("bank", "count", Count, (), "how many locks there ever were")
ESCROWS = Table("bank", "escrows", Escrow, (bytes,), "an escrow or offer, by id")
PARTIES = Table("bank", "parties", Party, (str, bytes), "an open escrow that a member has a part in")
HOLDS = Table("bank", "holds", Hold, (str, bytes), "a member's hold rule for a unit")
PAYOUTS = Table("bank", "payouts", Payout, (bytes,), "what the escrow of this id is divided by")
SCORES = Table("bank", "scores", Scores, (bytes,), "what the updates were worth, for the payout of this id")

TABLES = (UNITS, CODES, BALANCES, LOCKS, COUNT, ESCROWS, PARTIES, HOLDS, PAYOUTS, SCORES)


def call_id(ctx: Context) -> bytes:
    """The id of what this call makes: H("consortia/bank", network | transaction | call as 8 bytes)."""
    return tagged("consortia/bank", ctx.network + ctx.transaction + ctx.call.to_bytes(8, "big"))


def lock_id(ctx: Context, number: int) -> bytes:
    """The id of a lock: H("consortia/bank/lock", network | its number as 8 bytes)."""
    return tagged("consortia/bank/lock", ctx.network + number.to_bytes(8, "big"))


def balance(ctx: Context, account: str, unit: bytes) -> int:
    """What an account holds of a unit."""
    held = BALANCES.get(ctx, *split(account), unit)
    return 0 if held is None else held.amount


def move(ctx: Context, payer: str, payee: str, unit: bytes, amount: int) -> None:
    """Take from one account and give to the other; the payer holds as much."""
    debit(ctx, payer, unit, amount)
    credit(ctx, payee, unit, amount)


def debit(ctx: Context, account: str, unit: bytes, amount: int) -> None:
    """Take from an account that holds as much; raises ArithmeticError where it does not."""
    left = balance(ctx, account, unit) - amount
    if left < 0:
        raise ArithmeticError(f"{account} holds too little")
    if left:
        BALANCES.put(ctx, Balance(left), *split(account), unit)
    else:
        BALANCES.delete(ctx, *split(account), unit)


def credit(ctx: Context, account: str, unit: bytes, amount: int) -> None:
    """Give to an account."""
    BALANCES.put(ctx, Balance(balance(ctx, account, unit) + amount), *split(account), unit)


def put_aside(ctx: Context, escrow: Escrow) -> None:
    """Write a new escrow, and move its value into the vault."""
    ESCROWS.put(ctx, escrow, escrow.id)
    for member in parties(escrow):
        PARTIES.put(ctx, Party(escrow.deadline), member, escrow.id)
    move(ctx, escrow.payer, VAULT, escrow.unit, escrow.amount)


def close(ctx: Context, escrow: Escrow, account: str) -> None:
    """Write an escrow that is open no more, and move its value out of the vault to an account."""
    divide(ctx, escrow, [(account, escrow.amount)])


def divide(ctx: Context, escrow: Escrow, shares: list[tuple[str, int]]) -> None:
    """Write an escrow that is open no more, and move its value out of the vault, to each its share."""
    ESCROWS.put(ctx, escrow, escrow.id)
    for member in parties(escrow):
        PARTIES.delete(ctx, member, escrow.id)
    for account, amount in shares:
        move(ctx, VAULT, account, escrow.unit, amount)


def parties(escrow: Escrow) -> list[str]:
    """Whom an escrow concerns: who pays, is paid and attests, each once."""
    accounts = [escrow.payer] if escrow.payee is None else [escrow.payer, escrow.payee]
    names = [split(account)[0] for account in accounts]
    attester = escrow.condition.attester
    return list(dict.fromkeys(names if attester is None else [*names, attester]))
