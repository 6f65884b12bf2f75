# Long because ordering and following are two states of one object: a hand-over turns one into the other
"""The node's core where one member orders: its node makes the blocks, and all others follow it.

They ask (`request`), are answered (`on_request`) and take the answer in (`on_reply`). Blocks come with a head
that the orderer signed; who signed two heads is convicted by them, and every node that holds both stops. The
members may hand ordering over.
"""

from collections.abc import Callable, Iterable

from consortia.base.codec import Malformed
from consortia.base.ids import cosigner_name
from consortia.base.keys import SigningKey, verify
from consortia.base.note import Note, parse_note
from consortia.kernel.admission import Check
from consortia.kernel.ledger import Ledger, Prepared
from consortia.kernel.upgrades import Outdated
from consortia.node.core import STOPPED_RECORD, Node
from consortia.node.heads import Heads, Unfit, evidence_of
from consortia.node.leader import Leader
from consortia.node.memory import Memory
from consortia.node.records import Settings
from consortia.node.succession import Succession
from consortia.node.sync import (
    BLOCKS_MAX,
    NOTES_MAX,
    URGENT_MAX,
    BadHandOver,
    HandOver,
    HandOverSignature,
    SignedHandOver,
    SyncReply,
    SyncRequest,
    Vouched,
)
from consortia.node.witness import Withheld
from consortia.sdk.errors import outdated


class EmbeddedNode(Node):
    """One member's node over a ledger whose blocks one member's node orders, this one or another."""

    def __init__(
        self,
        ledger: Ledger,
        member: str,
        keys: tuple[SigningKey, ...],
        *,
        orderer: str,
        memory: Memory,
        settings: Settings | None = None,
        check: Check = verify,
        elders: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Start from what the ledger and the memory hold.

        `elders` gives the members that a longer ledger named: an orderer that lost its own asks them too.
        """
        super().__init__(ledger, member, keys, memory=memory, settings=settings, check=check)
        self.heads = Heads(self.chain, memory)
        self.succession = Succession(self.chain, memory, orderer)
        self._elders = elders
        self._hurry = False
        self._heard: int | None = None
        self._published: dict[int, Note] = {}
        self._cosigned: dict[int, bytes] = {}
        self._want: dict[str, int] = {}
        self._leader: Leader | None = self._lead() if self.orderer == member else None

    # What the driver calls ----------------------------------------------------------------

    @property
    def orderer(self) -> str:
        """The member whose node orders."""
        return self.succession.orderer

    @property
    def term(self) -> int:
        """The orderer's term."""
        return self.succession.term

    @property
    def orders(self) -> bool:
        """Whether this node is the orderer."""
        return self._leader is not None

    @property
    def ordering(self) -> bool:
        """Whether this node is the orderer, and has heard what its followers hold."""
        return self._leader is not None and self._leader.ready

    @property
    def waiting(self) -> int:
        """How many transactions wait here for a block."""
        return 0 if self._leader is None else len(self._leader.driver.pool)

    def wake(self, now: int) -> int:
        """The clock time, at least `now`, at which to call `tick` or ask again."""
        settings = self.settings
        times = [now + settings.sync_ms]
        if self._leader is not None:
            times.append(self._leader.wake() or times[0])
        elif self._hurry:
            times.append(now)
        return max(now, min(times))

    # Asking and answering -----------------------------------------------------------------

    def targets(self, now: int) -> list[str]:
        """The members to ask now: the orderer often, one of the others in turn now and then.

        Heads travel with the questions, so two followers who were told two histories find out. So do urgent
        transactions: who holds one tells everybody at once, and again until the log has it.
        """
        if self.stopped is not None:
            return []
        others = [name for name in self._members() if name not in (self.member, self.orderer)]
        if self._leader is not None:
            names = sorted({*others, *self._elders()}) if self.behind else others
            return [name for name in names if self._idle(name, now) >= 5 * self.settings.sync_ms]
        self._spread.intersection_update(others)
        is_due = self._hurry or self._idle(self.orderer, now) >= self.settings.sync_ms
        asked = [self.orderer] if is_due else []
        if self._spread or self.witness.holding:
            every = 10 * self.settings.sync_ms
            return asked + [name for name in others if name in self._spread or self._idle(name, now) >= every]
        if others and min(self._idle(name, now) for name in others) >= self.settings.gossip_ms:
            asked.append(min(others, key=lambda name: (self._asked.get(name, 0), name)))
        return asked

    def request(self, peer: str, now: int) -> SyncRequest:
        """The question to a member."""
        self._asked[peer] = now
        self._spread.discard(peer)
        to_orderer = peer == self.orderer
        if to_orderer:
            self._hurry = False
        head = self.heads.newest
        want = self._want.pop(peer, 0)
        blocks = self.heads.serve(want - 1, head) if want and head is not None else ()
        return SyncRequest(
            network=self.ledger.network,
            session=self.session,
            seen=self._sessions.get(peer, 0),
            term=self.term,
            height=self.ledger.tip.height,
            head=None if head is None else head.encode(),
            final=self.finals.size,
            wanted=tuple(sorted(self.finals.wanted))[:NOTES_MAX],
            cosigned=tuple(self._cosigned.values())[-NOTES_MAX:] if to_orderer else (),
            urgent=tuple(self.witness.held())[:URGENT_MAX],
            blocks=blocks,
            fresh=to_orderer and self._unsettled() and self.witness.wants_header(now),
        )

    # Handing ordering over ----------------------------------------------------------------

    def sign_hand_over(self, hand_over: HandOver) -> HandOverSignature:
        """Sign a hand-over; from then on nothing of an earlier term is taken in. Raises Withheld."""
        return self.witness.give_promise(hand_over)

    def adopt_hand_over(self, signed: SignedHandOver, now: int) -> None:
        """Follow the orderer that the members chose; raises BadHandOver. A stopped node goes on."""
        self.succession.adopt(signed)
        self.memory.save(STOPPED_RECORD, b"")
        self.stopped = None
        self._published.clear()
        self._cosigned.clear()
        self._hurry = True
        self.version += 1
        self._alert("hand-over", f"{self.orderer} orders from height {signed.hand_over.height} on", now)
        if self._leader is not None:
            self._leader.driver.pool.pause()
        self._leader = None
        if self.orderer == self.member:
            self._leader = self._lead()
            self._leader.start_at_once()

    # Inside -------------------------------------------------------------------------------

    def _act(self, now: int) -> None:
        leader = self._leader
        if leader is not None and leader.review(now, longer=self._must_wait()):
            outcome = leader.step(now)
            self._effects.refused += outcome.refused
            if outcome.committed is not None:
                self._committed(outcome.committed, now)
            elif self._unsettled() and self.witness.wants_header(now):
                self._append_header(now)
        self._cosign(now)

    def _enter(self, raw: bytes, now: int) -> bytes:
        return super()._enter(raw, now) if self._leader is None else self._leader.driver.submit(raw, now)

    def _hold(self, raw: bytes, now: int) -> bool:
        """As everywhere; the orderer, which is to put it into the log, admits it."""
        if self._leader is not None:
            self._leader.driver.submit(raw, now)
            return False
        urgent = super()._hold(raw, now)
        self._hurry = self._hurry or urgent
        return urgent

    def _lead(self) -> Leader:
        return Leader(self.finals, self.member, self._key_for, self.settings, self.check)

    def _must_wait(self) -> bool:
        """Whether this orderer knows of a longer history of its own, or has promised to follow another."""
        promise = self.witness.promise
        promised = promise is not None and promise.term > self.term
        return self.behind or self.heads.longer() or promised or self.succession.awaited()

    def _committed(self, prepared: Prepared, now: int, *, newest: bool = True) -> int:
        """As everywhere; `newest` says that nothing is known after it."""
        late = super()._committed(prepared, now)
        if self._leader is not None and prepared.tip.size in self.finals.wanted:
            self._leader.prompt = True
        in_touch = self._heard is not None and now - self._heard < self.settings.patience.bend_ms
        if late and newest and in_touch:
            self._alert("late", f"block {prepared.result.header.height} is {late} ms late", now)
        return late

    def _append_header(self, now: int) -> None:
        leader = self._leader
        prepared = None if leader is None else leader.header(now, self.settings.patience.bend_ms // 2)
        if prepared is not None:
            self._committed(prepared, now)

    def _cosign(self, now: int) -> None:
        """Publish what is due, and cosign what this node can vouch for."""
        leader = self._leader
        if leader is not None:
            if leader.publish(now) is not None:
                self.version += 1
            self._published = {note.checkpoint.size: note for note in leader.checkpoints.waiting()}
        self.withheld = None
        for size, note in sorted(self._published.items()):
            if size in self._cosigned:
                continue
            try:
                line = self.witness.consider(note, self.orderer, self.term, now)
            except Withheld as reason:
                self.withheld = str(reason)
                continue
            self._cosigned[size] = Note(note.checkpoint, (line,)).encode()
            self._hurry = True
        if leader is not None:
            cosigned, self._cosigned = self._cosigned, {}
            for data in cosigned.values():
                self._gather(self.member, data, now)

    def _gather(self, peer: str, data: bytes, now: int) -> None:
        """Take in a cosignature, as the orderer."""
        if self._leader is None:
            return
        try:
            note = self._leader.checkpoints.add(data)
        except Malformed as error:
            self._alert("cosignature", f"{peer}: {error}", now)
            return
        if note is not None and self.finals.keep(note):
            self.version += 1
            self._effects.finals.append(note)

    def _hear_out(self, peer: str, request: SyncRequest, now: int) -> None:
        """Take in what a member's node brings with its question; raises Conflict and Malformed."""
        head = None if request.head is None else self.heads.examine(request.head, self.orderer)
        for raw in request.urgent:
            self._take_urgent(raw, now)
        leader = self._leader
        if leader is None or request.term != self.term:
            return
        if head is not None and head.checkpoint.size > self.ledger.tip.size:
            leader.behind()
            self._take_blocks(peer, request.blocks, head, now)
        if request.seen == self.session and (head is None or head.checkpoint.size <= self.ledger.tip.size):
            leader.heard(peer)
        for data in request.cosigned:
            self._gather(peer, data, now)
        if request.fresh and self._unsettled():
            self._append_header(now)

    def _answer(self, request: SyncRequest) -> SyncReply:
        tip, leader = self.ledger.tip, self._leader
        head = self.heads.newest
        if leader is None and self.chain.changes(request.height):  # who is before one knows no later orderer
            head = self.finals.next_after(request.height) or head
        if leader is not None:
            end = min([tip.height, request.height + BLOCKS_MAX, *self.chain.changes(request.height)[:1]])
            head = leader.head(end, request.height)
        known = 0 if head is None else head.checkpoint.size
        want = leader is not None and self.heads.longer() and request.height > tip.height
        return SyncReply(
            network=self.ledger.network,
            session=self.session,
            seen=request.session,
            term=self.term,
            orderer=self.orderer,
            height=tip.height,
            blocks=() if head is None else self.heads.serve(request.height, head),
            head=None if not known or head is None else head.encode(),
            published=tuple(note.encode() for note in self._published.values())[-NOTES_MAX:],
            finals=self.finals.answer(request.final, request.wanted),
            want=tip.height + 1 if want else 0,
            hand_over=self.succession.signed if request.term < self.term else None,
        )

    def _head(self, data: bytes) -> Note | None:
        """A head that the orderer signed, or a final checkpoint, whoever ordered then; None for any other."""
        head = self.heads.examine(data, self.orderer)
        if head is not None or not self.finals.holds(note := parse_note(data)):
            return head
        self.heads.compare(note)
        return note

    def _take_reply(self, peer: str, reply: SyncReply, now: int) -> None:
        """Take in an answer; raises Conflict and Malformed."""
        if reply.hand_over is not None and reply.hand_over.hand_over.term > self.term:
            self._adopt_from(peer, reply.hand_over, now)
        if self.stopped is not None or reply.term < self.term:
            return
        if reply.term > self.term:
            self._catch_up(peer, reply, now)
            return
        self._take(peer, reply, now)
        self._take_finals(reply.finals)
        published = [parse_note(data) for data in reply.published]
        if peer == self.orderer:
            self._heard = now
            self._want[peer] = reply.want
            news = bool(reply.blocks or reply.finals or reply.want) or reply.height > self.ledger.tip.height
            self._hurry = self._hurry or news  # more may have come since, and the question waits for it
            self._take_published(published, now)

    def _catch_up(self, peer: str, reply: SyncReply, now: int) -> None:
        """Take in final blocks up to a hand-over that cannot be judged yet, as its members are not known."""
        handed = None if reply.hand_over is None else reply.hand_over.hand_over
        head = None if reply.head is None else self._head(reply.head)
        if handed is not None and head is not None and self.finals.holds(head):
            upto = max(0, handed.height - self.ledger.tip.height)
            self._take_blocks(peer, reply.blocks[:upto], head, now)
            self._take_finals(reply.finals)
            self._hurry = self._hurry or upto > 0

    def _take(self, peer: str, reply: SyncReply, now: int) -> None:
        """Take in the head and blocks of an answer; raises Conflict and Malformed."""
        if reply.head is None:
            if self._leader is not None and reply.seen == self.session:
                self._leader.heard(peer)
            return
        head = self._head(reply.head)
        if head is None:
            raise Malformed(f"the head is not signed by {self.orderer}")
        promise = self.witness.promise
        if promise is not None and promise.term > self.term:
            return
        self._take_blocks(peer, reply.blocks, head, now, height=reply.height)
        self.heads.keep(head)
        leader = self._leader
        if leader is not None and reply.seen == self.session and reply.height <= self.ledger.tip.height:
            leader.heard(peer)

    def _take_blocks(
        self, peer: str, blocks: tuple[Vouched, ...], head: Note, now: int, *, height: int = 0
    ) -> None:
        """Append the blocks that `head` vouches for, up to the first that does not hold."""
        leader = self._leader
        if leader is not None:
            leader.driver.pool.pause()
        try:
            self._append(peer, blocks, head, now, height)
        finally:
            if leader is not None:
                self._effects.refused += leader.driver.pool.refill(now)
        self.heads.review()

    def _append(self, peer: str, blocks: tuple[Vouched, ...], head: Note, now: int, height: int) -> None:
        for vouched in blocks:
            try:
                prepared = self.heads.fit(vouched, head, self.check)
            except Unfit as error:
                if peer == self.orderer and peer != self.member:
                    self.heads.check_own_state()
                    self._convict(evidence_of(f"a block of {peer} is refused: {error}", head, vouched), now)
                else:
                    self._alert("peer", f"{peer} sent a block that does not hold: {error}", now)
                return
            except Outdated as error:
                if error.demands[0].time <= now + self.settings.patience.bend_ms:
                    raise
                self._alert("peer", f"{peer} sent a block from a time to come: {outdated(error)}", now)
                return
            if prepared is not None:
                self.ledger.commit(prepared)
                self._committed(prepared, now, newest=prepared.tip.height == height)

    def _take_finals(self, finals: tuple[bytes, ...]) -> None:
        """As everywhere; and bring no more what is final."""
        super()._take_finals(finals)
        self._cosigned = {size: data for size, data in self._cosigned.items() if size > self.finals.size}

    def _take_published(self, notes: list[Note], now: int) -> None:
        """Remember what the orderer has published, forget what it holds our cosignature of, and cosign."""
        name = cosigner_name(self.member, self.ledger.network)
        open_notes = [note for note in notes if all(line.name != name for line in note.signatures)]
        self._published = {note.checkpoint.size: note for note in open_notes}
        self._cosigned = {size: data for size, data in self._cosigned.items() if size in self._published}
        self._cosign(now)

    def _adopt_from(self, peer: str, signed: SignedHandOver, now: int) -> None:
        try:
            self.adopt_hand_over(signed, now)
        except BadHandOver as error:
            if signed.hand_over.height > self.ledger.tip.height:
                return  # its members may come with the blocks that are not here yet
            self._alert("hand-over", f"{peer} brings a hand-over that does not hold: {error}", now)
