"""A delegate that a study of this ledger trained acts, and an audit executes its every act again."""

import json
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from consortia.app import application
from consortia.base.codec import encode_record
from consortia.engines.commit.chunks import blob_id
from consortia.kernel.block import OK
from consortia.kernel.ledger import Ledger
from consortia.modules.bank.messages import NewUnit, Transfer
from consortia.modules.bank.state import UNITS
from consortia.modules.identity.mandate_types import Cap, Pin
from consortia.modules.predictions.messages import Act
from consortia.node.audit.run import audit_home
from consortia.node.blobs import Blobs
from consortia.node.config import Config
from consortia.node.home import Home
from consortia.store.lmdb import LmdbStore
from consortia.testing.scenarios.mandates_parts import agent, granted
from consortia.workers.agent import Agent
from consortia.workers.delegate import Answer, ModelMind, RuleError, read_rule
from consortia.workers.vault import Vault
from tests.workers.four import Consortium
from tests.workers.test_agent import BenchDoor

MEMBER = "north"


class Liar(ModelMind):
    """Says the other thing than its model."""

    def act(self, vector):
        said = super().act(vector)
        other = {"yes": "no", "no": "yes"}[said.label]
        return Answer(other, said.stated, said.score)


class Disobedient(BenchDoor):
    """Signs another message than the rule makes."""

    def submit(self, *messages):
        account, paying = messages
        return super().submit(account, replace(paying, amount=paying.amount + 1))


class Pretender(BenchDoor):
    """States another probability on the ledger than its record holds."""

    def submit(self, *messages):
        first, *others = messages
        told = replace(first.account, stated=(first.account.stated + 1) % 1_000_000)
        return super().submit(Act(told), *others)


def rule_for(unit):
    paying = {"payer": "north/clerk", "payee": "east", "unit": unit.hex()}
    messages = {
        label: [{"method": "bank.transfer", "arguments": {**paying, "amount": amount}}]
        for label, amount in (("yes", 3), ("no", 2))
    }
    return json.dumps(
        {
            "purpose": "care",
            "watch": {
                "query": "assets.assets",
                "items": "assets",
                "subject": "id",
                "arguments": {"limit": 100},
            },
            "fields": [{"name": "dose", "path": "version"}, {"name": "age", "path": "height"}],
            "messages": messages,
        }
    ).encode()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A study of four members that is finished, on a bench."""
    consortium = Consortium(tmp_path_factory.mktemp("workers"), rounds=2)
    consortium.join().start().finish()
    assert consortium.progress.status == "finished"
    return consortium


def acted(trained, folder, name, mind=ModelMind, door=BenchDoor):
    """Have north's agent run the study's model on every asset; the home that holds it all, and the codes."""
    bench, progress = trained.bench, trained.progress
    bench.ok(MEMBER, "admin", NewUnit(name, "Credit", 0, "open", None, 1_000))
    unit = next(record.id for _, record in UNITS.scan(bench.context()) if record.code == name)
    bench.ok(MEMBER, "admin", Transfer(MEMBER, "north/clerk", unit, 500))
    wanted = granted(
        bench,
        name=name,
        pin=Pin(progress.model, progress.state),
        methods=("bank.transfer",),
        caps=(Cap(unit, 10, 100),),
    )
    bench.ok(MEMBER, "admin", wanted)
    text = rule_for(unit).replace(b"north/clerk", f"north/{name}".encode())
    bench.ok(MEMBER, "admin", Transfer("north/clerk", f"north/{name}", unit, 500))
    opened = door(bench, agent(name=name))
    made = mind(progress.state, trained.net.blobs[progress.state])
    rule = read_rule(text, application()), text
    done = Agent(opened, made, rule, Vault(folder / "private"), folder / "diary").work()
    return SimpleNamespace(done=done, blobs=opened.blobs)


def home_of(trained, folder, blobs):
    bench = trained.bench
    config = Config(member=MEMBER, network=bench.network.hex())
    home = Home.create(folder, config, encode_record(bench.genesis))
    with LmdbStore(home.ledger) as store:
        ledger = Ledger.create(store, bench.app, bench.genesis)
        for block in bench.blocks:
            ledger.append(block)
    kept = Blobs(home.blobs)
    for data in (*trained.net.blobs.values(), *blobs.values()):
        kept.put(data)
    return home


def test_every_act_of_a_trained_delegate_is_executed_again(trained, tmp_path):
    done = acted(trained, tmp_path, "honest")
    assert {one.code for one in done.done} == {OK}
    assert len(done.done) >= 4
    findings = audit_home(home_of(trained, tmp_path / "home", done.blobs).path)
    assert (findings.mismatches, findings.acts_executed) == ([], len(done.done))


@pytest.mark.parametrize(
    ("name", "false", "said"),
    [
        ("liar", (Liar, BenchDoor), "the model answers otherwise"),
        ("rebel", (ModelMind, Disobedient), "it signed other messages"),
        ("fake", (ModelMind, Pretender), "its record is not the one"),
    ],
)
def test_an_act_that_is_not_the_models_is_found(trained, tmp_path, name, false, said):
    done = acted(trained, tmp_path, name, *false)
    findings = audit_home(home_of(trained, tmp_path / "home", done.blobs).path)
    places = [one for one in findings.mismatches if one.place.endswith(f"north/{name}")]
    assert places
    assert all(said in one.text for one in places)


def test_a_model_reads_only_the_columns_that_it_knows(trained):
    progress = trained.progress
    mind = ModelMind(progress.state, trained.net.blobs[progress.state])
    assert blob_id(mind.model) == progress.state
    rule = read_rule(rule_for(bytes(32)), application())
    assert mind.observe(rule, {"version": 1, "height": 2}) != mind.observe(rule, {"version": 2, "height": 1})
    other = replace_field(rule)
    with pytest.raises(RuleError, match="columns are age, dose"):
        mind.observe(other, {"version": 1, "height": 2})


def replace_field(rule):
    text = rule_for(bytes(32)).replace(b'"dose"', b'"weight"')
    found = read_rule(text, application())
    assert found != rule
    return found
