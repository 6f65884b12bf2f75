"""The witness: what a member's node demands before it cosigns a ledger checkpoint.

A cosignature says: I replayed every block, and I never said otherwise. It is given in numbered steps:

1. the checkpoint carries the orderer's log signature, and names this network;
2. it stands at the end of a block that this node replayed;
3. its root is the one this node computed;
4. this node's ledger still holds everything it ever cosigned (the record of it outlives restarts, and is
   durable before a signature leaves);
5. the node has not promised to follow another orderer from an earlier block on;
6. the block's time was within 5 s of this node's clock when the block came. Too early: it waits. Late: it
   alerts, and cosigns once a later header is in time, which an idle orderer appends on request;
7. the log does not leave out, for more than 2 s, an admissible urgent transaction that this node holds;
8. the member stands in the set that cosigns this size.

When the cause of a refusal is gone, the same checkpoint or the next is cosigned: nothing stalls for ever.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from consortia.base.codec import U63, Digest, Record, decode_record, encode_record
from consortia.base.ids import cosigner_name, origin
from consortia.base.keys import SigningKey, verify
from consortia.base.note import Note, NoteSignature, cosign
from consortia.base.refusals import Refused
from consortia.kernel import refusals as codes
from consortia.kernel.admission import Check, parse
from consortia.kernel.transaction import Parsed
from consortia.node.chain import Chain, KeyFor
from consortia.node.memory import Memory
from consortia.node.sync import HandOver, HandOverSignature, sign_hand_over

RECORD = "witness"
HELD_MAX = 256
"""A node holds about so many urgent transactions at once, each member's an equal share of them."""

HELD_KEY_MAX = 16
"""Of one key, at most so many; of a member at least so many, however small its share is."""


class Signed(Record, frozen=True):
    """The largest size that this node ever cosigned, with its root, and the promise it gave last."""

    size: U63
    root: Digest
    promise: HandOver | None


@dataclass(frozen=True, slots=True)
class Patience:
    """What a witness tolerates, in milliseconds.

    `bend_ms` is how far a block's time may lie from its clock, `left_out_ms` how long the log may leave out
    an urgent transaction.
    """

    bend_ms: int = 5_000
    left_out_ms: int = 2_000


class Withheld(Exception):
    """Why a checkpoint is not cosigned now; `step` is the number of the step that failed."""

    def __init__(self, step: int, text: str) -> None:
        super().__init__(text)
        self.step = step


@dataclass(slots=True)
class Held:
    """An urgent transaction that this node holds, and since when the log could have taken it in."""

    parsed: Parsed
    member: str
    since: int | None


class Witness:
    """One member's witness over one ledger."""

    def __init__(
        self,
        chain: Chain,
        member: str,
        key_for: KeyFor,
        memory: Memory,
        *,
        patience: Patience | None = None,
        check: Check = verify,
    ) -> None:
        """Restore what was signed and promised before."""
        self.chain, self.ledger, self.member = chain, chain.ledger, member
        self.patience = patience or Patience()
        self._key_for = key_for
        self._memory = memory
        self._check = check
        data = memory.load(RECORD)
        self.signed = Signed(0, bytes(32), None) if data is None else decode_record(Signed, data)
        self.in_time = 0
        self._early: list[tuple[int, int]] = []
        self._held: dict[bytes, Held] = {}

    @property
    def promise(self) -> HandOver | None:
        """The hand-over that this node signed last, if any."""
        return self.signed.promise

    def arrived(self, size: int, time: int, now: int) -> int:
        """Note a block's time against the clock as it comes; gives by how many ms it is late, or 0."""
        if time < now - self.patience.bend_ms:
            return now - time
        self._early.append((size, time))
        self._ripen(now)
        return 0

    def wants_header(self, now: int) -> bool:
        """Whether no header, since the last late one, has a time within reach of this node's clock."""
        self._ripen(now)
        return self.in_time < self.ledger.tip.size and not self._early

    def consider(self, note: Note, orderer: str, term: int, now: int) -> NoteSignature:
        """Cosign a published checkpoint at clock time `now`; raises Withheld with the step that failed."""
        point = note.checkpoint
        if point.origin != origin(self.ledger.network) or self.chain.signer(note, orderer) is None:
            raise Withheld(1, f"size {point.size} is not signed by {orderer} for this network")
        height = self.chain.height_at(point.size) if point.size <= self.ledger.tip.size else None
        if height is None:
            raise Withheld(2, f"no block that was replayed here ends at size {point.size}")
        if self.ledger.root(point.size) != point.root:
            raise Withheld(3, f"the root at size {point.size} is not the one computed here")
        self._check_kept()
        promise = self.signed.promise
        if promise is not None and term < promise.term and point.size > promise.size:
            raise Withheld(5, f"ordering was handed to {promise.orderer} from size {promise.size} on")
        self._check_time(point.size, self.chain.header(height).time, now)
        self._check_left_out(now)
        key = self._key(height)
        if point.size > self.signed.size:
            self._save(Signed(point.size, point.root, promise))
        return cosign(point, cosigner_name(self.member, self.ledger.network), key, now // 1000)

    def give_promise(self, hand_over: HandOver) -> HandOverSignature:
        """Sign a hand-over of ordering, which is a promise; raises Withheld.

        This node's newest block must be exactly the one from which the new orderer starts, and the term
        above any it signed for.
        """
        tip, promise = self.ledger.tip, self.signed.promise
        if hand_over.network != self.ledger.network:
            raise Withheld(5, "the hand-over is of another network")
        if promise is not None and hand_over != promise and hand_over.term <= promise.term:
            raise Withheld(5, f"term {promise.term} was promised to {promise.orderer}")
        if (hand_over.height, hand_over.size, hand_over.root) != (tip.height, tip.size, tip.root):
            raise Withheld(5, f"the newest block here is {tip.height}, at size {tip.size}")
        self._check_kept()
        key = self._key(tip.height + 1)
        self._save(Signed(self.signed.size, self.signed.root, hand_over))
        return sign_hand_over(hand_over, self.member, key)

    def promised(self) -> HandOverSignature | None:
        """The signature of the promise that was given last, again; None where there is none to show."""
        promise = self.signed.promise
        if promise is None:
            return None
        try:
            return sign_hand_over(promise, self.member, self._key_for(promise.height + 1))
        except LookupError:
            return None

    def hold(self, raw: bytes, now: int) -> bool:
        """Take an urgent transaction into custody; False when none of its calls is urgent. Raises Refused."""
        parsed, calls = parse(self.ledger.app, raw, self.ledger.network)
        if not any(bound.method.urgent for bound, _ in calls):
            return False
        if parsed.id in self._held or self.ledger.receipt(parsed.id) is not None:
            return True
        refused = self._refusal(parsed, now, check=self._check)
        if refused is not None:
            if refused.refusal is not codes.OUT_OF_ORDER:
                raise refused
            self._check_signature(parsed)
        self._keep(parsed, None if refused else now)
        return True

    @property
    def holding(self) -> bool:
        """Whether it holds any urgent transaction."""
        return bool(self._held)

    def held(self) -> list[bytes]:
        """The urgent transactions held, oldest first, but those that wait for others of their lane behind."""
        held = sorted(self._held.values(), key=lambda one: one.since is None)
        return [one.parsed.raw for one in held]

    def applied(self, transactions: Iterable[bytes], now: int) -> None:
        """Let go of what the log has taken in, and look anew at what the rest waits for."""
        for transaction in transactions:
            self._held.pop(transaction, None)
        if self._held:
            self._review(now)

    def left_out(self, now: int) -> list[bytes]:
        """The ids of admissible urgent transactions that the log has left out for too long."""
        self._review(now)
        limit = now - self.patience.left_out_ms
        return [name for name, held in self._held.items() if held.since is not None and held.since < limit]

    def _keep(self, parsed: Parsed, since: int | None) -> None:
        """Keep an urgent transaction where its key and its member have room, so that none takes the others'.

        What the log could take in now takes the room of what waits for its turn.
        """
        key = parsed.transaction.key
        with self.ledger.store.snapshot() as view:
            member = self.ledger.admission(view, self.ledger.tip.time).signer(key).member
        members = len(self.chain.set_after(self.ledger.tip.height).members)
        mine = [one for one in self._held.values() if one.member == member]
        same = [one for one in mine if one.parsed.transaction.key == key]
        full = mine if len(mine) >= max(HELD_KEY_MAX, HELD_MAX // max(1, members)) else []
        full = same if len(same) >= HELD_KEY_MAX else full
        waits = [one.parsed.id for one in full if one.since is None]
        if full and (since is None or not waits):
            return
        if full:
            del self._held[waits[-1]]
        self._held[parsed.id] = Held(parsed, member, since)

    def _review(self, now: int) -> None:
        for name, held in list(self._held.items()):
            refused = self._refusal(held.parsed, now, check=_known)
            if refused is None:
                held.since = now if held.since is None or held.since > now else held.since
            elif refused.refusal in (codes.OUT_OF_ORDER, codes.OVER_QUOTA, codes.BLOCK_FULL):
                held.since = None
            else:
                del self._held[name]

    def _refusal(self, parsed: Parsed, now: int, check: Check) -> Refused | None:
        """Why the next block could not hold a transaction, or None."""
        with self.ledger.store.snapshot() as view:
            admission = self.ledger.admission(view, max(self.ledger.tip.time, now))
            try:
                admission.admit(parsed.raw, check)
            except Refused as refused:
                return refused
        return None

    def _check_signature(self, parsed: Parsed) -> None:
        """Refuse a forgery: admission looks at the order of a lane before it looks at the signature.

        Held unchecked, it would become due with the lane's turn, and no orderer could ever take it in.
        """
        with self.ledger.store.snapshot() as view:
            public = self.ledger.admission(view, self.ledger.tip.time).public_key(parsed.transaction.key)
        if public is None or not self._check(public, parsed.signed, parsed.envelope.signature):
            raise Refused(codes.BAD_SIGNATURE)

    def _key(self, height: int) -> SigningKey:
        """Step 8: this node's key in the set that cosigns the end of a block; raises Withheld."""
        try:
            return self._key_for(height)
        except LookupError as error:
            raise Withheld(8, str(error)) from None

    def _check_kept(self) -> None:
        """Step 4: raises Withheld when the ledger here is behind, or beside, what was cosigned."""
        signed = self.signed
        if signed.size > self.ledger.tip.size:
            raise Withheld(4, f"size {signed.size} was cosigned before, and the ledger here ends earlier")
        if signed.size and self.ledger.root(signed.size) != signed.root:
            raise Withheld(4, f"another root was cosigned before at size {signed.size}")

    def _check_time(self, size: int, time: int, now: int) -> None:
        """Step 6: raises Withheld for a block time too far from the clock."""
        self._ripen(now)
        if size <= self.in_time:
            return
        if time > now + self.patience.bend_ms:
            raise Withheld(6, f"the block's time lies {time - now} ms ahead")
        raise Withheld(6, "the block's time was late, and no later header is in time yet")

    def _check_left_out(self, now: int) -> None:
        """Step 7: raises Withheld while the log leaves out an urgent transaction."""
        missing = self.left_out(now)
        if missing:
            raise Withheld(7, f"the log leaves out the urgent transaction {missing[0].hex()}")

    def _ripen(self, now: int) -> None:
        """Count the headers whose time has come within reach of the clock."""
        reach = now + self.patience.bend_ms
        while self._early and self._early[0][1] <= reach:
            self.in_time = self._early.pop(0)[0]

    def _save(self, signed: Signed) -> None:
        self._memory.save(RECORD, encode_record(signed))
        self.signed = signed


def _known(_public: bytes, _message: bytes, _signature: bytes) -> bool:
    """The check of a signature that was found valid before."""
    return True
