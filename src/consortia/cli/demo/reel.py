"""The reel of cheating: what a dishonest or unlucky member tries, and who notices by which check."""

import random
import shutil
from pathlib import Path

from msgspec.structs import replace

from consortia.app import application
from consortia.base.keys import SigningKey
from consortia.cli.demo.consortium import Consortium, Party
from consortia.cli.demo.telling import Teller
from consortia.kernel.block import Block
from consortia.kernel.ledger import Ledger
from consortia.kernel.verify import verify_proof
from consortia.node.embedded import EmbeddedNode
from consortia.node.memory import FolderMemory, PlainMemory
from consortia.sdk.moments import utc_milliseconds
from consortia.store.lmdb import LmdbStore
from consortia.store.memory import MemoryStore

_QUESTIONS = 20


class Missed(RuntimeError):
    """A cheat that nobody noticed: the demo ends here, loudly."""


def rewrite(consortium: Consortium, height: int, teller: Teller) -> None:
    """The ordering node rewrites a past block and serves the forgery to a witness that saw the original.

    Both work on copies outside the audited homes; the witness is thrown away afterwards.
    """
    orderer, witness = consortium.founder, consortium.party(consortium.names[-1])
    aside = consortium.folder / ".reel"
    shutil.rmtree(aside, ignore_errors=True)
    forged, changed = _forge(orderer, aside, height)
    liar = EmbeddedNode(
        forged, orderer.name, (orderer.key("node"),), orderer=orderer.name, memory=PlainMemory()
    )
    shutil.copytree(witness.home.ledger, aside / "ledger")
    shutil.copytree(witness.home.witness, aside / "witness")
    store = LmdbStore(aside / "ledger")
    try:
        said = _ask(liar, _witness(store, witness, aside, orderer.name))
    finally:
        store.close()
        shutil.rmtree(aside)
    if said is None:
        raise Missed(f"the rewritten block {changed} was not noticed")
    what = f"{orderer.name}, who orders the blocks, back-dates block {changed} and serves the forgery"
    teller.catch(what, witness.name, said)


def _witness(store: LmdbStore, party: Party, aside: Path, orderer: str) -> EmbeddedNode:
    ledger = Ledger.open(store, application())
    keys: tuple[SigningKey, ...] = (party.key("node"),)
    return EmbeddedNode(ledger, party.name, keys, orderer=orderer, memory=FolderMemory(aside / "witness"))


def _forge(orderer: Party, aside: Path, height: int) -> tuple[Ledger, int]:
    """The orderer's history with one block back-dated, from `height` on, and that block's height."""
    aside.mkdir()
    shutil.copytree(orderer.home.ledger, aside / "forged")
    store = LmdbStore(aside / "forged", read_only=True)
    changed = 0
    try:
        honest = Ledger.open(store, application())
        forged = Ledger.create(MemoryStore(), application(), honest.genesis)
        for at in range(1, honest.tip.height + 1):
            block = honest.block(at)
            if block is None:
                raise Missed(f"the copy of the store lacks block {at}")
            if not changed and at >= height and block.time > forged.tip.time:
                changed, block = at, Block(at, forged.tip.time, block.transactions)
            forged.append(block)
    finally:
        store.close()
    return forged, changed


def _ask(liar: EmbeddedNode, witness: EmbeddedNode) -> str | None:
    """Let the witness follow the liar; gives why it stopped, or None when it did not.

    The liar closes its eyes to what the witness holds, or its own software would stop it.
    """
    now = utc_milliseconds()
    for _ in range(_QUESTIONS):
        now += 1_000
        liar.tick(now)
        witness.tick(now)
        asked = witness.request(liar.member, now)
        blind = replace(asked, head=None, final=0, wanted=(), cosigned=(), blocks=())
        witness.on_reply(liar.member, liar.on_request(witness.member, blind, now), now)
        stopped = witness.status().stopped
        if stopped is not None:
            return stopped
    return None


def flip(proof: bytes, network: bytes, seed: int, teller: Teller) -> None:
    """Flip one bit of a proof file, and verify it."""
    at = random.Random(seed).randrange(len(proof))  # noqa: S311 (any byte will do)
    changed = bytearray(proof)
    changed[at] ^= 1
    verdict = verify_proof(application(), bytes(changed), network)
    if verdict.ok:
        raise Missed(f"a bit of byte {at} of the proof was flipped, and nobody noticed")
    failed = next(step for step in verdict.steps if not step.ok)
    teller.catch(
        f"somebody flips one bit of byte {at} of health.proof",
        "anyone who verifies it",
        f"step {failed.number}: {failed.text}",
    )
