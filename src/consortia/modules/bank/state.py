"""The module's tables, and how value moves between accounts: always out of one and into another."""

from consortia.base.hashing import tagged
from consortia.kernel.context import Context
from consortia.kernel.table import Table
from consortia.modules.bank.rules import split
from consortia.modules.bank.types import Balance, Count, Lock, Named, Unit

UNITS = Table("bank", "units", Unit, (bytes,), "a unit of value, by id")
CODES = Table("bank", "codes", Named, (str, str), "the unit that an issuer calls so")
BALANCES = Table(
    "bank", "balances", Balance, (str, str, bytes), "what an account (owner, label) holds of a unit"
)
LOCKS = Table("bank", "locks", Lock, (bytes,), "what a module holds back of an account")
COUNT = Table("bank", "count", Count, (), "how many locks there ever were")

TABLES = (UNITS, CODES, BALANCES, LOCKS, COUNT)


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
    take(ctx, payer, unit, amount)
    give(ctx, payee, unit, amount)


def take(ctx: Context, account: str, unit: bytes, amount: int) -> None:
    """Take from an account that holds as much; raises ArithmeticError where it does not."""
    left = balance(ctx, account, unit) - amount
    if left < 0:
        raise ArithmeticError(f"{account} holds too little")
    if left:
        BALANCES.put(ctx, Balance(left), *split(account), unit)
    else:
        BALANCES.delete(ctx, *split(account), unit)


def give(ctx: Context, account: str, unit: bytes, amount: int) -> None:
    """Give to an account."""
    BALANCES.put(ctx, Balance(balance(ctx, account, unit) + amount), *split(account), unit)
