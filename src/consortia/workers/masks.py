"""A member's part in the masks of a round: its keys, its shares, its masked update, and what it reveals.

The secrets of a round are drawn once, written down before anything of them is told, and destroyed when the
round is over. A worker that was killed at any moment says again, byte for byte, what it said before. What
depends on others (whose keys, whose shares, which cohort) comes from the ledger under a final ledger
checkpoint; and the cohort for which it reveals is written down first, so that no one, the orderer included,
gets shares for two cohorts of one round from it.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consortia.base.codec import Malformed
from consortia.base.shares import Bundle
from consortia.engines.mask import (
    Dealt,
    Secrets,
    Stream,
    add_up,
    bundles,
    dangling,
    deal,
    masked,
    open_share,
    own_stream,
    pair_streams,
    partners,
    publish,
    unmasked,
)
from consortia.engines.train.api import Stage
from consortia.exact.ring import pack, unpack
from consortia.modules.training import masks as law
from consortia.modules.training import messages as ask
from consortia.modules.training import queries
from consortia.modules.training.mask_queries import BySharing, Held, MasksView, SharesView
from consortia.modules.training.types import PlainShares, Round, SealedShares, Share
from consortia.workers.diary import Diary
from consortia.workers.door import Door

DRAWN_BYTES = 128


class LeftOut(Exception):
    """The member can do nothing in this try of the round; the text says why."""


class TwoViews(Exception):
    """A round is shown with other keys, or another cohort, than those for which the worker acted in it."""


class Masks:
    """The masks of one member's worker, over its node (`door`) and its diary."""

    def __init__(self, door: Door, diary: Diary, draw: Callable[[int], bytes] = secrets.token_bytes) -> None:
        """`draw(n)` gives n random bytes from the system."""
        self._door, self._diary, self._draw = door, diary, draw
        self._known: MasksView | None = None

    def keys(self, study: bytes, round_id: bytes) -> ask.PublishKeys:
        """The member's keys for a round, its secrets drawn and kept if they were not."""
        drawn = self._diary.secrets(study, round_id)
        if drawn is None:
            drawn = self._diary.keep_secrets(study, round_id, self._draw(DRAWN_BYTES))
        told = publish(round_id, self._door.member, Secrets.of(drawn))
        return ask.PublishKeys(study, round_id, told.masking, told.sealing, told.seed)

    def shares(self, this: Round) -> ask.DealShares:
        """The member's shares for its neighbours; raises LeftOut."""
        own = self._secrets(this)
        sealing = {one.member: one.keys.sealing for one in self._view(this).keys}
        dealt = deal(this.id, self._door.member, own, sealing, self._shared(this).neighbours)
        entries = tuple(SealedShares(one.seed, one.key, one.sealed) for one in dealt)
        return ask.DealShares(this.study, this.id, this.graph or b"", entries)

    def complaint(self, this: Round, now: int) -> ask.Complain | None:
        """The next complaint to make at block time `now`: of a dealer whose shares do not open as committed.

        None where all open, or were shown by their dealers since. Of all that do not open it complains before
        it waits for one. Raises LeftOut while a dealer is waited for, and once it is too late to complain.
        """
        sealed = [held for held, bundle in self._bundles(this) if bundle is None]
        if not sealed:
            return None
        fresh = next((held.dealer for held in sealed if held.complaint is None), None)
        if fresh is not None and now < law.complaints_end(this):
            return ask.Complain(this.study, this.id, fresh)
        why = "it is asked to show them" if fresh is None else "too late to complain"
        raise LeftOut(f"the shares that {fresh or sealed[0].dealer} dealt do not open: {why}")

    def answers(self, this: Round, final: int) -> tuple[ask.Answer, ...]:
        """The shares that were dealt to holders who complain of them, for everybody to see.

        Whoever complains without a cause has seen them already, so they tell nobody more than that holder
        could tell. A complaint counts once its block is final, at height `final` at most: shares shown in one
        history cannot be taken back in another. Raises LeftOut.
        """
        own, shared = self._secrets(this), self._shared(this)
        given = bundles(this.id, self._door.member, own, this.keyed, shared.neighbours)
        plain = {
            name: PlainShares(one.seed_share, one.key_share, one.seed_salt, one.key_salt)
            for name, one in given.items()
        }
        due = [one.holder for one in shared.complaints if one.height <= final]
        return tuple(ask.Answer(this.study, this.id, name, plain[name]) for name in due)

    def masked(self, stage: Stage, this: Round, blob: bytes) -> bytes:
        """An update's blob under the round's masks; raises LeftOut."""
        own, view, member = self._secrets(this), self._view(this), self._door.member
        public = {one.member: one.keys.masking for one in view.keys}
        near = partners(member, this.keyed, law.rows(this), this.dealers)
        streams = pair_streams(this.id, member, own.masking, {name: public[name] for name in near})
        ring_bits = stage.quantisation.ring_bits
        vector = np.frombuffer(bytearray(blob), dtype=f"<i{ring_bits // 8}")
        covered = masked(vector, ring_bits, own_stream(this.id, member, own.seed), streams, in_place=True)
        return pack(covered, ring_bits=ring_bits)

    def repeats(self, this: Round) -> bytes | None:
        """The try whose very update is to be sent again, or None."""
        return self._view(this).repeats

    def reveal(self, this: Round) -> ask.Reveal:
        """One kind of share of each dealer, for this cohort alone; raises LeftOut, TwoViews."""
        if self._diary.keep_cohort(this.study, this.id, this.cohort) != this.cohort:
            raise TwoViews(
                f"round {this.index + 1}: another cohort than the one for which shares were revealed"
            )
        shown = []
        for held, bundle in self._bundles(this):
            if bundle is None:
                continue
            if held.dealer in this.cohort:
                shown.append(Share(held.dealer, bundle.seed_share, bundle.seed_salt))
            else:
                shown.append(Share(held.dealer, bundle.key_share, bundle.key_salt))
        if not shown:
            raise LeftOut(f"no share of round {this.index + 1} opens")
        return ask.Reveal(this.study, this.id, tuple(shown))

    def view(self, this: Round) -> MasksView | None:
        """The keys and revealed secrets of a masked round; None for an open one."""
        return self._view(this) if this.keyed else None

    def _secrets(self, this: Round) -> Secrets:
        drawn = self._diary.secrets(this.study, this.id)
        if drawn is None or self._door.member not in this.keyed:
            raise LeftOut(f"this worker has no part in try {this.attempt + 1} of round {this.index + 1}")
        own = Secrets.of(drawn)
        keys = next(one.keys for one in self._view(this).keys if one.member == self._door.member)
        told = publish(this.id, self._door.member, own)
        if (keys.masking, keys.sealing, keys.seed) != (told.masking, told.sealing, told.seed):
            where = f"try {this.attempt + 1} of round {this.index + 1}"
            raise LeftOut(f"the keys of {where} were published by another worker of this member")
        graph = this.graph or b""
        if self._diary.keep_graph(this.study, this.id, graph) != graph:
            raise TwoViews(f"round {this.index + 1}: other keys than those among which shares were dealt")
        return own

    def _bundles(self, this: Round) -> list[tuple[Held, Bundle | None]]:
        """What each dealer dealt to the member: opened, or as shown when it complained, or None."""
        own, view, member = self._secrets(this), self._view(this), self._door.member
        dealt = [held for held in self._shared(this).held if held.dealer in this.dealers]
        return [(held, _answered(held) or _opened(this, own, view, held, member)) for held in dealt]

    def _view(self, this: Round) -> MasksView:
        """The round's masks: they stand as long as the round is at one step."""
        if self._known is None or self._known.round != this:
            self._known = self._door.query("training.masks", _which(this), MasksView)
        return self._known

    def _shared(self, this: Round) -> SharesView:
        asked = BySharing(_which(this), self._door.member)
        return self._door.query("training.shares", asked, SharesView)


def check_length(stage: Stage, blob: bytes) -> None:
    """Raise RingError when a masked update has not the stage's length: all that can be seen of it."""
    unpack(blob, ring_bits=stage.quantisation.ring_bits, length=stage.length)


@dataclass(frozen=True, slots=True)
class Given:
    """What a member gave to a round: its records, and how its update's blob is read.

    It is read where it is added, one at a time: vectors may be large, and the members many.
    """

    member: str
    records: int
    read: Callable[[], bytes]


def summed(this: Round) -> list[tuple[str, ...]]:
    """The members of each sum of a masked round's cohort, in order: one sum, or one of each group."""
    found = [tuple(name for name in each if name in this.cohort) for each in law.sums(this)]
    return [each for each in found if each]


def lifted(stage: Stage, given: Sequence[Given], view: MasksView) -> list[NDArray[Any]]:
    """The sums of a cohort's vectors (`summed`), from its masked blobs and what the members revealed.

    Raises RingError for a blob of another length, Malformed when the secrets are not those of the round.
    """
    this, ring_bits = view.round, stage.quantisation.ring_bits
    known = {one.member: one.secret for one in view.secrets}
    if tuple(known) != law.concerned(this) or tuple(one.member for one in given) != this.cohort:
        raise Malformed(f"the secrets of round {this.index + 1} are not all revealed")
    public = {one.member: one.keys.masking for one in view.keys}
    blobs = {one.member: one.read for one in given}
    graph, found = law.rows(this), []
    for members in summed(this):
        owns = [own_stream(this.id, name, known[name].value) for name in members]
        left = list[Stream]()
        near = {peer for name in members for peer in partners(name, this.keyed, graph, this.dealers)}
        for name in sorted(near - set(this.cohort)):
            ends = partners(name, this.keyed, graph, members)
            left += dangling(this.id, name, known[name].value, {peer: public[peer] for peer in ends})
        total = add_up((blobs[name]() for name in members), ring_bits, stage.length)
        found.append(unmasked(total, ring_bits, owns, left, in_place=True))
    return found


def _opened(this: Round, own: Secrets, view: MasksView, held: Held, member: str) -> Bundle | None:
    public = next(one.keys.sealing for one in view.keys if one.member == held.dealer)
    dealt = Dealt(member, held.shares.seed, held.shares.key, held.shares.sealed)
    try:
        return open_share(this.id, member, own.sealing, dealt, dealer=held.dealer, public=public)
    except Malformed:
        return None


def _answered(held: Held) -> Bundle | None:
    """The shares that a dealer showed to everybody; the ledger found them to be as committed."""
    shown = None if held.complaint is None else held.complaint.answer
    if shown is None:
        return None
    return Bundle(shown.seed_share, shown.key_share, shown.seed_salt, shown.key_salt)


def _which(this: Round) -> queries.ByRound:
    return queries.ByRound(this.study, this.index, this.attempt)
