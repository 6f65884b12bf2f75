"""Operations through the front door: a crossing, a recall, a lot whose serials are made and sold once."""

import pytest

from consortia.base.times import DAY
from consortia.sdk.errors import LedgerError
from consortia.sdk.operations import Operations, set_control, tag_of
from consortia.testing.machine import Bench, BenchError
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.governance_parts import GENESIS
from consortia.testing.scenarios.operations_parts import CROSSING, voted
from tests.sdk.test_meters import Way


class Program(Way):
    """The way of a member's worker."""

    def submit(self, *records):
        return self.bench.ok(self.member, "worker", *records)


@pytest.fixture
def bench():
    return Bench(genesis=GENESIS)


def desks(bench, *names):
    return [Operations(Way(bench, name), name) for name in names]


def test_a_program_commands_until_people_take_over(bench):
    with pytest.raises(LedgerError, match="voted no control"):
        desks(bench, "east")[0].control(CROSSING)
    voted(
        bench,
        set_control(CROSSING, "east", {"phase": (0, 3), "green": (10, 60)}, overseers=["south"], gap=5_000),
    )
    program, (people, east) = Operations(Program(bench, "east"), "east"), desks(bench, "south", "east")
    seen = digest("sensors")
    program.command(CROSSING, [(1, {"green": 30, "phase": 1}), (5_001, {"green": 60, "phase": 2})], seen=seen)
    with pytest.raises(BenchError, match="out_of_bounds"):
        program.command(CROSSING, [(20_000, {"green": 61, "phase": 1})], seen=seen)
    with pytest.raises(LedgerError, match="fields green, phase"):
        program.command(CROSSING, [(20_000, {"green": 60})], seen=seen)
    with pytest.raises(LedgerError, match="64 acts"):
        program.command(CROSSING, [(20_000, {})] * 65, seen=seen)
    people.take_over(CROSSING, "an accident")
    with pytest.raises(BenchError, match="taken_over"):
        program.command(CROSSING, [(20_000, {"green": 30, "phase": 1})], seen=seen)
    people.command(CROSSING, [(20_000, {"green": 30, "phase": 1})], seen=seen)
    people.hand_back(CROSSING)
    program.command(CROSSING, [(30_000, {"green": 30, "phase": 1})], seen=seen)
    (found,) = east.controls()
    assert (found.name, found.control.acts, found.control.taken) == (CROSSING, 4, None)


def test_a_recall_is_answered_and_names_who_never_did(bench):
    north, east, west = desks(bench, "north", "east", "west")
    recall, _ = north.notify("recall", b"lot 42", b"block it", to=["west", "east"], due=bench.time + DAY)
    assert [each.kind for each in east.awaited()] == ["recall"]
    assert [each.notice for each in north.awaited("west")] == [recall]
    east.reply(recall, 3, b"in store 7")
    assert (east.awaited(), len(west.awaited())) == ((), 1)
    with pytest.raises(BenchError, match="still_awaited"):
        north.close_notice(recall)
    bench.time += 2 * DAY
    answers = {each.member: each.answer for each in north.close_notice(recall).answers}
    assert (answers["east"].number, answers["west"]) == (3, None)
    assert (west.awaited(), [each.id for each in north.notices()]) == ((), [recall])


def test_copied_and_invented_serials_are_caught(bench):
    north, east = desks(bench, "north", "east")
    key, serials = digest("the lot's parties"), [f"0100{number:06}" for number in range(300)]
    made = north.open_register("lot 42, made", members=["north"])
    assert north.claim(made, [tag_of(key, each) for each in serials]) == 300
    sold = north.open_register("lot 42, sold", members=["east", "north"], after=made)
    east.claim(sold, [tag_of(key, serials[7])])
    with pytest.raises(BenchError, match="claimed"):
        east.claim(sold, [tag_of(key, serials[7])])
    with pytest.raises(BenchError, match="unclaimed"):
        east.claim(sold, [tag_of(key, "0100999999")])
    assert east.claimed(sold, tag_of(key, serials[7])).member == "east"
    assert east.claimed(sold, tag_of(digest("another key"), serials[7])) is None
    north.close_register(sold)
    assert (east.register(sold).claims, east.register(sold).closed is not None) == (1, True)
    with pytest.raises(LedgerError, match="no register"):
        east.register(digest("nothing"))


def test_all_notices_are_listed_however_many_fit_an_answer(bench, monkeypatch):
    monkeypatch.setattr("consortia.sdk.operations.PAGE", 2)
    (north,) = desks(bench, "north")
    assert not north.any_notices()
    due, made = bench.time + DAY, []
    for _ in range(5):
        made.append(north.notify("recall", b"lot", b"block it", to=["east"], due=due)[0])
        bench.time += 1_000
    assert [each.id for each in north.notices()] == made
    assert north.any_notices()
