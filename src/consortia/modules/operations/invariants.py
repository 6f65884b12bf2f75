"""What holds after every block."""

from consortia.kernel.context import Context
from consortia.kernel.module import Invariant
from consortia.modules.operations.ports import Ports
from consortia.modules.operations.state import ANSWERS, AWAITED, CLAIMS, CONTROLS, NOTICES, OPEN, REGISTERS


def steered(ctx: Context, ports: Ports) -> str | None:
    """A control's bounds hold something, and only its member or an overseer has taken it over."""
    for (name,), each in CONTROLS.scan(ctx):
        if any(bound.least > bound.most for bound in each.bounds):
            return f"the bounds of {name!r} hold nothing"
        if each.taken is not None and each.taken not in (each.member, *each.overseers):
            return f"{each.taken} has taken {name!r} over and may not"
        if each.taken is not None and each.ended is not None:
            return f"{name!r} is ended, and taken over"
    return None


def answered(ctx: Context, ports: Ports) -> str | None:
    """Answers are counted; awaited are those asked by an open notice that have not answered."""
    notices = {key[0]: each for key, each in NOTICES.scan(ctx)}
    given = {(key[1], key[0]) for key, _ in ANSWERS.scan(ctx)}
    if any(each.answers != sum(one[1] == key for one in given) for key, each in notices.items()):
        return "the answers are not counted"
    due = {(name, key) for key, each in notices.items() if each.closed is None for name in each.to} - given
    if {key for key, _ in AWAITED.scan(ctx)} != due:
        return "the answers awaited are not those that are missing"
    kept = {key[0]: each.open for key, each in OPEN.scan(ctx) if each.open}
    counted: dict[object, int] = {}
    for each in notices.values():
        if each.closed is None:
            counted[each.author] = counted.get(each.author, 0) + 1
    return None if kept == counted else "the open notices are not counted"


def claimed(ctx: Context, ports: Ports) -> str | None:
    """Claims are counted, by members of their register, and came after what they had to come after."""
    registers = {key[0]: each for key, each in REGISTERS.scan(ctx)}
    counts = dict.fromkeys(registers, 0)
    claims = dict(CLAIMS.scan(ctx))
    for key, each in claims.items():
        found = registers.get(key[0])
        if found is None or each.member not in found.members:
            return "a thing is claimed by somebody whom its register does not name"
        if found.after is not None and (found.after, key[1]) not in claims:
            return "a thing is claimed before what has to come before"
        counts[key[0]] += 1
    return (
        None if counts == {key: each.claims for key, each in registers.items()} else "claims are not counted"
    )


INVARIANTS = (Invariant("steered", steered), Invariant("answered", answered), Invariant("claimed", claimed))
