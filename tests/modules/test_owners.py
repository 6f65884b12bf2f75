"""Nobody is outvoted about its own data: a privacy limit is raised with the owner's own yes, or not."""

from consortia.kernel.block import OK
from consortia.modules.governance import messages as asked
from consortia.modules.governance.rules import charter_fits
from consortia.modules.training.messages import LimitBudget, RaiseBudget
from consortia.testing.scenarios.governance_parts import LOCK, MEMBERS, later, opened, voted, with_class
from consortia.testing.studies import dataset
from tests.modules.test_governance import bench, closed, run


def raised(network, *voters, **no):
    data = dataset(network, "east")
    network.ok("east", "analyst", LimitBudget(data, 1_000))
    proposal = opened(network, "budget", RaiseBudget(data, 2_000))
    voted(network, proposal, *voters)
    for name, choice in no.items():
        voted(network, proposal, name, choice=choice)
    return data, closed(network, proposal).status


def test_all_others_do_not_raise_a_limit_without_its_owner():
    for silent in ({}, {"east": "no"}, {"east": "abstain"}):
        assert raised(bench(), "north", "south", "west", **silent)[1] == "rejected"


def test_the_owner_and_two_thirds_raise_it_and_what_is_spent_stays():
    network = bench()
    data, ended = raised(network, "north", "east", "south")
    assert ended == "passed"
    (proposal,) = network.query("governance.proposals", status="passed", after=None, limit=9).proposals
    later(network, LOCK)
    assert run(network, network.query("governance.proposal", proposal=proposal.id).proposal).code == OK
    (population,) = network.query("training.budget", dataset=data).populations
    assert (population.budget.limit, population.budget.spent) == (2_000, 0)


def test_the_owner_alone_does_not_raise_it():
    assert raised(bench(), "east")[1] == "rejected"
    direct = bench()
    data = dataset(direct, "east")
    raw = direct.sign("east", "admin", RaiseBudget(data, 2_000))
    assert direct.admission_code(raw) == "kernel.wrong_role"


def test_whom_an_owner_lets_vote_for_it_does_not_say_its_yes():
    network = bench()
    network.ok("east", "admin", asked.Delegate("budget", "north"))
    assert raised(network, "north", "south", "west")[1] == "rejected"


def test_what_is_proposed_about_data_that_nobody_has_does_not_pass():
    network = bench()
    proposal = opened(network, "budget", RaiseBudget(bytes(32), 2_000))
    voted(network, proposal, *MEMBERS)
    assert closed(network, proposal).status == "rejected"


def test_no_charter_takes_the_owners_yes_away():
    assert not charter_fits(with_class("budget", owner=False))
    routine = ("governance.set_parameter", "governance.spend", "training.raise_budget")
    assert not charter_fits(with_class("routine", methods=routine))
