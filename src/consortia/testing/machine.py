"""A network in memory: real members, keys, transactions, blocks and checkpoints, without disk or sockets.

    bench = Bench(4)
    receipt = bench.run("north", "admin", SetEndpoint("http://127.0.0.1:7001", None))
    bench.admit_member("harbour")
    bench.query("identity.members")

Everything is derived from names, so two benches that do the same stand at the same roots.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from consortia.app import application
from consortia.base.codec import Record, from_value, to_value
from consortia.base.hashing import tagged
from consortia.base.ids import cosigner_name, origin
from consortia.base.keys import SigningKey
from consortia.base.merkle import Frontier, leaf_hash
from consortia.base.note import Checkpoint, Note, cosign, sign_log
from consortia.base.refusals import Refused
from consortia.base.setcommit import root
from consortia.base.times import HOUR
from consortia.kernel.application import Application
from consortia.kernel.block import OK, Block, Receipt
from consortia.kernel.context import Context
from consortia.kernel.genesis import DEFAULT_LIMITS, PROTOCOL_VERSION, Genesis, Limits
from consortia.kernel.machine import Changes, Machine, Result, Tip
from consortia.kernel.ports import Quota
from consortia.kernel.store import MemoryReader, Overlay
from consortia.kernel.transaction import Call, sign_transaction
from consortia.kernel.tree import hashed
from consortia.modules.governance.charters import default_charter
from consortia.modules.governance.types import GovernanceGenesis
from consortia.modules.identity.messages import Accept, ApproveMember, NewKey, ProposeMember
from consortia.modules.identity.rules import FULL_QUOTA, possession_message
from consortia.modules.identity.types import Founder, IdentityGenesis, KeySpec, Role

NAMES = ("north", "east", "south", "west", "harbour", "valley", "island", "forest", "desert", "meadow")
ROLES: tuple[Role, ...] = (
    "node",
    "recovery",
    "admin",
    "operator",
    "analyst",
    "approver",
    "trustee",
    "worker",
)
CONSENSUS: Role = "consensus"
"""The role that a party has a key of only where it is asked for."""

START = 1_767_225_600_000
"""The block time of a bench's genesis, in milliseconds: 2026-01-01 00:00 UTC."""

STEP = 1_000
"""By so many milliseconds each block is later than the one before, unless a test sets `time`."""


class BenchError(AssertionError):
    """What no test may pass over: a broken invariant, an unforeseen exception, a transaction not let in."""


def key_from(*words: str) -> SigningKey:
    """The key whose seed follows from these words."""
    return SigningKey(tagged("consortia/testing/key", "/".join(words).encode()))


@dataclass
class Party:
    """An organisation with one key of each role; `keys` is what signs for it now."""

    name: str
    keys: dict[str, SigningKey]

    @classmethod
    def named(cls, name: str, generation: int = 0, roles: Iterable[str] = ROLES) -> "Party":
        """The organisation with this name; another `generation` gives other keys."""
        return cls(name, {role: key_from(name, role, str(generation)) for role in roles})

    @property
    def specs(self) -> tuple[KeySpec, ...]:
        """Its keys as identity records them."""
        return tuple(
            KeySpec(key.public, (role,), f"{role} of {self.name}")
            for role in (*ROLES, CONSENSUS)
            for held, key in self.keys.items()
            if held == role
        )

    def new_keys(self, network: bytes) -> tuple[NewKey, ...]:
        """Its keys with the proof that it holds each of them."""
        return new_keys(network, self.name, [(spec, self.keys[spec.roles[0]]) for spec in self.specs])


def new_keys(network: bytes, name: str, keys: Iterable[tuple[KeySpec, SigningKey]]) -> tuple[NewKey, ...]:
    """Keys with the proof of possession that makes them keys of the member `name`."""
    pairs = tuple(keys)
    message = possession_message(network, name, tuple(spec for spec, _ in pairs))
    return tuple(NewKey(spec.public, spec.roles, spec.label, key.sign(message)) for spec, key in pairs)


class Bench:
    """One network at its tip. `time` is the block time of the next block; a test may set it."""

    def __init__(
        self,
        members: int | tuple[str, ...] = 4,
        *,
        app: Application | None = None,
        quota: Quota = FULL_QUOTA,
        limits: Limits = DEFAULT_LIMITS,
        genesis: Mapping[str, Record] | None = None,
    ) -> None:
        """Found a network of so many members (named as `NAMES`), or of those named.

        `genesis` gives the parts of modules other than identity that take one.
        """
        names = members if isinstance(members, tuple) else _names(members)
        self.parties = {name: Party.named(name) for name in names}
        self.app = application() if app is None else app
        founders = tuple(
            Founder(party.name, f"The organisation {party.name}", party.specs, quota)
            for party in self.parties.values()
        )
        parts: dict[str, Record] = {"identity": IdentityGenesis(founders, quota)}
        if any(module.name == "governance" for module in self.app.modules):
            parts["governance"] = GovernanceGenesis(default_charter(names))
        parts |= genesis or {}
        state = {name: to_value(part) for name, part in parts.items()}
        self.genesis = Genesis(PROTOCOL_VERSION, "bench", START, limits, self.app.versions(), state)
        self.network = self.genesis.network()
        self.alarms: list[BaseException] = []
        self.machine = Machine(
            self.app, self.genesis, self.network, lambda _transaction, error: self.alarms.append(error)
        )
        self.state = MemoryReader()
        self.leaves: list[bytes] = []
        self.blocks: list[Block] = []
        self.time = START + STEP
        self._hashes: dict[bytes, bytes] = {}
        self._frontier = Frontier()
        self._roots: dict[int, bytes] = {}
        self._witnesses: dict[int, dict[str, SigningKey]] = {}
        self._signed: dict[tuple[bytes, int], int] = {}
        self.tip = Tip(-1, START, 0, b"", b"")
        self._adopt(self.machine.start(self.state, self._root_of), self.witnesses())

    def key(self, member: str, role: str) -> SigningKey:
        """The key with which `member` acts in `role`."""
        return self.parties[member].keys[role]

    def call(self, message: Record) -> Call:
        """The call that carries a message to the module that declares it."""
        return Call(self.app.messages[type(message)], dict(to_value(message)))

    def sign(
        self,
        member: str,
        role: str,
        *messages: Record,
        lane: int = 0,
        sequence: int | None = None,
        expires: int | None = None,
    ) -> bytes:
        """The bytes of a transaction; by default with the lane's next sequence, for the next hour."""
        return self.sign_with(
            self.key(member, role), *messages, lane=lane, sequence=sequence, expires=expires
        )

    def sign_with(
        self,
        key: SigningKey,
        *messages: Record,
        lane: int = 0,
        sequence: int | None = None,
        expires: int | None = None,
    ) -> bytes:
        """As `sign`, by any key."""
        if sequence is None:
            sequence = self.next_sequence(key, lane)
            self._signed[key.key_id, lane] = sequence + 1
        calls = tuple(self.call(message) for message in messages)
        until = self.time + HOUR if expires is None else expires
        return sign_transaction(key, self.network, calls, sequence=sequence, expires=until, lane=lane)

    def next_sequence(self, key: SigningKey, lane: int = 0) -> int:
        """The next sequence of a lane, what was signed since the last block included."""
        known = self._signed.get((key.key_id, lane))
        if known is not None:
            return known
        return self.machine.admission(self.state, self.tip, self.time).next_sequence(key.key_id, lane)

    def admission_code(self, raw: bytes) -> str:
        """The code with which the next block refuses to hold `raw`; "ok" where it does not."""
        try:
            self.machine.admission(self.state, self.tip, self.time).admit(raw)
        except Refused as refused:
            return refused.code
        return OK

    def block(self, *transactions: bytes) -> tuple[Receipt, ...]:
        """Append a block of these transactions; raises BenchError if an invariant does not hold after it."""
        block = Block(self.tip.height + 1, self.time, transactions)
        before = self.witnesses()
        result = self.machine.execute(self.state, self.tip, block, self._root_of)
        self.blocks.append(block)
        self._adopt(result, before)
        self._signed.clear()
        self.time += STEP
        violations = self.machine.violations(self.state, self.tip)
        if violations:
            raise BenchError("; ".join(violations))
        return result.receipts

    def run(self, member: str, role: str, *messages: Record) -> Receipt:
        """Sign the messages as one transaction, append a block of it, and give its receipt."""
        (receipt,) = self.block(self.sign(member, role, *messages))
        if self.alarms:
            raise BenchError(f"the machine failed: {self.alarms[-1]!r}") from self.alarms[-1]
        return receipt

    def ok(self, member: str, role: str, *messages: Record) -> Receipt:
        """As `run`, and raise BenchError unless it is carried out."""
        receipt = self.run(member, role, *messages)
        if receipt.code != OK:
            raise BenchError(f"refused: {receipt.code}")
        return receipt

    def query(self, name: str, arguments: Record | None = None, /, **fields: Any) -> Any:  # noqa: ANN401 (each query has its own result)
        """Ask `module.query`, its arguments given as their record or field by field."""
        if arguments is None:
            found = self.app.query(name)
            if found is None:
                raise LookupError(f"no query {name}")
            arguments = from_value(found[1].arguments, fields)
        return self.machine.query(self.state, self.tip, name, arguments)

    def witnesses(self) -> dict[str, SigningKey]:
        """The node keys of the members in force, by name."""
        held = {key.public: key for keys in self._witnesses.values() for key in keys.values()}
        held |= {party.keys["node"].public: party.keys["node"] for party in self.parties.values()}
        if self.tip.height < 0:
            return {name: party.keys["node"] for name, party in self.parties.items()}
        members = self.app.keys.member_set(self.context()).members
        return {member.name: held[member.witness] for member in members}

    def checkpoint(
        self,
        size: int | None = None,
        signers: Mapping[str, SigningKey] | None = None,
        log: SigningKey | None = None,
    ) -> bytes:
        """A ledger checkpoint at a block's end (the newest by default), as a signed note.

        It is cosigned by `signers` (by member; by default the whole set at the block's start), and
        signed for the log by `log`, by default the first of them. A size at which no block ends gets a
        root of zeros, as a forger would put.
        """
        at = self.tip.size if size is None else size
        keys = self._witnesses[at] if signers is None else signers
        point = Checkpoint(origin(self.network), at, self._roots.get(at, bytes(32)))
        seconds = self.time // 1000
        lines = [sign_log(point, next(iter(keys.values())) if log is None else log)]
        lines += [
            cosign(point, cosigner_name(name, self.network), key, seconds) for name, key in keys.items()
        ]
        return Note(point, ()).with_signatures(lines).encode()

    def covering(self) -> bytes | None:
        """The checkpoint that the next change of the member set must carry; None for the first change."""
        changes = self.app.keys.set_changes(self.context())
        if not changes:
            return None
        return self.checkpoint(self.size_at(changes[-1].height))

    def size_at(self, height: int) -> int:
        """The size of the log after the block at `height`."""
        return sorted(self._roots)[height]

    def proposal(self, kind: str, name: str) -> bytes:
        """The id of the open proposal about a member; zeros where there is none."""
        found = self.query("identity.proposals").proposals
        return next((bytes(one.id) for one in found if (one.kind, one.name) == (kind, name)), bytes(32))

    def admit_member(self, name: str, quota: Quota = FULL_QUOTA, roles: Iterable[str] = ROLES) -> Party:
        """Admit an organisation in three blocks: proposed by the first member, approved by all, accepted."""
        party = Party.named(name, roles=roles)
        members = self.app.keys.member_set(self.context()).members
        title = f"The organisation {name}"
        keys = party.new_keys(self.network)
        first = members[0].name
        self.ok(first, "admin", ProposeMember(name, title, keys, quota, self.time + 24 * HOUR))
        yes = ApproveMember(name, self.proposal("admission", name))
        self.block(*[self.sign(other.name, "admin", yes) for other in members[1:]])
        self.parties[name] = party
        self.ok(name, "admin", Accept(name, self.covering()))
        return party

    def context(self) -> Context:
        """A context that reads the state at the tip."""
        return Context(Overlay(self.state), self.network, self.tip.height, self.time, self.tip.size)

    def _root_of(self, changes: Changes) -> bytes:
        return root(_merged(self._hashes, hashed(changes)))

    def _adopt(self, result: Result, witnesses: dict[str, SigningKey]) -> None:
        self._hashes = _merged(self._hashes, hashed(result.changes))
        self.state.update(result.changes)
        self.leaves += result.leaves
        self._frontier.extend(leaf_hash(leaf) for leaf in result.leaves)
        header, size = result.header, len(self.leaves)
        self.tip = Tip(header.height, header.time, size, header.state, self._frontier.root())
        self._roots[size] = self.tip.root
        self._witnesses[size] = witnesses


def _merged(entries: dict[bytes, bytes], changes: Mapping[bytes, bytes | None]) -> dict[bytes, bytes]:
    merged = {**entries, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def _names(count: int) -> tuple[str, ...]:
    return tuple(NAMES[at] if at < len(NAMES) else f"member-{at:03}" for at in range(count))
