"""A watcher of events: whole numbers, a bounded state that is saved, and rules that are exact."""

import numpy as np
import pytest

from consortia.base.codec import encode
from consortia.engines import detect
from consortia.engines.watch import (
    CONTEXT,
    KINDS,
    RULES,
    Bound,
    Event,
    Rule,
    Watcher,
    columns,
    hits,
    severity,
)
from consortia.engines.watch.features import HABITS, StateError, log16
from consortia.engines.watch.learned import ANY, EXTRA, FAR, NAT, Learned, fit_odd, fit_sure, odds

HOUR = 3_600_000


def payment(time, amount, payee="east"):
    return Event(time, "transfer", "north/a", payee, (amount, 100, 60))


def entry(vector, name):
    return vector[columns("transfer").index(name)]


def test_a_vector_has_the_values_and_the_context_of_its_kind():
    for kind in KINDS:
        vector = Watcher().vector(Event(0, kind, "a", "b", tuple(range(len(KINDS[kind])))))
        assert (
            len(vector) == len(columns(kind)) == len(KINDS[kind]) + len(CONTEXT) + len(HABITS.get(kind, ()))
        )


def test_sixteen_sixteenths_are_a_doubling():
    assert [log16(value) for value in (0, 1, 3, 7, -7)] == [0, 16, 32, 48, -48]
    assert log16(1 << 40) - log16(1 << 39) == 16
    assert all(log16(value) <= log16(value + 1) for value in range(3000))


def test_what_an_actor_does_again_and_again_shows_in_its_pace():
    watcher = Watcher()
    vectors = [watcher.vector(payment(number * 60_000, 1000)) for number in range(5)]
    assert entry(vectors[0], "hourly") == 16
    assert entry(vectors[-1], "hourly") > entry(vectors[0], "hourly")
    assert entry(watcher.vector(payment(100 * HOUR, 1000)), "hourly") == 16


def test_a_stranger_and_an_unusual_amount_show():
    watcher = Watcher()
    for number in range(50):
        known = watcher.vector(payment(number * HOUR, 1000))
    strange = watcher.vector(payment(51 * HOUR, 64_000, "nobody"))
    assert entry(known, "known") > entry(strange, "known") == 0
    assert entry(strange, "ratio") > 80 > entry(known, "ratio")


def test_small_rises_add_up():
    watcher = Watcher()
    for number in range(40):
        watcher.vector(payment(number * HOUR, 1000))
    risen = [entry(watcher.vector(payment((50 + n) * HOUR, 2000)), "rise") for n in range(4)]
    assert risen == sorted(set(risen))


def looked(watcher, hours, data, records=1000, uses=1):
    """Spread and repeated of an access to a data set."""
    vector = watcher.vector(Event(hours * HOUR, "access", "north/a", data, (records, 60, uses)))
    return vector[-len(HABITS["access"]) :]


def test_a_little_out_of_another_data_set_every_evening_adds_up_and_an_afternoon_of_looking_does_not():
    slow, curious = Watcher(), Watcher()
    evenings = [looked(slow, 24 * number, f"set-{number}")[0] for number in range(6)]
    afternoon = [looked(curious, number // 5, f"set-{number}")[0] for number in range(20)]
    assert evenings == sorted(set(evenings))
    assert evenings[-1] > 40
    assert max(afternoon) <= 16
    at_work = [looked(curious, 24 * number, "set-1")[0] for number in range(1, 6)]
    assert at_work == sorted(set(at_work), reverse=True)


def test_an_approval_that_is_used_on_end_for_as_many_records_is_counted():
    watcher = Watcher()
    found = [looked(watcher, 6 * n, "set-1", 1000 + n, uses)[1] for n, uses in enumerate((1, 2, 3, 4))]
    assert found == [0, 1, 2, 3]
    assert looked(watcher, 30, "set-1", 9000, 5)[1] == 1  # as many records it is not
    assert looked(watcher, 36, "set-1", 9000, 1)[1] == 0  # an approval of its own
    assert looked(watcher, 42, "set-2", 9000, 2)[1] == 1
    again = Watcher.load(watcher.excerpt(Event(48 * HOUR, "access", "north/a", "set-2", (9000, 60, 3))))
    assert looked(again, 48, "set-2", 9000, 3) == looked(watcher, 48, "set-2", 9000, 3)


def test_what_is_far_out_in_a_habit_ranks_above_what_the_trees_of_its_kind_make_of_it():
    rows = np.zeros((400, len(columns("access")) + len(EXTRA)), dtype=np.int64)
    hostile = np.arange(400) % 20 == 0
    rows[:, -4] = np.where(hostile, 1 << 20, np.arange(400) * 1000)
    rows[hostile, 0] = 90
    sure = fit_sure({"access": rows}, {"access": hostile.astype(np.int64)})
    models = {kind: detect.load(each) for kind, each in sure.items()}
    near, far = rows[[1]].copy(), rows[[1]].copy()
    near[0, -4:], far[0, -4:] = (1 << 20, FAR, 0, 0), (1 << 20, FAR + 1, 0, 0)
    assert odds(models, "access", far)[0] > odds(models, "access", near)[0] + 4 * NAT
    assert odds({}, "access", far)[0] == odds({}, "access", near)[0]


def test_a_habit_has_a_model_of_its_own_beside_its_kinds():
    rows = np.zeros((100, len(columns("access"))), dtype=np.int64)
    rows[:, -2:] = np.arange(100)[:, None] % (7, 3)
    odd = fit_odd({"access": rows, "vote": np.zeros((100, len(columns("vote"))), dtype=np.int64)})
    assert set(odd) == {"access", "access spread", "access repeated", "vote"}
    learned = Learned.load(odd, {})
    rows[0, -2:] = 0, 50
    rows[1, -2:] = 50, 0
    assert (learned.habit("access", rows[:2]) > FAR).all()
    assert (learned.habit("access", rows[2:]) < FAR).all()


def test_a_saved_watcher_goes_on_where_it_was():
    watcher = Watcher()
    for number in range(20):
        watcher.vector(payment(number * HOUR, 1000 + number, f"payee-{number % 3}"))
    again = Watcher.load(watcher.save())
    assert again.save() == watcher.save()
    assert again.vector(payment(21 * HOUR, 7)) == watcher.vector(payment(21 * HOUR, 7))


def test_the_state_is_bounded():
    watcher = Watcher(10)
    sizes = []
    for number in range(100):
        watcher.vector(payment(number * HOUR, 1000, f"payee-{number:03d}"))
        sizes.append(len(watcher.save()))
    assert max(sizes[20:]) < 2 * sizes[12]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not a watcher's state"),
        (encode([1]), "not a watcher's state"),
        (encode({"schema": "watch/0", "kept": []}), "version 'watch/0'"),
        (encode({"schema": "watch/2"}), "damaged"),
        (encode({"schema": "watch/2", "kept": [[], []]}), "damaged"),
        (encode({"schema": "watch/2", "kept": [[], [["a", [1, 2]]], []]}), "damaged"),
        (encode({"schema": "watch/2", "kept": [[], [[b"a", [1]]], []]}), "damaged"),
    ],
)
def test_a_state_of_another_version_or_damaged_is_refused_and_named(data, says):
    with pytest.raises(StateError, match=says):
        Watcher.load(data)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "weather"}, "weather"),
        ({"values": (1,)}, "3 values"),
        ({"values": (1, 2, float("nan"))}, "integers"),
        ({"values": (1, 2, 1 << 63)}, "integers"),
        ({"time": -1}, "milliseconds"),
        ({"time": 1 << 62}, "milliseconds"),
    ],
)
def test_an_event_that_does_not_fit_its_kind_is_refused(change, says):
    fields = {"time": 1, "kind": "transfer", "actor": "a", "target": "b", "values": (1, 2, 3)} | change
    with pytest.raises(ValueError, match=says):
        Event(**fields)


def test_a_clock_that_goes_back_counts_as_no_time():
    watcher = Watcher()
    watcher.vector(payment(10 * HOUR, 5))
    assert entry(watcher.vector(payment(9 * HOUR, 5)), "gap") == 0


def test_a_rule_holds_when_all_its_bounds_do():
    rule = Rule("a.b", "transfer", (Bound("amount", 32, None), Bound("passed_permille", None, 50)), 7)
    small, large = (Watcher().vector(payment(0, amount)) for amount in (1, 100))
    assert not rule.holds(small)
    assert not rule.holds(large)
    within = (large[0], 50, *large[2:])
    assert rule.holds(within)
    assert hits([rule], "order", within) == ()
    assert severity(hits([rule, rule], "transfer", within)) == 14


def test_the_rules_have_codes_of_their_own_and_speak_of_columns_that_there_are():
    assert len({rule.code for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert {bound.column for bound in rule.bounds} <= set(columns(rule.kind))
        assert 1 <= rule.severity <= 100


def test_what_was_labelled_hostile_ranks_above_what_was_not_and_scores_the_same_again():
    watcher = Watcher()
    rows = np.array(
        [watcher.vector(payment(number * HOUR, 1000 if number % 10 else 90_000)) for number in range(200)]
    )
    labels = np.array([int(number % 10 == 0) for number in range(200)])
    odd = fit_odd({"transfer": rows, "order": rows[:3]})
    assert set(odd) == {"transfer"}
    widened = Learned.load(odd, {}).widened("transfer", rows)
    sure = fit_sure({"transfer": widened, "order": widened[:0]}, {"transfer": labels, "order": labels[:0]})
    learned = Learned.load(odd, sure)
    ranks = learned.rank("transfer", rows)
    assert ranks[labels == 1].min() > ranks[labels == 0].max()
    assert (learned.rank("transfer", rows[7:8]) == ranks[7:8]).all()


def vote(oddness, gravity, met):
    """A widened vector of a kind that nobody labelled."""
    return [*[0] * len(columns("vote")), oddness, 0, gravity, met]


def test_a_kind_that_nobody_labelled_ranks_by_rules_and_oddness_as_other_kinds_were_found_to():
    rows = np.zeros((400, len(columns("order")) + len(EXTRA)), dtype=np.int64)
    hostile = np.arange(400) % 20 == 0
    rows[:, -4] = np.where(hostile, 1 << 20, np.arange(400) * 1000)
    rows[hostile, -2:] = (40, 1)
    sure = fit_sure({"order": rows}, {"order": hostile.astype(np.int64)})
    assert set(sure) == {"order", ANY}
    models = {kind: detect.load(each) for kind, each in sure.items()}
    usual, found = odds(models, "vote", np.array([vote(1 << 18, 0, 0), vote(1 << 20, 40, 1)]))
    assert usual < 0 < found
    least = rows[1:2].copy()
    least[0, -4:] = (1 << 20, 0, 40, 1)
    own = {"order": models["order"]}
    assert odds(models, "order", least)[0] >= odds(own, "order", least)[0]


def test_what_a_rule_finds_ranks_above_the_base_rate_however_little_was_learned():
    rows = np.array([vote(1 << 18, 0, 0), vote(1 << 20, 0, 0), vote(1 << 18, 25, 1), vote(1 << 18, 45, 1)])
    ranks = odds({}, "vote", rows)
    assert list(ranks) == sorted(ranks)
    assert ranks[2] > ranks[1] + NAT
    row = np.zeros((1, len(columns("vote"))), dtype=np.int64)
    assert Learned({}, {}, ()).rank("vote", row)[0] == odds({}, "vote", np.array([vote(1 << 19, 0, 0)]))[0]


def test_trees_for_every_kind_need_both_labels():
    rows = {"order": np.zeros((5, 4), dtype=np.int64), "vote": np.zeros((0, 4), dtype=np.int64)}
    labels = {kind: np.zeros(len(each), dtype=np.int64) for kind, each in rows.items()}
    assert fit_sure(rows, labels) == {}
