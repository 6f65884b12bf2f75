"""Attacks on mandates: each is refused with its code, and nothing of it stands."""

import pytest

from consortia.base.ids import origin
from consortia.base.note import Checkpoint, Note, sign_log
from consortia.base.times import HOUR
from consortia.kernel.block import OK, Block
from consortia.kernel.ledger import Ledger
from consortia.modules.bank.messages import Issue, NewUnit, Transfer
from consortia.modules.bank.state import UNITS
from consortia.modules.identity.mandate_messages import EndMandate
from consortia.modules.identity.mandate_types import Cap
from consortia.modules.identity.messages import Leave, RevokeKey
from consortia.modules.predictions.messages import Act, Defer, Perform
from consortia.modules.predictions.state import DEEDS
from consortia.node.chain import Chain, KeyFor
from consortia.node.memory import PlainMemory
from consortia.node.witness import Withheld, Witness
from consortia.store.memory import MemoryStore
from consortia.testing.machine import Bench, key_from
from consortia.testing.scenarios.identity_parts import added, recovered
from consortia.testing.scenarios.mandates_parts import account, agent, granted, mandate

MOST = 90


@pytest.fixture
def bench():
    found = Bench(4)
    found.ok("north", "admin", NewUnit("credit", "Credit", 0, "open", None, 10_000))
    found.ok("north", "admin", Issue(unit(found), "north/clerk", 1_000))
    return found


def unit(bench):
    return next(record.id for _, record in UNITS.scan(bench.context()))


def pay(bench, amount, payer="north/clerk"):
    return Transfer(payer, "east", unit(bench), amount)


def hire(bench, **fields):
    usual = {"methods": ("bank.transfer",), "caps": (Cap(unit(bench), 50, MOST),)}
    return mandate(bench, **(usual | fields))


def send(bench, *messages, key=None, **given):
    raw = bench.sign_with(key or agent(), *messages, **given)
    code = bench.admission_code(raw)
    return bench.block(raw)[0].code if code == OK else code


def spent(bench):
    return bench.query("identity.mandates", owner="north").mandates[0].spending[0].spent


def test_probing_every_method_finds_only_what_the_mandate_names(bench):
    hire(bench)
    allowed = []
    for name, bound in sorted(bench.app.methods.items()):
        key = bench.app.keys.key(bench.context(), agent().key_id)
        if not bound.method.roles.isdisjoint(key.signer.roles) and name in key.bounds.methods:
            allowed.append(name)
    assert allowed == ["bank.transfer"]


def test_probing_for_the_cap_by_parts_finds_the_same_cap(bench):
    hire(bench)
    assert send(bench, Act(account("a")), pay(bench, 30), pay(bench, 30)) == "identity.over_act_cap"
    assert spent(bench) == 0
    assert send(bench, Act(account("b")), pay(bench, 50)) == OK
    assert send(bench, Act(account("c")), pay(bench, 41)) == "identity.over_window_cap"
    assert send(bench, Act(account("d")), pay(bench, 40)) == OK
    assert send(bench, Act(account("e")), pay(bench, 1)) == "identity.over_window_cap"
    assert spent(bench) == MOST


def test_a_second_agent_of_the_owner_has_no_second_purse(bench):
    hire(bench)
    hire(bench, name="twin")
    for word in ("a", "b"):
        send(bench, Act(account(word)), pay(bench, 45))
    bench.ok("north", "admin", Issue(unit(bench), "north/twin", 1_000))
    paying = pay(bench, 1, "north/twin")
    assert send(bench, Act(account("c")), paying, key=agent(name="twin")) == "identity.over_window_cap"


def test_waiting_out_half_a_window_gains_nothing(bench):
    hire(bench, window=HOUR)
    assert send(bench, Act(account("a")), pay(bench, 50)) == OK
    bench.time += HOUR // 2
    assert send(bench, Act(account("b")), pay(bench, 40)) == OK
    bench.time += HOUR // 2 - 5_000
    assert send(bench, Act(account("c")), pay(bench, 1)) == "identity.over_window_cap"
    bench.time += 5_000
    assert send(bench, Act(account("d")), pay(bench, 50)) == OK


def test_an_agents_transaction_is_not_replayed_nor_carried_into_another_network(bench):
    hire(bench)
    raw = bench.sign_with(agent(), Act(account()), pay(bench, 10))
    assert bench.block(raw)[0].code == OK
    assert bench.admission_code(raw) == "kernel.replayed"
    other = Bench(3)
    assert other.admission_code(raw) in {"kernel.wrong_network", "kernel.malformed"}


def test_the_account_of_one_act_serves_no_other(bench):
    hire(bench)
    assert send(bench, Act(account()), pay(bench, 10)) == OK
    assert send(bench, Act(account()), pay(bench, 10)) == "predictions.repeated"
    assert spent(bench) == 10


def test_an_agent_grants_itself_nothing(bench):
    id_ = hire(bench)
    for message in (
        granted(bench, name="child", word="child"),
        EndMandate(id_),
        added(bench, "north", "admin")[0],
        RevokeKey(bench.key("north", "admin").key_id),
        Leave(None),
    ):
        assert send(bench, Act(account()), message, sequence=0) == "kernel.wrong_role"


def test_a_stolen_signature_of_possession_makes_no_agent_of_another_member(bench):
    taken = granted(bench)
    raw = bench.sign("east", "admin", taken)
    assert bench.block(raw)[0].code == "identity.bad_possession"


def test_the_key_of_an_ended_mandate_is_never_given_another(bench):
    bench.ok("north", "operator", EndMandate(hire(bench)))
    assert bench.run("north", "admin", granted(bench)).code == "identity.key_known"


def test_an_ended_agent_acts_no_more_in_the_same_block_nor_in_the_next(bench):
    id_ = hire(bench)
    ending = bench.sign("north", "trustee", EndMandate(id_))
    acting = bench.sign_with(agent(), Act(account()), pay(bench, 10))
    assert [one.code for one in bench.block(ending, acting)] == [OK, "identity.mandate_over"]
    assert send(bench, Act(account()), pay(bench, 10)) == "kernel.revoked_key"
    assert spent(bench) == 0


def test_who_stole_the_owners_keys_keeps_no_agent(bench):
    thief = key_from("thief")
    hire(bench, name="mole")
    bench.ok("north", "recovery", recovered(bench, "north"))
    assert send(bench, Act(account()), key=agent(name="mole")) == "kernel.revoked_key"
    assert bench.admission_code(bench.sign_with(thief, Act(account()))) == "kernel.unknown_key"


def test_an_act_that_waits_is_not_smuggled_past_its_delay(bench):
    id_ = hire(bench, delay=HOUR)
    assert send(bench, Act(account()), pay(bench, 10)) == "kernel.no_act"
    waits = Defer(account(), (bench.call(pay(bench, 10)),))
    assert send(bench, waits, pay(bench, 10), sequence=0) == "kernel.outside_mandate"
    assert send(bench, waits, sequence=0) == OK
    deed = next(record.id for _, record in DEEDS.scan(bench.context()))
    assert bench.run("north", "operator", Perform(deed)).code == "predictions.not_due"
    bench.time += HOUR
    assert send(bench, Perform(deed), sequence=1) == "kernel.wrong_role"
    bench.ok("north", "node", EndMandate(id_))
    receipt = bench.ok("north", "operator", Perform(deed))
    assert receipt.events[-1].body["code"] == "void"
    assert spent(bench) == 0


def test_caps_are_judged_when_an_act_that_waited_runs(bench):
    hire(bench, delay=1_000)
    for word in ("a", "b"):
        assert send(bench, Defer(account(word), (bench.call(pay(bench, 50)),))) == OK
    bench.time += 1_000
    codes = []
    for _, deed in list(DEEDS.scan(bench.context())):
        codes.append(bench.ok("east", "worker", Perform(deed.id)).events[-1].body["code"])
    assert sorted(codes) == ["identity.over_window_cap", OK]
    assert spent(bench) == 50


def test_a_stranger_spends_no_act_by_having_it_carried_out_beside_another(bench):
    hire(bench, delay=1_000)
    for word in ("a", "b"):
        assert send(bench, Defer(account(word), (bench.call(pay(bench, 30)),))) == OK
    bench.time += 1_000
    both = [Perform(deed.id) for _, deed in DEEDS.scan(bench.context())]
    assert bench.run("east", "worker", *both).code == "predictions.one_at_a_time"
    assert spent(bench) == 0
    codes = [bench.ok("east", "worker", one).events[-1].body["code"] for one in both]
    assert codes == [OK, OK]
    assert spent(bench) == 60


def test_an_orderer_that_leaves_the_end_of_a_mandate_out_gets_no_cosignatures(bench):
    raw = bench.sign("north", "analyst", EndMandate(hire(bench)))
    ledger = Ledger.create(MemoryStore(), bench.app, bench.genesis)
    for block in bench.blocks:
        ledger.append(block)
    chain = Chain(ledger)
    witness = Witness(chain, "south", KeyFor(chain, "south", (bench.key("south", "node"),)), PlainMemory())
    assert witness.hold(raw, bench.time)
    time = bench.time + 5_000
    ledger.append(Block(ledger.tip.height + 1, time, ()))
    witness.arrived(ledger.tip.size, time, time)
    witness.applied([], time)
    checkpoint = Checkpoint(origin(bench.network), ledger.tip.size, ledger.tip.root)
    note = Note(checkpoint, (sign_log(checkpoint, bench.key("east", "node")),))
    with pytest.raises(Withheld, match="leaves out the urgent transaction"):
        witness.consider(note, "east", 0, time)
    assert bench.app.methods["identity.end_mandate"].method.prompt is True
