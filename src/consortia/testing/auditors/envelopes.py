"""From moves to transactions, true ones and ones that no block may hold."""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from consortia.base.codec import Record, to_value
from consortia.base.keys import SigningKey
from consortia.kernel.block import OK
from consortia.kernel.transaction import Call, sign_transaction
from consortia.testing.auditors.admission import Asked
from consortia.testing.auditors.drawing import CROWD, HOUR, Act, Drawing, Move

if TYPE_CHECKING:
    from consortia.testing.auditors.world import World

ATTACKS = (
    *("replay", "leave a gap", "come too late", "send to another network", "sign as a stranger"),
    *("act as a revoked key", "act in another role", "send too much", "cut it short"),
    *("call what is not there", "spoil the arguments", "forge the signature"),
)
BYTES_PER_COST = 16
SIZE_MAX = 65_536


@dataclass(frozen=True, slots=True)
class Envelope:
    """A transaction's bytes, and what it says of itself.

    Where admission must refuse it for its form, `asked` is None and `code` says with which refusal.
    """

    raw: bytes
    key: bytes
    messages: tuple[Record, ...]
    name: str
    asked: Asked | None
    code: str = OK


class Mix:
    """How often each kind of move is drawn: every seed has its own taste."""

    def __init__(self, draw: Drawing, rooms: tuple[str, ...]) -> None:
        """Draw the weights; the room in focus gets most of the moves, the others only what it needs."""
        setting = draw.world.setting
        self.acts: list[Act] = []
        self.weights: list[float] = []
        for room in rooms:
            acts: tuple[Act, ...] = import_module(f"{__package__}.{room}_moves").MOVES
            tastes = [draw.pick((1, 2, 5, 10)) for _ in acts]
            share = 8 if room == setting.focus else draw.pick((1, 2))
            self.acts += acts
            self.weights += [share * taste / sum(tastes) for taste in tastes]
        pressed = setting.pressed
        if pressed is None:
            own = import_module(f"{__package__}.{setting.focus}_moves").MOVES
            pressed = tuple(act.__name__ for act in draw.rng.choices(own, k=draw.pick((0, 1, 2, 3))))
        self.pressed = [act for act in self.acts if act.__name__ in pressed]
        self.press = draw.pick((0.4, 0.8)) if draw.world.founders < CROWD else 0.95

    def draw(self, draw: Drawing) -> Move:
        """A move of one kind."""
        if self.pressed and draw.often(self.press):
            return draw.pick(self.pressed)(draw)
        return draw.rng.choices(self.acts, self.weights)[0](draw)


def enveloped(world: "World") -> Envelope:
    """The next transaction that somebody tries."""
    draw = world.drawing
    attack = draw.attack(*ATTACKS)
    if attack == "replay" and draw.past:
        return draw.pick(draw.past)
    move = world.mix.draw(draw)
    messages, key = move.messages, move.key
    while draw.often(0.04) and len(messages) < 4:
        messages += world.mix.draw(draw).messages
    if attack == "sign as a stranger":
        key = draw.fresh()
    elif attack in {"act as a revoked key", "act in another role"}:
        key = _misused(draw, key, attack)
    calls = tuple(_call(world, message) for message in messages)
    if attack == "call what is not there":
        calls = (*calls, Call("assets.fly", {}))
    elif attack == "spoil the arguments":
        calls = (*calls[:-1], Call(calls[-1].method, {**calls[-1].args, "nobody_asked": 1}))
    lane = draw.pick((0, 0, 0, 3))
    following = world.admission.next.get((key.key_id, lane), 0)
    sequence = following + (draw.rng.randint(1, 3) if attack == "leave a gap" else 0)
    expires = world.time - 1 if attack == "come too late" else world.time + draw.pick((0, HOUR, HOUR))
    home = attack != "send to another network"
    network = world.network if home else draw.digest()
    raw = sign_transaction(key, network, calls, sequence=sequence, expires=expires, lane=lane)
    if attack == "forge the signature":
        raw = raw[:-1] + bytes([raw[-1] ^ 1])
    elif attack == "send too much":
        raw += bytes(SIZE_MAX)
    elif attack == "cut it short":
        raw = raw[:-1]
    names = [call.method for call in calls]
    name = "+".join(names) + "".join(f", {what}" for what in (move.attack, attack) if what)
    if code := _ill_formed(raw, attack):
        return Envelope(raw, key.key_id, messages, name, None, code)
    said = Asked(
        key=key.key_id,
        lane=lane,
        sequence=sequence,
        expires=expires,
        roles=tuple(world.app.methods[method].method.roles for method in names),
        cost=len(raw) // BYTES_PER_COST + sum(_cost(world, message) for message in messages),
        methods=tuple(names),
        urgent=any(world.app.methods[method].method.urgent for method in names),
        home=home,
        signed=attack != "forge the signature",
    )
    return Envelope(raw, key.key_id, messages, name, said)


def _cost(world: "World", message: Record) -> int:
    """What a message's declaration says that it costs."""
    cost = world.app.methods[world.app.messages[type(message)]].method.cost
    return cost if isinstance(cost, int) else cost(message)


def _ill_formed(raw: bytes, attack: str) -> str:
    """The refusal that a transaction meets for its form alone; empty for a well-formed one."""
    if len(raw) > SIZE_MAX:
        return "kernel.oversize"
    named = {"cut it short": "malformed", "call what is not there": "unknown_method"}
    named["spoil the arguments"] = "bad_arguments"
    return f"kernel.{named[attack]}" if attack in named else ""


def _call(world: "World", message: Record) -> Call:
    return Call(world.app.messages[type(message)], dict(to_value(message)))


def _misused(draw: Drawing, key: SigningKey, attack: str) -> SigningKey:
    """Another key of the same member: one that acts no more, or any other."""
    keys = draw.world.admission.keys
    if key.key_id not in keys:
        return key
    name = keys[key.key_id][0]
    others = [
        public
        for member, public, _, acts in keys.values()
        if member == name and (attack == "act in another role" or not acts)
    ]
    return draw.secrets[draw.pick(others)] if others else key
