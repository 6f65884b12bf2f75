"""An election on a ledger, from its opening to a count that a stranger repeats from one file."""

import pytest
from msgspec.structs import replace

from consortia.base.codec import encode_record
from consortia.base.group import GENERATOR, add
from consortia.exact.decryption import aggregate_hash
from consortia.kernel.prove import Openings, prove_state
from consortia.kernel.verify import verify_proof
from consortia.modules.ballots import Failed, Keeper, Tally
from consortia.modules.ballots import messages as ask
from consortia.sdk.elections import count_key, draw_nonces, gathered, with_count
from consortia.testing.elections import cast, summed
from consortia.testing.machine import Bench
from consortia.testing.voting import Held
from consortia.testing.witnessed import Witnessed


def held_to_the_end(*votes, members=6, decrypting=("east", "north", "south")):
    held = Held.opened(Bench(members))
    held.prepare()
    held.vote(*votes)
    held.close()
    held.decrypt(*decrypting)
    return held


@pytest.fixture(scope="module")
def decided():
    held = held_to_the_end(0, 0, 1, 2, 0, 1)
    kept = Witnessed.of(held.bench)
    count = gathered(lambda name, arguments, kind: held.bench.query(name, arguments), held.id)
    return held, kept, count


def proved(decided, count):
    held, kept, _ = decided
    openings = Openings(evidence=encode_record(count))
    data = prove_state(kept.ledger, count_key(held.id), openings=openings).encode()
    return verify_proof(held.bench.app, data, held.bench.network)


def test_an_election_counts_what_was_voted(decided):
    held, _, _ = decided
    assert held.progress.counts == (3, 2, 1)
    assert Keeper().result(held.bench.context(), held.id) == Tally((3, 2, 1), 6)
    assert Keeper().result(held.bench.context(), bytes(32)) is None


def test_a_stranger_counts_again_from_one_file(decided):
    held, kept, count = decided
    verdict = proved(decided, count)
    assert verdict.ok
    assert verdict.steps[6].text == "counted again from 6 ballots and 3 parts: yes 3, no 2, abstain 1"
    bare = prove_state(kept.ledger, count_key(held.id)).encode()
    assert verify_proof(held.bench.app, with_count(bare, count), held.bench.network).ok


def cheats(decided):
    held, _, count = decided
    terms, first, second = held.terms, count.ballots[0], count.ballots[1]
    other = cast(terms, first.voter, 2, "other")
    part = count.parts[0]
    less = replace(part.partial, shares=(add(part.partial.shares[0], GENERATOR), *part.partial.shares[1:]))
    sums = summed([each.ballot for each in count.ballots[1:]])
    name = aggregate_hash(held.id, 5, bytes(32), sums)
    single = held.trust.partial(terms, name, part.trustee, sums)
    return {
        "another ballot": replace(count, ballots=(replace(first, ballot=other), *count.ballots[1:])),
        "a ballot less": replace(count, ballots=count.ballots[1:]),
        "a ballot twice": replace(count, ballots=(first, *count.ballots)),
        "ballots exchanged": replace(
            count,
            ballots=(
                replace(first, ballot=second.ballot),
                replace(second, ballot=first.ballot),
                *count.ballots[2:],
            ),
        ),
        "a stranger's ballot": replace(
            count, ballots=(*count.ballots, replace(first, voter="zebra", ballot=cast(terms, "zebra", 0)))
        ),
        "a part less": replace(count, parts=count.parts[1:]),
        "a part twice": replace(count, parts=(part, *count.parts)),
        "a part that says one vote less": replace(
            count, parts=(replace(part, partial=less), *count.parts[1:])
        ),
        "a part of another sum": replace(count, parts=(replace(part, partial=single), *count.parts[1:])),
        "a dealer less": replace(count, dealers=count.dealers[1:]),
        "a dealer's coefficients of another": replace(
            count,
            dealers=(
                replace(count.dealers[0], coefficients=count.dealers[1].coefficients),
                *count.dealers[1:],
            ),
        ),
        "other choices": replace(count, election=replace(count.election, choices=("no", "yes", "abstain"))),
        "another title": replace(count, election=replace(count.election, title="Something else?")),
        "another election": replace(count, election=replace(count.election, id=bytes(32))),
    }


def test_a_count_of_anything_else_is_refused_at_its_step(decided):
    for name, count in cheats(decided).items():
        verdict = proved(decided, count)
        assert verdict.failed == 7, name


def test_evidence_for_another_entry_is_none(decided):
    held, kept, count = decided
    from consortia.modules.ballots.state import ELECTIONS, KEPT

    openings = Openings(evidence=encode_record(count))
    for key in (ELECTIONS.state_key(held.id), KEPT.state_key(held.id, "west"), count_key(bytes(32))):
        data = prove_state(kept.ledger, key, openings=openings).encode()
        assert verify_proof(held.bench.app, data, held.bench.network).failed == 7


def test_an_election_without_a_count_proves_none():
    held = Held.opened(Bench(5))
    held.prepare()
    held.vote(0, 0, 1, 2)
    assert held.close().events[0].body["sum"] is None
    assert Keeper().result(held.bench.context(), held.id) == Failed("too_few_ballots")
    with pytest.raises(LookupError, match="no count"):
        gathered(lambda name, arguments, kind: held.bench.query(name, arguments), held.id)


def test_the_last_ballot_of_a_voter_counts():
    held = Held.opened(Bench(5))
    held.prepare()
    held.vote(0, 0, 0, 0, 0)
    for salt in range(3):
        held.bench.ok("west", "approver", ask.Cast(held.id, held.ballot("west", 1, salt)))
    held.close()
    held.decrypt("east", "north", "south")
    assert held.progress.counts == (4, 1, 0)
    kept = held.bench.query("ballots.ballot", election=held.id, voter="west").kept
    assert kept.casts == 4
    assert kept.hash == held.ballot("west", 1, 2).hash()


def test_a_dealer_that_lies_to_one_holder_is_out_and_the_others_go_on():
    held = Held.opened(Bench(5))
    held.wrong.add(("south", "east"))
    held.commit()
    held.deal()
    receipt = held.bench.ok("east", "trustee", held.complaint("south", "east"))
    assert receipt.events[0].body == {"election": held.id, "dealer": "south", "accuser": "east"}
    held.begin()
    assert held.progress.key.qualified == ("east", "harbour", "north")
    held.vote(0, 0, 1, 2, 0)
    held.close()
    held.decrypt("south", "east", "north")  # it still holds shares, and does its duty
    assert held.progress.counts == (3, 1, 1)


def test_trustees_stay_through_rotation_and_removal():
    """A removed trustee can sign no more: it counts among k, is named as absent, and the threshold stays."""
    held = Held.opened(Bench(6))
    held.prepare()
    held.vote(0, 0, 1, 2, 0, 0)
    held.close()
    from consortia.modules.identity.messages import Leave

    held.bench.ok("harbour", "admin", Leave(None))
    assert (
        held.bench.admission_code(held.bench.sign("harbour", "trustee", held.decryption("harbour"))) != "ok"
    )
    held.decrypt("east", "north", "south")
    receipt = held.end()
    assert receipt.events[0].body["absent"] == ("harbour",)
    assert held.view.step == "over"


def test_elections_are_listed_with_what_is_due():
    bench = Bench(5)
    ids = sorted(Held.opened(bench).id for _ in range(3))
    first = bench.query("ballots.elections", after=None, limit=2)
    assert [view.election.id for view in first.elections] == ids[:2]
    assert {view.step for view in first.elections} == {"commit"}
    rest = bench.query("ballots.elections", after=first.next, limit=2)
    assert ([view.election.id for view in rest.elections], rest.next) == (ids[2:], None)
    assert bench.query("ballots.election", election=bytes(32)).step == "over"


def test_the_step_follows_the_time():
    held = Held.opened(Bench(5))
    times, steps = held.election.times, []
    for moment in (times.commit - 1, times.commit, times.open, times.complain, times.vote, times.decrypt):
        held.bench.time = moment
        steps.append(step_now(held))
    assert steps == ["commit", "open", "complain", "begin", "begin", "begin"]


def step_now(held):
    from consortia.modules.ballots.queries import step_of

    return step_of(held.election, held.progress, held.bench.time)


def test_fresh_nonces_are_never_zero_and_never_the_same():
    assert draw_nonces(2, lambda _below: 0) == [1] * 9
    drawn = draw_nonces(3)
    assert len(set(drawn)) == 13
