"""Messages are cut from the stream exactly, however it arrives, and nothing else is taken for one."""

from itertools import pairwise

import pytest
from google.protobuf import any_pb2
from hypothesis import given
from hypothesis import strategies as st

from consortia.drivers.cometbft.schema import SCHEMA
from consortia.drivers.cometbft.varint import varint
from consortia.drivers.cometbft.wire import MESSAGES, Frames, WireError, declaration, frame


def echo(text: str):
    request = MESSAGES["Request"]()
    request.echo.message = text
    return request


@given(texts=st.lists(st.text(max_size=300), max_size=8), cuts=st.lists(st.integers(0, 2_000), max_size=12))
def test_a_stream_gives_its_messages_in_order_wherever_it_is_cut(texts, cuts):
    stream = b"".join(frame(echo(text)) for text in texts)
    ends = sorted(min(cut, len(stream)) for cut in [0, *cuts, len(stream)])
    frames, found = Frames("Request"), []
    for start, end in pairwise(ends):
        frames.feed(stream[start:end])
        found += [message.echo.message for message in frames]
    assert found == texts
    assert frames.pending == 0


@given(st.integers(0, 2**35 - 1))
def test_a_varint_is_protobufs_own(number):
    packed = MESSAGES["Snapshot"](height=number).SerializeToString()
    assert packed == (b"\x08" + varint(number) if number else b"")


@given(st.binary(max_size=200))
def test_any_bytes_are_messages_or_refused_and_never_loop(data):
    frames = Frames("Request")
    frames.feed(data)
    try:
        found = list(frames)
    except WireError:
        return
    assert len(found) <= len(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xff\xff\xff\xff\x01", "more than five bytes"),
        (b"\xff\xff\xff\xff\x7f", "at most"),
        (b"\x81\x80\x80\x10" + bytes(9), "at most"),
        (b"\x02\x0a\x05", "not a message"),
        (b"\x01\xff", "not a message"),
    ],
)
def test_what_is_no_message_is_refused(data, words):
    frames = Frames("Request", limit=1 << 20)
    frames.feed(data)
    with pytest.raises(WireError, match=words):
        list(frames)


def test_nothing_is_given_before_it_is_complete():
    frames, data = Frames("Request"), frame(echo("x" * 300))
    for at in range(len(data) - 1):
        frames.feed(data[at : at + 1])
        assert list(frames) == []
    frames.feed(data[-1:])
    assert [message.echo.message for message in frames] == ["x" * 300]


def test_the_schema_has_every_call_once_and_every_message_is_used():
    file = declaration()
    names = [message.name for message in file.message_type]
    assert len(names) == len(set(names))
    requests = {field.name for field in MESSAGES["Request"].DESCRIPTOR.fields}
    responses = {field.name for field in MESSAGES["Response"].DESCRIPTOR.fields}
    assert len(requests) == 18
    assert requests - {"insert_tx", "reap_txs"} == responses - {"exception"}
    used = {field.type_name.rpartition(".")[2] for message in file.message_type for field in message.field}
    assert set(names) - used == {"Request", "Response"}


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("Request", [1, 2, 3, 5, 6, 8, *range(11, 23)]),
        ("Response", [1, 2, 3, 4, 6, 7, 9, *range(12, 22)]),
        ("RequestFinalizeBlock", [1, 3, 4, 5, 6, 7, 8]),
        ("RequestPrepareProposal", [1, 2, 4, 5, 6, 7, 8]),
        ("ResponseFinalizeBlock", [2, 3, 4, 5]),
        ("Misbehavior", [1, 2, 3, 4, 5]),
        ("Snapshot", [1, 2, 3, 4, 5]),
    ],
)
def test_the_fields_have_the_numbers_of_the_published_protocol(kind, numbers):
    assert sorted(MESSAGES[kind].DESCRIPTOR.fields_by_number) == numbers


def test_what_the_schema_leaves_out_is_passed_over():
    """CometBFT's blocks carry the last commit's votes, which nobody here reads."""
    votes = any_pb2.Any(type_url="x", value=b"votes").SerializeToString()
    body = (
        MESSAGES["RequestFinalizeBlock"](height=7).SerializeToString() + b"\x12" + varint(len(votes)) + votes
    )
    assert MESSAGES["RequestFinalizeBlock"].FromString(body).height == 7
    assert "decided_last_commit" not in SCHEMA


def test_a_call_of_a_later_protocol_is_no_call():
    frames = Frames("Request")
    frames.feed(b"\x03\xba\x06\x00")
    (message,) = frames
    assert message.WhichOneof("value") is None
