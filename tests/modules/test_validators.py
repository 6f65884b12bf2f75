"""Who votes where a consensus engine orders: keys, powers, and what a convicted key brings about."""

import pytest

from consortia.base.times import HOUR
from consortia.kernel.block import OK
from consortia.kernel.machine import InvalidBlock
from consortia.kernel.ports import Validator
from consortia.modules import identity
from consortia.modules.identity.messages import (
    ApprovePower,
    ApproveRemoval,
    Leave,
    ProposePower,
    ProposeRemoval,
    Recover,
    Withdraw,
)
from consortia.modules.identity.state import MEMBERS, OFFENCES, PROPOSALS
from consortia.modules.identity.types import PROPOSAL_MILLISECONDS_MAX
from consortia.testing.machine import CONSENSUS, ROLES, Bench, Party
from consortia.testing.scenarios.identity_parts import removal, seated, voter

KEEPER = identity.Keeper()
VOTES_TWICE = "duplicate_vote"


def voting(bench):
    return [(one.member, one.power) for one in KEEPER.validators(bench.context())]


def seat(bench, *names):
    keys = {}
    for name in names:
        message, keys[name] = seated(bench, name)
        bench.ok(name, "admin", message)
    return keys


def accused(bench, key, height=7):
    """A context over the bench's state in which the driver has handed over the evidence."""
    ctx = bench.context()
    KEEPER.accuse(ctx, key.public, height, VOTES_TWICE)
    return ctx


def test_a_network_whose_one_node_orders_needs_no_consensus_keys():
    assert voting(Bench(4)) == []


def test_members_vote_from_the_block_in_which_they_name_a_key():
    bench = Bench(4)
    keys = seat(bench, "west", "east")
    assert KEEPER.validators(bench.context()) == (
        Validator("east", keys["east"].public, 1),
        Validator("west", keys["west"].public, 1),
    )


def test_naming_a_consensus_key_changes_no_member_set():
    bench = Bench(4)
    before = KEEPER.member_set(bench.context()).hash()
    seat(bench, "north", "east")
    assert KEEPER.member_set(bench.context()).hash() == before
    assert KEEPER.set_changes(bench.context()) == ()


def test_a_founder_with_a_consensus_key_votes_from_the_genesis(monkeypatch):
    monkeypatch.setattr(Party, "named", classmethod(with_consensus(Party.named.__func__)))
    bench = Bench(2)
    assert voting(bench) == [("east", 1), ("north", 1)]


def with_consensus(named):
    def voter_named(cls, name, generation=0, roles=(*ROLES, CONSENSUS)):
        return named(cls, name, generation, roles)

    return voter_named


def test_a_rotated_key_votes_alone_and_the_old_one_is_remembered():
    bench = Bench(2)
    old = seat(bench, "north", "east")["north"]
    message, new = seated(bench, "north", "next")
    bench.ok("north", "admin", message)
    assert [one.public for one in KEEPER.validators(bench.context()) if one.member == "north"] == [new.public]
    known = {one.public: one.power for one in KEEPER.consensus_keys(bench.context())}
    assert (known[old.public], known[new.public]) == (0, 1)


def test_a_power_is_decided_by_more_than_two_thirds_and_waits_for_a_key():
    bench = Bench(4)
    bench.ok("north", "admin", ProposePower("east", 5, bench.time + HOUR))
    bench.ok("south", "admin", ApprovePower("east", bench.proposal("power", "east")))
    assert PROPOSALS.has(bench.context(), "power", "east")
    bench.ok("east", "admin", ApprovePower("east", bench.proposal("power", "east")))
    assert voting(bench) == []
    seat(bench, "east", "west")
    assert voting(bench) == [("east", 5), ("west", 1)]


def test_a_power_of_zero_takes_a_member_out_of_consensus_and_not_out_of_the_network():
    bench = Bench(2)
    seat(bench, "north", "east")
    bench.ok("north", "admin", ProposePower("east", 0, bench.time + HOUR))
    bench.ok("east", "admin", ApprovePower("east", bench.proposal("power", "east")))
    assert voting(bench) == [("north", 1)]
    assert KEEPER.is_member(bench.context(), "east")


def test_who_leaves_votes_no_more_and_its_question_ends():
    bench = Bench(4)
    seat(bench, "north", "east")
    bench.ok("north", "admin", ProposePower("east", 9, bench.time + HOUR))
    bench.ok("east", "admin", Leave(None))
    assert voting(bench) == [("north", 1)]
    assert not PROPOSALS.has(bench.context(), "power", "east")


def test_a_recovery_brings_its_own_consensus_key_or_none():
    bench = Bench(2)
    seat(bench, "north", "east")
    party = Party.named("north", generation=1)
    bench.ok("north", "recovery", Recover(party.new_keys(bench.network), None))
    assert voting(bench) == [("east", 1)]
    assert bench.query("identity.validators").seats[1].consensus is None


def test_a_joiner_votes_once_it_accepts():
    bench = Bench(2)
    seat(bench, "north")
    bench.admit_member("harbour", roles=(*ROLES, CONSENSUS))
    assert voting(bench) == [("harbour", 1), ("north", 1)]


def test_the_members_and_their_powers_are_shown():
    bench = Bench(2)
    keys = seat(bench, "east")
    shown = bench.query("identity.validators")
    assert [(one.member, one.consensus, one.power) for one in shown.seats] == [
        ("east", keys["east"].key_id, 1),
        ("north", None, 1),
    ]
    assert (shown.voting, shown.offences) == (1, ())


def test_a_convicted_member_is_marked_and_its_removal_proposed_by_nobody():
    bench = Bench(4)
    key = seat(bench, "west", "east")["west"]
    ctx = accused(bench, key)
    asked = PROPOSALS.get(ctx, "removal", "west")
    assert (asked.proposer, asked.approvals) == (None, ())
    assert asked.expires == bench.time + PROPOSAL_MILLISECONDS_MAX
    assert OFFENCES.get(ctx, "west", key.key_id, 7).misdeed == VOTES_TWICE
    assert [(one.member, one.power) for one in KEEPER.validators(ctx)] == [("east", 1), ("west", 1)]


def test_the_same_evidence_twice_is_one_offence():
    bench = Bench(4)
    key = seat(bench, "west", "east")["west"]
    ctx = accused(bench, key)
    PROPOSALS.delete(ctx, "removal", "west")
    KEEPER.accuse(ctx, key.public, 7, VOTES_TWICE)
    assert not PROPOSALS.has(ctx, "removal", "west")
    assert sum(1 for _ in OFFENCES.scan(ctx)) == 1


def test_a_key_that_votes_no_more_is_still_answered_for():
    bench = Bench(4)
    key = seat(bench, "west", "east")["west"]
    bench.ok("west", "admin", seated(bench, "west", "next")[0])
    assert OFFENCES.has(accused(bench, key), "west", key.key_id, 7)


@pytest.mark.parametrize("word", ["stranger", "node"])
def test_a_key_that_nobody_votes_with_is_ignored(word):
    bench = Bench(4)
    seat(bench, "west")
    key = bench.key("west", "node") if word == "node" else Party.named("nobody").keys["node"]
    ctx = accused(bench, key)
    assert not list(OFFENCES.scan(ctx))


def test_a_removal_that_stands_is_left_as_it_is():
    bench = Bench(4)
    key = seat(bench, "west", "east")["west"]
    bench.ok("north", "admin", removal(bench, "west"))
    assert PROPOSALS.get(accused(bench, key), "removal", "west").proposer == "north"


def test_an_expired_removal_gives_way():
    bench = Bench(4)
    key = seat(bench, "west", "east")["west"]
    bench.ok("north", "admin", removal(bench, "west"))
    bench.time += 2 * HOUR
    assert PROPOSALS.get(accused(bench, key), "removal", "west").proposer is None


def test_who_has_left_is_marked_only():
    bench = Bench(4)
    key = seat(bench, "west", "east")["west"]
    bench.ok("west", "admin", Leave(None))
    ctx = accused(bench, key)
    assert OFFENCES.has(ctx, "west", key.key_id, 7)
    assert not PROPOSALS.has(ctx, "removal", "west")


def test_nobody_proposes_to_remove_the_only_member():
    bench = Bench(1)
    key = seat(bench, "north")["north"]
    assert not PROPOSALS.has(accused(bench, key), "removal", "north")


def test_the_others_decide_about_the_convicted_and_nobody_takes_the_question_back():
    bench = Bench(4)
    key = seat(bench, "west", "east")["west"]
    ctx = accused(bench, key)
    bench.state.update(ctx.state.changes())
    assert bench.run("west", "admin", Withdraw("removal", "west")).code == "identity.not_proposer"
    again = ProposeRemoval("west", bench.time + HOUR, None)
    assert bench.run("north", "admin", again).code == "identity.proposal_open"
    for name in ("north", "east", "south"):
        bench.ok(name, "admin", ApproveRemoval("west", bench.proposal("removal", "west"), None))
    assert MEMBERS.get(bench.context(), "west").left is not None
    assert voting(bench) == [("east", 1)]
    assert bench.query("identity.validators").offences[0].member == "west"


def test_a_consensus_key_signs_no_transaction():
    bench = Bench(2)
    key = seat(bench, "north", "east")["north"]
    raw = bench.sign_with(key, Leave(None))
    with pytest.raises(InvalidBlock):
        bench.block(raw)
    assert bench.admission_code(raw) != OK


def test_a_voter_has_every_role():
    assert {spec.roles for spec in voter("harbour").specs} == {(role,) for role in (*ROLES, CONSENSUS)}
