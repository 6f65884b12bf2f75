"""A whole masked round by function calls, with members that drop out wherever a test wants."""

from dataclasses import dataclass

import numpy as np

from consortia.base.hashing import tagged
from consortia.base.sealing import public_of
from consortia.base.shares import seed_hash, share_hash
from consortia.engines import mask
from consortia.exact.graph import neighbours, threshold
from consortia.exact.ring import pack
from consortia.exact.shamir import recover

KEYS, SHARES, SUBMIT, REVEAL, NEVER = range(5)
"""Where a member drops out: before it does this."""


def name_of(index):
    return f"member-{index:03d}"


@dataclass
class Round:
    """Who did what, and what the ledger and the members hold of it."""

    id: bytes
    secrets: dict[str, mask.Secrets]
    published: dict[str, mask.Published]
    graph: tuple[tuple[int, ...], ...]
    dealt: dict[str, tuple[mask.Dealt, ...]]
    plain: dict[str, np.ndarray]
    blobs: dict[str, bytes]
    revealing: list[str]
    ring_bits: int
    length: int

    @property
    def keyed(self):
        return sorted(self.published)

    def holders(self, dealer):
        return [self.keyed[index] for index in self.graph[self.keyed.index(dealer)]]

    def partners(self, member):
        return mask.partners(member, self.keyed, self.graph, self.dealt)


def play(vectors, drops, *, ring_bits, round_id=bytes(32), degree=None):
    """The round up to the last reveal, of one vector a member and where it drops out."""
    length = len(vectors[0])
    names = [name_of(index) for index in range(len(vectors))]
    does = dict(zip(names, drops, strict=True))
    secrets = {name: drawn(round_id, name) for name in names}
    published = {n: mask.publish(round_id, n, secrets[n]) for n in names if does[n] > KEYS}
    keyed = sorted(published)
    graph = neighbours(len(keyed), tagged("test", b"graph"), degree) if keyed else ()
    this = Round(round_id, secrets, published, graph, {}, {}, {}, [], ring_bits, length)
    sealing = {n: published[n].sealing for n in keyed}
    this.dealt = {
        n: mask.deal(round_id, n, secrets[n], sealing, this.holders(n)) for n in keyed if does[n] > SHARES
    }
    for name, vector in zip(names, vectors, strict=True):
        if does[name] > SUBMIT:
            this.plain[name] = vector
            this.blobs[name] = pack(masked(this, name, vector), ring_bits=ring_bits)
    this.revealing = [n for n in keyed if does[n] > REVEAL]
    return this


def drawn(round_id, name):
    parts = (tagged("test", round_id + name.encode() + bytes([part])) for part in range(4))
    return mask.Secrets.of(b"".join(parts))


def masked(this, name, vector, by=mask.masked):
    secrets = this.secrets[name]
    peers = {peer: this.published[peer].masking for peer in this.partners(name)}
    pairs = mask.pair_streams(this.id, name, secrets.masking, peers)
    return by(vector, this.ring_bits, mask.own_stream(this.id, name, secrets.seed), pairs)


def revealed(this, dealer, kind):
    """A dealer's secret from the shares of those who reveal, held to what it had published."""
    keyed, shares = this.keyed, {}
    size = len(this.holders(dealer))
    for dealt in this.dealt[dealer]:
        if dealt.holder in this.revealing:
            bundle = mask.open_share(
                this.id,
                dealt.holder,
                this.secrets[dealt.holder].sealing,
                dealt,
                dealer=dealer,
                public=this.published[dealer].sealing,
            )
            share = bundle.seed_share if kind == "seed" else bundle.key_share
            salt = bundle.seed_salt if kind == "seed" else bundle.key_salt
            hashed = share_hash(this.id, dealer, dealt.holder, kind, salt=salt, share=share)
            assert hashed == (dealt.seed if kind == "seed" else dealt.key)
            shares[keyed.index(dealt.holder) + 1] = share
    secret = recover(shares, threshold(size))
    if kind == "seed":
        assert seed_hash(this.id, dealer, secret) == this.published[dealer].seed
    else:
        assert public_of(secret) == this.published[dealer].masking
    return secret


def unmasked(this, by=mask.unmasked):
    """The plain sum as a verifier finds it, from the blobs and the revealed secrets alone."""
    cohort = sorted(this.blobs)
    owns = [mask.own_stream(this.id, name, revealed(this, name, "seed")) for name in cohort]
    left = []
    for dealer in sorted(set(this.dealt) - set(cohort)):
        survivors = {n: this.published[n].masking for n in this.partners(dealer) if n in this.blobs}
        if survivors:
            left += mask.dangling(this.id, dealer, revealed(this, dealer, "key"), survivors)
    total = mask.add_up((this.blobs[name] for name in cohort), this.ring_bits, this.length)
    return by(total, this.ring_bits, owns, left)
