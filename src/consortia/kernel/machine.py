"""The machine: apply_block(state, block) -> receipts, header, changes. Pure, and the only writer.

Execution of a block, in numbered steps:

1. the block follows its parent: next height, block time not before the parent's; this software has the rules
   that are in force at its time (`upgrades`);
2. every transaction is admitted (`admission`); one that is not makes the block invalid;
3. each transaction's calls run in order, atomically together. A refused call rolls back everything
   but the spent sequence and quota, and the receipt carries the code;
4. keys that the driver's engine convicted are accused, which leaves no receipt;
5. the lanes' next sequences and what members consumed are written; the state tree's new root is asked for;
6. receipts and then the header become the leaves that the log grows by.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from msgspec.structs import asdict

from consortia.base.codec import Malformed, Record, from_value
from consortia.base.keys import verify
from consortia.base.refusals import Refused
from consortia.kernel import refusals as codes
from consortia.kernel.admission import (
    PURSES,
    SEQUENCES,
    USAGE,
    Admission,
    Check,
    Sequence,
    Spent,
    Usage,
)
from consortia.kernel.application import Application
from consortia.kernel.batch import Admitted
from consortia.kernel.block import OK, Block, Event, Header, Receipt, leaf
from consortia.kernel.context import NOBODY, Alarm, Called, Context
from consortia.kernel.genesis import Genesis
from consortia.kernel.nested import Nested
from consortia.kernel.quick import quick_leaf
from consortia.kernel.store import Overlay, Reader

Changes = Mapping[bytes, bytes | None]
RootOf = Callable[[Changes], bytes]
"""Gives the state root that a set of changes leads to."""


class InvalidBlock(ValueError):
    """A block that no honest proposer makes: it does not follow its parent, or holds what is not admitted."""


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a ledger stands: height, block time, log size in leaves, state root, log root (32 bytes each)."""

    height: int
    time: int
    size: int
    state: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class Result:
    """What a block does: receipts, closing header, state changes, and the leaves the log grows by."""

    receipts: tuple[Receipt, ...]
    header: Header
    changes: Changes
    leaves: tuple[bytes, ...]


def no_alarm(_transaction: bytes, _error: BaseException) -> None:
    """The default alarm: nobody listens; the receipt says `kernel.internal` all the same."""


@dataclass(frozen=True)
class Machine:
    """The rules of one network, bound to its application and genesis."""

    app: Application
    genesis: Genesis
    network: bytes
    alarm: Alarm = no_alarm

    @property
    def nested(self) -> Nested:
        """How handlers of this machine have messages carried out under an authority."""
        return Nested(self.app, self.alarm)

    def start(self, reader: Reader, root_of: RootOf) -> Result:
        """The block of height 0, which writes the genesis state; raises InvalidBlock for a bad genesis."""
        genesis = self.genesis
        if not self.app.knows(genesis.modules):
            raise InvalidBlock("the genesis names other modules, or later versions, than this software has")
        overlay = Overlay(reader)
        ctx = Context(overlay, self.network, 0, genesis.time, calls=self.nested)
        wanted = {module.name for module in self.app.modules if module.genesis is not None}
        if set(genesis.state) != wanted:
            raise InvalidBlock(f"the genesis must hold the state of {', '.join(sorted(wanted))} and no other")
        for module in self.app.modules:
            if module.genesis is not None:
                try:
                    record = from_value(module.genesis.kind, genesis.state[module.name])
                    module.genesis.load(ctx, record, module.ports)
                except (Malformed, Refused) as error:
                    raise InvalidBlock(f"the genesis of {module.name}: {error}") from None
        return self._close(ctx, [], root_of, Tip(-1, genesis.time, 0, b"", b""))

    def admission(self, reader: Reader, tip: Tip, time: int) -> Admission:
        """A fold that admits transactions to the block after `tip` at block time `time`.

        Raises Outdated where the members agreed on rules for that time that this software does not have.
        """
        ctx = Context(Overlay(reader), self.network, tip.height + 1, time)
        self.app.check_versions(ctx)
        unborn = self.app.unborn(ctx, self.genesis.modules)
        return Admission(self.app, reader, self.genesis.limits, (self.network, tip.height + 1, time), unborn)

    def execute(
        self, reader: Reader, tip: Tip, block: Block, root_of: RootOf, check: Check = verify
    ) -> Result:
        """Execute a block over the state `reader` at `tip`; raises InvalidBlock and changes nothing.

        Raises Outdated, just so, for a block of rules that this software does not have.
        """
        if block.height != tip.height + 1:
            raise InvalidBlock(f"height {block.height} does not follow {tip.height}")
        if block.time < tip.time:
            raise InvalidBlock(f"block time {block.time} lies before its parent's {tip.time}")
        admission = self.admission(reader, tip, block.time)
        admitted = []
        for position, raw in enumerate(block.transactions):
            try:
                admitted.append(admission.admit(raw, check))
            except Refused as refused:
                raise InvalidBlock(f"transaction {position} is not admitted: {refused}") from None
        return self.run(reader, tip, block, admission, tuple(admitted), root_of=root_of)

    def run(
        self,
        reader: Reader,
        tip: Tip,
        block: Block,
        admission: Admission,
        admitted: tuple[Admitted, ...],
        *,
        root_of: RootOf,
    ) -> Result:
        """Steps 3 to 6, for the transactions that `admission` admitted to this very block, in its order."""
        if (admission.height, admission.time) != (block.height, block.time):
            raise InvalidBlock("the transactions were admitted to another block")
        overlay = Overlay(reader)
        nested = Nested(self.app, self.alarm, admission.unborn)
        ctx = Context(overlay, self.network, block.height, block.time, tip.size, calls=nested)
        grown: dict[str, int] = {}
        done = [self._transact(ctx, index, item, grown) for index, item in enumerate(admitted)]
        self._accuse(ctx, block)
        _advance(ctx, admitted)
        self._consume(ctx, admission, grown)
        return self._close(ctx, done, root_of, tip)

    def query(self, reader: Reader, tip: Tip, name: str, arguments: Record) -> Record:
        """Answer `module.query`; raises LookupError for an unknown query, Refused for a refused one."""
        found = self.app.query(name)
        if found is None:
            raise LookupError(f"no query {name}")
        module, query = found
        return query.handler(self._at(reader, tip), arguments, module.ports)

    def violations(self, reader: Reader, tip: Tip) -> list[str]:
        """Every invariant that does not hold in the state, in words."""
        found = []
        for module in self.app.modules:
            for invariant in module.invariants:
                text = invariant.check(self._at(reader, tip), module.ports)
                if text is not None:
                    found.append(f"{module.name}.{invariant.name}: {text}")
        return found

    def _at(self, reader: Reader, tip: Tip) -> Context:
        """A context over the state at `tip`, for questions."""
        return Context(Overlay(reader), self.network, tip.height, tip.time, tip.size, calls=self.nested)

    def _transact(
        self, ctx: Context, index: int, item: Admitted, grown: dict[str, int]
    ) -> tuple[Receipt, bytes]:
        """Run one transaction; its receipt, and the leaf that the receipt is."""
        ctx.signer, ctx.transaction, ctx.events = item.signer, item.parsed.id, []
        ctx.state.begin()
        try:
            growth = self._calls(ctx, item, grown)
            events = tuple([Event(self.app.events[type(event)], asdict(event)) for event in ctx.events])
            receipt = Receipt(ctx.height, index, item.parsed.id, OK, item.cost, events)
            encoded = quick_leaf(receipt, ctx.events)
        except Refused as refused:
            return self._refuse(ctx, index, item, refused.code)
        except Exception as error:  # noqa: BLE001 (whatever a handler meets, the block goes on; the alarm tells)
            self.alarm(item.parsed.id, error)
            return self._refuse(ctx, index, item, codes.INTERNAL.code)
        ctx.state.commit()
        grown[item.signer.member] = grown.get(item.signer.member, 0) + growth
        return receipt, encoded

    @staticmethod
    def _refuse(ctx: Context, index: int, item: Admitted, code: str) -> tuple[Receipt, bytes]:
        """Undo the transaction's calls; the receipt carries the code."""
        ctx.state.rollback()
        receipt = Receipt(ctx.height, index, item.parsed.id, code, item.cost, ())
        return receipt, leaf(receipt)

    def _calls(self, ctx: Context, item: Admitted, grown: Mapping[str, int]) -> int:
        """Run the calls in order and give by how many bytes the state grew; raises what a handler raises."""
        ctx.earlier = []
        for position, (bound, message) in enumerate(item.calls):
            ctx.call = position
            self.app.check_stopped(ctx, bound)
            bound.method.handler(ctx, message, bound.module.ports)
            ctx.earlier.append(Called(item.signer.member, bound.name, message))
        growth = ctx.state.growth()
        if growth > 0:
            member = item.signer.member
            self._check_state_bytes(ctx, member, grown.get(member, 0) + growth)
        return growth

    def _check_state_bytes(self, ctx: Context, member: str, total: int) -> None:
        usage = USAGE.get(ctx, member)
        used = (0 if usage is None else usage.state_bytes) + total
        limit = self.app.keys.quota(ctx, member).state_bytes
        if used > limit:
            raise Refused(codes.STATE_FULL, f"{member}: {used} of {limit} bytes")

    def _accuse(self, ctx: Context, block: Block) -> None:
        """Let the key directory take down what keys were convicted of; what fails changes nothing."""
        ctx.signer, ctx.transaction, ctx.events = NOBODY, b"", []
        for accusation in block.accusations:
            ctx.state.begin()
            try:
                self.app.keys.accuse(ctx, accusation.key, accusation.height, accusation.misdeed)
            except Exception as error:  # noqa: BLE001 (as in a transaction, the block goes on; the alarm tells)
                ctx.state.rollback()
                self.alarm(b"", error)
            else:
                ctx.state.commit()

    def _consume(self, ctx: Context, admission: Admission, grown: Mapping[str, int]) -> None:
        epoch = ctx.time // self.genesis.limits.epoch_milliseconds
        for member, cost in admission.consumed().items():
            before = USAGE.get(ctx, member) or Usage(epoch, 0, 0)
            spent = before.cost if before.epoch == epoch else 0
            stored = max(0, before.state_bytes + grown.get(member, 0))
            USAGE.put(ctx, Usage(epoch, spent + cost, stored), member)
        for name, cost in admission.taken().items():
            PURSES.put(ctx, Spent(epoch, cost), name)

    def _close(self, ctx: Context, done: list[tuple[Receipt, bytes]], root_of: RootOf, tip: Tip) -> Result:
        changes = ctx.state.changes()
        members = self.app.keys.member_set(ctx).hash()
        header = Header(ctx.height, ctx.time, root_of(changes), members, tip.size)
        receipts, leaves = tuple(receipt for receipt, _ in done), tuple(encoded for _, encoded in done)
        return Result(receipts, header, changes, (*leaves, leaf(header)))


def _advance(ctx: Context, admitted: tuple[Admitted, ...]) -> None:
    """Write the next sequence number of every lane that was used, by what was refused as well."""
    lanes = {(item.parsed.transaction.key, item.parsed.transaction.lane): item for item in admitted}
    for (key, lane), last in lanes.items():
        SEQUENCES.put(ctx, Sequence(last.parsed.transaction.sequence + 1), key, lane)
