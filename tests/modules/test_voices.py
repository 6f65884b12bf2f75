"""A vote that is turned late, by a voice taken back or by the end of an agent's mandate."""

import pytest

from consortia.kernel.block import OK
from consortia.modules.governance import messages as asked
from consortia.modules.identity.mandate_messages import EndMandate
from consortia.testing.machine import Bench
from consortia.testing.scenarios.governance_agents import act, delegate
from consortia.testing.scenarios.governance_parts import (
    BOUNDS,
    EXTEND,
    GENESIS,
    executed,
    opened,
    vote,
    voted,
)


def status(network, proposal):
    return network.query("governance.proposal", proposal=proposal.id).progress


@pytest.mark.parametrize("last", [asked.EndDelegation("routine"), asked.Delegate("routine", "east")])
def test_a_voice_that_is_taken_back_late_and_turns_a_vote_gives_more_time_once(last):
    network = Bench(4, genesis=GENESIS)
    executed(network, "charter", BOUNDS)
    network.ok("south", "admin", asked.Delegate("routine", "north"))
    proposal = opened(network, "routine", asked.SetParameter("tariff", 50))
    closes = status(network, proposal).closes
    voted(network, proposal, "north", choice="no")
    voted(network, proposal, "east", "west")
    network.time = closes - 1
    network.ok("south", "admin", last)
    assert status(network, proposal).closes == closes + EXTEND
    network.time = closes + EXTEND - 1
    voted(network, proposal, "south", choice="no")
    assert status(network, proposal).closes == closes + EXTEND


def test_a_voice_that_is_taken_back_late_and_turns_nothing_gives_no_time():
    network = Bench(4, genesis=GENESIS)
    network.ok("south", "admin", asked.Delegate("charter", "east"))
    proposal = opened(network)
    closes = status(network, proposal).closes
    voted(network, proposal, "east")
    network.time = closes - 1
    network.ok("south", "admin", asked.EndDelegation("charter"))
    assert status(network, proposal).closes == closes


def test_a_mandate_that_ends_late_takes_its_vote_along_and_gives_no_time():
    network = Bench(4, genesis=GENESIS)
    executed(network, "charter", BOUNDS)
    ended = delegate(network, "south")
    proposal = opened(network, "routine", asked.SetParameter("tariff", 50))
    closes = status(network, proposal).closes
    voted(network, proposal, "north", choice="no")
    voted(network, proposal, "east", "west")
    assert act(network, "south", vote(proposal, "south", "no")) == OK
    network.time = closes - 1
    network.ok("south", "operator", EndMandate(ended))
    assert status(network, proposal).closes == closes
    assert network.query("governance.tally", proposal=proposal.id).tally.agents == 0
