"""Signals: what the rule decides from readings, and that anybody decides the same again."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.engines.train.files import DataError
from consortia.sdk.operations import set_control
from consortia.solutions.city.decisions import Desk, decision_in, record_of, replay
from consortia.solutions.city.signals import Junction, Lights, Seen, Terms, act, after, decide, shown

TERMS = Terms()
CROSS = Junction(
    *("cross", ("east", "north", "kerb", "inside"), ("Grr", "rGG"), ((1000, 0, 0, 0), (0, 1000, 1000, 0))),
    *((2,), 5, 3, 1, (3,)),
)
NOBODY = Seen(0, 0, 0, 0, 0)
READINGS = st.builds(Seen, *(st.integers(0, most) for most in (40, 40, 5, 20, 200)))


def cars(number, waited=0, standing=0):
    return Seen(number, standing, 0, 0, waited)


def choice(east=NOBODY, north=NOBODY, kerb=NOBODY, *, phase=0, green=20, terms=TERMS):
    return decide(CROSS, terms, Lights(phase, 100), 100 + green, (east, north, kerb, NOBODY))


def test_the_green_goes_where_more_are_served_a_second_the_change_counted():
    assert choice(cars(1), cars(9)) == 1, "1 in 4 s, 9 in 27 s"
    assert choice(cars(2), cars(9)) is None, "2 in 6 s are as many a second"
    assert choice(cars(5), cars(40)) is None, "8 % more is not enough"
    assert choice(cars(5), cars(40), terms=replace(TERMS, ratio=105)) == 1
    assert choice(cars(0), cars(1)) == 1
    assert choice(cars(1), Seen(1, 0, 1, 0, 0)) is None, "a bus in 19 s, for the least green is 10"
    assert choice(cars(1), Seen(1, 0, 1, 0, 0), terms=replace(TERMS, least=5)) == 1


def test_who_stands_under_a_green_does_not_hold_it():
    assert choice(cars(9), cars(3)) is None
    assert choice(cars(9, standing=9), cars(3)) == 1
    assert choice(cars(9, standing=8), cars(9)) == 1
    assert choice(cars(3), cars(9, standing=9)) is None, "those under red all wait for the change"
    assert choice(cars(1, standing=2), NOBODY) is None


def test_a_bus_weighs_and_so_do_people_at_a_kerb_as_was_voted():
    assert choice(cars(1), Seen(1, 0, 1, 0, 0)) is None
    assert choice(cars(1), Seen(2, 0, 1, 0, 0)) == 1
    assert choice(cars(1), Seen(2, 0, 1, 0, 0), terms=replace(TERMS, bus=0)) is None
    assert choice(cars(1), kerb=Seen(0, 0, 0, 8, 0)) is None
    assert choice(cars(1), kerb=Seen(0, 0, 0, 12, 0)) == 1
    assert choice(Seen(1, 1, 1, 0, 0), cars(1)) == 1, "a bus that stands under a green does not hold it"


def test_who_waited_too_long_is_served_and_no_green_is_without_end():
    assert choice(cars(30), cars(1, waited=TERMS.wait)) == 1
    assert choice(cars(30), cars(1, waited=TERMS.wait - 1)) is None
    assert choice(cars(30), cars(1), green=TERMS.most) == 1
    assert choice(cars(30), green=TERMS.most) == 0, "nobody else is there: a new green of the same phase"


def test_lights_clear_walkers_first_then_yellow_then_red_for_all_that_ends():
    assert shown(CROSS, Lights(1, 0), 0) == ((0, "rGr"), (5, "ryr"), (8, "rrr"))
    assert shown(CROSS, after(CROSS, Lights(1, 0), 20, 0), 0) == ((0, "Grr"),)
    assert shown(CROSS, Lights(1, 0), 1) == ((0, "rGG"),)


def test_a_green_begins_once_nobody_stands_inside_or_red_was_held_so_long():
    changing = after(CROSS, Lights(0, 0), 20, 1)
    assert changing == Lights(1, 29, red=True)

    def begun(inside, at=29, terms=TERMS):
        return decide(CROSS, terms, changing, at, (cars(9), NOBODY, NOBODY, inside))

    assert begun(NOBODY) == begun(cars(3)) == 1, "who drives inside is leaving"
    assert begun(cars(3, standing=1)) is None
    assert begun(cars(3, standing=1), 28 + TERMS.hold) is None
    assert begun(cars(3, standing=1), 29 + TERMS.hold) == 1
    assert begun(cars(3, standing=1), terms=replace(TERMS, hold=0)) == 1
    assert after(CROSS, changing, 31, 1) == Lights(1, 31)


def test_terms_are_voted_as_bounds_and_come_back():
    voted = set_control("cross", "roads", TERMS.bounds(2), overseers=["police"])
    assert Terms.voted(voted.bounds) == TERMS
    values = act(TERMS, Lights(0, 100), 130, 1)
    assert all(each.least <= values[each.field] <= each.most for each in voted.bounds)
    assert sorted(values) == [each.field for each in voted.bounds]


def play(readings):
    desk = Desk(CROSS, TERMS, Lights(0, 0), [])
    greens = []
    for at, seen in enumerate(readings):
        if desk.due(at):
            phase = desk.decide(at, seen)
            if phase is not None:
                if not desk.lights.red:
                    greens.append(at - desk.lights.since)
                desk.switch(at, phase)
    return desk, greens


@given(st.lists(st.tuples(READINGS, READINGS, READINGS, READINGS), max_size=200))
def test_whatever_is_read_greens_keep_their_bounds_and_replay(readings):
    desk, greens = play(readings)
    assert all(TERMS.least <= green <= TERMS.most for green in greens)
    again = replay(CROSS, TERMS, 0, desk.records)
    assert again.differing == ()
    assert [one.green for one in again.switches] == greens


def test_a_changed_decision_a_left_out_one_and_other_terms_show():
    steady = (cars(1), cars(9), NOBODY, NOBODY)
    desk, greens = play([steady] * 60)
    assert greens
    first = decision_in(desk.records[0])
    forged = record_of(type(first)(first.at, None, by_hand=False, seen=first.seen))
    assert replay(CROSS, TERMS, 0, [forged, *desk.records[1:]]).differing[0] == 0
    assert replay(CROSS, TERMS, 0, desk.records[:3] + desk.records[4:]).differing[0] == 3
    assert replay(CROSS, replace(TERMS, ratio=900), 0, desk.records).differing


def test_people_decide_within_the_same_bounds_and_the_rule_goes_on_after_them():
    desk, _ = play([(cars(1), cars(1), NOBODY, NOBODY)] * 20)
    desk.write_by_hand(20, 1, (NOBODY,) * 4)
    desk.switch(20, 1)
    assert desk.decide(29, (NOBODY,) * 3 + (cars(1, standing=1),)) is None
    assert desk.decide(30, (NOBODY,) * 4) == 1
    desk.switch(30, 1)
    assert desk.decide(60, (cars(9), *(NOBODY,) * 3)) == 0
    desk.switch(60, 0)
    assert replay(CROSS, TERMS, 0, desk.records).differing == ()
    assert [(one.by_hand, one.green) for one in replay(CROSS, TERMS, 0, desk.records).switches] == [
        (True, 20),
        (False, 30),
    ]
    kept = list(desk.records)
    desk.write_by_hand(69, 1, (NOBODY,) * 4)
    assert replay(CROSS, TERMS, 0, desk.records).differing == (len(kept),), "the lights change"
    desk.records[:] = kept
    assert desk.decide(69, (NOBODY,) * 4) == 0
    desk.switch(69, 0)
    desk.write_by_hand(70, 1, (NOBODY,) * 4)
    assert replay(CROSS, TERMS, 0, desk.records).differing == (len(kept) + 1,), "a green of 1 second"


@pytest.mark.parametrize(
    "record",
    [b"", b"{}", b"[]", b'{"at":1,"next":null,"by_hand":false,"seen":[]} ', b'{"at":1.5}', b"\xff"],
    ids=["nothing", "no fields", "a list", "another form", "a fraction", "no text"],
)
def test_what_is_no_record_is_refused(record):
    with pytest.raises(DataError, match="decision"):
        decision_in(record)


def test_readings_of_other_sensors_are_refused():
    record = json.dumps(
        {"at": 8, "next": None, "by_hand": False, "seen": [[0, 0, 0, 0, 0]]}, separators=(",", ":")
    )
    with pytest.raises(DataError, match="1 readings of 4 sensors"):
        replay(CROSS, TERMS, 0, [record.encode()])
