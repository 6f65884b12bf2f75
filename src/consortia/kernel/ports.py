"""What the kernel asks of the modules, in the kernel's words."""

from dataclasses import dataclass
from typing import Protocol

from consortia.base.codec import U63, Record
from consortia.kernel.block import MemberSet, Misdeed
from consortia.kernel.context import Context, Signer


class Quota(Record, frozen=True):
    """What a member may consume: cost per block and per epoch, bytes of state, transactions waiting."""

    cost_per_block: U63
    cost_per_epoch: U63
    state_bytes: U63
    pending: U63


@dataclass(frozen=True, slots=True)
class Bounds:
    """What binds a key beyond its roles: each of its transactions begins with the method `first`.

    All its other calls are of `methods`; `first` stands once.
    """

    first: str
    methods: frozenset[str]


@dataclass(frozen=True, slots=True)
class Purse:
    """A part of its member's quota that a key may use: what all keys with this `name` cost in an epoch."""

    name: str
    most: int


@dataclass(frozen=True, slots=True)
class KeyState:
    """What the ledger knows of a key: whose it is and its roles, whether it still acts, and what binds it.

    Without a `purse` it has the whole of its member's quota.
    """

    signer: Signer
    active: bool
    bounds: Bounds | None = None
    purse: Purse | None = None


@dataclass(frozen=True, slots=True)
class SetStep:
    """A change of the member set: its block's height, the set after it, and the note that vouches for it.

    `vouched` is the final checkpoint over that block which the next change carried; None for the newest.
    """

    height: int
    members: MemberSet
    vouched: bytes | None


@dataclass(frozen=True, slots=True)
class Validator:
    """A member that votes where a consensus engine orders: its Ed25519 key there, and its voting power."""

    member: str
    public: bytes
    power: int


class Stops(Protocol):
    """Which methods are stopped for a while."""

    def check(self, ctx: Context, method: str) -> None:
        """Raise Refused where the method with this full name is stopped now."""
        ...


class KeyDirectory(Protocol):
    """Who may sign and who the members are."""

    def key(self, ctx: Context, key_id: bytes) -> KeyState | None:
        """The state of the key with this id, or None."""
        ...

    def quota(self, ctx: Context, member: str) -> Quota:
        """The quota of a member; that of a joiner for a name that is no member."""
        ...

    def member_set(self, ctx: Context) -> MemberSet:
        """The members in force and their witness keys."""
        ...

    def set_changes(self, ctx: Context) -> tuple[SetStep, ...]:
        """Every change of the member set after the genesis, oldest first."""
        ...

    def validators(self, ctx: Context) -> tuple[Validator, ...]:
        """Those who vote in consensus, by the newest state, sorted by member; each power is above 0."""
        ...

    def consensus_keys(self, ctx: Context) -> tuple[Validator, ...]:
        """Every consensus key there is or was; the power is 0 where it is out of force."""
        ...

    def accuse(self, ctx: Context, public: bytes, height: int, misdeed: Misdeed) -> None:
        """Take down that a consensus key was convicted at `height`, a height of the driver's own.

        The same accusation twice, or of a key that nobody has, changes nothing.
        """
        ...
