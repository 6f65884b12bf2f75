"""What other modules may know of value and do with it."""

from dataclasses import dataclass

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.bank import refusals as codes
from consortia.modules.bank.checks import check_account, check_spender
from consortia.modules.bank.ports import Agents, Members
from consortia.modules.bank.rules import VAULT, holds
from consortia.modules.bank.state import COUNT, HOLDS, LOCKS, UNITS, balance, lock_id, move
from consortia.modules.bank.types import Count, Lock, Unit


@dataclass(frozen=True, slots=True)
class Keeper:
    """The bank's front door for one module, `holder`: what it locks, nobody else can release.

    What an agent locks counts against its mandate here (`agents`), so that the caller need not.

    Accounts are texts as `types.Account` says, amounts 1 to 2^63-1 of a unit's smallest parts. What only
    an error of the calling module can ask for raises LookupError or ValueError.
    """

    holder: str
    members: Members
    agents: Agents

    def unit(self, ctx: Context, unit: bytes) -> Unit | None:
        """The unit with this id, or None."""
        return UNITS.get(ctx, unit)

    def balance(self, ctx: Context, account: str, unit: bytes) -> int:
        """What an account holds of a unit, without what is locked or in escrow."""
        return balance(ctx, account, unit)

    def transfer(self, ctx: Context, payer: str, payee: str, unit: bytes, amount: int) -> None:
        """Pay from an account of the calling module; raises Refused (unknown_account, short_balance)."""
        if not payer.startswith(f"{self.holder}:"):
            raise LookupError(f"{payer} is no account of {self.holder}")
        check_account(ctx, payee, self.members)
        _check_funds(ctx, payer, unit, amount)
        move(ctx, payer, payee, unit, amount)

    def lock(self, ctx: Context, account: str, unit: bytes, amount: int, reason: str) -> bytes:
        """Hold back so much of an account and give the lock's id.

        Raises Refused (unknown_unit, not_yours, over_hold, short_balance): the account is one of the
        signer's member.
        """
        require(UNITS.has(ctx, unit), codes.UNKNOWN_UNIT, unit.hex())
        check_spender(ctx, account, self.agents)
        rule = HOLDS.get(ctx, ctx.signer.member, unit)
        require(not holds(rule, amount), codes.OVER_HOLD, str(amount))
        _check_funds(ctx, account, unit, amount)
        count = COUNT.get(ctx) or Count(0)
        made = lock_id(ctx, count.number)
        self.agents.charge(ctx, unit, amount)
        COUNT.put(ctx, Count(count.number + 1))
        LOCKS.put(ctx, Lock(self.holder, account, unit, amount, reason), made)
        move(ctx, account, VAULT, unit, amount)
        return made

    def locked(self, ctx: Context, lock: bytes) -> int:
        """What a lock of the calling module still holds; 0 when it is spent."""
        found = LOCKS.get(ctx, lock)
        return found.amount if found is not None and found.holder == self.holder else 0

    def release(self, ctx: Context, lock: bytes, payee: str, amount: int) -> None:
        """Pay so much of a lock to an account; the rest stays locked."""
        found = self._held(ctx, lock)
        if not 0 < amount <= found.amount:
            raise ValueError(f"the lock holds {found.amount}, not {amount}")
        self._pay(ctx, lock, found, payee, amount)

    def refund(self, ctx: Context, lock: bytes) -> None:
        """Give what is left of a lock back to the account that it came from."""
        found = self._held(ctx, lock)
        self._pay(ctx, lock, found, found.account, found.amount)

    def _held(self, ctx: Context, lock: bytes) -> Lock:
        found = LOCKS.get(ctx, lock)
        if found is None or found.holder != self.holder:
            raise LookupError(f"{self.holder} holds no lock {lock.hex()}")
        return found

    @staticmethod
    def _pay(ctx: Context, lock: bytes, found: Lock, payee: str, amount: int) -> None:
        if amount == found.amount:
            LOCKS.delete(ctx, lock)
        else:
            rest = Lock(found.holder, found.account, found.unit, found.amount - amount, found.reason)
            LOCKS.put(ctx, rest, lock)
        move(ctx, VAULT, payee, found.unit, amount)


def _check_funds(ctx: Context, account: str, unit: bytes, amount: int) -> None:
    if amount <= 0:
        raise ValueError(f"an amount of {amount}")
    held = balance(ctx, account, unit)
    if held < amount:
        raise Refused(codes.SHORT_BALANCE, f"{account} holds {held} of {amount}")
