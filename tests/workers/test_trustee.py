"""A trustee does its duty by itself, once, under final checkpoints, and forgets its secrets at the end."""

import pytest

from consortia.modules.ballots import messages as ask
from consortia.testing.local import LocalDoor, LocalNet
from consortia.testing.machine import Bench
from consortia.testing.voting import TRUSTEES, Held
from consortia.workers.trustee import Trustee


class Board:
    """An election on a bench, and a trustee's worker for each of its trustees."""

    def __init__(self, tmp_path, members=5, kinds=()):
        self.net = LocalNet(Bench(members))
        self.bench = self.net.bench
        kinds = dict(kinds)
        self.trustees = {
            name: kinds.get(name, Trustee)(
                LocalDoor(self.net, name),
                self.bench.network,
                tmp_path / name,
                tell=self.net.teller(name),
                draw=lambda count, name=name: name.encode().ljust(count, b"."),
            )
            for name in TRUSTEES
        }
        self.held = Held.opened(self.bench)

    def turn(self):
        for trustee in self.trustees.values():
            trustee.work()

    def go_to(self, status):
        """Let the trustees work until the election stands so."""
        for _ in range(400):
            self.turn()
            if self.held.progress.status == status:
                return
            self.bench.time += 1_000
        raise AssertionError(self.held.view)

    def said(self, kind):
        return sorted((name, report.detail) for name, report in self.net.reports if report.kind == kind)


def test_trustees_hold_an_election_by_themselves(tmp_path):
    board = Board(tmp_path)
    board.go_to("voting")
    assert board.held.progress.key.qualified == TRUSTEES
    board.held.vote(0, 0, 1, 2, 0)
    board.go_to("decided")
    assert board.held.progress.counts == (3, 1, 1)
    for _ in range(200):
        board.turn()
        board.bench.time += 1_000
    assert board.held.view.step == "over"
    assert board.held.progress.absent == ()
    assert not any(path.is_file() for name in TRUSTEES for path in (tmp_path / name).rglob("*"))
    assert len(board.said("decrypted")) == 4
    assert board.said("refused") == []


def test_a_trustee_that_starts_again_at_any_moment_says_the_same(tmp_path):
    board = Board(tmp_path)
    for _ in range(300):
        for name, trustee in board.trustees.items():
            fresh = Trustee(
                trustee.door, trustee.network, trustee.folder, tell=trustee.tell, draw=trustee._draw
            )
            board.trustees[name] = fresh
            fresh.work()
        if board.held.progress.status == "voting":
            break
        board.bench.time += 1_000
    board.held.vote(1, 1, 1, 1, 0)
    board.go_to("decided")
    assert board.held.progress.counts == (1, 4, 0)


class Liar(Trustee):
    """Deals the first holder a share that does not fit."""

    def _send(self, message):
        if isinstance(message, ask.OpenKey):
            shares = (message.shares[1], *message.shares[1:])
            message = ask.OpenKey(message.election, message.coefficients, shares)
        super()._send(message)


def test_a_holder_complains_about_a_share_that_does_not_fit_and_the_dealer_is_out(tmp_path):
    board = Board(tmp_path, kinds={"south": Liar})
    board.go_to("voting")
    assert board.held.progress.key.qualified == ("east", "harbour", "north")
    assert board.said("complained") == [("east", "about the share of south")]
    board.held.vote(0, 0, 0, 0, 0)
    board.go_to("decided")
    assert board.held.progress.counts == (5, 0, 0)


def test_a_trustee_waits_for_finality_at_every_step(tmp_path):
    board = Board(tmp_path)
    times = board.held.election.times
    board.net.lag = 1_000  # nothing is final here
    for _ in range(20):
        board.turn()
    assert board.held.committed == ()
    board.net.lag = 0
    board.turn()
    assert board.held.committed == TRUSTEES
    board.bench.time = times.commit
    board.net.lag = 1
    board.turn()
    assert board.said("dealt") == []
    board.net.lag = 0
    board.turn()
    assert len(board.said("dealt")) == 4


def test_a_trustee_decrypts_nothing_before_the_close_is_final(tmp_path):
    board = Board(tmp_path)
    board.go_to("voting")
    board.held.vote(0, 0, 1, 2, 0)
    board.net.lag = 1
    board.held.close()
    for _ in range(10):
        board.turn()
    assert board.said("decrypted") == []
    board.net.lag = 0
    board.go_to("decided")


def test_a_trustee_that_decided_on_a_sum_decrypts_no_other(tmp_path):
    board = Board(tmp_path)
    board.go_to("voting")
    board.held.vote(0, 0, 1, 2, 0)
    for name in TRUSTEES:
        (tmp_path / name / board.held.id.hex() / "sum").write_bytes(bytes(32))
    board.held.close()
    for _ in range(5):
        board.turn()
    assert board.said("decrypted") == []
    assert board.said("stopped") == [
        (name, "the close names another sum than the one decided on") for name in sorted(TRUSTEES)
    ]


def test_a_trustee_that_lost_its_secrets_says_so_and_the_others_go_on(tmp_path):
    board = Board(tmp_path)
    board.go_to("voting")
    (tmp_path / "east" / board.held.id.hex() / "seed").unlink()
    board.held.vote(0, 0, 1, 2, 0)
    board.go_to("decided")
    board.turn()
    assert [name for name, _ in board.said("waits")] == ["east"]
    for _ in range(200):
        board.turn()
        board.bench.time += 1_000
    assert board.held.progress.absent == ("east",)


def test_the_secrets_stay_while_the_end_is_not_final(tmp_path):
    board = Board(tmp_path)
    board.go_to("voting")
    board.held.vote(0, 0, 1)
    board.net.lag = 1
    board.bench.time = board.held.election.times.vote
    board.bench.ok("west", "node", ask.CloseVoting(board.held.id))
    board.turn()
    assert (tmp_path / "east" / board.held.id.hex() / "seed").is_file()
    board.net.lag = 0
    board.turn()
    assert not (tmp_path / "east" / board.held.id.hex()).exists()


def test_a_trustee_whose_node_is_away_tries_again(tmp_path):
    board = Board(tmp_path)
    original = board.trustees["east"].door.submit
    board.trustees["east"].door.submit = lambda *messages: board.trustees["east"].door.query(
        "ballots.nothing", *messages, ask.Cast
    )
    with pytest.raises(LookupError):
        board.trustees["east"].work()
    board.trustees["east"].door.submit = lambda *messages: "ballots.too_early"
    assert board.trustees["east"].work() is False
    assert board.said("refused") == [("east", "ballots.too_early")]
    board.trustees["east"].door.submit = original
    assert board.trustees["east"].work() is False  # it rests
    board.bench.time += 1_000
    assert board.trustees["east"].work() is True
