"""Admission: which transactions a block may contain, a pure fold over the state at the block's start.

The proposer filters by it, and every node rejects a block that holds a transaction which it refuses.
Keys, roles and quotas are those at the start of the block, so a change of a key acts from the
next block; sequences and consumed quotas advance within the fold.

Of a block's limits a quarter is kept for transactions with an urgent call, the rest is for all; of either
each member has an equal share, so that nobody crowds out another
(`docs/decisions/0028-shares-of-a-block.md`).
"""

from collections.abc import Callable

from msgspec import Struct

from consortia.base.codec import U63, Malformed, Record, from_value
from consortia.base.keys import verify
from consortia.base.refusals import Refusal, Refused, require
from consortia.kernel import refusals as codes
from consortia.kernel.application import Application, Bound
from consortia.kernel.block import MEMBERS_MAX
from consortia.kernel.context import Context, Signer
from consortia.kernel.genesis import Limits
from consortia.kernel.ports import KeyState, Quota
from consortia.kernel.quick import quick_payload
from consortia.kernel.store import Overlay, Reader
from consortia.kernel.table import Table
from consortia.kernel.transaction import TRANSACTION_BYTES_MAX, Parsed, parse_with

BYTES_PER_COST = 16
"""Every this many bytes of a transaction cost one unit more."""

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


SEQUENCES = Table("kernel", "sequence", Sequence, (bytes, int), "next sequence number of a key's lane")
USAGE = Table("kernel", "usage", Usage, (str,), "what a member consumed")


class Admitted(Struct, frozen=True):
    """A transaction that may stand in the block: its parts, typed messages with methods, and its cost."""

    parsed: Parsed
    signer: Signer
    calls: tuple[tuple[Bound, Record], ...]
    cost: int


def parse(app: Application, raw: bytes, network: bytes) -> tuple[Parsed, tuple[tuple[Bound, Record], ...]]:
    """The parsed transaction and its typed messages, whatever the state; raises Refused."""
    if len(raw) > TRANSACTION_BYTES_MAX:
        raise Refused(codes.OVERSIZE, f"{len(raw)} bytes")
    try:
        parsed = parse_with(quick_payload, raw, network)
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


def static_cost(parsed: Parsed, calls: tuple[tuple[Bound, Record], ...]) -> int:
    """What a transaction consumes of its member's quota, known before it runs."""
    cost = len(parsed.raw) // BYTES_PER_COST
    for bound, message in calls:
        cost += bound.method.cost_of(message)
    return cost


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
        self._ctx = Context(Overlay(reader), self.network, self.height, self.time)
        self._keys: dict[bytes, KeyState | None] = {}
        self._signers: dict[bytes, Signer] = {}
        self._quotas: dict[str, tuple[Quota, int]] = {}
        self._next: dict[tuple[bytes, int], int] = {}
        self._costs: dict[str, int] = {}
        self._block_cost = 0
        self._count = 0
        self._least = -(-limits.block_cost // max(1, limits.block_transactions))
        self._urgent: dict[str, int] = {}
        self._ordinary: dict[str, int] = {}
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
        if self.unborn:
            for bound, _ in calls:
                require(bound.name not in self.unborn, codes.UNKNOWN_METHOD, bound.name)
        signer = self.signer(transaction.key)
        for bound, _ in calls:
            if bound.method.roles.isdisjoint(signer.roles):
                raise Refused(codes.WRONG_ROLE, bound.name)
        self._check_bounds(transaction.key, calls)
        if transaction.expires < self.time:
            raise Refused(codes.EXPIRED, f"{transaction.expires} before {self.time}")
        self._check_sequence(parsed)
        cost = static_cost(parsed, calls)
        urgent = is_urgent(calls) and self._has_share(signer.member, cost)
        self._check_cost(signer.member, cost, urgent=urgent)
        if not urgent:
            self._check_ordinary(signer.member, cost)
        if not check(signer.public, parsed.signed, parsed.envelope.signature):
            raise Refused(codes.BAD_SIGNATURE)
        self._next[transaction.key, transaction.lane] = transaction.sequence + 1
        self._costs[signer.member] = self._costs.get(signer.member, 0) + cost
        self._block_cost += cost
        self._count += 1
        if urgent:
            self._urgent[signer.member] = self._urgent.get(signer.member, 0) + max(cost, self._least)
        else:
            self._ordinary[signer.member] = self._ordinary.get(signer.member, 0) + cost
            self._ordinary_cost += cost
            self._ordinary_count += 1
        return Admitted(parsed, signer, calls, cost)

    def signer(self, key_id: bytes) -> Signer:
        """Who signs with the key of this id at the block's start; raises Refused."""
        signer = self._signers.get(key_id)
        if signer is None:
            state = self._key(key_id)
            if state is None:
                raise Refused(codes.UNKNOWN_KEY, key_id.hex())
            require(state.active, codes.REVOKED_KEY, key_id.hex())
            signer = self._signers[key_id] = state.signer
        return signer

    def quota(self, member: str) -> Quota:
        """The quota of a member at the block's start."""
        return (self._quotas.get(member) or self._quota(member))[0]

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
        return dict(sorted(self._costs.items()))

    def _key(self, key_id: bytes) -> KeyState | None:
        if key_id not in self._keys:
            self._keys[key_id] = self.app.keys.key(self._ctx, key_id)
        return self._keys[key_id]

    def _check_bounds(self, key: bytes, calls: tuple[tuple[Bound, Record], ...]) -> None:
        state = self._key(key)
        bounds = None if state is None else state.bounds
        if bounds is None:
            return
        first, *others = [bound.name for bound, _ in calls]
        require(first == bounds.first, codes.NO_ACT, f"{first} in the place of {bounds.first}")
        for name in others:
            require(name in bounds.methods, codes.OUTSIDE_MANDATE, name)

    def _check_sequence(self, parsed: Parsed) -> None:
        transaction = parsed.transaction
        expected = self.next_sequence(transaction.key, transaction.lane)
        if transaction.sequence < expected:
            raise Refused(codes.REPLAYED, f"sequence {transaction.sequence}, next is {expected}")
        if transaction.sequence > expected:
            raise Refused(codes.OUT_OF_ORDER, f"sequence {transaction.sequence}, next is {expected}")

    def _check_cost(self, member: str, cost: int, *, urgent: bool) -> None:
        """Whether quotas and the block have room for so much more.

        What is urgent is within what is kept for it: it has room beside a first transaction of any size.
        """
        quota, spent = self._quotas.get(member) or self._quota(member)
        in_block = self._costs.get(member, 0) + cost
        in_epoch = spent + in_block
        if in_epoch > quota.cost_per_epoch:
            raise Refused(codes.OVER_QUOTA, f"{member}: {in_epoch} of {quota.cost_per_epoch} this epoch")
        limits = self.limits
        is_full = not urgent and self._block_cost + cost > limits.block_cost
        if self._count >= limits.block_transactions or is_full:
            raise Refused(codes.BLOCK_FULL, f"{self._count} transactions, cost {self._block_cost}")
        if in_block > quota.cost_per_block:
            raise Refused(codes.BLOCK_FULL, f"{member}: {in_block} of {quota.cost_per_block} this block")

    def _has_share(self, member: str, cost: int) -> bool:
        """Whether the member's share of what is kept for the urgent has room for so much more.

        A transaction takes of it at least what is a transaction's part of the block, so that the shares of
        all members together fit both limits of a block.
        """
        used = self._urgent.get(member, 0) + max(cost, self._least)
        return self._is_share(used, self.limits.block_cost // URGENT_PART)

    def _check_ordinary(self, member: str, cost: int) -> None:
        """Whether what is left of the block, and the member's share of that, have room for so much more.

        The first ordinary transaction of a block, and the first of a member in it, need no more than room:
        one that is larger than a share is never kept out for good.
        """
        limits, mine, held = self.limits, self._ordinary.get(member, 0), self._ordinary_cost
        most = limits.block_cost - limits.block_cost // URGENT_PART
        count_max = limits.block_transactions - limits.block_transactions // URGENT_PART
        if self._ordinary_count >= count_max or (held and held + cost > most):
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

    def _quota(self, member: str) -> tuple[Quota, int]:
        """A member's quota, and what it spent of it in this epoch, both at the block's start."""
        usage = USAGE.get(self._ctx, member)
        epoch = self.time // self.limits.epoch_milliseconds
        spent = usage.cost if usage is not None and usage.epoch == epoch else 0
        self._quotas[member] = self.app.keys.quota(self._ctx, member), spent
        return self._quotas[member]


def is_urgent(calls: tuple[tuple[Bound, Record], ...]) -> bool:
    """Whether a transaction has a call that must not be crowded out."""
    for bound, _ in calls:  # noqa: SIM110 (asked several times of each: a generator costs three times as much)
        if bound.method.urgent:
            return True
    return False


def is_deferred(refusal: Refusal) -> bool:
    """Whether a refusal only says that the transaction waits for a later block."""
    return refusal is codes.BLOCK_FULL
