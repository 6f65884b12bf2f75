"""What holds after every block."""

from collections import Counter

from consortia.kernel.context import Context
from consortia.kernel.module import Invariant
from consortia.modules.bank.ports import Ports
from consortia.modules.bank.rules import VAULT, room, split
from consortia.modules.bank.state import BALANCES, CODES, ESCROWS, LOCKS, PARTIES, UNITS, parties
from consortia.modules.bank.types import APPROVALS


def conserved(ctx: Context, ports: Ports) -> str | None:
    """What all accounts hold of a unit, the vault among them, is its supply, to the last part."""
    total = Counter[bytes]()
    for (_, _, unit), entry in BALANCES.scan(ctx):
        total[bytes(unit)] += entry.amount  # type: ignore[arg-type]
    for (unit,), record in UNITS.scan(ctx):
        if total.pop(bytes(unit), 0) != record.supply:  # type: ignore[arg-type]
            return f"the accounts do not hold the {record.supply} parts of {record.issuer}/{record.code}"
    return "an account holds what is no unit" if total else None


def claims(ctx: Context, ports: Ports) -> str | None:
    """The vault holds exactly what is locked or in open escrows."""
    open_claims = Counter[bytes]()
    for _, lock in LOCKS.scan(ctx):
        open_claims[lock.unit] += lock.amount
    for _, escrow in ESCROWS.scan(ctx):
        if escrow.status == "open":
            open_claims[escrow.unit] += escrow.amount
    owner, label = split(VAULT)
    held = {bytes(key[2]): entry.amount for key, entry in BALANCES.scan(ctx, owner, label)}  # type: ignore[arg-type]
    return None if held == dict(open_claims) else "the vault holds other than the open claims"


def supply(ctx: Context, ports: Ports) -> str | None:
    """No unit goes beyond its rule, and units and codes agree one to one."""
    count = 0
    for _, unit in UNITS.scan(ctx):
        named = CODES.get(ctx, unit.issuer, unit.code)
        if named is None or named.unit != unit.id:
            return f"the code {unit.issuer}/{unit.code} does not stand for its unit"
        if room(unit.rule, unit.cap, unit.supply) < 0:
            return f"there is more of {unit.issuer}/{unit.code} than its rule allows"
        count += 1
    codes = sum(1 for _ in CODES.scan(ctx))
    return None if count == codes else f"{codes} codes for {count} units"


def escrows(ctx: Context, ports: Ports) -> str | None:
    """Each open escrow is known to its parties alone, and none is held that two officers approved."""
    expected = set()
    for _, escrow in ESCROWS.scan(ctx):
        if escrow.held and len(escrow.approvals) >= APPROVALS:
            return f"{escrow.id.hex()} is held though two officers approved"
        if escrow.status == "open":
            expected |= {(member, escrow.id) for member in parties(escrow)}
    known = {key for key, _ in PARTIES.scan(ctx)}
    return None if known == expected else "the parties of open escrows are others than it knows"


INVARIANTS = (
    Invariant("conserved", conserved),
    Invariant("claims", claims),
    Invariant("supply", supply),
    Invariant("escrows", escrows),
)
