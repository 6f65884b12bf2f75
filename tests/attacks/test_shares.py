"""Shares that are false, of the wrong kind, or of another secret than the dealer fixed."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from consortia.engines.mask import Secrets
from consortia.exact.shamir import PRIME, recover
from consortia.modules.training import masked, masks
from consortia.modules.training.types import Secret, Share
from consortia.testing.studies import MEMBERS
from consortia.workers.masks import _opened
from consortia.workers.terms import MASKED
from consortia.workers.worker import Worker
from tests.attacks.removed import without
from tests.workers.four import Consortium


def study(tmp_path, **kinds) -> Consortium:
    return Consortium(tmp_path, kinds=kinds, rounds=1, summing=MASKED).join().start()


# ------------------------------------------------------------------ a share that was not dealt


class Misstating(Worker):
    """Reveals of north a share that north never dealt."""

    def reveal(self, task, view, seen):
        shown = self.masks.reveal(seen.round)
        false = tuple(
            self.told(each, seen.round) if each.dealer == "north" else each for each in shown.shares
        )
        self._do(task, changed(shown, shares=false))
        return True

    def told(self, share, this):
        false = (int.from_bytes(share.share, "big") + 1) % PRIME
        return changed(share, share=false.to_bytes(len(share.share), "big"))


class Crossing(Misstating):
    """Reveals of north the share of its masking key, where that of its seed is due."""

    def told(self, share, this):
        own, view = self.masks._secrets(this), self.masks._view(this)
        held = next(one for one in self.masks._shared(this).held if one.dealer == "north")
        bundle = _opened(this, own, view, held, self.door.member)
        return Share("north", bundle.key_share, bundle.key_salt)


@pytest.mark.parametrize("kind", [Misstating, Crossing])
def test_without_the_hashes_of_shares_a_liar_has_an_honest_dealer_thrown_out(tmp_path, kind):
    with without(masked.reveal, "NOT_AS_DEALT"):
        four = study(tmp_path, east=kind)
        four.net.drive(four.workers, lambda: len(four.rounds()) == 2)
    first, second = four.rounds()
    assert (first.status, first.missing) == ("aborted", ("north",))
    assert "north" not in second.members


@pytest.mark.parametrize("kind", [Misstating, Crossing])
def test_a_share_that_was_not_dealt_or_is_of_the_other_kind_is_refused(tmp_path, kind):
    four = study(tmp_path, east=kind).finish()
    assert four.model() == four.expected(*MEMBERS)
    assert {report.detail for report in four.net.said("east", "refused")} == {"training.not_as_dealt"}


# ------------------------------------------------------------------ shares of another secret


class Inconsistent(Worker):
    """Deals shares that are as committed, of another seed or key than those it published."""

    what = "seed"

    def deal(self, task, view, seen):
        own = self.masks._secrets(seen.round)
        self.masks._secrets = lambda this: self.false(own)
        try:
            return super().deal(task, view, seen)
        finally:
            del self.masks._secrets

    def false(self, own: Secrets) -> Secrets:
        return replace(own, seed=own.dealing[::-1])


def believing(this, dealer, keys, shares):
    """`masks._secret` without the check that the recovered secret is the one that was fixed."""
    return Secret(masks.kind_due(this, dealer), recover(shares, masks.threshold(this, dealer)))


def test_without_the_hash_of_the_seed_a_false_dealer_spoils_every_sum_unnamed(tmp_path, monkeypatch):
    monkeypatch.setattr(masks, "_secret", believing)
    four = study(tmp_path, west=Inconsistent).finish()
    assert four.progress.status == "aborted"
    assert four.progress.reason.endswith("of 4 members one sent nonsense")
    assert {this.missing for this in four.rounds()} == {()}


def test_shares_of_another_seed_than_was_fixed_name_their_dealer_and_go_on_without_it(tmp_path):
    four = study(tmp_path, west=Inconsistent).finish()
    first, *later = four.rounds()
    assert (first.status, first.missing) == ("aborted", ("west",))
    assert later[0].members == ("east", "north", "south")
    assert four.progress.status == "finished"


class Vanishing(Inconsistent):
    """Deals shares of another masking key, and sends no update, so that the key is needed."""

    def false(self, own: Secrets) -> Secrets:
        return replace(own, masking=own.dealing[::-1])

    def submit(self, task, view, seen):
        return False


def test_without_its_published_key_a_false_dealer_that_drops_out_spoils_the_sum(tmp_path, monkeypatch):
    monkeypatch.setattr(masks, "_secret", believing)
    four = study(tmp_path, west=Vanishing)
    four.net.drive(four.workers, lambda: len(four.rounds()) == 2)
    first = four.rounds()[0]
    assert first.cohort == ("east", "north", "south")
    assert (first.status, first.missing) == ("aborted", ())


def test_shares_of_another_key_than_was_published_name_their_dealer(tmp_path):
    four = study(tmp_path, west=Vanishing)
    four.net.drive(four.workers, lambda: len(four.rounds()) == 2)
    first, second = four.rounds()
    assert (first.status, first.missing) == ("aborted", ("west",))
    assert "west" not in second.members
