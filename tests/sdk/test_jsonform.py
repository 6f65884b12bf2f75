"""Records as JSON."""

import pytest

from consortia.base.codec import U63, Digest, Malformed, Name, Record
from consortia.kernel.transaction import Call
from consortia.sdk.jsonform import dump, from_json, from_query, to_json


class Inner(Record, frozen=True):
    hash: Digest


class Outer(Record, frozen=True):
    name: Name
    size: U63
    inner: Inner
    many: tuple[Inner, ...]
    maybe: bytes | None
    plain: dict[str, bytes]
    on: bool


OUTER = Outer("a", 1 << 60, Inner(b"\x01" * 32), (Inner(b"\x02" * 32),), None, {"k": b"\xff"}, True)


class Flat(Record, frozen=True):
    id: Digest
    after: U63 | None
    on: bool
    names: tuple[Name, ...]


def test_a_record_comes_back_from_its_json_form():
    assert from_json(Outer, to_json(OUTER)) == OUTER
    assert to_json(OUTER)["inner"] == {"hash": "01" * 32}
    assert b'"size":"1152921504606846976"' in dump(OUTER)


@pytest.mark.parametrize(
    "change",
    [
        {"size": -1},
        {"name": "NO"},
        {"inner": {"hash": "zz"}},
        {"inner": {"hash": "00"}},
        {"more": 1},
        {"maybe": 3},
    ],
)
def test_what_the_record_forbids_is_refused(change):
    with pytest.raises(Malformed):
        from_json(Outer, {**to_json(OUTER), **change})


def test_a_missing_field_is_refused():
    with pytest.raises(Malformed, match="missing"):
        from_json(Inner, {})


@pytest.mark.parametrize(("given", "after"), [({}, None), ({"after": "7"}, 7)])
def test_a_flat_record_is_read_from_a_query_string(given, after):
    fields = {"id": "05" * 32, "on": "true", "names": '["a","b"]', **given}
    assert from_query(Flat, fields) == Flat(b"\x05" * 32, after, True, ("a", "b"))


def test_an_argument_that_there_is_not_is_named():
    with pytest.raises(Malformed, match="no argument colour; there are: hash"):
        from_query(Inner, {"colour": "red"})
    with pytest.raises(Malformed, match="integer"):
        from_query(Flat, {"id": "05" * 32, "after": "x", "on": "true", "names": "[]"})


def test_whole_numbers_that_are_written_with_a_fraction_of_zero_are_integers_however_deep_they_stand():
    found = from_json(Call, {"method": "a.b", "args": {"n": 7.0, "list": [{"m": -2.0}]}})
    assert (found.args["n"], found.args["list"]) == (7, [{"m": -2}])
    assert type(found.args["n"]) is int
