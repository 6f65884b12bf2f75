"""Verification of a proof file, in numbered steps, with nothing but the file and the network's hash.

1. The file is a proof in its one spelling.
2. Its genesis is the network's: it hashes to the network id, and gives the founding member set.
3. Each change of the member set stands in a checkpoint that the set before it made final.
4. The proof's checkpoint is final under the last of these sets.
5. The block's header stands in the log of that checkpoint.
6. The claim holds: the receipt stands in the same log and block, or the state entry is present, or
   absent, under the header's state root.
7. The opened record, or the subject's presence or absence, leads to the commitment in the entry; or the
   evidence gives the entry when it is computed anew.
8. The log continues the one that the verifier trusts already (only when asked for).

Verification reads no clock, file or network. What it cannot show is said by `NOT_PROVED`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from consortia.base.codec import Malformed, Value, decode, decode_record
from consortia.base.commitments import record_leaf, rows_value, subject_key
from consortia.base.ids import is_name, network_id
from consortia.base.merkle import PathError, leaf_hash, root_from_path, verify_consistency
from consortia.base.note import parse_note
from consortia.base.setcommit import SetPathError, verify_absence, verify_presence
from consortia.kernel.application import Application
from consortia.kernel.block import Header, MemberSet, Receipt, parse_leaf
from consortia.kernel.checkpoint import NotFinal, check_final
from consortia.kernel.context import Context
from consortia.kernel.genesis import Genesis
from consortia.kernel.machine import InvalidBlock, Machine
from consortia.kernel.proof import (
    EVIDENCE_BYTES_MAX,
    Proof,
    RecordOpening,
    SetChange,
    SubjectOpening,
    parse_proof,
)
from consortia.kernel.store import MemoryReader, Overlay
from consortia.kernel.table import Part
from consortia.kernel.tree import key_hash, value_hash

NOT_PROVED = (
    "that the data behind a commitment are true",
    "that a member's own training on its own data was honest",
    "that a third or more of a past member set did not lose its keys or collude",
)
"""What no proof shows; every verification ends by saying so."""


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step: what was checked, in words, and whether it held."""

    number: int
    text: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a verifier trusts after a verification: a log's size and root, and the member set there."""

    size: int
    root: bytes
    members: MemberSet


@dataclass(frozen=True, slots=True)
class Verdict:
    """The steps taken, up to the first that failed, and what was shown when none did."""

    steps: tuple[Step, ...]
    proof: Proof | None
    header: Header | None
    receipt: Receipt | None
    anchor: Anchor | None

    @property
    def ok(self) -> bool:
        """Whether every step held."""
        return all(step.ok for step in self.steps)

    @property
    def failed(self) -> int | None:
        """The number of the step that failed, or None."""
        return next((step.number for step in self.steps if not step.ok), None)


class _Wrong(Exception):
    """Raised inside a step: what is wrong."""


class _Check:
    """The state of one verification: what each step found for the next."""

    def __init__(self, app: Application, data: bytes, network: bytes, since: Anchor | None) -> None:
        self.app, self.data, self.network, self.since = app, data, network, since
        self.proof: Proof
        self.members: MemberSet
        self.header: Header
        self.receipt: Receipt | None = None

    def spelling(self) -> str:
        self.proof = parse_proof(self.data)
        return f"the file is a proof of {len(self.data):,} bytes in its one spelling"

    def genesis(self) -> str:
        genesis = self.proof.extra.genesis
        if network_id(genesis) != self.network:
            raise _Wrong(f"the proof is of network {network_id(genesis).hex()}, not {self.network.hex()}")
        record = decode_record(Genesis, genesis)
        reader = MemoryReader()
        result = Machine(self.app, record, self.network).start(reader, lambda _changes: bytes(32))
        reader.update(result.changes)
        founders = self.app.keys.member_set(Context(Overlay(reader), self.network, 0, record.time))
        self.members = founders if self.since is None else self.since.members
        names = ", ".join(member.name for member in founders.members)
        return f"the genesis hashes to the network's id; founded by {names}"

    def changes(self) -> str:
        start = 0 if self.since is None else self.since.size
        for change in self.proof.extra.changes:
            if change.index + 1 >= start:  # the set before the block that ends a log makes that log final
                self._change(change)
        count = len(self.proof.extra.changes)
        names = ", ".join(member.name for member in self.members.members)
        return f"{count} changes of the member set, each final under the set before; now {names}"

    def _change(self, change: SetChange) -> None:
        note = parse_note(change.note)
        check_final(note, self.network, self.members)
        point = note.checkpoint
        if root_from_path(leaf_hash(change.header), change.index, point.size, change.path) != point.root:
            raise _Wrong(f"the header at leaf {change.index} does not lead to the root of its checkpoint")
        header = parse_leaf(change.header)
        if not isinstance(header, Header) or header.members != change.members.hash():
            raise _Wrong(f"leaf {change.index} is not a header that names this member set")
        self.members = change.members

    def checkpoint(self) -> str:
        names = check_final(self.proof.note, self.network, self.members)
        total = len(self.members.members)
        point = self.proof.note.checkpoint
        who = f"{len(names)} of {total} members: {', '.join(names)}"
        return f"the ledger checkpoint of {point.size} leaves is cosigned by {who}"

    def in_log(self) -> str:
        proof = self.proof
        self._include(proof.extra.header, proof.index, proof.path)
        header = parse_leaf(proof.extra.header)
        if not isinstance(header, Header):
            raise _Wrong(f"leaf {proof.index} is not a header")
        self.header = header
        return f"the header of block {header.height} is leaf {proof.index} of that log"

    def claim(self) -> str:
        state, claimed = self.proof.extra.state, self.proof.extra.receipt
        if claimed is not None:
            self._include(claimed.receipt, claimed.index, claimed.path)
            receipt = parse_leaf(claimed.receipt)
            if not isinstance(receipt, Receipt):
                raise _Wrong(f"leaf {claimed.index} is not a receipt")
            place = self.header.first + receipt.index
            if receipt.height != self.header.height or place != claimed.index or place >= self.proof.index:
                raise _Wrong("the receipt does not belong to the block of the header")
            self.receipt = receipt
            name = receipt.transaction.hex()[:16]
            return f"the receipt of transaction {name} stands in that block: {receipt.code}"
        if state is None:  # pragma: no cover (step 1 refuses a proof without a claim; the types do not tell)
            raise _Wrong("there is no claim")
        named = f"the state entry {entry_name(self.app, state.key)}"
        if state.value is None:
            verify_absence(self.header.state, key_hash(state.key), state.path)
            return f"{named} is absent under the header's state root"
        verify_presence(self.header.state, key_hash(state.key), value_hash(state.value), state.path)
        return f"{named} is present under the header's state root"

    def opening(self) -> str:
        extra = self.proof.extra
        record, subject, evidence = extra.record, extra.subject, extra.evidence
        if sum(each is not None for each in (record, subject, evidence)) > 1:
            raise _Wrong("a proof opens a record or a subject, or carries evidence, not two of them")
        if evidence is not None:
            return self._computed(evidence)
        if record is not None:
            return _open_record(record, self._committed())
        if subject is not None:
            return _open_subject(subject, self._committed())
        return "no record is opened"

    def _computed(self, data: bytes) -> str:
        """What the evidence leads to, by the module whose entry is claimed."""
        state = self.proof.extra.state
        if state is None or state.value is None:
            raise _Wrong("only an entry that is present has evidence")
        for module in self.app.modules:
            for known in module.evidence:
                parts = known.table.read_key(state.key)
                if parts is not None:
                    entry = decode_record(known.table.kind, state.value)
                    found = decode_record(known.kind, data, size_max=EVIDENCE_BYTES_MAX)
                    return known.check(self.network, parts, entry, found)
        raise _Wrong("no evidence is known for an entry of this table")

    def continues(self) -> str:
        since, given = self.since, self.proof.extra.since
        if since is not None and (given is None or (given.size, given.root) != (since.size, since.root)):
            raise _Wrong(f"the proof does not continue the checkpoint of {since.size} leaves")
        if given is None:
            return "no earlier checkpoint was asked for"
        point = self.proof.note.checkpoint
        verify_consistency(given.size, given.root, point.size, point.root, given.path)
        trusted = "that you trust" if since is not None else "that the proof names"
        return f"the log continues the checkpoint of {given.size} leaves {trusted}"

    def _include(self, leaf: bytes, index: int, path: tuple[bytes, ...]) -> None:
        point = self.proof.note.checkpoint
        if root_from_path(leaf_hash(leaf), index, point.size, path) != point.root:
            raise _Wrong(f"leaf {index} does not lead to the checkpoint's root")

    def _committed(self) -> dict[str, Value]:
        state = self.proof.extra.state
        if state is None or state.value is None:
            raise _Wrong("only an entry that is present can be opened")
        value = decode(state.value)
        if not isinstance(value, dict):
            raise _Wrong("the entry commits to nothing")
        return value


def entry_name(app: Application, key: bytes) -> str:
    """A state key in print: its table and the parts of its key, or its bytes where it is no table's.

    An absence is a fact of its one key, so no two keys are printed alike.
    """
    for module in app.modules:
        for owned in module.tables:
            parts = owned.read_key(key)
            if parts is not None:
                return f"{owned.module}.{owned.name}({', '.join(map(_part, parts))})"
    return f"of no table, {key.hex()},"


def _part(part: Part) -> str:
    """A part of a key in print: bytes in hex, text that is no name in quotes, without control characters."""
    if isinstance(part, bytes):
        return part.hex()
    return part if isinstance(part, str) and is_name(part) else ascii(part)


def _open_record(opening: RecordOpening, committed: dict[str, Value]) -> str:
    leaf = record_leaf(opening.salt, opening.record)
    root = root_from_path(leaf, opening.index, opening.count, opening.path)
    if committed.get("root") != root or committed.get("count") != opening.count:
        raise _Wrong("the record does not lead to the batch's commitment")
    return f"the record is number {opening.index + 1} of the {opening.count} that the batch commits to"


def _open_subject(opening: SubjectOpening, committed: dict[str, Value]) -> str:
    root, key = committed.get("commitment"), subject_key(opening.salt, opening.subject)
    if not isinstance(root, bytes):
        raise _Wrong("the entry is not a data set's")
    if opening.rows is None or opening.rows_salt is None:
        if opening.rows is not None or opening.rows_salt is not None:
            raise _Wrong("rows come with their salt")
        verify_absence(root, key, opening.path)
        return f"the subject {ascii(opening.subject)[2:-1]}, under its salt, has no rows in this version"
    verify_presence(root, key, rows_value(opening.rows_salt, opening.rows), opening.path)
    return f"the rows of the subject {ascii(opening.subject)[2:-1]} are in this version"


def verify_proof(app: Application, data: bytes, network: bytes, since: Anchor | None = None) -> Verdict:
    """Verify the bytes of a proof against a network id; every step is told, the first that fails ends it."""
    check = _Check(app, data, network, since)
    order: tuple[tuple[str, Callable[[], str]], ...] = (
        ("the file is a proof in its one spelling", check.spelling),
        ("the genesis is the network's", check.genesis),
        ("each change of the member set was made final by the set before it", check.changes),
        ("the ledger checkpoint is final", check.checkpoint),
        ("the block's header stands in the log", check.in_log),
        ("the claim holds", check.claim),
        ("what is opened leads to the commitment", check.opening),
        ("the log continues what you trust", check.continues),
    )
    steps: list[Step] = []
    for number, (title, step) in enumerate(order, start=1):
        try:
            steps.append(Step(number, step(), ok=True))
        except (_Wrong, Malformed, NotFinal, PathError, SetPathError, InvalidBlock) as error:
            steps.append(Step(number, f"{title}: {error}", ok=False))
            return Verdict(tuple(steps), None, None, None, None)
    point = check.proof.note.checkpoint
    anchor = Anchor(point.size, point.root, check.members)
    return Verdict(tuple(steps), check.proof, check.header, check.receipt, anchor)
