"""An orderer that shows trustees two closes: the difference of their sums would be one member's ballot."""

import pytest

from consortia.exact.decryption import Partial, counted
from consortia.exact.elgamal import Unsound, difference
from consortia.modules.ballots import messages as ask
from consortia.testing.local import LocalDoor, LocalNet
from consortia.testing.machine import Bench
from consortia.testing.voting import TRUSTEES, Held
from consortia.workers.trustee import Trustee
from tests.attacks.views import View, ViewDoor

MEMBERS = 7
CHOICE = {"yes": 0, "no": 1, "abstain": 2}


class Forked:
    """Seven voted, `west` among them; the orderer closes once with its ballot and once without it.

    `liars` cosign both views; `seeing` and `others` are shown one each.
    """

    def __init__(self, tmp_path, liars, seeing, others):
        self.path = tmp_path
        bench = Bench(MEMBERS)
        net = LocalNet(bench)
        self.held = Held.opened(bench)
        trustees = self.trustees(net, LocalDoor)
        for _ in range(400):
            for trustee in trustees.values():
                trustee.work()
            if self.held.progress.status == "voting":
                break
            bench.time += 1_000
        self.held.vote(
            *(0 if voter == "west" else 1 for voter in self.held.election.voters if voter != "west")
        )
        self.views = []
        for shown, with_west in ((seeing, True), (others, False)):
            view = View(bench, (*liars, *shown))
            held = Held(view.bench, self.held.id)
            if with_west:
                cast = ask.Cast(held.id, held.ballot("west", 0))
                view.bench.ok("west", "admin", cast)
            held.close()
            self.views.append((view, held, shown))
        self.liars = liars

    def trustees(self, net, door):
        return {
            name: Trustee(
                door(net, name),
                net.bench.network,
                self.path / name,
                draw=lambda n, k=name: k.encode().ljust(n, b"."),
            )
            for name in TRUSTEES
        }

    def work(self):
        """Let every trustee work on the view that it is shown, and the liars on both."""
        for view, _, shown in self.views:
            workers = self.trustees(view, ViewDoor)
            for name, trustee in workers.items():
                if name in shown or name in self.liars:
                    for path in (self.path / name).rglob("sum"):
                        if name in self.liars:
                            path.unlink()  # a liar decrypts whatever it is asked to
                    if name in self.liars:
                        trustee._is_final = lambda *_: True
                    trustee.work()

    def parts(self, place) -> dict[int, Partial]:
        held = self.views[place][1]
        found = held.bench.query("ballots.trustees", election=held.id).parts
        return {TRUSTEES.index(each.name) + 1: each.part.partial for each in found}

    def bared(self) -> int | None:
        """What west voted, if both sums were opened."""
        both = [held.progress.counts for _, held, _ in self.views]
        if None in both:
            return None
        (bared,) = [place for place in range(3) if both[0][place] != both[1][place]]
        return bared


def test_without_a_quorum_of_two_thirds_two_closes_bare_a_ballot(tmp_path, monkeypatch):
    """The attack works where its guard is missing: so it attacks what it says."""
    monkeypatch.setattr("consortia.kernel.checkpoint.quorum", lambda members: members // 2)
    monkeypatch.setattr(Trustee, "_decide", lambda _self, _election, name: name)
    forked = Forked(tmp_path, ("east", "south"), ("harbour", "west", "valley"), ("north", "island"))
    forked.work()
    assert forked.bared() == CHOICE["yes"]


def test_an_orderer_that_shows_trustees_two_closes_gets_nothing_decrypted(tmp_path):
    forked = Forked(tmp_path, ("east", "south"), ("harbour", "west", "valley"), ("north", "island"))
    forked.work()
    assert forked.bared() is None
    view, held, _ = forked.views[1]
    assert view.final_height() == view.forked_at < view.bench.tip.height
    assert held.progress.counts is None
    assert set(forked.parts(1)) == {TRUSTEES.index("east") + 1, TRUSTEES.index("south") + 1}  # the liars' own


def test_a_trustee_that_is_shown_both_closes_as_final_decrypts_the_first_alone(tmp_path, monkeypatch):
    """Even if a third and more of the members lied: each trustee's diary says which sum it was."""
    monkeypatch.setattr("consortia.kernel.checkpoint.quorum", lambda members: 1)
    everyone = tuple(name for name in TRUSTEES)
    forked = Forked(tmp_path, (), everyone, everyone)
    forked.work()
    assert forked.views[0][1].progress.counts == (1, 6, 0)
    assert forked.parts(1) == {}
    assert forked.bared() is None


def test_the_liars_parts_open_neither_sum_nor_their_difference(tmp_path):
    forked = Forked(tmp_path, ("east", "south"), ("harbour", "west", "valley"), ("north", "island"))
    forked.work()
    first, second = (held.progress.sums for _, held, _ in forked.views)
    west = [difference(one, other) for one, other in zip(first, second, strict=True)]
    for sums, parts in ((first, forked.parts(0)), (second, forked.parts(1)), (west, forked.parts(1))):
        with pytest.raises(Unsound):
            counted(sums, dict(list(parts.items())[:2]), MEMBERS)
