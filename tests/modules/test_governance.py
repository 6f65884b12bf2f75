"""What went wrong when others governed on a ledger, and what governance here promises besides its vectors."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from consortia.app import application
from consortia.kernel.application import Application
from consortia.kernel.block import OK
from consortia.modules.governance import messages as asked
from consortia.modules.governance.charters import default_charter
from consortia.modules.governance.rules import Cast, charter_fits, content_hash, council_quorum, tally
from consortia.modules.governance.types import GovernanceGenesis, Share, Weight
from consortia.testing.machine import Bench
from consortia.testing.scenarios.assets import blob
from consortia.testing.scenarios.governance_parts import (
    BOUNDS,
    CHARTER,
    COOLING,
    EXPIRE,
    EXTEND,
    GENESIS,
    LOCK,
    MEMBERS,
    PAUSE,
    VOTE,
    ask_pause,
    executed,
    later,
    opened,
    passed,
    paused,
    propose,
    ready,
    release,
    vote,
    voted,
    with_class,
)
from consortia.testing.scenarios.governance_secret import SECRECY, secret


def bench(members=4, charter=CHARTER):
    return Bench(members, genesis={"governance": GovernanceGenesis(charter)})


def status(network, proposal):
    return network.query("governance.proposal", proposal=proposal.id).progress


def closed(network, proposal):
    later(network, VOTE)
    network.ok("west", "operator", asked.Close(proposal.id))
    return status(network, proposal)


def run(network, proposal):
    return network.run("west", "operator", asked.Execute(proposal.id, proposal.content))


class TestWhatWentWrongElsewhere:
    def test_votes_cannot_be_borrowed_and_used_in_one_block(self):
        """Beanstalk, 2022: one transaction borrowed the votes, passed a proposal and executed it."""
        network = bench()
        proposal = opened(network)
        ballots = [network.sign(name, "approver", vote(proposal, name)) for name in MEMBERS]
        ending = network.sign(
            "north",
            "operator",
            asked.Close(proposal.id),
            asked.Execute(proposal.id, proposal.content),
        )
        codes = [receipt.code for receipt in network.block(*ballots, ending)]
        assert codes == [OK] * 4 + ["governance.too_early"]
        guest = "harbour"
        network.admit_member(guest)
        assert network.run(guest, "approver", vote(proposal, guest)).code == "governance.not_elector"
        later(network, VOTE)
        both = [asked.Close(proposal.id), asked.Execute(proposal.id, proposal.content)]
        assert network.run("north", "operator", *both).code == "governance.too_early"

    def test_a_delegation_made_after_opening_brings_no_vote(self):
        network = bench()
        proposal = opened(network)
        for name in ("north", "south", "west"):
            network.ok(name, "admin", asked.Delegate("charter", "east"))
        voted(network, proposal, "east")
        assert network.query("governance.tally", proposal=proposal.id).tally.yes == 6

    def test_a_handful_cannot_take_over_while_nobody_looks(self):
        """Build Finance, 2022: one holder's vote passed while nobody else voted."""
        network = bench()
        executed(network, "charter", BOUNDS)
        proposal = opened(network, "routine", asked.SetParameter("tariff", 100))
        voted(network, proposal, "north")
        assert closed(network, proposal).status == "rejected"
        assert run(network, proposal).code == "governance.ended"

    def test_code_is_not_swapped_behind_a_voted_name(self):
        """Tornado Cash, 2023: the contract behind the voted address was destroyed and made anew."""
        network = bench()
        proposal = ready(network, "release", release(network))
        other = content_hash("release", (replace(proposal.actions[0], args={"model": bytes(32)}),))
        swapped = network.run("west", "operator", asked.Execute(proposal.id, other))
        assert swapped.code == "governance.other_content"
        assert run(network, proposal).code == OK

    def test_a_model_that_is_not_the_voted_one_is_not_released(self):
        network = bench()
        proposal = ready(network, "release", release(network, "another"))
        receipt = run(network, proposal)
        assert (receipt.code, receipt.events[-1].body["code"]) == (OK, "governance.wrong_content")
        assert network.query("governance.decisions").releases == ()

    def test_a_proposal_never_stops_a_block(self):
        """The group module of a well-known kit, twice: a proposal's execution halted the chain."""

        def breaks(_ctx, _message, _ports):
            raise ZeroDivisionError

        network = Bench(4, app=_with("set_bounds", handler=breaks), genesis=GENESIS)
        proposal = ready(network)
        ending = network.sign("west", "operator", asked.Execute(proposal.id, proposal.content))
        after = network.sign("north", "operator", blob("screen"))
        executing, registering = network.block(ending, after)
        assert [type(error) for error in network.alarms] == [ZeroDivisionError]
        assert executing.events[-1].body["code"] == "kernel.internal"
        assert registering.code == OK
        assert status(network, proposal).status == "failed"


def _with(name, **changes):
    """The application with another declaration of one of governance's methods."""
    whole = application()
    methods = {
        module.name: tuple(
            dataclasses.replace(method, **changes)
            if (module.name, method.name) == ("governance", name)
            else method
            for method in module.methods
        )
        for module in whole.modules
    }
    modules = tuple(dataclasses.replace(module, methods=methods[module.name]) for module in whole.modules)
    return Application(modules, whole.keys, whole.stops)


class TestExecution:
    def test_a_failing_action_undoes_its_proposal_and_nothing_else(self):
        network = bench()
        proposal = ready(network, "charter", BOUNDS, replace(BOUNDS, name="other", low=9, high=1))
        before = network.state.entries()
        receipt = run(network, proposal)
        changed = {
            key.split(b"/")[1]
            for key, value in network.state.entries().items()
            if before.get(key) != value and not key.startswith(b"kernel/")
        }
        assert receipt.code == OK
        assert [event.name for event in receipt.events] == ["governance.proposal_failed"]
        assert changed == {b"progress"}
        assert (status(network, proposal).position, status(network, proposal).code) == (
            1,
            "governance.bad_bounds",
        )

    def test_a_parameter_stays_within_its_bounds(self):
        network = bench()
        executed(network, "charter", BOUNDS)
        proposal = ready(network, "routine", asked.SetParameter("tariff", 101))
        assert run(network, proposal).events[-1].body["code"] == "governance.bad_bounds"
        assert network.query("governance.decisions").parameters[0].parameter.value == 20

    def test_what_only_a_proposal_may_do_is_not_let_in_from_a_key(self):
        network = bench()
        raw = network.sign("north", "admin", asked.SetCharter(CHARTER))
        assert network.admission_code(raw) == "kernel.wrong_role"

    def test_a_vote_with_an_ended_key_is_not_let_in(self):
        from consortia.modules.identity.messages import RevokeKey

        network = bench()
        proposal = opened(network)
        key = network.key("north", "approver")
        network.ok("north", "admin", RevokeKey(key.key_id))
        raw = network.sign_with(key, vote(proposal, "north"))
        assert network.admission_code(raw) == "kernel.revoked_key"

    def test_a_dry_run_shows_what_happens_and_changes_nothing(self):
        network = bench()
        proposal = opened(network, "charter", BOUNDS)
        root = network.tip.state
        shown = network.query("governance.effects", proposal=proposal.id)
        assert (shown.code, [event.name for event in shown.events]) == (OK, ["governance.parameter_set"])
        assert [(one.table, one.entries) for one in shown.tables] == [("governance/parameters", 1)]
        actions = propose(network, "charter", replace(BOUNDS, low=200)).actions
        tried = network.query("governance.try_actions", asked_for(actions))
        assert (tried.code, tried.position, tried.tables) == ("governance.bad_bounds", 0, ())
        assert network.tip.state == root

    def test_a_charter_changes_the_next_proposal_and_not_an_open_one(self):
        network = bench()
        waiting = opened(network, "release", release(network), author="east")
        strict = with_class("release", yes=Share(2, 3), of="all")
        executed_charter = opened(network, "charter", asked.SetCharter(strict))
        voted(network, waiting, "north", "east")
        voted(network, executed_charter, *MEMBERS)
        assert closed(network, executed_charter).status == "passed"
        network.ok("west", "operator", asked.Close(waiting.id))
        assert status(network, waiting).status == "passed"
        later(network, LOCK)
        assert run(network, executed_charter).code == OK
        assert network.query("governance.charter", number=None).number == 1
        assert run(network, waiting).code == OK

    def test_an_action_whose_method_is_paused_waits_and_loses_no_time(self):
        network = Bench(4, app=_with("set_bounds", pausable=True), genesis=GENESIS)
        proposal = ready(network)
        later(network, EXPIRE - 10_000)
        paused(network, "governance.set_bounds")
        assert run(network, proposal).code == "governance.paused"
        later(network, PAUSE - 2_000)
        assert network.run("west", "operator", asked.Close(proposal.id)).code == "governance.too_early"
        assert run(network, proposal).code == OK


def asked_for(actions):
    from consortia.modules.governance.queries import Try

    return Try(actions)


class TestVotes:
    def test_weights_count_only_where_the_charter_gives_them(self):
        network = bench(charter=replace(CHARTER, weights=(Weight("north", 3),)))
        proposal = opened(network)
        voted(network, proposal, "north", "east")
        tallied = network.query("governance.tally", proposal=proposal.id)
        assert (tallied.tally.yes, tallied.units) == (24, 36)

    def test_a_vote_is_extended_once_and_no_more(self):
        network = bench()
        proposal = opened(network)
        closes = status(network, proposal).closes
        voted(network, proposal, "north", "east")
        network.time = closes - 2_000
        voted(network, proposal, "south")
        assert status(network, proposal).closes == closes + EXTEND
        network.time = closes + EXTEND - 1_000
        voted(network, proposal, "west", choice="no")
        assert status(network, proposal).closes == closes + EXTEND

    def test_taking_a_delegation_back_counts_at_once(self):
        network = bench()
        network.ok("south", "admin", asked.Delegate("charter", "east"))
        proposal = opened(network)
        voted(network, proposal, "east")
        assert network.query("governance.tally", proposal=proposal.id).tally.yes == 12
        network.ok("south", "admin", asked.EndDelegation("charter"))
        assert network.query("governance.tally", proposal=proposal.id).tally.yes == 6

    def test_delegation_is_one_hop(self):
        network = bench()
        network.ok("south", "admin", asked.Delegate("charter", "east"))
        network.ok("east", "admin", asked.Delegate("charter", "north"))
        proposal = opened(network)
        voted(network, proposal, "north")
        assert network.query("governance.tally", proposal=proposal.id).tally.yes == 12

    def test_a_finished_proposal_makes_room_for_the_next(self):
        network = bench()
        for _ in range(CHARTER.open_max):
            last = opened(network)
        network.ok("north", "operator", asked.Cancel(last.id))
        assert opened(network).author == "north"


class TestPauses:
    def test_a_pause_ends_by_itself_and_its_target_has_peace(self):
        network = bench()
        paused(network)
        assert network.run("west", "operator", blob("one")).code == "governance.paused"
        later(network, PAUSE)
        network.ok("west", "operator", blob("one"))
        assert network.run("east", "admin", ask_pause()).code == "governance.cooling"
        later(network, COOLING)
        network.ok("east", "admin", ask_pause())

    def test_other_methods_go_on_during_a_pause(self):
        network = bench()
        paused(network)
        proposal = passed(network)
        later(network, LOCK)
        assert run(network, proposal).code == OK

    def test_only_what_begins_something_new_can_be_paused(self):
        pausable = {name for name, bound in application().methods.items() if bound.method.pausable}
        never = ("governance", "identity")
        assert not {name for name in pausable if name.split(".")[0] in never}
        assert not {name for name in pausable if bound_urgent(name)}
        ends = ("reveal", "cancel", "refund", "leave", "withdraw", "revoke", "recover", "close", "release")
        assert not {name for name in pausable if name.split(".")[1].startswith(ends)}

    @pytest.mark.parametrize(("seats", "needed"), [(3, 3), (4, 3), (5, 4), (6, 4), (7, 5), (9, 6)])
    def test_two_thirds_of_the_council_and_at_least_three_pause(self, seats, needed):
        assert council_quorum(seats) == needed

    def test_a_council_that_shrank_below_three_has_no_powers(self):
        network = bench(charter=replace(CHARTER, council=("east", "north", "stranger")))
        assert network.run("north", "admin", ask_pause()).code == "governance.no_council"


def bound_urgent(name):
    return application().methods[name].method.urgent


CASTS = st.lists(
    st.builds(
        Cast,
        weight=st.integers(1, 5),
        choice=st.sampled_from(("yes", "no", "abstain")),
        family=st.sampled_from((None, None, b"a", b"b", b"c")),
    ),
    max_size=12,
)


class TestTheCount:
    @given(CASTS, st.integers(0, 6))
    def test_agents_never_count_for_more_than_a_third_nor_a_family_for_a_sixth(self, casts, absent):
        electorate = sum(cast.weight for cast in casts) + absent
        found = tally(casts, 6 * electorate)
        assert found.agents <= 2 * electorate
        for family in (b"a", b"b", b"c"):
            alone = tally([cast for cast in casts if cast.family == family], 6 * electorate)
            assert alone.agents <= electorate
        people = [cast for cast in casts if cast.family is None]
        assert found.yes >= 6 * sum(cast.weight for cast in people if cast.choice == "yes")
        assert found.person == any(cast.choice == "yes" for cast in people)
        assert found.yes + found.no + found.abstain <= 6 * electorate

    def test_one_family_of_four_in_six_counts_for_a_sixth(self):
        casts = [Cast(1, "yes", b"f")] * 4 + [Cast(1, "no", None)] * 2
        found = tally(casts, 36)
        assert (found.yes, found.no, found.agents) == (6, 12, 6)

    def test_scaling_is_by_floor_and_keeps_the_sides(self):
        casts = [Cast(1, "yes", b"f"), Cast(1, "yes", b"f"), Cast(1, "no", b"f")]
        found = tally(casts, 18)
        assert (found.yes, found.no) == (2, 1)


class TestCharters:
    def test_the_default_charter_governs_and_seats_three_founders(self):
        assert charter_fits(default_charter(()))
        assert default_charter(("a", "b")).council == ()
        assert default_charter(("c", "a", "b")).council == ("a", "b", "c")

    @pytest.mark.parametrize(
        "charter",
        [
            replace(CHARTER, classes=CHARTER.classes[::-1]),
            replace(CHARTER, classes=tuple(one for one in CHARTER.classes if one.name != "charter")),
            replace(CHARTER, council=("north", "east")),
            replace(CHARTER, weights=(Weight("north", 1), Weight("north", 2))),
            with_class("charter", yes=Share(1, 2)),
            with_class("charter", of="cast"),
            with_class("charter", agents="vote"),
            with_class("routine", lock_milliseconds=0),
            with_class("routine", vote_milliseconds=0),
            with_class("routine", quorum=Share(49, 100)),
            with_class("routine", yes=Share(1, 3)),
            with_class("routine", yes=Share(3, 2)),
            with_class("routine", methods=("governance.set_parameter", "governance.set_charter")),
            with_class("release", secret=SECRECY),
            secret(CHARTER, replace(SECRECY, trustees=SECRECY.trustees[:2])),
            secret(CHARTER, replace(SECRECY, trustees=SECRECY.trustees[::-1])),
            secret(CHARTER, replace(SECRECY, step_milliseconds=0)),
            secret(CHARTER, replace(SECRECY, decrypt_milliseconds=91 * 86_400_000)),
            with_class("budget", secret=SECRECY, extend_milliseconds=0),
            with_class("routine", secret=SECRECY, extend_milliseconds=0),
            with_class("charter", secret=SECRECY, extend_milliseconds=0),
        ],
    )
    def test_a_charter_that_could_not_govern_is_refused(self, charter):
        assert not charter_fits(charter)

    def test_a_charter_may_have_a_class_that_votes_in_secret(self):
        assert charter_fits(secret(CHARTER))

    def test_a_network_does_not_begin_with_such_a_charter(self):
        from consortia.kernel.machine import InvalidBlock

        with pytest.raises(InvalidBlock, match="bad_charter"):
            bench(charter=with_class("routine", lock_milliseconds=0))
