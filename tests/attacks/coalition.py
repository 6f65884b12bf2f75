"""What members who put all they have together know of a masked round, and what they make of it.

They have what everybody has, the ledger with every transaction that was ever sent and every update's blob;
their own secrets, which they never destroy; what was sealed to them; and what an orderer among them was told
in another history than this one. From it they compute, with the product's own arithmetic, every secret that
enough of their shares give, and take every mask off that those secrets make.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np

from consortia.base.codec import Malformed, Record
from consortia.base.sealing import public_of
from consortia.base.shares import Bundle, Kind, seed_hash, share_hash
from consortia.engines.mask import (
    Dealt,
    Secrets,
    dangling,
    open_share,
    own_stream,
    pair_streams,
    partners,
    unmasked,
)
from consortia.exact.shamir import ShamirError, recover
from consortia.kernel.admission import parse
from consortia.modules.training import masks as law
from consortia.modules.training.messages import Answer, DealShares, PublishKeys, Reveal, Submit
from consortia.modules.training.types import Round, Share, Stage
from consortia.testing.machine import Bench
from consortia.workers.arithmetic import plans, update
from consortia.workers.diary import Diary
from consortia.workers.worker import Worker
from tests.workers.four import Consortium


class Hoard(Diary):
    """A diary that destroys nothing."""

    def forget_rounds(self, study, keep, index):
        """Keep every round."""

    def forget(self, study):
        """Keep every study."""


class Colluder(Worker):
    """Does all that it is asked to, and keeps what it should destroy."""

    def __init__(self, door, data, diary, **options):
        super().__init__(door, data, Hoard(diary._folder), **options)


def heard(bench: Bench) -> list[tuple[str, Record]]:
    """All that was ever said on a ledger, carried out or refused, and by which member."""
    speakers = {key.key_id: name for name, party in bench.parties.items() for key in party.keys.values()}
    found = []
    for raw in chain.from_iterable(block.transactions for block in bench.blocks):
        parsed, calls = parse(bench.app, raw, bench.network)
        found += [(speakers[parsed.transaction.key], message) for _, message in calls]
    return found


@dataclass(frozen=True)
class Try:
    """One try of a round as its ledger, and whoever heard more than stands there, has it."""

    this: Round
    stage: Stage
    said: tuple[tuple[str, Record], ...]
    blobs: Mapping[bytes, bytes]

    def of(self, kind: type[Record]) -> dict[str, Record]:
        """The first that each member said of a kind: what counted."""
        found: dict[str, Record] = {}
        for name, message in self.said:
            if isinstance(message, kind) and message.round == self.this.id:
                found.setdefault(name, message)
        return found


def seen(four: Consortium, this: Round, *more: Bench) -> Try:
    """A try of a consortium's study; `more` are other histories of its ledger that the coalition knows."""
    said = [each for bench in (four.bench, *more) for each in heard(bench)]
    terms = four.bench.query("training.study", study=this.study).study.terms
    return Try(this, plans(terms).rules[this.stage], tuple(said), four.net.blobs)


class Coalition:
    """Members who put together what they have of one try."""

    def __init__(self, known: Try, own: Mapping[str, Secrets]) -> None:
        self.known, self.this, self.own = known, known.this, own
        self._keys, self._dealt = known.of(PublishKeys), known.of(DealShares)
        self._secrets: dict[tuple[str, Kind], bytes | None] = {}

    def plain(self, victim: str) -> bytes | None:
        """A member's update without its masks, or None where one of these cannot be had."""
        return self.sum((victim,))

    def sum(self, members: Iterable[str]) -> bytes | None:
        """The sum of some members' updates without its masks, or None."""
        known, these = self.known, tuple(members)
        seeds = {name: self.secret(name, "seed") for name in these}
        if None in seeds.values():
            return None
        owns, left = [own_stream(self.this.id, name, seed) for name, seed in seeds.items()], []
        graph = law.rows(self.this)
        for name in these:
            for peer in partners(name, self.this.keyed, graph, self.this.dealers):
                if peer not in these:
                    stream = self._pair(name, peer)
                    if stream is None:
                        return None
                    left += stream
        bits = known.stage.ring_bits
        sent = [known.blobs[known.of(Submit)[name].blob] for name in these]
        with np.errstate(over="ignore"):
            total = np.sum([np.frombuffer(blob, dtype=f"<i{bits // 8}") for blob in sent], axis=0)
        return unmasked(total.astype(f"<i{bits // 8}"), bits, owns, left).tobytes()

    def uncovers(self, members: Iterable[str]) -> bool:
        """Whether the masks of these members' sum can be taken off."""
        these = tuple(members)
        if any(self.secret(name, "seed") is None for name in these):
            return False
        graph = law.rows(self.this)
        pairs = [
            (name, peer)
            for name in these
            for peer in partners(name, self.this.keyed, graph, self.this.dealers)
            if peer not in these
        ]
        return all(any(self.secret(end, "key") for end in pair) for pair in pairs)

    def secret(self, dealer: str, kind: Kind) -> bytes | None:
        """A dealer's seed or masking key, if it is one's own or enough shares of it are known."""
        if (dealer, kind) not in self._secrets:
            self._secrets[dealer, kind] = self._found(dealer, kind)
        return self._secrets[dealer, kind]

    def _found(self, dealer: str, kind: Kind) -> bytes | None:
        if dealer in self.own:
            return self.own[dealer].seed if kind == "seed" else self.own[dealer].masking
        least = law.threshold(self.this, dealer)
        shares = self._shares(dealer, kind)
        try:
            value = recover(dict(list(shares.items())[:least]), least)
        except ShamirError:
            return None
        keys = self._keys[dealer]
        fits = (
            seed_hash(self.this.id, dealer, value) == keys.seed
            if kind == "seed"
            else public_of(value) == keys.masking
        )
        return value if fits else None

    def bundle(self, dealer: str, holder: str) -> Bundle | None:
        """What a dealer dealt to one of the coalition, if it opens as committed."""
        entry, own = self._entry(dealer, holder), self.own[holder]
        if entry is None:
            return None
        dealt = Dealt(holder, entry.seed, entry.key, entry.sealed)
        public = self._keys[dealer].sealing
        try:
            return open_share(self.this.id, holder, own.sealing, dealt, dealer=dealer, public=public)
        except Malformed:
            return None

    def _shares(self, dealer: str, kind: Kind) -> dict[int, bytes]:
        opened = {holder: self.bundle(dealer, holder) for holder in self.own}
        found = {
            law.point(self.this, holder): bundle.seed_share if kind == "seed" else bundle.key_share
            for holder, bundle in opened.items()
            if bundle is not None
        }
        for holder, message in self.known.said:
            if isinstance(message, Reveal) and message.round == self.this.id:
                for share in message.shares:
                    if share.dealer == dealer and self._is_dealt(share, holder, kind):
                        found[law.point(self.this, holder)] = share.share
            elif isinstance(message, Answer) and (holder, message.round) == (dealer, self.this.id):
                shown = message.shares
                share = shown.seed_share if kind == "seed" else shown.key_share
                salt = shown.seed_salt if kind == "seed" else shown.key_salt
                if self._is_dealt(Share(dealer, share, salt), message.holder, kind):
                    found[law.point(self.this, message.holder)] = share
        return found

    def _entry(self, dealer: str, holder: str):
        dealt, near = self._dealt.get(dealer), law.neighbourhood(self.this, dealer)
        return None if dealt is None or holder not in near else dealt.shares[near.index(holder)]

    def _is_dealt(self, share, holder: str, kind: Kind) -> bool:
        entry = self._entry(share.dealer, holder)
        hashed = share_hash(self.this.id, share.dealer, holder, kind, salt=share.salt, share=share.share)
        return entry is not None and hashed == (entry.seed if kind == "seed" else entry.key)

    def _pair(self, name: str, peer: str):
        """What a member added for a pair, from whichever end's key is known; None where neither is."""
        public = {one: self._keys[one].masking for one in (name, peer)}
        mine, theirs = self.secret(name, "key"), self.secret(peer, "key")
        if mine is not None:
            return pair_streams(self.this.id, name, mine, {peer: public[peer]})
        if theirs is not None:
            return dangling(self.this.id, peer, theirs, {name: public[name]})
        return None


def coalition(four: Consortium, this: Round, names: Iterable[str], *more: Bench) -> Coalition:
    """Members of a consortium, all of whose workers keep what they should destroy, against the others."""
    drawn = {name: four.workers[name].diary.secrets(this.study, this.id) for name in names}
    own = {name: Secrets.of(each) for name, each in drawn.items() if each is not None}
    return Coalition(seen(four, this, *more), own)


def sent(four: Consortium, this: Round, name: str) -> bytes:
    """The update that a member masked in a try: what no attacker is to know."""
    known = plans(four.bench.query("training.study", study=this.study).study.terms)
    state = known.plan.initial if this.index == 0 else four.net.blobs[this.state]
    return update(known, this, state, four.tables[name])
