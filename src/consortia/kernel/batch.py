"""Transactions that are admitted all at once: a fast twin of the fold of `admission`.

Whether a block has room for a transaction depends on sums: of costs, of counts, of a member's parts of both.
So what transactions add up to says of all of them at once that each is admitted, where each follows upon the
one before it in its lane and none is urgent. It never says that one is not: then the fold has to say, one by
one, and its answer is the answer. `tests/drivers/cometbft/test_batches.py` holds the twin against it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from consortia.base.codec import Record
from consortia.kernel.application import Bound
from consortia.kernel.context import Signer
from consortia.kernel.transaction import Parsed

Calls = tuple[tuple[Bound, Record], ...]
Lane = tuple[bytes, int]
Permission = tuple[bytes | str, ...]
BYTES_PER_COST = 16
"""Every this many bytes of a transaction cost one unit more."""


class Admitted(Struct, frozen=True):
    """A transaction that may stand in the block: its parts, typed messages with methods, and its cost."""

    parsed: Parsed
    signer: Signer
    calls: Calls
    cost: int


@dataclass(slots=True)
class Part:
    """What the transactions of one key in a batch add up to.

    `signed_by` is the public key that is known to have signed all of them: whoever checked them, says so.
    """

    count: int = 0
    cost: int = 0
    size: int = 0
    signed_by: bytes = b""


@dataclass(frozen=True, slots=True)
class Batch:
    """Transactions in their order, and what of them the fold asks for.

    `lanes` has the first sequence of each lane and the one after its last, `permissions` the calls of each
    key and set of methods once, `expires` the earliest of all.
    """

    items: tuple[tuple[Parsed, Calls], ...]
    costs: tuple[int, ...]
    parts: dict[bytes, Part]
    lanes: dict[Lane, tuple[int, int]]
    permissions: tuple[tuple[bytes, Calls], ...]
    expires: int
    cost: int
    size: int
    ids: tuple[bytes, ...]
    _admitted: list[Admitted] = field(default_factory=list)
    _signers: dict[bytes, Signer] = field(default_factory=dict)

    def admitted(self, signers: Mapping[bytes, Signer]) -> tuple[Admitted, ...]:
        """All of them, admitted as these signers' by key id: made once, for a pool and for a block."""
        if self._signers != signers:
            self._signers.clear()
            self._signers.update(signers)
            self._admitted[:] = [
                Admitted(parsed, signers[parsed.transaction.key], calls, cost)
                for (parsed, calls), cost in zip(self.items, self.costs, strict=True)
            ]
        return tuple(self._admitted)

    def found_valid(self, publics: Mapping[bytes, bytes]) -> None:
        """All signatures were found valid, by these public keys under their ids."""
        for key, part in self.parts.items():
            part.signed_by = publics[key]


def static_cost(parsed: Parsed, calls: Calls) -> int:
    """What a transaction consumes of its member's quota, known before it runs."""
    cost = len(parsed.raw) // BYTES_PER_COST
    for bound, message in calls:
        cost += bound.method.cost_of(message)
    return cost


def is_urgent(calls: Calls) -> bool:
    """Whether a transaction has a call that must not be crowded out."""
    for bound, _ in calls:  # noqa: SIM110 (asked several times of each: a generator costs three times as much)
        if bound.method.urgent:
            return True
    return False


def permission(key: bytes, calls: Calls) -> Permission:
    """What a key is asked to be allowed: the methods of these calls, in their order."""
    if len(calls) == 1:
        return key, calls[0][0].name
    return key, *[bound.name for bound, _ in calls]


def batch(items: Sequence[tuple[Parsed, Calls]]) -> Batch | None:
    """The batch of these transactions, or None where they have to be admitted one by one."""
    parts, lanes = dict[bytes, Part](), dict[Lane, tuple[int, int]]()
    permissions, costs = dict[Permission, tuple[bytes, Calls]](), list[int]()
    for parsed, calls in items:
        transaction = parsed.transaction
        key, sequence = transaction.key, transaction.sequence
        lane = key, transaction.lane
        known = lanes.get(lane)
        if known is not None and known[1] != sequence:
            return None
        lanes[lane] = sequence if known is None else known[0], sequence + 1
        asked = permission(key, calls)
        if asked not in permissions:
            if is_urgent(calls):
                return None
            permissions[asked] = key, calls
        part = parts.get(key)
        if part is None:
            part = parts[key] = Part()
        cost = static_cost(parsed, calls)
        costs.append(cost)
        part.count += 1
        part.cost += cost
        part.size += len(parsed.raw)
    return Batch(
        items=tuple(items),
        costs=tuple(costs),
        parts=parts,
        lanes=lanes,
        permissions=tuple(permissions.values()),
        expires=min([parsed.transaction.expires for parsed, _ in items]),
        cost=sum(costs),
        size=sum([part.size for part in parts.values()]),
        ids=tuple([parsed.id for parsed, _ in items]),
    )
