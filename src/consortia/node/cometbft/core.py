"""The node's core where CometBFT orders: blocks come decided, and nobody orders alone.

Every node log-signs and cosigns each size that a block appended, once the block after it is decided: only
then do the others' votes bear out what the first one led to. Cosignatures travel with the same questions and
answers as under the embedded driver, to everybody, and whoever holds a quorum has the final checkpoint.
Who cosigns two roots for one size is convicted by its own signatures; the others go on.
"""

from collections.abc import Iterator

from consortia.base.codec import Malformed
from consortia.base.ids import cosigner_name
from consortia.base.keys import SigningKey, verify
from consortia.base.note import Note, NoteSignature, is_cosignature, parse_note
from consortia.base.refusals import Refused
from consortia.drivers.cometbft.driver import Decided
from consortia.drivers.cometbft.proposal import TICK_AFTER_MS
from consortia.kernel.admission import Check
from consortia.kernel.block import MemberSet
from consortia.kernel.ledger import Ledger
from consortia.node.checkpoints import Checkpoints
from consortia.node.core import Node
from consortia.node.heads import save_evidence
from consortia.node.memory import Memory
from consortia.node.records import Settings
from consortia.node.sync import (
    NOTES_MAX,
    URGENT_MAX,
    Evidence,
    HandOver,
    HandOverSignature,
    SignedHandOver,
    SyncReply,
    SyncRequest,
)
from consortia.node.witness import Withheld

TELL_MS = 100
"""A member is told of what is urgent, and of new cosignatures, at most this often."""

TELL_CROWDED_MS = 1_000
"""And of cosignatures while blocks are crowded: telling costs those who order, and more gathers meanwhile."""

CROWD = 256
"""A block of so many transactions is crowded."""

CROWDED_MS = 5_000
"""For so long after a crowded block, another is expected."""

ASK_MS = 1_000
"""And asked this often while the newest block is not final."""

FORKS_MAX = 64


class EngineNode(Node):
    """One member's node over a ledger whose blocks CometBFT decides."""

    def __init__(
        self,
        ledger: Ledger,
        member: str,
        keys: tuple[SigningKey, ...],
        *,
        memory: Memory,
        settings: Settings | None = None,
        check: Check = verify,
    ) -> None:
        """Start from what the ledger and the memory hold."""
        super().__init__(ledger, member, keys, memory=memory, settings=settings, check=check)
        self.checkpoints = Checkpoints(self.chain, self._key_for, 0, self.finals.newest)
        self.waits_for_engine = 0
        self._unripe: list[tuple[int, int]] = []
        self._told: dict[str, int] = {}
        self._news = 0
        self._crowded_until = 0
        self._forks: set[tuple[str, int]] = set()
        for size in sorted({*self.finals.wanted, self.witness.signed.size}):
            if size > self.finals.size or size in self.finals.wanted:
                self._publish(size)

    # What the driver calls ----------------------------------------------------------------

    def decided(self, decided: Decided, now: int) -> None:
        """Take note of a block that CometBFT decided and the driver made durable.

        What can be cosigned now is at the next `tick`: receipts need not wait until that is durable, too.
        """
        for height, size in self._unripe:
            if height < decided.height:
                self._publish(size)
        self._unripe = [(height, size) for height, size in self._unripe if height >= decided.height]
        if decided.prepared is not None:
            if len(decided.prepared.block.transactions) >= CROWD:
                self._crowded_until = now + CROWDED_MS
            self._committed(decided.prepared, now)
            self._unripe.append((decided.height, decided.prepared.tip.size))
        for accusation in decided.accusations:
            text = f"the consensus key {accusation.key.hex()} voted twice, at height {accusation.height}"
            self._alert("evidence", text, now)

    def evicted(self, transaction: bytes, refused: Refused) -> None:
        """A transaction that waited will be in no block."""
        self._effects.refused.append((transaction, refused))

    def doubt(self, text: str, now: int) -> None:
        """Stop: the ledger here is not the one that the members made final."""
        self._convict(Evidence(text, (), ()), now)

    def wants_tick(self, now: int) -> bool:
        """Whether witnesses await a header that is in time, and none is on its way."""
        old = now - self.ledger.tip.time >= TICK_AFTER_MS
        return old and self._unsettled() and self.stopped is None and self.witness.wants_header(now)

    def crowded(self, now: int) -> bool:
        """Whether blocks are full of transactions just now: what can wait is better left for later."""
        return now < self._crowded_until

    @property
    def waiting(self) -> int:
        """How many transactions wait at this node's CometBFT."""
        return self.waits_for_engine

    # Asking and answering -----------------------------------------------------------------

    def targets(self, now: int) -> list[str]:
        """The members to ask now: all that lack news of this node's, then now and then."""
        if self.stopped is not None:
            return []
        others = [name for name in self._members() if name != self.member]
        self._spread.intersection_update(others)
        return [name for name in others if self._idle(name, now) >= self._patience(name, now)]

    def request(self, peer: str, now: int) -> SyncRequest:
        """The question to a member."""
        self._asked[peer] = now
        self._told[peer] = self._news
        self._spread.discard(peer)
        return SyncRequest(
            network=self.ledger.network,
            session=self.session,
            seen=self._sessions.get(peer, 0),
            term=0,
            height=self.ledger.tip.height,
            head=None,
            final=self.finals.size,
            wanted=tuple(sorted(self.finals.wanted))[:NOTES_MAX],
            cosigned=self._open(),
            urgent=tuple(self.witness.held())[:URGENT_MAX],
            blocks=(),
            fresh=False,
        )

    # Handing ordering over: there is nothing to hand over ------------------------------------

    def sign_hand_over(self, hand_over: HandOver) -> HandOverSignature:
        """Nobody orders alone here; raises Withheld."""
        raise Withheld(5, f"no member orders alone in this network: term {hand_over.term} cannot begin")

    def adopt_hand_over(self, signed: SignedHandOver, now: int) -> None:
        """Nobody orders alone here, so none is followed."""
        self._alert("hand-over", f"a hand-over to {signed.hand_over.orderer} means nothing here", now)

    # Inside -------------------------------------------------------------------------------

    def _act(self, now: int) -> None:
        self._cosign(now)

    def _take_reply(self, peer: str, reply: SyncReply, now: int) -> None:
        """Take in an answer; raises Conflict and Malformed."""
        if self.stopped is None:
            for data in reply.published:
                self._gather(peer, data, now)
            self._take_finals(reply.finals)

    def _patience(self, peer: str, now: int) -> int:
        """For how long to leave a member alone."""
        if peer in self._spread:
            return TELL_MS
        if self._told.get(peer, -1) != self._news:
            return TELL_CROWDED_MS if self.crowded(now) else TELL_MS
        return ASK_MS if self._unsettled() or self.witness.holding else self.settings.gossip_ms

    def _take_finals(self, finals: tuple[bytes, ...]) -> None:
        """As everywhere; and sign no more what others have made final."""
        super()._take_finals(finals)
        for note in self.checkpoints.waiting():
            size = note.checkpoint.size
            if size <= self.finals.size and size not in self.finals.wanted:
                self.checkpoints.forget(size)

    def _open(self) -> tuple[bytes, ...]:
        """What this node has published and is not final, with the cosignatures that it knows."""
        return tuple(note.encode() for note in self.checkpoints.waiting())[-NOTES_MAX:]

    def _publish(self, size: int) -> None:
        """Log-sign a size and gather its cosignatures, where this member is of the set that cosigns it."""
        if size > self.finals.size or size in self.finals.wanted:
            try:
                self.checkpoints.restore(size)
            except (LookupError, Malformed):
                return  # who is no member yet, or stands before a size, has nothing to sign
            self.version += 1

    def _cosign(self, now: int) -> None:
        """Cosign what is published, as far as this node can vouch for it."""
        self.withheld = None
        name = cosigner_name(self.member, self.ledger.network)
        for note in self.checkpoints.waiting():
            if any(line.name == name for line in note.signatures):
                continue
            try:
                line = self.witness.consider(note, self.member, 0, now)
            except Withheld as reason:
                self.withheld = str(reason)
                continue
            self._add(Note(note.checkpoint, (line,)).encode())

    def _add(self, data: bytes) -> None:
        """Take in cosignatures; raises Malformed."""
        size = parse_note(data).checkpoint.size
        before = self.checkpoints.known(size)
        final = self.checkpoints.add(data)
        if final is not None and self.finals.keep(final):
            self.version += 1
            self._effects.finals.append(final)
        if final is not None or self.checkpoints.known(size) != before:
            self._news += 1

    def _gather(self, peer: str, data: bytes, now: int) -> None:
        """Take in what a member's node knows of cosignatures."""
        try:
            note = parse_note(data)
            point = note.checkpoint
            if point.size < self.chain.base.size:
                return  # it stands before the snapshot that this ledger was restored from
            if point.size <= self.ledger.tip.size and self.ledger.root(point.size) != point.root:
                self._compare(peer, note, now)
            else:
                self._add(data)
        except Malformed as error:
            self._alert("cosignature", f"{peer}: {error}", now)

    def _compare(self, peer: str, note: Note, now: int) -> None:
        """Another root than ours at one size: keep what convicts those who cosigned both."""
        size = note.checkpoint.size
        height = self.chain.height_at(size)
        members = MemberSet(()) if height is None else self.chain.set_before(height)
        own = self._own(size)
        mine = {name for name, _ in _cosigners(own, members, self.ledger.network)} if own else set[str]()
        for name, _ in _cosigners(note, members, self.ledger.network):
            if (name, size) in self._forks or len(self._forks) >= FORKS_MAX:
                continue
            self._forks.add((name, size))
            if own is None or name not in mine:
                self._alert("fork", f"{name} cosigned another root at size {size} than the one here", now)
                continue
            text = f"{name} cosigned two roots at size {size}"
            kept = save_evidence(self.memory, Evidence(text, (note.encode(), own.encode()), ()))
            self._alert("fork", f"{text} (kept as {kept}, told by {peer})", now)

    def _own(self, size: int) -> Note | None:
        """What this node knows to be cosigned at a size."""
        with self.ledger.store.snapshot() as view:
            data = view.note(size)
        return self.checkpoints.known(size) if data is None else parse_note(data)

    def _hear_out(self, peer: str, request: SyncRequest, now: int) -> None:
        """Take in what a member's node brings with its question."""
        for raw in request.urgent:
            self._take_urgent(raw, now)
        for data in request.cosigned:
            self._gather(peer, data, now)

    def _answer(self, request: SyncRequest) -> SyncReply:
        return SyncReply(
            network=self.ledger.network,
            session=self.session,
            seen=request.session,
            term=0,
            orderer=self.member,
            height=self.ledger.tip.height,
            blocks=(),
            head=None,
            published=self._open(),
            finals=self.finals.answer(request.final, request.wanted),
            want=0,
            hand_over=None,
        )


def _cosigners(note: Note, members: MemberSet, network: bytes) -> Iterator[tuple[str, NoteSignature]]:
    """The members whose valid cosignature a note carries, each with its line."""
    for member in members.members:
        name = cosigner_name(member.name, network)
        for line in note.signatures:
            keys = (member.witness, member.recovery)
            if line.name == name and any(is_cosignature(line, note.checkpoint, name, key) for key in keys):
                yield member.name, line
