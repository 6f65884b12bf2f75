"""What moves draw from: chance, the members and their secrets, and checkpoint notes, true and false."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Protocol, TypeVar

from consortia.base.codec import Record
from consortia.base.ids import cosigner_name, origin
from consortia.base.keys import SigningKey
from consortia.base.note import Checkpoint, Note, NoteSignature, cosign, sign_log
from consortia.kernel.ports import Quota
from consortia.testing.auditors.identity import Identity
from consortia.testing.machine import key_from

if TYPE_CHECKING:
    from consortia.testing.auditors.envelopes import Envelope
    from consortia.testing.auditors.world import World

T = TypeVar("T")
HOUR = 3_600_000
FULL = Quota(cost_per_block=4_000_000, cost_per_epoch=4_000_000_000, state_bytes=1 << 40, pending=10_000)
SENT_MAX = 60
NOTE_BYTES_MAX = 32 * 1024

CROWD = 100
"""From so many founders on, each has only the keys that it needs."""

NOTE_ATTACKS = (
    "show no checkpoint",
    "fall short of a quorum",
    "forge a cosignature",
    "cosign as an outsider",
    "cosign twice",
    "show another network's",
    "leave out the log's signature",
    "sign the log as an outsider",
    "cosign as the set after",
    "show one from before the change",
    "show one of a size to come",
    "show what is no note",
)


@dataclass(frozen=True, slots=True)
class Move:
    """What somebody tries: messages signed by one key; `attack` names it where it is hostile."""

    key: SigningKey
    messages: tuple[Record, ...]
    attack: str = ""


class Act(Protocol):
    """A kind of move: draws one."""

    __name__: str

    def __call__(self, draw: "Drawing") -> Move:
        """Draw one."""
        ...


@lru_cache(maxsize=8192)
def numbered_key(number: int) -> SigningKey:
    """The key of this number: every world has the same keys, so that each is judged once."""
    return key_from("auditors", str(number))


class Drawing:
    """One world's chance and secrets."""

    def __init__(self, world: "World", rng: Random) -> None:
        """Draw for `world` from `rng`."""
        self.world, self.rng = world, rng
        self.secrets: dict[bytes, SigningKey] = {}
        """By public key."""
        self.past: list[Envelope] = []
        self.hostile = rng.choice((0.05, 0.15, 0.4)) if world.founders < CROWD else 0.05
        """How often a move is an attack."""

    # Chance.

    def pick(self, choices: Sequence[T]) -> T:
        """One of these."""
        return self.rng.choice(choices)

    def often(self, chance: float) -> bool:
        """Whether it happens this time."""
        return self.rng.random() < chance

    def attack(self, *names: str) -> str:
        """One of these attacks, as often as this world is hostile; mostly none."""
        return self.pick(names) if self.often(self.hostile) else ""

    # Members and keys.

    @property
    def identity(self) -> Identity:
        """What the auditor of identity holds."""
        return self.world.identity

    @property
    def time(self) -> int:
        """The block's time."""
        return self.world.time

    def member(self) -> str:
        """A member, now and then one that has left."""
        known = sorted(self.identity.members) if self.often(0.04) else self.identity.present()
        return self.pick(known)

    def somebody(self) -> str:
        """A name: mostly a member's, sometimes a guest's or nobody's."""
        return self.member() if self.often(0.9) else self.pick((self.guest(), "nobody"))

    def guest(self) -> str:
        """The name of an organisation that might join."""
        return f"guest-{self.rng.randrange(9)}"

    def other(self, name: str) -> str:
        """A member other than `name`, or `name` where there is no other."""
        return self.pick([member for member in self.identity.present() if member != name] or [name])

    def fresh(self) -> SigningKey:
        """A key that nobody has yet."""
        key = numbered_key(len(self.secrets))
        self.secrets[key.public] = key
        return key

    def signer(self, name: str, *roles: str) -> SigningKey:
        """A key of `name` that may act in one of the roles; without one, any of its keys or anybody's."""
        keys = self.world.admission.keys
        own = [(public, held, acts) for member, public, held, acts in keys.values() if member == name]
        able = [public for public, held, acts in own if acts and held & set(roles)]
        public = self.pick(able or [public for public, _, _ in own] or sorted(self.secrets))
        return self.secrets[public]

    def quota(self) -> Quota:
        """A quota: ample, or soon used up."""
        per_block, per_epoch = self.pick((4_000_000, 4_000_000, 3_000)), self.pick((4_000_000, 25_000))
        return Quota(per_block, per_epoch, 1 << self.pick((39, 40)), self.pick((9_000, 10_000)))

    def digest(self) -> bytes:
        """32 bytes that nobody saw before."""
        return self.rng.randbytes(32)

    def sent(self, envelope: "Envelope") -> None:
        """Remember a transaction that stood in a block."""
        self.past = [*self.past[-SENT_MAX:], envelope]

    # Checkpoints.

    def note(self) -> bytes | None:
        """The checkpoint that a change of the member set must show; sometimes a false one."""
        sets = self.identity.sets
        none_due = len(sets) == 1
        attack = self.attack("show one where none is due") if none_due else self.attack(*NOTE_ATTACKS)
        if (none_due and not attack) or attack == "show no checkpoint":
            return None
        if attack == "show what is no note":
            return self.digest()
        changed = sets[-1]["first_leaf"]
        later = [size for size in self.world.sizes if size > changed] or [changed + 1]
        size = self.pick((changed + 1, later[0], self.pick(later), self.world.tip.size))
        if attack == "show one from before the change":
            size = self.pick([size for size in self.world.sizes if size <= changed])
        if attack == "show one of a size to come":
            size = self.world.tip.size + self.rng.randint(1, 9)
        wrong_set = none_due or attack == "cosign as the set after"
        members = sets[-1 if wrong_set else -2]["members"]["members"]
        network = self.digest() if attack == "show another network's" else self.world.network
        point = Checkpoint(origin(network), size, bytes(32))
        lines = [*self._logs(point, members, attack), *self._cosignatures(point, members, network, attack)]
        note = Note(point, ()).with_signatures(lines).encode()
        return note if len(note) <= NOTE_BYTES_MAX else None

    def _logs(
        self, point: Checkpoint, members: list[dict[str, bytes]], attack: str
    ) -> Iterable[NoteSignature]:
        if attack == "leave out the log's signature":
            return []
        if attack == "sign the log as an outsider":
            return [sign_log(point, self.fresh())]
        return [sign_log(point, self.secrets[self.pick(members)[self.pick(("witness", "recovery"))]])]

    def _cosignatures(
        self, point: Checkpoint, members: list[dict[str, bytes]], network: bytes, attack: str
    ) -> Iterable[NoteSignature]:
        enough = 2 * len(members) // 3 + 1
        count = enough - 1 if attack == "fall short of a quorum" else self.rng.randint(enough, len(members))
        seconds = self.time // 1000
        lines = []
        for member in self.rng.sample(members, count):
            name = cosigner_name(str(member["name"]), network)
            held = [self.secrets[member["witness"]], self.secrets[member["recovery"]]]
            keys = held if attack == "cosign twice" else [held[self.often(0.1)]]
            lines += [cosign(point, name, key, seconds) for key in keys]
        if attack == "forge a cosignature" and lines:
            last = lines.pop()
            forged = last.signature[:-1] + bytes([last.signature[-1] ^ 1])
            lines.append(NoteSignature(last.key_hash, last.name, forged))
        if attack == "cosign as an outsider":
            lines.append(cosign(point, cosigner_name("nobody", network), self.fresh(), seconds))
        return lines
