"""Where an agent may not decide it advises, and what it proposes are typed messages."""

import json

from consortia.app import application
from consortia.kernel.block import OK
from consortia.modules.governance.messages import SetParameter
from consortia.modules.identity.mandate_types import Pin
from consortia.modules.predictions.state import DEEDS
from consortia.sdk.builder import message
from consortia.testing.machine import Bench
from consortia.testing.scenarios.governance_parts import GENESIS, opened, release
from consortia.testing.scenarios.mandates_parts import agent, granted
from consortia.workers.agent import Agent
from consortia.workers.delegate import load_program, messages_of, read_rule
from consortia.workers.vault import Vault
from tests.workers.test_agent import VOTE, BenchDoor


def deciding(bench, folder, classes):
    """North's clerk, that votes yes on everything by a rule with words for advice too."""
    mind, about = (
        load_program("tests.workers.cautious:agree"),
        {"proposal": "$subject", "content": "$proposal.content"},
    )
    methods = ("governance.advise", "governance.cast_vote")
    bench.ok(
        "north",
        "admin",
        granted(bench, pin=Pin(None, mind.content), methods=methods, classes=classes),
    )
    vote = {"method": "governance.cast_vote", "arguments": {**about, "member": "north", "choice": "yes"}}
    said = {"method": "governance.advise", "arguments": {**about, "choice": "yes"}}
    text = json.dumps(
        VOTE
        | {"fields": [{"name": "spend", "path": "spend"}], "messages": {"yes": [vote]}}
        | {"advice": {"yes": [said]}}
    ).encode()
    rule = read_rule(text, application()), text
    door = BenchDoor(bench, agent())
    return Agent(door, mind, rule, Vault(folder / "private"), folder / "diary.jsonl"), door


def test_where_an_agent_may_not_vote_it_says_what_it_would(tmp_path):
    bench = Bench(4, genesis=GENESIS)
    clerk, door = deciding(bench, tmp_path, ("release", "routine"))
    routine = opened(bench, "routine", SetParameter("tariff", 20))
    released = opened(bench, "release", release(bench))
    done = {one.subject: one for one in clerk.work()}
    assert (done[routine.id].code, done[routine.id].reason) == (OK, "")
    assert (done[released.id].code, done[released.id].reason) == (OK, "governance.people_only")
    view = bench.query("governance.proposal", proposal=released.id)
    assert [one.choice for one in view.advice] == ["yes"]
    assert all(one.agent is None for one in view.electors)
    deed = max((record for _, record in DEEDS.scan(bench.context())), key=lambda one: one.height)
    advising = read_rule(door.blobs[deed.account.policy], application()).advising()
    assert [method for method, _ in messages_of(advising, "yes", {})] == ["governance.advise"]


def test_what_proposes_money_carries_its_actions_as_messages():
    unit, spend = bytes(range(32)), {"payee": "north", "amount": 30}
    asked = {
        "kind": "routine",
        "title": "Expenses",
        "text": "",
        "actions": [{"method": "governance.spend", "args": {"unit": unit.hex(), **spend}}],
    }
    made = message(application(), "governance.propose", asked)
    assert made.actions[0].args == {"unit": unit, **spend}
    assert message(application(), "governance.propose", asked | {"actions": list(made.actions)}) == made
