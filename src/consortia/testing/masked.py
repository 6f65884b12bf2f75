"""Masked rounds on a bench, dealt and revealed plainly: what a worker sends, and what a cheat would.

Every secret is a hash of the member and the round, so that scenarios are the same in every run.
"""

from msgspec.structs import replace

from consortia.base.hashing import tagged
from consortia.base.sealing import agree, public_of, seal
from consortia.base.shares import SHARE_BYTES, Bundle, Kind, sealing_info, seed_hash, share_hash
from consortia.exact.shamir import PRIME, split
from consortia.modules.training import masks
from consortia.modules.training.messages import Answer, Complain, DealShares, PublishKeys, Reveal, Start
from consortia.modules.training.types import PlainShares, Round, SealedShares, Share
from consortia.testing.machine import Bench
from consortia.testing.studies import MEMBERS, STAGE, TERMS, current, ended, joined, update

MASKED = replace(TERMS, stages=(replace(STAGE, mode="masked"),), retries=2)
"""The terms of the bench's study, with masks."""


def secret(round_id: bytes, member: str, what: str) -> bytes:
    """A member's own seed, or its private key for masking or sealing, in a round."""
    return tagged("consortia/testing", round_id + f"{what} of {member}".encode())


def keys(study: bytes, round_id: bytes, member: str) -> PublishKeys:
    """A member's keys for a round."""
    return PublishKeys(
        study,
        round_id,
        public_of(secret(round_id, member, "masking")),
        public_of(secret(round_id, member, "sealing")),
        seed_hash(round_id, member, secret(round_id, member, "seed")),
    )


def bundle(this: Round, dealer: str, holder: str) -> Bundle:
    """What a dealer gives to a holder."""
    holders = masks.neighbourhood(this, dealer)
    points, place = [masks.point(this, name) for name in holders], holders.index(holder)
    shares = []
    for what in ("seed", "masking"):
        value = secret(this.id, dealer, what)
        coefficients = [
            int.from_bytes(secret(this.id, dealer, f"{what} coefficient {power}") * 2, "big") % PRIME
            for power in range(1, masks.threshold(this, dealer))
        ]
        shares.append(split(value, masks.threshold(this, dealer), points, coefficients)[place])
    salts = [secret(this.id, dealer, f"{what} salt for {holder}") for what in ("seed", "masking")]
    return Bundle(shares[0], shares[1], salts[0], salts[1])


def sealed(this: Round, dealer: str, holder: str, given: Bundle) -> SealedShares:
    """What stands on the ledger of a bundle that a dealer gives to a holder."""
    info = sealing_info(this.id, dealer, holder)
    public = public_of(secret(this.id, holder, "sealing"))
    key = agree(secret(this.id, dealer, "sealing"), public, info)
    return SealedShares(
        share_hash(this.id, dealer, holder, "seed", salt=given.seed_salt, share=given.seed_share),
        share_hash(this.id, dealer, holder, "key", salt=given.key_salt, share=given.key_share),
        seal(key, given.pack(), info),
    )


def dealing(this: Round, dealer: str) -> DealShares:
    """All that a dealer deals in a round."""
    holders = masks.neighbourhood(this, dealer)
    entries = tuple(sealed(this, dealer, name, bundle(this, dealer, name)) for name in holders)
    return DealShares(this.study, this.id, this.graph or b"", entries)


def garbled_dealing(this: Round, dealer: str, holder: str) -> DealShares:
    """A dealing in which one holder's shares do not open."""
    honest = dealing(this, dealer)
    place = masks.neighbourhood(this, dealer).index(holder)
    garbled = replace(honest.shares[place], sealed=bytes(len(honest.shares[place].sealed)))
    return replace(honest, shares=(*honest.shares[:place], garbled, *honest.shares[place + 1 :]))


def false_dealing(this: Round, dealer: str) -> DealShares:
    """A dealing whose shares open as committed, and give another seed than the dealer's keys fixed."""
    holders = masks.neighbourhood(this, dealer)
    entries = tuple(sealed(this, dealer, name, raised(bundle(this, dealer, name))) for name in holders)
    return DealShares(this.study, this.id, this.graph or b"", entries)


def raised(given: Bundle) -> Bundle:
    """A bundle whose seed share is one more: that of a polynomial which gives another seed."""
    share = (int.from_bytes(given.seed_share, "big") + 1) % PRIME
    return Bundle(share.to_bytes(SHARE_BYTES, "big"), given.key_share, given.seed_salt, given.key_salt)


def share(this: Round, dealer: str, holder: str, kind: Kind | None = None, *, false: bool = False) -> Share:
    """A holder's share of a dealer, of the kind that is due unless another is given."""
    given = bundle(this, dealer, holder)
    given = raised(given) if false else given
    if (kind or masks.kind_due(this, dealer)) == "seed":
        return Share(dealer, given.seed_share, given.seed_salt)
    return Share(dealer, given.key_share, given.key_salt)


def revealing(this: Round, holder: str, *, false: tuple[str, ...] = ()) -> Reveal:
    """What a holder reveals; of the dealers in `false`, shares as `false_dealing` deals them."""
    held = [name for name in masks.neighbourhood(this, holder) if name in this.dealers]
    shares = tuple(share(this, name, holder, false=name in false) for name in held)
    return Reveal(this.study, this.id, shares)


def complaint(this: Round, dealer: str) -> Complain:
    """A complaint of a dealer."""
    return Complain(this.study, this.id, dealer)


def answer(this: Round, dealer: str, holder: str, *, false: bool = False) -> Answer:
    """A dealer's answer to a holder's complaint; with `false`, other shares than it dealt."""
    given = bundle(this, dealer, holder)
    given = raised(given) if false else given
    shares = PlainShares(given.seed_share, given.key_share, given.seed_salt, given.key_salt)
    return Answer(this.study, this.id, holder, shares)


# ------------------------------------------------------------------ the ways to each step


def running_masked(bench: Bench) -> Round:
    """A masked study that all four joined and that runs: its first round, which waits for keys."""
    study = joined(bench, terms=MASKED)
    bench.ok("north", "analyst", Start(study))
    return current(bench, study)


def keyed(bench: Bench, this: Round, members: tuple[str, ...] = MEMBERS) -> Round:
    """The round once these members published keys; where one is missing, the deadline has passed."""
    bench.block(*[bench.sign(name, "worker", keys(this.study, this.id, name)) for name in members])
    return _over(bench, this)


def dealt(bench: Bench, this: Round, members: tuple[str, ...] = MEMBERS) -> Round:
    """The round once these members dealt shares."""
    bench.block(*[bench.sign(name, "worker", dealing(this, name)) for name in members])
    return _over(bench, this)


def sent(bench: Bench, this: Round, members: tuple[str, ...] = MEMBERS) -> Round:
    """The round once these members submitted."""
    bench.block(*[bench.sign(name, "worker", update(bench, this, name)) for name in members])
    return _over(bench, this)


def revealed(bench: Bench, this: Round, members: tuple[str, ...] = MEMBERS[:3]) -> Round:
    """The round once these members revealed: three of four are enough."""
    bench.block(*[bench.sign(name, "worker", revealing(this, name)) for name in members])
    return current(bench, this.study)


def _over(bench: Bench, this: Round) -> Round:
    """The study's round, its step closed at the deadline if it still waits for somebody."""
    after = current(bench, this.study)
    return ended(bench, after) if (after.id, after.step) == (this.id, this.step) else after
