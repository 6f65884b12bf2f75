"""What the scenarios of operations are put together from: a crossing, a recall, a register of a lot."""

from consortia.base.codec import Record
from consortia.base.times import DAY
from consortia.kernel.block import Receipt
from consortia.modules.operations import messages as asked
from consortia.modules.operations.types import Bound
from consortia.testing.machine import Bench
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.governance_parts import executed

CROSSING = "crossing"
GAP = 5_000
SEEN = digest("what the sensors saw")
BOUNDS = (Bound("green", 10, 60), Bound("phase", 0, 3))


def crossing(**fields: object) -> asked.SetControl:
    """The vote on a crossing of east's, overseen by south."""
    usual: dict[str, object] = {
        "control": CROSSING,
        "member": "east",
        "overseers": ("south",),
        "bounds": BOUNDS,
        "gap": GAP,
    }
    return asked.SetControl(**(usual | fields))  # type: ignore[arg-type]


def voted(bench: Bench, *messages: Record) -> None:
    """The members vote the crossing, or something else."""
    executed(bench, "charter", *(messages or (crossing(),)))


def command(*acts: tuple[int, int, int], version: int = 1) -> asked.Command:
    """Acts at the crossing: event time, seconds of green, phase."""
    told = tuple(asked.Act(at, (green, phase)) for at, green, phase in acts or ((GAP, 30, 1),))
    return asked.Command(CROSSING, version, told, SEEN)


def taken(bench: Bench, member: str = "south") -> None:
    """The crossing is voted, and officers of a member have taken it over."""
    voted(bench)
    bench.ok(member, "operator", asked.TakeOver(CROSSING, digest("an accident")))


def recall(bench: Bench, **fields: object) -> asked.Notify:
    """North asks east and west about a lot, until tomorrow."""
    usual: dict[str, object] = {
        "kind": "recall",
        "subject": digest("lot 42"),
        "content": digest("what to do"),
        "to": ("east", "west"),
        "due": bench.time + DAY,
    }
    return asked.Notify(**(usual | fields))  # type: ignore[arg-type]


def recalled(bench: Bench, **fields: object) -> bytes:
    """A recall that was issued: its id."""
    return made(bench.ok("north", "operator", recall(bench, **fields)), "notice")


def made(receipt: Receipt, field: str) -> bytes:
    """The id in a receipt's first event."""
    found = receipt.events[0].body[field]
    if not isinstance(found, bytes):
        raise TypeError(field)
    return found


def reply(notice: bytes, number: int = 3) -> asked.Reply:
    """An answer."""
    return asked.Reply(notice, number, digest("where they are"))


def tags(*numbers: int) -> tuple[bytes, ...]:
    """The tags of these things, sorted."""
    return tuple(sorted(digest(f"serial {number}") for number in numbers))


def opened(bench: Bench, name: str = "made", after: bytes | None = None) -> bytes:
    """A register of north's, for north and east: its id."""
    message = asked.OpenRegister(name, ("east", "north"), after)
    return made(bench.ok("north", "operator", message), "register")


def claimed(bench: Bench, *numbers: int) -> bytes:
    """A register in which north has claimed these things."""
    found = opened(bench)
    bench.ok("north", "worker", asked.Claim(found, tags(*numbers or (1, 2, 3))))
    return found
