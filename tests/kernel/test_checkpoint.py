"""A ledger checkpoint is final when more than two thirds cosigned it, and nothing in it is wrong."""

import pytest

from consortia.base.ids import cosigner_name, origin
from consortia.base.note import Checkpoint, Note, cosign, parse_note, sign_log
from consortia.kernel.checkpoint import NotFinal, check_final, cosigners, signed_by
from consortia.testing.machine import Bench, key_from

NAMES = ("north", "east", "south", "west")


@pytest.fixture
def bench():
    return Bench(4)


def members(bench):
    return bench.app.keys.member_set(bench.context())


def cosigned(bench, *names, log="north"):
    signers = {name: bench.key(name, "node") for name in names}
    return parse_note(bench.checkpoint(signers=signers, log=bench.key(log, "node")))


@pytest.mark.parametrize("names", [NAMES, NAMES[:3], NAMES[1:]])
def test_more_than_two_thirds_make_it_final(bench, names):
    note = cosigned(bench, *names)
    assert check_final(note, bench.network, members(bench)) == sorted(names)


def test_two_of_four_do_not(bench):
    with pytest.raises(NotFinal, match="2 of 4 members cosigned, 3 are needed"):
        check_final(cosigned(bench, "north", "east"), bench.network, members(bench))


def test_a_checkpoint_of_another_network_is_not_final(bench):
    with pytest.raises(NotFinal, match="not of this network"):
        check_final(cosigned(bench, *NAMES), bytes(32), members(bench))


def test_it_carries_exactly_one_log_signature(bench):
    one, other = cosigned(bench, *NAMES), cosigned(bench, *NAMES, log="east")
    with pytest.raises(NotFinal, match="carries 2 log signatures"):
        check_final(one.with_signatures(other.signatures), bench.network, members(bench))
    without = tuple(line for line in one.signatures if line.name != origin(bench.network))
    with pytest.raises(NotFinal, match="carries 0 log signatures"):
        check_final(Note(one.checkpoint, without), bench.network, members(bench))


def test_the_log_signature_is_a_members(bench):
    note = cosigned(bench, *NAMES)
    stranger = sign_log(note.checkpoint, key_from("stranger"))
    lines = tuple(line for line in note.signatures if line.name != origin(bench.network))
    with pytest.raises(NotFinal, match="not valid for the node key of any member"):
        check_final(Note(note.checkpoint, (*lines, stranger)), bench.network, members(bench))


def test_any_member_may_have_signed_for_the_log_with_its_node_or_recovery_key(bench):
    point = cosigned(bench, *NAMES).checkpoint
    for name in NAMES:
        for role in ("node", "recovery"):
            assert signed_by(sign_log(point, bench.key(name, role)), point, members(bench)) == name
        assert signed_by(sign_log(point, bench.key(name, "admin")), point, members(bench)) is None


def test_no_member_cosigns_twice(bench):
    note = cosigned(bench, *NAMES)
    name = cosigner_name("north", bench.network)
    again = cosign(note.checkpoint, name, bench.key("north", "recovery"), 1)
    with pytest.raises(NotFinal, match="north cosigned twice"):
        check_final(note.with_signatures((again,)), bench.network, members(bench))


def test_a_recovery_key_cosigns_in_the_witness_keys_place(bench):
    note = cosigned(bench, *NAMES[:2])
    name = cosigner_name("south", bench.network)
    line = cosign(note.checkpoint, name, bench.key("south", "recovery"), 1)
    found = check_final(note.with_signatures((line,)), bench.network, members(bench))
    assert found == ["east", "north", "south"]


def test_one_wrong_cosignature_spoils_a_sufficient_note(bench):
    note = cosigned(bench, *NAMES[:3])
    wrong = {
        "is not in the member set": cosign(
            note.checkpoint, cosigner_name("harbour", bench.network), key_from("harbour"), 1
        ),
        "the cosignature of west is not valid": cosign(
            note.checkpoint, cosigner_name("west", bench.network), key_from("harbour"), 1
        ),
        "west is not valid": cosign(
            Checkpoint(origin(bench.network), note.checkpoint.size + 1, note.checkpoint.root),
            cosigner_name("west", bench.network),
            bench.key("west", "node"),
            1,
        ),
    }
    for words, line in wrong.items():
        with pytest.raises(NotFinal, match=words):
            cosigners(note.with_signatures((line,)), bench.network, members(bench))
