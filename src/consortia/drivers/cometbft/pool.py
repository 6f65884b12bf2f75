"""What waits in CometBFT's mempool, as the application checks it: new entries, and all of them after a block.

CometBFT's mempools promise nothing to one another. A peer drops what its application refuses or its pool has
no room for, and is never told of it again; and where no blocks are made without transactions, three nodes
with empty pools wait for ever while the fourth cannot go on alone. So

1. what follows upon the block that is being decided is let in: whoever sent it has that block already;
2. the bytes that wait are counted here, where one order is known, for each member: of its own member's a node
   lets only a share wait, of another's twice that. So what honest nodes let in, all others have room for, and
   nobody who floods takes the room of others. What else stands in an entry counts as its members' too;
3. what has waited `AGAIN_MS` without a block is sent again, as an entry of other bytes, which goes to
   everybody and is let in by those who lack it, twice as much of a member's as they let in otherwise;
4. what has expired meanwhile, as while too few nodes were up, nobody else lets in, and here it would stand in
   the way of its lane until a block comes: for that a tick is sent in its place, which everybody lets in.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

from consortia.base.codec import Malformed
from consortia.base.refusals import Refused
from consortia.drivers.cometbft.bundle import AGAIN, BUNDLE_TRANSACTIONS_MAX, LENGTH_BYTES, Tick, again
from consortia.drivers.cometbft.proposal import TICK_AFTER_MS, Choice
from consortia.drivers.cometbft.readings import Found, Readings
from consortia.drivers.mempool import Mempool
from consortia.kernel import refusals as codes
from consortia.kernel.admission import URGENT_PART, Check
from consortia.kernel.batch import Batch, is_urgent
from consortia.kernel.block import OK
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import Parsed

ACCEPTED, REFUSED = 0, 1
REPEATED = "bundle.repeated"
"""The code of a bundle in which a transaction stands that waits already."""

FULL = "bundle.full"
"""The code of a bundle for which there is no room now."""

SHARED_BYTES_MAX = 1 << 20
"""So many bytes wait of all members' own transactions, each an equal share: what is ordered in a second."""

ABROAD = 2
"""So many shares of a member's transactions wait at other members' nodes."""

RESENT = 4
"""So many shares of a member's transactions wait where more of them comes in what is sent again."""

AHEAD = 32
"""So many signatures are checked in one step of `Pool.ahead`: a proposal waits for no more."""

AGAIN_MS = 2_000
"""What waits is sent again when no block came for so long, and then each time after twice as long."""

AGAIN_BYTES_MAX = 1 << 17

_Lane = tuple[bytes, int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What CheckTx says: accepted or not, and of each transaction in a bundle "ok" or its refusal's code."""

    code: int
    codes: tuple[str, ...]
    text: str = ""


class Pool:
    """What waits at one node since the newest block: `reset` begins anew, and CometBFT asks of all again."""

    def __init__(self, ledger: Ledger, readings: Readings, check: Check, member: str = "") -> None:
        """`member` is whose node this is; where it is nobody's, all members are others."""
        self._ledger, self._readings, self._check = ledger, readings, check
        self._member = member
        self._refused: list[tuple[bytes, Refused]] = []
        self.reset(0)

    def reset(self, now: int) -> None:
        """A block is durable: what waits comes again."""
        self._mempool = Mempool(self._ledger, self._check)
        self._held: dict[bytes, dict[str, int]] = {}
        self._waits: dict[str, int] = {}
        self._share = SHARED_BYTES_MAX // max(1, len(self._ledger.members().members))
        self._ticks = False
        self._next: dict[_Lane, int] | None = None
        self._deciding: Choice | None = None
        self._quiet, self._patience = now, AGAIN_MS
        self._sent = b""

    def __len__(self) -> int:
        """How many transactions wait."""
        return len(self._mempool)

    def __contains__(self, transaction: object) -> bool:
        """Whether the transaction with this id waits."""
        return transaction in self._mempool

    def decides(self, entries: Iterable[bytes], choice: Choice) -> None:
        """A block of these entries is being decided, of which this would stand: others may wait instead."""
        self._deciding, self._next = choice, None
        for entry in entries:
            self._count(self._held.pop(entry, {}), -1)

    def check(self, entry: bytes, now: int, *, recheck: bool = False) -> Verdict:
        """Whether an entry may wait: at least one of its transactions is admissible after what waits.

        A bundle with a transaction that waits already is refused, unless it is one sent again. `recheck` is
        CometBFT's after a block: what of the entry is refused now is told by `refusals`.
        """
        try:
            found = self._readings.read(entry)
        except Malformed as error:
            return Verdict(REFUSED, (), str(error))
        if isinstance(found, Tick):
            return self._check_tick(found, now)
        resent, batch = entry[0] == AGAIN, self._readings.batch(entry)
        if not recheck:
            if self._crowds(found, batch, now, resent=resent):
                return Verdict(REFUSED, (FULL,) * len(found), "as much waits as is ordered in a while")
            if not resent and self._repeats(found, batch):
                return Verdict(REFUSED, (REPEATED,) * len(found), "a transaction of the bundle waits already")
        if not self._mempool:
            self._quiet = now
        if batch is not None and self._enter_batch(batch, now, recheck=recheck):
            self._hold(entry, self._sizes_of(batch, now))
            return Verdict(ACCEPTED, (OK,) * len(found))
        reasons = self._enter_all(found, now, recheck=recheck)
        if batch is not None and all(reason is None for reason in reasons):
            batch.found_valid({key: self._mempool.public(key, now) for key in batch.parts})
        accepted = None in reasons or entry == self._sent
        if accepted:
            let_in = compress(found, [each is None for each in reasons])
            self._hold(entry, self._sizes(let_in, now))
        said = next((str(reason) for reason in reasons if reason is not None), "")
        told = tuple([OK if each is None else each.code for each in reasons])
        return Verdict(ACCEPTED if accepted else REFUSED, told, said)

    def ahead(self, entry: bytes, now: int) -> Iterator[None]:
        """Check the signatures of a new entry that `check` would, some at a time; `check` then knows them.

        What is no next transaction of its lane is left out, and nothing is checked behind a wrong one:
        whoever floods has no more checked than without.
        """
        try:
            found = self._readings.read(entry)
        except Malformed:
            return
        if isinstance(found, Tick):
            return
        batch = self._readings.batch(entry)
        if self._crowds(found, batch, now, resent=entry[0] == AGAIN):
            return
        checked, publics = 0, dict[bytes, bytes]()
        for parsed in self._next_of_lanes(found, now) if batch is None else self._next_of(batch, now):
            key = parsed.transaction.key
            try:
                public = publics.get(key) or publics.setdefault(key, self._mempool.public(key, now))
            except Refused:
                return
            if not self._check(public, parsed.signed, parsed.envelope.signature):
                return
            checked += 1
            if checked % AHEAD == 0:
                yield
        if batch is not None and checked == len(batch.items):
            batch.found_valid(publics)

    def _next_of(self, batch: Batch, now: int) -> Iterable[Parsed]:
        """As `_next_of_lanes`."""
        if all(first in self._awaited(lane, now) for lane, (first, _) in batch.lanes.items()):
            return [parsed for parsed, _ in batch.items]
        return self._next_of_lanes(batch.items, now)

    def _next_of_lanes(self, found: Iterable[Found], now: int) -> Iterator[Parsed]:
        """The transactions of a bundle that are the next of their lanes, one after the other."""
        lanes = dict[_Lane, int]()
        for one in found:
            if isinstance(one, Refused):
                continue
            transaction = one[0].transaction
            lane, sequence = (transaction.key, transaction.lane), transaction.sequence
            if sequence == lanes.get(lane) or (lane not in lanes and sequence in self._awaited(lane, now)):
                lanes[lane] = sequence + 1
                yield one[0]

    def _awaited(self, lane: _Lane, now: int) -> tuple[int, int | None]:
        """What may be a lane's next sequence: after what waits, and after the block that is being decided."""
        return self._mempool.next_sequence(*lane, now), self._following().get(lane)

    def waited(self, now: int) -> int:
        """For how many milliseconds something has waited without a block; 0 where nothing waits."""
        return max(0, now - self._quiet) if self._mempool else 0

    def again(self, now: int) -> bytes | None:
        """What has waited here without a block for so long that others may lack it, as an entry."""
        self._quiet = min(self._quiet, now)
        if not self._mempool or now - self._quiet < self._patience:
            return None
        self._patience *= 2
        waits = list(self._mempool.parsed())
        if any(one.transaction.expires < now for one in waits):
            return None if self._ticks else Tick(self._ledger.tip.height).encode()
        raws, size = list[bytes](), 0
        for raw in [one.raw for one in waits]:
            size += LENGTH_BYTES + len(raw)
            if size > AGAIN_BYTES_MAX or len(raws) == BUNDLE_TRANSACTIONS_MAX:
                break
            raws.append(raw)
        self._sent = again(now, raws)
        return self._sent

    def refusals(self) -> list[tuple[bytes, Refused]]:
        """The transactions that waited and are refused by the newest state, once, by id."""
        refused, self._refused = self._refused, []
        return refused

    def _repeats(self, found: tuple[Found, ...], batch: Batch | None) -> bool:
        if batch is not None:  # in which none repeats another: each follows upon the one before it
            return self._mempool.holds_any(batch)
        ids = [one[0].id for one in found if not isinstance(one, Refused)]
        return len(set(ids)) < len(ids) or any(name in self._mempool for name in ids)

    def _crowds(self, found: Sequence[Found], batch: Batch | None, now: int, *, resent: bool) -> bool:
        """Whether of a member with transactions in a bundle its share waits already.

        Of what is sent again only what does not wait here counts: a member's own node takes it as others do.
        What is urgent alone has a quarter more room, so that a member can stop its own program that floods.
        """
        if resent:
            found = [one for one in found if isinstance(one, Refused) or one[0].id not in self._mempool]
            batch = None
        sizes = self._sizes(found, now) if batch is None else self._sizes_of(batch, now)
        for member, size in sizes.items():
            shares = RESENT if resent else 1 if member == self._member else ABROAD
            waits, limit = self._waits.get(member, 0), self._share * shares
            if waits and waits + size > limit:
                more = limit // URGENT_PART if all(map(_is_urgent, found)) else 0
                if waits + size > limit + more:
                    return True
        return False

    def _sizes(self, found: Iterable[Found], now: int) -> dict[str, int]:
        """How many bytes of transactions there are of each member."""
        keys = dict[bytes, int]()
        for one in found:
            if not isinstance(one, Refused):
                parsed = one[0]
                key = parsed.transaction.key
                keys[key] = keys.get(key, 0) + len(parsed.raw)
        return self._by_member(keys, now)

    def _sizes_of(self, batch: Batch, now: int) -> dict[str, int]:
        """As `_sizes`."""
        return self._by_member({key: part.size for key, part in batch.parts.items()}, now)

    def _by_member(self, keys: Mapping[bytes, int], now: int) -> dict[str, int]:
        members = dict[str, int]()
        for key, size in keys.items():
            member = self._mempool.member(key, now)
            members[member] = members.get(member, 0) + size
        members.pop("", None)
        return members

    def _hold(self, entry: bytes, sizes: Mapping[str, int]) -> None:
        """Count an entry that waits: for each member at least its own bytes, whatever else stands in it."""
        more = max(0, len(entry) - sum(sizes.values()))
        self._held[entry] = {member: size + more for member, size in sizes.items()}
        self._count(self._held[entry], 1)

    def _count(self, sizes: Mapping[str, int], sign: int) -> None:
        for member, size in sizes.items():
            self._waits[member] = self._waits.get(member, 0) + sign * size

    def _enter_batch(self, batch: Batch, now: int, *, recheck: bool) -> bool:
        """Let all of a bundle wait at once, as one by one would; False where its transactions have to."""
        if self._mempool.enter_batch(batch, now):
            return True
        following = self._following()
        follows = all(following.get(lane) == first for lane, (first, _) in batch.lanes.items())
        if recheck or not follows or not self._mempool.is_early(batch, now):
            return False
        following.update([(lane, after) for lane, (_, after) in batch.lanes.items()])
        return True

    def _enter_all(self, found: tuple[Found, ...], now: int, *, recheck: bool) -> list[Refused | None]:
        """Let a bundle's transactions wait; for each None, or the reason why it may not.

        Where one is missing in a lane, what is behind it is not looked at.
        """
        reasons, gaps, enter = list[Refused | None](), dict[_Lane, Refused](), self._mempool.enter
        for one in found:
            if isinstance(one, Refused):
                reasons.append(one)
                continue
            parsed, calls = one
            transaction = parsed.transaction
            reason = gaps.get((transaction.key, transaction.lane)) if gaps else None
            if reason is None:
                try:
                    enter(parsed, calls, now)
                except Refused as refused:
                    reason = self._reason(parsed, refused, now, recheck=recheck)
            if reason is not None and reason.refusal is codes.OUT_OF_ORDER:
                gaps[transaction.key, transaction.lane] = reason
            reasons.append(reason)
        return reasons

    def _reason(self, parsed: Parsed, refused: Refused, now: int, *, recheck: bool) -> Refused | None:
        """Why a transaction may not wait that is `refused`; None where it may all the same."""
        if parsed.id in self._mempool:
            return Refused(codes.REPLAYED, "it stands in another bundle")
        if recheck and self._ledger.receipt(parsed.id) is None:
            self._refused.append((parsed.id, refused))
        elif refused.refusal is codes.OUT_OF_ORDER and self._follows(parsed, now):
            return None
        return refused

    def _follows(self, parsed: Parsed, now: int) -> bool:
        """Whether a transaction is the next of its lane after the block that is being decided."""
        transaction, following = parsed.transaction, self._following()
        lane = transaction.key, transaction.lane
        if following.get(lane) != transaction.sequence:
            return False
        public = self._mempool.public(transaction.key, now)
        if not self._check(public, parsed.signed, parsed.envelope.signature):
            return False
        following[lane] = transaction.sequence + 1
        return True

    def _following(self) -> dict[_Lane, int]:
        """The next sequences of the lanes in the block that is being decided."""
        if self._next is None:
            admitted = () if self._deciding is None else self._deciding.admitted
            done = [one.parsed.transaction for one in admitted]
            self._next = {(one.key, one.lane): one.sequence + 1 for one in done}
        return self._next

    def _check_tick(self, tick: Tick, now: int) -> Verdict:
        tip = self._ledger.tip
        wanted = not self._ticks and tick.height == tip.height and now - tip.time >= TICK_AFTER_MS
        self._ticks = self._ticks or wanted
        return Verdict(ACCEPTED if wanted else REFUSED, (), "" if wanted else "no tick is due")


def _is_urgent(found: Found) -> bool:
    return not isinstance(found, Refused) and is_urgent(found[1])
