"""An auditor of identity: a slow model in other words predicts every answer of random runs."""

import random

from consortia.kernel.block import OK
from consortia.modules.identity.messages import Accept, ApproveMember, ApproveRemoval, Leave, Withdraw
from consortia.testing.machine import HOUR, Bench, Party
from consortia.testing.scenarios.identity_parts import joining, removal

NEWCOMERS = ("harbour", "valley", "island")


class Model:
    """Who is in, who was, and who said yes to what; nothing of keys, tables or checkpoints."""

    def __init__(self, names):
        self.now, self.past, self.joins, self.removals = set(names), set(), {}, {}

    def enough(self, approvals, having_say):
        return 3 * len(approvals & having_say) > 2 * len(having_say)

    def out(self, name):
        self.now.remove(name)
        self.past.add(name)
        self.removals.pop(name, None)

    def propose(self, by, name):
        if name in self.now | self.past:
            return "identity.name_taken"
        if name in self.joins:
            return "identity.proposal_open"
        self.joins[name] = {by}
        return OK

    def approve(self, by, name):
        if name not in self.joins:
            return "identity.no_proposal"
        if by in self.joins[name]:
            return "identity.already_approved"
        self.joins[name].add(by)
        return OK

    def accept(self, name):
        if name not in self.joins:
            return None
        if not self.enough(self.joins[name], self.now):
            return "identity.not_approved"
        del self.joins[name]
        self.now.add(name)
        return OK

    def remove(self, by, name):
        if name not in self.now:
            return "identity.not_a_member"
        if len(self.now) == 1:
            return "identity.last_member"
        if name == by:
            return "identity.own_case"
        if name in self.removals:
            return "identity.proposal_open"
        self.removals[name] = {by}
        self.settle(name)
        return OK

    def approve_removal(self, by, name):
        if by == name:
            return "identity.own_case"
        if name not in self.removals:
            return "identity.no_proposal"
        if by in self.removals[name]:
            return "identity.already_approved"
        self.removals[name].add(by)
        self.settle(name)
        return OK

    def settle(self, name):
        if self.enough(self.removals[name], self.now - {name}):
            self.out(name)

    def leave(self, by):
        if len(self.now) == 1:
            return "identity.last_member"
        self.out(by)
        return OK


def act(bench, model, rng):
    """One random move: what the machine answered, and what the model expects."""
    by = rng.choice(sorted(model.now))
    move = rng.choice(
        ["propose", "approve", "approve", "accept", "remove", "say", "say", "leave", "withdraw"]
    )
    name = (
        rng.choice(NEWCOMERS)
        if move in {"propose", "approve", "accept"}
        else rng.choice(sorted(bench.parties))
    )
    if move == "propose":
        bench.parties.setdefault(name, Party.named(name))
        return bench.run(by, "admin", joining(bench, name, bench.parties[name])), model.propose(by, name)
    if move == "approve":
        return bench.run(by, "admin", ApproveMember(name)), model.approve(by, name)
    if move == "accept":
        if name not in model.joins:
            return None, None
        return bench.run(name, "admin", Accept(name, bench.covering())), model.accept(name)
    if move == "remove":
        return bench.run(by, "admin", removal(bench, name, bench.covering())), model.remove(by, name)
    if move == "say":
        message = ApproveRemoval(name, bench.covering())
        return bench.run(by, "admin", message), model.approve_removal(by, name)
    if move == "leave" and rng.random() < 0.3:
        return bench.run(by, "admin", Leave(bench.covering())), model.leave(by)
    if move == "withdraw" and name in model.joins:
        expected = OK if bench.query("identity.proposals").proposals else "identity.no_proposal"
        proposer = next(
            view.proposal.proposer
            for view in bench.query("identity.proposals").proposals
            if view.name == name
        )
        if proposer in model.now:
            model.joins.pop(name)
            return bench.run(proposer, "admin", Withdraw("admission", name)), expected
    return None, None


def test_random_runs_answer_as_the_model_says(programme):
    moves = 0
    for seed in range(programme(quick=3, test=25, nightly=2_000)):
        rng = random.Random(seed)
        bench = Bench(rng.randint(1, 6))
        model = Model(bench.parties)
        for _ in range(40):
            bench.time += rng.randint(0, HOUR // 60)
            receipt, expected = act(bench, model, rng)
            if receipt is not None:
                assert receipt.code == expected, f"seed {seed}"
                moves += 1
            assert sorted(model.now) == list(bench.app.keys.members(bench.context())), f"seed {seed}"
    assert moves > 40
