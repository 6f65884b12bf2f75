"""How a world begins: sometimes with geneses that are refused, then with a true one."""

from typing import TYPE_CHECKING

from consortia.base.codec import to_value
from consortia.base.refusals import Refused
from consortia.kernel.block import OK
from consortia.kernel.genesis import PROTOCOL_VERSION, Genesis, Limits
from consortia.kernel.machine import InvalidBlock, Machine
from consortia.modules.identity.types import Founder, IdentityGenesis, KeySpec, Role
from consortia.testing.auditors import Found, Moment, No
from consortia.testing.auditors.drawing import CROWD, FULL, Drawing
from consortia.testing.auditors.identity import Identity
from consortia.testing.auditors.points import weak
from consortia.testing.machine import NAMES, START

if TYPE_CHECKING:
    from consortia.testing.auditors.world import World

ATTACKS = (
    *("give a name twice", "share a key", "give a key twice", "found with a weak key"),
    *("found without admin", "found with two nodes", "put roles out of order", "vote with two keys"),
)
NEEDED: tuple[tuple[Role, ...], ...] = (("node",), ("recovery",), ("admin",))
STUDYING: tuple[tuple[Role, ...], ...] = (*NEEDED, ("analyst",), ("operator",), ("worker",))
PAYING: tuple[tuple[Role, ...], ...] = (*STUDYING, ("approver",))
EXTRA: tuple[tuple[Role, ...], ...] = (
    *(("operator",), ("worker",), ("analyst",), ("approver",), ("trustee",)),
    *(("admin", "operator"), ("admin", "trustee"), ("analyst", "operator"), ("operator",), ("worker",)),
)


def found(world: "World", limits: Limits) -> Machine:
    """Begin the network of `world` and give its machine; its state and its auditor then hold the founders."""
    draw = world.drawing
    attacks = draw.rng.sample(ATTACKS, draw.pick((0, 0, 1, 2)))
    for attack in (*attacks, ""):
        machine = _begin(world, limits, attack)
        if machine is not None:
            return machine
    raise Found("the machine refuses a true genesis")


def _begin(world: "World", limits: Limits, attack: str) -> Machine | None:
    """Try a genesis; None where both the machine and the auditor refuse it."""
    draw = world.drawing
    record = IdentityGenesis(_founders(draw, world.founders, attack), FULL)
    state = {"identity": to_value(record)}
    genesis = Genesis(PROTOCOL_VERSION, "audited", START, limits, world.app.versions(), state)
    machine = Machine(world.app, genesis, genesis.network(), _alarm)
    auditor, foretold, code = Identity(world.models), OK, OK
    try:
        auditor.found(Moment(machine.network, 0, START, 0), record)
    except No as no:
        foretold = f"identity.{no.reason}"
    try:
        changes = machine.start(world.state, lambda _changes: bytes(32)).changes
    except InvalidBlock as error:
        refused = error.__context__
        code = refused.code if isinstance(refused, Refused) else repr(error)
    except Exception as error:  # noqa: BLE001 (whatever it fails with, the auditor foretold none)
        code = repr(error)
    world.said(code, foretold, attack or "genesis")
    if code != OK:
        return None
    world.models["identity"] = auditor
    world.state.update(changes)
    return machine


def _alarm(_transaction: bytes, error: BaseException) -> None:
    raise Found(f"kernel.internal: {error!r}") from error


def _founders(draw: Drawing, count: int, attack: str) -> tuple[Founder, ...]:
    names = [NAMES[at] if at < len(NAMES) else f"member-{at:03}" for at in range(count)]
    founders = []
    for name in names:
        extra = 0 if count >= CROWD else draw.rng.randint(2, 6)
        needed = {"training": STUDYING, "bank": PAYING}.get(draw.world.setting.focus, NEEDED)
        sets = [*needed, *draw.rng.sample(EXTRA, extra)]
        if extra and draw.often(0.3):
            sets.append(("consensus",))
        founders.append(Founder(name, f"The organisation {name}", _specs(draw, sets), FULL))
    return tuple(_spoiled(draw, founders, attack))


def _specs(draw: Drawing, sets: list[tuple[Role, ...]]) -> tuple[KeySpec, ...]:
    return tuple(KeySpec(draw.fresh().public, roles, "of a founder") for roles in sets)


def _spoiled(draw: Drawing, founders: list[Founder], attack: str) -> list[Founder]:
    """The founders with a fault in the last of them."""
    last = founders.pop()
    keys, name = list(last.keys), last.name
    fresh = draw.fresh().public
    match attack:
        case "give a name twice" if founders:
            name = founders[0].name
        case "share a key" if founders:
            keys[2] = founders[0].keys[2]
        case "give a key twice":
            keys.append(KeySpec(keys[2].public, ("operator",), "twice"))
        case "found with a weak key":
            keys[2] = KeySpec(draw.pick(weak()), ("admin",), "weak")
        case "found without admin":
            keys = [key for key in keys if "admin" not in key.roles]
        case "found with two nodes":
            keys.append(KeySpec(fresh, ("node",), "second"))
        case "vote with two keys":
            keys += [KeySpec(key, ("consensus",), "vote") for key in (fresh, draw.fresh().public)]
        case "put roles out of order":
            keys.append(KeySpec(fresh, ("operator", "admin"), "out of order"))
    return [*founders, Founder(name, last.title, tuple(keys), last.quota)]
