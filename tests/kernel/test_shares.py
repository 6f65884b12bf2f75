"""Nobody fills a block alone, and what is urgent finds room in it."""

from consortia.base.codec import to_value
from consortia.base.refusals import Refused
from consortia.base.times import HOUR
from consortia.kernel.block import OK
from consortia.kernel.genesis import Limits
from consortia.kernel.transaction import Call, sign_transaction
from consortia.modules.identity.messages import RevokeKey
from consortia.testing.machine import Bench
from consortia.testing.probe import probe_application


def crowd(limits):
    """A bench, and its admission of the next block under limits of its own."""
    bench = Bench(4, app=probe_application(), limits=limits)
    return bench, bench.machine.admission(bench.state, bench.tip, bench.time)


def spent(bench, admission, member, cost, lane=0):
    """What a member's next transaction, of so much cost, is answered."""
    key = bench.key(member, "operator")
    sequence = admission.next_sequence(key.key_id, lane)
    call = Call("probe.spend", {"cost": cost})
    raw = sign_transaction(
        key, bench.network, (call,), sequence=sequence, expires=bench.time + HOUR, lane=lane
    )
    return answered(admission, raw)


def answered(admission, raw):
    try:
        admission.admit(raw)
    except Refused as refused:
        return refused.code
    return OK


def test_a_member_has_an_equal_share_of_a_block_and_its_first_transaction_more():
    bench, admission = crowd(Limits(400_000, 1_000, HOUR))
    assert spent(bench, admission, "north", 50_000) == OK
    assert spent(bench, admission, "north", 26_000) == "kernel.block_full"
    assert spent(bench, admission, "north", 20_000) == OK
    assert spent(bench, admission, "east", 200_000) == OK
    assert spent(bench, admission, "east", 1) == "kernel.block_full"
    assert spent(bench, admission, "south", 40_000) == "kernel.block_full"
    assert spent(bench, admission, "south", 20_000) == OK


def test_a_transaction_larger_than_what_others_leave_is_admitted_where_it_comes_first():
    bench, admission = crowd(Limits(400_000, 1_000, HOUR))
    assert spent(bench, admission, "north", 390_000) == OK
    assert spent(bench, admission, "east", 1_000) == "kernel.block_full"


def test_an_urgent_transaction_finds_room_in_a_block_that_others_fill():
    bench, admission = crowd(Limits(400_000, 1_000, HOUR))
    for name in ("north", "east", "south", "west"):
        while (code := spent(bench, admission, name, 9_000)) == OK:
            pass
        assert code == "kernel.block_full"
    for name in ("north", "east", "south", "west"):
        urgent = bench.sign(name, "admin", RevokeKey(bench.key(name, "analyst").key_id))
        assert answered(admission, urgent) == OK


def test_nobody_fills_with_urgent_transactions_what_is_kept_for_others():
    bench, admission = crowd(Limits(400_000, 40, HOUR))
    answers = []
    key = bench.key("north", "admin")
    for sequence in range(60):
        message = to_value(RevokeKey(bench.key("north", "analyst").key_id))
        call = Call("identity.revoke_key", dict(message))
        raw = sign_transaction(
            key, bench.network, (call,), sequence=sequence, expires=bench.time + HOUR, lane=0
        )
        answers.append(answered(admission, raw))
        if answers[-1] != OK:
            break
    assert answers[-1] == "kernel.block_full"
    assert answers.count(OK) == 2 + 30
    for name in ("east", "south", "west"):
        urgent = bench.sign(name, "admin", RevokeKey(bench.key(name, "analyst").key_id))
        assert answered(admission, urgent) == OK


def test_an_urgent_transaction_finds_room_beside_one_that_is_as_large_as_a_block():
    """Whoever's large transaction comes first in every block could hold up the end of a mandate otherwise."""
    bench, admission = crowd(Limits(400_000, 1_000, HOUR))
    assert spent(bench, admission, "north", 399_950) == OK
    assert spent(bench, admission, "east", 1) == "kernel.block_full"
    for name in ("north", "east", "south", "west"):
        urgent = bench.sign(name, "admin", RevokeKey(bench.key(name, "analyst").key_id))
        assert answered(admission, urgent) == OK
    assert spent(bench, admission, "east", 1) == "kernel.block_full"


def test_a_large_first_transaction_behind_urgent_ones_fits_or_waits():
    bench, admission = crowd(Limits(400_000, 1_000, HOUR))
    urgent = bench.sign("north", "admin", RevokeKey(bench.key("north", "analyst").key_id))
    assert answered(admission, urgent) == OK
    assert spent(bench, admission, "east", 399_950) == "kernel.block_full"
    assert spent(bench, admission, "east", 390_000) == OK
