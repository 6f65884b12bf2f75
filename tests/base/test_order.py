"""Lists stand in ascending order, and hold nothing twice."""

import pytest

from consortia.base.order import is_sorted


@pytest.mark.parametrize("items", [(), ("a",), ("a", "b", "ba"), iter([b"", b"\x00", b"\xff"])])
def test_what_ascends_is_sorted(items):
    assert is_sorted(items)


@pytest.mark.parametrize("items", [("b", "a"), ("a", "a"), (b"\x01", b"\x02", b"\x01")])
def test_what_falls_or_repeats_is_not(items):
    assert not is_sorted(items)
