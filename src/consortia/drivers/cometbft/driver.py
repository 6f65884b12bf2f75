"""The application that CometBFT calls: one ledger, without sockets and without a clock of its own.

Its methods are ABCI 2.0's in plain Python; `calls` translates. What a block does is worked out in memory
(`finalize_block`), and `commit` alone writes: the block and the driver's mark (CometBFT's height, the log
root) in one durable transaction, the mark alone where the block appends nothing. So `info` never tells of
anything that a crash could take back, and CometBFT replays what is missing.

The ledger's height counts appended blocks. A block of CometBFT's that admits no transaction, accuses nobody
and holds no tick appends none and changes no root: otherwise there would be an empty block for every block.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from consortia.base.hashing import tagged
from consortia.base.keys import verify
from consortia.base.refusals import Refused
from consortia.drivers.cometbft.pool import Pool, Verdict
from consortia.drivers.cometbft.powers import in_order, updates
from consortia.drivers.cometbft.proposal import Choice, Convicted, Proposal, choose, packed
from consortia.drivers.cometbft.readings import Readings, Signatures
from consortia.drivers.cometbft.snapshot import BadSnapshot
from consortia.drivers.cometbft.snapshots import Offer, Restoring, Snapshots
from consortia.kernel.admission import Check
from consortia.kernel.block import Accusation, Block, Misdeed
from consortia.kernel.context import Context
from consortia.kernel.durable import DriverMark, Power
from consortia.kernel.ledger import Ledger, Prepared
from consortia.kernel.store import Overlay

WAKE_MS = 2_000
"""A proposer whose block's time lags its clock by more proposes nothing, and so wakes an idle network."""

WAKES_MAX = 2
CHAIN_ID_DIGITS = 40
ADDRESS_BYTES = 20

_MISDEEDS: dict[int, Misdeed] = {1: "duplicate_vote", 2: "light_client_attack"}
_TAG = "consortia/chain"


class OutOfStep(RuntimeError):
    """CometBFT and the ledger do not belong together, or a call came where the protocol has none."""


def chain_id(network: bytes, start: int) -> str:
    """The name of CometBFT's chain for a network whose log had `start` leaves when that chain began."""
    return tagged(_TAG, network + start.to_bytes(8, "big")).hex()[:CHAIN_ID_DIGITS]


def address_of(public: bytes) -> bytes:
    """CometBFT's address of an Ed25519 key."""
    return sha256(public).digest()[:ADDRESS_BYTES]


@dataclass(frozen=True, slots=True)
class Started:
    """What InitChain answers: who votes, and the log's root."""

    validators: tuple[Power, ...]
    root: bytes


@dataclass(frozen=True, slots=True)
class Finalized:
    """What FinalizeBlock answers: the log's root after the block, and changed powers (0 removes)."""

    root: bytes
    updates: tuple[Power, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """A block of CometBFT's that is durable: its height and time, the root after it, and what it appended.

    `prepared` is None where it appended nothing; `restored` tells that the ledger was restored up to there.
    """

    height: int
    time: int
    root: bytes
    prepared: Prepared | None
    accusations: tuple[Accusation, ...]
    restored: bool = False


@dataclass(frozen=True, slots=True)
class _Pending:
    """A block between FinalizeBlock and Commit."""

    proposal: Proposal
    prepared: Prepared | None
    accusations: tuple[Accusation, ...]
    mark: DriverMark
    idle: bool
    now: int


_Outcome = tuple[Prepared | None, tuple[Accusation, ...]]
"""What a block appends, if anything, and whom it accuses."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How many of its newest blocks CometBFT keeps; 0 keeps all, as an archive does."""

    blocks: int = 0


class CometBft:
    """The driver of one ledger whose blocks CometBFT decides."""

    def __init__(
        self,
        ledger: Ledger,
        check: Check = verify,
        retention: Retention | None = None,
        snapshots: Snapshots | None = None,
        member: str = "",
    ) -> None:
        """Go on where the ledger's store says that this driver was; `member` is whose node it serves."""
        self.ledger = ledger
        self.snapshots = snapshots
        self.begins: int | None = None
        self._restoring: Restoring | None = None
        self.retention = retention or Retention()
        self.check = Signatures(check)
        self.mark = ledger.driver_mark()
        self._readings = Readings(ledger.app, ledger.network)
        self.pool = Pool(ledger, self._readings, self.check, member)
        self._pending: _Pending | None = None
        self._chosen: tuple[tuple[int, int, tuple[bytes, ...]], Choice] | None = None
        self._foreseen: tuple[Proposal, _Outcome] | None = None
        self._idle = 0
        self._woke: int | None = None
        self._decided: list[Decided] = []

    @property
    def height(self) -> int:
        """CometBFT's newest height here; 0 before its first block."""
        return 0 if self.mark is None else self.mark.height

    @property
    def start(self) -> int:
        """The size of the log at which CometBFT's chain began."""
        return self.ledger.tip.size if self.mark is None else self.mark.start

    @property
    def chain_id(self) -> str:
        """The name of CometBFT's chain."""
        return chain_id(self.ledger.network, self.start)

    # The handshake ------------------------------------------------------------------------

    def info(self) -> tuple[int, bytes]:
        """The height and root that the last Commit wrote; height 0 before the first."""
        return (0, b"") if self.mark is None else (self.mark.height, self.mark.root)

    def init_chain(self, name: str) -> Started:
        """Begin CometBFT's chain at the ledger as it stands; writes nothing, and may be asked again."""
        if self.mark is not None:
            raise OutOfStep(f"the ledger stands at height {self.mark.height} of a chain; CometBFT has none")
        if name != self.chain_id:
            raise OutOfStep(f"CometBFT has chain {name}, the ledger's is {self.chain_id}")
        powers = self._powers()
        if not powers:
            raise OutOfStep("no member of the network has a consensus key")
        return Started(in_order(powers), self.ledger.tip.root)

    # The mempool --------------------------------------------------------------------------

    def check_tx(self, entry: bytes, now: int, *, again: bool = False) -> Verdict:
        """Whether an entry may wait; `again` is CometBFT's recheck after a block."""
        return self.pool.check(entry, now, recheck=again)

    def waits(self, now: int) -> bytes | None:
        """What to send again, as it waits here for too long without a block; None mostly."""
        return self.pool.again(now)

    def waited(self, now: int) -> int:
        """For how many milliseconds something has waited here without a block; 0 where nothing waits."""
        return self.pool.waited(now)

    # Consensus ----------------------------------------------------------------------------

    def prepare_proposal(self, proposal: Proposal, bytes_max: int, now: int) -> tuple[bytes, ...]:
        """The entries of a block to propose, of those that wait.

        A proposal whose time lags the clock is that of an idle network's first block: it is left empty, so
        that the next has a time of its own. Not after such a block of this proposer's, nor after two in a row
        of anybody's: where clocks disagree, or the network is slow, there are transactions all the same.
        """
        if not proposal.entries:
            return ()
        if now - proposal.time > WAKE_MS and self._woke != proposal.height - 1 and self._idle < WAKES_MAX:
            self._woke = proposal.height
            return ()
        return packed(self._choose(proposal), bytes_max)

    def process_proposal(self, proposal: Proposal) -> bool:
        """Whether a proposed block holds nothing but what is admitted. A pure function of block and state."""
        choice = self._choose(proposal, whole=True)
        if choice.whole:
            self.pool.decides(proposal.entries, choice)
        return choice.whole

    def finalize_block(self, proposal: Proposal, now: int) -> Finalized:
        """Work out a decided block, in memory; may be asked again until it is committed."""
        if self.mark is not None and proposal.height != self.mark.height + 1:
            raise OutOfStep(f"block {proposal.height} does not follow {self.mark.height}")
        prepared, accusations = self._outcome(proposal)
        tip = self.ledger.tip if prepared is None else prepared.tip
        before = self._standing()
        after = before if prepared is None else self._powers(prepared.result.changes) or before
        mark = DriverMark(proposal.height, tip.root, self.start, in_order(after))
        idle = not proposal.entries and now - proposal.time > WAKE_MS
        self._pending = _Pending(proposal, prepared, accusations, mark, idle, now)
        return Finalized(tip.root, updates(before, after))

    def foresee(self, proposal: Proposal) -> None:
        """Work out a proposed block before it is decided, if it follows: while votes are under way."""
        if self.mark is None or proposal.height == self.mark.height + 1:
            self._outcome(proposal)

    def commit(self) -> int:
        """Make the decided block durable, and give the lowest height whose block CometBFT is to keep.

        Raises what the store raises, with nothing done.
        """
        pending = self._pending
        if pending is None:
            raise OutOfStep("there is no block to commit")
        if pending.prepared is None:
            self.ledger.mark_driver(pending.mark)
        else:
            self.ledger.commit(pending.prepared, pending.mark)
        proposal, self._pending, self._chosen, self._foreseen = pending.proposal, None, None, None
        self.mark = pending.mark
        self._idle = self._idle + 1 if pending.idle else 0
        self._readings.forget(proposal.entries)
        self.pool.reset(pending.now)
        self._decided.append(
            Decided(proposal.height, proposal.time, self.mark.root, pending.prepared, pending.accusations)
        )
        self._make_snapshot()
        return self._retained()

    def _outcome(self, proposal: Proposal) -> "_Outcome":
        """What a block appends and whom it accuses: a function of block and state, worked out once."""
        if self._foreseen is None or self._foreseen[0] != proposal:
            choice = self._choose(proposal)
            self.pool.decides(proposal.entries, choice)
            accusations = self._accusations(proposal.convicted)
            self._foreseen = proposal, (self._prepare(choice, accusations), accusations)
        return self._foreseen[1]

    def _choose(self, proposal: Proposal, *, whole: bool = False) -> Choice:
        """What of a proposal stands. Asked in turn of one proposal by three calls, it is worked out once.

        Of one that must be `whole` and is not, only that is worked out.
        """
        key = proposal.height, proposal.time, proposal.entries
        if self._chosen is not None and self._chosen[0] == key:
            return self._chosen[1]
        choice = choose(self.ledger, proposal, self._readings, self.check, whole=whole)
        if choice.whole or not whole:
            self._chosen = key, choice
        return choice

    def _retained(self) -> int:
        """The lowest height to keep: nobody can go on from a snapshot whose blocks are gone."""
        if not self.retention.blocks:
            return 0
        oldest = None if self.snapshots is None else self.snapshots.oldest()
        return max(0, min(self.height - self.retention.blocks, self.height if oldest is None else oldest))

    def _prepare(self, choice: Choice, accusations: tuple[Accusation, ...]) -> Prepared | None:
        """What the block appends, or None."""
        if not choice.admitted and not accusations and choice.tick is None:
            return None
        transactions = tuple(item.parsed.raw for item in choice.admitted)
        block = Block(self.ledger.tip.height + 1, choice.time, transactions, accusations)
        return self.ledger.prepare_admitted(block, choice.admission, choice.admitted)

    def _accusations(self, convicted: Sequence[Convicted]) -> tuple[Accusation, ...]:
        """What CometBFT found, by key; what is of no key that the ledger knows says nothing."""
        if not convicted:
            return ()
        with self.ledger.store.snapshot() as view:
            known = self.ledger.app.keys.consensus_keys(self._context(Overlay(view)))
        keys = {address_of(one.public): one.public for one in known}
        return tuple(
            Accusation(keys[one.address], one.height, _MISDEEDS[one.kind])
            for one in convicted
            if one.address in keys and one.kind in _MISDEEDS
        )

    # State sync ---------------------------------------------------------------------------

    def offered(self) -> tuple[Offer, ...]:
        """The snapshots that others may restore from."""
        return () if self.snapshots is None else self.snapshots.offered(self.height)

    def chunk(self, height: int, number: int, kind: int) -> bytes:
        """A chunk of a snapshot; empty where there is none."""
        return b"" if self.snapshots is None else self.snapshots.chunk(height, number, kind)

    def accept(self, offer: Offer, root: bytes) -> None:
        """Begin to restore a snapshot for which CometBFT vouches by `root`; raises BadSnapshot.

        The root does not say where in the log CometBFT's chain began: `begins` does, where it is known.
        """
        if self.mark is not None:
            raise BadSnapshot("this ledger is past its beginning")
        keep = None if self.snapshots is None else self.snapshots.folder
        restoring = Restoring(self.ledger, offer, root, keep)
        if self.begins not in (None, restoring.checked.metadata.start):
            raise BadSnapshot("the snapshot is of a chain that began at another size of the log")
        self._restoring = restoring

    @property
    def restoring(self) -> tuple[int, int] | None:
        """How many chunks of the snapshot that is being restored are here, and of how many; or None."""
        return None if self._restoring is None else self._restoring.count

    def apply(self, number: int, data: bytes) -> None:
        """Put a chunk; after the last the ledger is the snapshot's. Raises BadSnapshot for a wrong one."""
        if self._restoring is None:
            raise BadSnapshot("no snapshot is being restored")
        self._restoring.put(number, data)
        if self._restoring.done:
            restoring, self._restoring = self._restoring, None
            self.mark = restoring.finish()
            self.pool.reset(self.ledger.tip.time)
            time = self.ledger.tip.time
            self._decided.append(Decided(self.mark.height, time, self.mark.root, None, (), restored=True))

    def _make_snapshot(self) -> None:
        """Have a snapshot made where one is due. The block is durable already: a full disk is only told."""
        if self.snapshots is not None and self.snapshots.due(self.height, self.start):
            self.snapshots.begin(self.ledger, self.height, self.start)

    # Validators ---------------------------------------------------------------------------

    def _powers(self, changes: Mapping[bytes, bytes | None] | None = None) -> dict[bytes, int]:
        """The voting power of each consensus key, with changes that are not durable yet."""
        with self.ledger.store.snapshot() as view:
            overlay = Overlay(view)
            for key, value in (changes or {}).items():
                if value is None:
                    overlay.delete(key)
                else:
                    overlay.put(key, value)
            found = self.ledger.app.keys.validators(self._context(overlay))
        return {one.public: one.power for one in found}

    def _standing(self) -> dict[bytes, int]:
        """The powers that CometBFT knows: never none, even where a block left the ledger with none."""
        return (
            self._powers() if self.mark is None else {one.public: one.power for one in self.mark.validators}
        )

    def _context(self, overlay: Overlay) -> Context:
        tip = self.ledger.tip
        return Context(overlay, self.ledger.network, tip.height, tip.time, tip.size)

    # What there is to tell ----------------------------------------------------------------

    def drain(self) -> list[Decided]:
        """The blocks that became durable, once, oldest first."""
        decided, self._decided = self._decided, []
        return decided

    def refusals(self) -> list[tuple[bytes, Refused]]:
        """The transactions that waited and are refused by the newest state, once, by id."""
        return self.pool.refusals()
