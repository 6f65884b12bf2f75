"""A node, without sockets and without a clock: it is told the time and what others said.

The HTTP process, the simulator and `consortia.simulate` drive the same object. Every method may change
what the node wants to tell its driver; `drain` hands that over. Time is UTC milliseconds throughout.

Here stands what every node does, whoever orders: it holds urgent transactions until the log has them, is a
witness, and stops for evidence, or for rules that it does not have. What it asks, answers and cosigns is its
network's way: one member's node orders (`embedded`), or all members' CometBFT does (`cometbft.core`).
"""

from abc import ABC, abstractmethod
from contextlib import suppress

from consortia.base.codec import Malformed
from consortia.base.keys import SigningKey, verify
from consortia.base.refusals import Refused, require
from consortia.kernel.admission import Check
from consortia.kernel.ledger import Ledger, Prepared
from consortia.kernel.transaction import parse_transaction
from consortia.kernel.upgrades import Outdated
from consortia.node.chain import Chain, KeyFor
from consortia.node.finals import Finals
from consortia.node.heads import Conflict, save_evidence
from consortia.node.memory import Memory
from consortia.node.records import Alert, Effects, Settings, Status
from consortia.node.refusals import STOPPED, TOO_OLD
from consortia.node.sync import (
    Evidence,
    HandOver,
    HandOverSignature,
    SignedHandOver,
    SyncReply,
    SyncRequest,
)
from consortia.node.witness import Witness
from consortia.sdk.errors import outdated

STOPPED_RECORD = "stopped"
SESSION_RECORD = "session"


class Node(ABC):
    """One member's node over one ledger. `keys` are its node keys, the newest last."""

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
        self.ledger, self.member, self.memory = ledger, member, memory
        self.settings = settings or Settings()
        self.check = check
        self.chain = Chain(ledger)
        self.finals = Finals(self.chain)
        self._key_for = KeyFor(self.chain, member, keys)
        patience = self.settings.patience
        self.witness = Witness(self.chain, member, self._key_for, memory, patience=patience, check=check)
        stopped = memory.load(STOPPED_RECORD)
        self.stopped: str | None = None if not stopped else stopped.decode()
        self.withheld: str | None = None
        self.outdated: Outdated | None = None
        self.version = 0
        self._effects = Effects()
        self._asked: dict[str, int] = {}
        self._awake = False
        self._spread: set[str] = set()
        self._sessions: dict[str, int] = {}
        self.session = int(memory.load(SESSION_RECORD) or b"0") + 1
        memory.save(SESSION_RECORD, str(self.session).encode())

    # What the driver calls ----------------------------------------------------------------

    @property
    def orderer(self) -> str:
        """The member whose node orders; empty where no member orders alone."""
        return ""

    @property
    def term(self) -> int:
        """The orderer's term; 0 where no member orders alone."""
        return 0

    @property
    def orders(self) -> bool:
        """Whether this node is the orderer."""
        return False

    @property
    def ordering(self) -> bool:
        """Whether this node is the orderer, and has heard what its followers hold."""
        return False

    @property
    @abstractmethod
    def waiting(self) -> int:
        """How many transactions wait here for a block."""

    @property
    def behind(self) -> bool:
        """Whether the ledger here ends before what this node cosigned: it was lost, or is an older copy."""
        return self.witness.signed.size > self.ledger.tip.size

    def submit(self, raw: bytes, now: int) -> bytes:
        """Take in a transaction and give its id; raises Refused.

        An orderer admits it: its receipt, or its refusal, comes with a later `drain`. Any other node keeps
        an urgent one in custody and passes it on; what is not urgent its driver sends to who orders.
        """
        self._check_goes_on()
        try:
            return self._enter(raw, now)
        except Outdated as error:
            self.outdated = error
            raise Refused(TOO_OLD, outdated(error)) from None

    def tick(self, now: int) -> None:
        """Do what the time has made due: close a block, publish, cosign."""
        if not self._awake:
            self._awake = True
            self.witness.arrived(self.ledger.tip.size, self.ledger.tip.time, now)
        if self.stopped is None:
            self._act(now)

    def wake(self, now: int) -> int:
        """The clock time, at least `now`, at which to call `tick` or ask again."""
        return now + self.settings.sync_ms

    def drain(self) -> Effects:
        """What there is to tell, once."""
        effects, self._effects = self._effects, Effects()
        return effects

    def status(self) -> Status:
        """Where this node stands."""
        tip = self.ledger.tip
        return Status(
            member=self.member,
            orderer=self.orderer,
            term=self.term,
            height=tip.height,
            size=tip.size,
            root=tip.root,
            time=tip.time,
            final_size=self.finals.size,
            ordering=self.ordering and self.stopped is None,
            waiting=self.waiting,
            withheld=self.withheld,
            stopped=self.stopped,
        )

    # Asking and answering -----------------------------------------------------------------

    @abstractmethod
    def targets(self, now: int) -> list[str]:
        """The members to ask now."""

    @abstractmethod
    def request(self, peer: str, now: int) -> SyncRequest:
        """The question to a member."""

    def on_reply(self, peer: str, reply: SyncReply, now: int) -> None:
        """Take in the answer of the member `peer`, whom the driver has authenticated."""
        if reply.network != self.ledger.network:
            self._alert("peer", f"{peer} answers for another network", now)
            return
        self._sessions[peer] = reply.session
        try:
            self._take_reply(peer, reply, now)
        except Conflict as conflict:
            self._convict(conflict.evidence, now)
        except Malformed as error:
            self._alert("peer", f"{peer}: {error}", now)

    def on_request(self, peer: str | None, request: SyncRequest, now: int) -> SyncReply:
        """Answer a question; `peer` is the member whose node asks, or None for anybody else who may follow.

        Raises Refused when this node has stopped, Malformed for a question about another network.
        """
        if request.network != self.ledger.network:
            raise Malformed("the question is about another network")
        self._check_goes_on()
        if peer in self._members():
            self._hear(str(peer), request, now)
        elif peer is not None:
            for data in request.cosigned:  # of the block by which it left, which it cosigns as the others do
                self._gather(peer, data, now)
        self._cosign(now)
        self._check_goes_on()
        return self._answer(request)

    def awaits(self, public: bytes) -> bool:
        """Whether a key cosigns a change of the member set that is not final yet, though it acts no more."""
        for size in self.finals.wanted:
            height = self.chain.height_at(size)
            members = () if height is None else self.chain.set_before(height).members
            if any(public in (member.witness, member.recovery) for member in members):
                return True
        return False

    # Handing ordering over ----------------------------------------------------------------

    def proposed_hand_over(self, orderer: str) -> HandOver:
        """The hand-over to `orderer` that this node could sign now."""
        tip, promise = self.ledger.tip, self.witness.promise
        term = 1 + max(self.term, 0 if promise is None else promise.term)
        return HandOver(self.ledger.network, term, tip.height, tip.size, tip.root, orderer)

    @abstractmethod
    def sign_hand_over(self, hand_over: HandOver) -> HandOverSignature:
        """Sign a hand-over; from then on nothing of an earlier term is taken in. Raises Withheld."""

    @abstractmethod
    def adopt_hand_over(self, signed: SignedHandOver, now: int) -> None:
        """Follow the orderer that the members chose; raises BadHandOver."""

    # What each network's nodes do in their way ----------------------------------------------

    @abstractmethod
    def _act(self, now: int) -> None:
        """Do what is due at `now`."""

    @abstractmethod
    def _take_reply(self, peer: str, reply: SyncReply, now: int) -> None:
        """Take in an answer; raises Conflict and Malformed."""

    @abstractmethod
    def _hear_out(self, peer: str, request: SyncRequest, now: int) -> None:
        """Take in what a member's node brings with its question; raises Conflict and Malformed."""

    @abstractmethod
    def _answer(self, request: SyncRequest) -> SyncReply:
        """The answer to a question."""

    @abstractmethod
    def _cosign(self, now: int) -> None:
        """Cosign what is published, as far as this node can vouch for it."""

    @abstractmethod
    def _gather(self, peer: str, data: bytes, now: int) -> None:
        """Take in what a member's node brings of cosignatures."""

    # What they do alike -------------------------------------------------------------------

    def _enter(self, raw: bytes, now: int) -> bytes:
        """Take in a transaction of a caller's and give its id; raises Refused and Outdated."""
        if self._hold(raw, now):
            self._spread = set(self._members())
        return parse_transaction(raw, self.ledger.network).id

    def _hold(self, raw: bytes, now: int) -> bool:
        """Keep a transaction in custody until the log has it, if it is urgent; gives whether it is."""
        return self.witness.hold(raw, now)

    def _take_urgent(self, raw: bytes, now: int) -> None:
        """Take in an urgent transaction that another member's node holds."""
        with suppress(Refused):
            self._hold(raw, now)

    def _check_goes_on(self) -> None:
        require(self.stopped is None, STOPPED, self.stopped or "")
        if self.outdated is not None:
            raise Refused(TOO_OLD, outdated(self.outdated))

    def _members(self) -> list[str]:
        return [member.name for member in self.chain.set_after(self.ledger.tip.height).members]

    def _idle(self, peer: str, now: int) -> int:
        asked = self._asked.get(peer)
        return 1 << 62 if asked is None or asked > now else now - asked

    def _unsettled(self) -> bool:
        return self.finals.size < self.ledger.tip.size

    def _alert(self, kind: str, text: str, now: int) -> None:
        self._effects.alerts.append(Alert(kind, text, now))

    def _convict(self, evidence: Evidence, now: int) -> None:
        """Keep the evidence, and stop."""
        name = save_evidence(self.memory, evidence)
        self.stopped = evidence.text
        self.memory.save(STOPPED_RECORD, evidence.text.encode())
        self.version += 1
        self._alert("stopped", f"{evidence.text} (kept as {name})", now)

    def _committed(self, prepared: Prepared, now: int) -> int:
        """What follows from a block that is durable now; gives by how many ms it came late."""
        self.version += 1
        size, header = prepared.tip.size, prepared.result.header
        if self.chain.committed(prepared):
            self.finals.want(size)
        late = self.witness.arrived(size, header.time, now)
        receipts = prepared.result.receipts
        self.witness.applied([receipt.transaction for receipt in receipts], now)
        self._effects.receipts += receipts
        return late

    def _hear(self, peer: str, request: SyncRequest, now: int) -> None:
        """Take in what a member's node brings with its question."""
        try:
            self._hear_out(peer, request, now)
        except Conflict as conflict:
            self._convict(conflict.evidence, now)
        except Malformed as error:
            self._alert("peer", f"{peer}: {error}", now)
        except Outdated as error:
            self.outdated = error

    def _take_finals(self, finals: tuple[bytes, ...]) -> None:
        """Take in final checkpoints; raises Conflict and Malformed."""
        for data in finals:
            note = self.finals.take(data)
            if note is not None:
                self.version += 1
                self._effects.finals.append(note)
