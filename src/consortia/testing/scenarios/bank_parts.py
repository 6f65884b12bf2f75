"""What the scenarios of the bank are made of: units, escrows, offers, hold rules."""

from consortia.base.codec import encode_record
from consortia.base.times import HOUR
from consortia.modules.assets.messages import Grant
from consortia.modules.bank.escrows import arguments_hash
from consortia.modules.bank.messages import NewUnit, Offer, OpenEscrow, SetHold, Transfer
from consortia.modules.bank.types import Condition, Price
from consortia.testing.machine import Bench
from consortia.testing.scenarios.assets import dataset, digest, registered, right

PAPER = digest("delivery note")
ON_WORD = Condition("statement", "east", None, PAPER, None)
"""East says that it has the delivery note."""


def new_unit(code: str = "credit", **fields: object) -> NewUnit:
    """A unit of two decimals that its issuer makes at will, 1,000 parts of it at once."""
    usual: dict[str, object] = {
        "title": "Credit for shared records",
        "decimals": 2,
        "rule": "open",
        "cap": None,
        "issue": 1_000,
    }
    return NewUnit(code=code, **(usual | fields))  # type: ignore[arg-type]


def made(bench: Bench, message: NewUnit | None = None, member: str = "north") -> bytes:
    """The id of a unit that `member` makes first."""
    wanted = new_unit() if message is None else message
    bench.ok(member, "operator", wanted)
    return bytes(bench.query("bank.by_code", issuer=member, code=wanted.code).unit.id)


def escrow(bench: Bench, unit: bytes, condition: Condition = ON_WORD, **fields: object) -> OpenEscrow:
    """North puts 400 parts aside for south for an hour."""
    usual: dict[str, object] = {
        "payer": "north",
        "payee": "south",
        "unit": unit,
        "amount": 400,
        "condition": condition,
        "deadline": bench.time + HOUR,
    }
    return OpenEscrow(**(usual | fields))  # type: ignore[arg-type]


def offer(bench: Bench, unit: bytes, price: Price, **fields: object) -> Offer:
    """North offers 400 parts to whoever takes them within an hour."""
    usual: dict[str, object] = {
        "payer": "north",
        "payee": None,
        "unit": unit,
        "amount": 400,
        "price": price,
        "deadline": bench.time + HOUR,
    }
    return Offer(**(usual | fields))  # type: ignore[arg-type]


def newest(bench: Bench, member: str = "north") -> bytes:
    """The id of the one open escrow of a member."""
    (found,) = bench.query("bank.escrows", member=member, after=None, limit=9).escrows
    return bytes(found.id)


def opened(bench: Bench, condition: Condition = ON_WORD, **fields: object) -> bytes:
    """The id of an escrow that north opened."""
    unit = made(bench)
    bench.ok("north", "operator", escrow(bench, unit, condition, **fields))
    return newest(bench)


def offered(bench: Bench, **fields: object) -> bytes:
    """The id of an offer of north's for 30 parts of a unit of east's, of which east has 1,000."""
    unit, hours = made(bench), made(bench, new_unit("hours"), "east")
    bench.ok("north", "operator", offer(bench, unit, Price(hours, 30), **fields))
    return newest(bench)


def on_call(member: str, method: str, message: Grant) -> Condition:
    """The condition that a member makes just this call."""
    return Condition("call", member, method, arguments_hash(encode_record(message)), None)


def data_for_value(bench: Bench) -> tuple[bytes, Grant]:
    """An escrow of north's for a right to south's data, and the call by which south gives it."""
    grant = Grant(registered(bench, dataset(), "south"), "process", right(("north", "research")))
    return opened(bench, on_call("south", "assets.grant", grant)), grant


def limited(bench: Bench, above: int = 300) -> bytes:
    """The id of a unit of which north holds back payments above a limit, for an hour."""
    unit = made(bench)
    bench.ok("north", "admin", SetHold(unit, above, HOUR))
    return unit


def held(bench: Bench) -> bytes:
    """The id of a payment of 400 parts from north to south that waits for two officers."""
    unit = limited(bench)
    bench.ok("north", "operator", Transfer("north", "south", unit, 400))
    return newest(bench)
