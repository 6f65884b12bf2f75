"""The members' treasury pays accounts that somebody owns, and no other."""

import pytest

from consortia.kernel.block import OK
from consortia.modules.bank.messages import Transfer
from consortia.modules.bank.types import Account
from consortia.modules.governance import messages as asked
from consortia.modules.governance.types import Payee
from consortia.testing.machine import Bench
from consortia.testing.scenarios.bank_parts import made
from consortia.testing.scenarios.governance_parts import GENESIS, propose, ready


def status(network, proposal):
    return network.query("governance.proposal", proposal=proposal.id).progress


@pytest.mark.parametrize("payee", ["", "/", "x/y/z", "\u00e9" * 80, "\U00010348" * 79, "North"])
def test_the_treasury_pays_nothing_that_is_no_account(payee):
    network = Bench(4, genesis=GENESIS)
    wanted = propose(network, "routine", asked.Spend(made(network), payee, 10))
    assert network.run("north", "admin", wanted).code == "governance.bad_action"


@pytest.mark.parametrize("payee", ["bank:vault", "nobody", "nobody/desk", "market:" + "0" * 64])
def test_the_treasury_pays_no_account_that_nobody_owns(payee):
    network = Bench(4, genesis=GENESIS)
    unit = made(network)
    network.ok("north", "operator", Transfer("north", "governance:treasury", unit, 100))
    proposal = ready(network, "routine", asked.Spend(unit, payee, 10))
    assert network.run("west", "operator", asked.Execute(proposal.id, proposal.content)).code == OK
    assert (status(network, proposal).status, status(network, proposal).code) == (
        "failed",
        "bank.unknown_account",
    )
    assert network.alarms == []


def test_a_payee_is_written_as_the_bank_writes_accounts():
    assert Payee == Account
