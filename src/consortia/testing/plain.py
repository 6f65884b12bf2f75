"""A plain application: members with fixed keys, and entries that they write.

The simulator and the benchmarks of the ledger's own path run on it, so that they measure and attack
the machine, the log and the witnesses rather than the rules of any one module. It is complete: it has
genesis, keys, quotas, a set of members that changes, an urgent method, a prompt one and an invariant.
"""

from typing import Annotated, Any

from msgspec import Meta

from consortia.base.codec import U63, Digest, Name, PublicKey, Record, Text80, to_value
from consortia.base.hashing import tagged
from consortia.base.keys import SigningKey, key_id
from consortia.base.refusals import Refusal, require
from consortia.kernel.application import Application
from consortia.kernel.block import MemberKey, MemberSet, Misdeed
from consortia.kernel.context import Context, Signer
from consortia.kernel.genesis import DEFAULT_LIMITS, PROTOCOL_VERSION, Genesis, Limits
from consortia.kernel.module import GenesisLoader, Invariant, Method, Module
from consortia.kernel.ports import KeyState, Quota, SetStep, Validator
from consortia.kernel.table import Table
from consortia.kernel.transaction import Call, call

ROLES = frozenset({"operator"})
VALUE_BYTES_MAX = 256
FROZEN = Refusal("plain", 1, "frozen", "The entry was stopped by a member and takes no more writes.")
KNOWN = Refusal("plain", 2, "known", "The member is in the set already.")


class Founder(Record, frozen=True):
    """A member from the start: its node's key and its operator's key."""

    name: Name
    witness: PublicKey
    recovery: PublicKey
    operator: PublicKey


class Founders(Record, frozen=True):
    """The genesis of the plain module."""

    members: tuple[Founder, ...]
    quota: Quota


class Entry(Record, frozen=True):
    """A value, how often it was written, and whether it is stopped."""

    value: Annotated[bytes, Meta(max_length=VALUE_BYTES_MAX)]
    writes: U63
    stopped: bool


class Total(Record, frozen=True):
    """How many writes there were in all."""

    writes: U63


class Offence(Record, frozen=True):
    """What a member's voting key was convicted of."""

    misdeed: Misdeed


class Change(Record, frozen=True):
    """The member set after the block at `height` that changed it."""

    height: U63
    members: MemberSet


class Write(Record, frozen=True):
    """Write an entry: one state entry besides the sequence and the member's own total."""

    name: Text80
    value: Annotated[bytes, Meta(max_length=VALUE_BYTES_MAX)]


class Settle(Record, frozen=True):
    """Write an entry whose finality somebody waits for."""

    name: Text80


class Stop(Record, frozen=True):
    """Stop an entry: what no orderer may keep out of the log."""

    name: Text80


class Admit(Record, frozen=True):
    """Take a member into the set."""

    name: Name
    witness: PublicKey
    recovery: PublicKey
    operator: PublicKey


class Written(Record, frozen=True):
    """An entry was written for the `writes`-th time."""

    name: Text80
    writes: U63


MEMBERS = Table("plain", "member", Founder, (str,), "a member and its keys")
KEYS = Table("plain", "key", Founder, (bytes,), "the member of an operator's key")
CHANGES = Table("plain", "change", Change, (int,), "a change of the member set, by height")
QUOTAS = Table("plain", "quota", Quota, (), "what each member may consume")
ENTRIES = Table("plain", "entry", Entry, (str,), "an entry")
OFFENCES = Table("plain", "offence", Offence, (bytes, int), "an offence, by key id and height")
TOTALS = Table("plain", "total", Total, (str,), "a member's writes")


class Directory:
    """The key directory of the plain application."""

    def key(self, ctx: Context, key: bytes) -> KeyState | None:
        """The operator's key with this id, or None."""
        member = KEYS.get(ctx, key)
        if member is None:
            return None
        return KeyState(Signer(key, member.operator, member.name, ROLES), active=True)

    def quota(self, ctx: Context, member: str) -> Quota:
        """The one quota of all members."""
        return QUOTAS.get(ctx) or Quota(0, 0, 0, 0)

    def member_set(self, ctx: Context) -> MemberSet:
        """The members and their nodes' keys."""
        members = [member for _, member in MEMBERS.scan(ctx)]
        keys = [MemberKey(member.name, member.witness, member.recovery) for member in members]
        return MemberSet(tuple(sorted(keys, key=lambda key: key.name)))

    def set_changes(self, ctx: Context) -> tuple[SetStep, ...]:
        """The changes of the set, each vouched for by the one block that brought it."""
        return tuple(SetStep(change.height, change.members, None) for _, change in CHANGES.scan(ctx))

    def validators(self, ctx: Context) -> tuple[Validator, ...]:
        """Every member votes with its operator's key and the power 1."""
        return self.consensus_keys(ctx)

    def consensus_keys(self, ctx: Context) -> tuple[Validator, ...]:
        """As `validators`: keys are fixed here."""
        found = [Validator(member.name, member.operator, 1) for _, member in MEMBERS.scan(ctx)]
        return tuple(sorted(found, key=lambda one: one.member))

    def accuse(self, ctx: Context, public: bytes, height: int, misdeed: Misdeed) -> None:
        """Count the offences of a key that a member votes with."""
        if any(one.public == public for one in self.consensus_keys(ctx)):
            OFFENCES.put(ctx, Offence(misdeed), key_id(public), height)


def load(ctx: Context, founders: Founders, ports: object) -> None:
    """Write the founders."""
    QUOTAS.put(ctx, founders.quota)
    for founder in founders.members:
        _admit(ctx, founder)


def write(ctx: Context, message: Write, ports: object) -> None:
    """Write an entry."""
    # CHECK
    entry = ENTRIES.get(ctx, message.name)
    require(entry is None or not entry.stopped, FROZEN, message.name)
    # DECIDE
    writes = 1 if entry is None else entry.writes + 1
    total = TOTALS.get(ctx, ctx.signer.member)
    # WRITE
    ENTRIES.put(ctx, Entry(message.value, writes, stopped=False), message.name)
    TOTALS.put(ctx, Total(1 if total is None else total.writes + 1), ctx.signer.member)
    # EMIT
    ctx.emit(Written(message.name, writes))


def settle(ctx: Context, message: Settle, ports: object) -> None:
    """Write an entry whose finality somebody waits for."""
    write(ctx, Write(message.name, b"settled"), ports)


def stop(ctx: Context, message: Stop, ports: object) -> None:
    """Stop an entry."""
    # DECIDE
    entry = ENTRIES.get(ctx, message.name) or Entry(b"", 0, stopped=True)
    # WRITE
    ENTRIES.put(ctx, Entry(entry.value, entry.writes, stopped=True), message.name)


def admit(ctx: Context, message: Admit, ports: object) -> None:
    """Take a member in."""
    # CHECK
    require(not MEMBERS.has(ctx, message.name), KNOWN, message.name)
    # WRITE
    _admit(ctx, Founder(message.name, message.witness, message.recovery, message.operator))
    CHANGES.put(ctx, Change(ctx.height, Directory().member_set(ctx)), ctx.height)


def totals_add_up(ctx: Context, ports: object) -> str | None:
    """Every member's writes together are every entry's writes together."""
    by_entry = sum(entry.writes for _, entry in ENTRIES.scan(ctx))
    by_member = sum(total.writes for _, total in TOTALS.scan(ctx))
    return None if by_entry == by_member else f"{by_entry} writes by entry, {by_member} by member"


def _admit(ctx: Context, founder: Founder) -> None:
    MEMBERS.put(ctx, founder, founder.name)
    KEYS.put(ctx, founder, key_id(founder.operator))


MODULE = Module(
    name="plain",
    version=1,
    doc="Members with fixed keys, and entries that they write.",
    methods=(
        Method(Write, write, ROLES, cost=20),
        Method(Settle, settle, ROLES, cost=20, prompt=True),
        Method(Stop, stop, ROLES, cost=20, urgent=True),
        Method(Admit, admit, ROLES, cost=20),
    ),
    refusals=(FROZEN, KNOWN),
    tables=(MEMBERS, KEYS, CHANGES, QUOTAS, ENTRIES, TOTALS, OFFENCES),
    events=(Written,),
    invariants=(Invariant("totals_add_up", totals_add_up),),
    genesis=GenesisLoader(Founders, load),
)


def application() -> Application:
    """The plain application."""
    return Application(modules=(MODULE,), keys=Directory())


class Member:
    """A member's keys, made from a seed: `node` cosigns and orders, `operator` signs transactions."""

    def __init__(self, name: str) -> None:
        """The keys follow from the name: for tests and measurements only."""
        self.name = name
        self.node = SigningKey(_seed(f"node {name}"))
        self.recovery = SigningKey(_seed(f"recovery {name}"))
        self.operator = SigningKey(_seed(f"operator {name}"))

    def founder(self) -> Founder:
        """The member as a genesis names it."""
        return Founder(self.name, self.node.public, self.recovery.public, self.operator.public)

    def admission(self) -> Call:
        """The call that takes this member in."""
        keys = (self.node.public, self.recovery.public, self.operator.public)
        return call(Admit(self.name, *keys), "plain", "admit")


QUOTA = Quota(cost_per_block=4_000_000, cost_per_epoch=1 << 40, state_bytes=1 << 40, pending=100_000)


def genesis(
    members: list[Member], *, time: int, quota: Quota = QUOTA, limits: Limits = DEFAULT_LIMITS
) -> Genesis:
    """The genesis of a plain network; `time` is its first block time in UTC milliseconds."""
    founders = Founders(tuple(member.founder() for member in members), quota)
    state: dict[str, dict[str, Any]] = {"plain": to_value(founders)}
    return Genesis(PROTOCOL_VERSION, "plain", time, limits, application().versions(), state)


def _seed(text: str) -> Digest:
    return tagged("consortia/testing/seed", text.encode())
