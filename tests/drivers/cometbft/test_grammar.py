"""Every sequence of calls that the published grammar allows is answered; equal histories give equal roots.

The grammar is that of CometBFT's specification (abci++_comet_expected_behavior.md):

    start            = clean-start / recovery
    clean-start      = ( app-handshake / state-sync ) consensus-exec
    app-handshake    = info init-chain
    state-sync       = *state-sync-attempt success-sync info
    recovery         = info [init-chain] consensus-exec
    consensus-height = *consensus-round finalize-block commit
    consensus-round  = proposer / non-proposer
    proposer         = *got-vote [prepare-proposal [process-proposal]] [extend]
    extend           = *got-vote extend-vote *got-vote
    non-proposer     = *got-vote [process-proposal] [extend]

Echo, Flush, CheckTx, Query, ListSnapshots, LoadSnapshotChunk and Info come anywhere. Crashes do too: a
recovery is a new process on the same store; CometBFT replays what the application did not commit.
"""

import random
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from consortia.drivers.cometbft.bundle import Tick, pack
from consortia.drivers.cometbft.calls import Calls
from consortia.drivers.cometbft.driver import CometBft, address_of
from consortia.drivers.cometbft.proposal import Proposal
from consortia.drivers.cometbft.snapshots import Every, Snapshots
from consortia.drivers.cometbft.wire import MESSAGES
from tests.drivers.cometbft.engine import BLOCK_BYTES, MEMBERS, START, altered, founded, reopened, write

BATCHES = 20


@lru_cache(maxsize=1)
def entries():
    """What the mempools of the world hold: good and bad, each made once."""
    raws = [write(sequence, member) for member in MEMBERS for sequence in range(3)]
    bad = [altered(raws[0]), write(9), b"garbage", *[altered(raw) for raw in raws[3:6]]]
    chance = random.Random(5)
    bundles = [pack(chance.choices(raws, k=chance.randrange(1, 5))) for _ in range(20)]
    mixed = [pack([*chance.choices(raws, k=2), chance.choice(bad)]) for _ in range(8)]
    return [
        *bundles,
        *mixed,
        *map(pack, ([raw] for raw in raws)),
        b"",
        b"x",
        *[Tick(n).encode() for n in range(3)],
    ]


@lru_cache(maxsize=1)
def served():
    """Snapshots that another node serves, each with the history before it: one at each of three heights."""
    found = []
    with TemporaryDirectory() as folder:
        driver = CometBft(founded(), snapshots=Snapshots(Path(folder), Every(1, kept=9)))
        serving, history = Calls(driver, lambda: START), ()
        for height in range(1, 6):
            block = height, START + height * 1_000, (pack([write(height - 1)]),), ()
            proposal = Proposal(block[0], block[1], block[2])
            root = driver.finalize_block(proposal, START).root
            driver.commit()
            history += (block,)
            found.append((history, root))
        request = MESSAGES["Request"]()
        request.list_snapshots.SetInParent()
        offers = list(serving.answer(request).list_snapshots.snapshots)
        return [
            (found[one.height - 1][0], (one, found[one.height - 1][1], chunks(driver, one))) for one in offers
        ]


def chunks(driver, offer):
    return [driver.chunk(offer.height, number, offer.format) for number in range(offer.chunks)]


class Walk:
    """One process's life under CometBFT, drawn from the grammar; `roots` is what histories led to before."""

    def __init__(self, chance, roots):
        self.chance, self.roots = chance, roots
        self.calls = 0
        self.now = START
        self.history = ()
        self.decided = []
        self.app = Calls(CometBft(founded()), lambda: self.now)

    def start(self):
        """clean-start, then some heights with crashes and recoveries."""
        while self.chance.random() < 0.2:
            self.state_sync_attempt()
        if self.chance.random() < 0.2:
            self.state_sync()
        else:
            self.handshake()
        for _ in range(self.chance.randrange(1, 4)):
            self.consensus_height()
            if self.chance.random() < 0.25:
                self.recovery()

    def ask(self, name, **fields):
        request = MESSAGES["Request"]()
        part = getattr(request, name)
        part.SetInParent()
        for key, value in fields.items():
            if key == "block":
                height, time, txs, guilty = value
                part.height, part.time.seconds, part.time.nanos = height, time // 1_000, time % 1_000 * 10**6
                part.txs.extend(txs)
                for address in guilty:
                    one = part.misbehavior.add(type=1, height=1)
                    one.validator.address = address
            else:
                setattr(part, key, value)
        self.calls += 1
        response = self.app.answer(MESSAGES["Request"].FromString(request.SerializeToString()))
        assert response.WhichOneof("value") == name
        return getattr(response, name)

    def anywhere(self):
        """What the grammar leaves out, as it may come at any point."""
        kind = self.chance.randrange(12)
        if kind < 5:
            entry = self.chance.choice(entries())
            assert self.ask("check_tx", tx=entry, type=self.chance.randrange(2)).code in (0, 1)
        elif kind == 5:
            assert self.ask("echo", message="x").message == "x"
        elif kind == 6:
            self.ask("flush")
        elif kind == 7:
            self.ask("query", path="plain.none")
        elif kind == 8:
            self.ask("list_snapshots")
        elif kind == 9:
            assert self.ask("load_snapshot_chunk", height=7, format=1, chunk=0).chunk == b""
        elif kind == 10:
            self.info()

    def info(self):
        info = self.ask("info")
        assert info.last_block_height == len(self.history)
        if self.history:
            assert info.last_block_app_hash == self.roots[self.history]
        return info

    def handshake(self):
        self.info()
        begun = self.ask("init_chain", chain_id=self.app.driver.chain_id, initial_height=1)
        assert len(begun.validators) == len(MEMBERS)

    def state_sync_attempt(self):
        """An attempt that fails: nobody has such a snapshot."""
        request = MESSAGES["Request"]()
        request.offer_snapshot.snapshot.height = 7
        request.offer_snapshot.app_hash = bytes(32)
        assert self.app.answer(request).offer_snapshot.result != 1
        if self.chance.random() < 0.3:
            self.ask("apply_snapshot_chunk", index=0, chunk=b"x")

    def state_sync(self):
        """A success: another node's snapshot, sometimes with a wrong chunk first, or offered twice."""
        history, (offer, root, chunks) = self.chance.choice(served())
        request = MESSAGES["Request"]()
        part = request.offer_snapshot
        part.app_hash = root
        part.snapshot.CopyFrom(offer)
        for _ in range(self.chance.choice((1, 1, 2))):
            assert self.app.answer(request).offer_snapshot.result == 1
        for index, chunk in enumerate(chunks):
            if self.chance.random() < 0.2:
                assert self.ask("apply_snapshot_chunk", index=index, chunk=b"x", sender="liar").result == 3
            assert self.ask("apply_snapshot_chunk", index=index, chunk=chunk, sender="friend").result == 1
        self.history = history
        self.roots[self.history] = root
        self.info()

    def recovery(self):
        """A new process on the same store; CometBFT's own may be a block ahead, which it replays."""
        ledger = reopened(self.app.driver.ledger)
        self.app = Calls(CometBft(ledger), lambda: self.now)
        self.info()
        if not self.history and self.chance.random() < 0.5:
            self.handshake()

    def consensus_height(self):
        height = len(self.history) + 1
        self.now += self.chance.choice((100, 500, 5_000, 3_600_000))
        time = self.now - self.chance.choice((50, 500, 3_000))
        proposal = self.block(height, time)
        for _ in range(self.chance.choice((0, 1, 1, 1, 2))):
            proposal = self.consensus_round(height, time, proposal)
        finalized = self.ask("finalize_block", block=proposal)
        assert len(finalized.tx_results) == len(proposal[2])
        if self.chance.random() < 0.15:  # crash before Commit: recovery, and the block is replayed
            self.recovery()
            again = self.ask("finalize_block", block=proposal)
            assert again == finalized
        self.ask("commit")
        self.history += (proposal,)
        known = self.roots.setdefault(self.history, finalized.app_hash)
        assert known == finalized.app_hash
        if self.chance.random() < 0.3:
            self.anywhere()

    def block(self, height, time):
        guilty = (
            (address_of(self.chance.choice(MEMBERS).operator.public),) if self.chance.random() < 0.1 else ()
        )
        txs = tuple(self.chance.choices(entries(), k=self.chance.randrange(3)))
        return height, time, txs, guilty

    def consensus_round(self, height, time, proposal):
        """proposer / non-proposer; gives the block that this round may decide."""
        self.got_votes(height)
        if self.chance.random() < 0.5:
            offered = self.block(height, time)
            txs = self.ask("prepare_proposal", max_tx_bytes=BLOCK_BYTES, block=offered).txs
            proposal = (*offered[:2], tuple(txs), offered[3])
            if self.chance.random() < 0.8:
                assert self.ask("process_proposal", block=proposal).status == 1
        elif self.chance.random() < 0.8:
            assert self.ask("process_proposal", block=proposal).status in (1, 2)
        if self.chance.random() < 0.5:
            assert self.ask("extend_vote", height=height).vote_extension == b""
            self.got_votes(height)
        return proposal

    def got_votes(self, height):
        for _ in range(self.chance.choice((0, 0, 1, 2))):
            assert self.ask("verify_vote_extension", height=height).status == 1
            self.anywhere()


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_sequence_of_the_published_grammar_is_answered(batch, programme):
    roots = {}
    calls = 0
    for seed in range(programme(quick=10, test=10_000 // BATCHES, nightly=100_000)):
        walk = Walk(random.Random(f"{batch}/{seed}"), roots)
        walk.start()
        calls += walk.calls
    assert calls
