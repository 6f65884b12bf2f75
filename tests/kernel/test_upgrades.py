"""Rules change at an agreed time: old software stops before it, new software goes on, and none forks."""

import dataclasses

import pytest

from consortia.app import application
from consortia.base.refusals import Refused
from consortia.kernel.application import Application
from consortia.kernel.block import OK, Block
from consortia.kernel.context import Context
from consortia.kernel.genesis import ModuleVersion
from consortia.kernel.ledger import Ledger
from consortia.kernel.machine import InvalidBlock, Machine
from consortia.kernel.store import Overlay
from consortia.kernel.upgrades import Outdated
from consortia.modules.assets.messages import Register
from consortia.modules.governance import messages as asked
from consortia.modules.identity.messages import SetEndpoint
from consortia.sdk.errors import outdated
from consortia.sdk.moments import moment
from consortia.store.memory import MemoryStore
from consortia.testing.machine import Bench
from consortia.testing.scenarios.assets import blob, digest
from consortia.testing.scenarios.governance_parts import GENESIS, executed

WAIT = 600_000


def newer(version=2, **changes):
    """The software that brings another version of the assets' rules; `changes` are to `register`."""
    whole = application()
    modules = []
    for module in whole.modules:
        if module.name == "assets":
            methods = tuple(
                dataclasses.replace(method, **changes) if method.message is Register else method
                for method in module.methods
            )
            modules.append(dataclasses.replace(module, version=version, methods=methods))
        else:
            modules.append(module)
    return Application(tuple(modules), whole.keys, whole.stops, whole.upgrades)


def agreed(*modules):
    """A network that agreed on these versions, and the block time from which they are in force."""
    bench = Bench(4, genesis=GENESIS)
    at = bench.time + WAIT
    wanted = tuple(ModuleVersion(*one) for one in modules or (("assets", 2),))
    executed(bench, "upgrade", asked.ScheduleUpgrade(wanted, digest("software"), at))
    return bench, at


def at_time(bench, time, app, raw=None):
    """What a machine of this software makes of a block at a block time, with one registration or `raw`."""
    raw = raw or bench.sign("north", "operator", blob("screen"), sequence=0)
    machine = Machine(app, bench.genesis, bench.network)
    block = Block(bench.tip.height + 1, time, (raw,))
    return machine.execute(bench.state, bench.tip, block, bench._root_of)


def test_old_software_works_out_no_block_from_the_agreed_time_on():
    bench, at = agreed()
    before = bench.state.entries()
    assert at_time(bench, at - 1, application()).receipts[0].code == OK
    with pytest.raises(Outdated, match=f"from {at} ms on demands assets 2") as ended:
        at_time(bench, at, application())
    assert ended.value.held == (1,)
    assert outdated(ended.value) == (
        f"the members' upgrade of {moment(at)} demands assets 2, and this software has assets 1: "
        f"install the software with the digest {digest('software').hex()}"
    )
    with pytest.raises(Outdated, match="demands assets 2"):
        bench.machine.admission(bench.state, bench.tip, at)
    assert bench.state.entries() == before


def test_new_software_opens_the_same_network_and_goes_on_through_it():
    bench, at = agreed()
    for time in (at - 1, at, at + 1):
        assert at_time(bench, time, newer()).receipts[0].code == OK
    old, new = at_time(bench, at - 1, application()), at_time(bench, at - 1, newer())
    assert (old.leaves, old.changes) == (new.leaves, new.changes)
    founded = [Ledger.create(MemoryStore(), app, bench.genesis).tip for app in (application(), newer())]
    assert founded[0] == founded[1]


def test_a_ledger_that_agreed_on_nothing_takes_blocks_at_any_time():
    bench = Bench(4)
    Ledger.create(MemoryStore(), application(), bench.genesis).check_versions(2**63 - 1)


def test_software_that_is_newer_than_asked_goes_on_too():
    bench, at = agreed()
    assert at_time(bench, at, newer(3)).receipts[0].code == OK


def test_a_module_that_this_software_lacks_is_demanded_like_any_other():
    bench, at = agreed(("assets", 2), ("weather", 1))
    with pytest.raises(Outdated, match="demands weather 1") as ended:
        at_time(bench, at, newer())
    assert ended.value.held == (0,)


def test_a_later_decision_for_less_lowers_nothing():
    bench, _ = agreed()
    first = bench.time + WAIT
    executed(
        bench, "upgrade", asked.ScheduleUpgrade((ModuleVersion("assets", 1),), digest("old"), first + WAIT)
    )
    with pytest.raises(Outdated, match="assets 2"):
        at_time(bench, first + 2 * WAIT, application())


def test_software_older_than_the_genesis_founds_nothing():
    bench = Bench(4, app=newer())
    with pytest.raises(InvalidBlock, match="later versions"):
        Ledger.create(MemoryStore(), application(), bench.genesis)


class TestMethodsOfNewRules:
    """Before its rules are in force a method is none, for new software as for old: so none forks."""

    app = newer(since=2)

    def test_no_transaction_carries_it_before(self):
        bench, at = agreed()
        with pytest.raises(InvalidBlock, match="unknown_method"):
            at_time(bench, at - 1, self.app)
        assert at_time(bench, at, self.app).receipts[0].code == OK

    def test_other_transactions_are_carried_before(self):
        bench, at = agreed()
        raw = bench.sign("north", "admin", SetEndpoint("http://127.0.0.1:1", None), sequence=1)
        assert at_time(bench, at - 1, self.app, raw).receipts[0].code == OK

    def test_no_proposal_and_no_delayed_act_carries_it_before(self):
        bench, at = agreed()
        machine = Machine(self.app, bench.genesis, bench.network)
        for time, code in ((at - 1, "kernel.unknown_method"), (at, "kernel.wrong_role")):
            fold = machine.admission(bench.state, bench.tip, time)
            nested = dataclasses.replace(machine.nested, unborn=fold.unborn)
            ctx = Context(Overlay(bench.state), bench.network, fold.height, time, calls=nested)
            with pytest.raises(Refused) as refused:
                nested.read("governance", "assets.register", {})
            assert refused.value.code == code
            assert nested.run(ctx, "governance", [("assets.register", {})]).code == code
