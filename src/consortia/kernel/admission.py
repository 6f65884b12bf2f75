"""Admission: which transactions a block may contain, a pure fold over the state at the block's start.

The proposer filters by it, and every node rejects a block that holds a transaction which it refuses.
Keys, roles and quotas are those at the start of the block, so a change of a key acts from the
next block; sequences and consumed quotas advance within the fold.

Of a block's limits a quarter is kept for transactions with an urgent call, the rest is for all; of either
each member has an equal share, so that nobody crowds out another
(`docs/decisions/0028-shares-of-a-block.md`).
"""

from collections.abc import Callable, Mapping

from consortia.base.codec import U63, Malformed, Record, from_value
from consortia.base.keys import verify
from consortia.base.refusals import Refusal, Refused, require
from consortia.kernel import refusals as codes
from consortia.kernel.application import Application, Bound
from consortia.kernel.batch import Admitted, Batch, Permission, is_urgent, permission, static_cost
from consortia.kernel.block import MEMBERS_MAX
from consortia.kernel.context import Context, Signer
from consortia.kernel.genesis import Limits
from consortia.kernel.ports import KeyState, Purse, Quota
from consortia.kernel.quick import quick_parse
from consortia.kernel.store import Overlay, Reader
from consortia.kernel.table import Table
from consortia.kernel.transaction import TRANSACTION_BYTES_MAX, Parsed

URGENT_PART = 4
"""One in so many of a block's units of cost, and of its transactions, is kept for urgent transactions."""

Check = Callable[[bytes, bytes, bytes], bool]
"""Whether (public key, message, signature) is valid; a driver may pass one with results it has already."""


class Sequence(Record, frozen=True):
    """The next sequence number of a key's lane."""

    next: U63


class Usage(Record, frozen=True):
    """What a member consumed: cost in the named epoch, and bytes of state in all."""

    epoch: U63
    cost: U63
    state_bytes: U63


class Spent(Record, frozen=True):
    """What the keys of one purse cost their member in the named epoch."""

    epoch: U63
    cost: U63


SEQUENCES = Table("kernel", "sequence", Sequence, (bytes, int), "next sequence number of a key's lane")
USAGE = Table("kernel", "usage", Usage, (str,), "what a member consumed")
PURSES = Table("kernel", "purses", Spent, (str,), "what the keys of a purse cost")


def parse(app: Application, raw: bytes, network: bytes) -> tuple[Parsed, tuple[tuple[Bound, Record], ...]]:
    """The parsed transaction and its typed messages, whatever the state; raises Refused."""
    if len(raw) > TRANSACTION_BYTES_MAX:
        raise Refused(codes.OVERSIZE, f"{len(raw)} bytes")
    try:
        parsed = quick_parse(raw, network)
    except Malformed as error:
        raise Refused(codes.MALFORMED, str(error)) from None
    if parsed.transaction.network != network:
        raise Refused(codes.WRONG_NETWORK, parsed.transaction.network.hex())
    calls = []
    for call in parsed.transaction.calls:
        bound = app.methods.get(call.method)
        if bound is None:
            raise Refused(codes.UNKNOWN_METHOD, call.method)
        try:
            calls.append((bound, from_value(bound.method.message, call.args)))
        except Malformed as error:
            raise Refused(codes.BAD_ARGUMENTS, f"{call.method}: {error}") from None
    return parsed, tuple(calls)


class Tally:
    """What a member's admitted transactions of one block add up to, beside its quota at the block's start.

    `spent` is the cost of its epoch before the block; `urgent` and `ordinary` are its parts of both shares.
    """

    __slots__ = ("cost", "ordinary", "quota", "spent", "urgent")

    def __init__(self, quota: Quota, spent: int) -> None:
        self.quota, self.spent = quota, spent
        self.cost = self.urgent = self.ordinary = 0


class Admission:
    """The fold for one block at `height` and block time `time` over the state `reader`."""

    def __init__(
        self,
        app: Application,
        reader: Reader,
        limits: Limits,
        context: tuple[bytes, int, int],
        unborn: frozenset[str] = frozenset(),
    ) -> None:
        """Start the fold; `context` is (network id, height, block time in milliseconds).

        The methods named in `unborn` are those of rules that are not in force yet.
        """
        self.app = app
        self.unborn = unborn
        self.limits = limits
        self.network, self.height, self.time = context
        self._epoch = self.time // limits.epoch_milliseconds
        self._ctx = Context(Overlay(reader), self.network, self.height, self.time)
        self._keys: dict[bytes, KeyState | None] = {}
        self._signers: dict[bytes, Signer] = {}
        self._may: dict[Permission, Signer] = {}
        self._tallies: dict[str, Tally] = {}
        self._next: dict[tuple[bytes, int], int] = {}
        self._purses: dict[bytes, Purse] = {}
        self._taken: dict[str, int] = {}
        self._block_cost = 0
        self._count = 0
        self._least = -(-limits.block_cost // max(1, limits.block_transactions))
        self._ordinary_most = limits.block_cost - limits.block_cost // URGENT_PART
        self._ordinary_max = limits.block_transactions - limits.block_transactions // URGENT_PART
        self._ordinary_count = self._ordinary_cost = 0
        self._members = 0

    def admit(self, raw: bytes, check: Check = verify) -> Admitted:
        """Admit the next transaction of the block, or raise Refused and leave the fold as it was."""
        parsed, calls = parse(self.app, raw, self.network)
        return self.admit_parsed(parsed, calls, check)

    def admit_parsed(
        self, parsed: Parsed, calls: tuple[tuple[Bound, Record], ...], check: Check = verify
    ) -> Admitted:
        """As `admit`, for a transaction that `parse` took apart before."""
        transaction = parsed.transaction
        signer = self._permitted(transaction.key, calls)
        if transaction.expires < self.time:
            raise Refused(codes.EXPIRED, f"{transaction.expires} before {self.time}")
        lane, sequence = (transaction.key, transaction.lane), transaction.sequence
        if sequence != self._next.get(lane):
            self._check_sequence(*lane, sequence)
        cost = static_cost(parsed, calls)
        tally = self._tallies.get(signer.member) or self._tally_of(signer.member)
        purse = self._purses.get(transaction.key)
        if purse is not None:
            self._check_purse(purse, cost)
        urgent = is_urgent(calls) and self._has_share(tally, cost)
        self._check_cost(tally, signer.member, cost, urgent=urgent)
        if not urgent:
            self._check_ordinary(tally, signer.member, cost)
        if not check(signer.public, parsed.signed, parsed.envelope.signature):
            raise Refused(codes.BAD_SIGNATURE)
        self._next[lane] = sequence + 1
        if purse is not None:
            self._taken[purse.name] = self._taken_of(purse.name) + cost
        tally.cost += cost
        self._block_cost += cost
        self._count += 1
        if urgent:
            tally.urgent += max(cost, self._least)
        else:
            tally.ordinary += cost
            self._ordinary_cost += cost
            self._ordinary_count += 1
        return Admitted(parsed, signer, calls, cost)

    def admit_batch(self, batch: Batch) -> tuple[Admitted, ...] | None:
        """Admit transactions all at once as one by one would, or give None and leave the fold as it was.

        None says nothing of them: then they have to be admitted one by one. No signature is checked here:
        whose are not known to be valid (`Part.signed_by`) have to be, too.
        """
        signers = self.signers(batch)
        if signers is None or not self._have_room(batch, signers):
            return None
        if not self._purses.keys().isdisjoint(batch.parts):
            return None
        if not all(self.next_sequence(*lane) == first for lane, (first, _) in batch.lanes.items()):
            return None
        for key, part in batch.parts.items():
            tally = self._tally_of(signers[key].member)
            tally.cost += part.cost
            tally.ordinary += part.cost
        self._next.update([(lane, after) for lane, (_, after) in batch.lanes.items()])
        self._block_cost += batch.cost
        self._ordinary_cost += batch.cost
        self._count += len(batch.items)
        self._ordinary_count += len(batch.items)
        return batch.admitted(signers)

    def signers(self, batch: Batch) -> dict[bytes, Signer] | None:
        """Who signed a batch, by key id; None unless all may carry out their methods and none is expired."""
        if batch.expires < self.time:
            return None
        try:
            found = {key: self._permitted(key, calls) for key, calls in batch.permissions}
        except Refused:
            return None
        return found if all(batch.parts[key].signed_by == one.public for key, one in found.items()) else None

    def _have_room(self, batch: Batch, signers: Mapping[bytes, Signer]) -> bool:
        """Whether quotas, the block and its shares have room for the whole of a batch."""
        limits, most = self.limits, self._ordinary_most
        count = self._ordinary_count + len(batch.items)
        if self._count + len(batch.items) > limits.block_transactions or count > self._ordinary_max:
            return False
        if self._block_cost + batch.cost > limits.block_cost or self._ordinary_cost + batch.cost > most:
            return False
        costs = dict[str, int]()
        for key, part in batch.parts.items():
            member = signers[key].member
            costs[member] = costs.get(member, 0) + part.cost
        for member, cost in costs.items():
            tally = self._tally_of(member)
            in_block = tally.cost + cost
            if tally.spent + in_block > tally.quota.cost_per_epoch or in_block > tally.quota.cost_per_block:
                return False
            if not self._is_share(tally.ordinary + cost, most):
                return False
        return True

    def signer(self, key_id: bytes) -> Signer:
        """Who signs with the key of this id at the block's start; raises Refused."""
        signer = self._signers.get(key_id)
        if signer is None:
            state = self._key(key_id)
            if state is None:
                raise Refused(codes.UNKNOWN_KEY, key_id.hex())
            require(state.active, codes.REVOKED_KEY, key_id.hex())
            signer = self._signers[key_id] = state.signer
            if state.purse is not None:
                self._purses[key_id] = state.purse
        return signer

    def quota(self, member: str) -> Quota:
        """The quota of a member at the block's start."""
        return self._tally_of(member).quota

    def public_key(self, key_id: bytes) -> bytes | None:
        """The public key under a key id at the block's start, or None."""
        state = self._key(key_id)
        return None if state is None else state.signer.public

    def next_sequence(self, key_id: bytes, lane: int) -> int:
        """The sequence number that the lane's next transaction must have."""
        known = self._next.get((key_id, lane))
        if known is None:
            record = SEQUENCES.get(self._ctx, key_id, lane)
            known = 0 if record is None else record.next
            self._next[key_id, lane] = known
        return known

    def consumed(self) -> dict[str, int]:
        """The cost that each member's admitted transactions add up to, sorted by member."""
        return {member: tally.cost for member, tally in sorted(self._tallies.items()) if tally.cost}

    def taken(self) -> dict[str, int]:
        """What the keys of each purse that was used cost in this epoch, sorted by the purse's name."""
        return dict(sorted(self._taken.items()))

    def _key(self, key_id: bytes) -> KeyState | None:
        if key_id not in self._keys:
            self._keys[key_id] = self.app.keys.key(self._ctx, key_id)
        return self._keys[key_id]

    def _permitted(self, key: bytes, calls: tuple[tuple[Bound, Record], ...]) -> Signer:
        """Who signs with a key, which may carry out these methods; raises Refused.

        Of one key and the same methods the answer is the same throughout the block.
        """
        asked = permission(key, calls)
        signer = self._may.get(asked)
        if signer is not None:
            return signer
        if self.unborn:
            for bound, _ in calls:
                require(bound.name not in self.unborn, codes.UNKNOWN_METHOD, bound.name)
        signer = self.signer(key)
        for bound, _ in calls:
            if bound.method.roles.isdisjoint(signer.roles):
                raise Refused(codes.WRONG_ROLE, bound.name)
        self._check_bounds(key, calls)
        self._may[asked] = signer
        return signer

    def _check_bounds(self, key: bytes, calls: tuple[tuple[Bound, Record], ...]) -> None:
        state = self._key(key)
        bounds = None if state is None else state.bounds
        if bounds is None:
            return
        first, *others = [bound.name for bound, _ in calls]
        require(first == bounds.first, codes.NO_ACT, f"{first} in the place of {bounds.first}")
        for name in others:
            require(name in bounds.methods, codes.OUTSIDE_MANDATE, name)

    def _check_sequence(self, key: bytes, lane: int, sequence: int) -> None:
        expected = self.next_sequence(key, lane)
        if sequence < expected:
            raise Refused(codes.REPLAYED, f"sequence {sequence}, next is {expected}")
        if sequence > expected:
            raise Refused(codes.OUT_OF_ORDER, f"sequence {sequence}, next is {expected}")

    def _check_cost(self, tally: Tally, member: str, cost: int, *, urgent: bool) -> None:
        """Whether quotas and the block have room for so much more.

        What is urgent is within what is kept for it: it has room beside a first transaction of any size.
        """
        quota, limits = tally.quota, self.limits
        in_block = tally.cost + cost
        in_epoch = tally.spent + in_block
        if in_epoch > quota.cost_per_epoch:
            raise Refused(codes.OVER_QUOTA, f"{member}: {in_epoch} of {quota.cost_per_epoch} this epoch")
        is_full = not urgent and self._block_cost + cost > limits.block_cost
        if self._count >= limits.block_transactions or is_full:
            raise Refused(codes.BLOCK_FULL, f"{self._count} transactions, cost {self._block_cost}")
        if in_block > quota.cost_per_block:
            raise Refused(codes.BLOCK_FULL, f"{member}: {in_block} of {quota.cost_per_block} this block")

    def _check_purse(self, purse: Purse, cost: int) -> None:
        taken = self._taken_of(purse.name) + cost
        require(taken <= purse.most, codes.OVER_QUOTA, f"{purse.name}: {taken} of {purse.most} this epoch")

    def _taken_of(self, name: str) -> int:
        """What the keys of a purse cost in this epoch, with what is admitted so far."""
        if name in self._taken:
            return self._taken[name]
        spent = PURSES.get(self._ctx, name)
        return spent.cost if spent is not None and spent.epoch == self._epoch else 0

    def _has_share(self, tally: Tally, cost: int) -> bool:
        """Whether the member's share of what is kept for the urgent has room for so much more.

        A transaction takes of it at least what is a transaction's part of the block, so that the shares of
        all members together fit both limits of a block.
        """
        return self._is_share(tally.urgent + max(cost, self._least), self.limits.block_cost // URGENT_PART)

    def _check_ordinary(self, tally: Tally, member: str, cost: int) -> None:
        """Whether what is left of the block, and the member's share of that, have room for so much more.

        The first ordinary transaction of a block, and the first of a member in it, need no more than room:
        one that is larger than a share is never kept out for good.
        """
        mine, held, most = tally.ordinary, self._ordinary_cost, self._ordinary_most
        if self._ordinary_count >= self._ordinary_max or (held and held + cost > most):
            raise Refused(codes.BLOCK_FULL, f"{self._ordinary_count} ordinary transactions, cost {held}")
        if mine and not self._is_share(mine + cost, most):
            raise Refused(codes.BLOCK_FULL, f"{member}: {mine} of a share of {most}")

    def _is_share(self, cost: int, whole: int) -> bool:
        """Whether a cost is within a member's equal share of the whole."""
        if cost <= whole // MEMBERS_MAX:
            return True
        if not self._members:
            self._members = max(1, len(self.app.keys.member_set(self._ctx).members))
        return cost <= whole // self._members

    def _tally_of(self, member: str) -> Tally:
        """A member's tally, with its quota and what it spent of it in this epoch, at the block's start."""
        tally = self._tallies.get(member)
        if tally is None:
            usage = USAGE.get(self._ctx, member)
            spent = usage.cost if usage is not None and usage.epoch == self._epoch else 0
            tally = self._tallies[member] = Tally(self.app.keys.quota(self._ctx, member), spent)
        return tally


def is_deferred(refusal: Refusal) -> bool:
    """Whether a refusal only says that the transaction waits for a later block."""
    return refusal is codes.BLOCK_FULL
