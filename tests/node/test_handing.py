"""What a node signs when ordering is to be handed over, and whose word it takes."""

import pytest

from consortia.base.codec import encode_record
from consortia.node.handing import PLACE, Agree, Standing, to_sign
from consortia.node.http_answers import HttpProblem
from consortia.node.sync import HandOver, HandOverSignature, SignedHandOver
from consortia.sdk.errors import RequestFailed
from tests.node.running import Process, client, homes, owner

MEMBERS = ["amber", "birch", "cedar", "delta"]
ROOT = b"r" * 32


def stands(member, *, size=9, term=0, orderer="amber", promise=None):
    height = size // 3
    return Standing(member, term, orderer, height, size, ROOT, promise, None)


def handing(to="birch", *, term=1, size=9):
    return HandOver(bytes(32), term, size // 3, size, ROOT, to)


def sign(own, *others, to="birch"):
    return to_sign(own, {one.member: one for one in others}, MEMBERS, to)


def test_the_first_signs_its_own_newest_block():
    assert sign(stands("cedar"), stands("birch"), stands("delta", size=6)) is None


def test_the_next_sign_what_the_first_signed():
    assert sign(stands("cedar"), stands("birch", promise=handing())) == handing()


def test_what_was_signed_before_is_signed_again_and_the_newest_of_several_followed():
    assert sign(stands("cedar", promise=handing())) == handing()
    later = stands("delta", promise=handing(term=3))
    assert sign(stands("cedar", promise=handing()), later) == handing(term=3)


def test_what_was_signed_for_another_orderer_or_from_another_block_is_not_followed():
    assert sign(stands("cedar"), stands("birch", promise=handing("delta"))) is None
    assert sign(stands("cedar"), stands("birch", size=6, promise=handing(size=6))) is None
    assert sign(stands("cedar", term=1, orderer="delta"), stands("birch", promise=handing())) is None


@pytest.mark.parametrize(
    ("own", "others", "to", "said"),
    [
        (stands("cedar"), (), "nobody", "nobody is no member; there are: amber, birch"),
        (stands("cedar"), (), "amber", "amber orders already"),
        (stands("cedar"), (stands("delta", size=12),), "birch", "at block 3, that of delta at 4"),
        (stands("cedar"), (stands("amber"),), "birch", "amber orders, and answers: agree there first"),
    ],
)
def test_what_cannot_be_signed_now_is_refused_with_what_to_do(own, others, to, said):
    with pytest.raises(HttpProblem, match=said) as caught:
        sign(own, *others, to=to)
    assert caught.value.status == 409


def test_an_orderer_that_answers_and_has_agreed_is_followed():
    assert sign(stands("cedar"), stands("amber", promise=handing())) == handing()
    assert sign(stands("amber"), stands("cedar")) is None


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    home, _ = homes(tmp_path_factory.mktemp("handing"), "north", "east")
    with Process(home) as process:
        yield process


@pytest.mark.parametrize("role", ["admin", "node", "worker"])
def test_only_the_homes_owner_speaks_for_its_member(node, role):
    with (
        client(node.home, node.url, role) as caller,
        pytest.raises(RequestFailed, match="only the home's owner"),
    ):
        caller.post(PLACE, encode_record(Agree("east")))


def test_nonsense_and_forged_hand_overs_are_refused_and_change_nothing(node):
    with owner(node.home, node.url) as caller:
        before = caller.status()
        tip = (before.height, before.size, bytes.fromhex(before.root))
        hand_over = HandOver(caller.network, 1, *tip, "east")
        for signatures in ((), (HandOverSignature("east", bytes(64)), HandOverSignature("north", bytes(64)))):
            with pytest.raises(RequestFailed) as caught:
                caller.post(f"{PLACE}/signed", encode_record(SignedHandOver(hand_over, signatures)))
            assert caught.value.status == 409
        for place in (PLACE, f"{PLACE}/signed"):
            with pytest.raises(RequestFailed) as caught:
                caller.post(place, b"\xa0")
            assert caught.value.status == 400
        assert caller.status().orderer == "north"
        assert caller.status().term == 0
